//! Genes that go with the dimensions of an embedding.
//!
//! The loading of a gene on a dimension is the slope of its standardised expression on the dimension scaled to unit
//! variance: their correlation. Its standard error comes from a bootstrap over tiles of tissue.

use crate::batches::Batches;
use crate::bootstrap::{Spread, bootstrap};
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use crate::normalise::Normalisation;
use crate::preprocess::{FeatureParams, FeatureSelection, ScaledFeatures, select_features};
use crate::tiles::tiles;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Most groups of tiles that are drawn: bounds memory at groups x genes x dimensions.
const GROUPS: usize = 100;

/// Loadings of the chosen `genes` (row numbers, rising) on the dimensions of an `embedding` (spots x dimensions), each
/// gene standardised within its slice, and their spread, both genes x dimensions; `coords` is spots x 2. Tiles of about
/// 25 neighbouring spots, in at most 100 groups, are drawn with replacement. `draws` are their number and seed.
///
/// # Errors
/// [`Error::Argument`] naming `fit` for parts that are not of these spots or not finite; as [`bootstrap`].
#[allow(clippy::too_many_arguments)] // counts with places, and how to draw
pub fn dimension_loadings(
    counts: &Counts,
    embedding: ArrayView2<f64>,
    coords: ArrayView2<f64>,
    slice: &[usize],
    genes: &[usize],
    normalisation: Normalisation,
    draws: (usize, u64),
    monitor: &Monitor,
) -> Result<(Array2<f64>, Spread)> {
    check(counts, embedding, coords, slice)?;
    let selection = FeatureSelection::Given(genes.to_vec());
    let params = FeatureParams { normalisation, selection, ..FeatureParams::default() };
    let no_graph = SpatialGraph::from_edges(counts.spots(), []);
    let batches = Batches::alike(slice);
    let features = select_features(counts, &batches, &no_graph, &params, monitor)?;
    let scaled = ScaledFeatures::new(counts, &batches, normalisation, &features);
    let groups: Vec<usize> = tiles(coords, slice).iter().map(|tile| tile % GROUPS).collect();
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let dimensions = unit(embedding);
    let sums: Vec<Sums> = (0..count)
        .into_par_iter()
        .map(|group| {
            monitor.check()?;
            Ok(Sums::of(&scaled, dimensions.view(), &groups, group))
        })
        .collect::<Result<_>>()?;
    let loadings = slopes(&sums, &vec![1.0; count]);
    let spread = bootstrap(loadings.view(), count, draws, monitor, |times| Ok(slopes(&sums, times)))?;
    Ok((loadings, spread))
}

fn check(counts: &Counts, embedding: ArrayView2<f64>, coords: ArrayView2<f64>, slice: &[usize]) -> Result<()> {
    let spots = counts.spots();
    if [embedding.nrows(), coords.nrows(), slice.len()].iter().any(|&own| own != spots) || coords.ncols() < 2 {
        return Err(Error::argument("fit", format!("must have embedding, places and slices of these {spots} spots")));
    }
    if embedding.iter().chain(coords.iter()).any(|value| !value.is_finite()) {
        return Err(Error::argument("fit", "has values that are not finite"));
    }
    Ok(())
}

/// Dimensions centred and of unit variance; 0 where constant.
fn unit(embedding: ArrayView2<f64>) -> Array2<f64> {
    let mut values = embedding.to_owned();
    for mut column in values.columns_mut() {
        let (mean, deviation) = (column.mean().unwrap_or(0.0), column.std(0.0));
        column.mapv_inplace(|value| if deviation > 0.0 { (value - mean) / deviation } else { 0.0 });
    }
    values
}

/// What a group of spots adds to the slopes.
struct Sums {
    /// Σ x z, genes x dimensions.
    products: Array2<f64>,
    /// Σ z², by dimension.
    squares: Array1<f64>,
}

impl Sums {
    fn of(scaled: &ScaledFeatures, dimensions: ArrayView2<f64>, groups: &[usize], group: usize) -> Self {
        let mut products = Array2::zeros((scaled.features(), dimensions.ncols()));
        let mut squares = Array1::zeros(dimensions.ncols());
        for spot in (0..groups.len()).filter(|&spot| groups[spot] == group) {
            let row = dimensions.row(spot).insert_axis(Axis(0));
            products += &scaled.block(spot..spot + 1).t().dot(&row);
            squares += &dimensions.row(spot).mapv(|value| value * value);
        }
        Sums { products, squares }
    }
}

fn slopes(sums: &[Sums], weights: &[f64]) -> Array2<f64> {
    let mut products = Array2::zeros(sums[0].products.raw_dim());
    let mut squares = Array1::<f64>::zeros(sums[0].squares.raw_dim());
    for (part, &weight) in sums.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
        products.scaled_add(weight, &part.products);
        squares.scaled_add(weight, &part.squares);
    }
    products / squares.mapv(|square| square.max(f64::MIN_POSITIVE))
}
