//! Amounts of all spots, factors of the platform and, where asked for, a type that the source lacks, fitted together.

use super::agreement::agreement;
use super::amounts::{Prior, Rates, Spot};
use super::platform::Platform;
use super::profiles::Profiles;
use crate::counts::Counts;
use crate::error::Result;
use crate::monitor::{Monitor, Progress};
use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate};
use rayon::prelude::*;

/// Most rounds: of three steps of amounts and factors, the third from where the first two lead to; or of amounts and a
/// missing type.
const ROUNDS: usize = 40;
/// By how much two steps are extended at most.
const LONGEST: f64 = 64.0;
/// Change of a log factor, as far as it is extended, or of a profile, at which rounds end.
const CHANGE: f64 = 0.02;
/// Change of an amount, as a share of the spot's counts, at which it is found.
const TOLERANCE: f64 = 1e-4;
/// Counts that the prior of a spot, the mean of all, is worth.
pub const STRENGTH: f64 = 5.0;
/// Share of a missing type where it is first looked for.
const FIRST_SHARE: f64 = 0.05;
/// Spots that are enough for the factors of genes and the profile of a missing type: evenly spread ones where there are
/// more.
const ENOUGH: usize = 1000;
/// Parts of the spots whose counts are added up side by side: a fixed number, so that sums do not depend on threads.
const PARTS: usize = 16;

/// Types and factors of a target.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Spots x types, in counts; the missing type is the last column where there is one.
    pub amounts: Array2<f64>,
    /// Factors of the genes.
    pub platform: Platform,
    /// Genes x types, as `amounts`; each column sums to one.
    pub shares: Array2<f64>,
    /// Weights of the genes in the amounts: how well each agrees with the mixture.
    pub weights: Array1<f64>,
}

