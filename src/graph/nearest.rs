//! Nearest neighbours and neighbours within a radius, from an R*-tree.

use crate::median::median;
use ndarray::Array2;
use rstar::{PointDistance, RTree, primitives::GeomWithData};

type Point = GeomWithData<[f64; 2], usize>;

/// The index of the spots' positions.
fn index(coords: &Array2<f64>) -> RTree<Point> {
    let points = coords.rows().into_iter().enumerate().map(|(spot, row)| Point::new([row[0], row[1]], spot));
    RTree::bulk_load(points.collect())
}

/// Pairs (spot, neighbour) of each spot and its `k` nearest other spots.
pub(super) fn nearest(coords: &Array2<f64>, k: usize) -> Vec<(usize, usize)> {
    let tree = index(coords);
    let mut pairs = Vec::with_capacity(coords.nrows() * k);
    for (spot, row) in coords.rows().into_iter().enumerate() {
        let others = tree.nearest_neighbor_iter(&[row[0], row[1]]).map(|point| point.data);
        pairs.extend(others.filter(|&other| other != spot).take(k).map(|other| (spot, other)));
    }
    pairs
}

/// Pairs (spot, neighbour) with the neighbour at most `radius` away; every pair comes once.
pub(super) fn within(coords: &Array2<f64>, radius: f64) -> Vec<(usize, usize)> {
    let tree = index(coords);
    let mut pairs = Vec::new();
    for (spot, row) in coords.rows().into_iter().enumerate() {
        let others = tree.locate_within_distance([row[0], row[1]], radius * radius).map(|point| point.data);
        pairs.extend(others.filter(|&other| other > spot).map(|other| (spot, other)));
    }
    pairs
}

/// Median over spots of the distance to the `k`-th nearest other spot (to the last one when there are fewer).
pub(super) fn typical_reach(coords: &Array2<f64>, k: usize) -> f64 {
    let tree = index(coords);
    let reach = coords.rows().into_iter().enumerate().filter_map(|(spot, row)| {
        let position = [row[0], row[1]];
        let others = tree.nearest_neighbor_iter(&position).filter(|point| point.data != spot);
        others.take(k).last().map(|point| point.distance_2(&position).sqrt())
    });
    let mut reach: Vec<f64> = reach.collect();
    median(&mut reach).unwrap_or(0.0)
}

/// Distance of each spot to the nearest spot at another position; empty when all positions are equal.
pub(super) fn nearest_distances(coords: &Array2<f64>) -> Vec<f64> {
    let tree = index(coords);
    let squared = coords.rows().into_iter().filter_map(|row| {
        let position = [row[0], row[1]];
        tree.nearest_neighbor_iter(&position).map(|point| point.distance_2(&position)).find(|&distance| distance > 0.0)
    });
    squared.map(f64::sqrt).collect()
}

/// Median distance of a spot to the nearest one at another position; `None` when all positions are equal.
pub fn spacing(coords: &Array2<f64>) -> Option<f64> {
    median(&mut nearest_distances(coords))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SpatialGraph;
    use proptest::prelude::*;

    fn brute_force(coords: &Array2<f64>, radius: f64) -> Vec<(usize, usize)> {
        let n = coords.nrows();
        let distance = |a: usize, b: usize| (&coords.row(a) - &coords.row(b)).mapv(|value| value * value).sum();
        (0..n)
            .flat_map(|a| (a + 1..n).map(move |b| (a, b)))
            .filter(|&(a, b)| distance(a, b) <= radius * radius)
            .collect()
    }

    #[test]
    fn typical_reach_on_a_line_is_the_spacing() {
        let coords = Array2::from_shape_fn((9, 2), |(spot, axis)| if axis == 0 { 2.0 * spot as f64 } else { 0.0 });
        assert_eq!(typical_reach(&coords, 1), 2.0);
    }

    proptest! {
        #[test]
        fn radius_agrees_with_brute_force(values in prop::collection::vec(-5i32..5, 2..60), radius in 0.5..4.0f64) {
            let n = values.len() / 2;
            let coords = Array2::from_shape_fn((n, 2), |(i, j)| f64::from(values[2 * i + j]));
            let mut found = within(&coords, radius);
            found.sort_unstable();
            prop_assert_eq!(found, brute_force(&coords, radius));
        }

        #[test]
        fn every_spot_has_k_neighbours_or_all(values in prop::collection::vec(-3i32..3, 4..80), k in 1usize..8) {
            let n = values.len() / 2;
            let coords = Array2::from_shape_fn((n, 2), |(i, j)| f64::from(values[2 * i + j]));
            let graph = SpatialGraph::from_edges(n, nearest(&coords, k));
            for spot in 0..n {
                prop_assert!(graph.degree(spot) >= k.min(n - 1));
            }
        }
    }
}
