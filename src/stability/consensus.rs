//! What many runs have in common, and the runs in its labels.

use super::runs::Runs;
use crate::cluster::by_size;
use crate::error::{Error, Result};
use crate::metrics::partners;
use crate::monitor::Monitor;
use ndarray::{Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

/// Rounds of matching and voting; it settles in a few.
const ROUNDS: usize = 50;

/// The consensus of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Consensus {
    /// Consensus domain of each spot from 0, ordered by decreasing size.
    pub labels: Vec<usize>,
    /// Number of domains that hold spots; smaller than asked for when the votes leave one empty.
    pub k: usize,
    /// The labels of each run in those of the consensus: its groups are matched with the consensus domains one to one
    /// (Hungarian method). Groups that are left over take the domain that holds most of their spots.
    pub aligned: Vec<Vec<usize>>,
    /// For each run and each of its groups whether the group was matched, and not left over.
    pub matched: Vec<Vec<bool>>,
}

/// The consensus of `runs` in `k` domains: the hard least-squares consensus (Hornik 2005, Journal of Statistical
/// Software 14:12). From the run that agrees best with all others, repeat: match the groups of each run with the
/// consensus, and let the runs vote on each spot, until nothing changes.
///
/// `agreement` is the adjusted Rand index of every two runs. Only runs of at least `k` groups can be where it starts;
/// one of more groups is first reduced to `k`, joining those that runs put together most often (average linkage of the
/// co-assignment, Fred & Jain 2005, IEEE Transactions on Pattern Analysis and Machine Intelligence 27:835).
///
/// # Errors
/// [`Error::Argument`] naming `k` when it is 0 or no run has so many groups; [`Error::Interrupted`].
pub fn consensus(runs: &Runs, agreement: ArrayView2<f64>, k: usize, monitor: &Monitor) -> Result<Consensus> {
    let mut labels = start(runs, agreement, k)?;
    for _ in 0..ROUNDS {
        monitor.check()?;
        let next = vote(&labels, &align(runs, &labels, k).0, k);
        if next == labels {
            break;
        }
        labels = next;
    }
    let (labels, k) = by_size(&labels);
    let (aligned, matched) = align(runs, &labels, k);
    Ok(Consensus { labels, k, aligned, matched })
}

/// The run of largest summed agreement among those with at least `k` groups, the first on ties, reduced to `k` groups.
fn start(runs: &Runs, agreement: ArrayView2<f64>, k: usize) -> Result<Vec<usize>> {
    let most = (0..runs.count()).map(|run| runs.groups(run)).max().unwrap_or(0);
    if k == 0 || k > most {
        return Err(Error::argument("k", format!("must be from 1 to {most}, the most groups of any run, not {k}")));
    }
    let able = (0..runs.count()).filter(|&run| runs.groups(run) >= k);
    let summed = able.map(|run| (run, agreement.row(run).sum()));
    let best = summed.reduce(|best, other| if other.1 > best.1 { other } else { best });
    let medoid = best.map_or(0, |(run, _)| run);
    let groups = joined(runs, medoid, k);
    Ok(runs.labels(medoid).iter().map(|&label| groups[usize::from(label)]).collect())
}

/// Joins the groups of a run until `k` are left; gives each group its new number below `k`.
fn joined(runs: &Runs, own: usize, k: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..runs.groups(own)).collect();
    let mut sizes: Vec<f64> = runs.sizes(own).iter().map(|&size| size as f64).collect();
    let mut together = if sizes.len() > k { pairs_together(runs, own) } else { Array2::zeros((0, 0)) };
    while sizes.len() > k {
        let pairs = (0..sizes.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let linkage = |&(first, second): &(usize, usize)| together[[first, second]] / (sizes[first] * sizes[second]);
        let nearest = pairs.reduce(|best, pair| if linkage(&pair) > linkage(&best) { pair } else { best });
        let Some((kept, gone)) = nearest else { break };
        // The last group takes the number of the one that is gone.
        let last = sizes.len() - 1;
        for other in 0..sizes.len() {
            let sum = together[[kept, other]] + together[[gone, other]];
            together[[kept, other]] = sum;
            together[[other, kept]] = sum;
        }
        for other in 0..sizes.len() {
            together[[gone, other]] = together[[last, other]];
            together[[other, gone]] = together[[other, last]];
        }
        sizes[kept] += sizes[gone];
        sizes.swap_remove(gone);
        let renumbered = |group: usize| if group == gone { kept } else { group };
        groups
            .iter_mut()
            .for_each(|group| *group = if *group == last && last != gone { gone } else { renumbered(*group) });
    }
    groups
}

