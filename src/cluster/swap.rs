//! From one maximum of a likelihood to a higher one: random swaps.
//!
//! EM and k-means end at the maximum nearest to where they start, and which of several starts ends highest changes with
//! any detail of the data; with a few starts the highest maximum is hardly ever among them. A swap takes one component
//! away and puts it where a spot is: the others keep what they have learned, a few iterations tell whether that was
//! better, and the best of many swaps is followed to its end. Where no swap helps any more the maximum is mostly the
//! highest that hundreds of starts know, and often higher. (Fränti & Kivijärvi 2000, Pattern Analysis and Applications
//! 3:358, for k-means; Zhao, Hautamäki, Kärkkäinen & Fränti 2012, Pattern Recognition Letters 33:2120, for mixtures.)

use super::points::Points;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::random::{Stream, substream};
use ndarray::ArrayView1;
use rand::Rng;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Swaps that are tried in a round. One in k removes the component to be removed, and fewer put it where it is missed.
const SWAPS: u64 = 64;
/// The search ends when so many rounds running led nowhere.
const FAILURES: u64 = 2;
/// Most rounds; five to fifteen are usual.
const ROUNDS: u64 = 60;
/// Most points that are searched: where the components of a section are is known from some thousand.
pub(super) const LARGEST: usize = 5000;

/// A fit of several components that one of them can be moved in.
pub(super) trait Swap: Sized + Send + Sync {
    /// Number of components.
    fn components(&self) -> usize;
    /// The fit after a few iterations with component `gone` moved to where `point` is.
    ///
    /// # Errors
    /// As the fit itself.
    fn swapped(&self, points: &Points, gone: usize, point: ArrayView1<f64>, monitor: &Monitor) -> Result<Self>;
    /// The fit followed to its end.
    ///
    /// # Errors
    /// As the fit itself.
    fn finished(self, points: &Points, monitor: &Monitor) -> Result<Self>;
    /// Order by how well the points are fitted, the best first.
    fn highest_first(&self, other: &Self) -> Ordering;
    /// Whether it fits the points better than the other by more than the end of its iterations is known to.
    fn exceeds(&self, other: &Self) -> bool;
}

/// The maxima that swaps lead to from the best of `fits`, and those given, highest first and each once. The
/// `followed` best swaps of a round are followed to their ends. Swaps draw from streams of their own under `seed`, so
/// the result does not depend on threads. Empty only where `fits` are.
///
/// # Errors
/// As the fit itself; [`crate::Error::Interrupted`].
pub(super) fn maxima_by_swaps<F: Swap>(
    points: &Points,
    fits: Vec<F>,
    followed: usize,
    seed: u64,
    monitor: &Monitor,
) -> Result<Vec<F>> {
    let mut maxima = distinct(fits);
    let mut failures = 0;
    for round in 0..ROUNDS {
        let Some(best) = maxima.first().filter(|best| best.components() > 1 && failures < FAILURES) else { break };
        let swap = |index: u64| {
            let mut rng = substream(seed, Stream::Swaps, round * SWAPS + index);
            let gone = rng.random_range(0..best.components());
            let point = points.values().row(rng.random_range(0..points.count()));
            best.swapped(points, gone, point, monitor)
        };
        let mut swaps: Vec<F> = (0..SWAPS).into_par_iter().map(swap).collect::<Result<_>>()?;
        swaps.sort_by(F::highest_first);
        swaps.truncate(followed);
        let finish = |fit: F| fit.finished(points, monitor);
        let finished: Vec<F> = swaps.into_par_iter().map(finish).collect::<Result<_>>()?;
        let risen = finished.iter().any(|fit| fit.exceeds(best));
        maxima.extend(finished);
        maxima = distinct(maxima);
        failures = if risen { 0 } else { failures + 1 };
    }
    Ok(maxima)
}

/// The fits from the highest; of those that are level the first.
fn distinct<F: Swap>(mut fits: Vec<F>) -> Vec<F> {
    fits.sort_by(F::highest_first);
    fits.dedup_by(|next, before| !before.exceeds(next));
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kmeans::KMeans;
    use crate::cluster::mixture::{Mixture, Stop};
    use crate::cluster::shrinkage::FIT;
    use crate::cluster::testing::{blobs, in_pool};
    use crate::metrics::adjusted_rand_index;

    /// Two groups that share a component, and a component that two share: EM cannot leave that by itself.
    fn trapped(truth: &[usize]) -> Vec<usize> {
        truth
            .iter()
            .enumerate()
            .map(|(spot, &own)| if own < 2 { 0 } else { own - 1 + (own - 1) * (spot % 2) })
            .collect()
    }

    #[test]
    fn a_trapped_mixture_gets_out_on_any_number_of_threads() -> Result<()> {
        let (values, truth) = blobs(900, 4, 3, 8.0, 5);
        let points = Points::new(values.view(), "embedding")?;
        let start = Mixture::fit(&points, &trapped(&truth), 3, FIT, Stop::CONVERGED, &Monitor::silent())?;
        let labels =
            |fit: &Mixture| -> Result<Vec<usize>> { Ok(super::super::most_probable(&fit.posterior(&points)?)) };
        assert!(adjusted_rand_index(&truth, &labels(&start)?) < 0.7);
        let runs = [1, 3].map(|threads| {
            in_pool(threads, || maxima_by_swaps(&points, vec![start.clone()], 1, 1, &Monitor::silent()))
        });
        let [one, three] = runs;
        let (one, three) = (one?.swap_remove(0), three?.swap_remove(0));
        assert!(one.objective > start.objective);
        assert_eq!(one.objective.to_bits(), three.objective.to_bits());
        assert!(adjusted_rand_index(&truth, &labels(&one)?) > 0.99);
        Ok(())
    }

    #[test]
    fn trapped_centres_get_out() -> Result<()> {
        let (values, truth) = blobs(900, 4, 3, 8.0, 5);
        let points = Points::new(values.view(), "embedding")?;
        let start = KMeans::from_labels(&points, &trapped(&truth), 3, &Monitor::silent())?;
        let found = maxima_by_swaps(&points, vec![start.clone()], 1, 1, &Monitor::silent())?.swap_remove(0);
        assert!(found.inertia < start.inertia && adjusted_rand_index(&truth, &found.labels) > 0.99);
        Ok(())
    }
}
