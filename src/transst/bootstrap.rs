//! How sure loadings are: a bootstrap over tiles of tissue.

use super::adaptive::Adaptive;
use super::factors::{deviations, principal};
use super::rotation::procrustes;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use crate::random::{Stream, substream};
use ndarray::{Array2, ArrayView2};
use rand::Rng;
use rayon::prelude::*;

/// Draws made between two looks at the monitor.
const AT_ONCE: usize = 16;

/// Spread of the loadings over draws.
#[derive(Clone, Debug)]
pub struct Spread {
    /// Standard error of each loading, features x factors.
    pub standard_errors: Array2<f64>,
    /// Share of the draws in which a loading has its own sign, features x factors.
    pub sign_stability: Array2<f64>,
}

/// Draws tiles with replacement (a block bootstrap, so that the dependence of neighbouring spots is kept; Künsch 1989,
/// Annals of Statistics 17:1217), fits the loadings anew with the same share of the source and turns them to `loadings`
/// (features x factors, as [`super::factors::Factors::rotated`] gives them).
///
/// # Errors
/// [`Error::Argument`] naming `draws` below 2, `fit` with fewer than two tiles; [`Error::Numeric`];
/// [`Error::Interrupted`].
pub fn bootstrap(
    problem: &Adaptive,
    share: f64,
    loadings: ArrayView2<f64>,
    tiles: &[usize],
    draws: usize,
    seed: u64,
    monitor: &Monitor,
) -> Result<Spread> {
    let count = tiles.iter().max().map_or(0, |last| last + 1);
    if draws < 2 {
        return Err(Error::argument("draws", format!("must be at least 2, not {draws}")));
    }
    if count < 2 {
        return Err(Error::argument("fit", "has too few spots to be drawn again"));
    }
    let (mut squares, mut same) = (Array2::zeros(loadings.raw_dim()), Array2::<f64>::zeros(loadings.raw_dim()));
    let target = loadings.to_owned();
    let numbers: Vec<usize> = (0..draws).collect();
    for group in numbers.chunks(AT_ONCE) {
        let progress = Progress { stage: "bootstrap", done: group[0], total: draws, objective: None };
        monitor.step(progress)?;
        let drawn: Vec<Array2<f64>> = group
            .par_iter()
            .map(|&draw| redraw(problem, share, &target, tiles, count, (seed, draw)))
            .collect::<Result<_>>()?;
        for found in &drawn {
            squares.zip_mut_with(&(found - &target), |sum: &mut f64, offset| *sum += offset * offset);
            same.zip_mut_with(&(found * &target), |sum, product| *sum += f64::from(*product > 0.0));
        }
    }
    let standard_errors = squares.mapv(|sum| (sum / draws as f64).sqrt());
    Ok(Spread { standard_errors, sign_stability: same / draws as f64 })
}

/// Loadings of one draw.
fn redraw(
    problem: &Adaptive,
    share: f64,
    target: &Array2<f64>,
    tiles: &[usize],
    count: usize,
    (seed, draw): (u64, usize),
) -> Result<Array2<f64>> {
    let mut rng = substream(seed, Stream::Bootstrap, draw as u64);
    let mut times = vec![0.0; count];
    (0..count).for_each(|_| times[rng.random_range(0..count)] += 1.0);
    let weights: Vec<f64> = tiles.iter().map(|&tile| times[tile]).collect();
    let directions = problem.solve_share(share, Some(&weights))?;
    let mut values = problem.values.clone();
    let total: f64 = weights.iter().sum();
    let scale = values.nrows() as f64 / total;
    for (mut row, weight) in values.rows_mut().into_iter().zip(&weights) {
        row *= (weight * scale).sqrt();
    }
    let directions = principal(&directions, values.view())?;
    let found = problem.basis.dot(&(&directions * &deviations(values.dot(&directions).view())));
    Ok(found.dot(&procrustes(&found, target)?))
}
