//! How far each score is averaged, as the section itself asks for.
//!
//! A score is taken for the sum of a part s that varies over the tissue and a part of the spot's own, which its
//! neighbours do not share: noise, and in single cells the type of cell. The best linear estimate of s from the score
//! averaged 0, 1, 2, 4 and 8 times is a regression whose moments need no model but for one number, the variance of s at
//! a spot (kriging without the nugget; Cressie 1993, Statistics for Spatial Data, section 3.2.1):
//!
//!   ŝ = Σ_t w_t Pᵗz,  w = G⁻¹c,  G_tu = mean (Pᵗz)(Pᵘz),  c_t = mean z(Pᵗz) − τ² mean (Pᵗ)_ii,
//!
//! where τ² is the variance of the part of the spot's own. The covariance of s at distance 0 is extrapolated from one
//! and two steps on the graph as an exponential: C(0) = C(1)² / C(2). In thin layers the covariance falls fast and
//! hardly anything is averaged, in wide ones with noise a lot; a score that neighbours do not share vanishes.

use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use crate::monitor::Monitor;
use crate::random::{Stream, stream};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use ndarray_linalg::Solve;
use rand::Rng;
use rayon::prelude::*;

/// How often a score is averaged in what is regressed on.
const STEPS: [usize; 5] = [0, 1, 2, 4, 8];
/// The extrapolated covariance at distance 0 is at most this multiple of that of neighbours.
const STEEPEST: f64 = 3.0;
/// Share of the part of the spot's own at least left, and ridge of the regression: what keeps it well posed.
const LEAST_OWN: f64 = 1e-3;
const RIDGE: f64 = 1e-3;
/// Random signs that probe the diagonal of Pᵗ, and their fixed seed.
const PROBES: usize = 64;
const FIXED_SEED: u64 = 20_261_126;
/// Scores averaged together: the averages of all of them would be the largest thing in memory. A part of [`PROBES`].
const COLUMNS: usize = 8;
/// Rows handled together; fixed, so that sums do not depend on threads.
const BLOCK: usize = 512;

/// The part of each column of `scores` (spots x scores) that varies over the tissue.
///
/// # Errors
/// [`crate::Error::Numeric`] when a regression is singular; [`crate::Error::Interrupted`].
pub fn spatial_filter(graph: &SpatialGraph, scores: ArrayView2<f64>, monitor: &Monitor) -> Result<Array2<f64>> {
    let centre = scores.sum_axis(Axis(0)) / scores.nrows().max(1) as f64;
    let own_share = own_shares(graph, monitor)?;
    let mut filtered = Array2::zeros(scores.raw_dim());
    let columns = scores.axis_chunks_iter(Axis(1), COLUMNS).zip(centre.axis_chunks_iter(Axis(0), COLUMNS));
    for ((some, centre), mut out) in columns.zip(filtered.axis_chunks_iter_mut(Axis(1), COLUMNS)) {
        monitor.check()?;
        let some = &some - &centre;
        let near = shell_covariances(graph, &some);
        let averaged = averages(graph, some);
        for (column, mut out) in out.columns_mut().into_iter().enumerate() {
            let columns: Vec<_> = averaged.iter().map(|values| values.column(column)).collect();
            if let Some(weights) = filter_weights(&columns, near.column(column), &own_share)? {
                columns.iter().zip(&weights).for_each(|(values, &weight)| out.scaled_add(weight, values));
            }
        }
    }
    Ok(filtered)
}

/// Weights of a score's averages, `None` where neighbours share nothing of it. `near` are its covariances at one and two
/// steps.
fn filter_weights(
    columns: &[ArrayView1<f64>],
    near: ArrayView1<f64>,
    own_share: &Array1<f64>,
) -> Result<Option<Array1<f64>>> {
    let products = Array2::from_shape_fn((STEPS.len(), STEPS.len()), |(row, other)| {
        columns[row].dot(&columns[other]) / columns[0].len() as f64
    });
    let total = products[[0, 0]];
    let shared = shared_variance(near[0], near[1]).min((1.0 - LEAST_OWN) * total);
    if shared <= 0.0 {
        return Ok(None);
    }
    let target = &products.row(0) - &(own_share * (total - shared));
    let ridge = Array2::from_diag(&(&products.diag() * RIDGE));
    Ok(Some((products + ridge).solve_into(target)?))
}

/// Covariance at distance 0 from those at one and two steps.
fn shared_variance(one: f64, two: f64) -> f64 {
    if one <= 0.0 {
        return 0.0;
    }
    one * if two > 0.0 { (one / two).clamp(1.0, STEEPEST) } else { STEEPEST }
}

/// Scores averaged as often as [`STEPS`] says.
fn averages(graph: &SpatialGraph, scores: Array2<f64>) -> Vec<Array2<f64>> {
    let mut averaged = vec![scores];
    for pair in STEPS.windows(2) {
        let next = diffuse(graph, averaged[averaged.len() - 1].view(), pair[1] - pair[0]);
        averaged.push(next);
    }
    averaged
}

