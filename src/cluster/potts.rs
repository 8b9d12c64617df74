//! Hidden Markov random field: a tied Gaussian at each spot, and a Potts prior by which neighbours tend to share a
//! domain, p(z_i = k | neighbours) ∝ exp(β · number of neighbours in k).
//!
//! Fitted by mean-field EM (Celeux, Forbes & Peyrard 2003, Pattern Recognition 36:131): the posterior of a spot uses
//! the posteriors of its neighbours in place of their unknown domains. Spots are visited one after the other, so each
//! visit raises the mean-field bound; β maximises the pseudo-likelihood (Besag 1975, The Statistician 24:179).

use super::points::Points;
use super::shrinkage::{CovariancePrior, FIT};
use super::tied::{Discriminants, Moments, TiedGaussians};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use argmin::core::{CostFunction, Executor, TerminationReason, TerminationStatus};
use argmin::solver::brent::BrentOpt;
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis};

/// Largest interaction. At β = 5 a single neighbour outweighs odds of 148 to 1: a larger value changes no label.
pub const LARGEST_INTERACTION: f64 = 5.0;

/// Rounds in which β is estimated again. After them it is fixed, each round raises one and the same bound, and the
/// iteration converges.
const INTERACTION_ROUNDS: usize = 10;

/// Mean change of a spot's posterior (total variation) at which the field has converged.
const TOLERANCE: f64 = 1e-5;

/// Most rounds.
const LIMIT: usize = 1000;

/// Most evaluations of the pseudo-likelihood for one β; Brent's method needs about 15.
const EVALUATIONS: u64 = 100;

/// Mass below which a domain's entry of the field is left alone: its logarithm would leave the numbers.
const LEAST_MASS: f64 = 1e-6;

/// Rows handled together by one task; fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 512;

/// A fitted hidden Markov random field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Posterior of each domain at each spot, spots x domains.
    pub posterior: Array2<f64>,
    /// The interaction β of neighbours, between 0 and [`LARGEST_INTERACTION`].
    pub interaction: f64,
    /// Mean-field approximation of the log-likelihood: each spot's density given its neighbours' posteriors, as in
    /// Forbes & Peyrard (2003), IEEE Transactions on Pattern Analysis and Machine Intelligence 25:1089.
    pub log_likelihood: f64,
}

/// Fits the field from a `posterior` (spots x domains).
///
/// # Errors
/// [`Error::NotConverged`] when the field or β has not converged, [`Error::Numeric`] when the covariance becomes
/// singular, [`Error::Interrupted`].
pub fn fit(points: &Points, graph: &SpatialGraph, mut posterior: Array2<f64>, monitor: &Monitor) -> Result<Field> {
    let uniform = Array1::zeros(posterior.ncols());
    let prior = CovariancePrior::sphere(points, posterior.ncols(), FIT);
    let mut gaussians: Option<TiedGaussians> = None;
    let mut interaction = 0.0;
    for round in 0..LIMIT {
        monitor.check()?;
        let moments = posterior_moments(points, posterior.view());
        let updated = TiedGaussians::from_moments(points, &moments, &prior, gaussians.as_ref());
        let discriminants = updated.discriminants_with(points, &uniform)?;
        let emission = log_emission(points, &discriminants);
        gaussians = Some(updated);
        if round < INTERACTION_ROUNDS {
            interaction = estimate_interaction(graph, posterior.view(), uniform.view())?;
        }
        let change = sweep(graph, emission.view(), interaction, &mut posterior);
        if round >= INTERACTION_ROUNDS && change < TOLERANCE {
            let normalisers = log_likelihood(graph, emission.view(), interaction, posterior.view());
            return Ok(Field { posterior, interaction, log_likelihood: normalisers + discriminants.constant });
        }
    }
    let message = format!("the hidden Markov random field has not converged in {LIMIT} rounds: use method \"gmm\"");
    Err(Error::NotConverged(message))
}

/// Moments of all points with their posterior.
fn posterior_moments(points: &Points, posterior: ArrayView2<f64>) -> Moments {
    let blocks = points.values().axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
    let posteriors = posterior.axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
    let parts: Vec<Moments> =
        blocks.zip(posteriors).map(|(block, posterior)| Moments::of_block(block, posterior.t())).collect();
    Moments::total(parts, posterior.ncols(), points.dimensions())
}

/// Log density of each domain at each spot, up to a constant of the spot.
fn log_emission(points: &Points, discriminants: &Discriminants) -> Array2<f64> {
    let mut emission = Array2::zeros((points.count(), discriminants.components()));
    points.in_blocks_with(&mut emission, |block, mut rows| rows.assign(&discriminants.values(block).t()));
    emission
}

