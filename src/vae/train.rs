//! Full-batch training.

use super::average::WeightAverage;
use super::objective::Objective;
use super::parameters::{Initialisation, Parameters};
use super::params::{EpochRecord, TrainParams};
use super::sample::Sample;
use super::sharpness::gradients;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

/// Result of the training.
pub(super) struct Trained {
    /// The trained parameters.
    pub parameters: Parameters,
    /// One record an epoch.
    pub history: Vec<EpochRecord>,
}

/// Trains the network on a sample. After each epoch `go_on` sees its number and the parameters and may end it.
///
/// # Errors
/// [`Error::Interrupted`] when the user stops it; [`Error::Numeric`] when the loss leaves the finite numbers.
pub(super) fn train(
    sample: &Sample,
    params: &TrainParams,
    monitor: &Monitor,
    mut go_on: impl FnMut(usize, &Parameters) -> Result<bool>,
) -> Result<Trained> {
    let latent = sample.own.dim(1)?;
    let parameters = match params.initialisation {
        Initialisation::Deterministic => Parameters::deterministic(latent)?,
        Initialisation::Random => Parameters::random(latent, params.seed)?,
    };
    let parameters = parameters.with_batches(sample.batches)?;
    let mut objective = Objective::new(sample, params, monitor);
    let settings =
        ParamsAdamW { lr: params.learning_rate, eps: params.damping, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimiser = AdamW::new(parameters.variables().to_vec(), settings)?;
    let mut average = WeightAverage::new(params.epochs, params.averaging);
    let mut history = Vec::with_capacity(params.epochs);
    for epoch in 1..=params.epochs {
        objective.prepare(&parameters, epoch)?;
        let (gradients, record) = gradients(&objective, &parameters, epoch, params.sharpness)?;
        if !record.total.is_finite() {
            return Err(Error::Numeric(format!("the training objective is not finite in epoch {epoch}")));
        }
        optimiser.step(&gradients)?;
        average.add(epoch, &parameters)?;
        let (done, total) = (epoch, params.epochs);
        monitor.step(Progress { stage: "training", done, total, objective: Some(record.total) })?;
        history.push(record);
        if !go_on(epoch, &parameters)? {
            break;
        }
    }
    average.assign(&parameters)?;
    Ok(Trained { parameters, history })
}
