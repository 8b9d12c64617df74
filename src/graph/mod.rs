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
        let edges = edges.into_iter().filter(|(a, b)| a != b);
        let pairs: Vec<(u32, u32)> = edges.map(|(a, b)| (a as u32, b as u32)).collect();
        let mut next = vec![0; spots + 1];
        for &(a, b) in &pairs {
            next[a as usize + 1] += 1;
            next[b as usize + 1] += 1;
        }
        (0..spots).for_each(|spot| next[spot + 1] += next[spot]);
        let mut named = vec![0; 2 * pairs.len()];
        for (a, b) in pairs {
            for (spot, other) in [(a, b), (b, a)] {
                named[next[spot as usize]] = other;
                next[spot as usize] += 1;
            }
        }
        Self::without_repeats(spots, &next, &mut named)
    }

    /// The graph of lists one after the other, of which `ends` has the ends: sorted, and each neighbour once.
    fn without_repeats(spots: usize, ends: &[usize], lists: &mut [u32]) -> Self {
        let (mut offsets, mut neighbours) = (Vec::with_capacity(spots + 1), Vec::with_capacity(lists.len()));
        offsets.push(0);
        let mut begin = 0;
        for &end in &ends[..spots] {
            let list = &mut lists[begin..end];
            list.sort_unstable();
            neighbours.extend(list.chunk_by(|a, b| a == b).map(|same| same[0]));
            offsets.push(neighbours.len());
            begin = end;
        }
        neighbours.shrink_to_fit();
        SpatialGraph { offsets, neighbours }
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

    /// The graph of some of the spots, `rows` rising, in their order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut place = vec![u32::MAX; self.spots()];
        rows.iter().enumerate().for_each(|(own, &spot)| place[spot] = own as u32);
        let (mut offsets, mut neighbours) = (vec![0], Vec::new());
        for &spot in rows {
            let kept = self.neighbours(spot).iter().map(|&other| place[other as usize]);
            neighbours.extend(kept.filter(|&own| own != u32::MAX));
            offsets.push(neighbours.len());
        }
        SpatialGraph { offsets, neighbours }
    }

    /// Whether each spot's neighbours rise, are others, and have it among theirs.
    fn is_sound(&self) -> bool {
        // Spots come in order, so that in sound lists the next to name a spot is the next of its own neighbours.
        let mut next = self.offsets[..self.spots()].to_vec();
        (0..self.spots()).all(|spot| {
            self.neighbours(spot).windows(2).all(|pair| pair[0] < pair[1])
                && self.neighbours(spot).iter().all(|&other| {
                    let other = other as usize;
                    let place = next[other];
                    next[other] += 1;
                    other != spot && place < self.offsets[other + 1] && self.neighbours[place] as usize == spot
                })
        })
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
        let given = SpatialGraph { offsets, neighbours: neighbours.iter().map(|&spot| spot as u32).collect() };
        if given.is_sound() {
            return Ok(given);
        }
        let edges = (0..spots).flat_map(|spot| given.neighbours(spot).iter().map(move |&other| (spot, other as usize)));
        Ok(Self::from_edges(spots, edges))
    }

    /// Number of spots.
    pub fn spots(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Neighbours of one spot, rising.
    pub fn neighbours(&self, spot: usize) -> &[u32] {
        &self.neighbours[self.offsets[spot]..self.offsets[spot + 1]]
    }

    /// The spots one, two ... `N` steps from a spot. `seen` holds for each spot the last one whose rings reached it.
    pub fn rings<const N: usize>(&self, spot: usize, seen: &mut [usize]) -> [Vec<usize>; N] {
        let mut rings: [Vec<usize>; N] = std::array::from_fn(|_| Vec::new());
        seen[spot] = spot;
        let mut edge = vec![spot];
        for ring in &mut rings {
            for &near in &edge {
                for far in self.neighbours(near).iter().map(|&far| far as usize) {
                    if seen[far] != spot {
                        seen[far] = spot;
                        ring.push(far);
                    }
                }
            }
            edge.clone_from(ring);
        }
        rings
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_taken_as_they_are_or_made_sound() {
        let graph = SpatialGraph::from_edges(5, [(0, 1), (1, 2), (0, 2), (3, 1)]);
        let lists = |graph: &SpatialGraph| -> Vec<usize> { graph.neighbours.iter().map(|&own| own as usize).collect() };
        assert!(graph.is_sound());
        assert_eq!(SpatialGraph::from_lists(graph.offsets.clone(), &lists(&graph)).unwrap(), graph);
        // One direction only, out of order, twice, and with itself.
        let given = SpatialGraph::from_lists(vec![0, 4, 5, 5, 6, 6], &[2, 1, 1, 0, 2, 1]).unwrap();
        assert_eq!(given, graph);
        assert!(SpatialGraph::from_lists(vec![0, 1], &[1]).is_err());
    }

    #[test]
    fn a_part_keeps_the_edges_within_it() {
        let graph = SpatialGraph::from_edges(5, [(0, 1), (1, 2), (0, 2), (3, 1), (3, 4)]);
        assert_eq!(graph.select(&[0, 2, 3, 4]), SpatialGraph::from_edges(4, [(0, 1), (2, 3)]));
    }

    proptest! {
        /// Whatever the pairs: neighbours are mutual, sorted, each once and never the spot itself, and parts are what
        /// can be reached.
        #[test]
        fn any_pairs_make_a_sound_graph(
            pairs in prop::collection::vec((0usize..20, 0usize..20), 0..60),
            kept in prop::collection::vec(any::<bool>(), 20),
        ) {
            let graph = SpatialGraph::from_edges(20, pairs.iter().copied());
            prop_assert!(graph.is_sound());
            let is_pair = |a: usize, b: usize| a != b && (pairs.contains(&(a, b)) || pairs.contains(&(b, a)));
            let parts = graph.parts();
            for spot in 0..20 {
                for other in 0..20 {
                    let near = graph.neighbours(spot).contains(&(other as u32));
                    prop_assert_eq!(near, is_pair(spot, other));
                    prop_assert!(!near || parts[spot] == parts[other]);
                }
            }
            let rows: Vec<usize> = (0..20).filter(|&spot| kept[spot]).collect();
            let part = graph.select(&rows);
            for (own, &spot) in rows.iter().enumerate() {
                let whole: Vec<usize> = part.neighbours(own).iter().map(|&other| rows[other as usize]).collect();
                let expected: Vec<usize> = rows.iter().copied().filter(|&other| is_pair(spot, other)).collect();
                prop_assert_eq!(whole, expected);
            }
        }
    }
}
