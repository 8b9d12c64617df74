//! What the slots of a sparse matrix hold, and whether they hold counts.
#![no_main]

use starscape_fuzz::{counts, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (genes, spots) = (input.between(0, 15), input.between(0, 40));
    let sparse = counts(input, genes, spots);
    let sound = sparse.read();
    let summary = sparse.summary()?;
    let broken = summary.not_finite + summary.negative > 0 || !summary.used_spots.iter().all(|&used| used);
    assert_eq!(sound.is_err(), broken, "{summary:?}");
    Ok(())
}));
