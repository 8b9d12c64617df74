//! `core_component_scores` and `core_project_domains`: domains of spots that a fit does not know.

use crate::answer::{answer, table};
use crate::arguments::{CountSlots, Parameters, graph, groups, labels, matrix, optional_matrix};
use crate::fit::{read_graph, read_normalisation};
use crate::worker;
use extendr_api::prelude::*;
use ndarray::ArrayView2;
use starscape::batches::Batches;
use starscape::counts::Counts;
use starscape::graph::{SpatialGraph, spatial_graph};
use starscape::monitor::Monitor;
use starscape::normalise::Normalisation;
use starscape::preprocess::{FeatureParams, FeatureSelection, Features, select_features};
use starscape::project::{Known, Projected, Surroundings, component_scores, project};
use starscape::{Error, Result};

extendr_module! {
    mod project_domains;
    fn core_component_scores;
    fn core_project_domains;
}

/// Scores of spots in the components of a fit. The first rows of the counts, a `dgCMatrix`, are the genes of the
/// `loadings`, in their order. `levels` has a row for share, mean and deviation of each of these in one batch of the
/// fit, or is NULL for those of the spots themselves. `parameters` hold the `spots` of that batch and the
/// `rootMeanSquare` of the fit's scores.
#[extendr]
fn core_component_scores(counts: Robj, loadings: Robj, levels: Robj, parameters: List, progress: Robj) -> List {
    answer(|| {
        let counts = CountSlots::new(&counts, "newdata")?;
        let (counts, parameters) = (counts.read()?, Parameters::new(parameters));
        let (loadings, levels) = (matrix(&loadings, "fit")?, optional_matrix(&levels, "fit")?);
        let normalisation = read_normalisation(&parameters)?;
        let (spots, scale) = (parameters.whole("spots")?, parameters.number("rootMeanSquare")?);
        let scores = worker::run(parameters.whole("threads")?, &progress, |monitor| {
            let features = match levels {
                Some(levels) => known_features(levels),
                None => own_features(&counts, loadings.nrows(), normalisation, monitor)?,
            };
            component_scores(&counts, normalisation, &features, spots, loadings, scale, monitor)
        })?;
        Ok(table(scores)?)
    })
}

fn known_features(levels: ArrayView2<f64>) -> Features {
    let row = |row: usize| levels.slice(ndarray::s![row..=row, ..]).to_owned();
    let genes: Vec<usize> = (0..levels.ncols()).collect();
    Features { scores: vec![f64::NAN; genes.len()], genes, shares: row(0), means: row(1), deviations: row(2) }
}

fn own_features(counts: &Counts, genes: usize, normalisation: Normalisation, monitor: &Monitor) -> Result<Features> {
    let params =
        FeatureParams { normalisation, selection: FeatureSelection::Given((0..genes).collect()), count: genes };
    let alone = SpatialGraph::from_edges(counts.spots(), []);
    select_features(counts, &Batches::alike(&vec![0; counts.spots()]), &alone, &params, monitor)
}

/// Domains of the spots with these `scores`, at `coords` on `slice` (from 0). `known` is a list of the `scores`,
/// `graph`, `coords`, `slice`, `domain` (from 1, NA for none) and `confidence` of the fit's spots, with the number of
/// domains as `count`. `parameters` say by `among` whether the new spots lie among these, and hold the settings of the
/// graph otherwise.
#[extendr]
fn core_project_domains(
    scores: Robj,
    coords: Robj,
    slice: Robj,
    known: List,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let (scores, coords) = (matrix(&scores, "newdata")?, matrix(&coords, "coords")?);
        let slice = groups(&slice, scores.nrows(), "slice")?;
        let (known, parameters) = (Parameters::new(known), Parameters::new(parameters));
        let part = |name| known.value(name).ok_or_else(|| Error::argument("fit", format!("has no {name}")));
        let (own_scores, own_coords, neighbours, domain) =
            (part("scores")?, part("coords")?, part("graph")?, part("domain")?);
        let domain: Integers = domain.try_into().map_err(|_| Error::argument("domain", "must be whole numbers"))?;
        let neighbours = graph(&neighbours)?.ok_or_else(|| Error::argument("fit", "has no graph"))?;
        let own_scores = matrix(&own_scores, "fit")?;
        let own_slice = groups(&known.value("slice").unwrap_or_default(), own_scores.nrows(), "fit")?;
        let domain: Vec<Option<usize>> = labels(&domain);
        let confidence = part("confidence")?.as_real_vector().unwrap_or_default();
        let among = parameters.whole("among")? == 1;
        let params = read_graph(&parameters)?;
        let known = Known {
            scores: own_scores,
            graph: &neighbours,
            steps: parameters.whole("steps")?,
            coords: matrix(&own_coords, "fit")?,
            slice: &own_slice,
            domain: &domain,
            confidence: &confidence,
            count: known.whole("count")?,
        };
        let found = worker::run(parameters.whole("threads")?, &progress, |monitor| {
            if among {
                return project(&known, scores, Surroundings::Known(coords, &slice), monitor);
            }
            let (graph, _) = spatial_graph(coords, &slice, &params, monitor)?;
            if graph.edges() == 0 && scores.nrows() > 1 {
                let message = "leave no two new spots neighbours, with the settings of the fit's graph";
                return Err(Error::argument("coords", message));
            }
            project(&known, scores, Surroundings::Own(&graph), monitor)
        })?;
        Ok(write(found))
    })
}

fn write(found: Projected) -> Robj {
    let domain: Vec<i32> = found.domain.iter().map(|own| own.map_or(0, |own| own as i32 + 1)).collect();
    list!(domain = domain, confidence = found.confidence, typical = found.typical).into()
}
