//! How many counts of a spot come from each type, given what the types express: a Poisson mixture, by EM.

use crate::counts::Counts;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::Inverse;

/// Most cycles of three iterations of one fit.
const CYCLES: usize = 100;
/// By how much two iterations are extended at most.
const LONGEST: f64 = 64.0;

/// What a count of each type expects of each gene, in the genes that are used.
pub struct Rates<'a> {
    /// Genes x types, positive.
    of: ArrayView2<'a, f64>,
    /// Sum over the genes that are used, one a type.
    pub reach: Vec<f64>,
    used: Option<&'a [bool]>,
    /// Weight of the counts of each gene; `of` has it already.
    weights: Option<&'a [f64]>,
}

impl<'a> Rates<'a> {
    /// Rates of all genes, times their weights.
    pub fn weighted(of: ArrayView2<'a, f64>, weights: &'a [f64]) -> Self {
        Rates { weights: Some(weights), ..Rates::new(of, None) }
    }

    /// Rates of all genes, or of those for which `used` holds.
    pub fn new(of: ArrayView2<'a, f64>, used: Option<&'a [bool]>) -> Self {
        let mut reach = vec![0.0; of.ncols()];
        for (gene, row) in of.axis_iter(Axis(0)).enumerate() {
            if used.is_none_or(|used| used[gene]) {
                reach.iter_mut().zip(row).for_each(|(sum, rate)| *sum += rate);
            }
        }
        Rates { of, reach, used, weights: None }
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
        self.total = 0.0;
        for (gene, value) in counts.filter(|&(gene, value)| value > 0.0 && rates.used.is_none_or(|used| used[gene])) {
            self.genes.push(gene);
            self.total += value;
            self.counts.push(value * rates.weights.map_or(1.0, |weights| weights[gene]));
            self.rates.extend(rates.of.row(gene));
        }
    }

    /// Sum of the counts.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The most probable amounts under a prior, from those given, until an iteration changes none by more than
    /// `tolerance` of the spot's counts: `y_g ~ Poisson(Σ a_k R_gk)`, where EM shares each count out to the types. Two
    /// iterations are extended in the logarithms (squared extrapolation: Varadhan and Roland 2008, Scandinavian Journal
    /// of Statistics 35, 335) where the log posterior is not lower for it, so that it rises throughout.
    pub fn amounts(&self, amounts: &mut [f64], reach: &[f64], prior: Prior, tolerance: f64) {
        let [mut first, mut second, mut shared] = [(); 3].map(|()| vec![0.0; reach.len()]);
        for _ in 0..CYCLES {
            let level = self.iterate(amounts, &mut first, &mut shared, reach, prior);
            let change = amounts.iter().zip(&first).fold(0.0f64, |most, (own, next)| most.max((next - own).abs()));
            if change <= tolerance * self.total {
                amounts.copy_from_slice(&first);
                break;
            }
            self.iterate(&first, &mut second, &mut shared, reach, prior);
            extend(amounts, &first, &second);
            if self.iterate(amounts, &mut first, &mut shared, reach, prior) >= level {
                amounts.copy_from_slice(&first);
            } else {
                amounts.copy_from_slice(&second);
            }
        }
    }

    /// One iteration of EM. Returns the log posterior before it.
    fn iterate(&self, amounts: &[f64], next: &mut [f64], shared: &mut [f64], reach: &[f64], prior: Prior) -> f64 {
        let rate = prior.strength / self.total.max(1.0);
        let mut level = self.share_out(amounts, shared);
        for (kind, next) in next.iter_mut().enumerate() {
            let known = prior.strength * prior.mode[kind];
            level += known * amounts[kind].ln() - amounts[kind] * (reach[kind] + rate);
            *next = (amounts[kind] * shared[kind] + known) / (reach[kind] + rate);
        }
        level
    }

    /// Σ_g y_g R_gk / μ_g of each type. Returns Σ_g y_g ln μ_g.
    fn share_out(&self, amounts: &[f64], shared: &mut [f64]) -> f64 {
        shared.fill(0.0);
        let mut level = 0.0;
        for (row, count) in self.rows(amounts.len()).zip(&self.counts) {
            let expected = expected(row, amounts);
            level += count * expected.ln();
            let ratio = count / expected;
            shared.iter_mut().zip(row).for_each(|(sum, rate)| *sum += rate * ratio);
        }
        level
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

/// Where two iterations from `start` lead to, in the logarithms; into `start`.
fn extend(start: &mut [f64], first: &[f64], second: &[f64]) {
    let (mut step, mut turn) = (0.0, 0.0);
    for ((start, first), second) in start.iter().zip(first).zip(second) {
        let own = (first / start).ln();
        step += own.powi(2);
        turn += ((second / first).ln() - own).powi(2);
    }
    let length = (step / turn.max(1e-300)).sqrt().clamp(1.0, LONGEST);
    for ((start, first), second) in start.iter_mut().zip(first).zip(second) {
        let own = (first / *start).ln();
        let turn = (second / first).ln() - own;
        *start *= (2.0 * length * own + length * length * turn).clamp(-30.0, 30.0).exp();
    }
}

fn expected(row: &[f64], amounts: &[f64]) -> f64 {
    row.iter().zip(amounts).map(|(rate, amount)| rate * amount).sum::<f64>().max(1e-300)
}
