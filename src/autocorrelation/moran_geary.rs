//! Spatial autocorrelation gene by gene: Moran's I and Geary's C, with their moments when values lie on spots at
//! random.

use crate::batches::Batches;
use crate::counts::{Counts, GeneCounts};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use crate::normalise::{Depth, Normalisation};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A mean square below this is rounding.
const LEAST_VARIANCE: f64 = 1e-12;
/// The moments have n − 3 in a denominator.
const LEAST_SPOTS: f64 = 4.0;

/// Which measure of autocorrelation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// (n / Σw) Σ w_ij x_i x_j / Σ x_i²: above its expectation where neighbours are alike (Moran 1950, Biometrika 37,
    /// 17-23).
    Moran,
    /// ((n − 1) / 2Σw) Σ w_ij (x_i − x_j)² / Σ x_i²: below 1 where neighbours are alike (Geary 1954, The Incorporated
    /// Statistician 5, 115-145).
    Geary,
}

/// Index of one gene, and its mean and variance over all ways to lay its values on the spots of their slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autocorrelation {
    /// The index; NaN for a gene that does not vary.
    pub index: f64,
    /// Its expectation.
    pub expectation: f64,
    /// Its variance (Cliff and Ord 1981, Spatial processes: models and applications, chapter 2).
    pub variance: f64,
}

/// The index of all genes of `counts` in normalised values, on a graph with binary weights. `slice` holds the slice
/// number of each spot; values are centred within slices. Time is linear in genes x (spots + edges); each thread holds
/// one gene dense.
///
/// # Errors
/// [`Error::Argument`] naming `slice`, or `coords` when no two spots are neighbours; [`Error::Interrupted`].
pub fn spatial_autocorrelation(
    counts: &Counts,
    slice: &[usize],
    graph: &SpatialGraph,
    normalisation: Normalisation,
    index: Index,
    monitor: &Monitor,
) -> Result<Vec<Autocorrelation>> {
    if slice.len() != counts.spots() || graph.spots() != counts.spots() {
        return Err(Error::argument("slice", format!("has {} values for {} spots", slice.len(), counts.spots())));
    }
    if graph.edges() == 0 {
        return Err(Error::argument("coords", "leave no two spots neighbours"));
    }
    let depth = Depth::new(counts, &Batches::alike(slice), normalisation);
    let weights = Weights::by_slice(graph, slice);
    let genes: Vec<usize> = (0..counts.genes()).collect();
    let done = AtomicUsize::new(0);
    let of_gene = |(): &mut (), _: usize, gene: GeneCounts| {
        let shares = depth.shares(gene.spots, gene.values);
        let found = measure(depth.gene(gene.spots, gene.values, &shares), slice, graph, &weights, index);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "genes", done, total: genes.len(), objective: None })?;
        Ok(found)
    };
    counts.map_genes(&genes, || (), of_gene)
}

/// Moran's I of centred values with binary weights.
pub(crate) fn morans_i(centred: &[f64], sum_of_squares: f64, graph: &SpatialGraph) -> f64 {
    if graph.edges() == 0 {
        return 0.0;
    }
    let products: f64 = (0..centred.len()).map(|spot| product(centred, spot, graph)).sum();
    centred.len() as f64 / (2 * graph.edges()) as f64 * products / sum_of_squares
}

/// Mean and variance of [`morans_i`] of normally distributed values without spatial structure, centred within slices.
/// Slices of fewer than four spots take no part.
pub(crate) fn morans_i_by_chance(graph: &SpatialGraph, slice: &[usize]) -> (f64, f64) {
    const NORMAL_KURTOSIS: f64 = 3.0;
    let weights = Weights::by_slice(graph, slice);
    let used = || weights.iter().filter(|own| own.s0 > 0.0 && own.n >= LEAST_SPOTS);
    let pairs: f64 = used().map(|own| own.s0).sum();
    used().fold((0.0, 0.0), |(mean, variance), own| {
        let (share, moments) = (own.s0 / pairs, own.moments(NORMAL_KURTOSIS, Index::Moran));
        (mean + share * moments.0, variance + share * share * moments.1)
    })
}

/// Σ_j w_ij x_i x_j of one spot.
#[inline]
fn product(values: &[f64], spot: usize, graph: &SpatialGraph) -> f64 {
    let neighbours = graph.neighbours(spot).iter().map(|&neighbour| values[neighbour as usize]);
    values[spot] * neighbours.sum::<f64>()
}

