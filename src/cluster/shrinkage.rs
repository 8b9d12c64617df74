//! What is thought of a covariance before the points are seen: a conjugate prior, worth some points.
//!
//! A covariance of a few hundred points that repeat their neighbours is known badly, and partitions follow its errors:
//! they change when a tenth of the points is left out. The prior takes part as m further points of covariance C would
//! (the inverse Wishart kernel; Fraley & Raftery 2007, Journal of Classification 24:155):
//!
//!   ln p(Σ) = −½ m (ln|Σ| + tr(Σ⁻¹C)) + constant,  mode with scatter W of n points: (W + mC) / (n + m).

use super::points::Points;
use ndarray::Array2;

/// Points a dimension that the prior of a common covariance is worth while partitions are searched for, and compared.
/// It is drawn towards a sphere. A search must see small domains that differ where there is little variance.
pub(crate) const SEARCH: f64 = 3.0;

/// The same for the fit that follows. It has a partition to begin with, and must not follow single spots away from it.
pub(crate) const FIT: f64 = 20.0;

/// Points a dimension that the prior of a domain's own covariance is worth. It is drawn towards the common one
/// (regularised discriminant analysis, Friedman 1989, Journal of the American Statistical Association 84:165).
const COMMON: f64 = 60.0;

/// A prior of a covariance.
#[derive(Clone, Debug)]
pub(crate) struct CovariancePrior {
    points: f64,
    centre: Array2<f64>,
}

impl CovariancePrior {
    /// A sphere: the mean variance of all `points` shared out among `components`, which in d dimensions divides it by
    /// components^(2/d) (the default of Fraley & Raftery). It is worth `weight` points a dimension.
    pub fn sphere(points: &Points, components: usize, weight: f64) -> Self {
        let width = points.dimensions() as f64;
        let own = points.variance() / (components as f64).powf(2.0 / width);
        CovariancePrior { points: weight * width, centre: Array2::eye(points.dimensions()) * own }
    }

    /// The covariance that all components have in common.
    pub fn common(covariance: &Array2<f64>) -> Self {
        CovariancePrior { points: COMMON * covariance.nrows() as f64, centre: covariance.clone() }
    }

    /// The most probable covariance of points with this sum of squares and products about their mean and this number.
    pub fn mode(&self, scatter: Array2<f64>, mass: f64) -> Array2<f64> {
        (scatter + &self.centre * self.points) / (mass + self.points)
    }

    /// Log density, up to a constant, of a covariance with this log determinant and inverse.
    pub fn log_density(&self, log_determinant: f64, precision: &Array2<f64>) -> f64 {
        -0.5 * self.points * (log_determinant + (precision * &self.centre).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use ndarray::array;
    use ndarray_linalg::{Determinant, Inverse};

    /// The penalised likelihood of n points with scatter W is lower on every side of the mode.
    #[test]
    fn the_mode_is_the_highest_point() -> Result<()> {
        let scatter = array![[90.0, 20.0], [20.0, 40.0]];
        let prior = CovariancePrior::common(&array![[1.0, -0.3], [-0.3, 2.0]]);
        let value = |covariance: &Array2<f64>| -> Result<f64> {
            let (determinant, precision) = (covariance.det()?.ln(), covariance.inv()?);
            Ok(prior.log_density(determinant, &precision) - 0.5 * (30.0 * determinant + (&precision * &scatter).sum()))
        };
        let mode = prior.mode(scatter.clone(), 30.0);
        let highest = value(&mode)?;
        for change in
            [array![[1e-3, 0.0], [0.0, 0.0]], array![[0.0, 0.0], [0.0, 1e-3]], array![[0.0, 1e-3], [1e-3, 0.0]]]
        {
            assert!(value(&(&mode + &change))? < highest && value(&(&mode - &change))? < highest);
        }
        Ok(())
    }
}
