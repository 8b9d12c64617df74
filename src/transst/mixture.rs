//! Domains of the target: a Gaussian mixture of the factors whose labels follow a Potts model on the spatial graph, and
//! whose means may be informed by those of the source's labels.
//!
//!   v_i | z_i = k ~ N(μ_k, Σ),
//!   p(z) ∝ exp(Σ_i α_{z_i} − β/2 · number of neighbouring pairs with different labels),
//!   μ_k ~ N(m_k + δ, Σ / κ_k)  for domains that stand for a label of the source with mean m_k and κ_k cells.
//!
//! δ is what all means of the source are off by, as target and source are standardised about their own means: with the
//! shares of the domains it gives the target's overall mean. The shares of the domains have a Dirichlet prior about those of the labels, worth as many spots as the
//! shares in the target are alike to them: sections may hold domains in quite other shares.
//! Where the source is a section whose factors are averaged as the target's are, its variation within labels informs Σ
//! in the same way. The prior is the conjugate one: the source's cells of a label count like as many further spots of
//! its domain. Fitted by mean-field EM (Celeux, Forbes & Peyrard 2003, Pattern Recognition
//! 36:131) with the spots visited one after the other, so that for fixed β each round raises the mean-field bound plus
//! the log prior; the field α (by iterative scaling) and β (by Brent's method) maximise the pseudo-likelihood in the
//! first rounds and are then fixed.

use super::energy::{posterior_of, potts_energies, unary_energies};
use crate::cluster::{estimate_interaction, potts_sweep, scale_field};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{DeterminantC, FactorizeC, InverseC};

/// Rounds in which β and what the source knows of shares, δ among it, are estimated again.
const INTERACTION_ROUNDS: usize = 10;
/// Mean change of a spot's posterior (total variation) at which the fit has converged.
const TOLERANCE: f64 = 1e-5;
/// Spots below which a domain has none.
const LEAST_MASS: f64 = 1e-9;
/// Most rounds.
const LIMIT: usize = 500;

/// What is known of the means before the target is seen.
#[derive(Clone, Debug)]
pub struct ConjugatePrior {
    /// Prior means m_k, domains x factors; rows of domains without prior are not looked at.
    pub means: Array2<f64>,
    /// Cells κ_k behind each mean; 0 for a domain without prior.
    pub strengths: Array1<f64>,
    /// Sum of squares and products within labels of the cells behind the covariance, factors x factors.
    pub scatter: Array2<f64>,
    /// Number ν of these cells; 0 when nothing is known of the covariance.
    pub cells: f64,
    /// How many spots are worth one independent one, where shares of domains are compared.
    pub repeats: f64,
}

impl ConjugatePrior {
    /// Nothing is known.
    pub fn none(domains: usize, factors: usize) -> Self {
        ConjugatePrior {
            means: Array2::zeros((domains, factors)),
            strengths: Array1::zeros(domains),
            scatter: Array2::zeros((factors, factors)),
            cells: 0.0,
            repeats: 1.0,
        }
    }

    fn informed(&self) -> f64 {
        self.strengths.iter().filter(|&&strength| strength > 0.0).count() as f64
    }

    /// Spots that each domain with a label counts as before any was seen, given the `masses` of the target's: Dirichlet
    /// shares p of concentration c have Σ (q - p)² = Σ p (1 - p) / (1 + c), which gives c in independent spots. At least
    /// one, so that no label vanishes at once, and at most its cells.
    fn spots(&self, masses: &Array1<f64>) -> Array1<f64> {
        let known: Vec<usize> = (0..masses.len()).filter(|&domain| self.strengths[domain] > 0.0).collect();
        let cells = self.strengths.sum();
        let spots: f64 = known.iter().map(|&domain| masses[domain]).sum();
        let (mut spread, mut square) = (0.0, 0.0);
        for &domain in &known {
            let share = self.strengths[domain] / cells;
            spread += share * (1.0 - share);
            square += (masses[domain] / spots.max(LEAST_MASS) - share).powi(2);
        }
        let worth = self.repeats * (spread / square.max(f64::MIN_POSITIVE) - 1.0).max(0.0);
        let part = if cells > 0.0 { (worth / cells).min(1.0) } else { 0.0 };
        self.strengths.mapv(|strength| if strength > 0.0 { (strength * part).max(1.0) } else { 0.0 })
    }

