//! `core_find_domains`: domains from an embedding.

use crate::answer::answer;
use crate::arguments::{Parameters, graph, matrix, optional_matrix};
use crate::worker;
use extendr_api::prelude::*;
use ndarray::{ArrayView2, Axis};
use starscape::cluster::{
    Candidate, ChoiceTable, Domains, Gain, Method, Null, Params, SectionViews, Start, find_domains,
};
use starscape::graph::SpatialGraph;
use starscape::views::{Codes, EMBEDDING, EMBEDDING_KIND, View};
use starscape::{Error, Result};

extendr_module! {
    mod find_domains;
    fn core_find_domains;
}

/// Domains of an `embedding` (spots x dimensions). Those that the views made from `codes` (component scores of the
/// spots, and in the last column their types from 1, or 0 for none) and the embedding agree on, or those of them that
/// `view` names; without codes those started from the best partition of `prior`, and without a prior from that of the
/// embedding.
#[extendr]
fn core_find_domains(
    embedding: Robj,
    prior: Robj,
    codes: Robj,
    neighbours: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let params = read(&parameters)?;
        let embedding = matrix(&embedding, "embedding")?;
        let (prior, codes) = (optional_matrix(&prior, "prior")?, optional_matrix(&codes, "codes")?);
        let graph = graph(&neighbours)?;
        let threads = parameters.whole("threads")?;
        let wanted = parameters.optional_words("view")?;
        let counts = wanted.as_ref().is_none_or(|names| names.iter().any(|name| name == EMBEDDING));
        let kind = counts.then_some(EMBEDDING_KIND);
        let (domains, names) = worker::run(threads, &progress, |monitor| {
            let graph = graph.as_ref();
            let (mut views, mut null) = (Vec::new(), Null::default());
            if let Some(codes) = codes.map(read_codes).transpose()? {
                views = codes.views(needed(graph)?, wanted.as_deref(), monitor)?;
                if params.k.is_none() {
                    null = codes.unstructured(needed(graph)?, &views, monitor)?;
                }
            }
            let names: Vec<String> = views.iter().map(|view| view.name.clone()).collect();
            let all = views.into_iter().map(View::into_points).collect::<Result<Vec<_>>>()?;
            let start = match (codes, &prior) {
                (Some(_), _) => Start::Views(SectionViews { all: &all, embedding: kind, null: &null }),
                (None, Some(prior)) => Start::Space(prior.view()),
                (None, None) => Start::Embedding,
            };
            Ok((find_domains(embedding, graph, start, &params, monitor)?, names))
        })?;
        Ok(write(domains, names))
    })
}

/// The graph, which views are made with.
fn needed(graph: Option<&SpatialGraph>) -> Result<&SpatialGraph> {
    graph.ok_or_else(|| Error::argument("graph", "is needed to make views"))
}

fn read_codes(codes: ArrayView2<f64>) -> Result<Codes> {
    let last = codes.ncols().checked_sub(1).ok_or_else(|| Error::argument("codes", "has no columns"))?;
    let (scores, types) = codes.split_at(Axis(1), last);
    let types: Vec<usize> = types.iter().filter(|&&own| own >= 1.0).map(|&own| own as usize - 1).collect();
    if types.len() != codes.nrows() && !types.is_empty() {
        return Err(Error::argument("codes", "must have a type for all spots or for none"));
    }
    // Rows are averaged: they are to lie together.
    Ok(Codes { scores: scores.as_standard_layout().into_owned(), types })
}

fn read(parameters: &Parameters) -> Result<Params> {
    let method = parameters.choice("method", |word| match word {
        "gmm" => Some(Method::Mixture),
        "kmeans" => Some(Method::KMeans),
        "hmrf" => Some(Method::HiddenMarkov),
        _ => None,
    })?;
    let k = parameters.optional_whole("k")?;
    let k_range = match (k, parameters.indices("kRange")?.as_deref()) {
        (_, Some(&[least, most])) => (least, most),
        (Some(k), _) => (k, k),
        (None, _) => return Err(Error::argument("kRange", "must be two numbers")),
    };
    Ok(Params { k, k_range, method, seed: parameters.whole("seed")? as u64 })
}

fn write(domains: Domains, views: Vec<String>) -> Robj {
    let labels: Vec<i32> = domains.labels.iter().map(|&label| label as i32 + 1).collect();
    let choice: Robj = domains.choice.map_or_else(|| ().into(), |table| write_choice(&table).into());
    // The embedding is the last of those that are weighed, if it is.
    let names: Vec<String> = views.into_iter().chain([EMBEDDING.to_string()]).take(domains.support.len()).collect();
    let views = list!(view = names, weight = domains.support);
    list!(domain = labels, confidence = domains.confidence, k = domains.k as i32, choice = choice, views = views).into()
}

fn write_choice(table: &ChoiceTable) -> List {
    let column = |value: fn(&Candidate) -> f64| -> Vec<f64> { table.candidates.iter().map(value).collect() };
    let k: Vec<i32> = table.candidates.iter().map(|candidate| candidate.k as i32).collect();
    let gain = |value: fn(&Gain) -> f64| -> Vec<f64> { table.gains.iter().map(value).collect() };
    let sizes: Vec<i32> = table.gains.iter().map(|gain| gain.k as i32).collect();
    let structure = list!(
        k = sizes,
        gain = gain(|gain| gain.section),
        null = gain(|gain| gain.null.iter().sum::<f64>() / gain.null.len() as f64),
        excess = gain(Gain::excess)
    );
    list!(
        structure = structure,
        chosen = table.chosen as i32,
        k = k,
        logLik = column(|candidate| candidate.log_likelihood),
        aic3 = column(|candidate| candidate.aic3),
        bic = column(|candidate| candidate.bic),
        icl = column(|candidate| candidate.icl),
        stability = column(|candidate| candidate.stability)
    )
}
