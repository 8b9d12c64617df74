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
    use proptest::prelude::*;

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

    proptest! {
        /// All components keep all distances; their variances fall and they are not correlated; a shift of the table
        /// changes nothing.
        #[test]
        fn all_components_are_the_table_turned(
            values in prop::collection::vec(-10.0f64..10.0, 9 * 4),
            shift in -1e3f64..1e3,
        ) {
            let table = Array2::from_shape_vec((9, 4), values).unwrap();
            let scores = principal_components(table.clone(), 4).unwrap();
            let squared = |table: &Array2<f64>, a: usize, b: usize| -> f64 {
                table.row(a).iter().zip(table.row(b)).map(|(a, b)| (a - b).powi(2)).sum()
            };
            for a in 0..9 {
                for b in 0..a {
                    let (before, after) = (squared(&table, a, b), squared(&scores, a, b));
                    prop_assert!((before - after).abs() <= 1e-6 * (1.0 + before), "{} {}", before, after);
                }
            }
            let products = scores.t().dot(&scores);
            for row in 0..scores.ncols() {
                prop_assert!(row == 0 || products[[row, row]] <= products[[row - 1, row - 1]] + 1e-9);
                for column in 0..row {
                    prop_assert!(products[[row, column]].abs() < 1e-6);
                }
            }
            let moved = principal_components(&table + shift, 4).unwrap();
            prop_assert_eq!(moved.ncols(), scores.ncols());
            prop_assert!((&moved.t().dot(&moved) - &products).iter().all(|difference| difference.abs() < 1e-4));
        }
    }
}
