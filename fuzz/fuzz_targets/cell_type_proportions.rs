//! What spots are made of, in the types of a labelled source.
#![no_main]

use starscape::deconvolution::{Params, Source, Target, fit};
use starscape::monitor::Monitor;
use starscape_fuzz::{counts, graph, labels, matrix, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (genes, spots, cells, types) =
        (input.between(1, 15), input.between(1, 40), input.between(1, 40), input.between(1, 4));
    let (target, source) = (counts(input, genes, spots), counts(input, genes, cells));
    let (scores, graph, labels) = (matrix(input, spots, 3), graph(input, spots)?, labels(input, cells, types));
    let params = Params { cells: (input.between(1, 3), input.between(3, 12)), seed: input.whole(0, 9) as u64 };
    let (target, source) = (target.read()?, source.read()?);
    let target = Target { counts: &target, scores: scores.view(), graph: &graph };
    let source = Source { counts: &source, labels: &labels, types };
    let found = fit(&target, source, &params, &Monitor::silent())?;
    input.no_nan("proportions", &found.proportions);
    input.no_nan("standard errors", &found.errors);
    input.no_nan("another type", &found.other);
    Ok(())
}));
