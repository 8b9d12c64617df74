//! Does the source describe the target? By how well its types predict genes that they were not fitted to, beside the
//! target's own groups of spots and beside labels that were shuffled.

use super::amounts::{Rates, Spot};
use super::held_out::gains;
use super::mixture::{Mixture, gene_totals, unexplained};
use super::platform::Platform;
use super::profiles::Profiles;
use super::{Source, Target};
use crate::cluster::{KMeans, Points};
use crate::counts::Counts;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use crate::random::{Stream, substream};
use crate::tiles::{folds, graph_tiles, windows};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::seq::SliceRandom;
use rayon::prelude::*;

/// Counts that a prior may be worth.
const STRENGTHS: [f64; 4] = [5.0, 20.0, 60.0, 200.0];
/// Spots that are looked at.
const WINDOWS: (usize, usize) = (10, 100);
/// Groups of the target's spots that the source is compared with, and the fewest spots of one on average.
const GROUPS: (usize, usize) = (10, 20);
/// Most assignments of spots to groups.
const ASSIGNMENTS: usize = 20;
/// Times that labels are shuffled.
const SHUFFLES: u64 = 3;
/// The least that the source must predict, as a share of what the target's own groups do.
const LEAST_SHARE: f64 = 1.0 / 6.0;
/// How often the gain of shuffled labels the gain must be.
const LEAST_RATIO: f64 = 2.0;
/// Standard errors by which a gain must exceed zero.
const ERRORS: f64 = 3.0;
/// The least gain of a type that the source lacks, as a share of the gain of its types. What profiles of few cells lack
/// gives up to 0.2 where no type is missing.
const LEAST_MISSING: f64 = 0.25;

/// Gains of log-likelihood a thousand counts over one composition for all spots.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Of the source's types.
    pub source: f64,
    /// Its standard error.
    pub error: f64,
    /// Of the target's own groups of spots, their profiles from other tiles.
    pub own: f64,
    /// Of the source with its labels shuffled, mean.
    pub shuffled: f64,
    /// What a type that the source lacks adds, where it was tried.
    pub missing: Option<f64>,
    /// Whether there is such a type.
    pub lacks_type: bool,
    /// Counts that the neighbours of a spot are worth, where they tell what it holds.
    pub neighbours: Option<f64>,
    spots: Vec<usize>,
    groups: Vec<usize>,
}

/// Gains of some spots, spots x strengths, and the best of these.
struct Gains {
    table: Array2<f64>,
    best: usize,
}

impl Gains {
    fn of(
        target: &Counts,
        spots: &[usize],
        mixture: &Mixture,
        graph: Option<&SpatialGraph>,
        monitor: &Monitor,
    ) -> Result<Self> {
        let mean = mixture.mean();
        Ok(Gains::new(gains(target, spots, mixture.rates().view(), &mean, &STRENGTHS, graph, monitor)?))
    }

    fn new(table: Array2<f64>) -> Self {
        let sums = table.sum_axis(Axis(0));
        let best = (0..STRENGTHS.len()).fold(0, |best, next| if sums[next] > sums[best] { next } else { best });
        Gains { table, best }
    }

    fn by_spot(&self) -> ArrayView1<'_, f64> {
        self.table.column(self.best)
    }

    fn sum(&self) -> f64 {
        self.by_spot().sum()
    }
}

impl Evidence {
    /// Compares the types of a fitted source with the target's own groups and with shuffled labels, in at most a
    /// thousand spots.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn new(target: &Target, source: Source, fitted: &Mixture, seed: u64, monitor: &Monitor) -> Result<Self> {
        let spots = windows(target.graph, WINDOWS.0, WINDOWS.1);
        let graph = target.graph.select(&spots);
        let counts = spots.iter().map(|&spot| target.counts.spot(spot).1.iter().sum::<f64>()).sum::<f64>() / 1000.0;
        let found = Gains::of(target.counts, &spots, fitted, None, monitor)?;
        let around = Gains::of(target.counts, &spots, fitted, Some(&graph), monitor)?;
        let better = &around.by_spot() - &found.by_spot();
        let neighbours = (better.sum() > ERRORS * deviation(better.view())).then(|| STRENGTHS[around.best]);
        let (own, groups) = own_groups(target, &spots, monitor)?;
        let shuffled = shuffled(target.counts, source, &spots, seed, monitor)?;
        Ok(Evidence {
            source: found.sum() / counts,
            error: deviation(found.by_spot()) / counts,
            own: own / counts,
            shuffled: shuffled / counts,
            missing: None,
            lacks_type: false,
            neighbours,
            spots,
            groups,
        })
    }

    /// Whether the source's types tell what the spots hold.
    pub fn described(&self) -> bool {
        self.source > ERRORS * self.error
            && self.source > LEAST_SHARE * self.own
            && self.source > LEAST_RATIO * self.shuffled
    }

    /// The fit with a type that the source lacks, where counts that were not seen ask for one; else the one given. Its
    /// profile is learned from half of the tiles, its gain that of the others.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn with_missing_type(&mut self, target: &Target, fitted: Mixture, monitor: &Monitor) -> Result<Mixture> {
        let Some(profile) = unexplained(target.counts, &fitted, &self.groups) else { return Ok(fitted) };
        let parts = folds(&graph_tiles(target.graph), 2);
        let first: Vec<bool> = parts.iter().map(|&part| part == 0).collect();
        let half = fitted.with_missing_type(target.counts, &profile, &first, monitor)?;
        let spots: Vec<usize> = self.spots.iter().copied().filter(|&spot| !first[spot]).collect();
        let before = Gains::of(target.counts, &spots, &fitted, None, monitor)?;
        let after = Gains::of(target.counts, &spots, &half, None, monitor)?;
        let better = &after.by_spot() - &before.by_spot();
        // Where the types tell nothing of these spots, nothing can be said of one more.
        if before.sum() <= 0.0 {
            return Ok(fitted);
        }
        let share = better.sum() / before.sum();
        self.missing = Some(share);
        self.lacks_type = share > LEAST_MISSING && better.sum() > ERRORS * deviation(better.view());
        match self.lacks_type {
            true => fitted.with_missing_type(target.counts, &profile, &vec![true; parts.len()], monitor),
            false => Ok(fitted),
        }
    }
}

