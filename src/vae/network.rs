//! The encoder and the decoder.

use super::parameters::{Layer, Weights};
use super::sample::Sample;
use crate::ops::{bias, bias_relu};
use candle_core::{Result, Tensor};
use candle_nn::Module;

/// The distribution of the latent variables, spots x latent.
pub struct Encoding {
    /// Mean: what is linear in the surroundings plus the encoder's shift.
    pub mean: Tensor,
    /// Logarithm of the variance.
    pub log_variance: Tensor,
}

/// Encodes the spots of a sample from their surroundings alone. `kept` has the weight of each spot within reach as
/// a neighbour, spots x 1; without it all weigh 1.
///
/// Each neighbour is bent before it is averaged, so that a mixture of two types of cell is not the same as a type
/// between them; and their average is bent again, together with the linear expectation m: what is expected of a spot
/// is not linear in noisy surroundings when tissue has domains.
///
/// u_i = relu(W₂ [m_i, Σ_h a_h² · mean over ring h of i of relu(W₁ x_j + b₁)] + b₂)
pub fn encode(weights: &Weights, sample: &Sample, kept: Option<&Tensor>) -> Result<Encoding> {
    let mut code = hidden_layer(&weights.neighbour, &sample.scores)?;
    if let Some(kept) = kept {
        code = code.broadcast_mul(kept)?;
    }
    let mut around: Option<Tensor> = None;
    for (ring, weight) in sample.rings.iter().zip(weights.rings.chunk(sample.rings.len(), 0)?) {
        let mean = ring.apply(&code)?.broadcast_mul(&weight.sqr()?)?;
        around = Some(match around {
            Some(sum) => (sum + mean)?,
            None => mean,
        });
    }
    let parts: Vec<&Tensor> = [&sample.linear].into_iter().chain(&around).collect();
    let hidden = hidden_layer(&weights.surroundings, &Tensor::cat(&parts, 1)?)?;
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
