//! Gaussian mixture with one covariance for all components (mclust's EEE with a prior), by EM from a given partition.

use super::points::Points;
use super::shrinkage::CovariancePrior;
use super::swap::Swap;
use super::tied::{Moments, TiedGaussians};
use crate::error::Result;
use crate::monitor::Monitor;
use ndarray::{Array1, Array2, ArrayView1};
use std::cmp::Ordering;

/// When EM ends.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Rise of the objective in an iteration, relative to its size, at which EM has converged.
    pub tolerance: f64,
    /// Most iterations.
    pub limit: usize,
}

impl Stop {
    /// No iteration: parameters of the partition that is given.
    pub const AT_ONCE: Stop = Stop { tolerance: 0.0, limit: 0 };
    /// A few iterations: enough to tell good starts from bad.
    pub const EARLY: Stop = Stop { tolerance: 1e-5, limit: 15 };
    /// Enough to tell whether a component is better where it was moved to.
    const SWAPPED: Stop = Stop { tolerance: 1e-6, limit: 10 };
    /// Enough to tell which of several maxima is highest.
    pub(super) const COMPARED: Stop = Stop { tolerance: 1e-6, limit: 100 };
    /// Until nothing changes that a user could see.
    pub const CONVERGED: Stop = Stop { tolerance: 1e-8, limit: 500 };
}

/// A fitted mixture.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Weights, means and covariance, in the coordinates of the centred points.
    pub gaussians: TiedGaussians,
    /// Log-likelihood of the points under [`Mixture::gaussians`].
    pub log_likelihood: f64,
    /// What EM raises: the log-likelihood plus the log prior of the covariance, up to a constant.
    pub objective: f64,
    /// Whether the tolerance was met before the limit of iterations.
    pub converged: bool,
    prior: CovariancePrior,
}

impl Mixture {
    /// EM from hard `labels`, each below `components`. A component whose mass vanishes keeps its mean and a weight
    /// of about nothing, so fewer than `components` may own points in the end; with one covariance for all no
    /// component can collapse onto a point. The prior that draws the covariance towards a sphere is worth `weight`
    /// points a dimension.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when the covariance becomes singular, [`crate::Error::Interrupted`].
    pub fn fit(
        points: &Points,
        labels: &[usize],
        components: usize,
        weight: f64,
        stop: Stop,
        monitor: &Monitor,
    ) -> Result<Self> {
        let moments = Moments::of_labels(points, labels, components);
        let prior = CovariancePrior::sphere(points, components, weight);
        Mixture::iterate(points, TiedGaussians::from_moments(points, &moments, &prior, None), prior, stop, monitor)
    }

    /// Continues EM from this fit.
    ///
    /// # Errors
    /// As [`Mixture::fit`].
    pub fn refine(self, points: &Points, stop: Stop, monitor: &Monitor) -> Result<Self> {
        Mixture::iterate(points, self.gaussians, self.prior, stop, monitor)
    }

    /// Continues EM from a fit to some of the `points`, whose centre is at `origin`.
    ///
    /// # Errors
    /// As [`Mixture::fit`].
    pub fn extend(
        mut self,
        points: &Points,
        origin: &Array1<f64>,
        weight: f64,
        stop: Stop,
        monitor: &Monitor,
    ) -> Result<Self> {
        self.gaussians.means += origin;
        let prior = CovariancePrior::sphere(points, self.components(), weight);
        Mixture::iterate(points, self.gaussians, prior, stop, monitor)
    }

    fn iterate(
        points: &Points,
        start: TiedGaussians,
        prior: CovariancePrior,
        stop: Stop,
        monitor: &Monitor,
    ) -> Result<Self> {
        let mut gaussians = start;
        let mut before = f64::NEG_INFINITY;
        let mut iteration = 0;
        loop {
            monitor.check()?;
            let discriminants = gaussians.discriminants(points)?;
            let (moments, log_likelihood) = discriminants.expectation(points);
            let objective = log_likelihood + prior.log_density(discriminants.log_determinant, &discriminants.precision);
            debug_assert!(objective >= before - 1e-7 * before.abs().max(1.0), "EM fell: {before} {objective}");
            let converged = objective - before <= stop.tolerance * objective.abs();
            if converged || iteration == stop.limit {
                return Ok(Mixture { gaussians, log_likelihood, objective, converged, prior });
            }
            gaussians = TiedGaussians::from_moments(points, &moments, &prior, Some(&gaussians));
            (before, iteration) = (objective, iteration + 1);
        }
    }

    /// Posterior probability of each component at each point, points x components.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when the covariance is singular.
    pub fn posterior(&self, points: &Points) -> Result<Array2<f64>> {
        Ok(self.gaussians.discriminants(points)?.posterior(points))
    }

    /// Log density of each point.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when the covariance is singular.
    pub fn log_densities(&self, points: &Points) -> Result<Vec<f64>> {
        Ok(self.gaussians.discriminants(points)?.log_densities(points))
    }

    /// Free parameters: weights, means and one covariance.
    pub fn parameters(&self) -> usize {
        let (components, dimensions) = self.gaussians.means.dim();
        components - 1 + components * dimensions + dimensions * (dimensions + 1) / 2
    }
}

impl Swap for Mixture {
    fn components(&self) -> usize {
        self.gaussians.weights.len()
    }

