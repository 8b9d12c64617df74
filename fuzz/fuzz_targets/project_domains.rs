//! Domains of spots that a fit does not know, and their scores.
#![no_main]

use ndarray::{Array2, s};
use starscape::Result;
use starscape::batches::Batches;
use starscape::graph::{SpatialGraph, spatial_graph};
use starscape::monitor::Monitor;
use starscape::preprocess::{FeatureParams, FeatureSelection, Features, select_features};
use starscape::project::{Known, Surroundings, component_scores, project};
use starscape_fuzz::{Input, counts, graph, graph_params, labels, matrix, normalisation, places, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| match input.once_in(3) {
    true => scores(input),
    false => domains(input),
}));

fn scores(input: &mut Input) -> Result<()> {
    let (genes, spots, components) = (input.between(1, 15), input.between(1, 40), input.between(1, 4));
    let (sparse, loadings) = (counts(input, genes, spots), matrix(input, genes, components));
    let (counts, normalisation, monitor) = (sparse.read()?, normalisation(input), Monitor::silent());
    let features = if input.once_in(2) {
        let levels = matrix(input, 3, loadings.nrows());
        let row = |row: usize| levels.slice(s![row..=row, ..]).to_owned();
        if levels.nrows() < 3 {
            return Ok(());
        }
        let genes: Vec<usize> = (0..levels.ncols()).collect();
        Features { scores: vec![f64::NAN; genes.len()], genes, shares: row(0), means: row(1), deviations: row(2) }
    } else {
        let selection = FeatureSelection::Given((0..loadings.nrows()).collect());
        let params = FeatureParams { normalisation, selection, count: loadings.nrows() };
        let alone = SpatialGraph::from_edges(counts.spots(), []);
        select_features(&counts, &Batches::alike(&vec![0; counts.spots()]), &alone, &params, &monitor)?
    };
    let (spots, scale) = (input.whole(1, 40), input.number(&[1.0, 0.1, 50.0]));
    component_scores(&counts, normalisation, &features, spots, loadings.view(), scale, &monitor)?;
    Ok(())
}

fn domains(input: &mut Input) -> Result<()> {
    let (old, new, components, count) =
        (input.between(1, 40), input.between(1, 20), input.between(1, 4), input.between(1, 5));
    let own_scores = matrix(input, old, components);
    let (own_coords, own_slice, own_graph) = (places(input, old), slices(input, old), graph(input, old)?);
    let (domain, confidence) = (labels(input, old, count), matrix(input, old, 1).into_raw_vec_and_offset().0);
    let known = Known {
        scores: own_scores.view(),
        graph: &own_graph,
        steps: input.between(0, 4),
        coords: own_coords.view(),
        slice: &own_slice,
        domain: &domain,
        confidence: &confidence,
        count: if input.once_in(16) { 0 } else { count },
    };
    let (scores, coords, slice): (Array2<f64>, _, _) =
        (matrix(input, new, components), places(input, new), slices(input, new));
    let monitor = Monitor::silent();
    let found = if input.once_in(2) {
        project(&known, scores.view(), Surroundings::Known(coords.view(), &slice), &monitor)?
    } else {
        let (graph, _) = spatial_graph(coords.view(), &slice, &graph_params(input), &monitor)?;
        project(&known, scores.view(), Surroundings::Own(&graph), &monitor)?
    };
    input.no_nan("confidence", &found.confidence);
    input.no_nan("typical", &found.typical);
    Ok(())
}