/// For every two groups of a run, in how many pairs of their spots, summed over runs, both lie in one group.
fn pairs_together(runs: &Runs, own: usize) -> Array2<f64> {
    let groups = runs.groups(own);
    let mut total = Array2::zeros((groups, groups));
    let mut table = Vec::new();
    for run in 0..runs.count() {
        runs.cross(runs.labels(own), groups, run, &mut table);
        let counts = Array2::from_shape_fn((groups, runs.groups(run)), |(row, column)| {
            table[row * runs.groups(run) + column] as f64
        });
        total += &counts.dot(&counts.t());
    }
    total
}

/// All runs in the labels of a reference with `k` groups, and which of their groups were matched.
fn align(runs: &Runs, reference: &[usize], k: usize) -> (Vec<Vec<usize>>, Vec<Vec<bool>>) {
    let reference: Vec<u16> = reference.iter().map(|&label| label as u16).collect();
    let one = |table: &mut Vec<u64>, run: usize| -> (Vec<usize>, Vec<bool>) {
        runs.cross(&reference, k, run, table);
        let (names, matched) = names(table, k, runs.groups(run));
        (runs.labels(run).iter().map(|&label| names[usize::from(label)]).collect(), matched)
    };
    (0..runs.count()).into_par_iter().map_init(Vec::new, one).unzip()
}

/// The reference's name for each of the `groups` of a run, from the counts of a table with `k` rows, and whether it was
/// matched.
fn names(table: &[u64], k: usize, groups: usize) -> (Vec<usize>, Vec<bool>) {
    let largest = |group: usize| {
        (1..k).fold(0, |best, row| if table[row * groups + group] > table[best * groups + group] { row } else { best })
    };
    let mut names: Vec<usize> = (0..groups).map(largest).collect();
    let mut matched = vec![false; groups];
    for (row, partner) in partners(k, groups, |row, column| table[row * groups + column]).into_iter().enumerate() {
        if let Some(group) = partner {
            names[group] = row;
            matched[group] = true;
        }
    }
    (names, matched)
}

/// The label that most runs give each spot. A tie keeps the `current` label where that is among them, so that half of
/// the runs cannot empty a domain; otherwise it goes to the lower one.
fn vote(current: &[usize], aligned: &[Vec<usize>], k: usize) -> Vec<usize> {
    let mut votes = Array2::<u32>::zeros((current.len(), k));
    for run in aligned {
        run.iter().enumerate().for_each(|(spot, &label)| votes[[spot, label]] += 1);
    }
    let better =
        |votes: ArrayView1<u32>, best: usize, label: usize| if votes[label] > votes[best] { label } else { best };
    let most =
        |(votes, &current): (ArrayView1<u32>, &usize)| (0..k).fold(current, |best, label| better(votes, best, label));
    votes.rows().into_iter().zip(current).map(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stability::pairwise;

    fn found(labels: &[Vec<usize>], k: usize) -> Consensus {
        let runs = Runs::new(labels).expect("labels");
        let agreement = pairwise(&runs, &Monitor::silent()).expect("pairs").ari;
        consensus(&runs, agreement.view(), k, &Monitor::silent()).expect("consensus")
    }

    #[test]
    fn an_outlying_run_is_outvoted_and_names_do_not_matter() {
        let labels = [vec![1, 1, 1, 0, 0, 2], vec![0, 0, 0, 2, 2, 1], vec![5, 5, 6, 6, 7, 7], vec![3, 3, 3, 3, 4, 5]];
        let consensus = found(&labels, 3);
        assert_eq!((consensus.labels.as_slice(), consensus.k), (&[0, 0, 0, 1, 1, 2][..], 3));
        assert_eq!(consensus.aligned[1], consensus.labels);
        assert_eq!(consensus.aligned[2], [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn runs_of_other_numbers_of_groups_take_part() {
        // Two runs see four domains, one joins the last two and one splits the first.
        let truth = vec![0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3];
        let fewer = vec![0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
        let more = vec![0, 0, 9, 9, 1, 1, 1, 2, 2, 3, 3];
        let consensus = found(&[truth.clone(), fewer, truth, more], 4);
        assert_eq!(consensus.labels, [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3]);
        assert_eq!(consensus.aligned[3], consensus.labels);
    }

    #[test]
    fn two_runs_that_differ_keep_all_domains_of_the_first() {
        let first = vec![0, 0, 0, 1, 1, 2];
        let consensus = found(&[first.clone(), vec![2, 1, 1, 0, 0, 0]], 3);
        assert_eq!((consensus.labels, consensus.k), (first, 3));
    }

    #[test]
    fn fewer_domains_join_those_that_runs_put_together() {
        let four = vec![0, 0, 1, 1, 2, 2, 3, 3];
        let joined = vec![0, 0, 1, 1, 2, 2, 2, 2];
        let labels = [four.clone(), four.clone(), four, joined.clone(), joined];
        assert_eq!(found(&labels, 3).labels, [1, 1, 2, 2, 0, 0, 0, 0]);
        assert_eq!(found(&labels, 4).k, 4);
    }
}
