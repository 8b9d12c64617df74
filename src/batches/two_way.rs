//! Batches and types as two factors.

use crate::error::Result;
use ndarray::{Array1, Array2};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{FactorizeC, InverseC};

/// Spots that the prior counts as. It says that a batch is made of the same as the others: its level and spread are its
/// own as far as the types that it has in common with others tell nothing.
const PRIOR_SPOTS: f64 = 20.0;
/// Rounds of the proportional fit of shares; it converges geometrically.
const ROUNDS: usize = 20;

/// Spots by batch and type. A cell is a pair of a batch and a type that has spots.
#[derive(Clone, Debug)]
pub(super) struct TwoWay {
    cell: Vec<usize>,
    /// Batch, type and spots of each cell.
    cells: Vec<(usize, usize, f64)>,
    batches: usize,
    types: usize,
    batch_sizes: Vec<f64>,
    type_sizes: Vec<f64>,
    /// From what a batch is above its types, times its spots, to its level.
    solution: Array2<f64>,
    /// Spots of each batch that tell its level: those of types that others have as well.
    telling: Vec<f64>,
}

impl TwoWay {
    /// # Errors
    /// [`crate::Error::Numeric`] when the equations are not solved.
    pub fn new(number: &[usize], types: &[usize]) -> Result<Self> {
        let mut pairs: Vec<(usize, usize)> = number.iter().copied().zip(types.iter().copied()).collect();
        let all = pairs.clone();
        pairs.sort_unstable();
        pairs.dedup();
        let cell: Vec<usize> = all.iter().map(|pair| pairs.partition_point(|other| other < pair)).collect();
        let mut cells: Vec<(usize, usize, f64)> = pairs.iter().map(|&(batch, own)| (batch, own, 0.0)).collect();
        cell.iter().for_each(|&own| cells[own].2 += 1.0);
        let batches = number.iter().max().map_or(1, |last| last + 1);
        let count = types.iter().max().map_or(1, |last| last + 1);
        let (mut batch_sizes, mut type_sizes) = (vec![0.0; batches], vec![0.0; count]);
        for &(batch, own, spots) in &cells {
            batch_sizes[batch] += spots;
            type_sizes[own] += spots;
        }
        let mut spots = Array2::zeros((batches, count));
        cells.iter().for_each(|&(batch, own, size)| spots[[batch, own]] = size);
        // Normal equations of the levels of the batches after those of the types are eliminated.
        let weights = Array1::from_iter(type_sizes.iter().map(|size: &f64| 1.0 / size.max(1.0)));
        let mut equations: Array2<f64> = -(&spots * &weights).dot(&spots.t());
        (0..batches).for_each(|batch| equations[[batch, batch]] += batch_sizes[batch] + PRIOR_SPOTS);
        let telling = (0..batches).map(|batch| equations[[batch, batch]] - PRIOR_SPOTS).collect();
        let solution = equations.factorizec(UPLO::Lower)?.invc()?;
        Ok(TwoWay { cell, cells, batches, types: count, batch_sizes, type_sizes, solution, telling })
    }

    /// Cell of each spot.
    pub fn cells(&self) -> &[usize] {
        &self.cell
    }

    /// Number of cells.
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// Level and spread by batch as if all were made of the types as the pool is.
    pub fn levels(&self, values: &[f64]) -> super::Levels {
        let (means, squares) = self.moments(values);
        let (of_batches, of_types) = self.effects(&means);
        let pool = self.pooled(|own| of_types[own]);
        // Variance within types, with what is neither the batch's nor the type's.
        let mut within = vec![0.0; self.types];
        for ((&(batch, own, size), mean), square) in self.cells.iter().zip(&means).zip(&squares) {
            let rest = mean - of_batches[batch] - of_types[own];
            within[own] += (square + size * rest * rest) / self.type_sizes[own];
        }
        let pooled = self.pooled(|own| within[own] + (of_types[own] - pool).powi(2));
        let (observed, expected) =
            (self.by_batch(|cell| means[cell]), self.by_batch(|cell| of_types[self.cells[cell].1]));
        let observed = self.by_batch(|cell| {
            let (batch, _, size) = self.cells[cell];
            squares[cell] / size + (means[cell] - observed[batch]).powi(2)
        });
        let expected = self.by_batch(|cell| {
            let (batch, own, _) = self.cells[cell];
            within[own] + (of_types[own] - expected[batch]).powi(2)
        });
        let deviation = |((observed, expected), telling): ((&f64, &f64), &f64)| {
            let same = pooled * observed / expected.max(f64::MIN_POSITIVE);
            ((telling * same + PRIOR_SPOTS * observed) / (telling + PRIOR_SPOTS)).sqrt()
        };
        super::Levels {
            means: of_batches.iter().map(|level| pool + level).collect(),
            deviations: observed.iter().zip(&expected).zip(&self.telling).map(deviation).collect(),
        }
    }

