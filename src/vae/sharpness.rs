//! Sharpness-aware steps (Foret et al. 2021, ICLR): the gradient is taken where, near the parameters, the objective is
//! highest to first order, so that training prefers flat regions.

use super::objective::Objective;
use super::parameters::Parameters;
use super::params::EpochRecord;
use crate::error::Result;
use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};

/// Gradients of the objective of one epoch, and its terms at the parameters themselves.
///
/// With `radius` ρ above 0 the gradients are those at θ + ρ‖θ‖ g/‖g‖, where g is the gradient at θ: the published
/// step with its length relative to that of the parameters. It costs a second pass.
pub(super) fn gradients(
    objective: &Objective,
    parameters: &Parameters,
    epoch: usize,
    radius: f64,
) -> Result<(GradStore, EpochRecord)> {
    let (loss, record) = objective.value(parameters, epoch)?;
    let gradients = loss.backward()?;
    if radius == 0.0 {
        return Ok((gradients, record));
    }
    let variables = parameters.variables();
    let before =
        variables.iter().map(|variable| variable.as_tensor().copy()).collect::<candle_core::Result<Vec<_>>>()?;
    let step = radius * length(before.iter())? / length(slopes(variables, &gradients))?.max(f64::MIN_POSITIVE);
    for (variable, before) in variables.iter().zip(&before) {
        if let Some(slope) = gradients.get(variable) {
            variable.set(&(before + (slope * step)?)?)?;
        }
    }
    let uphill = objective.value(parameters, epoch).and_then(|(loss, _)| Ok(loss.backward()?));
    variables.iter().zip(&before).try_for_each(|(variable, before)| variable.set(before))?;
    Ok((uphill?, record))
}

fn slopes<'a>(variables: &'a [Var], gradients: &'a GradStore) -> impl Iterator<Item = &'a Tensor> {
    variables.iter().filter_map(|variable| gradients.get(variable))
}

/// Euclidean length of all tensors together.
fn length<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Result<f64> {
    let mut squared = 0.0;
    for tensor in tensors {
        squared += tensor.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    }
    Ok(squared.sqrt())
}
