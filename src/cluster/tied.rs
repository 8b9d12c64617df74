//! Gaussian components that share one covariance: their most probable parameters from responsibilities, and
//! the linear discriminants that give responsibilities back.
//!
//! The total scatter S = XᵀX / n of centred points does not depend on who belongs where. So the pooled covariance is
//! W = S − Σ_k π_k μ_k μ_kᵀ, which the prior draws towards a sphere (see [`super::shrinkage`]). Since xᵀΣ⁻¹x is the
//! same for all components, x·(Σ⁻¹μ_k) − ½ μ_kᵀΣ⁻¹μ_k is all that tells them apart: an iteration costs O(n k d) instead
//! of O(n k d²). This is model EEE of mclust (Scrucca et al. 2016, The R Journal 8:289) with a prior.

use super::exponential::exponentials;
use super::points::Points;
use super::shrinkage::CovariancePrior;
use crate::error::{Error, Result};
use crate::vectorized::vectorized;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{DeterminantC, FactorizeC, InverseC};

/// Below this mass a component's mean is not estimated any more: it stays where it was.
pub(super) const LEAST_MASS: f64 = 1e-9;

/// Sufficient statistics of the responsibilities.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// Total responsibility of each component; sums to the number of points.
    pub masses: Array1<f64>,
    /// Responsibility-weighted sums of points, components x dimensions.
    pub sums: Array2<f64>,
}

impl Moments {
    fn zeros(components: usize, dimensions: usize) -> Self {
        Moments { masses: Array1::zeros(components), sums: Array2::zeros((components, dimensions)) }
    }

    /// Adds the parts in the given order.
    pub fn total(parts: impl IntoIterator<Item = Moments>, components: usize, dimensions: usize) -> Self {
        parts.into_iter().fold(Moments::zeros(components, dimensions), |mut total, part| {
            total.masses += &part.masses;
            total.sums += &part.sums;
            total
        })
    }

    /// Moments of a block of points with its responsibilities (components x points).
    pub fn of_block(block: ArrayView2<f64>, responsibilities: ArrayView2<f64>) -> Self {
        Moments { masses: responsibilities.sum_axis(Axis(1)), sums: responsibilities.dot(&block) }
    }

    /// Moments of hard labels, each below `components`.
    pub fn of_labels(points: &Points, labels: &[usize], components: usize) -> Self {
        let mut moments = Moments::zeros(components, points.dimensions());
        labels.iter().for_each(|&label| moments.masses[label] += 1.0);
        let values = points.values().as_standard_layout();
        if let (Some(values), Some(sums)) = (values.as_slice(), moments.sums.as_slice_mut()) {
            vectorized(
                #[inline(always)]
                || add_rows(values, labels, points.dimensions(), sums),
            );
        }
        moments
    }
}

/// Gaussian components with one covariance, in the coordinates of the centred points.
#[derive(Clone, Debug)]
pub struct TiedGaussians {
    /// Share of each component; sums to 1.
    pub weights: Array1<f64>,
    /// Means, components x dimensions.
    pub means: Array2<f64>,
    /// The covariance of every component, dimensions x dimensions.
    pub covariance: Array2<f64>,
}

impl TiedGaussians {
    /// The most probable parameters. A component with hardly any mass keeps its mean of `before` (the origin where
    /// there is none): it can then neither divide by zero nor come back from nothing.
    pub(crate) fn from_moments(
        points: &Points,
        moments: &Moments,
        prior: &CovariancePrior,
        before: Option<&TiedGaussians>,
    ) -> Self {
        let weights = &moments.masses / points.count() as f64;
        let mut means = moments.sums.clone();
        for (component, mut mean) in means.rows_mut().into_iter().enumerate() {
            let mass = moments.masses[component];
            if mass > LEAST_MASS {
                mean /= mass;
            } else {
                match before {
                    Some(before) => mean.assign(&before.means.row(component)),
                    None => mean.fill(0.0),
                }
            }
        }
        let weighted = &means * &weights.view().insert_axis(Axis(1));
        let within = points.scatter() - &means.t().dot(&weighted);
        let spots = points.count() as f64;
        let covariance = prior.mode(within * spots, spots);
        TiedGaussians { weights, means, covariance }
    }

    /// Discriminants with the mixture's own weights as prior.
    ///
    /// # Errors
    /// [`Error::Numeric`] when the covariance is not positive definite.
    pub(crate) fn discriminants(&self, points: &Points) -> Result<Discriminants> {
        self.discriminants_with(points, &self.weights.mapv(f64::ln))
    }

