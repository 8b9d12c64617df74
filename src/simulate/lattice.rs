//! Where spots lie.

use crate::graph::SpatialGraph;
use ndarray::Array2;

/// How spots are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lattice {
    /// Rows and columns; four neighbours.
    Square,
    /// Visium's array: spots in even rows have even columns and spots in odd rows odd ones. The six neighbours of
    /// (row, column) are (row, column ± 2) and (row ± 1, column ± 1).
    Hexagonal,
}

impl Lattice {
    /// Coordinates of the spots of one slice, row by row: spots x (row, column) of the array.
    pub(super) fn coordinates(self, rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows * columns, 2), |(spot, axis)| {
            let (row, column) = (spot / columns, spot % columns);
            match (axis, self) {
                (0, _) => row as f64,
                (_, Lattice::Square) => column as f64,
                (_, Lattice::Hexagonal) => (2 * column + row % 2) as f64,
            }
        })
    }

    /// Position of the spots in the tissue: spots x 2, true to distances, the longer side of the slice from 0 to 1.
    pub(super) fn positions(self, rows: usize, columns: usize) -> Array2<f64> {
        let mut positions = self.coordinates(rows, columns);
        if self == Lattice::Hexagonal {
            // Rows of the array are √3 half-columns apart.
            positions.column_mut(0).mapv_inplace(|row| row * 3f64.sqrt());
        }
        let longest = positions.fold(1.0f64, |longest, &value| longest.max(value));
        positions / longest
    }

    /// Who is whose neighbour.
    pub(super) fn graph(self, rows: usize, columns: usize) -> SpatialGraph {
        let spot = move |row: usize, column: usize| row * columns + column;
        let edges = (0..rows * columns).flat_map(move |index| {
            let (row, column) = (index / columns, index % columns);
            let right = (column + 1 < columns).then(|| spot(row, column + 1));
            // In a hexagonal lattice an odd row is shifted half a spot to the right.
            let others = match (self, row % 2) {
                (Lattice::Square, _) => [Some(column), None],
                (Lattice::Hexagonal, 0) => [Some(column), column.checked_sub(1)],
                (Lattice::Hexagonal, _) => [Some(column), (column + 1 < columns).then_some(column + 1)],
            };
            let below =
                others.into_iter().flatten().filter(move |_| row + 1 < rows).map(move |other| spot(row + 1, other));
            right.into_iter().chain(below).map(move |other| (index, other))
        });
        SpatialGraph::from_edges(rows * columns, edges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexagonal_neighbours_are_those_of_the_array() {
        let (rows, columns) = (7, 6);
        let coordinates = Lattice::Hexagonal.coordinates(rows, columns);
        let graph = Lattice::Hexagonal.graph(rows, columns);
        for a in 0..rows * columns {
            for b in 0..rows * columns {
                let row = (coordinates[[a, 0]] - coordinates[[b, 0]]).abs();
                let column = (coordinates[[a, 1]] - coordinates[[b, 1]]).abs();
                let neighbours = (row, column) == (0.0, 2.0) || (row, column) == (1.0, 1.0);
                assert_eq!(graph.neighbours(a).contains(&(b as u32)), neighbours, "{a} {b}");
            }
        }
    }

    #[test]
    fn neighbours_are_one_distance_apart() {
        for (lattice, degree) in [(Lattice::Square, 4), (Lattice::Hexagonal, 6)] {
            let positions = lattice.positions(9, 9);
            let graph = lattice.graph(9, 9);
            assert_eq!(graph.degree(40), degree);
            let distance = |other: u32| (&positions.row(40) - &positions.row(other as usize)).mapv(|x| x * x).sum();
            let first = distance(graph.neighbours(40)[0]);
            assert!(graph.neighbours(40).iter().all(|&other| (distance(other) - first).abs() < 1e-12));
            assert!(positions.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
