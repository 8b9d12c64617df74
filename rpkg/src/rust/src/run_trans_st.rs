//! `core_run_trans_st` and `core_trans_st_embedding`: domains that borrow from a labelled source.

use crate::answer::{Failure, answer, table};
use crate::arguments::{CountSlots, Parameters, graph, groups, labels, matrix, optional_matrix};
use crate::fit::{read_graph, read_normalisation};
use crate::worker;
use extendr_api::prelude::*;
use starscape::graph::SpatialGraph;
use starscape::preprocess::{FeatureParams, FeatureSelection};
use starscape::transst::domains::Domains;
use starscape::transst::{Borrow, Criterion, Params, Source, Target, TransSt, fit, fit_embedding};
use starscape::{Error, Result};

extendr_module! {
    mod run_trans_st;
    fn core_run_trans_st;
    fn core_trans_st_embedding;
}

/// Counts of target and source come as `dgCMatrix`; labels are numbered from 1, 0 where missing.
#[allow(clippy::too_many_arguments)] // target and source, each with places and slices
#[extendr]
fn core_run_trans_st(
    target: Robj,
    coords: Robj,
    slice: Robj,
    source: Robj,
    source_coords: Robj,
    source_slice: Robj,
    label: &[Rint],
    label_count: i32,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let (target, source) = (CountSlots::new(&target, "x")?, CountSlots::new(&source, "source")?);
        let (target, source) = (target.read()?, source.read()?);
        let coords = matrix(&coords, "coords")?;
        let source_coords = optional_matrix(&source_coords, "source")?;
        let slice = groups(&slice, target.spots(), "slice")?;
        let source_slice = groups(&source_slice, source.spots(), "source")?;
        let labels = labels(label);
        let params = read(&parameters)?;
        let target = Target { counts: &target, coords, slice: &slice };
        let source = Source {
            counts: &source,
            coords: source_coords,
            slice: &source_slice,
            labels: &labels,
            label_count: label_count as usize,
        };
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| fit(&target, &source, &params, monitor))?;
        write(found)
    })
}

/// Domains in a common embedding of target and source.
#[extendr]
fn core_trans_st_embedding(
    target: Robj,
    source: Robj,
    neighbours: Robj,
    label: &[Rint],
    label_count: i32,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let (target, source) = (matrix(&target, "x")?, matrix(&source, "source")?);
        let graph = graph(&neighbours)?.ok_or_else(|| Error::argument("x", "has no graph"))?;
        let labels = labels(label);
        let params = read(&parameters)?;
        let threads = parameters.whole("threads")?;
        let known = (labels.as_slice(), label_count as usize);
        let found =
            worker::run(threads, &progress, |monitor| fit_embedding(target, source, &graph, known, &params, monitor))?;
        Ok(list!(
            domains = domains(found.domains)?,
            targetOnly = domains(found.target_only)?,
            labelPosterior = table(found.resemblance.posterior)?,
            predictedShare = found.predicted_share,
            singularLabels = numbers(found.singular.labels),
            singularTarget = found.singular.target,
            borrowed = found.borrowed
        )
        .into())
    })
}

fn read(parameters: &Parameters) -> Result<Params> {
    let borrow = parameters.choice("borrow", |word| match word {
        "auto" => Some(Borrow::WhenPredictive),
        "always" => Some(Borrow::Always),
        "never" => Some(Borrow::Never),
        _ => None,
    })?;
    let criterion = parameters.choice("criterion", |word| match word {
        "BIC" => Some(Criterion::Bic),
        "MBIC" => Some(Criterion::Mbic),
        "HBIC" => Some(Criterion::Hbic),
        _ => None,
    })?;
    let interaction = parameters.choice("interaction", |word| match word {
        "auto" => Some(None),
        "potts" => Some(Some(true)),
        "none" => Some(Some(false)),
        _ => None,
    })?;
    Ok(Params {
        features: FeatureParams {
            normalisation: read_normalisation(parameters)?,
            selection: FeatureSelection::Moran,
            count: parameters.whole("nFeatures")?,
        },
        graph: read_graph(parameters)?,
        factors: parameters.whole("nFactors")?,
        lambda: parameters.optional_number("lambda")?,
        borrow,
        k: parameters.optional_whole("k")?,
        k_range: (parameters.whole("kLow")?, parameters.whole("kHigh")?),
        criterion,
        steps: parameters.whole("steps")?,
        interaction,
    })
}

fn numbers(values: impl IntoIterator<Item = usize>) -> Vec<i32> {
    values.into_iter().map(|value| value as i32).collect()
}

fn domains(found: Domains) -> Result<Robj> {
    let Domains { labels, mixture, informed, candidates, .. } = found;
    let (k, rest): (Vec<usize>, Vec<_>) = candidates.iter().map(|&(k, criteria, log)| (k, (criteria, log))).unzip();
    Ok(list!(
        domain = numbers(labels.into_iter().map(|label| label + 1)),
        posterior = table(mixture.posterior)?,
        label = numbers(informed.into_iter().map(|label| label.map_or(0, |label| label + 1))),
        beta = mixture.interaction,
        logLik = mixture.log_likelihood,
        bound = mixture.bound,
        iterations = mixture.iterations as i32,
        converged = mixture.converged,
        k = numbers(k),
        bic = rest.iter().map(|(criteria, _)| criteria.bic).collect::<Vec<_>>(),
        mbic = rest.iter().map(|(criteria, _)| criteria.mbic).collect::<Vec<_>>(),
        hbic = rest.iter().map(|(criteria, _)| criteria.hbic).collect::<Vec<_>>(),
        logLiks = rest.iter().map(|(_, log)| *log).collect::<Vec<_>>()
    )
    .into())
}

fn write(found: TransSt) -> std::result::Result<Robj, Failure> {
    let stage = found.stage;
    let graph: &SpatialGraph = &found.graph;
    let neighbours = graph.all_neighbours().iter().map(|&neighbour| neighbour as i32).collect::<Vec<_>>();
    Ok(list!(
        domains = domains(found.domains)?,
        targetOnly = domains(found.target_only)?,
        labelPosterior = table(found.resemblance.posterior)?,
        predictedShare = found.predicted_share,
        singularLabels = numbers(found.singular.labels),
        singularTarget = found.singular.target,
        borrowed = found.borrowed,
        lambda = found.lambda,
        shares = stage.validation.shares,
        errors = stage.validation.errors,
        factors = table(found.factors)?,
        loadings = table(found.loadings)?,
        sourceLoadings = table(found.source_loadings)?,
        cosines = found.cosines,
        gradient = found.gradient,
        features = numbers(stage.features.genes.iter().copied()),
        sourceLogLik = stage.source.log_likelihood,
        sourceConverged = stage.source.converged,
        basis = table(stage.problem.basis)?,
        values = table(stage.problem.values)?,
        anchor = table(stage.problem.anchor)?,
        tiles = numbers(stage.tiles),
        offsets = numbers(graph.offsets().iter().copied()),
        neighbours = neighbours
    )
    .into())
}