impl Mixture {
    /// Fits the types of a source and the factors of the genes.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn fit(target: &Counts, profiles: &Profiles, monitor: &Monitor) -> Result<Self> {
        let (all, some) = (Vec::from_iter(0..target.spots()), spread(target.spots()));
        let mut own = Mixture::start(target, profiles, &some);
        own.find_factors(target, &some, monitor)?;
        own.weights = agreement(target, &some, own.rates().view(), own.amounts.view());
        own.find_factors(target, &some, monitor)?;
        if some.len() < all.len() {
            own.amounts = Mixture::start(target, profiles, &all).amounts;
            own.step(target, &all, &gene_totals(target, &all), monitor)?;
        }
        own.find_amounts(target, &all, monitor)?;
        Ok(own)
    }

    fn find_factors(&mut self, target: &Counts, spots: &[usize], monitor: &Monitor) -> Result<()> {
        let seen = gene_totals(target, spots);
        for round in 1..=ROUNDS {
            monitor.step(Progress { stage: "proportions", done: round, total: ROUNDS, objective: None })?;
            let start = self.platform.log_factors.clone();
            self.step(target, spots, &seen, monitor)?;
            let first = &self.platform.log_factors - &start;
            self.step(target, spots, &seen, monitor)?;
            let turn = &self.platform.log_factors - &start - &first * 2.0;
            // Amounts and factors trade level for level, so plain rounds creep along a valley: both steps are extended.
            let length = (first.dot(&first) / turn.dot(&turn).max(1e-300)).sqrt().clamp(1.0, LONGEST);
            let change = first.iter().fold(0.0f64, |most, step| most.max(step.abs()));
            if change * 2.0 * length < CHANGE {
                break;
            }
            self.platform.log_factors = start + &first * (2.0 * length) + &turn * length.powi(2);
            self.step(target, spots, &seen, monitor)?;
        }
        Ok(())
    }

    /// Adds a type that begins with `profile` and is learned from the counts of some spots that are its own. Steps are not
    /// extended here and end early: with free factors a free type would in the end become what all spots have in common.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn with_missing_type(
        &self,
        target: &Counts,
        profile: &Array1<f64>,
        learned_from: &[bool],
        monitor: &Monitor,
    ) -> Result<Self> {
        let all = self.with_one_more(profile.clone());
        let some = spread(target.spots());
        let mut own = Mixture { amounts: all.amounts.select(Axis(0), &some), ..all.clone() };
        let seen = gene_totals(target, &some);
        for _ in 0..ROUNDS {
            own.find_amounts(target, &some, monitor)?;
            own.learn_last(target, &some, learned_from, monitor)?;
            let expected = own.shares.dot(&own.amounts.sum_axis(Axis(0)));
            if own.platform.update(seen.view(), expected.view()) < CHANGE {
                break;
            }
        }
        own.amounts = all.amounts;
        own.find_amounts(target, &Vec::from_iter(0..target.spots()), monitor)?;
        Ok(own)
    }

    /// Rates times the weights of the genes.
    pub fn weighted_rates(&self) -> Array2<f64> {
        self.rates() * self.weights.view().insert_axis(Axis(1))
    }

    /// Amounts given the factors, and factors given the amounts.
    fn step(&mut self, target: &Counts, spots: &[usize], seen: &Array1<f64>, monitor: &Monitor) -> Result<()> {
        self.find_amounts(target, spots, monitor)?;
        let expected = self.shares.dot(&self.amounts.sum_axis(Axis(0)));
        self.platform.update(seen.view(), expected.view());
        Ok(())
    }

    fn start(target: &Counts, profiles: &Profiles, spots: &[usize]) -> Self {
        let types = profiles.shares.ncols();
        let size = |spot: usize| target.spot(spot).1.iter().sum::<f64>();
        let amounts = Array2::from_shape_fn((spots.len(), types), |(row, _)| size(spots[row]) / types as f64);
        Mixture {
            amounts,
            platform: Platform::new(target.genes()),
            shares: profiles.shares.clone(),
            weights: Array1::ones(target.genes()),
        }
    }

    fn with_one_more(&self, profile: Array1<f64>) -> Self {
        let share = self.amounts.sum_axis(Axis(1)).insert_axis(Axis(1)) * FIRST_SHARE;
        let amounts = beside(&(&self.amounts * (1.0 - FIRST_SHARE)), share);
        let shares = beside(&self.shares, profile.insert_axis(Axis(1)));
        Mixture { amounts, platform: self.platform.clone(), shares, weights: self.weights.clone() }
    }

    /// Genes x types: what a count of each type expects on the target's platform.
    pub fn rates(&self) -> Array2<f64> {
        &self.shares * &self.platform.log_factors.mapv(f64::exp).insert_axis(Axis(1))
    }

    /// Spots x types; rows sum to one.
    pub fn proportions(&self) -> Array2<f64> {
        &self.amounts / &self.amounts.sum_axis(Axis(1)).insert_axis(Axis(1))
    }

    /// Mean proportion of each type. None is quite zero.
    pub fn mean(&self) -> Array1<f64> {
        let mean = self.proportions().sum_axis(Axis(0)) / self.amounts.nrows() as f64 + 1e-4;
        &mean / mean.sum()
    }

    /// Amounts of these spots, one row each.
    fn find_amounts(&mut self, target: &Counts, spots: &[usize], monitor: &Monitor) -> Result<()> {
        let (of, mean) = (self.weighted_rates(), self.mean());
        let weights = self.weights.to_vec();
        let rates = Rates::weighted(of.view(), &weights);
        let prior = Prior { mode: mean.as_slice().expect("contiguous"), strength: STRENGTH };
        let rows = self.amounts.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        rows.try_for_each_init(Spot::default, |own, (index, mut row)| {
            monitor.check()?;
            own.read(target, spots[index], &rates);
            own.amounts(row.as_slice_mut().expect("contiguous"), &rates.reach, prior, TOLERANCE);
            Ok(())
        })
    }

    /// The profile of the last type from the counts that are its own. Those of the others are the source's: counts of the
    /// target would turn types of few cells into whatever the source lacks.
    fn learn_last(&mut self, target: &Counts, spots: &[usize], used: &[bool], monitor: &Monitor) -> Result<()> {
        let of = self.rates();
        let rates = Rates::new(of.view(), None);
        let (count, last) = (spots.len(), of.ncols() - 1);
        let add = |own: &mut Spot, part: usize| {
            let mut sums = Array1::zeros(target.genes());
            for index in (part * count / PARTS..(part + 1) * count / PARTS).filter(|&index| used[spots[index]]) {
                monitor.check()?;
                own.read(target, spots[index], &rates);
                own.add_counts_of(last, self.amounts.row(index).as_slice().expect("contiguous"), &mut sums);
            }
            Ok(sums)
        };
        let parts: Result<Vec<Array1<f64>>> = (0..PARTS).into_par_iter().map_init(Spot::default, add).collect();
        let counts = parts?.iter().fold(Array1::<f64>::zeros(target.genes()), |sum, part| sum + part);
        // Half a count in all keeps every gene possible.
        let profile = counts / self.platform.log_factors.mapv(f64::exp) + 0.5 / target.genes() as f64;
        self.shares.column_mut(last).assign(&(&profile / profile.sum()));
        Ok(())
    }
}

