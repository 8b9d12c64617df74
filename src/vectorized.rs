//! Innermost loops compiled for the vector instructions of the processor that they run on.
//!
//! What is compiled for any processor of a kind uses the instructions that the oldest has, two numbers at a time. Results
//! have the same bits either way: sums and products are not reordered or fused.

use pulp::Arch;

/// Runs `work`, compiled for what the processor can. Only what is inlined is: a closure and functions that are
/// `#[inline(always)]`, with loops over slices and no calls into other crates.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}
