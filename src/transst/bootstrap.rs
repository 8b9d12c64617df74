//! How sure loadings are.

use super::adaptive::Adaptive;
use super::factors::{deviations, principal};
use super::rotation::procrustes;
use crate::bootstrap::{Spread, bootstrap};
use crate::error::Result;
use crate::monitor::Monitor;
use ndarray::ArrayView2;

/// Draws tiles of tissue with replacement, fits the loadings anew with the same share of the source and turns them to
/// `loadings` (features x factors, as [`super::factors::Factors::rotated`] gives them).
///
/// # Errors
/// As [`bootstrap`]; [`crate::Error::Numeric`].
pub fn loading_spread(
    problem: &Adaptive,
    share: f64,
    loadings: ArrayView2<f64>,
    tiles: &[usize],
    draws: (usize, u64),
    monitor: &Monitor,
) -> Result<Spread> {
    let count = tiles.iter().max().map_or(0, |last| last + 1);
    let target = loadings.to_owned();
    bootstrap(loadings, count, draws, monitor, |times| {
        let weights: Vec<f64> = tiles.iter().map(|&tile| times[tile]).collect();
        let values = problem.weighted(&weights);
        let directions = principal(&problem.solve_share(share, values.view())?, values.view())?;
        let found = problem.basis.dot(&(&directions * &deviations(values.dot(&directions).view())));
        Ok(found.dot(&procrustes(&found, &target)?))
    })
}
