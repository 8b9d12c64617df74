//! The training objective on two augmented views, and what a network expects.

use super::augment::halves;
use super::network::{Encoding, decode, encode, neighbour_codes};
use super::parameters::{Parameters, Weights, normal};
use super::params::{EpochRecord, TrainParams};
use super::sample::{Sample, matrix};
use super::slices::SliceTargets;
use crate::error::{Error, Result};
use crate::loss::{
    consistency, kl_to_prior, prototypical_contrast, reconstruction, similarity_scale_matching, telescope,
};
use crate::monitor::Monitor;
use crate::random::{Stream, substream};
use candle_core::{DType, Tensor};
use ndarray::Array2;

/// Temperature of the prototypical contrast (Spotscape, arXiv 2506.15698).
const TEMPERATURE: f64 = 0.75;

/// The objective on one sample: what stays the same while the parameters move.
pub struct Objective<'a> {
    sample: &'a Sample,
    targets: Option<SliceTargets>,
    params: &'a TrainParams,
    monitor: &'a Monitor<'a>,
}

impl<'a> Objective<'a> {
    /// Of a sample.
    pub fn new(sample: &'a Sample, params: &'a TrainParams, monitor: &'a Monitor<'a>) -> Self {
        Objective { sample, targets: None, params, monitor }
    }

    /// Looks for what the losses between slices compare with in an epoch, where they take part and what was found
    /// before has grown old.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn prepare(&mut self, parameters: &Parameters, epoch: usize) -> Result<()> {
        let (params, batch) = (self.params, &self.sample.batch);
        let several = batch.iter().any(|&own| own != batch[0]) && (params.prototype > 0.0 || params.scale > 0.0);
        let warm = epoch as f64 > params.warm_up * params.epochs as f64;
        if several && warm && SliceTargets::outdated(self.targets.as_ref(), epoch) {
            let expected = self.instance(parameters)?;
            let before = self.targets.take();
            self.targets = Some(SliceTargets::search(expected.view(), batch, params, before, epoch, self.monitor)?);
        }
        Ok(())
    }

    /// The objective and its terms with the views, noise and perturbation of one epoch: the same epoch, parameters and
    /// seed give the same value.
    ///
    /// # Errors
    /// [`Error::Argument`] when every term has weight 0; [`Error::Interrupted`].
    pub fn value(&self, parameters: &Parameters, epoch: usize) -> Result<(Tensor, EpochRecord)> {
        let params = self.params;
        let weights = parameters.weights();
        let mut masks = substream(params.seed, Stream::Masks, epoch as u64);
        let mut noise = substream(params.seed, Stream::Noise, epoch as u64);
        let mut record = EpochRecord { epoch, ..EpochRecord::default() };
        let mut sum = Sum::default();

        let kept = halves(self.sample.scores.dim(0)?, params.mask_rate, &mut masks);
        let codes = neighbour_codes(&weights, self.sample)?;
        let view = |kept: &[f32]| -> Result<Encoding> {
            // Looks for a stop: with 100,000 spots an epoch takes longer than a user should wait.
            self.monitor.check()?;
            Ok(encode(&weights, self.sample, &codes, Some(kept))?)
        };
        let (first, second) = (view(&kept[0])?, view(&kept[1])?);
        record.reconstruction = sum.add(params.reconstruction, || {
            // Antithetic noise: the views' errors of first order cancel.
            let noise = normal(&first.mean, &mut noise)?;
            let error = |view: &Encoding, noise: &Tensor| -> Result<Tensor> {
                let deviation = (&view.log_variance * 0.5)?.exp()?;
                let decoded = decode(&weights, self.sample, &(&view.mean + (deviation * noise)?)?)?;
                Ok(reconstruction(&self.sample.own, &decoded)?)
            };
            Ok(((error(&first, &noise)? + error(&second, &noise.neg()?)?)? * 0.5)?)
        })?;
        record.kl = sum.add(params.kl, || {
            let divergence = |view: &Encoding| {
                kl_to_prior(
                    &view.mean,
                    &view.log_variance,
                    &self.sample.linear,
                    params.prior_scale * params.prior_scale,
                )
            };
            Ok(((divergence(&first)? + divergence(&second)?)? * 0.5)?)
        })?;
        record.telescope = sum.add(params.telescope, || Ok(telescope(&first.mean, &second.mean)?))?;
        record.consistency = sum.add(params.consistency, || {
            let mut rng = substream(params.seed, Stream::Perturbation, epoch as u64);
            let perturbed = parameters.perturbed(params.perturbation, &mut rng)?;
            Ok(consistency(&first.mean, &self.encode(&perturbed, Some(&kept[0]))?.mean)?)
        })?;
        if let Some(targets) = &self.targets {
            record.prototype = sum.add(params.prototype, || {
                let contrast = |view: &Encoding| prototypical_contrast(&view.mean, &targets.levels, TEMPERATURE);
                Ok(((contrast(&first)? + contrast(&second)?)? * 0.5)?)
            })?;
            if let Some(neighbours) = &targets.neighbours {
                record.scale =
                    sum.add(params.scale, || Ok(similarity_scale_matching(&first.mean, &second.mean, neighbours)?))?;
            }
        }
        let loss = sum.total.ok_or_else(|| Error::argument("loss", "has weight 0 for every term"))?;
        record.total = scalar(&loss)?;
        self.monitor.check()?;
        Ok((loss, record))
    }

    /// Codes and all: of an instance that is looked at in one view.
    fn encode(&self, weights: &Weights, kept: Option<&[f32]>) -> Result<Encoding> {
        self.monitor.check()?;
        Ok(encode(weights, self.sample, &neighbour_codes(weights, self.sample)?, kept)?)
    }

    /// What the trained instance and its perturbed neighbours expect on average with all surroundings, rows x latent.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn expected(&self, parameters: &Parameters) -> Result<Array2<f64>> {
        let mut sum = self.mean(&parameters.weights())?;
        for member in 1..self.params.members {
            let mut rng = substream(self.params.seed, Stream::Perturbation, (self.params.epochs + member) as u64);
            sum = (sum + self.mean(&parameters.perturbed(self.params.perturbation, &mut rng)?)?)?;
        }
        matrix(&(sum / self.params.members as f64)?)
    }

    /// What one instance expects.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn instance(&self, parameters: &Parameters) -> Result<Array2<f64>> {
        matrix(&self.mean(&parameters.weights())?)
    }

    fn mean(&self, weights: &Weights) -> Result<Tensor> {
        Ok(self.encode(weights, None)?.mean.detach())
    }
}

/// A weighted sum of loss terms; terms of weight 0 are not computed.
#[derive(Default)]
struct Sum {
    total: Option<Tensor>,
}

impl Sum {
    fn add(&mut self, weight: f64, term: impl FnOnce() -> Result<Tensor>) -> Result<Option<f64>> {
        if weight == 0.0 {
            return Ok(None);
        }
        let term = term()?;
        let value = scalar(&term)?;
        let weighted = (term * weight)?;
        self.total = Some(match self.total.take() {
            Some(total) => (total + weighted)?,
            None => weighted,
        });
        Ok(Some(value))
    }
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.to_dtype(DType::F64)?.to_scalar::<f64>()?)
}
