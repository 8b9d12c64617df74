//! Lattices: Visium's hexagonal array, square arrays, in array or in image coordinates, rotated or not.

use super::nearest;
use crate::error::{Error, Result};
use crate::median::median;
use crate::monitor::Monitor;
use ndarray::Array2;

/// Share of spots whose nearest neighbour must be about one spacing away for the coordinates to count as a lattice.
const REGULAR_SHARE: f64 = 0.9;
/// How far from the median the distance to the nearest spot may be, as a share of it. Scanners and stages move each
/// spot by a few hundredths of the spacing, up to a tenth; of cells at random places half are further off than this.
const SPACING_TOLERANCE: f64 = 0.25;
/// Pairs within this multiple of the median distance to the nearest spot, which is less than the spacing where spots
/// are moved, are direct neighbours or nearly so: their median distance is the spacing.
const NEARLY: f64 = 1.3;
/// Neighbours lie within this multiple of the spacing: the next ring is at 1.41 (square) or 1.73 (hexagonal).
const REACH: f64 = 1.2;

/// A lattice: where its points lie, and how far neighbours are apart.
pub(super) struct Lattice {
    coords: Array2<f64>,
    spacing: f64,
}

/// The lattice that places lie on, or `None` when they lie on none.
///
/// # Errors
/// [`Error::Interrupted`].
pub(super) fn lattice(coords: &Array2<f64>, monitor: &Monitor) -> Result<Option<Lattice>> {
    let coords = equidistant(coords, monitor)?;
    let mut distances = nearest::nearest_distances(&coords, monitor)?;
    let Some(shortest) = median(&mut distances) else { return Ok(None) };
    let near = |distance: &&f64| (**distance / shortest - 1.0).abs() <= SPACING_TOLERANCE;
    let regular = distances.iter().filter(near).count();
    if (regular as f64) < REGULAR_SHARE * distances.len() as f64 {
        return Ok(None);
    }
    let length = |(a, b): (usize, usize)| (coords[[a, 0]] - coords[[b, 0]]).hypot(coords[[a, 1]] - coords[[b, 1]]);
    let pairs = nearest::within(&coords, NEARLY * shortest, monitor)?;
    let spacing = median(&mut pairs.into_iter().map(length).collect::<Vec<f64>>());
    Ok(spacing.map(|spacing| Lattice { coords, spacing }))
}

impl Lattice {
    /// Pairs of direct neighbours.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn edges(&self, monitor: &Monitor) -> Result<Vec<(usize, usize)>> {
        nearest::within(&self.coords, REACH * self.spacing, monitor)
    }
}

/// Pairs of direct neighbours on the lattice.
///
/// # Errors
/// [`Error::Argument`] naming `coords` when they do not form a lattice; [`Error::Interrupted`].
pub(super) fn edges(coords: &Array2<f64>, monitor: &Monitor) -> Result<Vec<(usize, usize)>> {
    let lattice = lattice(coords, monitor)?.ok_or_else(|| {
        Error::argument("coords", "do not form a lattice; use graph method \"knn\", \"radius\" or \"delaunay\"")
    })?;
    lattice.edges(monitor)
}

/// Coordinates in which the six neighbours on a Visium array are equally far. Array coordinates (column, row) are
/// whole numbers whose sum is always even, neighbours being (±2, 0) and (±1, ±1): the rows are stretched by √3.
/// All other coordinates are returned as they are.
///
/// # Errors
/// [`Error::Interrupted`].
pub(crate) fn equidistant(coords: &Array2<f64>, monitor: &Monitor) -> Result<Array2<f64>> {
    let whole = coords.iter().all(|value| value.fract() == 0.0 && value.abs() < 1e9);
    let parity = |spot: usize| (coords[[spot, 0]] + coords[[spot, 1]]).rem_euclid(2.0);
    let hexagonal = whole && (1..coords.nrows()).all(|spot| parity(spot) == parity(0));
    let mut stretched = coords.clone();
    if hexagonal && is_array(coords, monitor)? {
        stretched.column_mut(1).mapv_inplace(|row| row * 3f64.sqrt());
    }
    Ok(stretched)
}

