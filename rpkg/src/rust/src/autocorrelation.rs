//! `core_spatial_autocorrelation` and `core_rank_inflation`: what it means that neighbouring spots are alike.

use crate::answer::{answer, table};
use crate::arguments::{CountSlots, Parameters, groups, labels, matrix};
use crate::domain_markers::comparison;
use crate::fit::{read_graph, read_normalisation};
use crate::worker;
use extendr_api::prelude::*;
use starscape::autocorrelation::{Autocorrelation, Index, spatial_autocorrelation};
use starscape::graph::spatial_graph;
use starscape::markers::{Groups, rank_inflation};

extendr_module! {
    mod autocorrelation;
    fn core_spatial_autocorrelation;
    fn core_rank_inflation;
}

/// Moran's I or Geary's C of all genes. Counts come as a `dgCMatrix`; `slice` holds numbers from 0 or
/// NULL; `parameters` are `index`, `normalisation`, `threads` and those of the graph.
#[extendr]
fn core_spatial_autocorrelation(counts: Robj, coords: Robj, slice: Robj, parameters: List, progress: Robj) -> List {
    answer(|| {
        let (counts, parameters) = (CountSlots::new(&counts, "x")?, Parameters::new(parameters));
        let counts = counts.read()?;
        let coords = matrix(&coords, "coords")?;
        let slice = groups(&slice, counts.spots(), "slice")?;
        let index = parameters.choice("index", |word| match word {
            "moran" => Some(Index::Moran),
            "geary" => Some(Index::Geary),
            _ => None,
        })?;
        let (normalisation, graph) = (read_normalisation(&parameters)?, read_graph(&parameters)?);
        let found = worker::run(parameters.whole("threads")?, &progress, |monitor| {
            let (graph, _) = spatial_graph(coords, &slice, &graph, monitor)?;
            spatial_autocorrelation(&counts, &slice, &graph, normalisation, index, monitor)
        })?;
        let column = |part: fn(&Autocorrelation) -> f64| found.iter().map(part).collect::<Vec<f64>>();
        Ok(list!(
            index = column(|found| found.index),
            expectation = column(|found| found.expectation),
            variance = column(|found| found.variance)
        )
        .into())
    })
}

/// Inflation of the variance of rank sums, and its degrees of freedom, genes x comparisons. `domain` holds numbers from
/// 1 or NA, `block` and `slice` numbers from 0 or NULL; `parameters` are `domains`, `comparison` and `threads`.
#[extendr]
fn core_rank_inflation(
    counts: Robj,
    coords: Robj,
    slice: Robj,
    domain: &[Rint],
    block: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let (counts, parameters) = (CountSlots::new(&counts, "x")?, Parameters::new(parameters));
        let counts = counts.read()?;
        let coords = matrix(&coords, "coords")?;
        let (slice, block) = (groups(&slice, domain.len(), "slice")?, groups(&block, domain.len(), "block")?);
        let groups = Groups::new(&labels(domain), parameters.whole("domains")?, &block)?;
        let comparison = comparison(&parameters)?;
        let found = worker::run(parameters.whole("threads")?, &progress, |monitor| {
            rank_inflation(&counts, &groups, comparison, coords, &slice, monitor)
        })?;
        Ok(list!(factor = table(found.factor)?, df = table(found.df)?).into())
    })
}
