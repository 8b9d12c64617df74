//! How far domains are connected: partition-based graph abstraction (Wolf et al. 2019, Genome Biology 20, 59).

use crate::graph::SpatialGraph;
use ndarray::Array2;

/// Edges between two domains over the number expected if each domain's edges led to random spots, at most 1. With e the
/// sum of degrees and n the number of spots of a domain, and N spots in all, (e n' + e' n) / (N − 1) ends of edges are
/// expected; two for each edge. Spots without a domain are left out with their edges. Domains x domains, symmetric, 0
/// on the diagonal.
pub fn connectivity(graph: &SpatialGraph, labels: &[Option<usize>]) -> Array2<f64> {
    let domains = labels.iter().flatten().max().map_or(0, |last| last + 1);
    let (mut ends, mut sizes) = (Array2::<f64>::zeros((domains, domains)), vec![0.0; domains]);
    for (spot, own) in labels.iter().enumerate().filter_map(|(spot, label)| label.map(|own| (spot, own))) {
        sizes[own] += 1.0;
        for other in graph.neighbours(spot).iter().filter_map(|&other| labels[other as usize]) {
            ends[[own, other]] += 1.0;
        }
    }
    let (all, degrees) = (sizes.iter().sum::<f64>(), ends.sum_axis(ndarray::Axis(1)));
    Array2::from_shape_fn((domains, domains), |(a, b)| {
        let expected = (degrees[a] * sizes[b] + degrees[b] * sizes[a]) / (all - 1.0);
        if a == b || ends[[a, b]] == 0.0 { 0.0 } else { (2.0 * ends[[a, b]] / expected).min(1.0) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edges_against_chance() {
        let graph = SpatialGraph::from_edges(7, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 6), (6, 5)]);
        let labels = [Some(0), Some(0), Some(1), Some(1), Some(2), Some(2), None];
        let found = connectivity(&graph, &labels);
        // Degrees 3, 4, 3 without the last spot: 2 / ((3 * 2 + 4 * 2) / 5).
        assert!((found[[0, 1]] - 10.0 / 14.0).abs() < 1e-12);
        assert_eq!(found[[0, 1]], found[[1, 0]]);
        assert_eq!((found[[0, 2]], found[[1, 1]]), (0.0, 0.0));
        assert_eq!(connectivity(&graph, &[None; 7]).dim(), (0, 0));
    }
}
