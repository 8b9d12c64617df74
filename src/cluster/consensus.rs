//! One partition from several equally good views of the same spots.

use super::order::most_probable;
use crate::metrics::{adjusted_rand_index, partners};
use ndarray::{Array2, Axis};

/// Rounds of alignment and averaging; it settles in two or three.
const ROUNDS: usize = 20;

/// The consensus of several soft partitions of the same spots into `k` groups (each spots x `k`). A single partition
/// of a section of a thousand spots changes a lot when the view changes a little; what several views agree on does not.
///
/// Soft least-squares consensus (Hornik 2005, Journal of Statistical Software 14:12): from the medoid, the partition
/// closest to all others, repeat: match each view's groups with the consensus one to one (Hungarian method) and
/// average the matched posteriors. Labels are 0..k; a group may end up without spots.
pub(super) fn consensus(posteriors: &[Array2<f64>], k: usize) -> Vec<usize> {
    let labels: Vec<Vec<usize>> = posteriors.iter().map(most_probable).collect();
    let mut consensus = labels[medoid(&labels)].clone();
    for _ in 0..ROUNDS {
        let mut total = Array2::zeros((consensus.len(), k));
        for (posterior, labels) in posteriors.iter().zip(&labels) {
            total += &posterior.select(Axis(1), &matched(&consensus, labels, k));
        }
        let next = most_probable(&total);
        if next == consensus {
            break;
        }
        consensus = next;
    }
    consensus
}

/// The partition of largest summed agreement with the others; the first on ties.
fn medoid(labels: &[Vec<usize>]) -> usize {
    let agreement = |own: usize| -> f64 { labels.iter().map(|other| adjusted_rand_index(&labels[own], other)).sum() };
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
        assert_eq!(adjusted_rand_index(&truth, &consensus(&partitions, 3)), 1.0);
    }

    #[test]
    fn groups_are_matched_one_to_one() {
        assert_eq!(matched(&[0, 0, 1, 1, 2], &[2, 2, 0, 0, 1], 3), [2, 0, 1]);
        assert_eq!(medoid(&[vec![0, 1, 0, 1], vec![0, 0, 1, 1], vec![1, 1, 0, 0]]), 1);
    }
}
