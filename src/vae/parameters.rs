//! The network's parameters: drawn from a seeded stream, perturbed on request.

use crate::random::{ChaCha8Rng, Stream, stream};
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::Linear;
use rand_distr::{Distribution, StandardNormal};

/// Log variance of the encoder before training: a standard deviation of 0.37, small beside the prior's.
const STARTING_LOG_VARIANCE: f64 = -2.0;

/// Layer widths.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    /// Component scores per spot: input and reconstruction.
    pub input: usize,
    /// Hidden units of encoder and decoder.
    pub hidden: usize,
    /// Latent dimensions.
    pub latent: usize,
}

/// One dense layer, its bias apart: the bias is added together with the activation.
pub struct Layer {
    product: Linear,
    bias: Tensor,
}

impl Layer {
    /// The product with the weights, units in x units out.
    pub fn without_bias(&self) -> &Linear {
        &self.product
    }

    /// One value for each unit.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}

/// The layers of one instance of the network.
pub struct Weights {
    /// First graph convolution, input -> hidden.
    pub encoder_hidden: Layer,
    /// Second graph convolution, hidden -> shift of the latent mean from the prior.
    pub encoder_shift: Layer,
    /// Second graph convolution, hidden -> log variance of the latent variables.
    pub encoder_log_variance: Layer,
    /// Decoder, latent -> hidden.
    pub decoder_hidden: Layer,
    /// Decoder, hidden -> reconstruction.
    pub decoder_output: Layer,
}

/// The trainable parameters: weight and bias of the five layers, in the order of [`Weights`].
pub struct Parameters {
    variables: Vec<Var>,
}

impl Parameters {
    /// Draws starting values under `seed`: Glorot normal weights (Glorot & Bengio 2010), zero biases; the two layers
    /// that give the latent distribution start at zero weights, so that it starts at the prior for every seed.
    pub fn new(widths: Widths, seed: u64, dtype: DType) -> Result<Self> {
        let mut rng = stream(seed, Stream::Weights);
        let Widths { input, hidden, latent } = widths;
        let layers = [
            (glorot(hidden, input, &mut rng)?, constant(hidden, 0.0)?),
            (Tensor::zeros((latent, hidden), DType::F32, &Device::Cpu)?, constant(latent, 0.0)?),
            (Tensor::zeros((latent, hidden), DType::F32, &Device::Cpu)?, constant(latent, STARTING_LOG_VARIANCE)?),
            (glorot(hidden, latent, &mut rng)?, constant(hidden, 0.0)?),
            (glorot(input, hidden, &mut rng)?, constant(input, 0.0)?),
        ];
        let tensors = layers.into_iter().flat_map(|(weight, bias)| [weight, bias]);
        let variables = tensors.map(|tensor| Var::from_tensor(&tensor.to_dtype(dtype)?)).collect::<Result<_>>()?;
        Ok(Parameters { variables })
    }

    /// The variables, for an optimiser.
    pub fn variables(&self) -> &[Var] {
        &self.variables
    }

    /// The network at the current parameters.
    pub fn weights(&self) -> Weights {
        Self::layers(self.variables.iter().map(|variable| variable.as_tensor().clone()).collect())
    }

    /// The network at θ' = θ + ρ‖θ‖ε/‖ε‖, tensor by tensor, with ε standard normal: a nearby instance of the model
    /// (StaR). Gradients reach θ through θ'.
    pub fn perturbed(&self, radius: f64, rng: &mut ChaCha8Rng) -> Result<Weights> {
        let moved = self.variables.iter().map(|variable| {
            let noise = normal(variable.as_tensor(), rng)?;
            let length = |tensor: &Tensor| tensor.sqr()?.sum_all()?.sqrt()?.to_dtype(DType::F64)?.to_scalar::<f64>();
            let scale = radius * length(&variable.as_tensor().detach())? / length(&noise)?.max(f64::MIN_POSITIVE);
            variable.as_tensor() + (noise * scale)?
        });
        Ok(Self::layers(moved.collect::<Result<_>>()?))
    }

    fn layers(tensors: Vec<Tensor>) -> Weights {
        let mut pairs = tensors
            .chunks_exact(2)
            .map(|pair| Layer { product: Linear::new(pair[0].clone(), None), bias: pair[1].clone() });
        let mut next = || pairs.next().expect("five layers of weight and bias");
        Weights {
            encoder_hidden: next(),
            encoder_shift: next(),
            encoder_log_variance: next(),
            decoder_hidden: next(),
            decoder_output: next(),
        }
    }
}

fn constant(length: usize, value: f64) -> Result<Tensor> {
    Tensor::full(value as f32, length, &Device::Cpu)
}

fn glorot(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let deviation = (2.0 / (rows + columns) as f64).sqrt();
    let values: Vec<f32> = (0..rows * columns).map(|_| (deviation * sample(rng)) as f32).collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

fn sample(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Standard normal numbers of the shape and type of `like`.
pub(super) fn normal(like: &Tensor, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let values: Vec<f32> = (0..like.elem_count()).map(|_| StandardNormal.sample(rng)).collect();
    Tensor::from_vec(values, like.shape(), &Device::Cpu)?.to_dtype(like.dtype())
}
