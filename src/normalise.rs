//! Normalisation of counts for sequencing depth.

use crate::batches::Batches;
use crate::counts::Counts;
use crate::median::median;
use ndarray::{ArrayView1, ArrayViewMut1, Zip};

/// Total count to which [`Normalisation::Log`] scales every spot.
const LOG_TARGET: f64 = 1e4;
/// Overdispersion of [`Normalisation::Pearson`]: variance = mean + mean² / OVERDISPERSION (Lause et al. 2021, who
/// find 100 to fit technical variation across platforms).
const OVERDISPERSION: f64 = 100.0;

/// Pearson residual of a count with the given expectation; 0 where nothing is expected. The smallest positive number
/// stands for an expectation of 0, so that the common path has no branch.
#[inline]
fn pearson(count: f64, mean: f64) -> f64 {
    let mean = mean.max(f64::MIN_POSITIVE);
    (count - mean) / (mean + mean * mean * (1.0 / OVERDISPERSION)).sqrt()
}

/// How counts become comparable between spots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// log(1 + count / library size x 10,000).
    Log,
    /// log(1 + count / library size x median library size of all spots): the scale of the counts themselves, so that a
    /// single molecule of a shallow section does not stand as far from none as a hundred from one.
    MedianLog,
    /// Analytic Pearson residuals of a negative binomial model with the expected count gene share x library size,
    /// clipped at ±√n (Lause, Berens & Kobak 2021, Genome Biology 22:258).
    Pearson,
}

/// What normalisation needs to know of the spots: library sizes and batches.
pub struct Depth {
    normalisation: Normalisation,
    library_sizes: Vec<f64>,
    batches: Batches,
    totals: Vec<f64>,
    limits: Vec<f64>,
    /// Total count to which logarithms scale every spot.
    target: f64,
}

impl Depth {
    /// Reads library sizes. The expected count of Pearson residuals uses the gene's share of its own batch, so that a
    /// batch-wide change of one gene leaves no residual.
    pub fn new(counts: &Counts, batches: &Batches, normalisation: Normalisation) -> Self {
        let library_sizes = counts.library_sizes();
        let totals = batches.totals(&library_sizes);
        let limits = batches.sizes().iter().copied().map(f64::sqrt).collect();
        let target = match normalisation {
            // A section has spots; the target of none does not matter.
            Normalisation::MedianLog => median(&mut library_sizes.clone()).unwrap_or(LOG_TARGET),
            _ => LOG_TARGET,
        };
        Depth { normalisation, library_sizes, batches: batches.clone(), totals, limits, target }
    }

    /// The same with Pearson residuals clipped as those of a batch of so many spots.
    pub fn clipped_as(mut self, spots: usize) -> Self {
        self.limits.fill((spots as f64).sqrt());
        self
    }

    /// The batches.
    pub fn batches(&self) -> &Batches {
        &self.batches
    }

    /// The share of each batch's counts that belongs to a gene with the given stored entries.
    pub fn shares(&self, spots: &[i32], values: &[f64]) -> Vec<f64> {
        self.batches.shares(spots, values, &self.totals)
    }

    /// Normalised value of one count; `share` is the gene's share of the spot's batch.
    #[inline]
    pub fn value(&self, count: f64, spot: usize, share: f64) -> f64 {
        let size = self.library_sizes[spot];
        match self.normalisation {
            Normalisation::Log | Normalisation::MedianLog if count == 0.0 => 0.0,
            Normalisation::Log | Normalisation::MedianLog => (count / size * self.target).ln_1p(),
            Normalisation::Pearson => {
                let limit = self.limits[self.batches.number()[spot]];
                pearson(count, share * size).clamp(-limit, limit)
            }
        }
    }

    /// Normalised values of genes without counts at one spot, into `values`; `shares` are the genes' shares of the
    /// spot's batch.
    pub fn zeros(&self, spot: usize, shares: ArrayView1<f64>, mut values: ArrayViewMut1<f64>) {
        let (size, limit) = (self.library_sizes[spot], self.limits[self.batches.number()[spot]]);
        match self.normalisation {
            Normalisation::Log | Normalisation::MedianLog => values.fill(0.0),
            Normalisation::Pearson => {
                Zip::from(&mut values)
                    .and(&shares)
                    .for_each(|value, share| *value = pearson(0.0, share * size).max(-limit));
            }
        }
    }

    /// Normalised values of one gene over all spots, from its stored entries and its shares of the batches.
    pub fn gene(&self, spots: &[i32], values: &[f64], shares: &[f64]) -> Vec<f64> {
        let zero = |spot: usize| self.value(0.0, spot, shares[self.batches.number()[spot]]);
        let mut normalised: Vec<f64> = (0..self.library_sizes.len()).map(zero).collect();
        for (&spot, &count) in spots.iter().zip(values) {
            let spot = spot as usize;
            normalised[spot] = self.value(count, spot, shares[self.batches.number()[spot]]);
        }
        normalised
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_and_pearson_agree_with_their_formulas() {
        let (offsets, rows, values) = ([0, 2, 3], [0, 1, 1], [3.0, 1.0, 6.0]);
        let counts = Counts::new(2, 2, &offsets, &rows, &values).unwrap();
        let log = Depth::new(&counts, &Batches::alike(&[0, 0]), Normalisation::Log).gene(&[0], &[3.0], &[0.3]);
        assert_eq!(log, [(0.75f64 * 1e4).ln_1p(), 0.0]);
        // Library sizes are 4 and 6.
        let log = Depth::new(&counts, &Batches::alike(&[0, 0]), Normalisation::MedianLog).gene(&[0], &[3.0], &[0.3]);
        assert_eq!(log, [(0.75f64 * 6.0).ln_1p(), 0.0]);
        let depth = Depth::new(&counts, &Batches::alike(&[0, 0]), Normalisation::Pearson);
        assert_eq!(depth.shares(&[0], &[3.0]), [0.3]);
        let pearson = depth.gene(&[0], &[3.0], &[0.3]);
        let expected = |count: f64, mean: f64| (count - mean) / (mean + mean * mean / 100.0).sqrt();
        assert!((pearson[0] - expected(3.0, 1.2).min(2f64.sqrt())).abs() < 1e-12);
        assert!((pearson[1] - expected(0.0, 1.8)).abs() < 1e-12);
    }
}