/// Whether whole numbers are array positions, where neighbouring rows are 1 apart, not pixels that happen to be even.
fn is_array(coords: &Array2<f64>, monitor: &Monitor) -> Result<bool> {
    Ok(nearest::spacing(coords, monitor)?.is_some_and(|distance| (distance - 2f64.sqrt()).abs() < 1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SpatialGraph;

    fn visium_array(rows: usize, columns: usize) -> Array2<f64> {
        let spots: Vec<[f64; 2]> = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| [(2 * column + row % 2) as f64, row as f64]))
            .collect();
        Array2::from(spots)
    }

    fn interior_degrees(coords: &Array2<f64>) -> usize {
        let graph = SpatialGraph::from_edges(coords.nrows(), edges(coords, &Monitor::silent()).unwrap());
        let mut degrees: Vec<usize> = (0..graph.spots()).map(|spot| graph.degree(spot)).collect();
        degrees.sort_unstable();
        assert_eq!(degrees[degrees.len() - 1], degrees[degrees.len() / 2]);
        degrees[degrees.len() / 2]
    }

    #[test]
    fn visium_has_six_neighbours_in_array_and_in_rotated_image_coordinates() {
        let array = visium_array(12, 15);
        assert_eq!(interior_degrees(&array), 6);
        let (sine, cosine) = 0.4f64.sin_cos();
        let image = Array2::from_shape_fn(array.raw_dim(), |(spot, axis)| {
            let (x, y) = (array[[spot, 0]] * 68.5, array[[spot, 1]] * 68.5 * 3f64.sqrt());
            (if axis == 0 { cosine * x - sine * y } else { sine * x + cosine * y }).round()
        });
        assert_eq!(interior_degrees(&image), 6);
    }

    #[test]
    fn square_array_has_four_neighbours() {
        let coords =
            Array2::from_shape_fn((100, 2), |(spot, axis)| (if axis == 0 { spot % 10 } else { spot / 10 }) as f64);
        assert_eq!(interior_degrees(&coords), 4);
    }

    /// A turned lattice whose spots were moved by up to 0.07 of the spacing along each axis, with holes, has the edges
    /// of the exact one.
    #[test]
    fn moved_and_missing_spots_leave_the_lattice() {
        for (side, square) in [(20, true), (20, false)] {
            let exact: Vec<[f64; 2]> = (0..side * side)
                .filter(|spot| spot % 11 != 3)
                .map(|spot| {
                    let (row, column) = ((spot / side) as f64, (spot % side) as f64);
                    if square { [column, row] } else { [column + 0.5 * (row % 2.0), row * 0.75f64.sqrt()] }
                })
                .collect();
            let exact = Array2::from(exact);
            let moved = Array2::from_shape_fn(exact.raw_dim(), |(spot, axis)| {
                let (sine, cosine) = 0.3f64.sin_cos();
                let (x, y) = (exact[[spot, 0]], exact[[spot, 1]]);
                let turned = if axis == 0 { cosine * x - sine * y } else { sine * x + cosine * y };
                // The fraction of a multiple of an irrational number is spread evenly.
                turned + 0.14 * ((((2 * spot + axis) as f64) * 0.618_033_988_75).fract() - 0.5)
            });
            let graph = |coords| SpatialGraph::from_edges(exact.nrows(), edges(coords, &Monitor::silent()).unwrap());
            assert_eq!(graph(&moved), graph(&exact), "square: {square}");
        }
    }

    #[test]
    fn scattered_cells_are_no_lattice() {
        let coords = Array2::from_shape_fn((200, 2), |(spot, axis)| (((spot + 1) * (axis + 3)) as f64).powi(3).sin());
        assert!(lattice(&coords, &Monitor::silent()).unwrap().is_none());
        assert!(edges(&coords, &Monitor::silent()).is_err());
    }
}
