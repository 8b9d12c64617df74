//! How far many labellings of the same spots agree.
#![no_main]

use starscape::monitor::Monitor;
use starscape::stability::{Runs, coassignment, pairwise, stability};
use starscape_fuzz::{labels, numbers, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (spots, columns, k) = (input.between(0, 40), input.between(0, 6), input.whole(1, 6));
    // Spots without a label have one of their own, as numbers from R are never missing here.
    let column = |input: &mut _| labels(input, spots, 5).into_iter().map(|own| own.map_or(0, |own| own + 1)).collect();
    let columns: Vec<Vec<usize>> = (0..columns).map(|_| column(input)).collect();
    let (runs, monitor) = (Runs::new(&columns)?, Monitor::silent());
    input.no_nan("agreement", &pairwise(&runs, &monitor)?.ari);
    let shares = coassignment(&runs, &numbers(input, spots), &monitor)?;
    input.no_nan("shares", &shares);
    let found = stability(&runs, k, &monitor)?;
    input.no_nan("support", &found.spots.support);
    input.no_nan("entropy", &found.spots.entropy);
    input.no_nan("stability", &found.spots.stability);
    input.no_nan("overlap", found.domains.iter().map(|domain| &domain.mean));
    Ok(())
}));
