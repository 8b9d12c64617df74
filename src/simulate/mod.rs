//! Simulated sections with known domains: a lattice of spots, a tissue layout, and counts from markers or a factor
//! model.

mod expression;
mod factor;
mod fields;
mod lattice;
mod layout;
mod niches;
mod params;
mod slices;

pub use factor::Model;
pub use lattice::Lattice;
pub use layout::Layout;
pub use params::Params;
pub use slices::{Simulation, SparseCounts, simulate_slices};
