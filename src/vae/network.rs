//! Encoder and decoder.

use super::parameters::{Layer, Weights};
use crate::ops::{GraphProduct, bias, bias_relu};
use candle_core::{Result, Tensor};
use candle_nn::Module;

/// The distribution of the latent variables, spots x latent.
pub struct Encoding {
    /// Mean: the prior plus the encoder's shift.
    pub mean: Tensor,
    /// Logarithm of the variance.
    pub log_variance: Tensor,
}

/// Encodes graph-averaged component scores `averaged` = Â·x (spots x input); `prior` (spots x latent) is the skip
/// connection.
pub fn encode(weights: &Weights, graph: &GraphProduct, averaged: &Tensor, prior: &Tensor) -> Result<Encoding> {
    let hidden = graph.apply(&hidden_layer(&weights.encoder_hidden, averaged)?)?;
    let mean = (output_layer(&weights.encoder_shift, &hidden)? + prior)?;
    Ok(Encoding { mean, log_variance: output_layer(&weights.encoder_log_variance, &hidden)? })
}

/// Decodes latent variables (spots x latent) to component scores (spots x input).
pub fn decode(weights: &Weights, z: &Tensor) -> Result<Tensor> {
    output_layer(&weights.decoder_output, &hidden_layer(&weights.decoder_hidden, z)?)
}

fn hidden_layer(layer: &Layer, x: &Tensor) -> Result<Tensor> {
    bias_relu(&layer.without_bias().forward(x)?, layer.bias())
}

fn output_layer(layer: &Layer, x: &Tensor) -> Result<Tensor> {
    bias(&layer.without_bias().forward(x)?, layer.bias())
}
