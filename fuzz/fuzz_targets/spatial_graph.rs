//! The spatial graph, from places.
#![no_main]

use starscape::graph::spatial_graph;
use starscape::monitor::Monitor;
use starscape_fuzz::{graph_params, places, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let spots = input.between(0, 40);
    let (params, slice, coords) = (graph_params(input), slices(input, spots), places(input, spots));
    let (graph, _) = spatial_graph(coords.view(), &slice, &params, &Monitor::silent())?;
    let neighbours = |spot: usize| graph.neighbours(spot).iter().map(|&other| other as usize);
    assert!((0..graph.spots()).all(|spot| neighbours(spot).all(|other| other != spot && slice[other] == slice[spot])));
    Ok(())
}));
