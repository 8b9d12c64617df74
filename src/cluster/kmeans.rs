//! k-means: Lloyd's iterations from k-means++ centres (Arthur & Vassilvitskii 2007) or from a given partition.

use super::points::Points;
use super::swap::{LARGEST, Swap, maxima_by_swaps};
use super::tied::Moments;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::random::{ChaCha8Rng, Stream, substream};
use crate::vectorized::vectorized;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::Rng;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Most iterations of a run that is to converge.
const LIMIT: usize = 200;
/// Iterations that tell whether a centre is better where it was moved to.
const SWAPPED: usize = 4;

/// A partition by nearest centre.
#[derive(Clone, Debug)]
pub struct KMeans {
    /// Cluster of each point.
    pub labels: Vec<usize>,
    /// Centres in the coordinates of the centred points, clusters x dimensions.
    pub centres: Array2<f64>,
    /// Sum of squared distances to the own centre.
    pub inertia: f64,
}

/// What one pass over the points yields: their nearest centres, and how far these are.
struct Assignment {
    labels: Vec<usize>,
    squared_distances: Vec<f64>,
}

impl KMeans {
    /// The best of `restarts` runs from k-means++ centres. The runs draw from streams of their own under `seed`, so
    /// the result depends neither on threads nor, but for getting better, on the number of restarts.
    ///
    /// # Errors
    /// [`Error::Argument`] for `k` outside 1..=points or no restarts, [`Error::Interrupted`].
    pub fn fit(points: &Points, k: usize, restarts: usize, seed: u64, monitor: &Monitor) -> Result<Self> {
        if restarts == 0 {
            return Err(Error::argument("restarts", "must be at least 1"));
        }
        let run = |restart| KMeans::run(points, k, LIMIT, &mut substream(seed, Stream::Centres, restart), monitor);
        let fits: Vec<KMeans> = (0..restarts as u64).into_par_iter().map(run).collect::<Result<_>>()?;
        let best = fits.into_iter().reduce(|best, fit| if fit.inertia < best.inertia { fit } else { best });
        best.ok_or_else(|| Error::argument("restarts", "must be at least 1"))
    }

    /// The best partition that swaps of centres lead to from [`KMeans::fit`] (see `super::swap`), looked for in some
    /// thousand of the points.
    ///
    /// # Errors
    /// As [`KMeans::fit`].
    pub fn search(points: &Points, k: usize, restarts: usize, seed: u64, monitor: &Monitor) -> Result<Self> {
        if let Some(some) = points.thinned(LARGEST.max(k)) {
            let found = KMeans::search(&some, k, restarts, seed, monitor)?;
            return KMeans::from_centres(points, found.centres + some.origin(), LIMIT, monitor);
        }
        let start = vec![KMeans::fit(points, k, restarts, seed, monitor)?];
        let mut maxima = maxima_by_swaps(points, start, 1, seed, monitor)?;
        Ok(maxima.swap_remove(0))
    }

    /// One run of at most `limit` iterations from k-means++ centres.
    ///
    /// # Errors
    /// [`Error::Argument`] for `k` outside 1..=points, [`Error::Interrupted`].
    pub fn run(points: &Points, k: usize, limit: usize, rng: &mut ChaCha8Rng, monitor: &Monitor) -> Result<Self> {
        if k == 0 || k > points.count() {
            return Err(Error::argument("k", format!("must be between 1 and {} spots, not {k}", points.count())));
        }
        KMeans::from_centres(points, plus_plus(points, k, rng), limit, monitor)
    }

    /// Lloyd's iterations from the means of a partition into `k` clusters.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn from_labels(points: &Points, labels: &[usize], k: usize, monitor: &Monitor) -> Result<Self> {
        let mut centres = Array2::zeros((k, points.dimensions()));
        update(points, labels, &mut centres);
        KMeans::from_centres(points, centres, LIMIT, monitor)
    }

    fn from_centres(points: &Points, mut centres: Array2<f64>, limit: usize, monitor: &Monitor) -> Result<Self> {
        let mut before = Vec::new();
        for _ in 0..limit {
            monitor.check()?;
            let mut assignment = assign(points, &centres);
            fill_empty(&mut assignment, centres.nrows());
            if assignment.labels == before {
                break;
            }
            before = assignment.labels;
            update(points, &before, &mut centres);
        }
        let Assignment { labels, squared_distances } = assign(points, &centres);
        Ok(KMeans { labels, centres, inertia: squared_distances.iter().sum() })
    }

    /// 1 − (distance to the nearest centre) / (distance to the second nearest): 0 on a border, 1 at a centre.
    pub fn confidence(&self, points: &Points) -> Vec<f64> {
        let half_norms = half_norms(&self.centres);
        let parts = points.in_blocks(|block| {
            let scores = block.dot(&self.centres.t()) - &half_norms;
            let rows = block.rows().into_iter().zip(scores.rows());
            rows.map(|(point, scores)| margin(point.dot(&point), scores.iter())).collect::<Vec<f64>>()
        });
        parts.concat()
    }
}

