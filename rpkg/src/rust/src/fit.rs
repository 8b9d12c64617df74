//! `core_fit`: the embedding of one or several slices.

use crate::answer::{Failure, answer, or_na, table};
use crate::arguments::{CountSlots, Parameters, groups, matrix};
use crate::worker;
use extendr_api::prelude::*;
use ndarray::s;

use starscape::fit::{Fit, FitParams, Spots, Stage, first_stage, fit, fit_from};
use starscape::graph::{GraphMethod, GraphParams};
use starscape::monitor::Monitor;
use starscape::normalise::Normalisation;
use starscape::preprocess::{FeatureParams, FeatureSelection};
use starscape::vae::{EpochRecord, Evidence, Initialisation, Network, TrainParams};
use starscape::views::Codes;
use starscape::{Error, Result};

extendr_module! {
    mod fit;
    fn core_fit;
    fn core_first_stage;
    fn core_training_defaults;
}

/// Counts come as a `dgCMatrix`; `stage` is what [`core_first_stage`] gave, or NULL.
#[extendr]
fn core_fit(
    counts: Robj,
    coords: Robj,
    slice: Robj,
    batch: Robj,
    stage: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let stage = if stage.is_null() { None } else { Some(read_stage(&stage)?) };
        let found =
            with_spots([counts, coords, slice, batch], parameters, &progress, |spots, params, monitor| match stage {
                Some(stage) => fit_from(stage, spots, params, monitor),
                None => fit(spots, params, monitor),
            })?;
        Ok(write(found)?)
    })
}

/// What a fit knows half way, for [`core_fit`] to go on from.
#[extendr]
fn core_first_stage(counts: Robj, coords: Robj, slice: Robj, batch: Robj, parameters: List, progress: Robj) -> List {
    answer(|| {
        let Stage { types, codes } = with_spots([counts, coords, slice, batch], parameters, &progress, first_stage)?;
        Ok(list!(
            scores = table(codes.scores)?,
            types = from_one(codes.types),
            sharedTypes = types.map_or_else(|| Robj::from(()), |types| from_one(types).into())
        )
        .into())
    })
}

/// Runs `work` on counts, coordinates, slices and batches.
fn with_spots<T: Send>(
    [counts, coords, slice, batch]: [Robj; 4],
    parameters: List,
    progress: &Robj,
    work: impl FnOnce(Spots, &FitParams, &Monitor) -> Result<T> + Send,
) -> std::result::Result<T, Failure> {
    let parameters = Parameters::new(parameters);
    let counts = CountSlots::new(&counts, "x")?;
    let counts = counts.read()?;
    let coords = matrix(&coords, "coords")?;
    let slice = groups(&slice, counts.spots(), "slice")?;
    let batch = groups(&batch, counts.spots(), "batch")?;
    let params = read(&parameters)?;
    let spots = Spots { counts: &counts, coords, slice: &slice, batch: &batch };
    worker::run(parameters.whole("threads")?, progress, |monitor| work(spots, &params, monitor))
}

fn read_stage(stage: &Robj) -> Result<Stage> {
    let list = stage.as_list().ok_or_else(|| Error::argument("checkpoint", "must be a list"))?;
    let parts = Parameters::new(list);
    let scores = parts.value("scores").ok_or_else(|| Error::argument("checkpoint", "has no scores"))?;
    let numbers = |name| parts.indices(name).map(|found| found.map(|own| own.iter().map(|own| own - 1).collect()));
    let scores = matrix(&scores, "checkpoint")?.as_standard_layout().into_owned();
    let types = numbers("types")?.unwrap_or_default();
    Ok(Stage { types: numbers("sharedTypes")?, codes: Codes { scores, types } })
}

/// Numbers from 1, as R has them.
fn from_one(numbers: Vec<usize>) -> Vec<i32> {
    numbers.into_iter().map(|own| own as i32 + 1).collect()
}

fn read(parameters: &Parameters) -> Result<FitParams> {
    let selection = match parameters.indices("givenFeatures")? {
        Some(genes) => FeatureSelection::Given(genes),
        None => parameters.choice("featureSelection", |word| match word {
            "moran" => Some(FeatureSelection::Moran),
            "variance" => Some(FeatureSelection::Variance),
            _ => None,
        })?,
    };
    Ok(FitParams {
        features: FeatureParams {
            normalisation: read_normalisation(parameters)?,
            selection,
            count: parameters.whole("nFeatures")?,
        },
        graph: read_graph(parameters)?,
        latent_dim: parameters.whole("latentDim")?,
        steps: parameters.whole("steps")?,
        train: read_train(parameters)?,
    })
}

/// How counts become comparable between spots.
pub fn read_normalisation(parameters: &Parameters) -> Result<Normalisation> {
    parameters.choice("normalisation", |word| match word {
        "pearson" => Some(Normalisation::Pearson),
        "log" => Some(Normalisation::Log),
        _ => None,
    })
}

/// Settings of the spatial graph.
pub fn read_graph(parameters: &Parameters) -> Result<GraphParams> {
    Ok(GraphParams {
        method: parameters.choice("graphMethod", graph_method)?,
        k: parameters.whole("graphK")?,
        radius: parameters.optional_number("graphRadius")?,
    })
}

