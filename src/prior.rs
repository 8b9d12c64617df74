//! The deterministic spatial prior.

use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use ndarray::{Array2, ArrayView2};

/// Root mean square of component scores over all spots and dimensions; 1 when they are all zero. Scores divided by
/// it have one scale for every section, with the components' relative importance kept.
pub fn root_mean_square(scores: ArrayView2<f64>) -> f64 {
    let mean_square = scores.iter().map(|value| value * value).sum::<f64>() / scores.len().max(1) as f64;
    if mean_square > 0.0 { mean_square.sqrt() } else { 1.0 }
}

/// Prior means M = P^steps · Z of the latent variables: component scores (spots x dimensions) averaged over spatial
/// neighbours `steps` times, P = D⁻¹(A + I). There is nothing random in it.
pub fn spatial_prior(graph: &SpatialGraph, scores: ArrayView2<f64>, steps: usize) -> Array2<f64> {
    diffuse(graph, scores, steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn root_mean_square_of_scores() {
        assert!((root_mean_square(array![[3.0, 4.0], [0.0, 5.0]].view()) - 12.5f64.sqrt()).abs() < 1e-12);
        assert_eq!(root_mean_square(Array2::zeros((2, 2)).view()), 1.0);
    }
}
