//! One partition from several equally good views of the same spots.

use super::order::most_probable;
use crate::metrics::{adjusted_rand_index, partners};
use ndarray::{Array2, Axis};

/// Rounds of alignment and averaging; it settles in two or three.
const ROUNDS: usize = 20;
/// Agreement that a view is granted in any case: where no two views agree all count alike.
const LEAST_SUPPORT: f64 = 1e-3;

/// The consensus of several soft partitions of the same spots into `k` groups (each spots x `k`), of which each counts
/// with its weight. A single partition of a section of a thousand spots changes a lot when the view changes a little;
/// what several views agree on does not.
///
/// Soft least-squares consensus (Hornik 2005, Journal of Statistical Software 14:12): from the medoid, the partition
/// closest to all others, repeat: match each view's groups with the consensus one to one (Hungarian method) and
/// average the matched posteriors. Returns that average, spots x `k`: the share of the weight that puts a spot into
/// each group. A group may end up without spots.
pub(super) fn consensus(posteriors: &[Array2<f64>], weights: &[f64], k: usize) -> Array2<f64> {
    let labels: Vec<Vec<usize>> = posteriors.iter().map(most_probable).collect();
    let mut consensus = labels[medoid(&labels, weights)].clone();
    let whole: f64 = weights.iter().sum();
    let mut total = Array2::zeros((consensus.len(), k));
    for _ in 0..ROUNDS {
        total.fill(0.0);
        for ((posterior, labels), weight) in posteriors.iter().zip(&labels).zip(weights) {
            total.scaled_add(weight / whole, &posterior.select(Axis(1), &matched(&consensus, labels, k)));
        }
        let next = most_probable(&total);
        if next == consensus {
            break;
        }
        consensus = next;
    }
    total
}

/// Weights of partitions: the square of a partition's mean agreement (adjusted Rand index) with the others. A view that
/// no other supports hardly counts; all count alike where there are two.
pub(super) fn mutual_support(posteriors: &[Array2<f64>]) -> Vec<f64> {
    let labels: Vec<Vec<usize>> = posteriors.iter().map(most_probable).collect();
    let support = |own: usize| -> f64 {
        let others = (0..labels.len()).filter(|&other| other != own);
        let total: f64 = others.map(|other| adjusted_rand_index(&labels[own], &labels[other])).sum();
        (total / (labels.len() - 1).max(1) as f64).max(LEAST_SUPPORT).powi(2)
    };
    (0..labels.len()).map(support).collect()
}

/// The partition of largest weighted agreement with the others; the first on ties.
fn medoid(labels: &[Vec<usize>], weights: &[f64]) -> usize {
    let agreement = |own: usize| -> f64 {
        labels.iter().zip(weights).map(|(other, weight)| weight * adjusted_rand_index(&labels[own], other)).sum()
    };
    let agreements: Vec<f64> = (0..labels.len()).map(agreement).collect();
    (0..labels.len()).fold(0, |best, own| if agreements[own] > agreements[best] { own } else { best })
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
        let hard = |label: &dyn Fn(usize) -> usize| {
            Array2::from_shape_fn((90, 3), |(spot, group)| f64::from(u8::from(group == label(spot))))
        };
        let renamed = |spot: usize| (truth[spot] + 1) % 3;
        let partitions = [hard(&|spot| truth[spot]), hard(&renamed), hard(&|spot| spot % 3)];
        let agreed = consensus(&partitions, &[1.0; 3], 3);
        assert_eq!(adjusted_rand_index(&truth, &most_probable(&agreed)), 1.0);
        assert!(agreed.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12 && row.iter().any(|&p| p > 0.6)));
        let weights = mutual_support(&partitions);
        assert!(weights[2] < 0.1 * weights[0] && weights[0] == weights[1]);
        // All weight on the outlier makes it the consensus.
        let outlier = most_probable(&consensus(&partitions, &[0.0, 0.0, 1.0], 3));
        assert!((0..90).all(|spot| (outlier[spot] == outlier[0]) == (spot % 3 == 0)));
    }

    #[test]
    fn groups_are_matched_one_to_one() {
        assert_eq!(matched(&[0, 0, 1, 1, 2], &[2, 2, 0, 0, 1], 3), [2, 0, 1]);
        assert_eq!(medoid(&[vec![0, 1, 0, 1], vec![0, 0, 1, 1], vec![1, 1, 0, 0]], &[1.0; 3]), 1);
    }
}
