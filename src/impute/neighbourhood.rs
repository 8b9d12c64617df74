//! What a spot's surroundings say about a gene.

use crate::graph::SpatialGraph;

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
        assert_eq!(shares, [Some(0.0), Some(2.0 / 8.0), Some(2.0 / 12.0), Some(0.0), Some(1.0 / 7.0), None]);
    }
}
