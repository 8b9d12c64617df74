//! Agreement with known labels.
#![no_main]

use starscape::metrics::cluster_metrics;
use starscape_fuzz::{graph, labels, matrix, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (spots, classes, dimensions) = (input.between(0, 40), input.between(1, 6), input.between(1, 4));
    let (truth, labels) = (labels(input, spots, classes), labels(input, spots, classes));
    let embedding = input.once_in(2).then(|| matrix(input, spots, dimensions));
    let graph = if input.once_in(2) { Some(graph(input, spots)?) } else { None };
    let embedding = embedding.as_ref().map(|embedding| embedding.view());
    let found = cluster_metrics(&truth, &labels, embedding, graph.as_ref())?;
    input.no_nan("agreement", &[found.ari, found.nmi, found.accuracy, found.macro_f1]);
    input.no_nan("silhouette", found.silhouette.iter());
    Ok(())
}));