    /// Mean over all spots of a value by type.
    fn pooled(&self, value: impl Fn(usize) -> f64) -> f64 {
        let spots: f64 = self.batch_sizes.iter().sum();
        self.type_sizes.iter().enumerate().map(|(own, size)| size * value(own)).sum::<f64>() / spots
    }

    /// Mean over the spots of each batch of a value by cell.
    fn by_batch(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.batches];
        self.cells.iter().enumerate().for_each(|(cell, &(batch, _, size))| sums[batch] += size * value(cell));
        sums.iter().zip(&self.batch_sizes).map(|(sum, size)| sum / size.max(1.0)).collect()
    }

    /// Mean of each cell, and sum of squares about it.
    fn moments(&self, values: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut means, mut squares) = (vec![0.0; self.count()], vec![0.0; self.count()]);
        values.iter().zip(&self.cell).for_each(|(value, &cell)| means[cell] += value);
        means.iter_mut().zip(&self.cells).for_each(|(mean, &(_, _, size))| *mean /= size);
        for (value, &cell) in values.iter().zip(&self.cell) {
            squares[cell] += (value - means[cell]) * (value - means[cell]);
        }
        (means, squares)
    }

    /// Levels of batches and of types from the means of the cells: least squares with a normal prior on the former.
    fn effects(&self, means: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut of_types = vec![0.0; self.types];
        for (&(_, own, size), mean) in self.cells.iter().zip(means) {
            of_types[own] += size * mean / self.type_sizes[own];
        }
        let mean = self.pooled(|own| of_types[own]);
        let mut above = Array1::<f64>::zeros(self.batches);
        for (&(batch, own, size), of_cell) in self.cells.iter().zip(means) {
            above[batch] += size * (of_cell - of_types[own]);
            above[batch] += PRIOR_SPOTS * size / self.batch_sizes[batch] * (of_cell - mean);
        }
        let of_batches = self.solution.dot(&above).to_vec();
        for &(batch, own, size) in &self.cells {
            of_types[own] -= size * of_batches[batch] / self.type_sizes[own];
        }
        (of_batches, of_types)
    }

    /// Shares of a gene by batch, from its counts and all counts by cell, by proportional fitting.
    pub fn shares(&self, counts: &[f64], totals: &[f64]) -> Vec<f64> {
        let mut of_types = vec![0.0; self.types];
        let (mut batch_counts, mut type_counts) = (vec![0.0; self.batches], vec![0.0; self.types]);
        let mut batch_totals = vec![0.0; self.batches];
        for ((&(batch, own, _), count), total) in self.cells.iter().zip(counts).zip(totals) {
            batch_counts[batch] += count;
            batch_totals[batch] += total;
            type_counts[own] += count;
        }
        // Where types tell nothing the factor stays what it begins with: the batch's own share.
        let whole = counts.iter().sum::<f64>() / totals.iter().sum::<f64>();
        let own = |(count, total): (&f64, &f64)| count / (total * whole).max(f64::MIN_POSITIVE);
        let mut factors: Vec<f64> = batch_counts.iter().zip(&batch_totals).map(own).collect();
        for _ in 0..ROUNDS {
            let mut expected = vec![0.0; self.types];
            for (&(batch, own, _), total) in self.cells.iter().zip(totals) {
                expected[own] += factors[batch] * total;
            }
            for own in 0..self.types {
                of_types[own] = type_counts[own] / expected[own].max(f64::MIN_POSITIVE);
            }
            let mut expected = vec![0.0; self.batches];
            for (&(batch, own, _), total) in self.cells.iter().zip(totals) {
                expected[batch] += of_types[own] * total;
            }
            for batch in 0..self.batches {
                factors[batch] = batch_counts[batch] / expected[batch].max(f64::MIN_POSITIVE);
            }
        }
        let weighted: f64 = self.cells.iter().zip(totals).map(|(&(_, own, _), total)| of_types[own] * total).sum();
        let pool = weighted / totals.iter().sum::<f64>();
        factors.iter().map(|factor| pool * factor).collect()
    }
}
