//! Encoder and decoder.

use super::graph_product::GraphProduct;
use super::parameters::Weights;
use candle_core::{Result, Tensor};
use candle_nn::Module;

/// The distribution of the latent variables, spots x latent.
pub struct Encoding {
    /// Mean: the prior plus the encoder's shift.
    pub mean: Tensor,
    /// Logarithm of the variance.
    pub log_variance: Tensor,
}

/// Encodes component scores `x` (spots x input); `prior` (spots x latent) is the skip connection.
pub fn encode(weights: &Weights, graph: &GraphProduct, x: &Tensor, prior: &Tensor) -> Result<Encoding> {
    let hidden = weights.encoder_hidden.forward(&graph.apply(x)?)?.relu()?;
    let hidden = graph.apply(&hidden)?;
    let mean = (weights.encoder_shift.forward(&hidden)? + prior)?;
    Ok(Encoding { mean, log_variance: weights.encoder_log_variance.forward(&hidden)? })
}

/// Decodes latent variables (spots x latent) to component scores (spots x input).
pub fn decode(weights: &Weights, z: &Tensor) -> Result<Tensor> {
    weights.decoder_output.forward(&weights.decoder_hidden.forward(z)?.relu()?)
}
