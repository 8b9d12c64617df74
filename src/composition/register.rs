//! The types of batches laid on each other.

use super::bulk::Bulk;
use crate::error::Result;
use crate::median::median;
use crate::monitor::Monitor;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;

/// Types of a batch, the largest, that are tried on each type of the others; shifts that are followed to their ends,
/// and rounds until then.
const TRIED: usize = 5;
const FOLLOWED: usize = 30;
const ROUNDS: usize = 20;
/// Share of the reach within which two types are the same. One that is missed costs some spots; one that is laid on
/// another moves the level.
const SAME: f64 = 0.5;
/// Squared difference of two log shares that is small whatever the sampling says: under it a better fit is none.
const NEGLIGIBLE: f64 = 0.005;

/// Types of several batches, where each has been moved by its own shift.
struct Pool {
    logs: Array2<f64>,
    variances: Array2<f64>,
    sizes: Vec<f64>,
}

/// How a batch differs from the pool, and which types are the same.
struct Match {
    shift: Array1<f64>,
    /// Type of the pool for each type of the batch, where one is near enough.
    partners: Vec<Option<usize>>,
    /// What is least: see [`Registration::score`].
    score: f64,
}

/// For each batch the number in the pool of each of its types. Batches join the pool by falling number of spots; types
/// that are near none of it are added to it.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub(super) fn register(bulks: &[Bulk], monitor: &Monitor) -> Result<Vec<Vec<usize>>> {
    let spots: Vec<f64> = bulks.iter().map(|bulk| bulk.sizes.iter().sum()).collect();
    let mut order: Vec<usize> = (0..bulks.len()).collect();
    order.sort_by(|&one, &other| spots[other].total_cmp(&spots[one]).then(one.cmp(&other)));
    let mut numbers = vec![Vec::new(); bulks.len()];
    let first = &bulks[order[0]];
    numbers[order[0]] = (0..first.sizes.len()).collect();
    let mut pool = Pool { logs: first.logs.clone(), variances: first.variances.clone(), sizes: first.sizes.clone() };
    for &batch in &order[1..] {
        monitor.check()?;
        let found = Registration::new(&pool, &bulks[batch]).best();
        numbers[batch] = pool.join(&bulks[batch], &found);
    }
    Ok(numbers)
}

impl Pool {
    /// Adds the types of a batch, and says where they went.
    fn join(&mut self, bulk: &Bulk, found: &Match) -> Vec<usize> {
        let moved = &bulk.logs - &found.shift;
        let mut numbers = Vec::with_capacity(found.partners.len());
        for (own, partner) in found.partners.iter().enumerate() {
            let (logs, variances, size) = (moved.row(own), bulk.variances.row(own), bulk.sizes[own]);
            let Some(partner) = *partner else {
                self.logs.push_row(logs).expect("types have the same genes");
                self.variances.push_row(variances).expect("types have the same genes");
                self.sizes.push(size);
                numbers.push(self.sizes.len() - 1);
                continue;
            };
            let both = self.sizes[partner] + size;
            let (old, new) = (self.sizes[partner] / both, size / both);
            let mean = &self.logs.row(partner) * old + &logs * new;
            let variance = &self.variances.row(partner) * (old * old) + &variances * (new * new);
            self.logs.row_mut(partner).assign(&mean);
            self.variances.row_mut(partner).assign(&variance);
            self.sizes[partner] = both;
            numbers.push(partner);
        }
        numbers
    }
}

/// One batch that is laid on the pool.
struct Registration<'a> {
    pool: &'a Pool,
    bulk: &'a Bulk,
    /// Distance beyond which a type has nothing to do with another: the middle one between types of the pool or of the
    /// batch, whichever is less. Types of the batch that all fall on one of the pool are not explained by it.
    reach: f64,
}

impl<'a> Registration<'a> {
    fn new(pool: &'a Pool, bulk: &'a Bulk) -> Self {
        let reach = between(&pool.logs, &pool.variances).min(between(&bulk.logs, &bulk.variances));
        Registration { pool, bulk, reach }
    }

    /// The best of the shifts that lay one type on another, and of none.
    fn best(&self) -> Match {
        let mut largest: Vec<usize> = (0..self.bulk.sizes.len()).collect();
        largest.sort_by(|&one, &other| self.bulk.sizes[other].total_cmp(&self.bulk.sizes[one]).then(one.cmp(&other)));
        largest.truncate(TRIED);
        let pairs: Vec<(usize, usize)> =
            largest.iter().flat_map(|&own| (0..self.pool.sizes.len()).map(move |other| (own, other))).collect();
        let mut tried: Vec<Match> = pairs
            .par_iter()
            .map(|&(own, other)| self.matched(&self.bulk.logs.row(own) - &self.pool.logs.row(other)))
            .collect();
        tried.sort_by(|one, other| one.score.total_cmp(&other.score));
        tried.truncate(FOLLOWED);
        let none = || self.matched(Array1::zeros(self.pool.logs.ncols()));
        tried.push(none());
        let ends: Vec<Match> = tried.into_par_iter().map(|found| self.followed(found)).collect();
        ends.into_iter().fold(none(), |best, end| if end.score < best.score { end } else { best })
    }

