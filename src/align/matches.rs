//! Matches: spots of two slices that are among each other's nearest in the joint embedding.

use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::neighbours::{Neighbour, nearest_neighbours};
use ndarray::ArrayView2;

/// Matches below which no map can be told from chance.
const FEWEST: usize = 3;

/// A spot of the moving slice and one of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Row in the moving slice.
    pub spot: usize,
    /// Row in the reference.
    pub reference: usize,
    /// exp(−d² / (r s)) from 1/e to 1, where d is the distance in the embedding, and r and s are those from either spot
    /// to the last of its nearest neighbours in the other slice: what is near depends on how rare the tissue is.
    pub weight: f64,
}

/// All pairs that are among the `count` nearest from both sides, ordered by spot and falling nearness.
///
/// # Errors
/// [`Error::Argument`] naming `nNeighbours` when there are fewer than three; [`Error::Interrupted`].
pub(super) fn mutual_neighbours(
    moving: ArrayView2<f64>,
    reference: ArrayView2<f64>,
    count: usize,
    monitor: &Monitor,
) -> Result<Vec<Match>> {
    let forth = nearest_neighbours(moving, reference, count, monitor)?;
    let back = nearest_neighbours(reference, moving, count, monitor)?;
    let mut matches = Vec::new();
    for (spot, found) in forth.iter().enumerate() {
        for neighbour in found {
            let own = &back[neighbour.target];
            if own.iter().any(|other| other.target == spot) {
                let scale = (farthest(found) * farthest(own)).sqrt();
                let weight = if scale > 0.0 { (-neighbour.squared_distance / scale).exp() } else { 1.0 };
                matches.push(Match { spot, reference: neighbour.target, weight });
            }
        }
    }
    if matches.len() < FEWEST {
        let message = format!(
            "is {count}, and only {} spots of the two slices are among each other's {count} nearest; raise it",
            matches.len()
        );
        return Err(Error::argument("nNeighbours", message));
    }
    Ok(matches)
}

/// Squared distance to the last neighbour.
fn farthest(found: &[Neighbour]) -> f64 {
    found.last().map_or(0.0, |neighbour| neighbour.squared_distance)
}
