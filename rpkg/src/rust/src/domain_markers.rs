//! `core_rank_sums`, `core_overdispersion`, `core_split_counts` and `core_match_labels`: genes that mark domains.

use crate::answer::{answer, table};
use crate::arguments::{CountSlots, Parameters, groups, labels};
use crate::worker;
use extendr_api::prelude::*;
use starscape::Result;
use starscape::markers::{Comparison, Groups, RankSums, overdispersion, rank_sums, split_counts};
use starscape::metrics::match_labels;

extendr_module! {
    mod domain_markers;
    fn core_rank_sums;
    fn core_overdispersion;
    fn core_split_counts;
    fn core_match_labels;
}

/// Rank sums of all genes. Counts come as a `dgCMatrix`; `domain` holds numbers from 1 or NA, `block` numbers from 0 or
/// NULL; `parameters` are `domains`, `comparison` and `threads`.
#[extendr]
fn core_rank_sums(counts: Robj, domain: &[Rint], block: Robj, parameters: List, progress: Robj) -> List {
    answer(|| {
        let counts = CountSlots::new(&counts, "x")?;
        let counts = counts.read()?;
        let parameters = Parameters::new(parameters);
        let block = groups(&block, domain.len(), "block")?;
        let groups = Groups::new(&labels(domain), parameters.whole("domains")?, &block)?;
        let comparison = comparison(&parameters)?;
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| rank_sums(&counts, &groups, comparison, monitor))?;
        Ok(write(found)?)
    })
}

/// Overdispersion of each gene within the groups of spots, numbers from 1 or NA.
#[extendr]
fn core_overdispersion(counts: Robj, group: &[Rint], threads: i32, progress: Robj) -> List {
    answer(|| {
        let (counts, group) = (CountSlots::new(&counts, "x")?, labels(group));
        let counts = counts.read()?;
        let found = worker::run(threads as usize, &progress, |monitor| overdispersion(&counts, &group, monitor))?;
        Ok(found.into())
    })
}

/// The part of each stored count that goes to the first of two independent parts; `parameters` are `split`, `seed` and
/// `threads`.
#[extendr]
fn core_split_counts(counts: Robj, overdispersion: &[f64], parameters: List, progress: Robj) -> List {
    answer(|| {
        let (counts, parameters) = (CountSlots::new(&counts, "x")?, Parameters::new(parameters));
        let counts = counts.read()?;
        let (share, seed) = (parameters.number("split")?, parameters.whole("seed")? as u64);
        let threads = parameters.whole("threads")?;
        let part =
            worker::run(threads, &progress, |monitor| split_counts(&counts, overdispersion, share, seed, monitor))?;
        Ok(part.into())
    })
}

/// The label matched with each class of the truth, numbers from 1, 0 for none.
#[extendr]
fn core_match_labels(truth: &[Rint], found: &[Rint]) -> List {
    answer(|| {
        let partners = match_labels(&labels(truth), &labels(found))?;
        let from_one: Vec<i32> = partners.into_iter().map(|label| label.map_or(0, |label| label as i32 + 1)).collect();
        Ok(from_one.into())
    })
}

/// What each domain is compared with.
pub fn comparison(parameters: &Parameters) -> Result<Comparison> {
    parameters.choice("comparison", |word| match word {
        "rest" => Some(Comparison::Rest),
        "pairs" => Some(Comparison::Pairs),
        _ => None,
    })
}

fn write(found: RankSums) -> Result<Robj> {
    let own: Vec<i32> = found.sides.iter().map(|side| side.0 as i32 + 1).collect();
    let other: Vec<i32> = found.sides.iter().map(|side| side.1.map_or(0, |other| other as i32 + 1)).collect();
    Ok(list!(
        own = own,
        other = other,
        strata = found.strata.iter().map(|&count| count as i32).collect::<Vec<i32>>(),
        shift = table(found.shift)?,
        sd = table(found.sd)?,
        auc = table(found.auc)?,
        sum = table(found.sum)?,
        detected = table(found.detected)?
    )
    .into())
}
