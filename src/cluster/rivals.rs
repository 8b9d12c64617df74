//! Partitions of a view that could each be its best.
//!
//! The likelihood of a section has several maxima of nearly the same height, and which of them is the highest is
//! settled by a few spots: the one highest here need not be so in the next section of the same tissue. So the tissue is
//! drawn anew many times, tile by tile with replacement (block bootstrap; Künsch 1989, Annals of Statistics 17:1217),
//! and each maximum counts by the share of the draws in which it is the highest: what "the highest" forgets, how
//! narrowly, is kept, and the weights change little when the data do. Parameters are not fitted anew in a draw; that
//! shifts all maxima alike, to first order.

use super::best_start::{FIXED_SEED, finalists};
use super::mixture::{Mixture, Stop};
use super::points::Points;
use super::shrinkage::FIT;
use super::swap::{LARGEST, maxima_by_swaps};
use crate::bootstrap::times_drawn;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::random::{Stream, stream};
use ndarray::{Array1, Array2};

/// Starts before the swaps, which find the maximum from any of them.
const STARTS: usize = 8;
/// Swaps that are followed to their ends in each round: rivals are a few swaps away from the highest maximum.
const FOLLOWED: usize = 8;
/// Draws of the tissue: a share is known to 0.035 or better.
const DRAWS: usize = 200;
/// A maximum that is the highest in a smaller share of the draws, known badly, is let go: it would hardly count.
const LEAST_SHARE: f64 = 0.05;

/// One maximum.
pub(super) struct Rival {
    /// Share of the draws in which it is the highest, of those that are kept.
    pub share: f64,
    /// The mixture there.
    pub fit: Mixture,
}

/// The maxima of the likelihood of `points` in `k` components, highest first. `tiles` holds the tile of each point.
///
/// # Errors
/// As [`super::best_start()`].
pub(super) fn rivals(points: &Points, k: usize, tiles: &[usize], monitor: &Monitor) -> Result<Vec<Rival>> {
    let Some(rows) = points.thinned_rows(LARGEST.max(k)) else {
        return weighed(points, k, tiles, monitor);
    };
    // Searched and weighed in some of the points, followed to their ends in all.
    let some = points.select(&rows);
    let tiles: Vec<usize> = rows.iter().map(|&row| tiles[row]).collect();
    let in_all = |Rival { share, fit }| {
        Ok(Rival { share, fit: fit.extend(points, some.origin(), FIT, Stop::CONVERGED, monitor)? })
    };
    weighed(&some, k, &tiles, monitor)?.into_iter().map(in_all).collect()
}

/// The maxima that the search meets, with their shares.
fn weighed(points: &Points, k: usize, tiles: &[usize], monitor: &Monitor) -> Result<Vec<Rival>> {
    let fits = finalists(points, k, STARTS, FIT, Stop::CONVERGED, monitor)?;
    let fits = maxima_by_swaps(points, fits, FOLLOWED, FIXED_SEED, monitor)?;
    let shares = shares(points, &fits, tiles)?;
    let least = least_share(&shares);
    let kept: f64 = shares.iter().filter(|&&share| share >= least).sum();
    let rivals = fits.into_iter().zip(shares).filter(|(_, share)| *share >= least);
    Ok(rivals.map(|(fit, share)| Rival { share: share / kept, fit }).collect())
}

/// Share from which a maximum is kept: of many that are level, none above [`LEAST_SHARE`], the largest.
fn least_share(shares: &[f64]) -> f64 {
    shares.iter().fold(0.0f64, |largest, &share| largest.max(share)).min(LEAST_SHARE)
}

/// Share of draws in which each fit is the highest; the first on ties.
fn shares(points: &Points, fits: &[Mixture], tiles: &[usize]) -> Result<Vec<f64>> {
    let count = tiles.iter().max().map_or(0, |last| last + 1);
    let mut sums = Array2::<f64>::zeros((fits.len(), count));
    for (mut sums, fit) in sums.rows_mut().into_iter().zip(fits) {
        for (&tile, value) in tiles.iter().zip(fit.log_densities(points)?) {
            sums[tile] += value;
        }
    }
    let mut rng = stream(FIXED_SEED, Stream::Bootstrap);
    let mut shares = vec![0.0; fits.len()];
    for _ in 0..DRAWS {
        let total = sums.dot(&Array1::from(times_drawn(count, &mut rng)));
        let highest = (0..fits.len()).fold(0, |best, own| if total[own] > total[best] { own } else { best });
        shares[highest] += 1.0 / DRAWS as f64;
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;

    /// Four groups at the corners of a square, and most spots with their mirror image across the diagonal: two
    /// components can as well lie side by side as one above the other. Four components leave no choice.
    #[test]
    fn level_maxima_share_and_a_clear_one_stands_alone() -> Result<()> {
        let (noise, truth) = blobs(400, 2, 4, 0.0, 4);
        let values = Array2::from_shape_fn((780, 2), |(spot, axis)| {
            let axis = if spot < 400 { axis } else { 1 - axis };
            let corner = [truth[spot % 400] % 2, truth[spot % 400] / 2][axis];
            noise[[spot % 400, axis]] + 8.0 * corner as f64
        });
        let points = Points::new(values.view(), "views")?;
        let tiles: Vec<usize> = (0..780).collect();
        let level = rivals(&points, 2, &tiles, &Monitor::silent())?;
        assert!(level.len() == 2 && level.iter().all(|rival| rival.share > 0.25), "{}", level[0].share);
        assert!((level[0].share + level[1].share - 1.0).abs() < 1e-12);
        let clear = rivals(&points, 4, &tiles, &Monitor::silent())?;
        assert!(clear.len() == 1 && clear[0].share == 1.0);
        Ok(())
    }

    #[test]
    fn of_many_level_maxima_at_least_one_is_kept() {
        assert_eq!(least_share(&[0.6, 0.4]), LEAST_SHARE);
        assert_eq!(least_share(&[1.0 / 30.0; 30]), 1.0 / 30.0);
    }
}
