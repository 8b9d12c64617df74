//! Moran's I and Geary's C of all genes, and the inflation of rank sums.
#![no_main]

use starscape::autocorrelation::{Index, spatial_autocorrelation};
use starscape::graph::spatial_graph;
use starscape::markers::{Comparison, Groups, rank_inflation};
use starscape::monitor::Monitor;
use starscape_fuzz::{counts, graph_params, labels, normalisation, places, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (genes, spots, domains) = (input.between(1, 15), input.between(1, 40), input.between(1, 5));
    let (sparse, coords, slice) = (counts(input, genes, spots), places(input, spots), slices(input, spots));
    let (counts, monitor) = (sparse.read()?, Monitor::silent());
    if input.once_in(2) {
        let groups = Groups::new(&labels(input, spots, domains), domains, &slices(input, spots))?;
        let comparison = input.one_of(&[Comparison::Rest, Comparison::Pairs]);
        rank_inflation(&counts, &groups, comparison, coords.view(), &slice, &monitor)?;
    } else {
        let (params, normalisation) = (graph_params(input), normalisation(input));
        let index = input.one_of(&[Index::Moran, Index::Geary]);
        let (graph, _) = spatial_graph(coords.view(), &slice, &params, &monitor)?;
        spatial_autocorrelation(&counts, &slice, &graph, normalisation, index, &monitor)?;
    }
    Ok(())
}));
