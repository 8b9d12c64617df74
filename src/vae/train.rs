//! Full-batch training.

use super::augment::mask_entries;
use super::network::{Encoding, decode, encode};
use super::parameters::{Parameters, Weights, Widths, normal};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::loss::{consistency, kl_to_prior, reconstruction, telescope};
use crate::monitor::{Monitor, Progress};
use crate::ops::GraphProduct;
use crate::random::{Stream, substream};
use candle_core::{DType, Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use ndarray::{Array2, ArrayView2};
use std::sync::Arc;

/// Weights of the loss terms and settings of the training.
#[derive(Clone, Debug)]
pub struct TrainParams {
    /// Full-batch steps, at least 1.
    pub epochs: usize,
    /// Seed of starting weights, masks, noise and perturbations.
    pub seed: u64,
    /// Hidden units of encoder and decoder.
    pub hidden: usize,
    /// Step size of Adam (Kingma & Ba 2015).
    pub learning_rate: f64,
    /// Share of entries masked in each augmented view, in [0, 1).
    pub mask_rate: f64,
    /// Standard deviation of the prior around its mean, in units of the scores; above 0.
    pub prior_scale: f64,
    /// Weight of the reconstruction error.
    pub reconstruction: f64,
    /// Weight of the divergence from the prior.
    pub kl: f64,
    /// Weight of the similarity telescope.
    pub telescope: f64,
    /// Weight of the consistency between perturbed instances.
    pub consistency: f64,
    /// Length of a parameter perturbation relative to the parameters' length.
    pub perturbation: f64,
    /// Instances whose embeddings are averaged: the trained one and perturbed ones; at least 1.
    pub members: usize,
}

impl Default for TrainParams {
    fn default() -> Self {
        TrainParams {
            epochs: 120,
            seed: 1,
            hidden: 32,
            learning_rate: 5e-3,
            mask_rate: 0.5,
            prior_scale: 1.0,
            reconstruction: 2.0,
            kl: 0.5,
            telescope: 1.0,
            consistency: 1.0,
            perturbation: 0.1,
            members: 4,
        }
    }
}

/// Values of the loss terms in one epoch, unweighted; `None` where a term has weight 0. `total` is weighted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpochRecord {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Weighted sum.
    pub total: f64,
    /// Mean squared reconstruction error, averaged over both views.
    pub reconstruction: Option<f64>,
    /// Divergence from the prior, averaged over both views.
    pub kl: Option<f64>,
    /// Similarity telescope.
    pub telescope: Option<f64>,
    /// Consistency between perturbed instances.
    pub consistency: Option<f64>,
}

/// Result of the training.
pub struct Fitted {
    /// Latent means, spots x latent, averaged over the members.
    pub embedding: Array2<f64>,
    /// One record an epoch.
    pub history: Vec<EpochRecord>,
    /// The trained parameters.
    pub parameters: Parameters,
}

/// What stays the same over the epochs.
struct Task<'a> {
    graph: GraphProduct,
    x: Tensor,
    /// Â·x of the unmasked features.
    averaged: Tensor,
    prior: Tensor,
    params: &'a TrainParams,
    monitor: &'a Monitor<'a>,
}

/// Trains the network on component scores `x` (spots x input) towards the prior means `prior` (spots x latent).
///
/// # Errors
/// [`Error::Interrupted`] when the user stops it; [`Error::Numeric`] when the loss leaves the finite numbers.
pub fn train(
    x: ArrayView2<f64>,
    prior: ArrayView2<f64>,
    graph: Arc<SpatialGraph>,
    params: &TrainParams,
    monitor: &Monitor,
) -> Result<Fitted> {
    let widths = Widths { input: x.ncols(), hidden: params.hidden, latent: prior.ncols() };
    let parameters = Parameters::new(widths, params.seed, DType::F32)?;
    let (graph, x) = (GraphProduct::new(graph), tensor(x)?);
    let averaged = graph.apply(&x)?;
    let task = Task { graph, x, averaged, prior: tensor(prior)?, params, monitor };
    let settings = ParamsAdamW { lr: params.learning_rate, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimiser = AdamW::new(parameters.variables().to_vec(), settings)?;
    let mut history = Vec::with_capacity(params.epochs);
    for epoch in 1..=params.epochs {
        let (loss, record) = task.objective(&parameters, epoch)?;
        if !record.total.is_finite() {
            return Err(Error::Numeric(format!("the training objective is not finite in epoch {epoch}")));
        }
        optimiser.backward_step(&loss)?;
        let (done, total) = (epoch, params.epochs);
        monitor.step(Progress { stage: "training", done, total, objective: Some(record.total) })?;
        history.push(record);
    }
    let embedding = task.embedding(&parameters)?;
    Ok(Fitted { embedding, history, parameters })
}

impl Task<'_> {
    /// The objective of one epoch on two augmented views.
    fn objective(&self, parameters: &Parameters, epoch: usize) -> Result<(Tensor, EpochRecord)> {
        let params = self.params;
        let weights = parameters.weights();
        let mut masks = substream(params.seed, Stream::Masks, epoch as u64);
        let mut noise = substream(params.seed, Stream::Noise, epoch as u64);
        let mut record = EpochRecord { epoch, ..EpochRecord::default() };
        let mut sum = Sum::default();

        let mut view =
            || -> Result<Tensor> { Ok(self.graph.apply(&mask_entries(&self.x, params.mask_rate, &mut masks)?)?) };
        let views = [view()?, view()?];
        let (first, second) = (self.encode(&weights, &views[0])?, self.encode(&weights, &views[1])?);
        record.reconstruction = sum.add(params.reconstruction, || {
            let error = |view: &Encoding, noise: &mut _| -> Result<Tensor> {
                let deviation = (&view.log_variance * 0.5)?.exp()?;
                let z = (&view.mean + (deviation * normal(&view.mean, noise)?)?)?;
                Ok(reconstruction(&self.x, &decode(&weights, &z)?)?)
            };
            Ok(((error(&first, &mut noise)? + error(&second, &mut noise)?)? * 0.5)?)
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
    fn embedding(&self, parameters: &Parameters) -> Result<Array2<f64>> {
        let mut sum = self.encode(&parameters.weights(), &self.averaged)?.mean;
        for member in 1..self.params.members {
            let mut rng = substream(self.params.seed, Stream::Perturbation, (self.params.epochs + member) as u64);
            let perturbed = parameters.perturbed(self.params.perturbation, &mut rng)?;
            sum = (sum + self.encode(&perturbed, &self.averaged)?.mean)?;
        }
        let mean = (sum.detach() / self.params.members as f64)?.to_dtype(DType::F64)?;
        let (spots, latent) = mean.dims2()?;
        let values = mean.flatten_all()?.to_vec1::<f64>()?;
        Array2::from_shape_vec((spots, latent), values).map_err(|error| Error::Numeric(error.to_string()))
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
