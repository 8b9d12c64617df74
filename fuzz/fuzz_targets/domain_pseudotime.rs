//! Pseudotime and connectivity of domains.
#![no_main]

use starscape::monitor::Monitor;
use starscape::pseudotime::{Root, domain_pseudotime};
use starscape_fuzz::{graph, labels, matrix, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (spots, dimensions) = (input.between(0, 40), input.between(1, 5));
    let (embedding, labels) = (matrix(input, spots, dimensions), labels(input, spots, 4));
    let graph = if input.once_in(2) { Some(graph(input, spots)?) } else { None };
    let root = if input.once_in(2) { Root::Spot(input.whole(0, 39)) } else { Root::Domain(input.whole(0, 4)) };
    let neighbours = input.whole(1, 15);
    let found = domain_pseudotime(embedding.view(), graph.as_ref(), &labels, root, neighbours, &Monitor::silent())?;
    input.no_nan("pseudotime", found.pseudotime.iter().flatten());
    input.no_nan("connectivity", &found.connectivity);
    Ok(())
}));
