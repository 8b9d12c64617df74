//! Loadings of the target that borrow from those of the source.
//!
//! The loadings W (p x q) and factors v of the target's standardised values X (n x p) minimise
//!
//!   ‖X − vWᵀ‖² + λ ‖W − W₀‖²
//!
//! around the source's loadings W₀. Projecting the factors out (variable projection, Golub & Pereyra 1973, SIAM Journal
//! on Numerical Analysis 10:413) leaves ‖X‖² − tr(P XᵀX), P the projection on the columns of W: the first term
//! depends on the subspace alone. For a given subspace the best W is P W₀, so the second is λ (‖W₀‖² − tr(P W₀W₀ᵀ)).
//! Together they are smallest where P spans the leading q eigenvectors of XᵀX + λ W₀W₀ᵀ: the global optimum, without
//! iteration. It is attained when P W₀ has rank q.
//!
//! λ is chosen on a scale that does not depend on the data's: with W₀ scaled so that W₀W₀ᵀ is the covariance the
//! source's factors explain, a share s of the source means λ = n s / (1 − s), and the matrix above is proportional to
//! (1 − s) XᵀX/n + s W₀W₀ᵀ, a mean of two covariances.

use crate::error::{Error, Result};
use argmin::core::{CostFunction, Executor};
use argmin::solver::brent::BrentOpt;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use ndarray_linalg::{Eigh, QR, UPLO};

/// Shares of the source at which the error of held-out spots is looked at before the best is refined.
const GRID: [f64; 11] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0];

/// Most evaluations of Brent's refinement.
const EVALUATIONS: u64 = 30;

/// The problem in a basis that holds the target's leading components and the source's loadings.
#[derive(Clone, Debug)]
pub struct Adaptive {
    /// Orthonormal basis, features x dimensions.
    pub basis: Array2<f64>,
    /// The target's values on the basis, spots x dimensions.
    pub values: Array2<f64>,
    /// The source's loadings on the basis, dimensions x factors.
    pub anchor: Array2<f64>,
}

/// Error of held-out spots along the shares of the source.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// Shares looked at, rising.
    pub shares: Vec<f64>,
    /// Squared error of held-out spots at each, as a share of their sum of squares.
    pub errors: Vec<f64>,
    /// The share of smallest error.
    pub best: f64,
}

impl Adaptive {
    /// The problem of `values` (spots x dimensions on an orthonormal `basis` that holds the columns of `loadings`,
    /// features x factors).
    pub fn new(basis: Array2<f64>, values: Array2<f64>, loadings: ArrayView2<f64>) -> Self {
        let anchor = basis.t().dot(&loadings);
        Adaptive { basis, values, anchor }
    }

    /// An orthonormal basis of the columns of both matrices (features x anything).
    ///
    /// # Errors
    /// [`Error::Numeric`] when the decomposition fails.
    pub fn joint_basis(components: ArrayView2<f64>, loadings: ArrayView2<f64>) -> Result<Array2<f64>> {
        // Twice, so that what is left of the loadings is orthogonal to rounding.
        let mut rest = loadings.to_owned();
        for _ in 0..2 {
            rest = &rest - &components.dot(&components.t().dot(&rest));
        }
        let (directions, triangle) = rest.qr()?;
        let scale = loadings.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let new: Vec<usize> = (0..triangle.ncols().min(triangle.nrows()))
            .filter(|&column| triangle[[column, column]].abs() > 1e-10 * scale)
            .collect();
        let directions = directions.select(Axis(1), &new);
        ndarray::concatenate(Axis(1), &[components.view(), directions.view()])
            .map_err(|error| Error::Numeric(error.to_string()))
    }

    /// Number of factors.
    pub fn factors(&self) -> usize {
        self.anchor.ncols()
    }

    /// XᵀX over the given spots, dimensions x dimensions.
    fn scatter(&self, spots: &[usize]) -> Array2<f64> {
        let rows = self.values.select(Axis(0), spots);
        rows.t().dot(&rows)
    }

    /// The target's values with spots counted `weights` times, scaled so that the weights sum to the number of spots.
    pub fn weighted(&self, weights: &[f64]) -> Array2<f64> {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        let mut values = self.values.clone();
        for (mut row, weight) in values.rows_mut().into_iter().zip(weights) {
            row *= (weight * scale).sqrt();
        }
        values
    }

    /// The best subspace for `values` (spots x dimensions, the target's own or [`Adaptive::weighted`]) and a share of
    /// the source in [0, 1]: orthonormal directions, dimensions x factors.
    ///
    /// # Errors
    /// [`Error::Numeric`] when the eigenproblem fails.
    pub fn solve_share(&self, share: f64, values: ArrayView2<f64>) -> Result<Array2<f64>> {
        self.directions(&(values.t().dot(&values) / values.nrows() as f64), 1.0 - share, share)
    }