/// Sum of the neighbours' posteriors: the expected number of neighbours in each domain.
fn expected_neighbours(graph: &SpatialGraph, posterior: ArrayView2<f64>, spot: usize, mut counts: ArrayViewMut1<f64>) {
    counts.fill(0.0);
    for &neighbour in graph.neighbours(spot) {
        counts += &posterior.row(neighbour as usize);
    }
}

/// [`expected_neighbours`] of all spots, spots x domains.
fn all_expected_neighbours(graph: &SpatialGraph, posterior: ArrayView2<f64>) -> Array2<f64> {
    let mut neighbours = Array2::zeros(posterior.raw_dim());
    let rows = neighbours.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    rows.for_each(|(spot, counts)| expected_neighbours(graph, posterior, spot, counts));
    neighbours
}

/// Raises the pseudo-likelihood in the external `field` for a given interaction, by one step of iterative scaling
/// (Darroch & Ratcliff 1972, Annals of Mathematical Statistics 43:1470): each domain's entry grows by the log ratio of
/// its mass to the mass its neighbours predict. `known` spots of each domain seen elsewhere count as well. A domain
/// without mass keeps its entry.
pub(crate) fn scale_field(
    graph: &SpatialGraph,
    posterior: ArrayView2<f64>,
    interaction: f64,
    known: &Array1<f64>,
    field: &mut Array1<f64>,
) {
    let mut predicted = all_expected_neighbours(graph, posterior);
    for mut row in predicted.rows_mut() {
        row *= interaction;
        row += &*field;
        softmax(row);
    }
    let spots = posterior.nrows() as f64;
    let masses = (posterior.sum_axis(Axis(0)) + known) * (spots / (spots + known.sum()));
    let expected = predicted.sum_axis(Axis(0));
    for (entry, (mass, expected)) in field.iter_mut().zip(masses.iter().zip(&expected)) {
        if *mass > LEAST_MASS && *expected > LEAST_MASS {
            *entry += (mass / expected).ln();
        }
    }
}

/// One pass of mean-field updates over the spots, in order; each spot sees the neighbours already updated. Returns the
/// mean total variation between old and new posteriors.
pub(crate) fn sweep(
    graph: &SpatialGraph,
    log_emission: ArrayView2<f64>,
    interaction: f64,
    posterior: &mut Array2<f64>,
) -> f64 {
    let mut fresh = Array1::zeros(posterior.ncols());
    let mut change = 0.0;
    for spot in 0..graph.spots() {
        expected_neighbours(graph, posterior.view(), spot, fresh.view_mut());
        fresh *= interaction;
        fresh += &log_emission.row(spot);
        softmax(fresh.view_mut());
        let mut row = posterior.row_mut(spot);
        change += row.iter().zip(&fresh).map(|(old, new)| (old - new).abs()).sum::<f64>();
        row.assign(&fresh);
    }
    0.5 * change / graph.spots() as f64
}

/// Replaces log weights by weights that sum to 1.
fn softmax(mut row: ArrayViewMut1<f64>) {
    let largest = row.fold(f64::NEG_INFINITY, |largest, &value| largest.max(value));
    row.mapv_inplace(|value| (value - largest).exp());
    let total = row.sum();
    row /= total;
}

/// Σ_i log Σ_k p(k | neighbours' posteriors) · density, up to the constant of the discriminants.
fn log_likelihood(
    graph: &SpatialGraph,
    log_emission: ArrayView2<f64>,
    interaction: f64,
    posterior: ArrayView2<f64>,
) -> f64 {
    let mut counts = Array1::zeros(posterior.ncols());
    let mut total = 0.0;
    for spot in 0..graph.spots() {
        expected_neighbours(graph, posterior, spot, counts.view_mut());
        counts *= interaction;
        let prior = log_sum_exp(counts.iter().copied());
        total += log_sum_exp(counts.iter().zip(log_emission.row(spot)).map(|(a, b)| a + b)) - prior;
    }
    total
}

fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + values.map(|value| (value - largest).exp()).sum::<f64>().ln()
}

/// The negative log pseudo-likelihood of β, a convex function:
/// Σ_i [log Σ_l exp(α_l + β m_il) − β Σ_k q_ik m_ik] with m_ik the expected neighbours of spot i in domain k and α the
/// external field.
struct PseudoLikelihood<'a> {
    posterior: ArrayView2<'a, f64>,
    field: ArrayView1<'a, f64>,
    neighbours: Array2<f64>,
}

impl CostFunction for PseudoLikelihood<'_> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, interaction: &f64) -> std::result::Result<f64, argmin::core::Error> {
        let field = self.field;
        let counts = self.neighbours.axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
        let posteriors = self.posterior.axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
        let parts: Vec<f64> = counts
            .zip(posteriors)
            .map(|(counts, posterior)| {
                let with_field = |row: ArrayView1<f64>| {
                    log_sum_exp(row.iter().zip(&field).map(|(m, field)| field + m * interaction))
                };
                counts.rows().into_iter().map(with_field).sum::<f64>() - interaction * (&counts * &posterior).sum()
            })
            .collect();
        Ok(parts.iter().sum())
    }
}

