//! Places of spots.

use crate::{Input, matrix};
use ndarray::Array2;

/// Places of so many spots, in the order of memory that R has: mostly in a plane, on a lattice or not, in any unit; one
/// in eight has a fault.
pub fn places(input: &mut Input, spots: usize) -> Array2<f64> {
    let columns = if input.once_in(8) { input.one_of(&[3, 3, 3, 1, 0, 4]) } else { 2 };
    let kind = input.between(0, 7);
    let scale = if input.once_in(8) { input.one_of(&[1e-100, 1e-9, 1e6, 1e90]) } else { 1.0 };
    let offset = if input.once_in(8) { input.one_of(&[1e6, -1e6, 1e15]) } else { 0.0 };
    let width = (spots as f64).sqrt().ceil().max(1.0) as usize;
    let mut places = matrix::by_column(spots, columns, |spot, axis| {
        let (row, column) = ((spot / width) as f64, (spot % width) as f64);
        let place = match (kind, axis) {
            (2, _) => 10.0 * input.noise(),
            (3, _) => spot as f64,
            (4, _) => (spot % 3) as f64,
            (5, _) => f64::from(spot == 0),
            (6, _) => input.below(3) as f64,
            (7, 0) => column + 0.05 * input.normal(),
            (1, 0) => 2.0 * column + row % 2.0,
            (_, 0) => column,
            (_, 1) => row,
            (_, _) => (spot % 2) as f64,
        };
        offset + scale * place
    });
    matrix::spoil(input, &mut places);
    places
}
