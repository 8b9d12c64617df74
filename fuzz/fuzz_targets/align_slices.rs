//! How a slice lies on another.
#![no_main]

use starscape::align::{AlignParams, Family, Slice, align};
use starscape::monitor::Monitor;
use starscape_fuzz::{Input, matrix, places, run};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let params = params(input);
    let (spots, others, dimensions) = (input.between(0, 40), input.between(0, 40), input.between(1, 4));
    let (embedding, coords) = (matrix(input, spots, dimensions), places(input, spots));
    // A slice on itself has an answer.
    let (embeddings, places) = match input.once_in(2) {
        true => (matrix(input, others, dimensions), places(input, others)),
        false => (embedding.clone(), coords.clone()),
    };
    let moving = Slice { embedding: embedding.view(), coords: coords.view() };
    let reference = Slice { embedding: embeddings.view(), coords: places.view() };
    let found = align(moving, reference, &params, &Monitor::silent())?;
    input.no_nan("transform", found.transform.matrix.iter().flatten().chain(&found.transform.shift));
    input.no_nan("residuals", &found.residuals);
    input.no_nan("partners", found.partners.iter().flatten().map(|partner| &partner.weight));
    Ok(())
}));

fn params(input: &mut Input) -> AlignParams {
    AlignParams {
        family: input.one_of(&[Family::Rigid, Family::Similarity, Family::Affine]),
        reflect: input.once_in(2),
        neighbours: input.whole(1, 10),
        tolerance: input.number(&[8.0, 0.5, 100.0]),
        seed: input.whole(0, 9) as u64,
    }
}
