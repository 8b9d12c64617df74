//! Counts divided into two independent parts: domains are found in one and tested on the other.

use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use crate::random::{ChaCha8Rng, Stream, substream};
use rand::Rng;
use rand_distr::{Beta, Binomial, Distribution};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Spots that a thread takes at a time.
const BLOCK: usize = 64;
/// Below this overdispersion, the shares of a beta distribution differ from the mean share by less than 1e-4.
const LEAST: f64 = 1e-8;
/// Largest count that is split: beyond it, not all whole numbers are numbers of the computer.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// The part of each stored count that goes to the first of two parts; the rest is the second. `share` is the first
/// part's expected share, `overdispersion` each gene's φ. A count of mean μ that is Poisson (φ = 0) or negative
/// binomial with variance μ + φμ² gives two independent counts of the same kind, with means `share` · μ and (1 −
/// `share`) · μ (Neufeld, Gao, Popp, Battle and Witten 2024, Biostatistics 25, 270-287; Neufeld, Popp, Gao, Battle and
/// Witten 2023, arXiv 2307.12985): binomial, its probability drawn from Beta(`share` / φ, (1 − `share`) / φ) where
/// φ > 0. Each spot has a random stream of its own.
///
/// # Errors
/// [`Error::Argument`] naming `x` for counts that are not whole numbers, `split` or `overdispersion`;
/// [`Error::Interrupted`].
pub fn split_counts(
    counts: &Counts,
    overdispersion: &[f64],
    share: f64,
    seed: u64,
    monitor: &Monitor,
) -> Result<Vec<f64>> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::argument("split", format!("must lie between 0 and 1, not {share}")));
    }
    if overdispersion.len() != counts.genes() || overdispersion.iter().any(|phi| !(phi.is_finite() && *phi >= 0.0)) {
        return Err(Error::argument("overdispersion", "must be a finite number for each gene, 0 or more"));
    }
    let spots: Vec<usize> = (0..counts.spots()).collect();
    let done = AtomicUsize::new(0);
    let parts: Vec<Vec<f64>> = spots
        .par_chunks(BLOCK)
        .map(|block| {
            let mut part = Vec::new();
            for &spot in block {
                let mut rng = substream(seed, Stream::Split, spot as u64);
                let (genes, values) = counts.spot(spot);
                for (&gene, &count) in genes.iter().zip(values) {
                    part.push(draw(count, overdispersion[gene as usize], share, &mut rng)?);
                }
            }
            let done = done.fetch_add(block.len(), Ordering::Relaxed) + block.len();
            monitor.step(Progress { stage: "splitting counts", done, total: spots.len(), objective: None })?;
            Ok(part)
        })
        .collect::<Result<_>>()?;
    Ok(parts.into_iter().flatten().collect())
}

