//! Gaussian components with a covariance each, drawn towards the one they have in common.
//!
//! Domains differ in how much they vary: white matter varies more than a layer of neurons, and with one covariance for
//! all it is split into two. Fitted freely, covariances follow single spots. So each is a compromise: the common
//! covariance, as a mixture with tied covariance found it, counts as 60 further spots a dimension.
//!
//!   x_i | z_i = k ~ N(μ_k, Σ_k),  Σ_k ~ the conjugate prior around Σ of the tied mixture (see [`super::shrinkage`]).
//!
//! EM from the posterior of the tied mixture; the log-likelihood plus the log prior of the covariances rises.

use super::mixture::{Mixture, Stop};
use super::points::Points;
use super::shrinkage::CovariancePrior;
use super::tied::{LEAST_MASS, softmax_columns};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{Cholesky, DeterminantC, FactorizeC, InverseC};

/// One component.
#[derive(Clone, Debug)]
struct Component {
    weight: f64,
    mean: Array1<f64>,
    covariance: Array2<f64>,
}

/// A fitted mixture, in the coordinates of the centred points.
#[derive(Clone, Debug)]
pub struct SeparateMixture {
    components: Vec<Component>,
    /// Log-likelihood of the points.
    pub log_likelihood: f64,
    /// What EM raises: the log-likelihood plus the log prior of the covariances, up to a constant.
    pub objective: f64,
    /// Whether the tolerance was met before the limit of iterations.
    pub converged: bool,
}

impl SeparateMixture {
    /// EM from a fitted mixture with tied covariance.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a covariance is singular, [`Error::Interrupted`].
    pub fn fit(points: &Points, tied: &Mixture, stop: Stop, monitor: &Monitor) -> Result<Self> {
        let gaussians = &tied.gaussians;
        let prior = CovariancePrior::common(&gaussians.covariance);
        let component = |(&weight, mean): (&f64, ArrayView1<f64>)| Component {
            weight,
            mean: mean.to_owned(),
            covariance: gaussians.covariance.clone(),
        };
        let mut components: Vec<Component> =
            gaussians.weights.iter().zip(gaussians.means.rows()).map(component).collect();
        let mut objective = f64::NEG_INFINITY;
        let mut iteration = 0;
        loop {
            monitor.check()?;
            let densities = Densities::new(&components)?;
            let (moments, log_likelihood) = densities.expectation(points);
            let before = objective;
            objective = log_likelihood + densities.log_prior(&prior);
            debug_assert!(objective >= before - 1e-7 * before.abs().max(1.0), "EM fell: {before} {objective}");
            let converged = objective - before <= stop.tolerance * objective.abs();
            if converged || iteration == stop.limit {
                return Ok(SeparateMixture { components, log_likelihood, objective, converged });
            }
            for (component, moments) in components.iter_mut().zip(moments) {
                moments.maximise(points.count(), &prior, component);
            }
            iteration += 1;
        }
    }

    /// Posterior probability of each component at each point, points x components.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a covariance is singular.
    pub fn posterior(&self, points: &Points) -> Result<Array2<f64>> {
        let densities = Densities::new(&self.components)?;
        let mut posterior = Array2::zeros((points.count(), self.components.len()));
        points.in_blocks_with(&mut posterior, |block, mut rows| {
            let mut values = densities.values(block);
            softmax_columns(&mut values);
            rows.assign(&values.t());
        });
        Ok(posterior)
    }
}

/// Sufficient statistics of one component: total responsibility, and sums of points and of their products.
struct Moments {
    mass: f64,
    sum: Array1<f64>,
    products: Array2<f64>,
}

impl Moments {
    fn plus(mut self, other: &Moments) -> Self {
        self.mass += other.mass;
        self.sum += &other.sum;
        self.products += &other.products;
        self
    }

    /// The most probable parameters. A component with hardly any mass keeps its mean, and has the common covariance.
    fn maximise(self, points: usize, prior: &CovariancePrior, component: &mut Component) {
        component.weight = self.mass / points as f64;
        if self.mass > LEAST_MASS {
            component.mean = self.sum / self.mass;
            let mean = component.mean.view().insert_axis(Axis(1));
            component.covariance = prior.mode(self.products - mean.dot(&mean.t()) * self.mass, self.mass);
        } else {
            component.covariance = prior.mode(Array2::zeros(self.products.raw_dim()), 0.0);
        }
    }
}