    /// What all means are off by, so that with the shares of the domains they give the target's overall mean: shares of
    /// the `masses` and the spots `known` before; domains without a label have the means of the `sums`.
    fn offset(&self, masses: &Array1<f64>, sums: &Array2<f64>, known: &Array1<f64>) -> Array1<f64> {
        let spots = masses + known;
        let share = |domain: usize| spots[domain] / spots.sum();
        let mut rest = sums.sum_axis(Axis(0)) / masses.sum();
        let mut total = 0.0;
        for domain in 0..masses.len() {
            if self.strengths[domain] > 0.0 {
                rest.scaled_add(-share(domain), &self.means.row(domain));
                total += share(domain);
            } else if masses[domain] > LEAST_MASS {
                rest.scaled_add(-share(domain) / masses[domain], &sums.row(domain));
            }
        }
        if total > 0.0 { rest / total } else { Array1::zeros(sums.ncols()) }
    }
}

/// A fitted spatial mixture.
#[derive(Clone, Debug)]
pub struct SpatialMixture {
    /// Posterior of each domain at each spot, spots x domains.
    pub posterior: Array2<f64>,
    /// Means of the factors, domains x factors.
    pub means: Array2<f64>,
    /// Common covariance of the factors.
    pub covariance: Array2<f64>,
    /// Interaction β of neighbours; 0 without interaction.
    pub interaction: f64,
    /// External field α; without interaction the log weights of the domains, up to a constant.
    pub field: Array1<f64>,
    /// Mean-field approximation of the log-likelihood, Σ_i log Σ_k exp(−unary − Potts energy) − n q/2 log 2π.
    pub log_likelihood: f64,
    /// The objective after each round with β fixed: it rises.
    pub bound: Vec<f64>,
    /// Rounds.
    pub iterations: usize,
    /// Whether the posteriors settled.
    pub converged: bool,
}

/// Fits the mixture to `scores` (spots x factors) from a `posterior` (spots x domains). `ridge` is the variance added
/// to every factor: a prior that keeps the covariance regular. Without `interacting` β is 0: a mixture whose field is
/// the log weights of the domains.
///
/// # Errors
/// [`Error::Numeric`] when the covariance becomes singular, [`Error::NotConverged`] when β cannot be found,
/// [`Error::Interrupted`].
pub fn fit(
    scores: ArrayView2<f64>,
    graph: &SpatialGraph,
    mut posterior: Array2<f64>,
    prior: &ConjugatePrior,
    ridge: f64,
    interacting: bool,
    monitor: &Monitor,
) -> Result<SpatialMixture> {
    let mut interaction = 0.0;
    let mut field = Array1::zeros(posterior.ncols());
    let mut bound: Vec<f64> = Vec::new();
    let mut means = Array2::zeros((posterior.ncols(), scores.ncols()));
    let (mut known, mut offset) = (Array1::zeros(posterior.ncols()), Array1::zeros(scores.ncols()));
    let mut round = 0;
    loop {
        monitor.check()?;
        if round < INTERACTION_ROUNDS {
            let masses = posterior.sum_axis(Axis(0));
            known = prior.spots(&masses);
            offset = prior.offset(&masses, &posterior.t().dot(&scores), &known);
        }
        let covariance = maximise(scores, posterior.view(), prior, &offset, ridge, &mut means)?;
        let unary = unary_energies(scores, means.view(), &covariance)?;
        if !interacting {
            field = log_weights(posterior.view(), &known);
        } else if round < INTERACTION_ROUNDS {
            // The pair energy counts every pair from both sides, the pseudo-likelihood from one.
            interaction = 2.0 * estimate_interaction(graph, posterior.view(), field.view())?;
            scale_field(graph, posterior.view(), 0.5 * interaction, &known, &mut field);
        }
        let emission = &field - &unary;
        let change = potts_sweep(graph, emission.view(), 0.5 * interaction, &mut posterior);
        if round >= INTERACTION_ROUNDS {
            let value = mean_field_bound(graph, &emission, interaction, &posterior)
                + log_prior(prior, &offset, &means, &covariance, ridge, scores.nrows())?
                + known.dot(&field);
            if let Some(&before) = bound.last() {
                debug_assert!(value >= before - 1e-7 * before.abs().max(1.0), "the bound fell: {before} {value}");
            }
            bound.push(value);
        }
        let converged = round >= INTERACTION_ROUNDS && change < TOLERANCE;
        round += 1;
        if converged || round == LIMIT {
            let energies = unary + potts_energies(|spot| graph.neighbours(spot), posterior.view(), interaction, &field);
            let constant = 0.5 * scores.len() as f64 * (2.0 * std::f64::consts::PI).ln();
            let log_likelihood = posterior_of(&energies).1 - constant;
            return Ok(SpatialMixture {
                posterior,
                means,
                covariance,
                interaction,
                field,
                log_likelihood,
                bound,
                iterations: round,
                converged,
            });
        }
    }
}