impl Swap for KMeans {
    fn components(&self) -> usize {
        self.centres.nrows()
    }

    fn swapped(&self, points: &Points, gone: usize, point: ArrayView1<f64>, monitor: &Monitor) -> Result<Self> {
        let mut centres = self.centres.clone();
        centres.row_mut(gone).assign(&point);
        KMeans::from_centres(points, centres, SWAPPED, monitor)
    }

    fn finished(self, points: &Points, monitor: &Monitor) -> Result<Self> {
        KMeans::from_centres(points, self.centres, LIMIT, monitor)
    }

    fn highest_first(&self, other: &Self) -> Ordering {
        self.inertia.total_cmp(&other.inertia)
    }

    fn exceeds(&self, other: &Self) -> bool {
        self.inertia < other.inertia * (1.0 - 1e-6)
    }
}

/// The confidence of a point of squared length `length` from its scores x·c − ½|c|².
fn margin<'a>(length: f64, scores: impl Iterator<Item = &'a f64>) -> f64 {
    let (first, second) = scores.fold((f64::NEG_INFINITY, f64::NEG_INFINITY), |(first, second), &score| {
        if score > first { (score, first) } else { (first, second.max(score)) }
    });
    let nearest = (length - 2.0 * first).max(0.0);
    let next = (length - 2.0 * second).max(0.0);
    if next > 0.0 { (1.0 - (nearest / next).sqrt()).max(0.0) } else { 0.0 }
}

fn half_norms(centres: &Array2<f64>) -> Array1<f64> {
    centres.map_axis(Axis(1), |centre| 0.5 * centre.dot(&centre))
}

/// Nearest centre of every point; the lower index on ties. Since |x − c|² = |x|² − 2 (x·c − ½|c|²), the nearest centre
/// is the one of largest score x·c − ½|c|², and all scores are one matrix product.
fn assign(points: &Points, centres: &Array2<f64>) -> Assignment {
    let half_norms = half_norms(centres);
    let parts = points.in_blocks(|block| {
        let products = centres.dot(&block.t());
        let products = products.as_standard_layout();
        let mut nearest = vec![0u64; block.nrows()];
        let mut highest = vec![f64::NEG_INFINITY; block.nrows()];
        if let Some(products) = products.as_slice() {
            vectorized(
                #[inline(always)]
                || highest_of_rows(products, &half_norms, &mut highest, &mut nearest),
            );
        }
        nearest.into_iter().map(|cluster| cluster as usize).zip(highest).collect::<Vec<_>>()
    });
    let nearest = parts.concat();
    let lengths = points.squared_lengths();
    let squared_distances =
        lengths.iter().zip(&nearest).map(|(length, best)| (length - 2.0 * best.1).max(0.0)).collect();
    Assignment { labels: nearest.into_iter().map(|best| best.0).collect(), squared_distances }
}

/// The highest score of each point and its cluster. Scores are `products` less the cluster's own half norm, a row of points
/// a cluster. Chosen without a jump, whose way could not be foretold.
#[inline(always)]
fn highest_of_rows(products: &[f64], half_norms: &Array1<f64>, highest: &mut [f64], nearest: &mut [u64]) {
    for (cluster, (row, half_norm)) in products.chunks_exact(highest.len()).zip(half_norms).enumerate() {
        for ((product, highest), nearest) in row.iter().zip(&mut *highest).zip(&mut *nearest) {
            let score = product - half_norm;
            let better = score > *highest;
            *nearest = if better { cluster as u64 } else { *nearest };
            *highest = if better { score } else { *highest };
        }
    }
}

/// Gives every empty cluster the point that is furthest from its own centre (the first of several) and not alone.
/// With fewer distinct points than clusters nothing is left to give and the cluster stays empty.
fn fill_empty(assignment: &mut Assignment, clusters: usize) {
    let mut sizes = vec![0usize; clusters];
    assignment.labels.iter().for_each(|&label| sizes[label] += 1);
    for empty in 0..clusters {
        if sizes[empty] > 0 {
            continue;
        }
        let mut furthest: Option<usize> = None;
        for (point, &distance) in assignment.squared_distances.iter().enumerate() {
            let further = furthest.is_none_or(|best| distance > assignment.squared_distances[best]);
            if distance > 0.0 && sizes[assignment.labels[point]] > 1 && further {
                furthest = Some(point);
            }
        }
        if let Some(point) = furthest {
            sizes[assignment.labels[point]] -= 1;
            sizes[empty] = 1;
            assignment.labels[point] = empty;
            assignment.squared_distances[point] = 0.0;
        }
    }
}

