//! Numeric matrices.

use crate::Input;
use ndarray::{Array2, ShapeBuilder, s};

/// A matrix in R's order of memory, filled by column.
pub fn by_column(rows: usize, columns: usize, mut value: impl FnMut(usize, usize) -> f64) -> Array2<f64> {
    let values = (0..columns).flat_map(|column| (0..rows).map(move |row| (row, column)));
    let values = values.map(|(row, column)| value(row, column)).collect();
    Array2::from_shape_vec((rows, columns).f(), values).expect("as many values as cells")
}

/// A matrix of these sizes in R's order of memory, with groups of rows or without; one in eight has a fault.
pub fn matrix(input: &mut Input, rows: usize, columns: usize) -> Array2<f64> {
    let kind = input.between(0, 7);
    let groups = input.between(1, 4);
    let scale = if input.once_in(8) { input.one_of(&[1e-100, 1e-9, 1e6, 1e90]) } else { 1.0 };
    let mut values = by_column(rows, columns, |row, column| {
        let group = row * groups / rows;
        let centre = if (group + column).is_multiple_of(groups) { 4.0 } else { 0.0 };
        scale
            * match kind {
                1 => 1.0,
                2 if column > 0 => 0.0,
                3 => row as f64 * (column + 1) as f64,
                4 => centre,
                5 => input.below(2) as f64,
                6 => f64::from(row == 0),
                7 => input.normal(),
                _ => centre + input.normal(),
            }
    });
    spoil(input, &mut values);
    values
}

/// Puts in numbers that arithmetic goes wrong with, or takes a row or a column away.
pub fn spoil(input: &mut Input, values: &mut Array2<f64>) {
    while input.once_in(8) {
        let (rows, columns) = values.dim();
        match input.between(0, 4) {
            0 => *values = by_column(rows.saturating_sub(1), columns, |row, column| values[[row, column]]),
            1 => *values = by_column(rows, columns.saturating_sub(1), |row, column| values[[row, column]]),
            2 if columns > 0 => values.slice_mut(s![.., 0]).fill(input.any_number()),
            _ if !values.is_empty() => {
                let place = [input.between(0, rows - 1), input.between(0, columns - 1)];
                values[place] = input.any_number();
            }
            _ => {}
        }
    }
}