fn draw(count: f64, overdispersion: f64, share: f64, rng: &mut ChaCha8Rng) -> Result<f64> {
    if count.fract() != 0.0 || count > LARGEST {
        return Err(Error::argument("x", format!("must be whole numbers up to {LARGEST:e} to be split, not {count}")));
    }
    let failed = |_| Error::Numeric(format!("a count of {count} cannot be split at overdispersion {overdispersion}"));
    let probability = if count > 1.0 && overdispersion > LEAST {
        let beta = Beta::new(share / overdispersion, (1.0 - share) / overdispersion);
        beta.map_err(|_| failed(()))?.sample(rng)
    } else {
        share // a single molecule has no overdispersion
    };
    if count <= 1.0 {
        return Ok(if count > 0.0 && rng.random_bool(probability) { 1.0 } else { 0.0 });
    }
    // Beta distributions of very small parameters can round to the ends, or beyond.
    let probability = if probability.is_finite() { probability.clamp(0.0, 1.0) } else { share };
    Ok(Binomial::new(count as u64, probability).map_err(|_| failed(()))?.sample(rng) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use rand_distr::{Gamma, Poisson};

    /// Correlation of the two parts of negative binomial counts.
    fn correlation(phi: f64, assumed: f64, share: f64) -> (f64, f64) {
        let (spots, mut rng) = (20_000, stream(5, Stream::Counts));
        let count = |rng: &mut ChaCha8Rng| -> f64 {
            let factor = if phi > 0.0 { Gamma::new(1.0 / phi, phi).unwrap().sample(rng) } else { 1.0 };
            1.0 + Poisson::new(6.0 * factor).map_or(0.0, |poisson| poisson.sample(rng))
        };
        // Counts must not be 0 to be stored for all spots: the one added is taken away again.
        let values: Vec<f64> = (0..spots).flat_map(|_| [count(&mut rng) - 1.0, 1.0]).collect();
        let offsets: Vec<i32> = (0..=spots).map(|spot| 2 * spot).collect();
        let rows: Vec<i32> = (0..spots).flat_map(|_| [0, 1]).collect();
        let counts = Counts::new(2, spots as usize, &offsets, &rows, &values).unwrap();
        let first = split_counts(&counts, &[assumed, 0.0], share, 3, &Monitor::silent()).unwrap();
        let pairs: Vec<(f64, f64)> = first.iter().zip(&values).step_by(2).map(|(a, x)| (*a, x - a)).collect();
        let n = pairs.len() as f64;
        let mean = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0 / n, sum.1 + pair.1 / n));
        let moment = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - mean.0, p.1 - mean.1)).sum::<f64>() / n;
        (moment(&|a, b| a * b) / (moment(&|a, _| a * a) * moment(&|_, b| b * b)).sqrt(), mean.0 / (mean.0 + mean.1))
    }

    #[test]
    fn the_parts_are_independent_at_the_right_overdispersion() {
        for (phi, share) in [(0.0, 0.5), (0.5, 0.5), (0.5, 0.3), (3.0, 0.7)] {
            let (correlation, part) = correlation(phi, phi, share);
            assert!(correlation.abs() < 0.03, "{phi}: {correlation}");
            assert!((part - share).abs() < 0.02, "{phi}: {part}");
        }
        // Binomial thinning leaves overdispersed parts correlated.
        assert!(correlation(0.5, 0.0, 0.5).0 > 0.4);
    }

    #[test]
    fn does_not_depend_on_threads_but_on_the_seed() {
        let (offsets, rows, values) = ([0, 2, 4], [0, 1, 0, 1], [900.0, 41.0, 77.0, 1.0]);
        let counts = Counts::new(2, 2, &offsets, &rows, &values).unwrap();
        let split = |threads, seed| {
            crate::threads::in_pool(threads, || split_counts(&counts, &[0.2, 0.0], 0.5, seed, &Monitor::silent()))
        };
        let first = split(1, 1).unwrap();
        assert_eq!(split(2, 1).unwrap(), first);
        assert_ne!(split(2, 2).unwrap(), first);
        assert!(first.iter().zip(&values).all(|(part, count)| *part >= 0.0 && part <= count && part.fract() == 0.0));
    }

    #[test]
    fn refuses_what_is_no_count() {
        let split = |count, phi, share| {
            let (offsets, rows, values) = ([0, 1], [0], [count]);
            let counts = Counts::new(1, 1, &offsets, &rows, &values).unwrap();
            split_counts(&counts, &[phi], share, 1, &Monitor::silent())
        };
        assert!(matches!(split(1.5, 0.0, 0.5), Err(Error::Argument { argument: "x", .. })));
        assert!(matches!(split(1e100, 0.0, 0.5), Err(Error::Argument { argument: "x", .. })));
        assert!(split(LARGEST, 0.5, 0.5).is_ok());
        assert!(matches!(split(1.5, 0.0, 1.0), Err(Error::Argument { argument: "split", .. })));
        assert!(matches!(split(1.5, -1.0, 0.5), Err(Error::Argument { argument: "overdispersion", .. })));
    }
}
