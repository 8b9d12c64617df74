//! The network's parameters: drawn from a seeded stream, perturbed on request.

use crate::random::{ChaCha8Rng, Stream, stream};
use crate::surroundings::RINGS;
use candle_core::{DType, Device, Result, Tensor, Var, bail};
use candle_nn::Linear;
use rand_distr::{Distribution, StandardNormal};

/// Log variance of the encoder before training: a standard deviation of 0.37, small beside the prior's.
const STARTING_LOG_VARIANCE: f64 = -2.0;

/// How the weights start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialisation {
    /// Without a random number: see [`Parameters::deterministic`].
    Deterministic,
    /// Drawn under the seed: see [`Parameters::random`].
    Random,
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
    /// Of each neighbour, scores -> code.
    pub neighbour: Layer,
    /// Of what is linear in the surroundings and the averaged codes, both -> hidden.
    pub surroundings: Layer,
    /// Hidden -> shift of the latent mean.
    pub shift: Layer,
    /// Hidden -> log variance of the latent variables.
    pub log_variance: Layer,
    /// Roots of the weights of the rings around a spot, so that weights are never negative.
    pub rings: Tensor,
    /// Level of each batch, batches x latent; none with one batch.
    pub batches: Option<Tensor>,
}

/// Tensors of a network for one batch: weight and bias of four layers, and the rings.
const TENSORS: usize = 9;

/// The trainable parameters: weight and bias of the four layers in the order of [`Weights`], the rings, and with
/// several batches their levels.
pub struct Parameters {
    variables: Vec<Var>,
}

impl Parameters {
    /// A start for `latent` scores that draws nothing. Every score has two units, its positive and its negative part,
    /// so that the layers hold all of their input: relu(x) − relu(−x) = x; nearer rings weigh more; and the layers that
    /// give the latent distribution have zero weights: at the start it is what is linear in the surroundings.
    pub fn deterministic(latent: usize) -> Result<Self> {
        let parts = both_parts(latent)?;
        let code = Tensor::eye(2 * latent, DType::F32, &Device::Cpu)?;
        let above = Tensor::cat(&[&parts, &parts.zeros_like()?.pad_with_zeros(1, 0, latent)?], 1)?;
        let below = Tensor::cat(&[&parts.zeros_like()?, &code], 1)?;
        Self::from_layers(latent, parts, Tensor::cat(&[above, below], 0)?)
    }

    /// The usual start: Glorot normal weights (Glorot & Bengio 2010) drawn under `seed` and zero biases, of the shapes
    /// of [`Parameters::deterministic`] and as there at what is linear.
    pub fn random(latent: usize, seed: u64) -> Result<Self> {
        let mut rng = stream(seed, Stream::Weights);
        let neighbour = glorot(2 * latent, latent, &mut rng)?;
        let surroundings = glorot(4 * latent, 3 * latent, &mut rng)?;
        Self::from_layers(latent, neighbour, surroundings)
    }

    /// The same with a level of 0 for each of several batches.
    pub fn with_batches(mut self, batches: usize) -> Result<Self> {
        let latent = self.variables[TENSORS - 2].elem_count();
        if batches > 1 {
            self.variables.push(Var::zeros((batches, latent), DType::F32, &Device::Cpu)?);
        }
        Ok(self)
    }

    fn from_layers(latent: usize, neighbour: Tensor, surroundings: Tensor) -> Result<Self> {
        let silent = Tensor::zeros((latent, 4 * latent), DType::F32, &Device::Cpu)?;
        let layers = [
            (neighbour, constant(2 * latent, 0.0)?),
            (surroundings, constant(4 * latent, 0.0)?),
            (silent.clone(), constant(latent, 0.0)?),
            (silent, constant(latent, STARTING_LOG_VARIANCE)?),
        ];
        let sum = (RINGS * (RINGS + 1) / 2) as f32;
        let rings: Vec<f32> = (0..RINGS).map(|ring| ((RINGS - ring) as f32 / sum).sqrt()).collect();
        let layers = layers.into_iter().flat_map(|(weight, bias)| [weight, bias]);
        Self::from_tensors(layers.chain([Tensor::new(rings, &Device::Cpu)?]))
    }

    fn from_tensors(tensors: impl IntoIterator<Item = Tensor>) -> Result<Self> {
        Ok(Parameters {
            variables: tensors.into_iter().map(|tensor| Var::from_tensor(&tensor)).collect::<Result<_>>()?,
        })
    }

