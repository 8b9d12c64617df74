//! Linear discriminants: labels of points that are normal within each label, with one covariance.

use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{FactorizeC, InverseC};

/// Ridge of the covariance, as a share of the mean variance.
pub(crate) const RIDGE: f64 = 1e-3;

/// Gaussian discriminants of labels with one covariance.
#[derive(Clone, Debug)]
pub struct Discriminants {
    /// Mean of each label, labels x factors.
    pub means: Array2<f64>,
    /// Cells of each label.
    pub sizes: Array1<f64>,
    /// Covariance within labels, factors x factors.
    pub covariance: Array2<f64>,
    precision: Array2<f64>,
}

impl Discriminants {
    /// From `scores` (cells x factors) and their labels, below `label_count` or missing.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `labels` when fewer than two labels have cells; [`Error::Numeric`] when the
    /// covariance is singular.
    pub fn new(scores: ArrayView2<f64>, labels: &[Option<usize>], label_count: usize) -> Result<Self> {
        let shares = indicator(labels, label_count);
        let sizes = shares.sum_axis(Axis(0));
        if sizes.iter().filter(|&&size| size > 0.0).count() < 2 {
            return Err(Error::argument("labels", "must name at least two different labels"));
        }
        let means = group_means(scores, &shares);
        let covariance = within(scores, &shares, &means);
        Ok(Discriminants { precision: inverse(&covariance, RIDGE)?, covariance, means, sizes })
    }

    /// Posterior of the labels at each point, points x labels.
    pub fn posterior(&self, scores: ArrayView2<f64>) -> Array2<f64> {
        posterior(self.logs(scores, &(&self.sizes / self.sizes.sum()).mapv(f64::ln)))
    }

    /// Log density of each point under each label but for what all labels share, points x labels.
    pub fn log_densities(&self, scores: ArrayView2<f64>) -> Array2<f64> {
        self.logs(scores, &Array1::zeros(self.sizes.len()))
    }

    fn logs(&self, scores: ArrayView2<f64>, log_prior: &Array1<f64>) -> Array2<f64> {
        let slopes = self.means.dot(&self.precision);
        let intercepts: Array1<f64> = (0..self.sizes.len())
            .map(|label| log_prior[label] - 0.5 * slopes.row(label).dot(&self.means.row(label)))
            .collect();
        scores.dot(&slopes.t()) + &intercepts
    }

    /// Squared Mahalanobis distance of each point from the mean of its label.
    pub fn squared_distances(&self, scores: ArrayView2<f64>, labels: &[usize]) -> Vec<f64> {
        let rest = &scores - &self.means.select(Axis(0), labels);
        (rest.dot(&self.precision) * rest).sum_axis(Axis(1)).to_vec()
    }

    /// The same for the points that these discriminants were made from, each as if it had not been among them: otherwise
    /// they would lie nearer to their means than others do, much so where points are few. With n points, m of the label,
    /// S = n Σ and rest r the mean without the point leaves r m/(m−1), the covariance (S − r rᵀ m/(m−1)) / (n−1), whose
    /// inverse is that of a matrix changed by rank one (Sherman and Morrison 1950). Infinite where the point is alone.
    pub fn own_squared_distances(&self, scores: ArrayView2<f64>, labels: &[usize]) -> Vec<f64> {
        let count = labels.len() as f64;
        let without = |(distance, &label): (f64, &usize)| {
            let grown = self.sizes[label] / (self.sizes[label] - 1.0).max(0.0);
            let leverage = distance / count;
            let rest = 1.0 - grown * leverage;
            if rest > 0.0 { (count - 1.0) * grown * grown * leverage / rest } else { f64::INFINITY }
        };
        self.squared_distances(scores, labels).into_iter().zip(labels).map(without).collect()
    }
}

/// Posterior of the labels from log densities with log prior, points x labels.
pub(crate) fn posterior(mut logs: Array2<f64>) -> Array2<f64> {
    for mut row in logs.rows_mut() {
        let largest = row.fold(f64::NEG_INFINITY, |largest, &value| largest.max(value));
        row.mapv_inplace(|value| (value - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
    logs
}

/// 1 where a point has a label, points x labels.
pub(crate) fn indicator(labels: &[Option<usize>], count: usize) -> Array2<f64> {
    let mut shares = Array2::zeros((labels.len(), count));
    for (mut row, label) in shares.rows_mut().into_iter().zip(labels) {
        if let Some(label) = *label {
            row[label] = 1.0;
        }
    }
    shares
}

/// Means of groups; 0 for a group without members.
pub(crate) fn group_means(scores: ArrayView2<f64>, shares: &Array2<f64>) -> Array2<f64> {
    let sizes = shares.sum_axis(Axis(0)).mapv(|size| size.max(1.0));
    shares.t().dot(&scores) / sizes.insert_axis(Axis(1))
}

/// Covariance within groups, over all points that are in one.
pub(crate) fn within(scores: ArrayView2<f64>, shares: &Array2<f64>, means: &Array2<f64>) -> Array2<f64> {
    let members = shares.sum_axis(Axis(1)).insert_axis(Axis(1));
    let rest = (&scores - &shares.dot(means)) * &members;
    rest.t().dot(&rest) / shares.sum().max(1.0)
}

/// Inverse of a covariance with a ridge.
///
/// # Errors
/// [`Error::Numeric`] when it is singular all the same.
pub(crate) fn inverse(covariance: &Array2<f64>, ridge: f64) -> Result<Array2<f64>> {
    let mut regular = covariance.clone();
    let added = ridge * covariance.diag().sum() / covariance.nrows() as f64;
    regular.diag_mut().mapv_inplace(|value| value + added);
    let singular = |_| Error::Numeric("the labels have no variation within: the covariance is 0".into());
    Ok(regular.factorizec(UPLO::Lower).map_err(singular)?.invc()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;

    #[test]
    fn distances_without_a_point_are_those_of_discriminants_made_without_it() -> Result<()> {
        let (scores, truth) = blobs(60, 5, 3, 2.0, 1);
        let labels: Vec<Option<usize>> = truth.iter().copied().map(Some).collect();
        let all = Discriminants::new(scores.view(), &labels, 3)?;
        let found = all.own_squared_distances(scores.view(), &truth);
        for point in [0, 17, 59] {
            let rest: Vec<usize> = (0..60).filter(|&other| other != point).collect();
            let known: Vec<Option<usize>> = rest.iter().map(|&other| labels[other]).collect();
            let without = Discriminants::new(scores.select(Axis(0), &rest).view(), &known, 3)?;
            let own = scores.select(Axis(0), &[point]);
            let expected = without.squared_distances(own.view(), &truth[point..=point])[0];
            // The ridge is the same up to a part of itself.
            assert!((found[point] / expected - 1.0).abs() < 0.01, "{} {expected}", found[point]);
        }
        Ok(())
    }
}
