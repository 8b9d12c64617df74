//! Scores of tissue without domains: Gaussian fields as smooth as the scores of the section.
//!
//! Averages of anything that varies smoothly over tissue look as if they fell into groups. How far a section is divided
//! beyond that needs a null with the same autocorrelation. Each column of scores z is replaced by a sum of independent
//! white noise averaged 0, 1, 2, 4, ... times over neighbours,
//!
//!   z* = Σ_a √w_a P^a ε_a,
//!
//! whose weights w ≥ 0 give it the moments mean z (Pᵗ z) of the column at all those t, by least squares. So z* has the
//! variance of z, as much of it shared with neighbours and as far, but no domains.

use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use crate::random::{ChaCha8Rng, Stream, stream, substream};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rand_distr::{Distribution, StandardNormal};

/// Number of fields: what lies beyond eight is known with seven degrees of freedom.
pub(super) const DRAWS: u64 = 8;
/// How often the parts of a field are averaged.
const STEPS: [usize; 8] = [0, 1, 2, 4, 8, 16, 32, 64];
/// Columns of white noise from which the parts' moments are taken.
const PROBES: usize = 32;
/// Sweeps of coordinate descent over the weights: they settle in some hundred.
const SWEEPS: usize = 1000;
/// The seed is part of the method: the choice of k must not depend on the user's.
const FIXED_SEED: u64 = 20_261_127;

/// Several tables like `scores` (spots x columns), of tissue without domains, one after the other.
pub(super) fn unstructured_scores(graph: &SpatialGraph, scores: ArrayView2<f64>) -> impl Iterator<Item = Array2<f64>> {
    let weights = weights(&part_moments(graph), &score_moments(graph, scores));
    (0..DRAWS).map(move |index| field(graph, &weights, &mut substream(FIXED_SEED, Stream::Noise, index)))
}

/// One field a column. From the part that is averaged most, each is averaged on together with the next.
fn field(graph: &SpatialGraph, weights: &Array2<f64>, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut values = Array2::zeros((graph.spots(), weights.ncols()));
    for part in (0..STEPS.len()).rev() {
        let after = if part + 1 < STEPS.len() { STEPS[part + 1] - STEPS[part] } else { 0 };
        values = diffuse(graph, values.view(), after);
        values.scaled_add(1.0, &(white(values.dim(), rng) * &weights.row(part).mapv(f64::sqrt)));
    }
    values
}

fn white(shape: (usize, usize), rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn(shape, || StandardNormal.sample(rng))
}

/// Mean z (Pᵗ z) of each column about its mean, for t of [`STEPS`]: steps x columns.
fn score_moments(graph: &SpatialGraph, scores: ArrayView2<f64>) -> Array2<f64> {
    let own = centred(&scores.to_owned());
    let mut moments = Array2::zeros((STEPS.len(), own.ncols()));
    let mut averaged = own.clone();
    for (step, mut row) in moments.rows_mut().into_iter().enumerate() {
        let more = if step > 0 { STEPS[step] - STEPS[step - 1] } else { 0 };
        averaged = diffuse(graph, averaged.view(), more);
        row.assign(&((&own * &averaged).sum_axis(Axis(0)) / own.nrows().max(1) as f64));
    }
    moments
}

/// The same of white noise averaged as often as [`STEPS`] says: parts x steps.
fn part_moments(graph: &SpatialGraph) -> Array2<f64> {
    let mut part = white((graph.spots(), PROBES), &mut stream(FIXED_SEED, Stream::Probe));
    let mut moments = Array2::zeros((STEPS.len(), STEPS.len()));
    for (index, mut row) in moments.rows_mut().into_iter().enumerate() {
        let more = if index > 0 { STEPS[index] - STEPS[index - 1] } else { 0 };
        part = diffuse(graph, part.view(), more);
        row.assign(&(score_moments(graph, part.view()).sum_axis(Axis(1)) / PROBES as f64));
    }
    moments
}

fn centred(values: &Array2<f64>) -> Array2<f64> {
    values - &(values.sum_axis(Axis(0)) / values.nrows().max(1) as f64)
}

/// Least squares with weights of 0 or more, by coordinate descent: parts x columns.
fn weights(parts: &Array2<f64>, moments: &Array2<f64>) -> Array2<f64> {
    let mut weights = Array2::zeros(moments.raw_dim());
    for (mut own, target) in weights.columns_mut().into_iter().zip(moments.columns()) {
        own.assign(&column_weights(parts, target));
    }
    weights
}

fn column_weights(parts: &Array2<f64>, target: ArrayView1<f64>) -> Array1<f64> {
    let mut weights = Array1::<f64>::zeros(parts.nrows());
    let mut rest = target.to_owned();
    for _ in 0..SWEEPS {
        for (part, moments) in parts.rows().into_iter().enumerate() {
            let change = (rest.dot(&moments) / moments.dot(&moments)).max(-weights[part]);
            weights[part] += change;
            rest.scaled_add(-change, &moments);
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autocorrelation::morans_i;
    use crate::cluster::testing::{in_pool, stripes};

    /// Stripes in the first column, noise in the second: the fields are about as smooth as each, of the same variance.
    #[test]
    fn fields_are_as_smooth_as_the_scores() {
        let (noise, labels, graph) = stripes(40, 2, 0.0, 3);
        let mut scores = noise.slice(ndarray::s![.., ..2]).to_owned();
        scores.column_mut(0).zip_mut_with(&Array1::from(labels), |score, &label| *score += 4.0 * label as f64);
        let smoothness = |values: ArrayView1<f64>| {
            let centred: Vec<f64> = (&values - values.mean().unwrap_or(0.0)).to_vec();
            let total: f64 = centred.iter().map(|value| value * value).sum();
            (morans_i(&centred, total, &graph), total / centred.len() as f64)
        };
        let draws = || unstructured_scores(&graph, scores.view()).collect::<Vec<_>>();
        let run = |threads| in_pool(threads, draws);
        let draws = run(1);
        assert_eq!(draws, run(3));
        for column in 0..2 {
            let (smooth, variance) = smoothness(scores.column(column));
            let drawn: Vec<_> = draws.iter().map(|values| smoothness(values.column(column))).collect();
            let mean = |value: fn(&(f64, f64)) -> f64| drawn.iter().map(value).sum::<f64>() / drawn.len() as f64;
            assert!((mean(|own| own.0) - smooth).abs() < 0.15, "{column}: {drawn:?} {smooth}");
            assert!((mean(|own| own.1) / variance - 1.0).abs() < 0.5, "{column}: {drawn:?} {variance}");
        }
    }
}
