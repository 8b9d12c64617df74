//! What a spot's surroundings say about a gene.

use crate::graph::SpatialGraph;
use ndarray::{Array2, ArrayView2};

/// The spots within two steps on the graph, the spot itself left out.
pub struct Neighbourhood {
    graph: SpatialGraph,
    sizes: Vec<f64>,
}

impl Neighbourhood {
    /// Neighbours and their neighbours; `sizes` holds the library size of each spot.
    pub fn new(graph: &SpatialGraph, sizes: &[f64]) -> Self {
        let pairs = (0..graph.spots()).flat_map(|spot| {
            let near = graph.neighbours(spot);
            let far = near.iter().flat_map(|&other| graph.neighbours(other as usize));
            near.iter().chain(far).map(move |&other| (spot, other as usize)).filter(|(spot, other)| spot < other)
        });
        let graph = SpatialGraph::from_edges(graph.spots(), pairs);
        let sizes = (0..graph.spots()).map(|spot| sum(&graph, spot, sizes)).collect();
        Neighbourhood { graph, sizes }
    }

    /// Means of scores (spots x components) around each spot; 0, their mean over all spots, without neighbours.
    pub fn means(&self, scores: ArrayView2<f64>) -> Array2<f64> {
        let mut means = Array2::zeros(scores.raw_dim());
        for (spot, mut mean) in means.rows_mut().into_iter().enumerate() {
            let near = self.graph.neighbours(spot);
            near.iter().for_each(|&other| mean += &scores.row(other as usize));
            mean /= near.len().max(1) as f64;
        }
        means
    }

    /// Share of a gene with these counts in all counts around each spot; `None` without neighbours.
    pub fn shares(&self, counts: &[f64]) -> Vec<Option<f64>> {
        let share = |spot: usize| (self.sizes[spot] > 0.0).then(|| sum(&self.graph, spot, counts) / self.sizes[spot]);
        (0..self.sizes.len()).map(share).collect()
    }
}

fn sum(graph: &SpatialGraph, spot: usize, values: &[f64]) -> f64 {
    graph.neighbours(spot).iter().map(|&other| values[other as usize]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_two_steps_and_leaves_the_spot_out() {
        let graph = SpatialGraph::from_edges(6, [(0, 1), (1, 2), (2, 3), (3, 4)]);
        let around = Neighbourhood::new(&graph, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let shares = around.shares(&[1.0, 0.0, 0.0, 1.0, 0.0, 6.0]);
        let positions = Array2::from_shape_fn((6, 1), |(spot, _)| spot as f64);
        assert_eq!(around.means(positions.view()).column(0).to_vec(), [1.5, 5.0 / 3.0, 2.0, 7.0 / 3.0, 2.5, 0.0]);
        assert_eq!(shares, [Some(0.0), Some(2.0 / 8.0), Some(2.0 / 12.0), Some(0.0), Some(1.0 / 7.0), None]);
    }
}