    /// Partners under a shift.
    fn matched(&self, shift: Array1<f64>) -> Match {
        let mut cost = 0.0;
        let partners = (0..self.bulk.sizes.len())
            .map(|own| {
                let (partner, nearest) = self.nearest(own, &shift);
                cost += self.bulk.sizes[own] * nearest.min(self.reach);
                (nearest < SAME * self.reach).then_some(partner)
            })
            .collect();
        let cost = cost / self.bulk.sizes.iter().sum::<f64>();
        let score = self.score(cost, &shift);
        Match { shift, partners, score }
    }

    /// Minus twice the log posterior a gene of the shift but for a constant: the rest of the types and the shift itself
    /// are normal with unknown variances. A shift that lays types on wrong ones is longer, as it contains what is
    /// between them.
    fn score(&self, cost: f64, shift: &Array1<f64>) -> f64 {
        let types = self.bulk.sizes.len() as f64;
        let length = shift.mapv(|value| value * value).mean().unwrap_or(0.0);
        types * (cost + NEGLIGIBLE).ln() + (length + NEGLIGIBLE).ln()
    }

    /// The shift that fits its partners best, and theirs in turn.
    fn followed(&self, mut found: Match) -> Match {
        for _ in 0..ROUNDS {
            let next = self.matched(self.shift_to(&found.partners));
            let done = next.partners == found.partners;
            if next.score < found.score {
                found = next;
            }
            if done {
                break;
            }
        }
        found
    }

    /// The mean difference to the partners, weighted by what sampling leaves of it and by spots.
    fn shift_to(&self, partners: &[Option<usize>]) -> Array1<f64> {
        let genes = self.pool.logs.ncols();
        let (mut sums, mut weights) = (Array1::<f64>::zeros(genes), Array1::<f64>::zeros(genes));
        for (own, partner) in partners.iter().enumerate() {
            let Some(partner) = *partner else { continue };
            for gene in 0..genes {
                let variance = self.bulk.variances[[own, gene]] + self.pool.variances[[partner, gene]];
                let weight = self.bulk.sizes[own] / variance;
                sums[gene] += weight * (self.bulk.logs[[own, gene]] - self.pool.logs[[partner, gene]]);
                weights[gene] += weight;
            }
        }
        sums / weights.mapv(|weight| weight.max(f64::MIN_POSITIVE))
    }

    fn nearest(&self, own: usize, shift: &Array1<f64>) -> (usize, f64) {
        let one = (self.bulk.logs.row(own), self.bulk.variances.row(own));
        let others = self.pool.logs.axis_iter(Axis(0)).zip(self.pool.variances.axis_iter(Axis(0)));
        others
            .map(|other| distance(one, other, shift))
            .enumerate()
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .expect("the pool has types")
    }
}

/// The middle distance between types, infinite if there is one.
fn between(logs: &Array2<f64>, variances: &Array2<f64>) -> f64 {
    let none = Array1::zeros(logs.ncols());
    let mut distances: Vec<f64> = (0..logs.nrows())
        .flat_map(|one| (0..one).map(move |other| (one, other)))
        .map(|(one, other)| {
            distance((logs.row(one), variances.row(one)), (logs.row(other), variances.row(other)), &none)
        })
        .collect();
    median(&mut distances).unwrap_or(f64::INFINITY)
}

/// Mean squared difference of the log shares of two types after a shift, weighted by what sampling leaves of it.
fn distance(
    one: (ArrayView1<f64>, ArrayView1<f64>),
    other: (ArrayView1<f64>, ArrayView1<f64>),
    shift: &Array1<f64>,
) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for gene in 0..shift.len() {
        let weight = 1.0 / (one.1[gene] + other.1[gene]);
        let difference = one.0[gene] - shift[gene] - other.0[gene];
        sum += weight * difference * difference;
        weights += weight;
    }
    sum / weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types of `genes` log shares, one a row.
    fn bulk(types: &[usize], shift: f64, genes: usize) -> Bulk {
        let hash = |own: usize, gene: usize| (own as f64 * 12.9898 + gene as f64 * 78.233).sin() * 43_758.545;
        let log = |own: usize, gene: usize| hash(types[own], gene).rem_euclid(2.0);
        let moved =
            |gene: usize| if gene.is_multiple_of(2) { shift * ((gene * 13 % 7) as f64 - 3.0) / 3.0 } else { 0.0 };
        let logs = Array2::from_shape_fn((types.len(), genes), |(own, gene)| log(own, gene) + moved(gene));
        Bulk { variances: Array2::from_elem(logs.raw_dim(), 0.02), logs, sizes: vec![30.0; types.len()] }
    }

    #[test]
    fn types_are_found_again_under_a_shift_and_others_are_new() -> Result<()> {
        for shift in [0.0, 0.5, 1.0] {
            let bulks = [bulk(&[0, 1, 2, 3, 4], 0.0, 60), bulk(&[3, 1, 9], shift, 60), bulk(&[9, 4, 2, 0], -shift, 60)];
            let numbers = register(&bulks, &Monitor::silent())?;
            assert_eq!(numbers[0], [0, 1, 2, 3, 4]);
            assert_eq!(numbers[1], [3, 1, 5], "shift {shift}");
            assert_eq!(numbers[2], [5, 4, 2, 0], "shift {shift}");
        }
        Ok(())
    }

    #[test]
    fn a_batch_of_one_type_takes_the_nearest() -> Result<()> {
        let numbers = register(&[bulk(&[0, 1, 2, 3], 0.0, 60), bulk(&[2], 0.2, 60)], &Monitor::silent())?;
        assert_eq!(numbers[1], [2]);
        Ok(())
    }
}
