//! Averages over spatial neighbours.

use super::SpatialGraph;
use crate::vectorized::vectorized;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Rows handled by one task.
const ROWS: usize = 256;

/// P^steps · values with P = D⁻¹(A + I): each step replaces a spot by the mean of itself and its neighbours.
/// `values` is spots x features; the cost is linear in edges x features.
pub fn diffuse(graph: &SpatialGraph, values: ArrayView2<f64>, steps: usize) -> Array2<f64> {
    let mut current = values.as_standard_layout().into_owned();
    let width = values.ncols();
    if width == 0 {
        return current;
    }
    for _ in 0..steps {
        let mut next = Array2::zeros(current.raw_dim());
        if let (Some(before), Some(after)) = (current.as_slice(), next.as_slice_mut()) {
            after.par_chunks_mut(ROWS * width).enumerate().for_each(|(task, rows)| {
                vectorized(
                    #[inline(always)]
                    || average(graph, before, width, task * ROWS, rows),
                );
            });
        }
        current = next;
    }
    current
}

/// Fills `rows`, those of the spots from `first` on, with the means of what the spots and their neighbours have in
/// `before`.
#[inline(always)]
fn average(graph: &SpatialGraph, before: &[f64], width: usize, first: usize, rows: &mut [f64]) {
    for (offset, row) in rows.chunks_exact_mut(width).enumerate() {
        let spot = first + offset;
        row.copy_from_slice(&before[spot * width..][..width]);
        for &neighbour in graph.neighbours(spot) {
            let other = &before[neighbour as usize * width..][..width];
            row.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
        }
        let count = (graph.degree(spot) + 1) as f64;
        row.iter_mut().for_each(|sum| *sum /= count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn a_chain_is_averaged_and_a_constant_kept() {
        let graph = SpatialGraph::from_edges(4, [(0, 1), (1, 2)]);
        let values = array![[3.0, 1.0], [0.0, 1.0], [0.0, 1.0], [7.0, 1.0]];
        let once = diffuse(&graph, values.view(), 1);
        assert_eq!(once, array![[1.5, 1.0], [1.0, 1.0], [0.0, 1.0], [7.0, 1.0]]);
        assert_eq!(diffuse(&graph, once.view(), 1), diffuse(&graph, values.view(), 2));
    }

    proptest! {
        /// An average stays within the values it is made of, and the sum weighted by the number averaged over, the
        /// stationary distribution of the walk, is kept.
        #[test]
        fn averages_stay_within_bounds_and_keep_the_weighted_sum(
            pairs in prop::collection::vec((0usize..15, 0usize..15), 0..40),
            values in prop::collection::vec(-100.0f64..100.0, 15),
            steps in 0usize..6,
        ) {
            let graph = SpatialGraph::from_edges(15, pairs);
            let before = Array2::from_shape_vec((15, 1), values).unwrap();
            let after = diffuse(&graph, before.view(), steps);
            let sum = |values: &Array2<f64>| -> f64 {
                (0..15).map(|spot| (graph.degree(spot) + 1) as f64 * values[[spot, 0]]).sum()
            };
            prop_assert!((sum(&before) - sum(&after)).abs() < 1e-9);
            let parts = graph.parts();
            for spot in 0..15 {
                let reach = (0..15).filter(|&other| parts[other] == parts[spot]).map(|other| before[[other, 0]]);
                let (least, most) = reach.fold((f64::MAX, f64::MIN), |(a, b), value| (a.min(value), b.max(value)));
                prop_assert!((least - 1e-9..=most + 1e-9).contains(&after[[spot, 0]]));
            }
        }
    }
}
