//! From counts to the leading components of normalised, standardised features.
//!
//! Normalised values are dense for analytic Pearson residuals, so they are never stored: genes are visited one at a
//! time for their statistics ([`features`]) and spots in blocks for the decomposition ([`scale`], [`svd`]).

pub mod features;
pub mod scale;
pub mod svd;

pub use features::{FeatureParams, FeatureSelection, Features, select_features};
pub use scale::{ScaledFeatures, Standardised, standardised_gene};
pub use svd::{Components, leading_components};
