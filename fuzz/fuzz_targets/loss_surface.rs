//! The objective and the domains around a network.
#![no_main]

use starscape::Result;
use starscape::monitor::Monitor;
use starscape::surface::{Fitted, SurfaceParams, loss_surface};
use starscape::vae::Parameters;
use starscape_fuzz::{Input, graph, matrix, run, slices, train_params};
use std::sync::Arc;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (spots, latent, more) = (input.between(1, 40), input.between(1, 4), input.between(0, 2));
    let (scores, embedding) = (matrix(input, spots, latent), matrix(input, spots, latent));
    let (prior, slice, graph) = (matrix(input, spots, latent + more), slices(input, spots), graph(input, spots)?);
    let train = train_params(input);
    let fitted = Fitted {
        scores: scores.view(),
        prior: prior.view(),
        embedding: embedding.view(),
        slice: &slice,
        graph: Arc::new(graph),
        parameters: network(input, embedding.ncols())?,
        share: input.number(&[1.0, 0.0, 0.5]),
    };
    let points = if input.once_in(8) { input.between(0, 5) } else { 3 };
    let params = SurfaceParams { k: input.whole(1, 5), points, radius: input.number(&[0.5, 0.0, 10.0]), seed: 1 };
    loss_surface(&fitted, &train, &params, &Monitor::silent())?;
    Ok(())
}));

/// The tensors of a network for one or several batches, some of them broken.
fn network(input: &mut Input, latent: usize) -> Result<Parameters> {
    let start = Parameters::random(latent, 1)?;
    let start = if input.once_in(2) { start.with_batches(input.between(1, 4))? } else { start };
    let mut values = start.values()?;
    if input.once_in(4) {
        let (tensor, number) = (input.between(0, values.len() - 1), input.any_number());
        values[tensor].fill(number);
    }
    if input.once_in(8) {
        values.pop();
    }
    Ok(Parameters::from_values(latent, &values)?)
}
