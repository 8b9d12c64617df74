//! The training objective on two augmented views, and the embedding of a network.

use super::augment::masked_views;
use super::network::{Encoding, decode, encode};
use super::parameters::{Parameters, Weights, normal};
use super::params::{EpochRecord, TrainParams};
use super::slices::SliceTargets;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::loss::{
    consistency, kl_to_prior, prototypical_contrast, reconstruction, similarity_scale_matching, telescope,
};
use crate::monitor::Monitor;
use crate::ops::GraphProduct;
use crate::random::{Stream, substream};
use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, ArrayView2};
use std::sync::Arc;

/// Temperature of the prototypical contrast (Spotscape, arXiv 2506.15698).
const TEMPERATURE: f64 = 0.75;

/// The objective of one data set: what stays the same while the parameters move.
pub struct Objective<'a> {
    graph: GraphProduct,
    x: Tensor,
    /// Â·x of the unmasked features.
    averaged: Tensor,
    prior: Tensor,
    /// Slice number of each spot.
    slice: &'a [usize],
    targets: Option<SliceTargets>,
    params: &'a TrainParams,
    monitor: &'a Monitor<'a>,
}

impl<'a> Objective<'a> {
    /// Of component scores `x` (spots x input) and prior means `prior` (spots x latent); `slice` is the slice number of
    /// each spot.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a tensor cannot be made.
    pub fn new(
        x: ArrayView2<f64>,
        prior: ArrayView2<f64>,
        slice: &'a [usize],
        graph: Arc<SpatialGraph>,
        params: &'a TrainParams,
        monitor: &'a Monitor<'a>,
    ) -> Result<Self> {
        let (graph, x) = (GraphProduct::new(graph), tensor(x)?);
        let averaged = graph.apply(&x)?;
        Ok(Objective { graph, x, averaged, prior: tensor(prior)?, slice, targets: None, params, monitor })
    }

    /// Looks for what the losses between slices compare with in an epoch, where they take part and what was found
    /// before has grown old.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn prepare(&mut self, parameters: &Parameters, epoch: usize) -> Result<()> {
        let params = self.params;
        let several = self.slice.iter().any(|&slice| slice > 0) && (params.prototype > 0.0 || params.scale > 0.0);
        let warm = epoch as f64 > params.warm_up * params.epochs as f64;
        if several && warm && SliceTargets::outdated(self.targets.as_ref(), epoch) {
            let embedding = self.instance(parameters)?;
            let before = self.targets.take();
            let targets = SliceTargets::search(embedding.view(), self.slice, params, before, epoch, self.monitor)?;
            self.targets = Some(targets);
        }
        Ok(())
    }

    /// The objective and its terms with the masks, noise and perturbation of one epoch: the same epoch, parameters and
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

        let [first, second] = masked_views(&self.x, params.mask_rate, &mut masks)?;
        let views = [self.graph.apply(&first)?, self.graph.apply(&second)?];
        let (first, second) = (self.encode(&weights, &views[0])?, self.encode(&weights, &views[1])?);
        record.reconstruction = sum.add(params.reconstruction, || {
            // Antithetic noise: the views' errors of first order cancel.
            let noise = normal(&first.mean, &mut noise)?;
            let error = |view: &Encoding, noise: &Tensor| -> Result<Tensor> {
                let deviation = (&view.log_variance * 0.5)?.exp()?;
                let z = (&view.mean + (deviation * noise)?)?;
                Ok(reconstruction(&self.x, &decode(&weights, &z)?)?)
            };
            Ok(((error(&first, &noise)? + error(&second, &noise.neg()?)?)? * 0.5)?)
        })?;
        record.kl = sum.add(params.kl, || {
            let divergence = |view: &Encoding| {
                kl_to_prior(&view.mean, &view.log_variance, &self.prior, params.prior_scale * params.prior_scale)
            };
            Ok(((divergence(&first)? + divergence(&second)?)? * 0.5)?)
        })?;
        record.telescope = sum.add(params.telescope, || Ok(telescope(&first.mean, &second.mean)?))?;
        record.consistency = sum.add(params.consistency, || {
            let mut rng = substream(params.seed, Stream::Perturbation, epoch as u64);
            let perturbed = parameters.perturbed(params.perturbation, &mut rng)?;
            Ok(consistency(&first.mean, &self.encode(&perturbed, &views[0])?.mean)?)
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

    /// Looks for a stop first: with 100,000 spots an epoch takes longer than a user should wait.
    fn encode(&self, weights: &Weights, averaged: &Tensor) -> Result<Encoding> {
        self.monitor.check()?;
        Ok(encode(weights, &self.graph, averaged, &self.prior)?)
    }

    /// Mean embedding of the unmasked features over the trained instance and its perturbed neighbours.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn embedding(&self, parameters: &Parameters) -> Result<Array2<f64>> {
        let mut sum = self.mean(&parameters.weights())?;
        for member in 1..self.params.members {
            let mut rng = substream(self.params.seed, Stream::Perturbation, (self.params.epochs + member) as u64);
            sum = (sum + self.mean(&parameters.perturbed(self.params.perturbation, &mut rng)?)?)?;
        }
        matrix(&(sum / self.params.members as f64)?)
    }

    /// Embedding of the unmasked features by one instance.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn instance(&self, parameters: &Parameters) -> Result<Array2<f64>> {
        matrix(&self.mean(&parameters.weights())?)
    }

    fn mean(&self, weights: &Weights) -> Result<Tensor> {
        Ok(self.encode(weights, &self.averaged)?.mean.detach())
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

/// A matrix as an f32 tensor.
fn tensor(matrix: ArrayView2<f64>) -> Result<Tensor> {
    let values: Vec<f32> = matrix.iter().map(|&value| value as f32).collect();
    Ok(Tensor::from_vec(values, matrix.dim(), &Device::Cpu)?)
}

fn matrix(tensor: &Tensor) -> Result<Array2<f64>> {
    let shape = tensor.dims2()?;
    let values = tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    Array2::from_shape_vec(shape, values).map_err(|error| Error::Numeric(error.to_string()))
}
