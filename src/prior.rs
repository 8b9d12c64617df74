//! The deterministic spatial prior.

use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use ndarray::{Array2, ArrayView2};

/// Component scores divided by their root mean square over all spots and dimensions: one scale for every section,
/// with the components' relative importance kept. Scores that are all zero stay so.
pub fn unit_scale(scores: ArrayView2<f64>) -> Array2<f64> {
    let mean_square = scores.iter().map(|value| value * value).sum::<f64>() / scores.len().max(1) as f64;
    if mean_square > 0.0 { &scores / mean_square.sqrt() } else { scores.to_owned() }
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
    fn scores_have_unit_root_mean_square() {
        let scaled = unit_scale(array![[3.0, 4.0], [0.0, 5.0]].view());
        assert!((scaled.mapv(|value| value * value).mean().unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(unit_scale(Array2::zeros((2, 2)).view()), Array2::<f64>::zeros((2, 2)));
    }
}
