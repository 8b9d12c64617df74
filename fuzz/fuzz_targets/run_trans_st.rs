//! Domains that borrow from a labelled source, from counts and from an embedding.
#![no_main]

use starscape::Result;
use starscape::monitor::Monitor;
use starscape::transst::{Borrow, Criterion, Params, Source, Target, fit, fit_embedding};
use starscape_fuzz::{Input, counts, feature_params, graph, graph_params, labels, matrix, places, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| match input.once_in(3) {
    true => in_embedding(input),
    false => from_counts(input),
}));

fn from_counts(input: &mut Input) -> Result<()> {
    let (genes, spots, cells, types) =
        (input.between(1, 15), input.between(1, 40), input.between(1, 40), input.between(1, 4));
    let params = params(input, genes);
    let (target, source) = (counts(input, genes, spots), counts(input, genes, cells));
    let (coords, slice) = (places(input, spots), slices(input, spots));
    let source_coords = input.once_in(2).then(|| places(input, cells));
    let (source_slice, labels) = (slices(input, cells), labels(input, cells, types));
    let (target, source) = (target.read()?, source.read()?);
    let target = Target { counts: &target, coords: coords.view(), slice: &slice };
    let source = Source {
        counts: &source,
        coords: source_coords.as_ref().map(|coords| coords.view()),
        slice: &source_slice,
        labels: &labels,
        label_count: types,
    };
    let found = fit(&target, &source, &params, &Monitor::silent())?;
    input.no_nan("factors", &found.factors);
    input.no_nan("loadings", &found.loadings);
    input.no_nan("posterior", &found.domains.mixture.posterior);
    Ok(())
}

fn in_embedding(input: &mut Input) -> Result<()> {
    let (spots, cells, types, dimensions) =
        (input.between(1, 40), input.between(1, 40), input.between(1, 4), input.between(1, 4));
    let params = params(input, 1);
    let (target, source) = (matrix(input, spots, dimensions), matrix(input, cells, dimensions));
    let (graph, labels) = (graph(input, spots)?, labels(input, cells, types));
    let found = fit_embedding(target.view(), source.view(), &graph, (&labels, types), &params, &Monitor::silent())?;
    input.no_nan("posterior", &found.domains.mixture.posterior);
    Ok(())
}

fn params(input: &mut Input, genes: usize) -> Params {
    Params {
        features: feature_params(input, genes),
        graph: graph_params(input),
        factors: input.whole(1, 5),
        lambda: if input.once_in(2) { None } else { Some(input.number(&[0.5, 0.0, 1.0])) },
        borrow: input.one_of(&[Borrow::WhenPredictive, Borrow::Always, Borrow::Never]),
        k: if input.once_in(2) { None } else { Some(input.whole(1, 6)) },
        k_range: (input.whole(2, 3), input.whole(3, 5)),
        criterion: input.one_of(&[Criterion::Bic, Criterion::Mbic, Criterion::Hbic]),
        steps: input.between(0, 4),
        interaction: input.one_of(&[None, Some(true), Some(false)]),
    }
}
