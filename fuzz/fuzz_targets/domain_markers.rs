//! Rank sums, overdispersion, counts split in two, and matched labels.
#![no_main]

use starscape::Result;
use starscape::markers::{Comparison, Groups, overdispersion, rank_sums, split_counts};
use starscape::metrics::match_labels;
use starscape::monitor::Monitor;
use starscape_fuzz::{Input, counts, labels, matrix, run, slices};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| run(bytes, |input| {
    let (genes, spots, domains) = (input.between(1, 15), input.between(1, 40), input.between(1, 5));
    let (sparse, domain, monitor) = (counts(input, genes, spots), labels(input, spots, domains), Monitor::silent());
    match input.between(0, 3) {
        0 => {
            let groups = Groups::new(&domain, domains, &slices(input, spots))?;
            let comparison = input.one_of(&[Comparison::Rest, Comparison::Pairs]);
            let found = rank_sums(&sparse.read()?, &groups, comparison, &monitor)?;
            input.no_nan("mean counts", &found.sum);
        }
        1 => {
            let found = overdispersion(&sparse.read()?, &domain, &monitor)?;
            input.no_nan("overdispersion", &found);
        }
        2 => split(input, &sparse, genes)?,
        _ => drop(match_labels(&domain, &labels(input, spots, domains))?),
    }
    Ok(())
}));

fn split(input: &mut Input, sparse: &starscape_fuzz::Sparse, genes: usize) -> Result<()> {
    let overdispersion = matrix(input, genes, 1).mapv(f64::abs).into_raw_vec_and_offset().0;
    let (share, seed) = (input.number(&[0.5, 0.1, 0.9]), input.whole(0, 9) as u64);
    let part = split_counts(&sparse.read()?, &overdispersion, share, seed, &Monitor::silent())?;
    assert!(part.iter().zip(&sparse.values).all(|(part, whole)| (0.0..=*whole).contains(part)), "parts of counts");
    Ok(())
}
