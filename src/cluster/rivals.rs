//! Partitions of a view that could each be its best.
//!
//! The likelihood of a section has several maxima of nearly the same height, and which of them is the highest is
//! settled by a few spots: the one highest here need not be so in the next section of the same tissue. So the tissue is
//! drawn anew many times, patch by patch with replacement (block bootstrap; Künsch 1989, Annals of Statistics 17:1217),
//! and each maximum counts by the share of the draws in which it is the highest: what "the highest" forgets, how
//! narrowly, is kept, and the weights change little when the data do. Parameters are not fitted anew in a draw; that
//! shifts all maxima alike, to first order.

use super::best_start::{FIXED_SEED, maxima};
use super::mixture::{Mixture, Stop};
use super::points::Points;
use super::shrinkage::FIT;
use super::swap::LARGEST;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::random::{Stream, stream};
use ndarray::Array2;
use rand::Rng;

/// Starts before the swaps.
const STARTS: usize = 8;
/// Draws of the tissue.
const DRAWS: usize = 200;
/// Swaps that are followed to their ends in each round.
const FOLLOWED: usize = 8;
/// A maximum that is the highest in a smaller share of the draws is let go.
const LEAST_SHARE: f64 = 0.05;

/// One maximum.
pub(super) struct Rival {
    /// Share of the draws in which it is the highest, of those that are kept.
    pub share: f64,
    /// The mixture there.
    pub fit: Mixture,
}

/// The maxima of the likelihood of `points` in `k` components, highest first. `patches` holds the patch of each point.
///
/// # Errors
/// As [`super::best_start`].
pub(super) fn rivals(points: &Points, k: usize, patches: &[usize], monitor: &Monitor) -> Result<Vec<Rival>> {
    let (fits, shares, origin) = match points.thinned_rows(LARGEST.max(k)) {
        None => {
            let fits = maxima(points, k, STARTS, FIT, FOLLOWED, monitor)?;
            let shares = shares(points, &fits, patches)?;
            (fits, shares, None)
        }
        Some(rows) => {
            let some = points.select(&rows);
            let fits = maxima(&some, k, STARTS, FIT, FOLLOWED, monitor)?;
            let patches: Vec<usize> = rows.iter().map(|&row| patches[row]).collect();
            let shares = shares(&some, &fits, &patches)?;
            (fits, shares, Some(some.origin().clone()))
        }
    };
    let kept: Vec<(Mixture, f64)> = fits.into_iter().zip(shares).filter(|(_, share)| *share >= LEAST_SHARE).collect();
    let whole: f64 = kept.iter().map(|(_, share)| share).sum();
    let in_all = |(fit, share): (Mixture, f64)| {
        let fit = match &origin {
            Some(origin) => fit.extend(points, origin, FIT, Stop::CONVERGED, monitor)?,
            None => fit,
        };
        Ok(Rival { share: share / whole, fit })
    };
    kept.into_iter().map(in_all).collect()
}

/// Share of draws in which each fit is the highest; the first on ties.
fn shares(points: &Points, fits: &[Mixture], patches: &[usize]) -> Result<Vec<f64>> {
    let count = patches.iter().max().map_or(0, |last| last + 1);
    let mut sums = Array2::<f64>::zeros((count, fits.len()));
    for (index, fit) in fits.iter().enumerate() {
        for (&patch, value) in patches.iter().zip(fit.log_densities(points)?) {
            sums[[patch, index]] += value;
        }
    }
    let mut rng = stream(FIXED_SEED, Stream::Bootstrap);
    let mut shares = vec![0.0; fits.len()];
    for _ in 0..DRAWS {
        let mut total = vec![0.0; fits.len()];
        for _ in 0..count {
            let patch = sums.row(rng.random_range(0..count));
            total.iter_mut().zip(patch).for_each(|(total, value)| *total += value);
        }
        let highest = (0..fits.len()).fold(0, |best, own| if total[own] > total[best] { own } else { best });
        shares[highest] += 1.0 / DRAWS as f64;
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;

    /// Four groups at the corners of a square, and most spots with their mirror image across the diagonal: two components
    /// can as well lie side by side as one above the other. Four components leave no choice.
    #[test]
    fn level_maxima_share_and_a_clear_one_stands_alone() -> Result<()> {
        let (noise, truth) = blobs(400, 2, 4, 0.0, 4);
        let values = Array2::from_shape_fn((780, 2), |(spot, axis)| {
            let axis = if spot < 400 { axis } else { 1 - axis };
            let corner = [truth[spot % 400] % 2, truth[spot % 400] / 2][axis];
            noise[[spot % 400, axis]] + 8.0 * corner as f64
        });
        let points = Points::new(values.view(), "views")?;
        let patches: Vec<usize> = (0..780).collect();
        let level = rivals(&points, 2, &patches, &Monitor::silent())?;
        assert!(level.len() == 2 && level.iter().all(|rival| rival.share > 0.25), "{}", level[0].share);
        assert!((level[0].share + level[1].share - 1.0).abs() < 1e-12);
        let clear = rivals(&points, 4, &patches, &Monitor::silent())?;
        assert!(clear.len() == 1 && clear[0].share == 1.0);
        Ok(())
    }
}
