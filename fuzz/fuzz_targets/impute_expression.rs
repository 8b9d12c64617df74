//! Denoised expression of chosen genes.
#![no_main]

use starscape::batches::Batches;
use starscape::impute::{Scores, impute_expression};
use starscape::monitor::Monitor;
use starscape_fuzz::{counts, graph, matrix, normalisation, numbers, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (genes, spots, components) = (input.between(1, 15), input.between(1, 40), input.between(1, 4));
    let (sparse, graph) = (counts(input, genes, spots), graph(input, spots)?);
    let (wanted, used) = (numbers(input, genes), numbers(input, genes));
    let (values, network) = (matrix(input, spots, components), matrix(input, spots, components));
    let loadings = matrix(input, used.len(), components);
    let singular_values = matrix(input, components, 1).into_raw_vec_and_offset().0;
    let (batch, types) = (slices(input, spots), slices(input, spots));
    let batches = if input.once_in(2) { Batches::made_of(&batch, &types)? } else { Batches::alike(&batch) };
    let scores = Scores {
        values: values.view(),
        network: network.view(),
        genes: &used,
        loadings: loadings.view(),
        singular_values: &singular_values,
        normalisation: normalisation(input),
    };
    let found = impute_expression(&sparse.read()?, &wanted, scores, &graph, &batches, &Monitor::silent())?;
    input.no_nan("expression", &found.expression);
    Ok(())
}));
