//! Operations on tensors that candle lacks or does in several passes over all spots, each with its own backward.
//!
//! Parallel over blocks of rows of fixed size: the bits do not depend on the number of threads.

mod bias;
mod gram;
mod row_mean;
mod unit_rows;
mod weighted_means;

pub use bias::{bias, bias_relu};
pub use gram::gram;
pub use row_mean::RowMean;
pub use unit_rows::unit_rows;
pub use weighted_means::weighted_means;

use candle_core::{Layout, Result, bail};

/// Where a contiguous tensor lies in its storage.
fn contiguous(layout: &Layout) -> Result<std::ops::Range<usize>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(start..end),
        None => bail!("the tensor must be contiguous"),
    }
}
