//! Augmented views of the surroundings.

use crate::random::ChaCha8Rng;
use rand::RngCore;

/// Weights of `spots` spots as neighbours in two views: a spot is lost with probability `rate` in [0, 1),
/// and those that stay weigh 1 / (1 − rate), so that the expectation is kept. A section of other spots of the same
/// tissue is what data really vary by.
///
/// The views are antithetic: one loses where a uniform number is below `rate`, the other where it is above 1 − `rate`.
/// Up to a rate of one half no spot is lost to both, and what the draws add to the gradient largely cancels.
pub(super) fn halves(spots: usize, rate: f64, rng: &mut ChaCha8Rng) -> [Vec<f32>; 2] {
    let threshold = (rate * f64::from(u32::MAX)) as u32;
    let kept = (1.0 / (1.0 - rate)) as f32;
    let weight = |draw: u32| if draw < threshold { 0.0 } else { kept };
    let draws: Vec<u32> = (0..spots).map(|_| rng.next_u32()).collect();
    [draws.iter().map(|&draw| weight(draw)).collect(), draws.iter().map(|&draw| weight(!draw)).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, stream};

    #[test]
    fn views_keep_the_expectation_and_never_lose_a_spot_together() {
        for rate in [0.0, 0.2, 0.5] {
            let [first, second] = halves(12_000, rate, &mut stream(1, Stream::Masks));
            let mean = |view: &[f32]| view.iter().map(|&weight| f64::from(weight)).sum::<f64>() / 12_000.0;
            // Four standard errors of a mean of 12,000 spots.
            let error = 4.0 * (rate / (1.0 - rate) / 12_000.0).sqrt() + 1e-6;
            assert!((mean(&first) - 1.0).abs() < error && (mean(&second) - 1.0).abs() < error);
            assert!(first.iter().zip(&second).all(|(first, second)| first + second > 0.0));
        }
    }
}