/// Weighted log densities of the components.
struct Densities {
    components: Vec<Density>,
}

struct Density {
    /// Lower triangular R with RRᵀ = Σ⁻¹, and μᵀR.
    root: Array2<f64>,
    centre: Array1<f64>,
    precision: Array2<f64>,
    log_determinant: f64,
    /// ln π − ½ (d ln 2π + ln|Σ|).
    height: f64,
}

impl Density {
    fn new(component: &Component) -> Result<Self> {
        let singular = |_| Error::Numeric("a domain's covariance is singular: use fewer domains or dimensions".into());
        let factor = component.covariance.factorizec(UPLO::Lower).map_err(singular)?;
        let (log_determinant, precision) = (factor.ln_detc(), factor.invc()?);
        let root = precision.cholesky(UPLO::Lower).map_err(singular)?;
        let normaliser = component.mean.len() as f64 * (2.0 * std::f64::consts::PI).ln() + log_determinant;
        let height = component.weight.ln() - 0.5 * normaliser;
        if normaliser.is_finite() {
            Ok(Density { centre: component.mean.dot(&root), root, precision, log_determinant, height })
        } else {
            Err(Error::Numeric("the domains' likelihood is not finite: rescale the embedding".into()))
        }
    }
}

impl Densities {
    fn new(components: &[Component]) -> Result<Self> {
        Ok(Densities { components: components.iter().map(Density::new).collect::<Result<_>>()? })
    }

    fn log_prior(&self, prior: &CovariancePrior) -> f64 {
        self.components.iter().map(|own| prior.log_density(own.log_determinant, &own.precision)).sum()
    }

    /// Weighted log densities, components x points of the block.
    fn values(&self, block: ArrayView2<f64>) -> Array2<f64> {
        let mut values = Array2::zeros((self.components.len(), block.nrows()));
        for (component, mut row) in self.components.iter().zip(values.rows_mut()) {
            let whitened = block.dot(&component.root) - &component.centre;
            for (value, point) in row.iter_mut().zip(whitened.rows()) {
                *value = component.height - 0.5 * point.dot(&point);
            }
        }
        values
    }

    /// Posterior moments of all points, by component, and their log-likelihood.
    fn expectation(&self, points: &Points) -> (Vec<Moments>, f64) {
        let parts = points.in_blocks(|block| {
            let mut values = self.values(block);
            let log_normaliser = softmax_columns(&mut values).iter().sum::<f64>();
            let moments: Vec<Moments> = values.rows().into_iter().map(|own| moments_of(block, own)).collect();
            (moments, log_normaliser)
        });
        let log_likelihood = parts.iter().map(|(_, part)| part).sum();
        let add = |total: Vec<Moments>, part: Vec<Moments>| {
            total.into_iter().zip(&part).map(|(total, part)| total.plus(part)).collect()
        };
        let total = parts.into_iter().map(|(moments, _)| moments).reduce(add);
        (total.unwrap_or_default(), log_likelihood)
    }
}

