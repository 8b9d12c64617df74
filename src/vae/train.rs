//! Full-batch training.

use super::average::WeightAverage;
use super::objective::Objective;
use super::parameters::{Initialisation, Parameters};
use super::sharpness::gradients;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use candle_core::{Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use ndarray::{Array2, ArrayView2};
use ndarray_linalg::cholesky::{FactorizeC, SolveC, UPLO};
use std::sync::Arc;

/// Weights of the loss terms and settings of the training.
#[derive(Clone, Debug)]
pub struct TrainParams {
    /// Full-batch steps, at least 1.
    pub epochs: usize,
    /// Seed of starting weights, masks, noise and perturbations.
    pub seed: u64,
    /// How the weights start.
    pub initialisation: Initialisation,
    /// Step size of Adam (Kingma & Ba 2015).
    pub learning_rate: f64,
    /// What Adam adds to the root of the mean squared gradient before it divides by it. With the usual 1e-8 every
    /// weight takes steps of one length, and those whose gradient is mostly the noise of masks and samples walk at
    /// random, to another place with every seed. Far above that noise they hardly move.
    pub damping: f64,
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
    /// Weight of the prototypical contrast; only with several slices.
    pub prototype: f64,
    /// Prototypes of the coarsest of three levels, at least 2.
    pub prototypes: usize,
    /// Weight of the matching of similarity scales between slices; only with several.
    pub scale: f64,
    /// Share of the epochs, the first ones, without the two losses of several slices, in [0, 1].
    pub warm_up: f64,
    /// Length of a parameter perturbation relative to the parameters' length.
    pub perturbation: f64,
    /// Length of the sharpness-aware step relative to the parameters' length; 0 takes plain steps.
    pub sharpness: f64,
    /// Share of the epochs, the last ones, over which the weights are averaged, in [0, 1); 0 keeps the last weights.
    pub averaging: f64,
    /// Instances whose embeddings are averaged: the trained one and perturbed ones; at least 1.
    pub members: usize,
}

impl Default for TrainParams {
    fn default() -> Self {
        TrainParams {
            epochs: 120,
            seed: 1,
            initialisation: Initialisation::Deterministic,
            learning_rate: 5e-3,
            damping: 3e-3,
            mask_rate: 0.5,
            prior_scale: 1.0,
            reconstruction: 2.0,
            kl: 0.5,
            telescope: 1.0,
            consistency: 0.0,
            prototype: 0.1,
            prototypes: 10,
            scale: 0.1,
            warm_up: 0.25,
            perturbation: 0.1,
            sharpness: 0.0,
            averaging: 0.5,
            members: 1,
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
    /// Prototypical contrast, averaged over both views.
    pub prototype: Option<f64>,
    /// Matching of similarity scales.
    pub scale: Option<f64>,
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

/// Trains the network on component scores `x` (spots x input) towards the prior means `prior` (spots x latent); `slice`
/// is the slice number of each spot.
///
/// # Errors
/// [`Error::Interrupted`] when the user stops it; [`Error::Numeric`] when the loss leaves the finite numbers.
pub fn train(
    x: ArrayView2<f64>,
    prior: ArrayView2<f64>,
    slice: &[usize],
    graph: Arc<SpatialGraph>,
    params: &TrainParams,
    monitor: &Monitor,
) -> Result<Fitted> {
    let parameters = match params.initialisation {
        Initialisation::Deterministic => Parameters::deterministic(&least_squares_decoder(x, prior)?)?,
        Initialisation::Random => Parameters::random(x.ncols(), prior.ncols(), params.seed)?,
    };
    let mut objective = Objective::new(x, prior, slice, graph, params, monitor)?;
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
    }
    average.assign(&parameters)?;
    let embedding = objective.embedding(&parameters)?;
    Ok(Fitted { embedding, history, parameters })
}

/// Ridge of the decoder's start, as a share of the mean squared prior: it is there for collinear components.
const DECODER_RIDGE: f64 = 1e-6;

/// The linear map from prior means to scores of least squared error, input x latent.
fn least_squares_decoder(x: ArrayView2<f64>, prior: ArrayView2<f64>) -> Result<Tensor> {
    let mut gram = prior.t().dot(&prior);
    let ridge = DECODER_RIDGE * gram.diag().sum() / gram.nrows() as f64 + f64::MIN_POSITIVE;
    gram.diag_mut().mapv_inplace(|value| value + ridge);
    let factor = gram.factorizec(UPLO::Lower)?;
    let cross = prior.t().dot(&x);
    let mut map = Array2::zeros((x.ncols(), prior.ncols()));
    for (mut row, column) in map.rows_mut().into_iter().zip(cross.columns()) {
        row.assign(&factor.solvec(&column)?);
    }
    let values: Vec<f32> = map.iter().map(|&value| value as f32).collect();
    Ok(Tensor::from_vec(values, map.dim(), &Device::Cpu)?)
}
