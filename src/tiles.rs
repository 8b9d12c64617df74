//! Tiles of tissue: compact groups of neighbouring spots, for cross-validation and the bootstrap. Neighbours repeat
//! each other, so leaving out or drawing single spots would tell too little of the error.

use crate::graph::SpatialGraph;
use ndarray::ArrayView2;
use std::collections::VecDeque;

/// Spots of a tile, about.
const SPOTS: usize = 25;

/// Tile of each spot, numbered from 0: squares of one size on every slice, about 25 spots each, by slice, row and
/// column. `coords` is spots x 2.
pub fn tiles(coords: ArrayView2<f64>, slice: &[usize]) -> Vec<usize> {
    let slices = slice.iter().max().map_or(0, |last| last + 1);
    let mut keys: Vec<(usize, i64, i64)> = vec![(0, 0, 0); slice.len()];
    for own in 0..slices {
        let spots: Vec<usize> = (0..slice.len()).filter(|&spot| slice[spot] == own).collect();
        let range = |axis: usize| {
            let values = spots.iter().map(|&spot| coords[[spot, axis]]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
        };
        let ((left, right), (top, bottom)) = (range(0), range(1));
        let (width, height) = (right - left, bottom - top);
        let share = SPOTS as f64 / spots.len() as f64;
        // A section on one line is cut along it; spots in one place are one tile.
        let side = if width * height > 0.0 { (width * height * share).sqrt() } else { width.max(height) * share };
        let side = if side > 0.0 { side } else { 1.0 };
        for &spot in &spots {
            // The last spots lie on the edge of their tile, not beyond it.
            let cell = |axis: usize, low: f64, length: f64| {
                ((coords[[spot, axis]] - low) / side).min((length / side).ceil() - 1.0).max(0.0) as i64
            };
            keys[spot] = (own, cell(1, top, height), cell(0, left, width));
        }
    }
    let mut known = keys.clone();
    known.sort_unstable();
    known.dedup();
    keys.iter().map(|key| known.partition_point(|other| other < key)).collect()
}

/// Tile of each spot, numbered from 0, where only neighbours are known: at most 25 spots that hang together, grown from
/// the first spot without a tile to the nearest in the graph; fewer where nothing is left around them. Linear in edges.
pub fn graph_tiles(graph: &SpatialGraph) -> Vec<usize> {
    let mut tiles: Vec<Option<usize>> = vec![None; graph.spots()];
    let mut count = 0;
    for first in 0..graph.spots() {
        if tiles[first].is_some() {
            continue;
        }
        tiles[first] = Some(count);
        let (mut size, mut queue) = (1, VecDeque::from([first]));
        while let Some(spot) = queue.pop_front() {
            for neighbour in graph.neighbours(spot).iter().map(|&neighbour| neighbour as usize) {
                if tiles[neighbour].is_none() && size < SPOTS {
                    tiles[neighbour] = Some(count);
                    size += 1;
                    queue.push_back(neighbour);
                }
            }
        }
        count += 1;
    }
    tiles.into_iter().flatten().collect()
}

/// Spots of `count` compact pieces of tissue of about `size` spots each, rising: the pieces grow from spots that lie
/// evenly in their order.
pub fn windows(graph: &SpatialGraph, count: usize, size: usize) -> Vec<usize> {
    let mut taken = vec![false; graph.spots()];
    for window in 0..count {
        let mut rest = window * graph.spots() / count..graph.spots();
        let (mut left, mut queue) = (size, VecDeque::new());
        while left > 0 {
            // Where a part of the tissue ends, the window goes on with what comes after it.
            let Some(spot) = queue.pop_front().or_else(|| rest.find(|&spot| !taken[spot])) else { break };
            if taken[spot] {
                continue;
            }
            taken[spot] = true;
            left -= 1;
            queue.extend(graph.neighbours(spot).iter().map(|&near| near as usize).filter(|&near| !taken[near]));
        }
    }
    (0..taken.len()).filter(|&spot| taken[spot]).collect()
}

/// Fold of each tile's spots for cross-validation: tiles in turn.
pub fn folds(tiles: &[usize], count: usize) -> Vec<usize> {
    tiles.iter().map(|tile| tile % count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn windows_hang_together_and_lie_apart() {
        let chain = SpatialGraph::from_edges(100, (0..99).map(|spot| (spot, spot + 1)));
        let found = windows(&chain, 2, 10);
        assert_eq!(found.len(), 20);
        assert_eq!(chain.select(&found).parts(), [vec![0; 10], vec![1; 10]].concat());
        assert_eq!(windows(&chain, 3, 1000).len(), 100);
        // Of many small parts as many spots are found.
        let pairs = SpatialGraph::from_edges(100, (0..50).map(|pair| (2 * pair, 2 * pair + 1)));
        assert_eq!(windows(&pairs, 2, 10), [(0..10).collect::<Vec<_>>(), (50..60).collect()].concat());
    }

    #[test]
    fn tiles_are_compact_and_slices_apart() {
        let coords = Array2::from_shape_fn((800, 2), |(spot, axis)| {
            let spot = spot % 400;
            (if axis == 0 { spot % 20 } else { spot / 20 }) as f64
        });
        let slice: Vec<usize> = (0..800).map(|spot| spot / 400).collect();
        let tiles = tiles(coords.view(), &slice);
        let count = tiles.iter().max().unwrap() + 1;
        assert!((24..=50).contains(&count), "{count}");
        for spot in 0..400 {
            assert!(tiles[spot] != tiles[spot + 400]);
            for other in 0..spot {
                if tiles[spot] == tiles[other] {
                    let far = |axis: usize| (coords[[spot, axis]] - coords[[other, axis]]).abs();
                    assert!(far(0) < 6.0 && far(1) < 6.0);
                }
            }
        }
        assert!(folds(&tiles, 5).iter().all(|&fold| fold < 5));
    }

    #[test]
    fn spots_on_a_line_or_in_one_place_have_tiles() {
        let line = Array2::from_shape_fn((100, 2), |(spot, axis)| if axis == 0 { spot as f64 } else { 1.0 });
        assert_eq!(tiles(line.view(), &[0; 100]).iter().max(), Some(&3));
        assert_eq!(tiles(Array2::zeros((9, 2)).view(), &[0; 9]), [0; 9]);
    }

    #[test]
    fn tiles_of_a_graph_hang_together_and_cover_all() {
        // Two chains, of 60 spots and of 3.
        let edges = (0..62).filter(|&spot| spot != 59).map(|spot| (spot, spot + 1));
        let tiles = graph_tiles(&SpatialGraph::from_edges(63, edges));
        let expected: Vec<usize> = (0..63).map(|spot| if spot < 60 { spot / 25 } else { 3 }).collect();
        assert_eq!(tiles, expected);
        assert_eq!(graph_tiles(&SpatialGraph::from_edges(2, [])), [0, 1]);
    }
}