/// Moments of a block of points with the responsibilities of one component.
fn moments_of(block: ArrayView2<f64>, responsibilities: ArrayView1<f64>) -> Moments {
    let weighted = &block * &responsibilities.insert_axis(Axis(1));
    Moments { mass: responsibilities.sum(), sum: weighted.sum_axis(Axis(0)), products: weighted.t().dot(&block) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::order::most_probable;
    use crate::cluster::shrinkage::FIT;
    use crate::cluster::testing::{blobs, in_pool, labels_below};
    use crate::metrics::adjusted_rand_index;
    use proptest::prelude::*;

    fn fit(points: &Points, labels: &[usize], components: usize, stop: Stop) -> Result<SeparateMixture> {
        let tied = Mixture::fit(points, labels, components, FIT, Stop::CONVERGED, &Monitor::silent())?;
        SeparateMixture::fit(points, &tied, stop, &Monitor::silent())
    }

    /// Three round domains, the first three times as wide as the others.
    fn one_wide(spots: usize, seed: u64) -> (Array2<f64>, Vec<usize>) {
        let (noise, _) = blobs(spots, 2, 1, 0.0, seed);
        let labels = labels_below(spots, 3);
        let values = Array2::from_shape_fn((spots, 2), |at| match labels[at.0] {
            0 => 3.0 * noise[at],
            domain => noise[at] + 5.0 * (if (domain == 1) == (at.1 == 0) { 1.0 } else { -0.5 }),
        });
        (values, labels)
    }

    #[test]
    fn domains_of_unlike_spread_are_told_apart_better_than_with_one_covariance() -> Result<()> {
        let (values, truth) = one_wide(3000, 4);
        let points = Points::new(values.view(), "embedding")?;
        let tied = Mixture::fit(&points, &truth, 3, FIT, Stop::CONVERGED, &Monitor::silent())?;
        let separate = SeparateMixture::fit(&points, &tied, Stop::CONVERGED, &Monitor::silent())?;
        let score = |posterior: Array2<f64>| adjusted_rand_index(&truth, &most_probable(&posterior));
        let (tied, own) = (score(tied.posterior(&points)?), score(separate.posterior(&points)?));
        assert!(separate.converged && own > tied + 0.05, "{tied} {own}");
        Ok(())
    }

    #[test]
    fn log_likelihood_is_the_sum_of_log_densities() -> Result<()> {
        let (values, labels) = one_wide(300, 1);
        let points = Points::new(values.view(), "embedding")?;
        let mixture = fit(&points, &labels, 3, Stop::EARLY)?;
        let density = |point: ArrayView1<f64>, own: &Component| {
            let (c, off) = (&own.covariance, &point - &own.mean);
            let determinant = c[[0, 0]] * c[[1, 1]] - c[[0, 1]] * c[[1, 0]];
            let square = off[0] * off[0] * c[[1, 1]] - 2.0 * off[0] * off[1] * c[[0, 1]] + off[1] * off[1] * c[[0, 0]];
            own.weight * (-0.5 * square / determinant).exp() / (2.0 * std::f64::consts::PI * determinant.sqrt())
        };
        let likelihood = |point| mixture.components.iter().map(|own| density(point, own)).sum::<f64>();
        let direct: f64 = points.values().rows().into_iter().map(|point| likelihood(point).ln()).sum();
        assert!((direct - mixture.log_likelihood).abs() < 1e-8 * direct.abs(), "{direct} {}", mixture.log_likelihood);
        Ok(())
    }

    #[test]
    fn an_empty_component_and_collinear_columns_are_survived_on_any_number_of_threads() -> Result<()> {
        let (mut values, _) = blobs(1500, 3, 2, 4.0, 3);
        let twice = &values.column(0) * 2.0;
        values.column_mut(2).assign(&twice);
        let points = Points::new(values.view(), "embedding")?;
        let run = || fit(&points, &labels_below(1500, 2), 3, Stop::CONVERGED);
        let (one, three) = (in_pool(1, run)?, in_pool(3, run)?);
        assert!(one.log_likelihood.is_finite());
        assert_eq!(one.components[2].weight, 0.0);
        assert_eq!(one.log_likelihood.to_bits(), three.log_likelihood.to_bits());
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn the_objective_never_falls(
            seed in 0u64..1000,
            components in 1usize..5,
            dimensions in 1usize..5,
            separation in 0.0f64..5.0,
            scale in -6i32..6,
        ) {
            let (mut values, _) = blobs(120, dimensions, 3, separation, seed);
            values *= 10f64.powi(scale);
            let points = Points::new(values.view(), "embedding").expect("finite");
            let labels = labels_below(120, components);
            let mut before = f64::NEG_INFINITY;
            for limit in 0..20 {
                let fit = fit(&points, &labels, components, Stop { tolerance: 0.0, limit }).expect("fit");
                prop_assert!(fit.objective >= before - 1e-9 * before.abs().max(1.0));
                before = fit.objective;
            }
        }
    }
}
