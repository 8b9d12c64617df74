//! How sure a consensus of views is of each spot.

use super::Kind;
use super::best_start::FIXED_SEED;
use super::consensus::{Partition, matched};
use crate::random::{Stream, stream};
use ndarray::Array2;
use rand::Rng;
use rand_distr::Exp1;
use rayon::prelude::*;

/// Draws: a confidence is known to 0.03 or better.
const DRAWS: usize = 250;

/// Share of the draws of the views in which each spot stays in its domain, one of `k`, from 0 to 1; none for a single
/// view, which leaves nothing to draw. `kinds` are those of the views.
///
/// The views at hand are a sample of those that could have been looked at, so they are drawn anew: the weight of each
/// is multiplied by two standard exponential variates, one that all views of the same what share and one that all of
/// the same reach share, and the spot goes where most of the weight puts it (bootstrap of crossed effects; Owen &
/// Eckles 2012, Annals of Applied Statistics 6:895). That share is what is wanted, the probability that the consensus
/// holds. The share of the weight itself is too low for it: where two views in three agree, more than two consensuses
/// in three will. Views drawn one by one, as if they had nothing in common, make it too high.
pub(super) fn share_of_draws(
    partitions: &[Partition],
    weights: &[f64],
    kinds: &[Kind],
    labels: &[usize],
    k: usize,
) -> Option<Vec<f64>> {
    if kinds.len() < 2 {
        return None;
    }
    let orders: Vec<Vec<usize>> = partitions.iter().map(|partition| matched(labels, &partition.labels, k)).collect();
    let factors = drawn_factors(kinds);
    let weight = |(draw, own): (usize, usize)| weights[own] * factors[[draw, partitions[own].view]];
    let draws = Array2::from_shape_fn((DRAWS, partitions.len()), weight);
    let one = |(spot, &own): (usize, &usize)| {
        let stays = draws.rows().into_iter().filter(|weights| {
            let mut total = vec![0.0; k];
            for ((partition, order), weight) in partitions.iter().zip(&orders).zip(*weights) {
                let row = partition.posterior.row(spot);
                total.iter_mut().zip(order).for_each(|(total, &group)| *total += weight * row[group]);
            }
            total.iter().all(|&other| other <= total[own])
        });
        stays.count() as f64 / DRAWS as f64
    };
    Some(labels.par_iter().enumerate().map(one).collect())
}

/// Factors of the views in each draw, draws x views.
fn drawn_factors(kinds: &[Kind]) -> Array2<f64> {
    let levels = kinds.iter().map(|kind| kind.averaged.max(kind.reach) + 1).max().unwrap_or(0);
    let mut rng = stream(FIXED_SEED, Stream::Bootstrap);
    let mut variates = || -> Vec<f64> { (0..levels).map(|_| rng.sample(Exp1)).collect() };
    let mut factors = Array2::ones((DRAWS, kinds.len()));
    for mut draw in factors.rows_mut() {
        let (averaged, reach) = (variates(), variates());
        draw.iter_mut().zip(kinds).for_each(|(factor, kind)| *factor = averaged[kind.averaged] * reach[kind.reach]);
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two views that differ in both ways and only on the first spot, with weights 1 and `odds`: the share of draws in
    /// which the first prevails is the chance that one product of two exponential variates is more than `odds` times
    /// another, with u for 1 / odds it is u (u − 1 − log u) / (u − 1)².
    #[test]
    fn weights_become_probabilities() {
        let posterior = |view: usize| {
            let label = |spot: usize| if spot == 0 { view } else { spot % 2 };
            Array2::from_shape_fn((7, 2), |(spot, group)| f64::from(u8::from(group == label(spot))))
        };
        let partitions: Vec<Partition> = (0..2).map(|view| Partition::new(view, 1.0, posterior(view))).collect();
        let labels = partitions[0].labels.clone();
        let of = |own| Kind { averaged: own, reach: own };
        for odds in [0.25, 3.0, 20.0] {
            let share = |kinds: [Kind; 2]| share_of_draws(&partitions, &[1.0, odds], &kinds, &labels, 2);
            let u = 1.0 / odds;
            let expected = u * (u - 1.0 - f64::ln(u)) / (u - 1.0f64).powi(2);
            let found = share([of(0), of(1)]).unwrap_or_default();
            assert!((found[0] - expected).abs() < 0.09, "{found:?} {expected}");
            assert_eq!(found[1..], [1.0; 6]);
            // Of one kind in both ways they are one view in two copies.
            assert_eq!(share([of(0), of(0)]).unwrap_or_default()[0], f64::from(u8::from(odds < 1.0)));
        }
        assert!(share_of_draws(&partitions[..1], &[1.0], &[of(0)], &labels, 2).is_none());
    }
}
