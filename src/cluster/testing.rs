//! Data for the tests of this module.

use crate::graph::SpatialGraph;
use crate::random::{Stream, stream};
use ndarray::{Array1, Array2};
use rand::Rng;
use rand_distr::StandardNormal;

/// Spherical unit Gaussians around `components` random centres of standard deviation `separation`; spot i belongs to
/// component i mod `components`.
pub fn blobs(
    spots: usize,
    dimensions: usize,
    components: usize,
    separation: f64,
    seed: u64,
) -> (Array2<f64>, Vec<usize>) {
    let mut rng = stream(seed, Stream::Layout);
    let centres =
        Array2::from_shape_simple_fn((components, dimensions), || separation * rng.sample::<f64, _>(StandardNormal));
    let labels = labels_below(spots, components);
    let values = Array2::from_shape_fn((spots, dimensions), |(spot, dimension)| {
        centres[[labels[spot], dimension]] + rng.sample::<f64, _>(StandardNormal)
    });
    (values, labels)
}

/// Labels 0, 1, ..., components − 1, 0, 1, ...
pub fn labels_below(spots: usize, components: usize) -> Vec<usize> {
    (0..spots).map(|spot| spot % components).collect()
}

/// Runs `work` in a pool of so many threads.
pub fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool").install(work)
}

/// A square lattice of `side` x `side` spots cut into `domains` vertical stripes, with centres of standard deviation
/// `separation` in two dimensions and unit noise; and the graph of its four-neighbourhoods.
pub fn stripes(side: usize, domains: usize, separation: f64, seed: u64) -> (Array2<f64>, Vec<usize>, SpatialGraph) {
    let (noise, _) = blobs(side * side, 2, 1, 0.0, seed);
    let (centres, _) = blobs(domains, 2, 1, 0.0, seed + 1);
    let labels: Vec<usize> = (0..side * side).map(|spot| (spot % side) * domains / side).collect();
    let values = Array2::from_shape_fn((side * side, 2), |at| separation * centres[[labels[at.0], at.1]] + noise[at]);
    let right = (0..side * side).filter(|spot| spot % side + 1 < side).map(|spot| (spot, spot + 1));
    let below = (0..side * (side - 1)).map(|spot| (spot, spot + side));
    (values, labels, SpatialGraph::from_edges(side * side, right.chain(below)))
}

/// Two halves of such a lattice whose first score is -1 and 1 with unit noise, and whose second is noise; and the first
/// without noise.
pub fn two_halves(side: usize, seed: u64) -> (Array2<f64>, Array1<f64>, SpatialGraph) {
    let (mut scores, labels, graph) = stripes(side, 2, 0.0, seed);
    let truth: Array1<f64> = labels.iter().map(|&label| 2.0 * label as f64 - 1.0).collect();
    scores.column_mut(0).zip_mut_with(&truth, |score, truth| *score += truth);
    (scores, truth, graph)
}
