//! Training.

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

/// A training under way.
pub(super) struct Training<'a> {
    params: &'a TrainParams,
    parameters: Parameters,
    optimiser: AdamW,
    average: WeightAverage,
    history: Vec<EpochRecord>,
}

impl<'a> Training<'a> {
    /// Before the first epoch, of a section with scores in `latent` dimensions and so many batches.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a tensor cannot be made.
    pub fn new(latent: usize, batches: usize, params: &'a TrainParams) -> Result<Self> {
        let parameters = match params.initialisation {
            Initialisation::Deterministic => Parameters::deterministic(latent)?,
            Initialisation::Random => Parameters::random(latent, params.seed)?,
        };
        let parameters = parameters.with_batches(batches)?;
        let settings =
            ParamsAdamW { lr: params.learning_rate, eps: params.damping, weight_decay: 0.0, ..ParamsAdamW::default() };
        let optimiser = AdamW::new(parameters.variables().to_vec(), settings)?;
        let average = WeightAverage::new(params.epochs, params.averaging);
        Ok(Training { params, parameters, optimiser, average, history: Vec::with_capacity(params.epochs) })
    }

    /// Goes on to epoch `last` with full batches of a sample. After each epoch `go_on` sees its number and the
    /// parameters and may end it.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the user stops it; [`Error::Numeric`] when the loss leaves the finite numbers.
    pub fn on(
        &mut self,
        sample: &Sample,
        last: usize,
        monitor: &Monitor,
        mut go_on: impl FnMut(usize, &Parameters) -> Result<bool>,
    ) -> Result<()> {
        let mut objective = Objective::new(sample, self.params, monitor);
        for epoch in self.history.len() + 1..=last {
            objective.prepare(&self.parameters, epoch)?;
            let (gradients, record) = gradients(&objective, &self.parameters, epoch, self.params.sharpness)?;
            if !record.total.is_finite() {
                return Err(Error::Numeric(format!("the training objective is not finite in epoch {epoch}")));
            }
            self.optimiser.step(&gradients)?;
            self.average.add(epoch, &self.parameters)?;
            let (done, total) = (epoch, self.params.epochs);
            monitor.step(Progress { stage: "training", done, total, objective: Some(record.total) })?;
            self.history.push(record);
            if !go_on(epoch, &self.parameters)? {
                break;
            }
        }
        Ok(())
    }

    /// Ends it with the weights averaged over the last epochs.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a tensor cannot be made, or the last step left the finite numbers: no objective has seen
    /// where it went.
    pub fn finish(self) -> Result<Trained> {
        self.average.assign(&self.parameters)?;
        if self.parameters.values()?.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Error::Numeric("the weights of the network are not finite after the last epoch".to_owned()));
        }
        Ok(Trained { parameters: self.parameters, history: self.history })
    }
}
