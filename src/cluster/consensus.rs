//! One partition from several equally good views of the same spots.

use super::order::most_probable;
use crate::metrics::{adjusted_rand_index, partners};
use ndarray::{Array2, ArrayView1, Axis};

/// Rounds of alignment and averaging; it settles in two or three.
const ROUNDS: usize = 20;
/// Agreement that a view is granted in any case: where no two views agree all count alike.
const LEAST_SUPPORT: f64 = 1e-3;

/// One soft partition of a view of the spots.
pub(super) struct Partition {
    /// The view it is of.
    pub view: usize,
    /// Its part of what its view counts, above 0.
    pub share: f64,
    /// Probability of each group, spots x groups.
    pub posterior: Array2<f64>,
    /// Most probable group of each spot.
    pub labels: Vec<usize>,
}

impl Partition {
    /// The partition of `view` with these probabilities.
    pub fn new(view: usize, share: f64, posterior: Array2<f64>) -> Self {
        Partition { labels: most_probable(&posterior), view, share, posterior }
    }
}

/// The consensus of partitions that all count alike: see [`consensus`].
pub(super) fn equal_consensus(partitions: &[Partition], k: usize) -> Array2<f64> {
    consensus(partitions, &vec![1.0; partitions.len()], &agreements(partitions), k)
}

/// The consensus of partitions that count by their support, and these weights: see [`consensus`] and [`supported`].
pub(super) fn supported_consensus(partitions: &[Partition], k: usize) -> (Array2<f64>, Vec<f64>) {
    let agreements = agreements(partitions);
    let weights = supported(partitions, &agreements);
    (consensus(partitions, &weights, &agreements, k), weights)
}

/// The consensus of several soft partitions of the same spots into `k` groups (each spots x `k`), of which each counts
/// with its weight. A single partition of a section of a thousand spots changes a lot when the view changes a little;
/// what several views agree on does not.
///
/// Soft least-squares consensus (Hornik 2005, Journal of Statistical Software 14:12): from the medoid, the partition
/// closest to all others, repeat: match each partition's groups with the consensus one to one (Hungarian method) and
/// average the matched posteriors. Returns that average, spots x `k`: the share of the weight that puts a spot into
/// each group. A group may end up without spots.
fn consensus(partitions: &[Partition], weights: &[f64], agreements: &Array2<f64>, k: usize) -> Array2<f64> {
    let mut consensus = partitions[medoid(agreements, weights)].labels.clone();
    let whole: f64 = weights.iter().sum();
    let mut total = Array2::zeros((consensus.len(), k));
    for _ in 0..ROUNDS {
        total.fill(0.0);
        for (partition, weight) in partitions.iter().zip(weights) {
            let order = matched(&consensus, &partition.labels, k);
            total.scaled_add(weight / whole, &partition.posterior.select(Axis(1), &order));
        }
        let next = most_probable(&total);
        if next == consensus {
            break;
        }
        consensus = next;
    }
    total
}

/// Adjusted Rand index of every pair of partitions.
fn agreements(partitions: &[Partition]) -> Array2<f64> {
    let mut agreements = Array2::ones((partitions.len(), partitions.len()));
    for (own, partition) in partitions.iter().enumerate() {
        for (other, before) in partitions[..own].iter().enumerate() {
            let agreement = adjusted_rand_index(&partition.labels, &before.labels);
            (agreements[[own, other]], agreements[[other, own]]) = (agreement, agreement);
        }
    }
    agreements
}

/// Weights of partitions: their share of their view times the square of their mean agreement with those of the other
/// views. What no other view supports hardly counts.
fn supported(partitions: &[Partition], agreements: &Array2<f64>) -> Vec<f64> {
    let support = |(own, agreements): (&Partition, ArrayView1<f64>)| -> f64 {
        let (mut total, mut whole) = (0.0, 0.0);
        for (other, agreement) in partitions.iter().zip(agreements).filter(|(other, _)| other.view != own.view) {
            total += other.share * agreement;
            whole += other.share;
        }
        let agreement = if whole > 0.0 { total / whole } else { 1.0 };
        own.share * agreement.max(LEAST_SUPPORT).powi(2)
    };
    partitions.iter().zip(agreements.rows()).map(support).collect()
}

/// The partition of largest weighted agreement with the others; the first on ties.
fn medoid(agreements: &Array2<f64>, weights: &[f64]) -> usize {
    let agreement =
        |own: ArrayView1<f64>| -> f64 { weights.iter().zip(own).map(|(weight, agreement)| weight * agreement).sum() };
    let total: Vec<f64> = agreements.rows().into_iter().map(agreement).collect();
    (0..total.len()).fold(0, |best, own| if total[own] > total[best] { own } else { best })
}

/// For each of the `k` groups of `reference` the group of `labels` matched with it.
pub(super) fn matched(reference: &[usize], labels: &[usize], k: usize) -> Vec<usize> {
    let mut together = Array2::<u64>::zeros((k, k));
    reference.iter().zip(labels).for_each(|(&row, &column)| together[[row, column]] += 1);
    partners(k, k, |row, column| together[[row, column]]).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlying_partition_is_outvoted() {
        let truth: Vec<usize> = (0..90).map(|spot| spot / 30).collect();
        let hard = |view: usize, label: &dyn Fn(usize) -> usize| {
            let posterior = Array2::from_shape_fn((90, 3), |(spot, group)| f64::from(u8::from(group == label(spot))));
            Partition::new(view, 1.0, posterior)
        };
        let renamed = |spot: usize| (truth[spot] + 1) % 3;
        let partitions = [hard(0, &|spot| truth[spot]), hard(1, &renamed), hard(2, &|spot| spot % 3)];
        let agreed = equal_consensus(&partitions, 3);
        assert_eq!(adjusted_rand_index(&truth, &most_probable(&agreed)), 1.0);
        assert!(agreed.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12 && row.iter().any(|&p| p > 0.6)));
        let weights = supported(&partitions, &agreements(&partitions));
        assert!(weights[2] < 0.1 * weights[0] && weights[0] == weights[1]);
        // All weight on the outlier makes it the consensus.
        let outlier = most_probable(&consensus(&partitions, &[0.0, 0.0, 1.0], &agreements(&partitions), 3));
        // Of two partitions of a view the one that another view supports counts.
        let rivals = [hard(0, &|spot| truth[spot]), hard(1, &renamed), hard(1, &|spot| spot % 3)];
        let weights = supported(&rivals, &agreements(&rivals));
        assert!(weights[2] < 0.01 * weights[1]);
        assert!((0..90).all(|spot| (outlier[spot] == outlier[0]) == (spot % 3 == 0)));
    }

    #[test]
    fn groups_are_matched_one_to_one() {
        assert_eq!(matched(&[0, 0, 1, 1, 2], &[2, 2, 0, 0, 1], 3), [2, 0, 1]);
        let partition = |labels: [usize; 4]| {
            let posterior = Array2::from_shape_fn((4, 2), |(spot, group)| f64::from(u8::from(group == labels[spot])));
            Partition::new(0, 1.0, posterior)
        };
        assert_eq!(medoid(&agreements(&[[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0]].map(partition)), &[1.0; 3]), 1);
    }
}
