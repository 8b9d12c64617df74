//! `core_dimension_loadings`: genes that go with the dimensions of an embedding.

use crate::answer::{Failure, answer};
use crate::arguments::{Parameters, indices, matrix};
use crate::worker;
use extendr_api::prelude::*;
use ndarray::Array2;
use starscape::Error;
use starscape::counts::Counts;
use starscape::markers::dimension_loadings;
use starscape::preprocess::Normalisation;

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
        let [all, spots] = dim else { return Err(Error::argument("x", "must have two dimensions").into()) };
        let counts = Counts::new(*all as usize, *spots as usize, offsets, rows, values)?;
        let (genes, embedding) = (indices(&genes, "features")?, matrix(&embedding, "fit")?);
        let coords = matrix(&coords, "fit")?;
        let slice = if slice.is_null() { vec![0; counts.spots()] } else { indices(&slice, "slice")? };
        let parameters = Parameters::new(parameters);
        let normalisation = parameters.choice("normalisation", |word| match word {
            "pearson" => Some(Normalisation::Pearson),
            "log" => Some(Normalisation::Log),
            _ => None,
        })?;
        let draws = (parameters.whole("draws")?, parameters.whole("seed")? as u64);
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| {
            dimension_loadings(&counts, embedding, coords, &slice, &genes, normalisation, draws, monitor)
        })?;
        let table = |values: Array2<f64>| {
            Robj::try_from(values).map_err(|error| Failure::Core(Error::Numeric(error.to_string())))
        };
        Ok(list!(
            loadings = table(found.loadings)?,
            standardErrors = table(found.standard_errors)?,
            signStability = table(found.sign_stability)?
        )
        .into())
    };
    answer(run())
}