/// Groups of spots that are alike: a mixture of multinomials with hard assignments, from k-means of the scores on.
fn likely_groups(target: &Target, count: usize, monitor: &Monitor) -> Result<Vec<usize>> {
    let mut groups = KMeans::fit(&Points::new(target.scores, "x")?, count, 8, 1, monitor)?.labels;
    for _ in 0..ASSIGNMENTS {
        let labels: Vec<Option<usize>> = groups.iter().map(|&group| Some(group)).collect();
        let profiles = Profiles::new(target.counts, &labels, count, &|_| true);
        let rates = Rates::new(profiles.shares.view(), None);
        let assigned = (0..groups.len()).into_par_iter().map_init(Spot::default, |own, spot| {
            monitor.check()?;
            own.read(target.counts, spot, &rates);
            Ok(own.likeliest(&rates.reach))
        });
        let next = assigned.collect::<Result<Vec<usize>>>()?;
        if next == groups {
            break;
        }
        groups = next;
    }
    Ok(groups)
}

/// Standard error of a sum over spots.
fn deviation(values: ArrayView1<f64>) -> f64 {
    values.std(0.0) * (values.len() as f64).sqrt()
}

/// Gain of the target's own groups of spots, each predicted by the profiles of other tiles; and the groups.
fn own_groups(target: &Target, spots: &[usize], monitor: &Monitor) -> Result<(f64, Vec<usize>)> {
    let count = (target.graph.spots() / GROUPS.1).clamp(2, GROUPS.0).min(target.graph.spots());
    let groups = likely_groups(target, count, monitor)?;
    let labels: Vec<Option<usize>> = groups.iter().map(|&group| Some(group)).collect();
    let parts = folds(&graph_tiles(target.graph), 2);
    let mut gain = 0.0;
    for part in 0..2 {
        let profiles = Profiles::new(target.counts, &labels, count, &|spot| parts[spot] != part);
        let own: Vec<usize> = spots.iter().copied().filter(|&spot| parts[spot] == part).collect();
        let mut mean = Array1::from_elem(count, 1e-4);
        groups.iter().zip(&parts).filter(|(_, own)| **own != part).for_each(|(&group, _)| mean[group] += 1.0);
        mean /= mean.sum();
        let rates = profiles.shares.view();
        gain += Gains::new(gains(target.counts, &own, rates, &mean, &STRENGTHS, None, monitor)?).sum();
    }
    Ok((gain, groups))
}

/// Mean gain of the source with its labels shuffled. All types being alike, the factors of the genes are those between
/// all cells and all spots.
fn shuffled(target: &Counts, source: Source, spots: &[usize], seed: u64, monitor: &Monitor) -> Result<f64> {
    let seen = gene_totals(target, &Vec::from_iter(0..target.spots()));
    let mut sum = 0.0;
    for index in 0..SHUFFLES {
        let mut labels = source.labels.to_vec();
        labels.shuffle(&mut substream(seed, Stream::Labels, index));
        let profiles = Profiles::new(source.counts, &labels, source.types, &|_| true);
        let mut mean = Array1::zeros(source.types);
        labels.iter().flatten().for_each(|&kind| mean[kind] += 1.0);
        mean /= mean.sum();
        let mut platform = Platform::new(target.genes());
        let expected = profiles.shares.dot(&mean) * seen.sum();
        for _ in 0..20 {
            platform.update(seen.view(), expected.view());
        }
        let rates = &profiles.shares * &platform.log_factors.mapv(f64::exp).insert_axis(Axis(1));
        sum += Gains::new(gains(target, spots, rates.view(), &mean, &STRENGTHS, None, monitor)?).sum();
    }
    Ok(sum / SHUFFLES as f64)
}