    /// Discriminants with given log weights of the components.
    ///
    /// # Errors
    /// [`Error::Numeric`] when the covariance is not positive definite.
    pub(crate) fn discriminants_with(&self, points: &Points, log_weights: &Array1<f64>) -> Result<Discriminants> {
        let factor = self.covariance.factorizec(UPLO::Lower).map_err(|_| {
            Error::Numeric("the domains' common covariance is singular: use fewer domains or dimensions".into())
        })?;
        let precision = factor.invc()?;
        let slopes = self.means.dot(&precision);
        let half_norms = (&self.means * &slopes).sum_axis(Axis(1)) * 0.5;
        let quadratic = (&precision * points.scatter()).sum();
        let log_determinant = factor.ln_detc();
        let normaliser = points.dimensions() as f64 * (2.0 * std::f64::consts::PI).ln() + log_determinant;
        let constant = -0.5 * points.count() as f64 * (quadratic + normaliser);
        if !constant.is_finite() {
            return Err(Error::Numeric("the domains' likelihood is not finite: rescale the embedding".into()));
        }
        let intercepts = (log_weights - &half_norms).insert_axis(Axis(1));
        Ok(Discriminants { slopes, intercepts, constant, log_determinant, precision })
    }
}

/// Linear functions whose softmax is the posterior of the components.
///
/// Blocks of values have a component in each row: the softmax then runs along memory over many points at once.
pub(crate) struct Discriminants {
    /// Components x dimensions.
    slopes: Array2<f64>,
    /// Components x 1.
    intercepts: Array2<f64>,
    /// What the sum of the log normalisers lacks to the log-likelihood of all points.
    pub constant: f64,
    /// Log determinant of the covariance.
    pub log_determinant: f64,
    /// Inverse of the covariance, dimensions x dimensions.
    pub precision: Array2<f64>,
}

impl Discriminants {
    /// Number of components.
    pub fn components(&self) -> usize {
        self.slopes.nrows()
    }

    /// Values of the discriminants, components x points of the block.
    pub fn values(&self, block: ArrayView2<f64>) -> Array2<f64> {
        self.slopes.dot(&block.t()) + &self.intercepts
    }

    /// Posterior moments of all points and their log-likelihood.
    pub fn expectation(&self, points: &Points) -> (Moments, f64) {
        let parts = points.in_blocks(|block| {
            let mut values = self.values(block);
            let log_normaliser = softmax_columns(&mut values).iter().sum::<f64>();
            (Moments::of_block(block, values.view()), log_normaliser)
        });
        let log_likelihood = parts.iter().map(|(_, part)| part).sum::<f64>() + self.constant;
        let moments = parts.into_iter().map(|(part, _)| part);
        (Moments::total(moments, self.components(), points.dimensions()), log_likelihood)
    }

    /// Log density of every point.
    pub fn log_densities(&self, points: &Points) -> Vec<f64> {
        let normaliser = points.dimensions() as f64 * (2.0 * std::f64::consts::PI).ln() + self.log_determinant;
        let parts = points.in_blocks(|block| {
            let quadratic = (&block.dot(&self.precision) * &block).sum_axis(Axis(1));
            let log_normalisers = softmax_columns(&mut self.values(block));
            (log_normalisers - (quadratic + normaliser) * 0.5).to_vec()
        });
        parts.concat()
    }

    /// Posterior of every point, points x components.
    pub fn posterior(&self, points: &Points) -> Array2<f64> {
        let mut posterior = Array2::zeros((points.count(), self.components()));
        points.in_blocks_with(&mut posterior, |block, mut rows| {
            let mut values = self.values(block);
            softmax_columns(&mut values);
            rows.assign(&values.t());
        });
        posterior
    }
}

/// Replaces the log weights in each column by weights that sum to 1 and returns the logs of what they summed to.
pub(super) fn softmax_columns(values: &mut Array2<f64>) -> Array1<f64> {
    let columns = values.ncols();
    if columns == 0 {
        return Array1::zeros(0);
    }
    let mut largest = vec![f64::NEG_INFINITY; columns];
    let mut total = vec![0.0; columns];
    if !values.is_standard_layout() {
        *values = values.as_standard_layout().into_owned();
    }
    if let Some(flat) = values.as_slice_mut() {
        vectorized(
            #[inline(always)]
            || softmax_of_rows(flat, &mut largest, &mut total),
        );
    }
    Array1::from(largest) + Array1::from(total).mapv(f64::ln)
}

/// Adds each row of `values` to the row of `sums` that its label names; both have `width` columns.
#[inline(always)]
fn add_rows(values: &[f64], labels: &[usize], width: usize, sums: &mut [f64]) {
    for (value, &label) in values.chunks_exact(width).zip(labels) {
        let sum = &mut sums[label * width..][..width];
        sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
    }
}

/// The softmax across rows that lie one after the other, each as long as `largest` and `total`.
#[inline(always)]
fn softmax_of_rows(flat: &mut [f64], largest: &mut [f64], total: &mut [f64]) {
    let columns = largest.len();
    for row in flat.chunks_exact(columns) {
        largest.iter_mut().zip(row).for_each(|(largest, &value)| *largest = largest.max(value));
    }
    for row in flat.chunks_exact_mut(columns) {
        row.iter_mut().zip(&*largest).for_each(|(value, largest)| *value -= largest);
        exponentials(row);
        total.iter_mut().zip(&*row).for_each(|(total, value)| *total += value);
    }
    for row in flat.chunks_exact_mut(columns) {
        row.iter_mut().zip(&*total).for_each(|(value, total)| *value /= total);
    }
}
