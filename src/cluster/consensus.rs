//! One partition from several equally good views of the same spots.

use super::best_start::best_mixture;
use super::order::most_probable;
use super::points::Points;
use crate::error::Result;
use crate::metrics::{adjusted_rand_index, partners};
use crate::monitor::Monitor;
use ndarray::{Array2, Axis};

/// Rounds of alignment and averaging; it settles in two or three.
const ROUNDS: usize = 20;

/// The consensus of the best-likelihood partitions of several views into `k` groups. A single partition of a section
/// of a thousand spots changes a lot when the view changes a little; what several views agree on does not.
///
/// Soft least-squares consensus (Hornik 2005, Journal of Statistical Software 14:12): from the medoid, the partition
/// closest to all others, repeat: match each view's groups with the consensus one to one (Hungarian method) and
/// average the matched posteriors. Labels are 0..k; a group may end up without spots.
///
/// # Errors
/// As [`super::best_start`].
pub fn consensus_start(views: &[Points], k: usize, starts: usize, monitor: &Monitor) -> Result<Vec<usize>> {
    let posterior = |view: &Points| best_mixture(view, k, starts, monitor)?.posterior(view);
    let posteriors: Vec<Array2<f64>> = views.iter().map(posterior).collect::<Result<_>>()?;
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
    Ok(consensus)
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
    use crate::cluster::testing::blobs;

    #[test]
    fn views_that_agree_give_their_partition_and_an_outlying_view_is_outvoted() -> Result<()> {
        let (values, truth) = blobs(600, 4, 3, 6.0, 3);
        let (noise, _) = blobs(600, 4, 1, 0.0, 9);
        let views = [values.view(), values.view(), noise.view()];
        let views = views.map(|view| Points::new(view, "prior"));
        let views = views.into_iter().collect::<Result<Vec<_>>>()?;
        let labels = consensus_start(&views, 3, 8, &Monitor::silent())?;
        assert!(adjusted_rand_index(&truth, &labels) > 0.98);
        Ok(())
    }

    #[test]
    fn groups_are_matched_one_to_one() {
        assert_eq!(matched(&[0, 0, 1, 1, 2], &[2, 2, 0, 0, 1], 3), [2, 0, 1]);
        assert_eq!(medoid(&[vec![0, 1, 0, 1], vec![0, 0, 1, 1], vec![1, 1, 0, 0]]), 1);
    }
}
