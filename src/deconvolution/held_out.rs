//! How well types predict counts that they were not fitted to: amounts by one half of the genes, the other half
//! predicted from them, both ways. Beside it, how far the surroundings of a spot tell what it holds.

use super::amounts::{Prior, Rates, Spot};
use super::mixture::STRENGTH;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Change of an amount, as a share of the spot's counts, at which it is found.
const TOLERANCE: f64 = 1e-3;
/// Share of the mean of all spots in what the surroundings tell.
const OVERALL: f64 = 0.1;

/// Gain of log-likelihood over one composition for all spots: spots x strengths of a prior.
///
/// `rates` is genes x types, `mean` their mean proportions. The prior is the mean of the neighbours of a spot where a
/// graph of the `spots` is given, else the mean of all. `strengths` rise.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn gains(
    target: &Counts,
    spots: &[usize],
    rates: ArrayView2<f64>,
    mean: &Array1<f64>,
    strengths: &[f64],
    graph: Option<&SpatialGraph>,
    monitor: &Monitor,
) -> Result<Array2<f64>> {
    let mut gains = Array2::zeros((spots.len(), strengths.len()));
    for half in 0..2 {
        let used: Vec<bool> = (0..target.genes()).map(|gene| gene % 2 == half).collect();
        let others: Vec<bool> = used.iter().map(|used| !used).collect();
        let halves = [Rates::new(rates.view(), Some(&used)), Rates::new(rates.view(), Some(&others))];
        let around = match graph {
            Some(graph) => Some(surroundings(graph, &proportions(target, spots, &halves[0], mean, monitor)?, mean)),
            None => None,
        };
        let rows = gains.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        rows.try_for_each_init(<[Spot; 2]>::default, |[seen, hidden], (index, mut row)| {
            monitor.check()?;
            seen.read(target, spots[index], &halves[0]);
            hidden.read(target, spots[index], &halves[1]);
            let none = hidden.log_likelihood(slice(mean.view()), &halves[1].reach);
            let around = around.as_ref().map(|around| around.row(index));
            let mode = slice(around.unwrap_or(mean.view()));
            // From the strongest prior, whose amounts are close to its mode, to the weakest.
            let mut amounts: Vec<f64> = mode.iter().map(|share| share * seen.total().max(1.0)).collect();
            for (gain, &strength) in row.iter_mut().zip(strengths).rev() {
                seen.amounts(&mut amounts, &halves[0].reach, Prior { mode, strength }, TOLERANCE);
                *gain += hidden.log_likelihood(&amounts, &halves[1].reach) - none;
            }
            Ok::<(), Error>(())
        })?;
    }
    Ok(gains)
}

/// What the neighbours of each spot hold on average, and a little of what all do.
pub fn surroundings(graph: &SpatialGraph, proportions: &Array2<f64>, mean: &Array1<f64>) -> Array2<f64> {
    let mut around = Array2::zeros(proportions.dim());
    for (spot, mut row) in around.axis_iter_mut(Axis(0)).enumerate() {
        let near = graph.neighbours(spot);
        near.iter().for_each(|&other| row += &proportions.row(other as usize));
        match near.len() {
            0 => row.assign(mean),
            count => {
                row *= (1.0 - OVERALL) / count as f64;
                row.scaled_add(OVERALL, mean);
            }
        }
    }
    around
}

fn proportions(
    target: &Counts,
    spots: &[usize],
    rates: &Rates,
    mean: &Array1<f64>,
    monitor: &Monitor,
) -> Result<Array2<f64>> {
    let mut found = Array2::zeros((spots.len(), mean.len()));
    let rows = found.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    rows.try_for_each_init(Spot::default, |own, (index, mut row)| {
        monitor.check()?;
        own.read(target, spots[index], rates);
        let mut amounts = evenly(own.total(), mean.len());
        own.amounts(&mut amounts, &rates.reach, Prior { mode: slice(mean.view()), strength: STRENGTH }, TOLERANCE);
        let sum: f64 = amounts.iter().sum();
        row.iter_mut().zip(amounts).for_each(|(share, amount)| *share = amount / sum);
        Ok::<(), Error>(())
    })?;
    Ok(found)
}

fn evenly(total: f64, types: usize) -> Vec<f64> {
    vec![total.max(1.0) / types as f64; types]
}

fn slice(values: ArrayView1<'_, f64>) -> &[f64] {
    values.to_slice().expect("contiguous")
}
