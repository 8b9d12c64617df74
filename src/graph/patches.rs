//! Patches of tissue from its graph, where positions are not at hand.

use super::SpatialGraph;
use std::collections::VecDeque;

/// Patch of each spot, numbered from 0: about `size` spots that hang together, or fewer where nothing is left around
/// them. Each grows from the first spot without a patch to its nearest neighbours. Linear in edges.
pub fn patches(graph: &SpatialGraph, size: usize) -> Vec<usize> {
    let mut patch = vec![usize::MAX; graph.spots()];
    let mut count = 0;
    for first in 0..graph.spots() {
        if patch[first] != usize::MAX {
            continue;
        }
        patch[first] = count;
        let (mut members, mut queue) = (1, VecDeque::from([first]));
        while let Some(spot) = queue.pop_front() {
            for &neighbour in graph.neighbours(spot) {
                let neighbour = neighbour as usize;
                if patch[neighbour] == usize::MAX && members < size {
                    patch[neighbour] = count;
                    members += 1;
                    queue.push_back(neighbour);
                }
            }
        }
        count += 1;
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_hang_together_and_cover_all() {
        let graph = SpatialGraph::from_edges(7, [(0, 1), (1, 2), (2, 3), (3, 4), (5, 6)]);
        assert_eq!(patches(&graph, 3), [0, 0, 0, 1, 1, 2, 2]);
        assert_eq!(patches(&graph, 1), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(patches(&SpatialGraph::from_edges(2, []), 9), [0, 1]);
    }
}