/// Mean weight of a spot in its own average, mean (Pᵗ)_ii, from the products of random signs with their averages
/// (Hutchinson 1990, Communications in Statistics 19:433).
fn own_shares(graph: &SpatialGraph, monitor: &Monitor) -> Result<Array1<f64>> {
    let mut rng = stream(FIXED_SEED, Stream::Probe);
    let signs: Vec<[bool; PROBES]> = (0..graph.spots()).map(|_| std::array::from_fn(|_| rng.random())).collect();
    let mut products = Array1::zeros(STEPS.len());
    for first in (0..PROBES).step_by(COLUMNS) {
        monitor.check()?;
        let some = Array2::from_shape_fn(
            (graph.spots(), COLUMNS),
            |(spot, probe)| {
                if signs[spot][first + probe] { 1.0 } else { -1.0 }
            },
        );
        let averaged = averages(graph, some);
        averaged.iter().zip(&mut products).for_each(|(values, sum)| *sum += (values * &averaged[0]).sum());
    }
    Ok(products / (graph.spots() * PROBES) as f64)
}

/// Mean product of a score with the mean of the spots one step and two steps away: 2 x scores. Spots without such
/// neighbours take no part.
fn shell_covariances(graph: &SpatialGraph, scores: &Array2<f64>) -> Array2<f64> {
    let spots: Vec<usize> = (0..graph.spots()).collect();
    let parts: Vec<(Array2<f64>, [f64; 2])> = spots
        .par_chunks(BLOCK)
        .map_init(
            || vec![usize::MAX; graph.spots()],
            |seen, block| {
                let (mut sums, mut counts) = (Array2::zeros((2, scores.ncols())), [0.0; 2]);
                for &spot in block {
                    let shells: [Vec<usize>; 2] = graph.rings(spot, seen);
                    for (step, shell) in shells.iter().enumerate().filter(|(_, s)| !s.is_empty()) {
                        let mut mean = Array1::<f64>::zeros(scores.ncols());
                        shell.iter().for_each(|&other| mean += &scores.row(other));
                        mean *= &scores.row(spot);
                        sums.row_mut(step).scaled_add(1.0 / shell.len() as f64, &mean);
                        counts[step] += 1.0;
                    }
                }
                (sums, counts)
            },
        )
        .collect();
    let mut total = Array2::zeros((2, scores.ncols()));
    let mut counts = [0.0f64; 2];
    for (sums, own) in &parts {
        total += sums;
        counts.iter_mut().zip(own).for_each(|(count, own)| *count += own);
    }
    total.rows_mut().into_iter().zip(counts).for_each(|(mut row, count)| row /= count.max(1.0));
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{in_pool, stripes, two_halves};
    use proptest::prelude::*;

    /// Wide stripes with noise: the filter averages, comes nearer to the truth than the score, and lets noise vanish.
    #[test]
    fn takes_the_noise_and_leaves_the_tissue() -> Result<()> {
        let (scores, truth, graph) = two_halves(40, 3);
        let filtered = spatial_filter(&graph, scores.view(), &Monitor::silent())?;
        let error = |values: &Array2<f64>| (&values.column(0) - &truth).mapv(|value| value * value).mean();
        assert!(error(&filtered) < error(&scores).map(|error| 0.2 * error));
        let variance = |values: &Array2<f64>| values.column(1).mapv(|value| value * value).sum();
        assert!(variance(&filtered) < 0.1 * variance(&scores));
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads() -> Result<()> {
        let (values, _, graph) = stripes(40, 3, 1.0, 5);
        let run = |threads| in_pool(threads, || spatial_filter(&graph, values.view(), &Monitor::silent()));
        assert_eq!(run(1)?, run(3)?);
        Ok(())
    }

    #[test]
    fn the_covariance_at_a_spot_is_extrapolated_within_bounds() {
        assert_eq!(shared_variance(0.5, 0.25), 1.0);
        assert_eq!(shared_variance(0.5, 0.6), 0.5);
        assert_eq!(shared_variance(0.5, -0.1), 1.5);
        assert_eq!(shared_variance(-0.1, 0.3), 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        /// The filter knows no unit: a score in another one is filtered to the same in that unit, wherever its zero is.
        #[test]
        fn units_do_not_matter(seed in 0u64..1000, unit in -100.0f64..100.0, zero in -100.0f64..100.0) {
            prop_assume!(unit.abs() > 1e-3);
            let (scores, _, graph) = two_halves(12, seed);
            let filter = |scores: Array2<f64>| spatial_filter(&graph, scores.view(), &Monitor::silent()).unwrap();
            let expected = filter(scores.clone()) * unit;
            let found = filter(scores * unit + zero);
            let tolerance = 1e-7 * (unit.abs() + zero.abs());
            prop_assert!((&found - &expected).iter().all(|difference| difference.abs() < tolerance));
        }
    }
}
