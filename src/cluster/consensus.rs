//! One partition from several equally good views of the same spots.

use super::order::most_probable;
use crate::metrics::{adjusted_rand_index, partners};
use ndarray::{Array2, Axis};

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
    labels: Vec<usize>,
}

impl Partition {
    /// The partition of `view` with these probabilities.
    pub fn new(view: usize, share: f64, posterior: Array2<f64>) -> Self {
        Partition { labels: most_probable(&posterior), view, share, posterior }
    }

    fn agreement(&self, other: &Partition) -> f64 {
        adjusted_rand_index(&self.labels, &other.labels)
    }
}

/// The consensus of several soft partitions of the same spots into `k` groups (each spots x `k`), of which each counts
/// with its weight. A single partition of a section of a thousand spots changes a lot when the view changes a little;
/// what several views agree on does not.
///
/// Soft least-squares consensus (Hornik 2005, Journal of Statistical Software 14:12): from the medoid, the partition
/// closest to all others, repeat: match each view's groups with the consensus one to one (Hungarian method) and
/// average the matched posteriors. Returns that average, spots x `k`: the share of the weight that puts a spot into
/// each group. A group may end up without spots.
pub(super) fn consensus(partitions: &[Partition], weights: &[f64], k: usize) -> Array2<f64> {
    let mut consensus = partitions[medoid(partitions, weights)].labels.clone();
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

/// Weights of partitions: their share of their view times the square of their mean agreement (adjusted Rand index)
/// with those of the other views. What no other view supports hardly counts.
pub(super) fn supported(partitions: &[Partition]) -> Vec<f64> {
    let support = |own: &Partition| -> f64 {
        let (mut total, mut whole) = (0.0, 0.0);
        for other in partitions.iter().filter(|other| other.view != own.view) {
            total += other.share * own.agreement(other);
            whole += other.share;
        }
        let agreement = if whole > 0.0 { total / whole } else { 1.0 };
        own.share * agreement.max(LEAST_SUPPORT).powi(2)
    };
    partitions.iter().map(support).collect()
}

/// The partition of largest weighted agreement with the others; the first on ties.
fn medoid(partitions: &[Partition], weights: &[f64]) -> usize {
    let agreement = |own: &Partition| -> f64 {
        partitions.iter().zip(weights).map(|(other, weight)| weight * own.agreement(other)).sum()
    };
    let agreements: Vec<f64> = partitions.iter().map(agreement).collect();
    (0..partitions.len()).fold(0, |best, own| if agreements[own] > agreements[best] { own } else { best })
}

/// For each of the `k` groups of `reference` the group of `labels` matched with it.
fn matched(reference: &[usize], labels: &[usize], k: usize) -> Vec<usize> {
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
        let agreed = consensus(&partitions, &[1.0; 3], 3);
        assert_eq!(adjusted_rand_index(&truth, &most_probable(&agreed)), 1.0);
        assert!(agreed.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12 && row.iter().any(|&p| p > 0.6)));
        let weights = supported(&partitions);
        assert!(weights[2] < 0.1 * weights[0] && weights[0] == weights[1]);
        // All weight on the outlier makes it the consensus.
        let outlier = most_probable(&consensus(&partitions, &[0.0, 0.0, 1.0], 3));
        // Of two partitions of a view the one that another view supports counts.
        let rivals = [hard(0, &|spot| truth[spot]), hard(1, &renamed), hard(1, &|spot| spot % 3)];
        let weights = supported(&rivals);
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
        assert_eq!(medoid(&[[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0]].map(partition), &[1.0; 3]), 1);
    }
}
