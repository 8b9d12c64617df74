//! The number of domains.

use super::best_start::best_start;
use super::dependence::design_effect;
use super::mixture::{Mixture, Stop};
use super::order::most_probable;
use super::points::Points;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::metrics::adjusted_rand_index;
use crate::monitor::{Monitor, Progress};
use crate::random::{Stream, substream};
use ndarray::Array2;
use rand::seq::index;
use rayon::prelude::*;

/// Starts of the fit to all spots, and of each refit to a subsample.
const STARTS: usize = super::STARTS;
const REFIT_STARTS: usize = 4;

/// Subsamples behind the stability of a number of domains, their share of the spots, and their largest size.
const SUBSAMPLES: u64 = 10;
const SHARE: f64 = 0.8;
const LARGEST_SUBSAMPLE: usize = 2000;

/// One number of domains that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Number of domains asked for.
    pub k: usize,
    /// Log-likelihood of all spots under the mixture, taken as independent.
    pub log_likelihood: f64,
    /// Bayesian information criterion for dependent spots; larger is better.
    pub bic: f64,
    /// Integrated completed likelihood for dependent spots: BIC less twice the entropy of the posterior; larger is
    /// better.
    pub icl: f64,
    /// Mean adjusted Rand index between the domains and those found again on ten subsamples of 80% of the spots (of at
    /// most 2000 spots).
    pub stability: f64,
}

/// All numbers of domains that were tried, and the one of largest BIC.
#[derive(Clone, Debug, PartialEq)]
pub struct ChoiceTable {
    /// By rising number of domains.
    pub candidates: Vec<Candidate>,
    /// The number of domains of largest BIC; the smaller of two that are level.
    pub chosen: usize,
    /// How many independent spots the section is worth; see [`Candidate::bic`].
    pub effective_spots: f64,
}

/// What a search over numbers of domains needs.
pub(crate) struct Search<'a> {
    pub points: &'a Points,
    pub start_points: &'a Points,
    pub graph: Option<&'a SpatialGraph>,
    pub range: (usize, usize),
    pub seed: u64,
}

/// A mixture of one size with its posterior.
struct Sized {
    fit: Mixture,
    posterior: Array2<f64>,
    labels: Vec<usize>,
}

impl Search<'_> {
    /// Tries every number of domains and returns the table and the labels of the chosen one.
    ///
    /// With n spots worth m independent ones, the log-likelihood ℓ of dependent spots counts m / n, and BIC is
    /// 2 ℓ m / n − (free parameters) log m. This is the design-based BIC of Lumley & Scott (2015, Journal of Survey
    /// Statistics and Methodology 3:1) with one design effect for all parameters. The design effect comes from the
    /// largest model, as Burnham & Anderson (2002, section 2.5) take the overdispersion of quasi-likelihood criteria,
    /// so that correlation within domains is not mistaken for differences between them.
    pub fn run(&self, monitor: &Monitor) -> Result<(ChoiceTable, Vec<usize>)> {
        let (low, high) = self.range;
        let total = high - low + 1;
        let mut sizes = Vec::with_capacity(total);
        let mut stabilities = Vec::with_capacity(total);
        for k in low..=high {
            let size = self.fit(k, monitor)?;
            stabilities.push(self.stability(k, &size.labels, monitor)?);
            let objective = Some(size.fit.log_likelihood);
            monitor.step(Progress { stage: "choosing k", done: k - low + 1, total, objective })?;
            sizes.push(size);
        }
        let effect = match (self.graph, sizes.last()) {
            (Some(graph), Some(largest)) => design_effect(self.points, graph, &largest.labels, &largest.fit.gaussians),
            _ => 1.0,
        };
        let effective_spots = (self.points.count() as f64 / effect).max(2.0);
        let candidates: Vec<Candidate> = sizes
            .iter()
            .zip(&stabilities)
            .map(|(size, &stability)| candidate(size, stability, effective_spots, self.points.count()))
            .collect();
        let mut best = 0;
        for (index, candidate) in candidates.iter().enumerate() {
            if candidate.bic > candidates[best].bic {
                best = index;
            }
        }
        let chosen = candidates[best].k;
        Ok((ChoiceTable { candidates, chosen, effective_spots }, sizes.swap_remove(best).labels))
    }

    fn fit(&self, k: usize, monitor: &Monitor) -> Result<Sized> {
        let start = best_start(self.start_points, k, STARTS, monitor)?;
        let fit = Mixture::fit(self.points, &start, k, Stop::CONVERGED, monitor)?;
        let posterior = fit.posterior(self.points)?;
        let labels = most_probable(&posterior);
        Ok(Sized { fit, posterior, labels })
    }

    /// How well the domains are found again on subsamples.
    fn stability(&self, k: usize, labels: &[usize], monitor: &Monitor) -> Result<f64> {
        let spots = self.points.count();
        let amount = ((SHARE * spots as f64) as usize).clamp(k.min(spots), LARGEST_SUBSAMPLE.max(k));
        let refit = |subsample| -> Result<f64> {
            let mut rng = substream(self.seed, Stream::Subsample, subsample);
            let mut rows = index::sample(&mut rng, spots, amount).into_vec();
            rows.sort_unstable();
            let start = best_start(&self.start_points.select(&rows), k, REFIT_STARTS, monitor)?;
            let points = self.points.select(&rows);
            let fit = Mixture::fit(&points, &start, k, Stop::CONVERGED, monitor)?;
            let found = most_probable(&fit.posterior(&points)?);
            let before: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
            Ok(adjusted_rand_index(&before, &found))
        };
        let agreements: Vec<f64> = (0..SUBSAMPLES).into_par_iter().map(refit).collect::<Result<_>>()?;
        Ok(agreements.iter().sum::<f64>() / SUBSAMPLES as f64)
    }
}

fn candidate(size: &Sized, stability: f64, effective_spots: f64, spots: usize) -> Candidate {
    let share = effective_spots / spots as f64;
    let entropy: f64 = size.posterior.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum();
    let log_likelihood = size.fit.log_likelihood;
    let bic = 2.0 * log_likelihood * share - size.fit.parameters() as f64 * effective_spots.ln();
    let k = size.posterior.ncols();
    Candidate { k, log_likelihood, bic, icl: bic - 2.0 * entropy * share, stability }
}
