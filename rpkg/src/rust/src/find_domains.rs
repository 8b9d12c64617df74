//! `core_find_domains`: domains from an embedding.

use crate::answer::{Failure, answer};
use crate::arguments::{Parameters, graph, matrix, optional_matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::cluster::{ChoiceTable, Domains, Method, Params, Start, find_domains};
use starscape::{Error, Result};

extendr_module! {
    mod find_domains;
    fn core_find_domains;
}

/// Domains of an `embedding` (spots x dimensions), started from the best partition of `prior` (or NULL).
#[extendr]
fn core_find_domains(embedding: Robj, prior: Robj, neighbours: Robj, parameters: List, progress: Robj) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let parameters = Parameters::new(parameters);
        let params = read(&parameters)?;
        let embedding = matrix(&embedding, "embedding")?;
        let start = optional_matrix(&prior, "prior")?.map_or(Start::Embedding, Start::Space);
        let graph = graph(&neighbours)?;
        let threads = parameters.whole("threads")?;
        let domains = worker::run(threads, &progress, |monitor| {
            find_domains(embedding, graph.as_ref(), start, &params, monitor)
        })?;
        Ok(write(domains))
    };
    answer(run())
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

fn write(domains: Domains) -> Robj {
    let labels: Vec<i32> = domains.labels.iter().map(|&label| label as i32 + 1).collect();
    let choice: Robj = domains.choice.map_or_else(|| ().into(), |table| write_choice(&table).into());
    list!(domain = labels, confidence = domains.confidence, k = domains.k as i32, choice = choice).into()
}

fn write_choice(table: &ChoiceTable) -> List {
    let column =
        |value: fn(&starscape::cluster::Candidate) -> f64| -> Vec<f64> { table.candidates.iter().map(value).collect() };
    let k: Vec<i32> = table.candidates.iter().map(|candidate| candidate.k as i32).collect();
    list!(
        chosen = table.chosen as i32,
        k = k,
        logLik = column(|candidate| candidate.log_likelihood),
        aic3 = column(|candidate| candidate.aic3),
        bic = column(|candidate| candidate.bic),
        icl = column(|candidate| candidate.icl),
        stability = column(|candidate| candidate.stability)
    )
}