/// The interaction of largest pseudo-likelihood in [0, [`LARGEST_INTERACTION`]], by Brent's method to 1e-5, beside an
/// external `field`: p(z_i = k | neighbours) ∝ exp(field_k + β · number of neighbours in k).
///
/// # Errors
/// [`Error::NotConverged`] when Brent's method does not converge, [`Error::Numeric`] when it fails.
pub(crate) fn estimate_interaction<'a>(
    graph: &SpatialGraph,
    posterior: ArrayView2<'a, f64>,
    field: ArrayView1<'a, f64>,
) -> Result<f64> {
    let cost = PseudoLikelihood { posterior, field, neighbours: all_expected_neighbours(graph, posterior) };
    let failed = |error| Error::Numeric(format!("the interaction of neighbouring spots cannot be estimated: {error}"));
    let result = Executor::new(cost, BrentOpt::new(0.0, LARGEST_INTERACTION))
        .configure(|state| state.max_iters(EVALUATIONS))
        .timer(false)
        .run()
        .map_err(failed)?;
    let state = result.state();
    match (&state.termination_status, state.param) {
        (TerminationStatus::Terminated(TerminationReason::SolverConverged), Some(interaction)) => Ok(interaction),
        _ => {
            let message =
                format!("the interaction of neighbouring spots has not converged in {EVALUATIONS} evaluations");
            Err(Error::NotConverged(message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::most_probable;
    use crate::cluster::testing::{in_pool, stripes};
    use crate::metrics::adjusted_rand_index;

    fn hard(labels: &[usize], domains: usize) -> Array2<f64> {
        Array2::from_shape_fn((labels.len(), domains), |(spot, domain)| f64::from(labels[spot] == domain))
    }

    #[test]
    fn borrows_strength_from_neighbours() -> Result<()> {
        let (values, truth, graph) = stripes(30, 4, 1.5, 3);
        let points = Points::new(values.view(), "embedding")?;
        let monitor = Monitor::silent();
        let start = crate::cluster::best_start(&points, 4, 12, &monitor)?;
        let field = fit(&points, &graph, hard(&start, 4), &monitor)?;
        let alone = adjusted_rand_index(&truth, &start);
        let together = adjusted_rand_index(&truth, &most_probable(&field.posterior));
        assert!(together > alone + 0.1, "{alone} {together}");
        assert!(field.interaction > 0.3 && field.interaction < LARGEST_INTERACTION);
        assert!(field.log_likelihood.is_finite());
        Ok(())
    }

    #[test]
    fn interaction_solves_the_pseudo_likelihood_equation() -> Result<()> {
        let (_, truth, graph) = stripes(20, 3, 1.0, 5);
        let mut labels = truth;
        for spot in (0..labels.len()).step_by(7) {
            labels[spot] = (labels[spot] + 1) % 3;
        }
        let posterior = hard(&labels, 3);
        let estimate = estimate_interaction(&graph, posterior.view(), Array1::zeros(3).view())?;
        let slope: f64 = (0..graph.spots())
            .map(|spot| {
                let mut counts = Array1::zeros(3);
                expected_neighbours(&graph, posterior.view(), spot, counts.view_mut());
                let mut chance = &counts * estimate;
                softmax(chance.view_mut());
                counts[labels[spot]] - (&chance * &counts).sum()
            })
            .sum();
        assert!(slope.abs() < 1e-2, "derivative {slope} at {estimate}");
        Ok(())
    }

    #[test]
    fn random_labels_do_not_interact_and_constant_labels_do_fully() -> Result<()> {
        let (_, truth, graph) = stripes(20, 4, 1.0, 5);
        let checkered: Vec<usize> = (0..truth.len()).map(|spot| (spot / 20 + spot % 20) % 2).collect();
        assert!(estimate_interaction(&graph, hard(&checkered, 2).view(), Array1::zeros(2).view())? < 1e-3);
        let constant = vec![0; truth.len()];
        assert!(
            estimate_interaction(&graph, hard(&constant, 2).view(), Array1::zeros(2).view())?
                > LARGEST_INTERACTION - 1e-3
        );
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads() -> Result<()> {
        let (values, truth, graph) = stripes(40, 4, 2.0, 3);
        let points = Points::new(values.view(), "embedding")?;
        let run = || fit(&points, &graph, hard(&truth, 4), &Monitor::silent());
        let (one, three) = (in_pool(1, run)?, in_pool(3, run)?);
        assert_eq!(one.posterior, three.posterior);
        assert_eq!(one.interaction.to_bits(), three.interaction.to_bits());
        Ok(())
    }
}
