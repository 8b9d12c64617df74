//! What it means for statistics that neighbouring spots are alike.
//!
//! `moran_geary` measures spatial autocorrelation gene by gene. `spatial_null` says what it does to a comparison of
//! domains: by how much the variance of a difference of means grows, and with how many degrees of freedom that is
//! known. For that, tissue is cut into compact `patches` of spots; `covariance` says how alike two patches are
//! under smooth variation of some range, `complement` takes the domains' means off.

mod complement;
mod covariance;
mod moran_geary;
mod patches;
mod spatial_null;

pub use moran_geary::{Autocorrelation, Index, spatial_autocorrelation};
pub(crate) use moran_geary::{morans_i, morans_i_by_chance};
pub use spatial_null::{Inflation, SpatialNull};
