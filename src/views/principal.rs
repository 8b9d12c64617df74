//! Principal components of a table with few columns.

use crate::error::Result;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Axis, s};
use ndarray_linalg::{Eigh, UPLO};

/// Rows handled together; fixed, so that sums do not depend on threads.
const BLOCK: usize = 512;
/// A component with a smaller share of the variance is rounding.
const LEAST_SHARE: f64 = 1e-10;

/// Scores of at most `most` principal components of `values` (rows x columns), by falling variance: those with more
/// variance than rounding leaves, none where the rows are all the same. The entry of largest magnitude of each axis is
/// positive.
///
/// # Errors
/// [`crate::Error::Numeric`] when the eigenvalues are not found.
pub(super) fn principal_components(mut values: Array2<f64>, most: usize) -> Result<Array2<f64>> {
    let centre = values.sum_axis(Axis(0)) / values.nrows().max(1) as f64;
    values -= &centre;
    let parts: Vec<Array2<f64>> =
        values.axis_chunks_iter(Axis(0), BLOCK).into_par_iter().map(|rows| rows.t().dot(&rows)).collect();
    let mut products = Array2::zeros((values.ncols(), values.ncols()));
    parts.iter().for_each(|part| products += part);
    let (variances, axes) = products.eigh(UPLO::Lower)?;
    let total: f64 = variances.iter().map(|variance| variance.max(0.0)).sum();
    let real = variances.iter().filter(|&&variance| variance > LEAST_SHARE * total.max(f64::MIN_POSITIVE)).count();
    // Eigenvalues rise: the leading components are the last columns.
    let mut axes = axes.slice(s![.., ..;-1]).slice(s![.., ..real.min(most)]).to_owned();
    for mut axis in axes.columns_mut() {
        let largest = axis.iter().fold(0.0f64, |best, &value| if value.abs() > best.abs() { value } else { best });
        if largest < 0.0 {
            axis.mapv_inplace(|value| -value);
        }
    }
    Ok(values.dot(&axes))
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
