//! Domains of an embedding, alone, with a prior, or with views made from codes.
#![no_main]

use starscape::cluster::{Method, Null, Params, SectionViews, Start, find_domains};
use starscape::monitor::Monitor;
use starscape::views::{Codes, EMBEDDING_KIND, View};
use starscape::{Error, Result};
use starscape_fuzz::{Input, graph, labels, matrix, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (spots, start) = (input.between(0, 40), input.between(0, 2));
    let params = params(input);
    let embedding = spaced(input, spots);
    let graph = if input.once_in(4) { None } else { Some(graph(input, spots)?) };
    let monitor = Monitor::silent();
    let prior = spaced(input, spots);
    let codes = codes(input, spots);
    let (mut views, mut null) = (Vec::new(), Null::default());
    if let (2, Some(graph)) = (start, &graph) {
        views = codes.views(graph, None, &monitor)?;
        null = codes.unstructured(graph, &views, &monitor)?;
    }
    let all = views.into_iter().map(View::into_points).collect::<Result<Vec<_>>>()?;
    let kind = input.once_in(2).then_some(EMBEDDING_KIND);
    let start = match start {
        0 => Start::Embedding,
        1 => Start::Space(prior.view()),
        _ => Start::Views(SectionViews { all: &all, embedding: kind, null: &null }),
    };
    let found = find_domains(embedding.view(), graph.as_ref(), start, &params, &monitor)?;
    input.no_nan("confidence", &found.confidence);
    input.no_nan("support", &found.support);
    Ok::<(), Error>(())
}));

fn spaced(input: &mut Input, spots: usize) -> ndarray::Array2<f64> {
    let dimensions = input.between(1, 6);
    matrix(input, spots, dimensions)
}

/// As the shim makes them from R's: rows together, types for all spots or for none.
fn codes(input: &mut Input, spots: usize) -> Codes {
    let scores = spaced(input, spots).as_standard_layout().into_owned();
    let types: Vec<usize> = labels(input, scores.nrows(), 3).into_iter().flatten().collect();
    let whole = types.len() == scores.nrows() && types.iter().all(|&own| own < 100);
    Codes { types: if whole { types } else { Vec::new() }, scores }
}

fn params(input: &mut Input) -> Params {
    let k = input.once_in(2).then(|| input.whole(1, 6));
    let k_range = (input.whole(2, 3), input.whole(3, 6));
    let method = input.one_of(&[Method::Mixture, Method::KMeans, Method::HiddenMarkov]);
    Params { k, k_range, method, seed: input.whole(0, 9) as u64 }
}
