//! Augmented views of the features.

use crate::random::ChaCha8Rng;
use candle_core::{Device, Result, Tensor};
use rand::RngCore;

/// Two views of `x` (spots x features) in which every entry is set to zero with probability `rate` in [0, 1), each on
/// its own: no feature is lost for all spots. What stays is scaled by 1 / (1 − rate), so that the expectation is kept.
///
/// The views are antithetic: one masks where a uniform number is below `rate`, the other where it is above 1 − `rate`.
/// Up to a rate of one half no entry is lost to both, and what masks add to the gradient largely cancels.
pub(super) fn masked_views(x: &Tensor, rate: f64, rng: &mut ChaCha8Rng) -> Result<[Tensor; 2]> {
    let threshold = (rate * f64::from(u32::MAX)) as u32;
    let kept = (1.0 / (1.0 - rate)) as f32;
    let weight = |draw: u32| if draw < threshold { 0.0 } else { kept };
    let draws: Vec<u32> = (0..x.elem_count()).map(|_| rng.next_u32()).collect();
    let view = |mask: Vec<f32>| -> Result<Tensor> { x * Tensor::from_vec(mask, x.shape(), &Device::Cpu)? };
    let first = view(draws.iter().map(|&draw| weight(draw)).collect())?;
    Ok([first, view(draws.iter().map(|&draw| weight(!draw)).collect())?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, stream};
    use candle_core::DType;

    #[test]
    fn views_keep_the_expectation_and_never_lose_an_entry_together() {
        let x = Tensor::ones((400, 30), DType::F32, &Device::Cpu).unwrap();
        for rate in [0.0, 0.2, 0.5] {
            let [first, second] = masked_views(&x, rate, &mut stream(1, Stream::Masks)).unwrap();
            let mean = |view: &Tensor| f64::from(view.mean_all().unwrap().to_scalar::<f32>().unwrap());
            // Four standard errors of a mean of 12,000 entries.
            let error = 4.0 * (rate / (1.0 - rate) / 12_000.0).sqrt() + 1e-6;
            assert!((mean(&first) - 1.0).abs() < error && (mean(&second) - 1.0).abs() < error);
            let least = (first + second).unwrap().flatten_all().unwrap().min(0).unwrap().to_scalar::<f32>().unwrap();
            assert!(least > 0.0);
        }
    }
}