/// Σ_j w_ij (x_i − x_j)² of one spot.
#[inline]
fn squared_differences(values: &[f64], spot: usize, graph: &SpatialGraph) -> f64 {
    graph.neighbours(spot).iter().map(|&neighbour| (values[spot] - values[neighbour as usize]).powi(2)).sum()
}

/// Number of spots of a slice, and the sums of its weights: S0 = Σw_ij, S1 = ½Σ(w_ij + w_ji)², S2 = Σ(w_i· + w_·i)².
#[derive(Clone, Copy, Debug, Default)]
struct Weights {
    n: f64,
    s0: f64,
    s1: f64,
    s2: f64,
}

impl Weights {
    fn by_slice(graph: &SpatialGraph, slice: &[usize]) -> Vec<Weights> {
        let mut weights = vec![Weights::default(); slice.iter().max().map_or(0, |last| last + 1)];
        for (spot, &own) in slice.iter().enumerate() {
            let degree = graph.degree(spot) as f64;
            weights[own].n += 1.0;
            weights[own].s0 += degree;
            weights[own].s1 += 2.0 * degree;
            weights[own].s2 += 4.0 * degree * degree;
        }
        weights
    }

    /// Mean and variance of the index of one slice; `kurtosis` is n Σx⁴ / (Σx²)².
    fn moments(&self, kurtosis: f64, index: Index) -> (f64, f64) {
        let Weights { n, s0, s1, s2 } = *self;
        match index {
            Index::Moran => {
                let mean = -1.0 / (n - 1.0);
                let normal = n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0 * s0);
                let tails = kurtosis * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0 * s0);
                (mean, (normal - tails) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * s0 * s0) - mean * mean)
            }
            Index::Geary => {
                let first = (n - 1.0) * s1 * (n * n - 3.0 * n + 3.0 - (n - 1.0) * kurtosis);
                let second = 0.25 * (n - 1.0) * s2 * (n * n + 3.0 * n - 6.0 - (n * n - n + 2.0) * kurtosis);
                let third = s0 * s0 * (n * n - 3.0 - (n - 1.0) * (n - 1.0) * kurtosis);
                (1.0, (first - second + third) / (n * (n - 2.0) * (n - 3.0) * s0 * s0))
            }
        }
    }
}

/// Sums over the values of a slice.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    mean: f64,
    square: f64,
    fourth: f64,
    paired: f64,
}

