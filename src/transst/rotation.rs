//! Turning loadings so that they can be read.

use crate::error::Result;
use ndarray::Array2;
use ndarray_linalg::{SVD, SVDInto};

/// Relative rise of the criterion at which varimax has converged.
const TOLERANCE: f64 = 1e-8;
/// Most iterations.
const LIMIT: usize = 1000;

/// The rotation (factors x factors) that makes the squared loadings of each factor vary most: raw varimax (Kaiser 1958,
/// Psychometrika 23:187) by singular value decompositions. Each factor then has few genes of large loadings.
///
/// # Errors
/// [`crate::Error::Numeric`] when a decomposition fails.
pub fn varimax(loadings: &Array2<f64>) -> Result<Array2<f64>> {
    let (features, factors) = loadings.dim();
    let mut rotation = Array2::eye(factors);
    let mut before = 0.0;
    for _ in 0..LIMIT {
        let turned = loadings.dot(&rotation);
        let lengths = turned.mapv(|value| value * value).sum_axis(ndarray::Axis(0)) / features as f64;
        let target = turned.mapv(|value| value.powi(3)) - &turned * &lengths;
        let (left, values, right) = loadings.t().dot(&target).svd(true, true)?;
        let (Some(left), Some(right)) = (left, right) else { break };
        rotation = left.dot(&right);
        let criterion = values.sum();
        if criterion <= before * (1.0 + TOLERANCE) {
            break;
        }
        before = criterion;
    }
    Ok(rotation)
}

/// The orthogonal matrix (factors x factors) that turns `loadings` (features x factors) nearest to `target` in least
/// squares: Procrustes' problem (Schönemann 1966, Psychometrika 31:1).
///
/// # Errors
/// [`crate::Error::Numeric`] when the decomposition fails.
pub fn procrustes(loadings: &Array2<f64>, target: &Array2<f64>) -> Result<Array2<f64>> {
    let (left, _, right) = loadings.t().dot(target).svd_into(true, true)?;
    match (left, right) {
        (Some(left), Some(right)) => Ok(left.dot(&right)),
        _ => Ok(Array2::eye(loadings.ncols())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(matrix: &Array2<f64>) -> f64 {
        matrix.iter().fold(0.0, |worst, value| value.abs().max(worst))
    }

    #[test]
    fn simple_structure_is_found_again_after_any_turn() -> Result<()> {
        // Each feature loads on one factor, by different amounts.
        let simple =
            Array2::from_shape_fn(
                (30, 3),
                |(feature, factor)| {
                    if feature % 3 == factor { 1.0 + feature as f64 / 40.0 } else { 0.0 }
                },
            );
        let (mixed, _) =
            ndarray_linalg::QR::qr(&Array2::from_shape_fn((3, 3), |(i, j)| ((3 * i + 2 * j) as f64).cos()))?;
        let turned = simple.dot(&mixed);
        let rotation = varimax(&turned)?;
        assert!(worst(&(rotation.t().dot(&rotation) - Array2::<f64>::eye(3))) < 1e-10);
        let found = turned.dot(&rotation);
        for row in found.rows() {
            let mut sizes: Vec<f64> = row.iter().map(|value| value.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            assert!(sizes[1] < 1e-3 * sizes[2], "{sizes:?}");
        }
        assert!(worst(&(turned.dot(&procrustes(&turned, &simple)?) - &simple)) < 1e-10);
        Ok(())
    }
}
