//! How well each gene agrees with a fitted mixture: its weight among the others.

use crate::counts::Counts;
use ndarray::{Array1, ArrayView2, Axis};

/// Counts that have varied as Poisson ones do before any was seen.
const KNOWN: f64 = 10.0;
/// Power of the dispersion. With -1 counts would have the weights of a quasi-likelihood; but the dispersion of a gene is
/// also what types are off by that the source lacks, so that its logarithm is taken by half.
const POWER: f64 = -0.5;

/// Weights of the genes, at most 1, by how often their variance about the expected counts in some spots is that of
/// Poisson counts. `rates` are genes x types, `amounts` has a row for each of the `spots`.
pub fn agreement(target: &Counts, spots: &[usize], rates: ArrayView2<f64>, amounts: ArrayView2<f64>) -> Array1<f64> {
    let expected = rates.dot(&amounts.sum_axis(Axis(0)));
    // Σ (y - μ)² over all spots is Σ μ², from the products of amounts, and y² - 2yμ where there are counts.
    let mut squares = (&rates.dot(&amounts.t().dot(&amounts)) * &rates).sum_axis(Axis(1));
    for (row, &spot) in amounts.rows().into_iter().zip(spots) {
        let (genes, values) = target.spot(spot);
        for (&gene, value) in genes.iter().zip(values) {
            squares[gene as usize] += value * (value - 2.0 * rates.row(gene as usize).dot(&row));
        }
    }
    ((squares + KNOWN) / (expected + KNOWN)).mapv(|dispersion| dispersion.max(1.0).powf(POWER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use ndarray::array;

    #[test]
    fn genes_that_vary_more_count_for_less() -> Result<()> {
        // Three genes of mean 10 in four spots: as expected, five off and ten off.
        let (offsets, rows) = ([0, 3, 6, 9, 11], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]);
        let values = [10.0, 15.0, 20.0, 10.0, 5.0, 20.0, 10.0, 15.0, 0.0, 10.0, 5.0];
        let counts = Counts::new(3, 4, &offsets, &rows, &values)?;
        let rates = array![[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]];
        let amounts = array![[20.0, 0.0], [10.0, 10.0], [0.0, 20.0], [5.0, 15.0]];
        let found = agreement(&counts, &[0, 1, 2, 3], rates.view(), amounts.view());
        let right = [1.0, (110.0f64 / 50.0).powf(-0.5), (410.0f64 / 50.0).powf(-0.5)];
        for (found, right) in found.iter().zip(right) {
            assert!((found - right).abs() < 1e-12, "{found} {right}");
        }
        Ok(())
    }
}
