//! The best-likelihood partition over many k-means starts: where every clustering begins, so that it does not depend
//! on the user's seed.

use super::kmeans::KMeans;
use super::mixture::{Mixture, Stop};
use super::most_probable;
use super::points::Points;
use super::shrinkage::SEARCH;
use super::swap::Swap as _;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::random::{Stream, substream};
use rayon::prelude::*;

/// Starts taken unless another number is asked for.
pub const STARTS: usize = 16;

/// One in so many starts, and at least one, is followed until EM converges.
const STARTS_A_FINALIST: usize = 2;

/// Iterations of k-means before EM takes over.
const KMEANS_ITERATIONS: usize = 8;

/// The seed of the k-means starts. It is part of the method and no argument: the same space must always give the same
/// partition.
pub(super) const FIXED_SEED: u64 = 20_260_101;

/// The partition into `k` groups of highest likelihood under a Gaussian mixture with tied covariance, over `starts`
/// k-means++ starts: a few iterations of EM from each, then EM until convergence from the better half (the "em-EM"
/// strategy of Biernacki, Celeux & Govaert 2003, Computational Statistics & Data Analysis 41:561).
///
/// Labels are 0..k, of the most probable component; a component may end up without points.
///
/// # Errors
/// [`Error::Argument`] for `k` outside 1..=points or no starts; [`Error::Numeric`] when no start gives a regular
/// covariance; [`Error::Interrupted`].
pub fn best_start(points: &Points, k: usize, starts: usize, monitor: &Monitor) -> Result<Vec<usize>> {
    Ok(most_probable(&best_mixture(points, k, starts, SEARCH, Stop::CONVERGED, monitor)?.posterior(points)?))
}

/// The mixture behind [`best_start`], with a prior of the common covariance worth `weight` points a dimension. The better
/// half is followed until `stop`.
pub(super) fn best_mixture(
    points: &Points,
    k: usize,
    starts: usize,
    weight: f64,
    stop: Stop,
    monitor: &Monitor,
) -> Result<Mixture> {
    Ok(finalists(points, k, starts, weight, stop, monitor)?.swap_remove(0))
}

/// The better half of the starts, at least one, followed until `stop`, highest first.
pub(super) fn finalists(
    points: &Points,
    k: usize,
    starts: usize,
    weight: f64,
    stop: Stop,
    monitor: &Monitor,
) -> Result<Vec<Mixture>> {
    if starts == 0 {
        return Err(Error::argument("starts", "must be at least 1"));
    }
    let begin = |start| {
        let mut rng = substream(FIXED_SEED, Stream::Centres, start);
        let partition = KMeans::run(points, k, KMEANS_ITERATIONS, &mut rng, monitor)?;
        Mixture::fit(points, &partition.labels, k, weight, Stop::EARLY, monitor)
    };
    let mut fits: Vec<Mixture> = (0..starts as u64).into_par_iter().map(begin).collect::<Result<_>>()?;
    // Sorts are stable: equal likelihoods stay in the order of their starts.
    fits.sort_by(Mixture::highest_first);
    fits.truncate(starts.div_ceil(STARTS_A_FINALIST));
    let finish = |fit: Mixture| fit.refine(points, stop, monitor);
    let mut fits: Vec<Mixture> = fits.into_par_iter().map(finish).collect::<Result<_>>()?;
    fits.sort_by(Mixture::highest_first);
    Ok(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{blobs, in_pool};
    use crate::metrics::adjusted_rand_index;

    #[test]
    fn finds_the_components_on_any_number_of_threads() -> Result<()> {
        let (values, truth) = blobs(1500, 6, 7, 4.0, 8);
        let points = Points::new(values.view(), "embedding")?;
        let one = in_pool(1, || best_start(&points, 7, 12, &Monitor::silent()))?;
        let four = in_pool(4, || best_start(&points, 7, 12, &Monitor::silent()))?;
        assert_eq!(one, four);
        assert!(adjusted_rand_index(&truth, &one) > 0.98);
        Ok(())
    }

    #[test]
    fn needs_a_start() -> Result<()> {
        let (values, _) = blobs(20, 2, 2, 1.0, 1);
        let points = Points::new(values.view(), "embedding")?;
        assert!(matches!(best_start(&points, 2, 0, &Monitor::silent()), Err(Error::Argument { .. })));
        Ok(())
    }
}
