//! `core_dimension_loadings`: genes that go with the dimensions of an embedding.

use crate::answer::{Failure, answer, table};
use crate::arguments::{Parameters, counts, groups, indices, matrix};
use crate::fit::read_normalisation;
use crate::worker;
use extendr_api::prelude::*;
use starscape::markers::dimension_loadings;

extendr_module! {
    mod factor_markers;
    fn core_dimension_loadings;
}

/// Counts come as the slots of a `dgCMatrix`; `genes` are row numbers from 0, `slice` numbers from 0 or NULL.
#[allow(clippy::too_many_arguments)] // the slots of R's sparse matrix, read in place
#[extendr]
fn core_dimension_loadings(
    values: &[f64],
    rows: &[i32],
    offsets: &[i32],
    dim: &[i32],
    genes: Robj,
    embedding: Robj,
    coords: Robj,
    slice: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let counts = counts(values, rows, offsets, dim)?;
        let (genes, embedding) = (indices(&genes, "features")?, matrix(&embedding, "fit")?);
        let coords = matrix(&coords, "fit")?;
        let slice = groups(&slice, counts.spots(), "slice")?;
        let parameters = Parameters::new(parameters);
        let normalisation = read_normalisation(&parameters)?;
        let draws = (parameters.whole("draws")?, parameters.whole("seed")? as u64);
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| {
            dimension_loadings(&counts, embedding, coords, &slice, &genes, normalisation, draws, monitor)
        })?;
        Ok(list!(
            loadings = table(found.loadings)?,
            standardErrors = table(found.standard_errors)?,
            signStability = table(found.sign_stability)?
        )
        .into())
    };
    answer(run())
}
