//! Types of spots: a nonlinear code of each spot before anything is averaged.

use crate::cluster::{KMeans, Points};
use crate::error::Result;
use crate::monitor::Monitor;
use ndarray::ArrayView2;

/// Number of types. On single cells they are types of cell; more and fewer (8 to 25) give much the same domains.
const TYPES: usize = 20;
/// Spots that a type takes: smaller sections have no types, as shares of types that hold a few spots each are noise.
const SPOTS_A_TYPE: usize = 50;
/// Starts, and the seed their centres are drawn from: fixed, as domains must not depend on the user's seed.
const STARTS: usize = 5;
const FIXED_SEED: u64 = 20_261_125;

/// The type of each spot by k-means of its own scores, not averaged (spots x dimensions); none where the section has
/// fewer than 1000 spots or all spots are alike.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub(super) fn types(scores: ArrayView2<f64>, monitor: &Monitor) -> Result<Vec<usize>> {
    if scores.nrows() < TYPES * SPOTS_A_TYPE || scores.ncols() == 0 {
        return Ok(Vec::new());
    }
    let points = Points::new(scores, "x")?;
    Ok(KMeans::search(&points, TYPES, STARTS, FIXED_SEED, monitor)?.labels)
}
