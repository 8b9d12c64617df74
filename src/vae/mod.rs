//! The graph variational autoencoder over component scores.
//!
//! Encoder: two graph convolutions with the spatial prior as a skip connection,
//! q(z_i | X, A) = N(m_i + f(X, A)_i, diag s_i²), whose last layer starts at zero, so that every seed starts from the
//! same function. Decoder: a multilayer perceptron back to the component scores.

mod augment;
mod average;
mod network;
mod objective;
mod parameters;
mod params;
mod sharpness;
mod slices;
mod train;

pub use network::{Encoding, decode, encode};
pub use objective::Objective;
pub use parameters::{Initialisation, Layer, Parameters, Weights};
pub use params::{EpochRecord, TrainParams};
pub use train::{Fitted, train};