/// Log weights of the domains with the spots `known` before; the smallest positive number stands for an empty domain's.
fn log_weights(posterior: ArrayView2<f64>, known: &Array1<f64>) -> Array1<f64> {
    let masses = posterior.sum_axis(Axis(0)) + known;
    let total = masses.sum();
    masses.mapv(|mass| (mass / total).max(f64::MIN_POSITIVE).ln())
}

/// Means and covariance of largest expected log posterior. A domain without spots and without prior keeps its mean.
fn maximise(
    scores: ArrayView2<f64>,
    posterior: ArrayView2<f64>,
    prior: &ConjugatePrior,
    offset: &Array1<f64>,
    ridge: f64,
    means: &mut Array2<f64>,
) -> Result<Array2<f64>> {
    let masses = posterior.sum_axis(Axis(0));
    let sums = posterior.t().dot(&scores);
    let mut scatter = scores.t().dot(&scores) + &prior.scatter;
    for domain in 0..masses.len() {
        let (mass, strength) = (masses[domain], prior.strengths[domain]);
        if mass + strength > LEAST_MASS {
            let known = (&prior.means.row(domain) + offset) * strength;
            means.row_mut(domain).assign(&((&sums.row(domain) + &known) / (mass + strength)));
        }
        let (mean, sum) = (means.row(domain).insert_axis(Axis(1)), sums.row(domain).insert_axis(Axis(0)));
        let cross = mean.dot(&sum);
        scatter = scatter - &cross - cross.t() + &(mean.dot(&mean.t()) * mass);
        if strength > 0.0 {
            let rest = (&means.row(domain) - &prior.means.row(domain) - offset).insert_axis(Axis(1));
            scatter += &(rest.dot(&rest.t()) * strength);
        }
    }
    let spots = scores.nrows() as f64;
    scatter.diag_mut().mapv_inplace(|value| value + ridge * spots);
    let covariance = scatter / (spots + prior.cells + prior.informed());
    if covariance.iter().all(|value| value.is_finite()) {
        Ok(covariance)
    } else {
        Err(Error::Numeric("the covariance of the factors is not finite".into()))
    }
}

/// Σ q (log density) + β/2 · expected pairs of neighbours in one domain + entropy of q, without constants.
fn mean_field_bound(graph: &SpatialGraph, emission: &Array2<f64>, interaction: f64, posterior: &Array2<f64>) -> f64 {
    let mut bound = (emission * posterior).sum();
    for spot in 0..graph.spots() {
        let row = posterior.row(spot);
        let agreement: f64 = graph.neighbours(spot).iter().map(|&next| row.dot(&posterior.row(next as usize))).sum();
        let entropy: f64 = row.iter().filter(|&&share| share > 0.0).map(|share| share * share.ln()).sum();
        bound += 0.25 * interaction * agreement - entropy;
    }
    bound
}

/// Log density of the means and of the ridge's prior on the covariance, without constants.
fn log_prior(
    prior: &ConjugatePrior,
    offset: &Array1<f64>,
    means: &Array2<f64>,
    covariance: &Array2<f64>,
    ridge: f64,
    spots: usize,
) -> Result<f64> {
    let singular = |_| Error::Numeric("the covariance of the factors is singular: use fewer factors".into());
    let factor = covariance.factorizec(UPLO::Lower).map_err(singular)?;
    let precision = factor.invc()?;
    let mut value = -0.5
        * (ridge * spots as f64 * precision.diag().sum()
            + (&precision * &prior.scatter).sum()
            + prior.cells * factor.ln_detc());
    for (domain, &strength) in prior.strengths.iter().enumerate().filter(|(_, strength)| **strength > 0.0) {
        let rest = &means.row(domain) - &prior.means.row(domain) - offset;
        value -= 0.5 * (strength * rest.dot(&precision.dot(&rest)) + factor.ln_detc());
    }
    Ok(value)
}
