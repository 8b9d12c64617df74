//! What the source's types express: the share that each gene has of the counts of a type.

use crate::counts::Counts;
use ndarray::{Array1, Array2, Axis};

/// Least share of the mean of all types that a type can express of a gene.
const LEAST: f64 = 1e-3;

/// Profiles of the types of a labelled source.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// Genes x types, positive; each column sums to one.
    pub shares: Array2<f64>,
    /// Mean counts of a cell of each type.
    pub sizes: Array1<f64>,
}

/// Sums over the cells of each type.
struct Totals {
    /// Counts, genes x types.
    counts: Array2<f64>,
    /// Squared counts, of each gene.
    squares: Array1<f64>,
    /// Counts times the counts of the cell, genes x types.
    by_size: Array2<f64>,
    /// Counts of the cells, their squares, and cells, of each type.
    sizes: Array1<f64>,
    size_squares: Array1<f64>,
    cells: Array1<f64>,
}

impl Profiles {
    /// Profiles of the cells for which `used` holds: for each gene the types' shares, drawn towards the mean of all types
    /// as far as they vary no more than cells of one type let expect (a linear empirical Bayes estimate by moments).
    ///
    /// Labels are below `types`, or missing. A type without a cell has the mean profile.
    pub fn new(counts: &Counts, labels: &[Option<usize>], types: usize, used: &dyn Fn(usize) -> bool) -> Self {
        let totals = Totals::new(counts, labels, types, used);
        let known = (0..types).filter(|&kind| totals.sizes[kind] > 0.0).count().max(1);
        let of_type = &totals.counts / &totals.sizes.mapv(|size| size.max(1.0));
        // Half a count in all keeps every gene possible.
        let floor = 0.5 / totals.sizes.sum().max(1.0) / counts.genes() as f64;
        let mean = of_type.sum_axis(Axis(1)) / known as f64 + floor;
        let mut shares = Array2::zeros(of_type.dim());
        for (gene, mut row) in shares.rows_mut().into_iter().enumerate() {
            let (spread, dispersion) = totals.spread(gene, mean[gene]);
            for (kind, share) in row.iter_mut().enumerate() {
                let expected = totals.sizes[kind] * mean[gene];
                let weight = if expected > 0.0 { spread / (spread + dispersion / expected) } else { 0.0 };
                let ratio = of_type[[gene, kind]] / mean[gene];
                *share = mean[gene] * (1.0 + weight * (ratio - 1.0)).max(LEAST);
            }
        }
        let sums = shares.sum_axis(Axis(0));
        Profiles { shares: shares / &sums, sizes: &totals.sizes / &totals.cells.mapv(|cells| cells.max(1.0)) }
    }
}

impl Totals {
    fn new(counts: &Counts, labels: &[Option<usize>], types: usize, used: &dyn Fn(usize) -> bool) -> Self {
        let table = || Array2::<f64>::zeros((counts.genes(), types));
        let (mut own, mut by_size, mut squares) = (table(), table(), Array1::zeros(counts.genes()));
        let [mut sizes, mut size_squares, mut cells] = [(); 3].map(|()| Array1::<f64>::zeros(types));
        for (cell, label) in labels.iter().enumerate() {
            let Some(kind) = label.filter(|_| used(cell)) else { continue };
            let (genes, values) = counts.spot(cell);
            let size: f64 = values.iter().sum();
            for (&gene, value) in genes.iter().zip(values) {
                own[[gene as usize, kind]] += value;
                by_size[[gene as usize, kind]] += value * size;
                squares[gene as usize] += value * value;
            }
            sizes[kind] += size;
            size_squares[kind] += size * size;
            cells[kind] += 1.0;
        }
        Totals { counts: own, squares, by_size, sizes, size_squares, cells }
    }

    /// Variance between types of a gene's share over its mean, beyond what cells give, and how often the variance of a
    /// Poisson count that of cells of one type is, at least 1.
    fn spread(&self, gene: usize, mean: f64) -> (f64, f64) {
        // Σ (y - size p)² over cells about the shares p of their types.
        let mut within = self.squares[gene];
        let (mut seen, mut between, mut expected_squares) = (0.0, 0.0, 0.0);
        for kind in (0..self.sizes.len()).filter(|&kind| self.sizes[kind] > 0.0) {
            let count = self.counts[[gene, kind]];
            let share = count / self.sizes[kind];
            within += share * (share * self.size_squares[kind] - 2.0 * self.by_size[[gene, kind]]);
            let expected = self.sizes[kind] * mean;
            seen += count;
            between += (count - expected).powi(2);
            expected_squares += expected * expected;
        }
        let dispersion = (within / seen.max(1.0)).max(1.0);
        let spread = (between - dispersion * seen) / expected_squares.max(1e-300);
        (spread.max(0.0), dispersion)
    }
}