    fn swapped(&self, points: &Points, gone: usize, point: ArrayView1<f64>, monitor: &Monitor) -> Result<Self> {
        let mut moved = self.clone();
        let TiedGaussians { weights, means, .. } = &mut moved.gaussians;
        means.row_mut(gone).assign(&point);
        weights[gone] = 1.0 / weights.len() as f64;
        *weights /= weights.sum();
        moved.refine(points, Stop::SWAPPED, monitor)
    }

    fn finished(self, points: &Points, monitor: &Monitor) -> Result<Self> {
        self.refine(points, Stop::CONVERGED, monitor)
    }

    fn highest_first(&self, other: &Self) -> Ordering {
        other.objective.total_cmp(&self.objective)
    }

    /// By a tenth of a unit of log-likelihood, which no test would see.
    fn exceeds(&self, other: &Self) -> bool {
        self.objective > other.objective + 0.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::shrinkage::SEARCH;
    use crate::cluster::testing::{blobs, labels_below};
    use ndarray::Axis;
    use ndarray_linalg::{Determinant, Inverse};
    use proptest::prelude::*;

    /// Log-likelihood by evaluating every density on its own.
    fn direct_log_likelihood(points: &Points, mixture: &TiedGaussians) -> f64 {
        let precision = mixture.covariance.inv().expect("regular");
        let norm =
            (2.0 * std::f64::consts::PI).powi(points.dimensions() as i32) * mixture.covariance.det().expect("det");
        let density = |point: &Array1<f64>, component: usize| {
            let offset = point - &mixture.means.row(component);
            mixture.weights[component] * (-0.5 * offset.dot(&precision.dot(&offset))).exp() / norm.sqrt()
        };
        let components = mixture.weights.len();
        let likelihood = |point: &Array1<f64>| (0..components).map(|component| density(point, component)).sum::<f64>();
        points.values().axis_iter(Axis(0)).map(|point| likelihood(&point.to_owned()).ln()).sum()
    }

    #[test]
    fn log_likelihood_is_the_sum_of_log_densities() -> Result<()> {
        let (values, _) = blobs(700, 4, 3, 2.0, 11);
        let points = Points::new(values.view(), "embedding")?;
        let fit = Mixture::fit(&points, &labels_below(700, 3), 3, SEARCH, Stop::EARLY, &Monitor::silent())?;
        let direct = direct_log_likelihood(&points, &fit.gaussians);
        assert!((fit.log_likelihood - direct).abs() < 1e-4, "{} {direct}", fit.log_likelihood);
        let densities: f64 = fit.log_densities(&points)?.iter().sum();
        assert!((densities - direct).abs() < 1e-4, "{densities} {direct}");
        Ok(())
    }

    #[test]
    fn finds_separated_components_and_their_parameters() -> Result<()> {
        let (values, truth) = blobs(3000, 3, 4, 8.0, 5);
        let points = Points::new(values.view(), "embedding")?;
        let fit = Mixture::fit(&points, &truth, 4, SEARCH, Stop::CONVERGED, &Monitor::silent())?;
        assert!(fit.converged);
        let posterior = fit.posterior(&points)?;
        let wrong = truth.iter().enumerate().filter(|(spot, label)| posterior[[*spot, **label]] < 0.5).count();
        assert!(wrong < 10, "{wrong} of 3000 left their component");
        // Of the prior, 3 further points a dimension of covariance variance / 4^(2/3).
        let sphere = points.variance() / 4f64.powf(2.0 / 3.0);
        for (at, &value) in fit.gaussians.covariance.indexed_iter() {
            let expected = if at.0 == at.1 { (3000.0 + 9.0 * sphere) / 3009.0 } else { 0.0 };
            assert!((value - expected).abs() < 0.1, "covariance {at:?} is {value}");
        }
        assert_eq!(fit.parameters(), 3 + 12 + 6);
        Ok(())
    }

    #[test]
    fn collinear_columns_and_an_empty_component_are_survived() -> Result<()> {
        let (mut values, _) = blobs(300, 3, 2, 4.0, 3);
        let twice = &values.column(0) * 2.0;
        values.column_mut(2).assign(&twice);
        let points = Points::new(values.view(), "embedding")?;
        let fit = Mixture::fit(&points, &labels_below(300, 2), 3, SEARCH, Stop::CONVERGED, &Monitor::silent())?;
        assert!(fit.log_likelihood.is_finite());
        assert_eq!(fit.gaussians.weights[2], 0.0);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn the_objective_never_falls(
            seed in 0u64..1000,
            components in 1usize..6,
            dimensions in 1usize..6,
            separation in 0.0f64..5.0,
            scale in -6i32..6,
            weight in 0.1f64..50.0,
        ) {
            let (mut values, _) = blobs(120, dimensions, 3, separation, seed);
            values *= 10f64.powi(scale);
            let points = Points::new(values.view(), "embedding").expect("finite");
            let once = Stop { tolerance: 0.0, limit: 1 };
            let monitor = Monitor::silent();
            let labels = labels_below(120, components);
            let mut fit = Mixture::fit(&points, &labels, components, weight, once, &monitor).expect("fit");
            for _ in 0..30 {
                let before = fit.objective;
                fit = fit.refine(&points, once, &monitor).expect("fit");
                prop_assert!(fit.objective >= before - 1e-9 * before.abs().max(1.0));
            }
        }
    }
}
