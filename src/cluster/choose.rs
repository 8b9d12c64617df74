//! The number of domains.

use super::best_start::{STARTS, best_mixture};
use super::dependence::design_effect;
use super::mixture::{Mixture, Stop};
use super::order::most_probable;
use super::points::Points;
use super::structure::Gain;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::metrics::adjusted_rand_index;
use crate::monitor::{Monitor, Progress};
use crate::random::{Stream, substream};
use ndarray::Array2;
use rand::seq::index;
use rayon::prelude::*;

/// Starts of each refit to a subsample.
const REFIT_STARTS: usize = 4;

/// Number of domains of the model that tells how much spots repeat each other: more than most sections have, so that
/// differences between domains are not taken for correlation within them, and not so many that correlation is
/// explained away. Fixed, so that the choice does not depend on the range that is tried.
pub(super) const REFERENCE: usize = 10;

/// Most spots that a section counts for in the choice, and that mixtures are fitted to for it. No mixture of so few
/// Gaussians is true of tissue: whatever varies smoothly within a domain raises the likelihood of one more by so much a
/// spot. A criterion that weighs this against a price that does not grow with the section asks for ever more domains
/// the larger the section, the same tissue measured more finely among them. So larger ones are judged as if they had
/// this many spots, and their number of domains does not depend on their size.
pub(super) const LARGEST: usize = 10_000;

/// Price of a free parameter in [`Candidate::aic3`].
const PRICE: f64 = 3.0;

/// Subsamples behind the stability of a number of domains, their share of the spots, and their largest size.
pub(super) const SUBSAMPLES: u64 = 10;
const SHARE: f64 = 0.8;
const LARGEST_SUBSAMPLE: usize = 2000;

/// One number of domains that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Number of domains asked for.
    pub k: usize,
    /// Log-likelihood of all spots under the mixture, taken as independent.
    pub log_likelihood: f64,
    /// 2 ℓ m / n − 3 · (free parameters) for n spots worth m independent ones: Akaike's criterion with the larger
    /// penalty that mixtures need, since parameters of a component too many do not follow the usual theory (Bozdogan
    /// 1994, AIC3), on a quasi-likelihood as for overdispersed counts (Burnham & Anderson 2002, section 2.5). Larger is
    /// better; the choice is made by it.
    pub aic3: f64,
    /// 2 ℓ m / n − (free parameters) · log m, the Bayesian information criterion for dependent spots (Lumley & Scott
    /// 2015, Journal of Survey Statistics and Methodology 3:1); larger is better.
    pub bic: f64,
    /// Integrated completed likelihood: BIC less twice the entropy of the posterior; larger is
    /// better.
    pub icl: f64,
    /// Mean adjusted Rand index between the domains and those found again on ten subsamples of 80% of the spots (of at
    /// most 2000 spots), which several views share.
    pub stability: f64,
}

/// All numbers of domains that were tried, and the chosen one.
#[derive(Clone, Debug, PartialEq)]
pub struct ChoiceTable {
    /// By rising number of domains.
    pub candidates: Vec<Candidate>,
    /// The number of domains of largest AIC3, the smaller of two that are level; 1 for tissue without domains.
    pub chosen: usize,
    /// How many independent spots the section is worth, at most the number of spots; of more than ten thousand spots, how
    /// many so many of them side by side are worth. Without a graph nothing is known
    /// of dependence: all spots count, and on a smoothed embedding far too many domains are chosen.
    pub effective_spots: f64,
    /// What the number of largest AIC3 and ten domains gain over one, beside tissue without domains: 1 is chosen when
    /// neither gains more. Empty where there are no views.
    pub gains: Vec<Gain>,
}

/// What a search over numbers of domains needs.
pub(crate) struct Search<'a> {
    /// The spots that mixtures are fitted to.
    pub points: &'a Points,
    /// All spots, of which dependence is known.
    pub whole: &'a Points,
    pub start_points: &'a Points,
    pub graph: Option<&'a SpatialGraph>,
    pub range: (usize, usize),
    pub seed: u64,
    /// Points a dimension that the prior of the covariance is worth.
    pub weight: f64,
    /// Number of subsamples behind the stability.
    pub subsamples: u64,
    /// Which of how many searches this is, from 0, for the progress that is shown.
    pub turn: (usize, usize),
}

/// The number of domains of largest AIC3; the first on ties.
pub(super) fn largest(candidates: &[Candidate]) -> usize {
    let mut best = &candidates[0];
    for next in candidates {
        if next.aic3 > best.aic3 {
            best = next;
        }
    }
    best.k
}

/// A mixture of one size with its posterior.
struct Sized {
    fit: Mixture,
    posterior: Array2<f64>,
    labels: Vec<usize>,
}

