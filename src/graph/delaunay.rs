//! Edges of the Delaunay triangulation.

use crate::median::median;
use delaunator::{Point, triangulate};
use ndarray::{Array2, Axis};
use std::cmp::Ordering;

/// Edges longer than this multiple of the median edge bridge holes and concave outlines and are left out.
const LONGEST_EDGE: f64 = 3.0;

/// Pairs of spots joined by the triangulation of their places, each at least once. Places on one line are joined along
/// it; spots at the same place count as neighbours.
pub(super) fn edges(coords: &Array2<f64>) -> Vec<(usize, usize)> {
    let (places, spots_at) = distinct(coords);
    let pairs = place_edges(&coords.select(Axis(0), &places));
    // Spots that share a place are neighbours, and each has the place's neighbours.
    let shared = spots_at.iter().flat_map(|spots| spots.iter().map(|&spot| (spots[0], spot)));
    let mut edges: Vec<(usize, usize)> = shared.collect();
    for (a, b) in pairs {
        edges.extend(spots_at[a].iter().flat_map(|&first| spots_at[b].iter().map(move |&second| (first, second))));
    }
    edges
}

/// One spot for each place, and all spots at each of them.
fn distinct(coords: &Array2<f64>) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut order: Vec<usize> = (0..coords.nrows()).collect();
    order.sort_by(|&a, &b| by_place(coords, a, b).then(a.cmp(&b)));
    let spots_at: Vec<Vec<usize>> =
        order.chunk_by(|&a, &b| coords.row(a) == coords.row(b)).map(<[usize]>::to_vec).collect();
    (spots_at.iter().map(|spots| spots[0]).collect(), spots_at)
}

fn by_place(coords: &Array2<f64>, a: usize, b: usize) -> Ordering {
    coords[[a, 0]].total_cmp(&coords[[b, 0]]).then(coords[[a, 1]].total_cmp(&coords[[b, 1]]))
}

/// Edges between distinct places.
fn place_edges(coords: &Array2<f64>) -> Vec<(usize, usize)> {
    let points: Vec<Point> = coords.rows().into_iter().map(|row| Point { x: row[0], y: row[1] }).collect();
    let triangulation = triangulate(&points);
    let pairs: Vec<(usize, usize)> = if triangulation.triangles.is_empty() {
        along_line(coords)
    } else {
        let corners = triangulation.triangles.chunks_exact(3);
        corners.flat_map(|t| [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])]).collect()
    };
    without_long(coords, pairs)
}

/// Neighbours along the line on which all points lie.
fn along_line(coords: &Array2<f64>) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..coords.nrows()).collect();
    order.sort_by(|&a, &b| coords[[a, 0]].total_cmp(&coords[[b, 0]]).then(coords[[a, 1]].total_cmp(&coords[[b, 1]])));
    order.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn without_long(coords: &Array2<f64>, pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let length = |&(a, b): &(usize, usize)| (coords[[a, 0]] - coords[[b, 0]]).hypot(coords[[a, 1]] - coords[[b, 1]]);
    let mut lengths: Vec<f64> = pairs.iter().map(length).collect();
    let Some(typical) = median(&mut lengths) else { return pairs };
    let limit = LONGEST_EDGE * typical;
    pairs.into_iter().filter(|pair| length(pair) <= limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SpatialGraph;
    use ndarray::array;

    #[test]
    fn square_has_its_sides_and_one_diagonal() {
        let coords = array![[0.0, 0.0], [1.0, 0.0], [1.0, 1.1], [0.0, 1.0]];
        assert_eq!(SpatialGraph::from_edges(4, edges(&coords)).edges(), 5);
    }

    #[test]
    fn spots_at_one_place_share_its_neighbours() {
        let coords = array![[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.1], [0.0, 1.0]];
        let graph = SpatialGraph::from_edges(5, edges(&coords));
        assert!(graph.neighbours(0).contains(&2));
        let others = |spot: usize| graph.neighbours(spot).iter().copied().filter(|&n| n != 0 && n != 2);
        assert!(others(0).eq(others(2)) && others(0).count() >= 2);
    }

    #[test]
    fn points_on_a_line_are_a_chain() {
        let coords = array![[0.0, 0.0], [2.0, 2.0], [1.0, 1.0], [3.0, 3.0]];
        let graph = SpatialGraph::from_edges(4, edges(&coords));
        assert_eq!(graph.edges(), 3);
        assert_eq!(graph.neighbours(2), &[0, 1]);
    }
}
