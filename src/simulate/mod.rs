//! Simulated sections with known domains: a lattice of spots, a tissue layout, and counts from markers or a factor
//! model.

mod domains;
mod expression;
mod factor;
mod fields;
mod lattice;
mod layout;
mod model;
mod niches;
mod normal;
mod params;
mod slices;

pub use lattice::Lattice;
pub use layout::Layout;
pub use model::Model;
pub use params::Params;
pub use slices::{Simulation, SparseCounts, simulate_slices};
