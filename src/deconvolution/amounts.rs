//! How many counts of a spot come from each type, given what the types express: a Poisson mixture, by EM.

use crate::counts::Counts;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::Inverse;

/// Most iterations of one fit.
const ITERATIONS: usize = 300;

/// What a count of each type expects of each gene, in the genes that are used.
pub struct Rates<'a> {
    /// Genes x types, positive.
    of: ArrayView2<'a, f64>,
    /// Sum over the genes that are used, one a type.
    pub reach: Vec<f64>,
    used: Option<&'a [bool]>,
}

impl<'a> Rates<'a> {
    /// Rates of all genes, or of those for which `used` holds.
    pub fn new(of: ArrayView2<'a, f64>, used: Option<&'a [bool]>) -> Self {
        let mut reach = vec![0.0; of.ncols()];
        for (gene, row) in of.axis_iter(Axis(0)).enumerate() {
            if used.is_none_or(|used| used[gene]) {
                reach.iter_mut().zip(row).for_each(|(sum, rate)| *sum += rate);
            }
        }
        Rates { of, reach, used }
    }
}

/// A gamma prior of the amount of each type: its mode as a share of the spot's counts, and the counts it is worth.
#[derive(Clone, Copy, Debug)]
pub struct Prior<'a> {
    /// One share a type, positive; they sum to one.
    pub mode: &'a [f64],
    /// Counts.
    pub strength: f64,
}

/// The counts of a spot in the genes that are used, beside the rates of these. Filled again for spot after spot.
#[derive(Default)]
pub struct Spot {
    genes: Vec<usize>,
    counts: Vec<f64>,
    /// Genes x types, row by row.
    rates: Vec<f64>,
    total: f64,
}

impl Spot {
    /// Reads a spot of the target.
    pub fn read(&mut self, counts: &Counts, spot: usize, rates: &Rates) {
        let (genes, values) = counts.spot(spot);
        self.fill(genes.iter().zip(values).map(|(&gene, &value)| (gene as usize, value)), rates);
    }

    /// Takes counts by gene.
    pub fn fill(&mut self, counts: impl Iterator<Item = (usize, f64)>, rates: &Rates) {
        self.genes.clear();
        self.counts.clear();
        self.rates.clear();
        for (gene, value) in counts.filter(|&(gene, value)| value > 0.0 && rates.used.is_none_or(|used| used[gene])) {
            self.genes.push(gene);
            self.counts.push(value);
            self.rates.extend(rates.of.row(gene));
        }
        self.total = self.counts.iter().sum();
    }

    /// Sum of the counts.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The most probable amounts under a prior, from those given, until none changes by more than `tolerance` of the
    /// spot's counts: `y_g ~ Poisson(Σ a_k R_gk)`, where EM shares each count out to the types. The log posterior rises
    /// with every iteration.
    pub fn amounts(&self, amounts: &mut [f64], reach: &[f64], prior: Prior, tolerance: f64) {
        let rate = prior.strength / self.total.max(1.0);
        let mut shared = vec![0.0; reach.len()];
        for _ in 0..ITERATIONS {
            self.share_out(amounts, &mut shared);
            let mut change: f64 = 0.0;
            for kind in 0..reach.len() {
                let next = (amounts[kind] * shared[kind] + prior.strength * prior.mode[kind]) / (reach[kind] + rate);
                change = change.max((next - amounts[kind]).abs());
                amounts[kind] = next;
            }
            if change <= tolerance * self.total {
                break;
            }
        }
    }

    /// Σ_g y_g R_gk / μ_g of each type.
    fn share_out(&self, amounts: &[f64], shared: &mut [f64]) {
        shared.fill(0.0);
        for (row, count) in self.rows(amounts.len()).zip(&self.counts) {
            let ratio = count / expected(row, amounts);
            shared.iter_mut().zip(row).for_each(|(sum, rate)| *sum += rate * ratio);
        }
    }

    /// Adds the counts that one type, by its number, has of each gene.
    pub fn add_counts_of(&self, kind: usize, amounts: &[f64], into: &mut Array1<f64>) {
        for ((row, count), &gene) in self.rows(amounts.len()).zip(&self.counts).zip(&self.genes) {
            into[gene] += count * amounts[kind] * row[kind] / expected(row, amounts);
        }
    }

    /// The type under which the counts are most likely, if all were of one.
    pub fn likeliest(&self, reach: &[f64]) -> usize {
        let mut sums: Vec<f64> = reach.iter().map(|reach| -self.total * reach.ln()).collect();
        for (row, count) in self.rows(reach.len()).zip(&self.counts) {
            sums.iter_mut().zip(row).for_each(|(sum, rate)| *sum += count * rate.ln());
        }
        (1..sums.len()).fold(0, |best, next| if sums[next] > sums[best] { next } else { best })
    }

    /// Log-likelihood of the counts given their sum.
    pub fn log_likelihood(&self, amounts: &[f64], reach: &[f64]) -> f64 {
        let all: f64 = amounts.iter().zip(reach).map(|(amount, reach)| amount * reach).sum();
        let of = |(row, count): (&[f64], &f64)| count * (expected(row, amounts) / all).ln();
        self.rows(amounts.len()).zip(&self.counts).map(of).sum()
    }

    /// Standard errors of the amounts by the observed information, with what is known of any share before: that it is
    /// between none and all of the counts.
    pub fn errors(&self, amounts: &[f64]) -> Vec<f64> {
        let types = amounts.len();
        let mut information = Array2::<f64>::eye(types) * (12.0 / self.total.max(1.0).powi(2));
        for (row, count) in self.rows(types).zip(&self.counts) {
            let weight = count / expected(row, amounts).powi(2);
            for (first, own) in row.iter().enumerate() {
                let own = own * weight;
                (0..=first).for_each(|second| information[[first, second]] += own * row[second]);
            }
        }
        for first in 0..types {
            (0..first).for_each(|second| information[[second, first]] = information[[first, second]]);
        }
        match information.inv() {
            Ok(covariance) => covariance.diag().iter().map(|variance| variance.max(0.0).sqrt()).collect(),
            // Types that nothing tells apart: no more is known than before.
            Err(_) => vec![self.total / 12f64.sqrt(); types],
        }
    }

    fn rows(&self, types: usize) -> std::slice::ChunksExact<'_, f64> {
        self.rates.chunks_exact(types)
    }
}

fn expected(row: &[f64], amounts: &[f64]) -> f64 {
    row.iter().zip(amounts).map(|(rate, amount)| rate * amount).sum::<f64>().max(1e-300)
}
