//! The graph variational autoencoder: what surroundings tell of a spot beyond what is linear in them.
//!
//! q(z_i | surroundings of i) = N(m_i + f_i, diag s_i²) with the prior N(m_i, σ² I), where m_i is the best linear
//! expectation of the scores of spot i from those around it (see [`crate::surroundings`]), the spot itself left out,
//! and f the network of [`encode`]; and scores x_i ~ N(z_i, I). So the target is new to the network: it never sees the
//! spot that it tells of. Tiles of tissue that were held out say how far it is to be trusted ([`Evidence`]).

mod augment;
mod average;
mod evidence;
mod learn;
mod network;
mod objective;
mod parameters;
mod params;
mod sample;
mod section;
mod sharpness;
mod slices;
mod train;

pub use evidence::Evidence;
pub use learn::{Network, learn};
pub use network::{Encoding, encode};
pub use objective::Objective;
pub use parameters::{Initialisation, Layer, Parameters, Weights};
pub use params::{EpochRecord, TrainParams};
pub use sample::Sample;
pub use section::Section;
