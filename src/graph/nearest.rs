//! Nearest neighbours and neighbours within a radius, from an R*-tree.

use crate::median::median;
use ndarray::Array2;
use rayon::prelude::*;
use rstar::{PointDistance, RTree, primitives::GeomWithData};

type Point<const D: usize> = GeomWithData<[f64; D], usize>;

/// Runs a function of this module for places in a plane or, with a third column, in space.
macro_rules! by_dimension {
    ($function:ident($coords:expr $(, $rest:expr)*)) => {
        if $coords.ncols() == 3 { $function::<3>($coords $(, $rest)*) } else { $function::<2>($coords $(, $rest)*) }
    };
}

/// Pairs (spot, neighbour) of each spot and its `k` nearest other spots.
pub(super) fn nearest(coords: &Array2<f64>, k: usize) -> Vec<(usize, usize)> {
    by_dimension!(nearest_of(coords, k))
}

/// Pairs (spot, neighbour) with the neighbour at most `radius` away; every pair comes once.
pub(super) fn within(coords: &Array2<f64>, radius: f64) -> Vec<(usize, usize)> {
    by_dimension!(within_of(coords, radius))
}

/// Median over spots of the distance to the `k`-th nearest other spot (to the last one when there are fewer).
pub fn typical_reach(coords: &Array2<f64>, k: usize) -> f64 {
    median(&mut by_dimension!(reach_of(coords, k))).unwrap_or(0.0)
}

/// Distance of each spot to the nearest spot at another position; empty when all positions are equal.
pub(super) fn nearest_distances(coords: &Array2<f64>) -> Vec<f64> {
    by_dimension!(distances_of(coords))
}

fn positions<const D: usize>(coords: &Array2<f64>) -> Vec<[f64; D]> {
    coords.rows().into_iter().map(|row| std::array::from_fn(|axis| row[axis])).collect()
}

/// The index of the spots' positions.
fn index<const D: usize>(positions: &[[f64; D]]) -> RTree<Point<D>> {
    RTree::bulk_load(positions.iter().enumerate().map(|(spot, &position)| Point::new(position, spot)).collect())
}

fn nearest_of<const D: usize>(coords: &Array2<f64>, k: usize) -> Vec<(usize, usize)> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    let mut pairs = Vec::with_capacity(coords.nrows() * k);
    for (spot, position) in positions.iter().enumerate() {
        let others = tree.nearest_neighbor_iter(position).map(|point| point.data);
        pairs.extend(others.filter(|&other| other != spot).take(k).map(|other| (spot, other)));
    }
    pairs
}

fn within_of<const D: usize>(coords: &Array2<f64>, radius: f64) -> Vec<(usize, usize)> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    let mut pairs = Vec::new();
    for (spot, &position) in positions.iter().enumerate() {
        let others = tree.locate_within_distance(position, radius * radius).map(|point| point.data);
        pairs.extend(others.filter(|&other| other > spot).map(|other| (spot, other)));
    }
    pairs
}

fn reach_of<const D: usize>(coords: &Array2<f64>, k: usize) -> Vec<f64> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    let reach = positions.iter().enumerate().filter_map(|(spot, position)| {
        let others = tree.nearest_neighbor_iter(position).filter(|point| point.data != spot);
        others.take(k).last().map(|point| point.distance_2(position).sqrt())
    });
    reach.collect()
}

fn distances_of<const D: usize>(coords: &Array2<f64>) -> Vec<f64> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    let squared = positions.iter().filter_map(|position| {
        tree.nearest_neighbor_iter(position).map(|point| point.distance_2(position)).find(|&distance| distance > 0.0)
    });
    squared.map(f64::sqrt).collect()
}

/// The `k` spots nearest to each other place, the nearest first, with their distances. Both have the same columns.
pub fn nearest_to(coords: &Array2<f64>, others: &Array2<f64>, k: usize) -> Vec<Vec<(usize, f64)>> {
    by_dimension!(nearest_to_of(coords, others, k))
}

fn nearest_to_of<const D: usize>(coords: &Array2<f64>, others: &Array2<f64>, k: usize) -> Vec<Vec<(usize, f64)>> {
    let tree = index(&positions::<D>(coords));
    let near = |place: &[f64; D]| {
        let found = tree.nearest_neighbor_iter(place).take(k);
        found.map(|point| (point.data, point.distance_2(place).sqrt())).collect()
    };
    positions::<D>(others).par_iter().map(near).collect()
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

    fn places(values: &[i32], axes: usize) -> Array2<f64> {
        Array2::from_shape_fn((values.len() / axes, axes), |(i, j)| f64::from(values[axes * i + j]))
    }

    #[test]
    fn typical_reach_on_a_line_is_the_spacing() {
        let coords = Array2::from_shape_fn((9, 2), |(spot, axis)| if axis == 0 { 2.0 * spot as f64 } else { 0.0 });
        assert_eq!(typical_reach(&coords, 1), 2.0);
    }

    proptest! {
        #[test]
        fn radius_agrees_with_brute_force(
            values in prop::collection::vec(-5i32..5, 3..60), radius in 0.5..4.0f64, axes in 2usize..4,
        ) {
            let coords = places(&values, axes);
            let mut found = within(&coords, radius);
            found.sort_unstable();
            prop_assert_eq!(found, brute_force(&coords, radius));
        }

        #[test]
        fn every_spot_has_its_nearest_k_or_all(
            values in prop::collection::vec(-3i32..3, 6..80), k in 1usize..8, axes in 2usize..4,
        ) {
            let coords = places(&values, axes);
            let n = coords.nrows();
            let graph = SpatialGraph::from_edges(n, nearest(&coords, k));
            for spot in 0..n {
                prop_assert!(graph.degree(spot) >= k.min(n - 1));
                // No spot that is left out is nearer than the k-th of all.
                let distance = |other: usize| (&coords.row(spot) - &coords.row(other)).mapv(|value| value * value).sum();
                let mut all: Vec<f64> = (0..n).filter(|&other| other != spot).map(distance).collect();
                all.sort_by(f64::total_cmp);
                let reach = all[k.min(n - 1) - 1];
                let near = (0..n).filter(|&other| other != spot && distance(other) < reach);
                prop_assert!(near.into_iter().all(|other| graph.neighbours(spot).contains(&(other as u32))));
            }
        }
    }
}
