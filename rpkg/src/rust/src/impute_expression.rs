//! `core_impute_expression`: denoised expression of chosen genes.

use crate::answer::{Failure, answer};
use crate::arguments::{Parameters, graph, indices, matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::Error;
use starscape::counts::Counts;
use starscape::impute::{Imputed, impute_expression};

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
        let [all, spots] = dim else { return Err(Error::argument("x", "must have two dimensions").into()) };
        let counts = Counts::new(*all as usize, *spots as usize, offsets, rows, values)?;
        let (genes, embedding) = (indices(&genes, "features")?, matrix(&embedding, "fit")?);
        let graph = graph(&neighbours)?.ok_or_else(|| Error::argument("fit", "has no graph"))?;
        let slice = if slice.is_null() { vec![0; counts.spots()] } else { indices(&slice, "slice")? };
        let threads = Parameters::new(parameters).whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| {
            impute_expression(&counts, &genes, embedding, &graph, &slice, monitor)
        })?;
        write(found)
    };
    answer(run())
}

fn write(found: Imputed) -> std::result::Result<Robj, Failure> {
    let expression =
        Robj::try_from(found.expression).map_err(|error| Failure::Core(Error::Numeric(error.to_string())))?;
    Ok(list!(expression = expression, explained = found.explained).into())
}
