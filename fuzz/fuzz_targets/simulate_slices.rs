//! Simulated sections.
#![no_main]

use starscape::monitor::Monitor;
use starscape::simulate::{Lattice, Layout, Model, Params, simulate_slices};
use starscape_fuzz::{Input, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let params = params(input);
    // Large sections take long, and those beyond all bounds are refused.
    let entries = [params.slices, params.rows, params.columns, params.genes];
    let entries = entries.into_iter().fold(1usize, usize::saturating_mul);
    if (10_000..=2_000_000_000).contains(&entries) {
        return Ok(());
    }
    let found = simulate_slices(&params, &Monitor::silent())?;
    input.no_nan("places", &found.coordinates);
    input.no_nan("counts", found.counts.iter().flat_map(|slice| &slice.values));
    Ok(())
}));

fn params(input: &mut Input) -> Params {
    Params {
        slices: input.whole(1, 3),
        rows: input.whole(2, 8),
        columns: input.whole(2, 8),
        lattice: Lattice::Hexagonal,
        genes: input.whole(1, 15),
        domains: input.whole(1, 5),
        layout: input.one_of(&[Layout::Layered, Layout::PATCHES]),
        library_size: input.number(&[2000.0, 1.0, 1e6]),
        library_spread: input.number(&[0.4, 0.0, 3.0]),
        dispersion: input.number(&[0.1, 0.0, 100.0]),
        marker_share: input.number(&[0.06, 0.0, 1.0]),
        log_fold_change: input.number(&[0.7, 0.0, 20.0]),
        gradient: input.number(&[0.15, 0.0, 20.0]),
        batch_effect: input.number(&[0.0, 0.5, 20.0]),
        model: model(input),
        seed: input.whole(0, 9) as u64,
    }
}

fn model(input: &mut Input) -> Model {
    let (factors, separation) = (input.whole(1, 6), input.number(&[1.0, 0.0, 10.0]));
    input.one_of(&[Model::NegativeBinomial, Model::Factor { factors, separation }, Model::Niches { separation }])
}
