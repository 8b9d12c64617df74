//! `core_cell_type_proportions`: what spots are made of, in the types of a labelled source.

use crate::answer::{answer, table};
use crate::arguments::{CountSlots, Parameters, graph, labels, matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::Error;
use starscape::deconvolution::{Params, Source, Target, fit};

extendr_module! {
    mod cell_type_proportions;
    fn core_cell_type_proportions;
}

/// Counts of target and source come as `dgCMatrix`; labels are numbered from 1, 0 where missing.
#[allow(clippy::too_many_arguments)] // target and source, each with what belongs to it
#[extendr]
fn core_cell_type_proportions(
    target: Robj,
    scores: Robj,
    neighbours: Robj,
    source: Robj,
    label: &[Rint],
    label_count: i32,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let (target, source) = (CountSlots::new(&target, "x")?, CountSlots::new(&source, "source")?);
        let (target, source) = (target.read()?, source.read()?);
        let scores = matrix(&scores, "x")?;
        let graph = graph(&neighbours)?.ok_or_else(|| Error::argument("x", "has no graph"))?;
        let labels = labels(label);
        let params = Params {
            cells: (parameters.whole("fewestCells")?, parameters.whole("mostCells")?),
            seed: parameters.whole("seed")? as u64,
        };
        let target = Target { counts: &target, scores, graph: &graph };
        let source = Source { counts: &source, labels: &labels, types: label_count as usize };
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| fit(&target, source, &params, monitor))?;
        let described = found.evidence.described();
        let known = |value: fn(&starscape::deconvolution::intervals::Known) -> f64| {
            found.known.iter().map(value).collect::<Vec<f64>>()
        };
        Ok(list!(
            knownEstimate = known(|own| own.estimate),
            knownError = known(|own| own.error),
            knownTruth = known(|own| own.truth),
            proportions = table(found.proportions)?,
            errors = table(found.errors)?,
            other = found.other.to_vec(),
            described = described,
            gain = found.evidence.source,
            gainError = found.evidence.error,
            gainOwn = found.evidence.own,
            gainShuffled = found.evidence.shuffled,
            gainMissing = found.evidence.missing,
            lacksType = found.evidence.lacks_type,
            neighbours = found.evidence.neighbours,
            logFactors = found.platform.log_factors.to_vec(),
            deviation = found.platform.deviation,
            sizes = found.sizes.to_vec()
        )
        .into())
    })
}