impl Search<'_> {
    /// Tries every number of domains.
    pub fn run(&self, monitor: &Monitor) -> Result<ChoiceTable> {
        let (low, high) = self.range;
        let total = high - low + 1;
        let (turn, turns) = self.turn;
        let mut sizes = Vec::with_capacity(total);
        let mut stabilities = Vec::with_capacity(total);
        for k in low..=high {
            let size = self.fit(k, monitor)?;
            stabilities.push(self.stability(k, &size.labels, monitor)?);
            let objective = Some(size.fit.log_likelihood);
            let done = turn * total + k - low + 1;
            monitor.step(Progress { stage: "choosing k", done, total: turns * total, objective })?;
            sizes.push(size);
        }
        let effective_spots = self.effective_spots(&sizes, monitor)?;
        let candidates: Vec<Candidate> = sizes
            .iter()
            .zip(&stabilities)
            .map(|(size, &stability)| candidate(size, stability, effective_spots, self.points.count()))
            .collect();
        let chosen = largest(&candidates);
        Ok(ChoiceTable { candidates, chosen, effective_spots, gains: Vec::new() })
    }

    /// Spots that count divided by the design effect of the reference model.
    fn effective_spots(&self, sizes: &[Sized], monitor: &Monitor) -> Result<f64> {
        let spots = self.points.count() as f64;
        let Some(graph) = self.graph else { return Ok(spots) };
        let reference = REFERENCE.min(self.whole.count());
        let fitted = sizes.iter().find(|size| size.posterior.ncols() == reference);
        let own = if fitted.is_none() { Some(self.fit(reference, monitor)?) } else { None };
        let Some(Sized { fit, labels, .. }) = fitted.or(own.as_ref()) else { return Ok(spots) };
        let effect = if self.points.count() == self.whole.count() {
            design_effect(self.whole, graph, labels, &fit.gaussians)
        } else {
            // Found in some thousand of the spots, it is near its end in all.
            let origin = self.points.origin();
            let fit = fit.clone().extend(self.whole, origin, self.weight, Stop::EARLY, monitor)?;
            design_effect(self.whole, graph, &most_probable(&fit.posterior(self.whole)?), &fit.gaussians)
        };
        Ok((spots / effect).max(1.0))
    }

    fn fit(&self, k: usize, monitor: &Monitor) -> Result<Sized> {
        let start = self.start(self.start_points, k, STARTS, monitor)?;
        let fit = Mixture::fit(self.points, &start, k, self.weight, Stop::CONVERGED, monitor)?;
        let posterior = fit.posterior(self.points)?;
        let labels = most_probable(&posterior);
        Ok(Sized { fit, posterior, labels })
    }

    fn start(&self, points: &Points, k: usize, starts: usize, monitor: &Monitor) -> Result<Vec<usize>> {
        Ok(most_probable(&best_mixture(points, k, starts, self.weight, Stop::COMPARED, monitor)?.posterior(points)?))
    }

    /// How well the domains are found again on subsamples.
    fn stability(&self, k: usize, labels: &[usize], monitor: &Monitor) -> Result<f64> {
        let spots = self.points.count();
        let amount = ((SHARE * spots as f64) as usize).clamp(k.min(spots), LARGEST_SUBSAMPLE.max(k));
        let refit = |subsample| -> Result<f64> {
            let mut rng = substream(self.seed, Stream::Subsample, subsample);
            let mut rows = index::sample(&mut rng, spots, amount).into_vec();
            rows.sort_unstable();
            let start = self.start(&self.start_points.select(&rows), k, REFIT_STARTS, monitor)?;
            let points = self.points.select(&rows);
            let fit = Mixture::fit(&points, &start, k, self.weight, Stop::CONVERGED, monitor)?;
            let found = most_probable(&fit.posterior(&points)?);
            let before: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
            Ok(adjusted_rand_index(&before, &found))
        };
        let agreements: Vec<f64> = (0..self.subsamples).into_par_iter().map(refit).collect::<Result<_>>()?;
        Ok(agreements.iter().sum::<f64>() / self.subsamples as f64)
    }
}

fn candidate(size: &Sized, stability: f64, effective_spots: f64, spots: usize) -> Candidate {
    let share = effective_spots / spots as f64;
    let entropy: f64 = size.posterior.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum();
    let log_likelihood = size.fit.log_likelihood;
    let parameters = size.fit.parameters() as f64;
    let aic3 = 2.0 * log_likelihood * share - PRICE * parameters;
    let bic = 2.0 * log_likelihood * share - parameters * effective_spots.ln();
    let k = size.posterior.ncols();
    Candidate { k, log_likelihood, aic3, bic, icl: bic - 2.0 * entropy * share, stability }
}
