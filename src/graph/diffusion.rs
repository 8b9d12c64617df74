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

    #[test]
    fn a_chain_is_averaged_and_a_constant_kept() {
        let graph = SpatialGraph::from_edges(4, [(0, 1), (1, 2)]);
        let values = array![[3.0, 1.0], [0.0, 1.0], [0.0, 1.0], [7.0, 1.0]];
        let once = diffuse(&graph, values.view(), 1);
        assert_eq!(once, array![[1.5, 1.0], [1.0, 1.0], [0.0, 1.0], [7.0, 1.0]]);
        assert_eq!(diffuse(&graph, once.view(), 1), diffuse(&graph, values.view(), 2));
    }
}