/// Settings of the training and weights of its loss.
pub fn read_train(parameters: &Parameters) -> Result<TrainParams> {
    let initialisation = parameters.choice("start", |word| match word {
        "deterministic" => Some(Initialisation::Deterministic),
        "random" => Some(Initialisation::Random),
        _ => None,
    })?;
    let defaults = TrainParams::default();
    Ok(TrainParams {
        share: parameters.optional_number("share")?,
        epochs: parameters.whole("epochs")?,
        batch_size: parameters.whole("batchSize")?,
        seed: parameters.whole("seed")? as u64,
        initialisation,
        damping: parameters.number("damping")?,
        prior_scale: parameters.number("priorScale")?,
        reconstruction: parameters.number("reconstruction")?,
        kl: parameters.number("kl")?,
        telescope: parameters.number("telescope")?,
        consistency: parameters.number("consistency")?,
        prototype: parameters.number("prototype")?,
        prototypes: parameters.whole("prototypes")?,
        scale: parameters.number("scale")?,
        warm_up: parameters.number("warmUp")?,
        perturbation: parameters.number("perturbation")?,
        sharpness: parameters.number("sharpness")?,
        averaging: parameters.number("averaging")?,
        members: parameters.whole("members")?,
        // Two that are no settings of R's functions.
        learning_rate: defaults.learning_rate,
        mask_rate: defaults.mask_rate,
    })
}

/// The core's own defaults of what R's functions set, by the names it reads them under.
#[extendr]
fn core_training_defaults() -> List {
    let defaults = TrainParams::default();
    let start = match defaults.initialisation {
        Initialisation::Deterministic => "deterministic",
        Initialisation::Random => "random",
    };
    list!(
        start = start,
        perturbation = defaults.perturbation,
        damping = defaults.damping,
        sharpness = defaults.sharpness,
        averaging = defaults.averaging,
        members = defaults.members as i32,
        batchSize = defaults.batch_size as i32,
        priorScale = defaults.prior_scale,
        share = defaults.share.map_or_else(|| Robj::from(()), Robj::from),
        reconstruction = defaults.reconstruction,
        kl = defaults.kl,
        telescope = defaults.telescope,
        consistency = defaults.consistency,
        prototype = defaults.prototype,
        prototypes = defaults.prototypes as i32,
        scale = defaults.scale,
        warmUp = defaults.warm_up
    )
}

fn graph_method(word: &str) -> Option<GraphMethod> {
    Some(match word {
        "auto" => GraphMethod::Auto,
        "grid" => GraphMethod::Grid,
        "knn" => GraphMethod::Nearest,
        "radius" => GraphMethod::Radius,
        "delaunay" => GraphMethod::Delaunay,
        _ => return None,
    })
}

fn write(fit: Fit) -> Result<Robj> {
    let latent = fit.embedding.ncols();
    let method = match fit.graph_method {
        GraphMethod::Auto | GraphMethod::Grid => "grid",
        GraphMethod::Nearest => "knn",
        GraphMethod::Radius => "radius",
        GraphMethod::Delaunay => "delaunay",
    };
    let offsets: Vec<i32> = fit.graph.offsets().iter().map(|&offset| offset as i32).collect();
    let neighbours: Vec<i32> = fit.graph.all_neighbours().iter().map(|&spot| spot as i32).collect();
    let features: Vec<i32> = fit.features.genes.iter().map(|&gene| gene as i32 + 1).collect();
    let shared_types = from_one(fit.types.unwrap_or_default());
    Ok(list!(
        embedding = table(fit.embedding)?,
        shared_types = shared_types,
        prior = table(fit.prior.slice(s![.., ..latent]).to_owned())?,
        prior_extra = table(fit.prior.slice(s![.., latent..]).to_owned())?,
        codes = table(fit.codes.scores)?,
        types = from_one(fit.codes.types),
        scores = table(fit.scores)?,
        weights = List::from_values(fit.network.parameters.values()?),
        history = history(&fit.network.history),
        network = network(&fit.network),
        features = features,
        feature_scores = fit.features.scores,
        shares = table(fit.features.shares)?,
        means = table(fit.features.means)?,
        deviations = table(fit.features.deviations)?,
        loadings = table(fit.loadings.slice(s![.., ..latent]).to_owned())?,
        singular_values = fit.singular_values.iter().copied().take(latent).collect::<Vec<f64>>(),
        graph = list!(method = method, offsets = offsets, neighbours = neighbours)
    )
    .into())
}

/// The part of the network in the embedding, and what held-out tiles say of it.
fn network(network: &Network) -> List {
    let of = |value: fn(&Evidence) -> f64| or_na(network.evidence.as_ref().map(value));
    list!(
        share = network.share,
        gain = of(|evidence| evidence.gain),
        error = of(|evidence| evidence.error),
        explained = of(|evidence| evidence.explained),
        epochs = network.history.len() as i32
    )
}

/// One column a term.
fn history(records: &[EpochRecord]) -> List {
    let column = |term: fn(&EpochRecord) -> Option<f64>| -> Doubles {
        records.iter().map(|record| or_na(term(record))).collect()
    };
    let epochs: Vec<i32> = records.iter().map(|record| record.epoch as i32).collect();
    list!(
        epoch = epochs,
        total = column(|record| Some(record.total)),
        reconstruction = column(|record| record.reconstruction),
        kl = column(|record| record.kl),
        telescope = column(|record| record.telescope),
        consistency = column(|record| record.consistency),
        prototype = column(|record| record.prototype),
        scale = column(|record| record.scale)
    )
}
