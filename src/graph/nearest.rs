//! Nearest neighbours and neighbours within a radius, from an R*-tree.

use crate::error::Result;
use crate::median::median;
use crate::monitor::Monitor;
use ndarray::Array2;
use rayon::prelude::*;
use rstar::{PointDistance, RTree, primitives::GeomWithData};

/// Places handled together.
const BLOCK: usize = 4096;

type Point<const D: usize> = GeomWithData<[f64; D], usize>;

/// Runs a function of this module for places in a plane or, with a third column, in space.
macro_rules! by_dimension {
    ($function:ident($coords:expr $(, $rest:expr)*)) => {
        if $coords.ncols() == 3 { $function::<3>($coords $(, $rest)*) } else { $function::<2>($coords $(, $rest)*) }
    };
}

/// Pairs (spot, neighbour) of each spot and its `k` nearest other spots.
pub(super) fn nearest(coords: &Array2<f64>, k: usize, monitor: &Monitor) -> Result<Vec<(usize, usize)>> {
    by_dimension!(nearest_of(coords, k, monitor))
}

/// Pairs (spot, neighbour) with the neighbour at most `radius` away; every pair comes once.
pub(super) fn within(coords: &Array2<f64>, radius: f64, monitor: &Monitor) -> Result<Vec<(usize, usize)>> {
    by_dimension!(within_of(coords, radius, monitor))
}

/// Median over spots of the distance to the `k`-th nearest other spot (to the last one when there are fewer).
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn typical_reach(coords: &Array2<f64>, k: usize, monitor: &Monitor) -> Result<f64> {
    Ok(median(&mut by_dimension!(reach_of(coords, k, monitor))?).unwrap_or(0.0))
}

/// Distance of each spot to the nearest spot at another position; empty when all positions are equal.
pub(super) fn nearest_distances(coords: &Array2<f64>, monitor: &Monitor) -> Result<Vec<f64>> {
    by_dimension!(distances_of(coords, monitor))
}

/// The `k` spots nearest to each other place, the nearest first, with their distances. Both have the same columns.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn nearest_to(
    coords: &Array2<f64>,
    others: &Array2<f64>,
    k: usize,
    monitor: &Monitor,
) -> Result<Vec<Vec<(usize, f64)>>> {
    by_dimension!(nearest_to_of(coords, others, k, monitor))
}

/// Median distance of a spot to the nearest one at another position; `None` when all positions are equal.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn spacing(coords: &Array2<f64>, monitor: &Monitor) -> Result<Option<f64>> {
    Ok(median(&mut nearest_distances(coords, monitor)?))
}

fn positions<const D: usize>(coords: &Array2<f64>) -> Vec<[f64; D]> {
    coords.rows().into_iter().map(|row| std::array::from_fn(|axis| row[axis])).collect()
}

/// The index of the spots' positions.
fn index<const D: usize>(positions: &[[f64; D]]) -> RTree<Point<D>> {
    RTree::bulk_load(positions.iter().enumerate().map(|(spot, &position)| Point::new(position, spot)).collect())
}

/// What `find` adds for each place and its number, in the order of the places.
fn for_each<const D: usize, T: Send>(
    places: &[[f64; D]],
    monitor: &Monitor,
    find: impl Fn(usize, &[f64; D], &mut Vec<T>) + Sync,
) -> Result<Vec<T>> {
    let of_block = |(block, places): (usize, &[[f64; D]])| {
        monitor.check()?;
        let mut found = Vec::new();
        places.iter().enumerate().for_each(|(place, position)| find(block * BLOCK + place, position, &mut found));
        Ok(found)
    };
    let blocks: Vec<Vec<T>> = places.par_chunks(BLOCK).enumerate().map(of_block).collect::<Result<_>>()?;
    Ok(blocks.into_iter().flatten().collect())
}

fn nearest_of<const D: usize>(coords: &Array2<f64>, k: usize, monitor: &Monitor) -> Result<Vec<(usize, usize)>> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    for_each(&positions, monitor, |spot, position, pairs| {
        let others = tree.nearest_neighbor_iter(position).map(|point| point.data);
        pairs.extend(others.filter(|&other| other != spot).take(k).map(|other| (spot, other)));
    })
}

fn within_of<const D: usize>(coords: &Array2<f64>, radius: f64, monitor: &Monitor) -> Result<Vec<(usize, usize)>> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    for_each(&positions, monitor, |spot, &position, pairs| {
        let others = tree.locate_within_distance(position, radius * radius).map(|point| point.data);
        pairs.extend(others.filter(|&other| other > spot).map(|other| (spot, other)));
    })
}

fn reach_of<const D: usize>(coords: &Array2<f64>, k: usize, monitor: &Monitor) -> Result<Vec<f64>> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    for_each(&positions, monitor, |spot, position, reach| {
        let others = tree.nearest_neighbor_iter(position).filter(|point| point.data != spot);
        reach.extend(others.take(k).last().map(|point| point.distance_2(position).sqrt()));
    })
}

fn distances_of<const D: usize>(coords: &Array2<f64>, monitor: &Monitor) -> Result<Vec<f64>> {
    let positions = positions::<D>(coords);
    let tree = index(&positions);
    for_each(&positions, monitor, |_, position, distances| {
        let mut squared = tree.nearest_neighbor_iter(position).map(|point| point.distance_2(position));
        distances.extend(squared.find(|&distance| distance > 0.0).map(f64::sqrt));
    })
}

fn nearest_to_of<const D: usize>(
    coords: &Array2<f64>,
    others: &Array2<f64>,
    k: usize,
    monitor: &Monitor,
) -> Result<Vec<Vec<(usize, f64)>>> {
    let tree = index(&positions::<D>(coords));
    for_each(&positions::<D>(others), monitor, |_, place, near| {
        let found = tree.nearest_neighbor_iter(place).take(k);
        near.push(found.map(|point| (point.data, point.distance_2(place).sqrt())).collect());
    })
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
        assert_eq!(typical_reach(&coords, 1, &Monitor::silent()).unwrap(), 2.0);
    }

    proptest! {
        #[test]
        fn radius_agrees_with_brute_force(
            values in prop::collection::vec(-5i32..5, 3..60), radius in 0.5..4.0f64, axes in 2usize..4,
        ) {
            let coords = places(&values, axes);
            let mut found = within(&coords, radius, &Monitor::silent()).unwrap();
            found.sort_unstable();
            prop_assert_eq!(found, brute_force(&coords, radius));
        }

        #[test]
        fn every_spot_has_its_nearest_k_or_all(
            values in prop::collection::vec(-3i32..3, 6..80), k in 1usize..8, axes in 2usize..4,
        ) {
            let coords = places(&values, axes);
            let n = coords.nrows();
            let graph = SpatialGraph::from_edges(n, nearest(&coords, k, &Monitor::silent()).unwrap());
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
