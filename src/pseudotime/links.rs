//! Which spots the random walk can go between, and how readily.

use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use crate::neighbours::nearest_neighbours;
use ndarray::ArrayView2;

/// A link weaker than this is none: the walk would not use it within any number of steps that matters.
const WEAKEST: f64 = 1e-10;
/// The smallest reach of a spot as a share of the mean: many spots at one point have no reach of their own.
const SMALLEST_REACH: f64 = 1e-3;

/// Links between spots with their weights.
pub struct Links {
    nearest: SpatialGraph,
    graph: SpatialGraph,
    weights: Vec<f64>,
}

impl Links {
    /// Joins each spot to its `count` nearest neighbours in the embedding and to its neighbours in `tissue`. A link's
    /// weight is the locally scaled Gaussian kernel of Haghverdi et al. 2016, √(2σσ'/(σ²+σ'²)) exp(−d²/(σ²+σ'²)), with
    /// the distance to the last neighbour as reach σ.
    pub fn new(
        embedding: ArrayView2<f64>,
        tissue: Option<&SpatialGraph>,
        count: usize,
        monitor: &Monitor,
    ) -> Result<Self> {
        let spots = embedding.nrows();
        let mut reach = vec![0.0f64; spots];
        let mut pairs = Vec::with_capacity(spots * count.min(spots));
        // A spot finds itself, unless more spots than asked for lie at its own point.
        for (spot, found) in nearest_neighbours(embedding, embedding, count + 1, monitor)?.into_iter().enumerate() {
            for neighbour in found.into_iter().filter(|neighbour| neighbour.target != spot).take(count) {
                pairs.push((spot, neighbour.target));
                reach[spot] = neighbour.squared_distance.sqrt();
            }
        }
        let mean = reach.iter().sum::<f64>() / spots as f64;
        if mean <= 0.0 {
            return Err(Error::argument("x", "is the same for all spots"));
        }
        reach.iter_mut().for_each(|reach| *reach = reach.max(SMALLEST_REACH * mean));
        let nearest = SpatialGraph::from_edges(spots, pairs);
        let (graph, weights) =
            weigh(embedding, &reach, all_pairs(&nearest).chain(tissue.into_iter().flat_map(all_pairs)));
        Ok(Links { nearest, graph, weights })
    }

    /// Nearest neighbours in the embedding, made symmetric.
    pub fn nearest(&self) -> &SpatialGraph {
        &self.nearest
    }

    /// All links.
    pub fn graph(&self) -> &SpatialGraph {
        &self.graph
    }

    /// Spots linked to one spot, and the weights of these links.
    pub fn of(&self, spot: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.graph.offsets()[spot]..self.graph.offsets()[spot + 1];
        self.graph.neighbours(spot).iter().map(|&other| other as usize).zip(self.weights[range].iter().copied())
    }
}

fn all_pairs(graph: &SpatialGraph) -> impl Iterator<Item = (usize, usize)> + '_ {
    (0..graph.spots()).flat_map(|spot| graph.neighbours(spot).iter().map(move |&other| (spot, other as usize)))
}

fn weigh(
    embedding: ArrayView2<f64>,
    reach: &[f64],
    pairs: impl Iterator<Item = (usize, usize)>,
) -> (SpatialGraph, Vec<f64>) {
    let weight = |a: usize, b: usize| {
        let squared_distance = (&embedding.row(a) - &embedding.row(b)).mapv(|value| value * value).sum();
        let squares = reach[a] * reach[a] + reach[b] * reach[b];
        (2.0 * reach[a] * reach[b] / squares).sqrt() * (-squared_distance / squares).exp()
    };
    let graph = SpatialGraph::from_edges(embedding.nrows(), pairs.filter(|&(a, b)| weight(a, b) > WEAKEST));
    let weights = all_pairs(&graph).map(|(a, b)| weight(a, b)).collect();
    (graph, weights)
}
