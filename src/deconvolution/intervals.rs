//! How far estimates are from the truth, by spots put together from cells of the source that were not in the profiles.

use super::Source;
use super::amounts::{Prior, Rates, Spot};
use super::profiles::Profiles;
use crate::counts::Counts;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::random::{ChaCha8Rng, Stream, substream};
use ndarray::{Array1, Array2, Axis};
use rand::Rng;
use rand::distr::weighted::WeightedIndex;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

/// Parts of the source's cells; spots are put together from one, profiles from the others.
const FOLDS: usize = 5;
/// Spots of each part.
const SPOTS: usize = 60;
/// Change of an amount, as a share of the spot's counts, at which it is found.
const TOLERANCE: f64 = 1e-4;

/// What the spots of a target are like, and how they are estimated.
pub struct Likeness {
    /// Counts of each spot.
    pub sizes: Vec<f64>,
    /// Proportions of cells, spots x types.
    pub proportions: Array2<f64>,
    /// Modes of the prior of each spot, spots x types; one row where it is the same for all.
    pub modes: Array2<f64>,
    /// Counts that the prior is worth.
    pub strength: f64,
    /// Weights of the genes.
    pub weights: Vec<f64>,
    /// Factors of the genes.
    pub factors: Array1<f64>,
    /// Fewest and most cells of a spot.
    pub cells: (usize, usize),
}

/// An estimate whose truth is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Estimated proportion of a type.
    pub estimate: f64,
    /// Its standard error.
    pub error: f64,
    /// The proportion that it should be.
    pub truth: f64,
}

/// Proportions of cells from amounts in counts, with standard errors: a cell of a large type gives more counts.
pub fn of_cells(amounts: &[f64], errors: &[f64], sizes: &Array1<f64>) -> (Vec<f64>, Vec<f64>) {
    let sum: f64 = amounts.iter().zip(sizes).map(|(amount, size)| amount / size).sum();
    let scaled = |values: &[f64]| values.iter().zip(sizes).map(|(value, size)| value / size / sum).collect();
    (scaled(amounts), scaled(errors))
}

/// Spots put together from the source's cells: like a spot of the target in how many counts it has and of which types
/// they are, and on its platform; the numbers of cells are drawn.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn put_together(source: Source, likeness: &Likeness, seed: u64, monitor: &Monitor) -> Result<Vec<Known>> {
    let Source { counts: source, labels, types } = source;
    let parts = parts(labels, types);
    let mut known = Vec::new();
    for part in 0..FOLDS {
        let profiles = Profiles::new(source, labels, types, &|cell| parts[cell] != Some(part));
        let pools = pools(labels, types, &parts, part);
        let weighted = Array1::from(likeness.weights.clone()) * &likeness.factors;
        let of = &profiles.shares * &weighted.insert_axis(Axis(1));
        let rates = Rates::weighted(of.view(), &likeness.weights);
        let found = (0..SPOTS)
            .into_par_iter()
            .map_init(Spot::default, |own, index| {
                monitor.check()?;
                let mut rng = substream(seed, Stream::Mixtures, (part * SPOTS + index) as u64);
                let like = rng.random_range(0..likeness.sizes.len());
                let (truth, counts) = draw(source, &pools, likeness, like, &mut rng);
                own.fill(counts.iter().copied().enumerate(), &rates);
                Ok(estimate(own, &rates, &profiles.sizes, likeness, like, &truth))
            })
            .collect::<Result<Vec<Vec<Known>>>>()?;
        known.extend(found.into_iter().flatten());
    }
    Ok(known)
}

/// The part of each labelled cell: cells of a type are dealt out in turn, and a type of one cell is in no part.
fn parts(labels: &[Option<usize>], types: usize) -> Vec<Option<usize>> {
    let mut seen = vec![0; types];
    let mut all = vec![0; types];
    labels.iter().flatten().for_each(|&kind| all[kind] += 1);
    let deal = |label: &Option<usize>| {
        let kind = (*label)?;
        seen[kind] += 1;
        (all[kind] > 1).then_some((seen[kind] - 1) % FOLDS)
    };
    labels.iter().map(deal).collect()
}

/// The cells of each type from which spots are put together: those of the part, or all where it has none.
fn pools(labels: &[Option<usize>], types: usize, parts: &[Option<usize>], part: usize) -> Vec<Vec<usize>> {
    let of = |kind: usize, own: bool| -> Vec<usize> {
        (0..labels.len()).filter(|&cell| labels[cell] == Some(kind) && (!own || parts[cell] == Some(part))).collect()
    };
    (0..types)
        .map(|kind| Some(of(kind, true)).filter(|own| !own.is_empty()).unwrap_or_else(|| of(kind, false)))
        .collect()
}

/// Proportions of a spot's cells, and its counts.
fn draw(
    source: &Counts,
    pools: &[Vec<usize>],
    likeness: &Likeness,
    like: usize,
    rng: &mut ChaCha8Rng,
) -> (Vec<f64>, Vec<f64>) {
    let cells = rng.random_range(likeness.cells.0..=likeness.cells.1);
    let kinds = WeightedIndex::new(likeness.proportions.row(like)).expect("proportions are positive");
    let (mut truth, mut expected) = (vec![0.0; pools.len()], vec![0.0; source.genes()]);
    for _ in 0..cells {
        let kind = kinds.sample(rng);
        truth[kind] += 1.0 / cells as f64;
        let (genes, values) = source.spot(pools[kind][rng.random_range(0..pools[kind].len())]);
        for (&gene, value) in genes.iter().zip(values) {
            expected[gene as usize] += value * likeness.factors[gene as usize];
        }
    }
    let depth = likeness.sizes[like] / expected.iter().sum::<f64>();
    let mut count =
        |mean: f64| if mean > 0.0 { Poisson::new(mean).map_or(0.0, |draws| draws.sample(rng)) } else { 0.0 };
    let counts = expected.into_iter().map(|expected| count(expected * depth)).collect();
    (truth, counts)
}

fn estimate(
    spot: &Spot,
    rates: &Rates,
    sizes: &Array1<f64>,
    likeness: &Likeness,
    like: usize,
    truth: &[f64],
) -> Vec<Known> {
    if spot.total() == 0.0 {
        return Vec::new();
    }
    let mode = likeness.modes.row(like.min(likeness.modes.nrows() - 1));
    let mode: Vec<f64> = mode.to_vec();
    let mut amounts = vec![spot.total() / truth.len() as f64; truth.len()];
    let prior = Prior { mode: &mode, strength: likeness.strength };
    spot.amounts(&mut amounts, &rates.reach, prior, TOLERANCE);
    let (estimates, errors) = of_cells(&amounts, &spot.errors(&amounts), sizes);
    let of = |((estimate, error), &truth)| Known { estimate, error, truth };
    estimates.into_iter().zip(errors).zip(truth).map(of).collect()
}
