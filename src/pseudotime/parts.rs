//! The spots that links join to the root.

use super::Root;
use crate::graph::SpatialGraph;

/// Spots of the connected part that holds the root, rising. Of the parts over which a root domain is spread, the one
/// with most of its spots; of equal ones the first.
pub fn part_of_root(graph: &SpatialGraph, labels: &[Option<usize>], root: Root) -> Vec<usize> {
    let parts = graph.parts();
    let own = match root {
        Root::Spot(spot) => parts[spot],
        Root::Domain(domain) => {
            let mut sizes = vec![0usize; graph.spots()];
            for (&part, _) in parts.iter().zip(labels).filter(|(_, label)| **label == Some(domain)) {
                sizes[part] += 1;
            }
            (0..sizes.len()).reduce(|best, part| if sizes[part] > sizes[best] { part } else { best }).unwrap_or(0)
        }
    };
    (0..graph.spots()).filter(|&spot| parts[spot] == own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered_in_the_order_of_their_spots() {
        let graph = SpatialGraph::from_edges(6, [(0, 3), (3, 5), (1, 4)]);
        assert_eq!(graph.parts(), [0, 1, 2, 0, 1, 0]);
        let labels = [None, Some(7), Some(7), Some(7), Some(7), None];
        assert_eq!(part_of_root(&graph, &labels, Root::Domain(7)), [1, 4]);
        assert_eq!(part_of_root(&graph, &labels, Root::Spot(2)), [2]);
    }
}
