//! Nearest neighbours in an embedding, by exhaustive search in blocks: exact, the same for any number of threads, with
//! memory linear in points. In 20 dimensions trees visit nearly every point, and matrix products are faster.

use crate::error::Result;
use crate::monitor::Monitor;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Queries and targets compared at a time.
const QUERIES: usize = 256;
const TARGETS: usize = 4096;

/// A neighbour: its row among the targets, and its squared Euclidean distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Row of the target.
    pub target: usize,
    /// Squared distance.
    pub squared_distance: f64,
}

/// The `count` targets nearest to each query, the nearest first and of equally near ones the earlier row; all targets
/// when there are fewer. Queries and targets are points x dimensions and finite. A query finds itself when it is among
/// the targets.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn nearest_neighbours(
    queries: ArrayView2<f64>,
    targets: ArrayView2<f64>,
    count: usize,
    monitor: &Monitor,
) -> Result<Vec<Vec<Neighbour>>> {
    // Room is made for so many.
    let count = count.min(targets.nrows());
    let half_lengths = targets.map_axis(Axis(1), |row| 0.5 * row.dot(&row));
    let blocks: Vec<ArrayView2<f64>> = queries.axis_chunks_iter(Axis(0), QUERIES).collect();
    let found: Vec<Vec<Vec<Neighbour>>> = blocks
        .into_par_iter()
        .map(|block| {
            monitor.check()?;
            Ok(search(block, targets, &half_lengths, count))
        })
        .collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The rows divided by their lengths, so that the nearest are the most similar by cosine; zeros stay.
pub fn with_unit_rows(values: ArrayView2<f64>) -> Array2<f64> {
    let mut unit = values.to_owned();
    for mut row in unit.rows_mut() {
        let length = row.dot(&row).sqrt();
        row /= length.max(f64::MIN_POSITIVE);
    }
    unit
}

fn search(
    queries: ArrayView2<f64>,
    targets: ArrayView2<f64>,
    half_lengths: &Array1<f64>,
    count: usize,
) -> Vec<Vec<Neighbour>> {
    // |x − y|² = |x|² − 2 (x·y − ½|y|²): the nearest are those of greatest score x·y − ½|y|².
    let mut best: Vec<Vec<(f64, usize)>> = vec![Vec::with_capacity(count + 1); queries.nrows()];
    for start in (0..targets.nrows()).step_by(TARGETS) {
        let end = targets.nrows().min(start + TARGETS);
        let products = queries.dot(&targets.slice(s![start..end, ..]).t());
        for (best, row) in best.iter_mut().zip(products.rows()) {
            for (offset, product) in row.iter().enumerate() {
                insert(best, (product - half_lengths[start + offset], start + offset), count);
            }
        }
    }
    let rows = queries.rows().into_iter().zip(best);
    let measured = rows.map(|(query, best)| {
        // Measured again from the points: the difference of large products would lose digits.
        let squared_distance = |target: usize| (&query - &targets.row(target)).mapv(|value| value * value).sum();
        let mut found: Vec<Neighbour> = best
            .into_iter()
            .map(|(_, target)| Neighbour { target, squared_distance: squared_distance(target) })
            .collect();
        found.sort_by(|a, b| a.squared_distance.total_cmp(&b.squared_distance).then(a.target.cmp(&b.target)));
        found
    });
    measured.collect()
}

/// Keeps the `count` greatest scores in falling order; an earlier one stays before an equal later one.
fn insert(best: &mut Vec<(f64, usize)>, candidate: (f64, usize), count: usize) {
    if best.len() == count && best.last().is_none_or(|last| last.0 >= candidate.0) {
        return;
    }
    let place = best.partition_point(|kept| kept.0 >= candidate.0);
    best.insert(place, candidate);
    best.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_sorting_all_distances(
            values in prop::collection::vec(-9i32..9, 3..90), count in 1usize..7, queries in 1usize..8,
        ) {
            let targets = Array2::from_shape_fn((values.len() / 3, 3), |(i, j)| f64::from(values[3 * i + j]));
            let queries = Array2::from_shape_fn((queries, 3), |(i, j)| f64::from(values[i % values.len()]) + j as f64);
            let found = nearest_neighbours(queries.view(), targets.view(), count, &Monitor::silent()).unwrap();
            for (query, found) in queries.rows().into_iter().zip(found) {
                let distance = |row: usize| (&query - &targets.row(row)).mapv(|v| v * v).sum();
                let mut all: Vec<usize> = (0..targets.nrows()).collect();
                all.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b)));
                let expected: Vec<usize> = all.into_iter().take(count).collect();
                prop_assert_eq!(found.iter().map(|neighbour| neighbour.target).collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn more_than_there_are_finds_all() {
        let targets = Array2::from_shape_fn((3, 1), |(row, _)| row as f64);
        let found = nearest_neighbours(targets.view(), targets.view(), usize::MAX, &Monitor::silent()).unwrap();
        assert_eq!(found[2].iter().map(|neighbour| neighbour.target).collect::<Vec<_>>(), [2, 1, 0]);
    }

    #[test]
    fn finds_across_blocks() {
        let targets =
            Array2::from_shape_fn((2 * TARGETS + 5, 2), |(row, column)| if column == 0 { row as f64 } else { 0.0 });
        let queries = targets.slice(s![TARGETS - 1..TARGETS + 300, ..]);
        let found = nearest_neighbours(queries, targets.view(), 3, &Monitor::silent()).unwrap();
        for (query, found) in found.iter().enumerate() {
            let own = TARGETS - 1 + query;
            assert_eq!(found.iter().map(|neighbour| neighbour.target).collect::<Vec<_>>(), [own, own - 1, own + 1]);
            assert_eq!(found[1].squared_distance, 1.0);
        }
    }
}