    /// From values as [`Parameters::values`] gives them, of the shapes that `latent` asks for.
    ///
    /// # Errors
    /// An error that tells which tensor has another number of values.
    pub fn from_values(latent: usize, values: &[Vec<f64>]) -> Result<Self> {
        let batches = values.get(TENSORS).map_or(1, |levels| levels.len() / latent.max(1));
        let shapes = Self::deterministic(latent)?.with_batches(batches)?.variables;
        if values.len() != shapes.len() {
            bail!("{} tensors instead of {}", values.len(), shapes.len());
        }
        let tensor = |(values, like): (&Vec<f64>, &Var)| {
            if values.len() != like.elem_count() {
                bail!("a tensor of {} values instead of {}", values.len(), like.elem_count());
            }
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            Tensor::from_vec(values, like.shape(), &Device::Cpu)
        };
        Self::from_tensors(values.iter().zip(&shapes).map(tensor).collect::<Result<Vec<_>>>()?)
    }

    /// The values of every tensor: weight (by row, a row for each unit) and bias of the four layers, the rings, and the
    /// levels of batches (by row, a row for each batch) where there are several.
    pub fn values(&self) -> Result<Vec<Vec<f64>>> {
        let values = |variable: &Var| variable.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
        self.variables.iter().map(values).collect()
    }

    /// A random direction in the space of the parameters, normalised by filter (Li et al. 2018, NeurIPS): the weights
    /// of every unit have the length of that unit's own weights, and biases stay. Steps along it mean the same for
    /// networks of any scale.
    pub fn direction(&self, rng: &mut ChaCha8Rng) -> Result<Vec<Tensor>> {
        let length = |rows: &Tensor| rows.sqr()?.sum_keepdim(1)?.sqrt();
        let direction = |variable: &Var| -> Result<Tensor> {
            let own = variable.as_detached_tensor();
            if own.rank() < 2 {
                return own.zeros_like();
            }
            let noise = normal(&own, rng)?;
            let scale = (length(&own)? / (length(&noise)? + f64::from(f32::MIN_POSITIVE))?)?;
            noise.broadcast_mul(&scale)
        };
        self.variables.iter().map(direction).collect()
    }

    /// The parameters moved by steps along directions.
    pub fn moved(&self, steps: &[(f64, &[Tensor])]) -> Result<Self> {
        let tensors = self.variables.iter().enumerate().map(|(index, variable)| {
            let start = variable.as_detached_tensor();
            steps.iter().try_fold(start, |sum, (step, direction)| sum + (&direction[index] * *step)?)
        });
        Self::from_tensors(tensors.collect::<Result<Vec<_>>>()?)
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
        let mut pairs = tensors[..TENSORS - 1]
            .chunks_exact(2)
            .map(|pair| Layer { product: Linear::new(pair[0].clone(), None), bias: pair[1].clone() });
        let mut next = || pairs.next().expect("four layers of weight and bias");
        Weights {
            neighbour: next(),
            surroundings: next(),
            shift: next(),
            log_variance: next(),
            rings: tensors[TENSORS - 1].clone(),
            batches: tensors.get(TENSORS).cloned(),
        }
    }
}

/// Weights of 2 x `width` units, the positive and the negative part of each input.
fn both_parts(width: usize) -> Result<Tensor> {
    let identity = Tensor::eye(width, DType::F32, &Device::Cpu)?;
    Tensor::cat(&[&identity, &identity.neg()?], 0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::assert_close;

    #[test]
    fn values_come_back_and_other_shapes_do_not() {
        let parameters = Parameters::random(3, 7).unwrap();
        let values = parameters.values().unwrap();
        assert_eq!(Parameters::from_values(3, &values).unwrap().values().unwrap(), values);
        assert!(Parameters::from_values(4, &values).is_err());
        assert!(Parameters::from_values(3, &values[1..]).is_err());
        let several = Parameters::random(3, 7).unwrap().with_batches(2).unwrap();
        assert_eq!(several.values().unwrap()[9], vec![0.0; 6]);
        let again = Parameters::from_values(3, &several.values().unwrap()).unwrap();
        assert!(again.weights().batches.is_some() && parameters.weights().batches.is_none());
        assert_ne!(Parameters::random(3, 8).unwrap().values().unwrap(), values);
    }

    #[test]
    fn directions_have_the_length_of_every_unit_and_leave_biases() {
        let parameters = Parameters::deterministic(3).unwrap();
        let direction = parameters.direction(&mut stream(1, Stream::Direction)).unwrap();
        let lengths = |rows: &Tensor| rows.sqr().unwrap().sum(1).unwrap();
        for (variable, direction) in parameters.variables().iter().zip(&direction) {
            let own = variable.as_tensor();
            if own.rank() == 2 {
                assert_close(&lengths(direction), &lengths(own), 1e-4);
            } else {
                assert_close(direction, &own.zeros_like().unwrap(), 0.0);
            }
        }
        let there = parameters.moved(&[(0.5, &direction), (-0.25, &direction)]).unwrap();
        let back = there.moved(&[(-0.25, &direction)]).unwrap();
        for (back, start) in back.variables().iter().zip(parameters.variables()) {
            assert_close(back.as_tensor(), start.as_tensor(), 1e-6);
        }
    }
}
