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
use ndarray::{Array1, Array2, ArrayView2, s};
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
    /// Loadings of the components, genes used x as many components as the prior has.
    pub loadings: Array2<f64>,
    /// Their singular values.
    pub singular_values: Array1<f64>,
    /// What the views are made from in which domains are looked for.
    pub codes: Codes,
    /// The spatial graph.
    pub graph: Arc<SpatialGraph>,
    /// How its neighbours were found.
    pub graph_method: GraphMethod,
}

/// What a fit knows after its first stage, which can be kept to go on from.
pub struct Stage {
    /// See [`Fit::types`].
    pub types: Option<Vec<usize>>,
    /// See [`Fit::codes`].
    pub codes: Codes,
}

/// The spots of one or several slices.
#[derive(Clone, Copy)]
pub struct Spots<'a> {
    /// Genes x spots.
    pub counts: &'a Counts<'a>,
    /// Spots x 2, or x 3 with a depth.
    pub coords: ArrayView2<'a, f64>,
    /// The slice number of each spot, all 0 for one slice: spots of different slices are no neighbours.
    pub slice: &'a [usize],
    /// The batch number of each spot: genes are standardised within batches.
    pub batch: &'a [usize],
}

/// Embeds the spots of one or several slices. The same input, parameters and seed give the same bits for any number of
/// threads.
///
/// # Errors
/// [`Error::Argument`] naming the user's argument, `graph` where no two spots are neighbours; [`Error::Numeric`],
/// [`Error::Interrupted`].
pub fn fit(spots: Spots, params: &FitParams, monitor: &Monitor) -> Result<Fit> {
    let (graph, method) = neighbours(spots, params, monitor)?;
    let stage = codes_of(spots, &graph, params, monitor)?;
    embed(spots, (graph, method), stage, params, monitor)
}

/// The first stage of [`fit`].
///
/// # Errors
/// As [`fit`].
pub fn first_stage(spots: Spots, params: &FitParams, monitor: &Monitor) -> Result<Stage> {
    codes_of(spots, &neighbours(spots, params, monitor)?.0, params, monitor)
}

/// The rest of [`fit`], with the same result.
///
/// # Errors
/// As [`fit`], and [`Error::Argument`] naming `checkpoint` for a stage of other spots.
pub fn fit_from(stage: Stage, spots: Spots, params: &FitParams, monitor: &Monitor) -> Result<Fit> {
    let known = [Some(stage.codes.scores.nrows()), stage.types.as_ref().map(Vec::len)];
    if known.into_iter().flatten().any(|known| known != spots.counts.spots()) {
        return Err(Error::argument("checkpoint", "holds a stage of other spots"));
    }
    embed(spots, neighbours(spots, params, monitor)?, stage, params, monitor)
}

fn neighbours(spots: Spots, params: &FitParams, monitor: &Monitor) -> Result<(SpatialGraph, GraphMethod)> {
    check(spots.counts, &[("slice", spots.slice), ("batch", spots.batch)], params)?;
    let (graph, method) = spatial_graph(spots.coords, spots.slice, &params.graph, monitor)?;
    if graph.edges() == 0 {
        let message = "leaves no two spots neighbours; give a larger radius, or another method";
        return Err(Error::argument("graph", message));
    }
    Ok((graph, method))
}

fn codes_of(spots: Spots, graph: &SpatialGraph, params: &FitParams, monitor: &Monitor) -> Result<Stage> {
    monitor.check()?;
    let types = shared_types(spots.counts, spots.batch, graph, &params.features, monitor)?;
    let batches = batches(spots.batch, types.as_deref())?;
    let codes = spot_codes(spots.counts, &batches, graph, &params.features, monitor)?;
    Ok(Stage { types, codes })
}

fn batches(batch: &[usize], types: Option<&[usize]>) -> Result<Batches> {
    types.map_or_else(|| Ok(Batches::alike(batch)), |types| Batches::made_of(batch, types))
}

fn embed(
    Spots { counts, batch, .. }: Spots,
    (graph, graph_method): (SpatialGraph, GraphMethod),
    Stage { types, codes }: Stage,
    params: &FitParams,
    monitor: &Monitor,
) -> Result<Fit> {
    let batches = batches(batch, types.as_deref())?;
    let features = select_features(counts, &batches, &graph, &params.features, monitor)?;
    let scaled = ScaledFeatures::new(counts, &batches, params.features.normalisation, &features);
    let latent = params.latent_dim;
    let most = scaled.features().min(scaled.spots());
    let Components { mut scores, loadings, singular_values } =
        leading_components(&scaled, latent.max(most.min(latent + latent / 2)), monitor)?;
    scores /= root_mean_square(scores.slice(s![.., ..latent]));
    let prior = spatial_prior(&graph, scores.view(), params.steps);
    let scores = scores.slice(s![.., ..latent]).to_owned();
    let network = learn(scores.view(), batch, &graph, &params.train, monitor)?;
    let mut embedding = prior.slice(s![.., ..latent]).to_owned();
    if let Some(shift) = &network.shift {
        embedding.scaled_add(network.share, shift);
    }
    let graph = Arc::new(graph);
    Ok(Fit {
        types,
        embedding,
        prior,
        scores,
        network,
        features,
        loadings,
        singular_values,
        codes,
        graph,
        graph_method,
    })
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
