//! Averages over spatial neighbours.

use super::SpatialGraph;
use ndarray::{Array2, ArrayView2, Axis, Zip};

/// P^steps · values with P = D⁻¹(A + I): each step replaces a spot by the mean of itself and its neighbours.
/// `values` is spots x features; the cost is linear in edges x features.
pub fn diffuse(graph: &SpatialGraph, values: ArrayView2<f64>, steps: usize) -> Array2<f64> {
    let mut current = values.to_owned();
    for _ in 0..steps {
        let mut next = Array2::zeros(current.raw_dim());
        Zip::indexed(next.axis_iter_mut(Axis(0))).par_for_each(|spot, mut row| {
            row.assign(&current.row(spot));
            for &neighbour in graph.neighbours(spot) {
                row += &current.row(neighbour as usize);
            }
            row /= (graph.degree(spot) + 1) as f64;
        });
        current = next;
    }
    current
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
