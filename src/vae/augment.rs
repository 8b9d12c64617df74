//! Augmented views of the features.

use crate::random::ChaCha8Rng;
use candle_core::{Device, Result, Tensor};
use rand::RngCore;

/// Sets every entry of `x` (spots x features) to zero with probability `rate` in [0, 1), each on its own: no feature
/// is lost for all spots. What stays is scaled by 1 / (1 − rate), so that the expectation is kept.
pub(super) fn mask_entries(x: &Tensor, rate: f64, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let threshold = (rate * f64::from(u32::MAX)) as u32;
    let kept = (1.0 / (1.0 - rate)) as f32;
    let mask: Vec<f32> = (0..x.elem_count()).map(|_| if rng.next_u32() < threshold { 0.0 } else { kept }).collect();
    x * Tensor::from_vec(mask, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?
}
