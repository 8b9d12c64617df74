//! `core_rank_sums`, `core_overdispersion`, `core_split_counts` and `core_match_labels`: genes that mark domains.

use crate::answer::{Failure, answer};
use crate::arguments::{Parameters, indices};
use crate::worker;
use extendr_api::prelude::*;
use ndarray::Array2;
use starscape::counts::Counts;
use starscape::markers::{Comparison, Groups, RankSums, overdispersion, rank_sums, split_counts};
use starscape::metrics::match_labels;
use starscape::{Error, Result};

extendr_module! {
    mod domain_markers;
    fn core_rank_sums;
    fn core_overdispersion;
    fn core_split_counts;
    fn core_match_labels;
}

/// Rank sums of all genes. Counts come as the slots of a `dgCMatrix`; `domain` holds numbers from 1 or NA, `block`
/// numbers from 0 or NULL; `parameters` are `domains`, `comparison` and `threads`.
#[allow(clippy::too_many_arguments)] // the slots of R's sparse matrix, read in place
#[extendr]
fn core_rank_sums(
    values: &[f64],
    rows: &[i32],
    offsets: &[i32],
    dim: &[i32],
    domain: &[Rint],
    block: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let counts = counts(values, rows, offsets, dim)?;
        let parameters = Parameters::new(parameters);
        let block = if block.is_null() { vec![0; domain.len()] } else { indices(&block, "block")? };
        let groups = Groups::new(&codes(domain), parameters.whole("domains")?, &block)?;
        let comparison = comparison(&parameters)?;
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| rank_sums(&counts, &groups, comparison, monitor))?;
        Ok(write(found)?)
    };
    answer(run())
}

/// Overdispersion of each gene within the groups of spots, numbers from 1 or NA.
#[extendr]
fn core_overdispersion(
    values: &[f64],
    rows: &[i32],
    offsets: &[i32],
    dim: &[i32],
    group: &[Rint],
    threads: i32,
    progress: Robj,
) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let (counts, group) = (counts(values, rows, offsets, dim)?, codes(group));
        let found = worker::run(threads as usize, &progress, |monitor| overdispersion(&counts, &group, monitor))?;
        Ok(found.into())
    };
    answer(run())
}

/// The part of each stored count that goes to the first of two independent parts; `parameters` are `split`, `seed` and
/// `threads`.
#[allow(clippy::too_many_arguments)] // the slots of R's sparse matrix, read in place
#[extendr]
fn core_split_counts(
    values: &[f64],
    rows: &[i32],
    offsets: &[i32],
    dim: &[i32],
    overdispersion: &[f64],
    parameters: List,
    progress: Robj,
) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let (counts, parameters) = (counts(values, rows, offsets, dim)?, Parameters::new(parameters));
        let (share, seed) = (parameters.number("split")?, parameters.whole("seed")? as u64);
        let threads = parameters.whole("threads")?;
        let part =
            worker::run(threads, &progress, |monitor| split_counts(&counts, overdispersion, share, seed, monitor))?;
        Ok(part.into())
    };
    answer(run())
}

/// The label matched with each class of the truth, numbers from 1, 0 for none.
#[extendr]
fn core_match_labels(truth: &[Rint], labels: &[Rint]) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let partners = match_labels(&codes(truth), &codes(labels))?;
        let from_one: Vec<i32> = partners.into_iter().map(|label| label.map_or(0, |label| label as i32 + 1)).collect();
        Ok(from_one.into())
    };
    answer(run())
}

/// What each domain is compared with.
pub fn comparison(parameters: &Parameters) -> Result<Comparison> {
    parameters.choice("comparison", |word| match word {
        "rest" => Some(Comparison::Rest),
        "pairs" => Some(Comparison::Pairs),
        _ => None,
    })
}

/// Counts from the slots of a `dgCMatrix`.
pub fn counts<'a>(values: &'a [f64], rows: &'a [i32], offsets: &'a [i32], dim: &[i32]) -> Result<Counts<'a>> {
    let [genes, spots] = dim else { return Err(Error::argument("x", "must have two dimensions")) };
    Counts::new(*genes as usize, *spots as usize, offsets, rows, values)
}

/// Numbers from 1 as numbers from 0, NA as none.
pub fn codes(values: &[Rint]) -> Vec<Option<usize>> {
    let code = |value: &Rint| Option::<i32>::from(*value).and_then(|code| usize::try_from(code - 1).ok());
    values.iter().map(code).collect()
}

fn write(found: RankSums) -> Result<Robj> {
    let matrix =
        |values: Array2<f64>| Robj::try_from(values).map_err(|error| Error::Numeric(format!("no room: {error}")));
    let own: Vec<i32> = found.sides.iter().map(|side| side.0 as i32 + 1).collect();
    let other: Vec<i32> = found.sides.iter().map(|side| side.1.map_or(0, |other| other as i32 + 1)).collect();
    Ok(list!(
        own = own,
        other = other,
        strata = found.strata.iter().map(|&count| count as i32).collect::<Vec<i32>>(),
        shift = matrix(found.shift)?,
        sd = matrix(found.sd)?,
        auc = matrix(found.auc)?,
        sum = matrix(found.sum)?,
        detected = matrix(found.detected)?
    )
    .into())
}
