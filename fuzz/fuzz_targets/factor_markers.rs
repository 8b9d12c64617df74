//! Genes of dimensions and of factors, and how sure they are.
#![no_main]

use starscape::Result;
use starscape::markers::dimension_loadings;
use starscape::monitor::Monitor;
use starscape::transst::adaptive::Adaptive;
use starscape::transst::bootstrap::loading_spread;
use starscape_fuzz::{Input, counts, matrix, normalisation, numbers, places, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| match input.once_in(2) {
    true => factors(input),
    false => dimensions(input),
}));

fn dimensions(input: &mut Input) -> Result<()> {
    let (genes, spots, dimensions) = (input.between(1, 15), input.between(1, 40), input.between(1, 4));
    let (sparse, embedding) = (counts(input, genes, spots), matrix(input, spots, dimensions));
    let (coords, slice) = (places(input, spots), slices(input, spots));
    let (wanted, normalisation) = (numbers(input, genes), normalisation(input));
    let draws = (input.between(0, 5), input.whole(0, 9) as u64);
    let counts = sparse.read()?;
    let (loadings, spread) = dimension_loadings(
        &counts,
        embedding.view(),
        coords.view(),
        &slice,
        &wanted,
        normalisation,
        draws,
        &Monitor::silent(),
    )?;
    input.no_nan("loadings", &loadings);
    input.no_nan("standard errors", &spread.standard_errors);
    Ok(())
}

fn factors(input: &mut Input) -> Result<()> {
    let (features, spots) = (input.between(1, 15), input.between(1, 40));
    let (dimensions, factors) = (input.between(1, 6), input.between(1, 4));
    let problem = Adaptive {
        basis: matrix(input, features, dimensions),
        values: matrix(input, spots, dimensions),
        anchor: matrix(input, dimensions, factors),
    };
    let (loadings, tiles) = (matrix(input, features, factors), slices(input, spots));
    let (share, draws) = (input.number(&[0.5, 0.0, 1.0]), (input.between(0, 5), input.whole(0, 9) as u64));
    let spread = loading_spread(&problem, share, loadings.view(), &tiles, draws, &Monitor::silent())?;
    input.no_nan("standard errors", &spread.standard_errors);
    Ok(())
}
