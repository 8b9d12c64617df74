//! `core_impute_expression`: denoised expression of chosen genes.

use crate::answer::{answer, table};
use crate::arguments::{CountSlots, Parameters, graph, groups, indices, matrix};
use crate::fit::read_normalisation;
use crate::worker;
use extendr_api::prelude::*;
use ndarray::{Array2, ArrayView2};
use starscape::batches::Batches;
use starscape::impute::{Scores, impute_expression};
use starscape::{Error, Result};

extendr_module! {
    mod impute_expression;
    fn core_impute_expression;
}

/// Counts come as a `dgCMatrix`; `genes` are row numbers from 0, `batch` those of batches from 0 or NULL. `fit`
/// is a list with the `scores`, `prior` and `embedding` of the spots, their `types` in the batches (from 0, or NULL),
/// the row numbers of its `genes`, their `loadings` and the `singular_values`.
#[extendr]
fn core_impute_expression(
    counts: Robj,
    genes: Robj,
    fit: List,
    neighbours: Robj,
    batch: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let counts = CountSlots::new(&counts, "x")?;
        let counts = counts.read()?;
        let (genes, parameters) = (indices(&genes, "features")?, Parameters::new(parameters));
        let fit = Parameters::new(fit);
        let part = |name| fit.value(name).ok_or_else(|| Error::argument("fit", format!("has no {name}")));
        let (values, prior, embedding) = (part("scores")?, part("prior")?, part("embedding")?);
        let (used, loadings, singular_values) = (part("genes")?, part("loadings")?, part("singular_values")?);
        let network = difference(matrix(&embedding, "fit")?, matrix(&prior, "fit")?)?;
        let used = indices(&used, "fit")?;
        let singular_values =
            singular_values.as_real_vector().ok_or_else(|| Error::argument("fit", "has no singular values"))?;
        let scores = Scores {
            values: matrix(&values, "fit")?,
            network: network.view(),
            genes: &used,
            loadings: matrix(&loadings, "fit")?,
            singular_values: &singular_values,
            normalisation: read_normalisation(&parameters)?,
        };
        let graph = graph(&neighbours)?.ok_or_else(|| Error::argument("fit", "has no graph"))?;
        let batch = groups(&batch, counts.spots(), "batch")?;
        let batches = match fit.value("types") {
            Some(types) => Batches::made_of(&batch, &groups(&types, counts.spots(), "fit")?)?,
            None => Batches::alike(&batch),
        };
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| {
            impute_expression(&counts, &genes, scores, &graph, &batches, monitor)
        })?;
        Ok(list!(expression = table(found.expression)?, explained = found.explained).into())
    })
}

/// What the network adds to the prior.
fn difference(embedding: ArrayView2<f64>, prior: ArrayView2<f64>) -> Result<Array2<f64>> {
    if embedding.dim() != prior.dim() {
        return Err(Error::argument("fit", "has an embedding and a prior of different sizes"));
    }
    Ok(&embedding - &prior)
}
