//! How much more the counts of a gene vary than molecules drawn at random.

use crate::counts::{Counts, GeneCounts};
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Newton's method rises to the root without passing it; a step below this share of the value is the end.
const TOLERANCE: f64 = 1e-8;
const STEPS: usize = 100;

/// Overdispersion φ of each gene, from 0 (Poisson): the variance of a count of mean μ is μ + φμ². The mean of a spot is
/// its library size times the gene's share of all counts in the spot's group, `group` from 0, `None` for spots that are
/// left out. φ is where Pearson's chi-square Σ (x − μ)² / (μ + φμ²) equals its degrees of freedom (Breslow 1984,
/// Applied Statistics 33, 38-44). A gene without counts, or with fewer degrees of freedom than one, has 0.
///
/// # Errors
/// [`Error::Argument`] naming `domain`; [`Error::Interrupted`].
pub fn overdispersion(counts: &Counts, group: &[Option<usize>], monitor: &Monitor) -> Result<Vec<f64>> {
    if group.len() != counts.spots() {
        let message = format!("has {} values for {} spots", group.len(), counts.spots());
        return Err(Error::argument("domain", message));
    }
    let design = Design::new(counts.library_sizes(), group);
    let (done, genes) = (AtomicUsize::new(0), (0..counts.genes()).collect::<Vec<_>>());
    let estimate = |(): &mut (), _: usize, gene: GeneCounts| {
        let found = design.estimate(gene.iter());
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "overdispersion", done, total: genes.len(), objective: None })?;
        Ok(found)
    };
    counts.map_genes(&genes, || (), estimate)
}

/// What all genes share.
struct Design<'a> {
    sizes: Vec<f64>,
    group: &'a [Option<usize>],
    /// Counts and spots of each group.
    totals: Vec<(f64, f64)>,
}

impl<'a> Design<'a> {
    fn new(sizes: Vec<f64>, group: &'a [Option<usize>]) -> Self {
        let mut totals = vec![(0.0, 0.0); group.iter().flatten().max().map_or(0, |last| last + 1)];
        for (size, own) in sizes.iter().zip(group) {
            if let Some(own) = own {
                totals[*own] = (totals[*own].0 + size, totals[*own].1 + 1.0);
            }
        }
        Design { sizes, group, totals }
    }

    /// The gene's overdispersion, from its stored counts.
    fn estimate(&self, entries: impl Iterator<Item = (usize, f64)> + Clone) -> f64 {
        let mut shares = vec![0.0; self.totals.len()];
        for (spot, count) in entries.clone() {
            if let Some(own) = self.group[spot] {
                shares[own] += count;
            }
        }
        shares.iter_mut().zip(&self.totals).for_each(|(share, total)| *share /= total.0.max(f64::MIN_POSITIVE));
        let seen = || shares.iter().zip(&self.totals).filter(|(share, _)| **share > 0.0);
        let degrees = seen().map(|(_, total)| total.1 - 1.0).sum::<f64>();
        if degrees < 1.0 {
            return 0.0;
        }
        // Pearson's residuals before overdispersion: (x − μ)² / μ, and μ.
        let mut terms: Vec<(f64, f64)> = Vec::with_capacity(self.sizes.len());
        terms.extend(self.sizes.iter().zip(self.group).map(|(size, own)| {
            let mean = own.map_or(0.0, |own| size * shares[own]);
            (mean, mean)
        }));
        for (spot, count) in entries {
            let mean = terms[spot].1;
            if mean > 0.0 {
                terms[spot].0 = (count - mean) * (count - mean) / mean;
            }
        }
        root(&terms, degrees)
    }
}

/// Where Σ residual / (1 + φμ) falls to the degrees of freedom. The sum is convex and falls, so that Newton's method
/// from 0 never passes the root.
fn root(terms: &[(f64, f64)], degrees: f64) -> f64 {
    let mut phi = 0.0;
    for _ in 0..STEPS {
        let (mut excess, mut slope) = (-degrees, 0.0);
        for (residual, mean) in terms {
            let shrunk = 1.0 / (1.0 + phi * mean);
            excess += residual * shrunk;
            slope += residual * mean * shrunk * shrunk;
        }
        if excess <= 0.0 || slope <= 0.0 {
            break;
        }
        phi += excess / slope;
        if excess / slope <= TOLERANCE * phi {
            break;
        }
    }
    phi
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, stream};
    use rand_distr::{Distribution, Gamma, Poisson};

    #[test]
    fn finds_the_overdispersion_of_negative_binomial_counts() {
        let (spots, mut rng) = (4000, stream(1, Stream::Counts));
        let truth = [0.0, 0.3, 2.0];
        let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        let group: Vec<Option<usize>> = (0..spots).map(|spot| (spot % 5 > 0).then_some(spot % 2)).collect();
        for spot in 0..spots {
            let size = 1000.0 * (1 + spot % 3) as f64;
            for (gene, phi) in truth.iter().enumerate() {
                let mean = size * 0.002 * if spot % 2 == 0 { 1.0 } else { 3.0 };
                let factor = if *phi > 0.0 { Gamma::new(1.0 / phi, *phi).unwrap().sample(&mut rng) } else { 1.0 };
                let count: f64 = Poisson::new(mean * factor).unwrap().sample(&mut rng);
                rows.push(gene as i32);
                values.push(count);
            }
            rows.push(3);
            values.push(size);
            offsets.push(rows.len() as i32);
        }
        let counts = Counts::new(5, spots, &offsets, &rows, &values).unwrap();
        let found = overdispersion(&counts, &group, &Monitor::silent()).unwrap();
        assert!(found[0] < 0.02, "{found:?}");
        assert!((found[1] - 0.3).abs() < 0.05 && (found[2] - 2.0).abs() < 0.3, "{found:?}");
        assert_eq!(found[4], 0.0);
    }
}