/// Moves every centre to the mean of its points; the centre of an empty cluster stays.
fn update(points: &Points, labels: &[usize], centres: &mut Array2<f64>) {
    let Moments { masses, sums } = Moments::of_labels(points, labels, centres.nrows());
    for (cluster, &size) in masses.iter().enumerate() {
        if size > 0.0 {
            centres.row_mut(cluster).assign(&(&sums.row(cluster) / size));
        }
    }
}

/// k-means++ centres: each is a point drawn with probability proportional to its squared distance from those before.
fn plus_plus(points: &Points, k: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let values = points.values();
    let mut centres = Array2::zeros((k, points.dimensions()));
    let mut distances = vec![f64::INFINITY; points.count()];
    let mut chosen = rng.random_range(0..points.count());
    for cluster in 0..k {
        let centre = values.row(chosen);
        centres.row_mut(cluster).assign(&centre);
        let squared = points.squared_lengths() - &(values.dot(&centre) * 2.0) + centre.dot(&centre);
        distances.iter_mut().zip(&squared).for_each(|(distance, &to_this)| *distance = distance.min(to_this.max(0.0)));
        chosen = draw(&distances, rng);
    }
    centres
}

/// Draws an index with probability proportional to its weight; uniformly when all weights are zero.
fn draw(weights: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let total: f64 = weights.iter().sum();
    let mut left = rng.random::<f64>() * total;
    if total > 0.0 {
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
    }
    rng.random_range(0..weights.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{blobs, in_pool};
    use crate::metrics::adjusted_rand_index;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn finds_separated_clusters() -> Result<()> {
        let (values, truth) = blobs(2000, 5, 6, 10.0, 4);
        let points = Points::new(values.view(), "embedding")?;
        let fit = KMeans::fit(&points, 6, 8, 1, &Monitor::silent())?;
        assert!(adjusted_rand_index(&truth, &fit.labels) > 0.99);
        let confidence = fit.confidence(&points);
        assert!(confidence.iter().all(|value| (0.0..=1.0).contains(value)));
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads() -> Result<()> {
        let (values, _) = blobs(3000, 7, 4, 1.0, 9);
        let points = Points::new(values.view(), "embedding")?;
        let fits = [1, 3].map(|threads| in_pool(threads, || KMeans::fit(&points, 5, 4, 7, &Monitor::silent())));
        let [one, three] = fits;
        let (one, three) = (one?, three?);
        assert_eq!(one.labels, three.labels);
        assert_eq!(one.inertia.to_bits(), three.inertia.to_bits());
        Ok(())
    }

    #[test]
    fn empty_clusters_get_a_far_point_and_duplicates_do_not_loop() -> Result<()> {
        let points = Points::new(array![[0.0], [0.0], [0.0], [9.0], [10.0]].view(), "embedding")?;
        let fit = KMeans::from_labels(&points, &[0, 0, 0, 0, 0], 3, &Monitor::silent())?;
        assert_eq!(fit.inertia, 0.0);
        let few = Points::new(array![[0.0], [0.0], [1.0], [1.0]].view(), "embedding")?;
        let fit = KMeans::fit(&few, 4, 3, 1, &Monitor::silent())?;
        assert_eq!(fit.inertia, 0.0);
        Ok(())
    }

    #[test]
    fn refuses_impossible_arguments() -> Result<()> {
        let points = Points::new(array![[0.0], [1.0]].view(), "embedding")?;
        for (k, restarts) in [(0, 1), (3, 1), (1, 0)] {
            assert!(matches!(KMeans::fit(&points, k, restarts, 1, &Monitor::silent()), Err(Error::Argument { .. })));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn every_point_has_its_nearest_centre(seed in 0u64..1000, k in 1usize..8) {
            let (values, _) = blobs(90, 3, 3, 2.0, seed);
            let points = Points::new(values.view(), "embedding").expect("finite");
            let fit = KMeans::fit(&points, k, 2, seed, &Monitor::silent()).expect("fit");
            for (point, &label) in points.values().rows().into_iter().zip(&fit.labels) {
                let distance = |cluster: usize| (&point - &fit.centres.row(cluster)).mapv(|x| x * x).sum();
                prop_assert!((0..k).all(|cluster| distance(label) <= distance(cluster) + 1e-9));
            }
        }
    }
}
