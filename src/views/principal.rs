//! Principal components of a table with few columns.

use crate::cluster::Points;
use crate::error::Result;
use crate::orientation::is_reversed;
use ndarray::{Array2, s};
use ndarray_linalg::{Eigh, UPLO};

/// A component with a smaller share of the variance is rounding.
const LEAST_SHARE: f64 = 1e-10;

/// Scores of at most `most` principal components of `values` (rows x columns), by falling variance: those with more
/// variance than rounding leaves, none where the rows are all the same. The entry of largest magnitude of each axis is
/// positive.
///
/// # Errors
/// [`crate::Error::Numeric`] when the eigenvalues are not found.
pub(super) fn principal_components(values: Array2<f64>, most: usize) -> Result<Array2<f64>> {
    let points = Points::centred(values);
    let (variances, axes) = points.scatter().eigh(UPLO::Lower)?;
    let total: f64 = variances.iter().map(|variance| variance.max(0.0)).sum();
    let real = variances.iter().filter(|&&variance| variance > LEAST_SHARE * total.max(f64::MIN_POSITIVE)).count();
    // Eigenvalues rise: the leading components are the last columns.
    let mut axes = axes.slice(s![.., ..;-1]).slice(s![.., ..real.min(most)]).to_owned();
    for mut axis in axes.columns_mut() {
        if is_reversed(&axis) {
            axis.mapv_inplace(|value| -value);
        }
    }
    Ok(points.values().dot(&axes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn keeps_distances_and_drops_what_does_not_vary() -> Result<()> {
        let values = array![[1.0, 2.0, 5.0], [3.0, 6.0, 5.0], [-1.0, 0.0, 5.0], [0.0, 1.0, 5.0]];
        let scores = principal_components(values.clone(), 3)?;
        assert_eq!(scores.ncols(), 2);
        let squared =
            |table: &Array2<f64>, a: usize, b: usize| (&table.row(a) - &table.row(b)).mapv(|value| value * value).sum();
        assert!((squared(&values, 0, 2) - squared(&scores, 0, 2)).abs() < 1e-12);
        assert_eq!(principal_components(Array2::ones((5, 2)), 2)?.ncols(), 0);
        Ok(())
    }
}
