//! Full-batch training.

use super::average::WeightAverage;
use super::objective::Objective;
use super::parameters::{Initialisation, Parameters};
use super::params::{EpochRecord, TrainParams};
use super::sharpness::gradients;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use candle_core::{Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use ndarray::{Array2, ArrayView2};
use ndarray_linalg::cholesky::{FactorizeC, SolveC, UPLO};
use std::sync::Arc;

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
