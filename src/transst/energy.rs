//! Energies of the spatial mixture: how badly a component fits a spot, and how badly a label fits its neighbours.

use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{DeterminantC, FactorizeC, SolveC};

/// ½ log det Σ + ½ (v_i − μ_k)ᵀ Σ⁻¹ (v_i − μ_k) of each spot and component, spots x components: minus the log
/// density without its constant d/2 log 2π. The covariance is that of all components.
///
/// # Errors
/// [`Error::Numeric`] when the covariance is not positive definite.
pub fn unary_energies(
    scores: ArrayView2<f64>,
    means: ArrayView2<f64>,
    covariance: &Array2<f64>,
) -> Result<Array2<f64>> {
    let mut energies = Array2::zeros((scores.nrows(), means.nrows()));
    let factor = covariance.factorizec(UPLO::Lower).map_err(|_| singular())?;
    let half_log_determinant = 0.5 * factor.ln_detc();
    for (component, mean) in means.rows().into_iter().enumerate() {
        for (mut row, score) in energies.rows_mut().into_iter().zip(scores.rows()) {
            let offset = &score - &mean;
            let solved = factor.solvec(&offset).map_err(|_| singular())?;
            row[component] = half_log_determinant + 0.5 * offset.dot(&solved);
        }
    }
    if energies.iter().all(|energy| energy.is_finite()) { Ok(energies) } else { Err(singular()) }
}

fn singular() -> Error {
    Error::Numeric("the covariance of the factors is singular: use fewer factors or domains".into())
}

/// −log p(z_i = k | neighbours) of a Potts model with an external field in which a neighbour of another label costs
/// β/2: p ∝ exp(field_k − β/2 · number of neighbours not in k). `posterior` (spots x components) stands for the labels
/// of the neighbours: one column of ones for known labels, otherwise their expected numbers. Neighbours come as a
/// function, as a published graph need not be symmetric.
pub fn potts_energies<'a>(
    neighbours: impl Fn(usize) -> &'a [u32],
    posterior: ArrayView2<f64>,
    interaction: f64,
    field: &Array1<f64>,
) -> Array2<f64> {
    let mut energies = Array2::zeros(posterior.raw_dim());
    for (spot, mut row) in energies.axis_iter_mut(Axis(0)).enumerate() {
        for &neighbour in neighbours(spot) {
            row.zip_mut_with(&posterior.row(neighbour as usize), |energy, share| *energy += 1.0 - share);
        }
        row *= 0.5 * interaction;
        row -= field;
        normalise(row);
    }
    energies
}

/// Adds log Σ exp(−energy), so that exp(−energy) sums to 1.
fn normalise(mut row: ArrayViewMut1<f64>) {
    let least = row.fold(f64::INFINITY, |least, &energy| least.min(energy));
    let shift = row.iter().map(|energy| (least - energy).exp()).sum::<f64>().ln() - least;
    row.mapv_inplace(|energy| energy + shift);
}

/// Posterior exp(−energy) / Σ exp(−energy) of each row, and the sum over rows of log Σ exp(−energy).
pub fn posterior_of(energies: &Array2<f64>) -> (Array2<f64>, f64) {
    let mut posterior = energies.clone();
    let mut log_likelihood = 0.0;
    for mut row in posterior.rows_mut() {
        let least = row.fold(f64::INFINITY, |least, &energy| least.min(energy));
        row.mapv_inplace(|energy| (least - energy).exp());
        let total = row.sum();
        row /= total;
        log_likelihood += total.ln() - least;
    }
    (posterior, log_likelihood)
}
