//! Tissue domains in spatial transcriptomics that do not depend on the random seed.
//!
//! Data flows one way:
//! counts -> graph -> features -> prior and codes -> model -> embedding -> views -> domains.
//! One module per idea; the file that carries an operation carries its name. Nothing here knows about R.

pub mod align;
pub mod autocorrelation;
pub mod batches;
pub mod bootstrap;
pub mod cluster;
pub mod composition;
pub mod counts;
pub mod deconvolution;
pub mod discriminants;
pub mod error;
pub mod fit;
pub mod graph;
pub mod impute;
pub mod loss;
pub mod markers;
mod median;
pub mod metrics;
pub mod monitor;
pub mod neighbours;
pub mod normalise;
pub mod ops;
mod orientation;
pub mod preprocess;
pub mod prior;
pub mod project;
pub mod pseudotime;
pub mod random;
pub mod simulate;
pub mod stability;
pub mod surface;
pub mod surroundings;
pub mod threads;
pub mod tiles;
pub mod transst;
pub mod vae;
mod vectorized;
pub mod views;

pub use error::{Error, Result};
