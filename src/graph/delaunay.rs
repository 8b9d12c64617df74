//! Edges of the Delaunay triangulation.

use delaunator::{Point, triangulate};
use ndarray::Array2;

/// Edges longer than this multiple of the median edge bridge holes and concave outlines and are left out.
const LONGEST_EDGE: f64 = 3.0;

/// Pairs of spots joined by the triangulation, each at least once. Points that triangulation cannot use (duplicates,
/// all on one line) get no edge from it; a collinear set is joined along its line.
pub(super) fn edges(coords: &Array2<f64>) -> Vec<(usize, usize)> {
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
    if lengths.is_empty() {
        return pairs;
    }
    let middle = lengths.len() / 2;
    let limit = LONGEST_EDGE * *lengths.select_nth_unstable_by(middle, f64::total_cmp).1;
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
    fn points_on_a_line_are_a_chain() {
        let coords = array![[0.0, 0.0], [2.0, 2.0], [1.0, 1.0], [3.0, 3.0]];
        let graph = SpatialGraph::from_edges(4, edges(&coords));
        assert_eq!(graph.edges(), 3);
        assert_eq!(graph.neighbours(2), &[0, 1]);
    }
}
