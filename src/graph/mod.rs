//! The spatial graph: which spots are neighbours.

mod build;
mod delaunay;
pub mod diffusion;
mod lattice;
mod nearest;

use crate::error::{Error, Result};

pub use build::{GraphMethod, GraphParams, spatial_graph};
pub(crate) use lattice::equidistant;
pub use nearest::{nearest_to, spacing, typical_reach};

/// An undirected graph over spots without self loops, stored as sorted neighbour lists (compressed rows).
/// Memory is linear in spots and edges. Slices are never joined: the graph is block diagonal over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpatialGraph {
    offsets: Vec<usize>,
    neighbours: Vec<u32>,
}

impl SpatialGraph {
    /// Builds the graph from pairs of spots, made symmetric; duplicates and self loops are dropped.
    pub fn from_edges(spots: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut pairs: Vec<(u32, u32)> = edges
            .into_iter()
            .filter(|(a, b)| a != b)
            .flat_map(|(a, b)| [(a as u32, b as u32), (b as u32, a as u32)])
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut offsets = vec![0; spots + 1];
        for &(spot, _) in &pairs {
            offsets[spot as usize + 1] += 1;
        }
        for spot in 0..spots {
            offsets[spot + 1] += offsets[spot];
        }
        SpatialGraph { offsets, neighbours: pairs.into_iter().map(|(_, neighbour)| neighbour).collect() }
    }

    /// The number of each spot's connected part, from 0 in the order of their first spots.
    pub fn parts(&self) -> Vec<usize> {
        const NONE: usize = usize::MAX;
        let (mut parts, mut count) = (vec![NONE; self.spots()], 0);
        for first in 0..self.spots() {
            if parts[first] != NONE {
                continue;
            }
            parts[first] = count;
            let mut waiting = vec![first];
            while let Some(spot) = waiting.pop() {
                for &other in self.neighbours(spot) {
                    if parts[other as usize] == NONE {
                        parts[other as usize] = count;
                        waiting.push(other as usize);
                    }
                }
            }
            count += 1;
        }
        parts
    }

    /// Builds the graph from neighbour lists as [`SpatialGraph::offsets`] and [`SpatialGraph::all_neighbours`] give
    /// them; made symmetric when they are not.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `graph` when the lists do not fit together.
    pub fn from_lists(offsets: Vec<usize>, neighbours: &[usize]) -> Result<Self> {
        let spots = offsets.len().saturating_sub(1);
        let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        let complete = offsets.first() == Some(&0) && offsets.last() == Some(&neighbours.len());
        if !rising || !complete || neighbours.iter().any(|&neighbour| neighbour >= spots) {
            return Err(Error::argument("graph", "is not a list of neighbours of each spot"));
        }
        let lists =
            (0..spots).flat_map(|spot| neighbours[offsets[spot]..offsets[spot + 1]].iter().map(move |&n| (spot, n)));
        Ok(Self::from_edges(spots, lists))
    }

    /// Number of spots.
    pub fn spots(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Neighbours of one spot, rising.
    pub fn neighbours(&self, spot: usize) -> &[u32] {
        &self.neighbours[self.offsets[spot]..self.offsets[spot + 1]]
    }

    /// Number of neighbours of one spot.
    pub fn degree(&self, spot: usize) -> usize {
        self.offsets[spot + 1] - self.offsets[spot]
    }

    /// Number of undirected edges.
    pub fn edges(&self) -> usize {
        self.neighbours.len() / 2
    }

    /// Start of each spot's neighbours in [`SpatialGraph::all_neighbours`], and its end as the next start.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The neighbour lists of all spots, one after the other.
    pub fn all_neighbours(&self) -> &[u32] {
        &self.neighbours
    }
}
