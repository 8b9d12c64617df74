//! The encoder and the decoder.

use super::parameters::{Layer, Weights};
use super::sample::Sample;
use crate::ops::{bias, bias_relu, weighted_means};
use candle_core::{Result, Tensor};
use candle_nn::Module;

/// The distribution of the latent variables, spots x latent.
pub struct Encoding {
    /// Mean: what is linear in the surroundings plus the encoder's shift.
    pub mean: Tensor,
    /// Logarithm of the variance.
    pub log_variance: Tensor,
}

/// The code of each spot within reach of a sample, as a neighbour of others: the same in all views of the sample.
pub fn neighbour_codes(weights: &Weights, sample: &Sample) -> Result<Tensor> {
    hidden_layer(&weights.neighbour, &sample.scores)
}

/// Encodes the spots of a sample from their surroundings alone, from their `neighbour_codes`. `kept` has the weight of
/// each spot within reach as a neighbour; without it all weigh 1.
///
/// Each neighbour is bent before it is averaged, so that a mixture of two types of cell is not the same as a type
/// between them; and their average is bent again, together with the linear expectation m: what is expected of a spot
/// is not linear in noisy surroundings when tissue has domains.
///
/// u_i = relu(W₂ [m_i, Σ_h a_h² · mean over ring h of i of relu(W₁ x_j + b₁)] + b₂)
pub fn encode(weights: &Weights, sample: &Sample, codes: &Tensor, kept: Option<&[f32]>) -> Result<Encoding> {
    let around = weighted_means(&sample.rings, codes, &weights.rings.sqr()?, kept)?;
    let hidden = hidden_layer(&weights.surroundings, &Tensor::cat(&[&sample.linear, &around], 1)?)?;
    let mean = (output_layer(&weights.shift, &hidden)? + &sample.linear)?;
    Ok(Encoding { mean, log_variance: output_layer(&weights.log_variance, &hidden)? })
}

/// Decodes latent variables of the spots of a sample, rows x latent. They are expectations of the scores themselves;
/// what differs between batches all the same is the decoder's to know, so that they need not carry it.
pub fn decode(weights: &Weights, sample: &Sample, latent: &Tensor) -> Result<Tensor> {
    match &weights.batches {
        Some(levels) => latent + levels.index_select(&sample.batch_numbers, 0)?,
        None => Ok(latent.clone()),
    }
}

fn hidden_layer(layer: &Layer, x: &Tensor) -> Result<Tensor> {
    bias_relu(&layer.without_bias().forward(x)?, layer.bias())
}

fn output_layer(layer: &Layer, x: &Tensor) -> Result<Tensor> {
    bias(&layer.without_bias().forward(x)?, layer.bias())
}
