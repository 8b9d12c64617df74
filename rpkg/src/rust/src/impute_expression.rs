//! `core_impute_expression`: denoised expression of chosen genes.

use crate::answer::{Failure, answer, table};
use crate::arguments::{Parameters, counts, graph, groups, indices, matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::Error;
use starscape::impute::impute_expression;

extendr_module! {
    mod impute_expression;
    fn core_impute_expression;
}

/// Counts come as the slots of a `dgCMatrix`; `genes` are row numbers from 0, `slice` numbers from 0 or NULL.
#[allow(clippy::too_many_arguments)] // the slots of R's sparse matrix, read in place
#[extendr]
fn core_impute_expression(
    values: &[f64],
    rows: &[i32],
    offsets: &[i32],
    dim: &[i32],
    genes: Robj,
    embedding: Robj,
    neighbours: Robj,
    slice: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let counts = counts(values, rows, offsets, dim)?;
        let (genes, embedding) = (indices(&genes, "features")?, matrix(&embedding, "fit")?);
        let graph = graph(&neighbours)?.ok_or_else(|| Error::argument("fit", "has no graph"))?;
        let slice = groups(&slice, counts.spots(), "slice")?;
        let threads = Parameters::new(parameters).whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| {
            impute_expression(&counts, &genes, embedding, &graph, &slice, monitor)
        })?;
        Ok(list!(expression = table(found.expression)?, explained = found.explained).into())
    };
    answer(run())
}
