//! How sure loadings are.

use super::adaptive::Adaptive;
use super::factors::{deviations, principal};
use super::rotation::procrustes;
use crate::bootstrap::{Spread, bootstrap};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use ndarray::ArrayView2;

/// Draws tiles of tissue with replacement, fits the loadings anew with the same share of the source and turns them to
/// `loadings` (features x factors, as [`super::factors::Factors::rotated`] gives them).
///
/// # Errors
/// [`Error::Argument`] naming `fit` for parts that do not fit together or are not finite; as [`bootstrap`];
/// [`Error::Numeric`].
pub fn loading_spread(
    problem: &Adaptive,
    share: f64,
    loadings: ArrayView2<f64>,
    tiles: &[usize],
    draws: (usize, u64),
    monitor: &Monitor,
) -> Result<Spread> {
    check(problem, loadings, tiles)?;
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

fn check(problem: &Adaptive, loadings: ArrayView2<f64>, tiles: &[usize]) -> Result<()> {
    let (features, dimensions) = problem.basis.dim();
    let factors = problem.factors();
    let fits = problem.values.dim() == (tiles.len(), dimensions)
        && problem.anchor.nrows() == dimensions
        && loadings.dim() == (features, factors)
        && factors <= dimensions;
    if !fits {
        return Err(Error::argument("fit", "has parts that do not fit together"));
    }
    let mut numbers = problem.basis.iter().chain(&problem.values).chain(&problem.anchor).chain(loadings.iter());
    match numbers.all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(Error::argument("fit", "has values that are not finite")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let parts = |rows, columns| Array2::from_shape_fn((rows, columns), |(row, column)| (row + 2 * column) as f64);
        let problem = Adaptive { basis: parts(4, 3), values: parts(6, 3), anchor: parts(3, 2) };
        let refused = |problem: &Adaptive, loadings: Array2<f64>, tiles: &[usize]| {
            let found = loading_spread(problem, 0.5, loadings.view(), tiles, (2, 1), &Monitor::silent());
            matches!(found, Err(Error::Argument { argument: "fit", .. }))
        };
        assert!(!refused(&problem, parts(4, 2), &[0, 0, 1, 1, 2, 2]));
        assert!(refused(&problem, parts(4, 2), &[0, 0, 1]));
        assert!(refused(&problem, parts(3, 2), &[0, 0, 1, 1, 2, 2]));
        assert!(refused(&problem, parts(4, 2) / 0.0, &[0, 0, 1, 1, 2, 2]));
        let wide = Adaptive { basis: parts(4, 1), values: parts(6, 1), anchor: parts(1, 2) };
        assert!(refused(&wide, parts(4, 2), &[0, 0, 1, 1, 2, 2]));
    }
}