/// A table with one more column, row by row.
fn beside(table: &Array2<f64>, column: Array2<f64>) -> Array2<f64> {
    concatenate![Axis(1), *table, column].as_standard_layout().into_owned()
}

/// Some of so many spots, evenly spread; all where these are not more than enough.
fn spread(spots: usize) -> Vec<usize> {
    let some = spots.min(ENOUGH);
    (0..some).map(|index| index * spots / some).collect()
}

/// Total count of each gene in these spots.
pub fn gene_totals(target: &Counts, spots: &[usize]) -> Array1<f64> {
    let mut totals = Array1::zeros(target.genes());
    for &spot in spots {
        let (genes, values) = target.spot(spot);
        genes.iter().zip(values).for_each(|(&gene, value)| totals[gene as usize] += value);
    }
    totals
}

/// Where one group of spots has most counts that its types do not explain, the profile of these: where a search for a
/// missing type begins. `None` where nothing is left over.
pub fn unexplained(target: &Counts, fitted: &Mixture, groups: &[usize]) -> Option<Array1<f64>> {
    let count = groups.iter().max()? + 1;
    let (mut seen, mut amounts) =
        (Array2::<f64>::zeros((target.genes(), count)), Array2::<f64>::zeros((fitted.amounts.ncols(), count)));
    for (spot, &group) in groups.iter().enumerate() {
        let (genes, values) = target.spot(spot);
        genes.iter().zip(values).for_each(|(&gene, value)| seen[[gene as usize, group]] += value);
        amounts.column_mut(group).scaled_add(1.0, &fitted.amounts.row(spot));
    }
    let expected = fitted.rates().dot(&amounts);
    let deviance = |group: usize| {
        let term = |(&seen, &expected): (&f64, &f64)| if seen > 0.0 { seen * (seen / expected).ln() } else { 0.0 };
        seen.column(group).iter().zip(expected.column(group)).map(term).sum::<f64>()
    };
    let worst = (1..count).fold(0, |worst, next| if deviance(next) > deviance(worst) { next } else { worst });
    left_over(seen.column(worst), expected.column(worst), &fitted.platform)
}

fn left_over(seen: ArrayView1<f64>, expected: ArrayView1<f64>, platform: &Platform) -> Option<Array1<f64>> {
    let rest = (&seen - &expected).mapv(|rest| rest.max(0.0)) / platform.log_factors.mapv(f64::exp);
    let sum = rest.sum();
    let floor = 1e-3 / rest.len() as f64;
    (sum > 0.0).then(|| (rest / sum + floor) / (1.0 + 1e-3))
}
