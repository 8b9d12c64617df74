//! A section seen a part at a time: what the network needs of all spots together is kept, the rest is made when needed.

use super::evidence::FOLDS;
use super::sample::Sample;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::surroundings::{Linear, RINGS, Sums, Surroundings};
use crate::tiles::{folds, graph_tiles};
use ndarray::{Array2, ArrayView2, Axis};

/// Spots whose surroundings are held at a time.
const BLOCK: usize = 8192;

/// Scores, batches and neighbours of all spots, and what is linear in their surroundings.
pub struct Section<'a> {
    scores: ArrayView2<'a, f64>,
    batch: &'a [usize],
    graph: &'a SpatialGraph,
    tiles: Vec<usize>,
    linear: Array2<f64>,
}

impl<'a> Section<'a> {
    /// Of component scores (spots x latent); `batch` is the batch number of each spot.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when the regression on the surroundings fails.
    pub fn new(scores: ArrayView2<'a, f64>, batch: &'a [usize], graph: &'a SpatialGraph) -> Result<Self> {
        let tiles = graph_tiles(graph);
        let linear = linear(scores, graph, &folds(&tiles, FOLDS))?;
        Ok(Section { scores, batch, graph, tiles, linear })
    }

    /// Number of dimensions of the scores.
    pub fn latent(&self) -> usize {
        self.scores.ncols()
    }

    /// Number of batches.
    pub fn batches(&self) -> usize {
        self.batch.iter().max().map_or(0, |last| last + 1)
    }

    /// What is linear in the surroundings of each spot, spots x latent.
    pub fn linear(&self) -> &Array2<f64> {
        &self.linear
    }

    /// All spots.
    ///
    /// # Errors
    /// As [`Section::sample`].
    pub fn whole(&self) -> Result<Sample> {
        self.sample(&(0..self.scores.nrows()).collect::<Vec<_>>())
    }

    /// Some of the spots with their surroundings.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when a tensor cannot be made.
    pub fn sample(&self, rows: &[usize]) -> Result<Sample> {
        let surroundings = Surroundings::new(self.graph, rows);
        let linear = self.linear.select(Axis(0), rows);
        Sample::new(self.scores, rows, &surroundings, linear.view(), self.batch)
    }

    /// The spots in parts of at most about `most`: whole tiles, dealt out in turn, so that each part has spots of all
    /// tissue.
    pub fn parts(&self, most: usize) -> Vec<Vec<usize>> {
        let mut parts = vec![Vec::new(); self.tiles.len().div_ceil(most).max(1)];
        let count = parts.len();
        self.tiles.iter().enumerate().for_each(|(spot, tile)| parts[tile % count].push(spot));
        parts
    }
}

/// Linear in spots; memory beyond the result is that of a block.
fn linear(scores: ArrayView2<f64>, graph: &SpatialGraph, folds: &[usize]) -> Result<Array2<f64>> {
    let (spots, latent) = scores.dim();
    let blocks = || (0..spots).step_by(BLOCK).map(|first| first..(first + BLOCK).min(spots));
    let means = |rows: std::ops::Range<usize>| Surroundings::new(graph, &rows.collect::<Vec<_>>()).means(scores);
    let mut sums = Sums::new(RINGS * latent, latent, FOLDS);
    for rows in blocks() {
        let own = scores.slice(ndarray::s![rows.clone(), ..]);
        sums.add(means(rows.clone()).view(), own, &folds[rows]);
    }
    let (fitted, mut expected): (Linear, _) = (sums.fit()?, Array2::zeros((spots, latent)));
    for rows in blocks() {
        expected.slice_mut(ndarray::s![rows.clone(), ..]).assign(&fitted.predict(means(rows).view()));
    }
    Ok(expected)
}
