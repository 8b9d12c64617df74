//! The main job: from counts and coordinates to the embedding.

use crate::batches::Batches;
use crate::composition::shared_types;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::graph::{GraphMethod, GraphParams, SpatialGraph, spatial_graph};
use crate::monitor::Monitor;
use crate::preprocess::{Components, FeatureParams, Features, ScaledFeatures, leading_components, select_features};
use crate::prior::{root_mean_square, spatial_prior};
use crate::vae::{Network, TrainParams, learn};
use crate::views::{Codes, spot_codes};
use ndarray::{Array2, ArrayView2, s};
use std::sync::Arc;

/// Everything a user can set.
#[derive(Clone, Debug)]
pub struct FitParams {
    /// Normalisation and feature selection.
    pub features: FeatureParams,
    /// The spatial graph.
    pub graph: GraphParams,
    /// Number of components, and of latent dimensions.
    pub latent_dim: usize,
    /// Diffusion steps of the prior.
    pub steps: usize,
    /// Training.
    pub train: TrainParams,
}

impl Default for FitParams {
    fn default() -> Self {
        FitParams {
            features: FeatureParams::default(),
            graph: GraphParams::default(),
            latent_dim: 20,
            steps: 2,
            train: TrainParams::default(),
        }
    }
}

/// What the main job found.
pub struct Fit {
    /// With several batches the type of each spot that tells their level from what they are made of, see
    /// [`shared_types`].
    pub types: Option<Vec<usize>>,
    /// Embedding, spots x latent dimensions: the prior, plus what the network expects of a spot beyond what is linear
    /// in its surroundings, as far as it is to be trusted.
    pub embedding: Array2<f64>,
    /// The deterministic spatial prior, spots x components: the first latent dimensions are the means of the latent
    /// variables; half as many further components (fewer in small data) help to find the starting partition.
    pub prior: Array2<f64>,
    /// What the network was given: the leading component scores divided by their root mean square, spots x latent
    /// dimensions.
    pub scores: Array2<f64>,
    /// The network and its part in the embedding.
    pub network: Network,
    /// The genes used and their statistics.
    pub features: Features,
    /// Component scores, loadings and singular values, of as many components as the prior.
    pub components: Components,
    /// What the views are made from in which domains are looked for.
    pub codes: Codes,
    /// The spatial graph.
    pub graph: Arc<SpatialGraph>,
    /// How its neighbours were found.
    pub graph_method: GraphMethod,
}

/// Embeds the spots of one or several slices.
///
/// `counts` is genes x spots; `coords` spots x 2; `slice` the slice number of each spot, all 0 for one slice: spots of
/// different slices are no neighbours; `batch` the batch number of each spot: genes are standardised within batches.
/// The same input, parameters and seed give the same bits for any number of threads.
///
/// # Errors
/// [`Error::Argument`] naming the user's argument, `graph` where no two spots are neighbours; [`Error::Numeric`],
/// [`Error::Interrupted`].
pub fn fit(
    counts: &Counts,
    coords: ArrayView2<f64>,
    slice: &[usize],
    batch: &[usize],
    params: &FitParams,
    monitor: &Monitor,
) -> Result<Fit> {
    check(counts, &[("slice", slice), ("batch", batch)], params)?;
    let (graph, graph_method) = spatial_graph(coords, slice, &params.graph)?;
    if graph.edges() == 0 {
        let message = "leaves no two spots neighbours; give a larger radius, or another method";
        return Err(Error::argument("graph", message));
    }
    let graph = Arc::new(graph);
    monitor.check()?;
    let types = shared_types(counts, batch, &graph, &params.features, monitor)?;
    let batches = match &types {
        Some(types) => Batches::made_of(batch, types)?,
        None => Batches::alike(batch),
    };
    let features = select_features(counts, &batches, &graph, &params.features, monitor)?;
    let scaled = ScaledFeatures::new(counts, &batches, params.features.normalisation, &features);
    let codes = spot_codes(counts, &batches, &graph, &params.features, monitor)?;
    let latent = params.latent_dim;
    let most = scaled.features().min(scaled.spots());
    let components = leading_components(&scaled, latent.max(most.min(latent + latent / 2)), monitor)?;
    let scale = root_mean_square(components.scores.slice(s![.., ..latent]));
    let scores = &components.scores / scale;
    let prior = spatial_prior(&graph, scores.view(), params.steps);
    let scores = scores.slice(s![.., ..latent]).to_owned();
    let network = learn(scores.view(), batch, &graph, &params.train, monitor)?;
    let mut embedding = prior.slice(s![.., ..latent]).to_owned();
    if let Some(shift) = &network.shift {
        embedding.scaled_add(network.share, shift);
    }
    Ok(Fit { types, embedding, prior, scores, network, features, components, codes, graph, graph_method })
}

fn check(counts: &Counts, numbers: &[(&'static str, &[usize])], params: &FitParams) -> Result<()> {
    for (argument, numbers) in numbers {
        if numbers.len() != counts.spots() {
            let message = format!("must have a value for each of the {} spots, not {}", counts.spots(), numbers.len());
            return Err(Error::argument(argument, message));
        }
    }
    params.train.check()
}