    /// Leading eigenvectors of a · scatter + b · W₀W₀ᵀ, dimensions x factors.
    fn directions(&self, scatter: &Array2<f64>, a: f64, b: f64) -> Result<Array2<f64>> {
        let matrix = scatter * a + self.anchor.dot(&self.anchor.t()) * b;
        if matrix.iter().any(|value| !value.is_finite()) {
            return Err(Error::Numeric("the covariance of the target is not finite".into()));
        }
        let (_, vectors) = matrix.eigh(UPLO::Lower)?;
        Ok(vectors.slice(s![.., ..;-1]).slice(s![.., ..self.factors()]).to_owned())
    }

    /// How far directions are from the best for a share of the source: the part of the weighted covariance's image of
    /// them that lies outside, relative to the covariance. 0 at the optimum.
    ///
    /// # Errors
    /// [`Error::Numeric`] when it is not finite.
    pub fn stationarity(&self, directions: &Array2<f64>, share: f64) -> Result<f64> {
        let scatter = self.values.t().dot(&self.values) * ((1.0 - share) / self.values.nrows() as f64);
        let matrix = scatter + &(self.anchor.dot(&self.anchor.t()) * share);
        let image = matrix.dot(directions);
        let outside = &image - &directions.dot(&directions.t().dot(&image));
        let norm = |matrix: &Array2<f64>| matrix.mapv(|value| value * value).sum().sqrt();
        let gradient = norm(&outside) / norm(&matrix).max(f64::MIN_POSITIVE);
        if gradient.is_finite() { Ok(gradient) } else { Err(Error::Numeric("the loadings are not finite".into())) }
    }

    /// The share of the source by cross-validation: spots of each fold (numbered from 0) are reconstructed from
    /// loadings fitted without them, at a fixed grid of shares and then by Brent's method around the best.
    ///
    /// # Errors
    /// As [`Adaptive::solve_share`].
    pub fn cross_validate(&self, folds: &[usize]) -> Result<CrossValidation> {
        let count = folds.iter().max().map_or(0, |last| last + 1);
        let all = self.values.t().dot(&self.values);
        let held: Vec<(Array2<f64>, f64)> = (0..count)
            .map(|fold| {
                let spots: Vec<usize> = (0..folds.len()).filter(|&spot| folds[spot] == fold).collect();
                (self.scatter(&spots), (folds.len() - spots.len()) as f64)
            })
            .collect();
        let search = HeldOut { problem: self, total: all.diag().sum(), all, held };
        let errors: Vec<f64> = GRID.iter().map(|&share| search.error(share)).collect::<Result<_>>()?;
        let least = (0..GRID.len()).reduce(|best, index| if errors[index] < errors[best] { index } else { best });
        let best = least.map_or(Ok(0.0), |index| search.refine(index, errors[index]))?;
        Ok(CrossValidation { shares: GRID.to_vec(), errors, best })
    }

    /// Cosines of the principal angles between a subspace and the source's loadings, falling.
    ///
    /// # Errors
    /// [`Error::Numeric`] when the decomposition fails.
    pub fn principal_cosines(&self, directions: &Array2<f64>) -> Result<Array1<f64>> {
        let (anchor, _) = self.anchor.qr()?;
        let inner = directions.t().dot(&anchor);
        let (squares, _) = inner.t().dot(&inner).eigh(UPLO::Lower)?;
        Ok(squares.iter().rev().map(|square| square.clamp(0.0, 1.0).sqrt()).collect())
    }
}

/// Reconstruction of held-out spots as a function of the share.
struct HeldOut<'a> {
    problem: &'a Adaptive,
    total: f64,
    all: Array2<f64>,
    held: Vec<(Array2<f64>, f64)>,
}

impl HeldOut<'_> {
    fn error(&self, share: f64) -> Result<f64> {
        let mut explained = 0.0;
        for (held, others) in &self.held {
            let scatter = (&self.all - held) / *others;
            let directions = self.problem.directions(&scatter, 1.0 - share, share)?;
            explained += directions.t().dot(&held.dot(&directions)).diag().sum();
        }
        let error = 1.0 - explained / self.total;
        if error.is_finite() { Ok(error) } else { Err(Error::Numeric("the target has no variance".into())) }
    }

    /// Brent's method between the neighbours of the best point of the grid; the point itself where nothing is better.
    fn refine(&self, index: usize, error: f64) -> Result<f64> {
        let (low, high) = (GRID[index.saturating_sub(1)], GRID[(index + 1).min(GRID.len() - 1)]);
        let failed = |error| Error::Numeric(format!("the share of the source cannot be chosen: {error}"));
        let result = Executor::new(Cost(self), BrentOpt::new(low, high).set_tolerance(1e-3, 1e-3))
            .configure(|state| state.max_iters(EVALUATIONS))
            .timer(false)
            .run()
            .map_err(failed)?;
        let state = result.state();
        Ok(match state.param {
            Some(share) if state.cost < error => share,
            _ => GRID[index],
        })
    }
}

struct Cost<'a>(&'a HeldOut<'a>);

impl CostFunction for Cost<'_> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, share: &f64) -> std::result::Result<f64, argmin::core::Error> {
        self.0.error(*share).map_err(|error| argmin::core::Error::msg(error.to_string()))
    }
}