/// The index of slices together: numerators and denominators are added up, and so are the means and, slices being
/// independent, the variances of the numerators.
fn measure(
    mut values: Vec<f64>,
    slice: &[usize],
    graph: &SpatialGraph,
    weights: &[Weights],
    index: Index,
) -> Autocorrelation {
    let mut sums = vec![Sums::default(); weights.len()];
    values.iter().zip(slice).for_each(|(value, &own)| sums[own].mean += value / weights[own].n);
    for (value, &own) in values.iter_mut().zip(slice) {
        *value -= sums[own].mean;
        let square = *value * *value;
        sums[own].square += square;
        sums[own].fourth += square * square;
    }
    for (spot, &own) in slice.iter().enumerate() {
        sums[own].paired += match index {
            Index::Moran => product(&values, spot, graph),
            Index::Geary => squared_differences(&values, spot, graph),
        };
    }
    let used = |sums: &Sums, weights: &Weights| {
        sums.square > LEAST_VARIANCE * weights.n && weights.s0 > 0.0 && weights.n >= LEAST_SPOTS
    };
    let (mut paired, mut scale, mut mean, mut variance) = (0.0, 0.0, 0.0, 0.0);
    let (mut square, mut pairs, mut spots) = (0.0, 0.0, 0.0);
    for (sums, weights) in sums.iter().zip(weights).filter(|(sums, weights)| used(sums, weights)) {
        // The slice's own index is `paired / unit`.
        let unit = match index {
            Index::Moran => weights.s0 * sums.square / weights.n,
            Index::Geary => 2.0 * weights.s0 * sums.square / (weights.n - 1.0),
        };
        let moments = weights.moments(weights.n * sums.fourth / (sums.square * sums.square), index);
        paired += sums.paired;
        scale += unit;
        mean += unit * moments.0;
        variance += unit * unit * moments.1;
        square += sums.square;
        pairs += weights.s0;
        spots += weights.n;
    }
    if scale == 0.0 {
        return Autocorrelation { index: f64::NAN, expectation: f64::NAN, variance: f64::NAN };
    }
    let scale = if index == Index::Moran { pairs * square / spots } else { scale };
    Autocorrelation { index: paired / scale, expectation: mean / scale, variance: variance / (scale * scale) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::{FeatureParams, FeatureSelection, select_features};

    /// A tailed ring of six and a pair, two slices.
    fn graph() -> (SpatialGraph, [usize; 8]) {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (4, 5), (6, 7)];
        (SpatialGraph::from_edges(8, edges), [0, 0, 0, 0, 0, 0, 1, 1])
    }

    /// All orders of the first `count` values.
    fn orders(values: &mut Vec<f64>, count: usize, visit: &mut impl FnMut(&[f64])) {
        if count < 2 {
            return visit(values);
        }
        for place in 0..count {
            values.swap(place, count - 1);
            orders(values, count - 1, visit);
            values.swap(place, count - 1);
        }
    }

    #[test]
    fn moments_are_those_over_all_permutations() {
        let (graph, _) = graph();
        let weights = Weights::by_slice(&graph, &[0; 8]);
        let mut values = vec![0.3, 2.0, -1.0, 4.5, 0.0, 0.7, 1.1, 3.0];
        for index in [Index::Moran, Index::Geary] {
            let stated = measure(values.clone(), &[0; 8], &graph, &weights, index);
            let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
            orders(&mut values, 8, &mut |order| {
                let own = measure(order.to_vec(), &[0; 8], &graph, &weights, index).index;
                (count, sum, squares) = (count + 1.0, sum + own, squares + own * own);
            });
            let mean = sum / count;
            assert!((stated.expectation - mean).abs() < 1e-9, "{index:?}");
            assert!((stated.variance - (squares / count - mean * mean)).abs() < 1e-9, "{index:?}");
        }
    }

    #[test]
    fn slices_are_permuted_on_their_own() {
        let ring = SpatialGraph::from_edges(10, (0..5).flat_map(|i| [(i, (i + 1) % 5), (5 + i, 5 + (i + 1) % 5)]));
        let slice = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        let weights = Weights::by_slice(&ring, &slice);
        let (mut first, mut second) = (vec![1.0, 5.0, 2.0, 0.0, 3.0], vec![20.0, 10.0, 11.0, 19.0, 4.0]);
        for index in [Index::Moran, Index::Geary] {
            let at = |a: &[f64], b: &[f64]| measure([a, b].concat(), &slice, &ring, &weights, index);
            let stated = at(&first, &second);
            let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
            let fixed = second.clone();
            orders(&mut first, 5, &mut |a| {
                orders(&mut second, 5, &mut |b| {
                    let own = at(a, b).index;
                    (count, sum, squares) = (count + 1.0, sum + own, squares + own * own);
                });
            });
            assert_eq!(second, fixed);
            let mean = sum / count;
            assert!((stated.expectation - mean).abs() < 1e-9, "{index:?}");
            assert!((stated.variance / (squares / count - mean * mean) - 1.0).abs() < 1e-9, "{index:?}");
        }
    }

    #[test]
    fn is_what_features_are_ranked_by() {
        let counts: Vec<f64> = (0..24).map(|entry| ((entry * 7) % 5 + 1) as f64).collect();
        let offsets: Vec<i32> = (0..=8).map(|spot| 3 * spot).collect();
        let rows: Vec<i32> = (0..24).map(|entry| entry % 3).collect();
        let counts = Counts::new(3, 8, &offsets, &rows, &counts).unwrap();
        let (graph, slice) = graph();
        let slice = slice.map(|_| 0);
        let params = FeatureParams { selection: FeatureSelection::Moran, ..FeatureParams::default() };
        let features = select_features(&counts, &Batches::alike(&slice), &graph, &params, &Monitor::silent()).unwrap();
        let moran = |slice: &[usize]| {
            spatial_autocorrelation(&counts, slice, &graph, Normalisation::Pearson, Index::Moran, &Monitor::silent())
        };
        for (found, score) in moran(&slice).unwrap().iter().zip(&features.scores) {
            assert!((found.index - score).abs() < 1e-12);
        }
        // A slice of two spots has no moments and takes no part.
        let part = moran(&[0, 0, 0, 0, 0, 0, 1, 1]).unwrap();
        assert!(part.iter().all(|found| (found.expectation + 0.2).abs() < 1e-12));
        assert!(matches!(moran(&[0; 3]), Err(Error::Argument { argument: "slice", .. })));
    }
}
