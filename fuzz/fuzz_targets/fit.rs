//! The main job, whole and in its two stages.
#![no_main]

use starscape::fit::{FitParams, Spots, first_stage, fit, fit_from};
use starscape::monitor::Monitor;
use starscape_fuzz::{Input, counts, feature_params, graph_params, places, run, slices, train_params};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (genes, spots) = (input.between(1, 15), input.between(1, 40));
    let params = params(input, genes);
    let (slice, batch) = (slices(input, spots), slices(input, spots));
    let (sparse, coords) = (counts(input, genes, spots), places(input, spots));
    let counts = sparse.read()?;
    let spots = Spots { counts: &counts, coords: coords.view(), slice: &slice, batch: &batch };
    let monitor = Monitor::silent();
    let found = match input.once_in(2) {
        true => fit_from(first_stage(spots, &params, &monitor)?, spots, &params, &monitor)?,
        false => fit(spots, &params, &monitor)?,
    };
    input.no_nan("embedding", &found.embedding);
    input.no_nan("prior", &found.prior);
    input.no_nan("loadings", &found.loadings);
    input.no_nan("codes", &found.codes.scores);
    Ok(())
}));

fn params(input: &mut Input, genes: usize) -> FitParams {
    FitParams {
        features: feature_params(input, genes),
        graph: graph_params(input),
        latent_dim: input.whole(1, 6),
        steps: input.between(0, 4),
        train: train_params(input),
    }
}
