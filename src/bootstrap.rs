//! How sure estimates are: groups of neighbouring spots are drawn with replacement, which keeps the dependence of
//! neighbours (block bootstrap; Künsch 1989, Annals of Statistics 17:1217).

use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use crate::random::{ChaCha8Rng, Stream, substream};
use ndarray::{Array2, ArrayView2};
use rand::Rng;
use rayon::prelude::*;

/// Draws made between two looks at the monitor.
const AT_ONCE: usize = 16;

/// Spread of estimates over draws.
#[derive(Clone, Debug)]
pub struct Spread {
    /// Standard error of each estimate.
    pub standard_errors: Array2<f64>,
    /// Share of the draws in which an estimate has its own sign, from 0 to 1.
    pub sign_stability: Array2<f64>,
}

/// Estimates again, `draws` times, with `groups` groups of spots drawn with replacement. `again` is told how often each
/// group was drawn and gives estimates of the shape of `estimates`. Each draw has a random stream of its own.
///
/// # Errors
/// [`Error::Argument`] naming `draws` below 2, or `fit` with fewer than two groups; [`Error::Interrupted`]; those of
/// `again`.
pub fn bootstrap(
    estimates: ArrayView2<f64>,
    groups: usize,
    (draws, seed): (usize, u64),
    monitor: &Monitor,
    again: impl Fn(&[f64]) -> Result<Array2<f64>> + Sync,
) -> Result<Spread> {
    if draws < 2 {
        return Err(Error::argument("draws", format!("must be at least 2, not {draws}")));
    }
    if groups < 2 {
        return Err(Error::argument("fit", "has too few spots to be drawn again"));
    }
    let (mut squares, mut same) =
        (Array2::<f64>::zeros(estimates.raw_dim()), Array2::<f64>::zeros(estimates.raw_dim()));
    let numbers: Vec<usize> = (0..draws).collect();
    for numbers in numbers.chunks(AT_ONCE) {
        monitor.step(Progress { stage: "bootstrap", done: numbers[0], total: draws, objective: None })?;
        let one = |&draw: &usize| again(&times_drawn(groups, &mut substream(seed, Stream::Bootstrap, draw as u64)));
        let drawn: Vec<Array2<f64>> = numbers.par_iter().map(one).collect::<Result<_>>()?;
        for found in &drawn {
            squares.zip_mut_with(&(found - &estimates), |sum, offset| *sum += offset * offset);
            same.zip_mut_with(&(found * &estimates), |sum, product| *sum += f64::from(*product > 0.0));
        }
    }
    let standard_errors = squares.mapv(|sum| (sum / draws as f64).sqrt());
    Ok(Spread { standard_errors, sign_stability: same / draws as f64 })
}

/// How often each of so many groups is drawn when as many are drawn with replacement.
pub(crate) fn times_drawn(groups: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut times = vec![0.0; groups];
    (0..groups).for_each(|_| times[rng.random_range(0..groups)] += 1.0);
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_a_mean_is_its_standard_error() -> Result<()> {
        let values: Vec<f64> = (0..400).map(|group| f64::from(group % 20)).collect();
        let mean = |times: &[f64]| times.iter().zip(&values).map(|(times, value)| times * value).sum::<f64>() / 400.0;
        let again = |times: &[f64]| Ok(Array2::from_elem((1, 1), mean(times)));
        let estimate = again(&[1.0; 400])?;
        let found = bootstrap(estimate.view(), 400, (2000, 1), &Monitor::silent(), again)?;
        let expected = (values.iter().map(|value| (value - 9.5).powi(2)).sum::<f64>() / 400.0 / 400.0).sqrt();
        assert!((found.standard_errors[[0, 0]] / expected - 1.0).abs() < 0.05, "{found:?} {expected}");
        assert_eq!(found.sign_stability[[0, 0]], 1.0);
        assert!(bootstrap(estimate.view(), 1, (9, 1), &Monitor::silent(), again).is_err());
        assert!(bootstrap(estimate.view(), 9, (1, 1), &Monitor::silent(), again).is_err());
        Ok(())
    }
}
