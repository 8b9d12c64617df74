//! What the surroundings of a spot tell of it, the spot itself left out.
//!
//! A spot shows its domain and what is its own alone: noise, and in single cells the type of cell. Its surroundings
//! show the domain without that, so how well they predict a spot is evidence about the tissue that a spot's own
//! counts cannot give.

mod linear;
mod rings;

pub use linear::{Linear, Sums};
pub use rings::{RINGS, Surroundings};
