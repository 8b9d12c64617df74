//! How far many labellings of the same spots agree, whatever method they come from: which pairs, spots and domains
//! change from run to run, and what all runs have in common.

mod coassignment;
mod consensus;
mod domains;
mod element_centric;
mod pairwise;
mod runs;
mod spots;

pub use coassignment::coassignment;
pub use consensus::{Consensus, consensus};
pub use domains::{DomainStability, domain_stability};
pub use element_centric::element_centric_similarity;
pub use pairwise::{Pairwise, pairwise};
pub use runs::Runs;
pub use spots::{SpotStability, spot_stability};

use crate::error::Result;
use crate::monitor::Monitor;

/// All measures of a set of runs.
#[derive(Clone, Debug)]
pub struct Stability {
    /// Agreement of every two runs.
    pub pairwise: Pairwise,
    /// What the runs have in common, and the runs in its labels.
    pub consensus: Consensus,
    /// How much each spot changes.
    pub spots: SpotStability,
    /// How well each domain of the consensus is found again.
    pub domains: Vec<DomainStability>,
}

/// Measures `runs` against each other and against their consensus of `k` domains.
///
/// # Errors
/// As [`consensus()`].
pub fn stability(runs: &Runs, k: usize, monitor: &Monitor) -> Result<Stability> {
    let pairwise = pairwise(runs, monitor)?;
    let consensus = consensus(runs, pairwise.ari.view(), k, monitor)?;
    let spots = spot_stability(runs, &consensus);
    let domains = domain_stability(runs, &consensus, monitor)?;
    Ok(Stability { pairwise, consensus, spots, domains })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::in_pool;
    use crate::error::Error;
    use crate::random::{Stream, stream};
    use proptest::prelude::*;
    use rand::Rng;
    use std::sync::atomic::AtomicBool;

    /// Runs that are the same partition but for a share of spots whose label is drawn anew, each under other names.
    fn noisy(runs: usize, spots: usize, k: usize, share: f64, seed: u64) -> Vec<Vec<usize>> {
        let mut rng = stream(seed, Stream::Layout);
        let run = |run: usize| {
            (0..spots)
                .map(|spot| {
                    let label = if rng.random_bool(share) { rng.random_range(0..k) } else { spot * k / spots };
                    (label + run) % k
                })
                .collect()
        };
        (0..runs).map(run).collect()
    }

    #[test]
    fn the_partition_behind_noisy_runs_is_found_and_its_border_is_less_stable() -> Result<()> {
        let mut labels = noisy(30, 400, 4, 0.05, 3);
        // Spots 100 to 119 belong to either of two domains.
        for (run, labels) in labels.iter_mut().enumerate().filter(|(run, _)| run % 2 == 0) {
            labels[100..120].fill(run % 4);
        }
        let found = stability(&Runs::new(&labels)?, 4, &Monitor::silent())?;
        let truth: Vec<usize> = (0..400).map(|spot| spot / 100).collect();
        assert!(crate::metrics::adjusted_rand_index(&truth, &found.consensus.labels) > 0.8);
        assert_eq!(found.consensus.k, 4);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert!(mean(&found.spots.support[100..120]) < 0.7 && mean(&found.spots.support[120..]) > 0.9);
        assert!(mean(&found.spots.stability[100..120]) < mean(&found.spots.stability[120..]));
        assert!(mean(&found.pairwise.consistency[100..120]) < mean(&found.pairwise.consistency[120..]));
        assert!(found.domains.iter().all(|domain| domain.lowest <= domain.mean && domain.mean > 0.7));
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads() -> Result<()> {
        let labels = noisy(23, 300, 5, 0.3, 8);
        let runs = Runs::new(&labels)?;
        let [one, three] = [1, 3].map(|threads| in_pool(threads, || stability(&runs, 5, &Monitor::silent())));
        let (one, three) = (one?, three?);
        assert_eq!(one.pairwise, three.pairwise);
        assert_eq!(one.consensus, three.consensus);
        assert_eq!(one.spots, three.spots);
        assert_eq!(one.domains, three.domains);
        Ok(())
    }

    #[test]
    fn one_run_agrees_with_itself() -> Result<()> {
        let found = stability(&Runs::new(&[vec![7, 7, 2, 2, 7]])?, 2, &Monitor::silent())?;
        assert_eq!(found.consensus.labels, [0, 0, 1, 1, 0]);
        assert_eq!(found.consensus.aligned, [[0, 0, 1, 1, 0]]);
        assert_eq!(found.pairwise.consistency, [1.0; 5]);
        assert_eq!(found.spots.stability, [1.0; 5]);
        assert_eq!(found.domains[1], DomainStability { spots: 2, mean: 1.0, lowest: 1.0 });
        Ok(())
    }

    #[test]
    fn stops_when_told_and_names_what_does_not_fit() -> Result<()> {
        let runs = Runs::new(&noisy(4, 40, 3, 0.1, 1))?;
        let stopped = AtomicBool::new(true);
        let outcome = stability(&runs, 3, &Monitor::new(&stopped, &|_| {}));
        assert!(matches!(outcome, Err(Error::Interrupted)));
        for k in [0, 4] {
            let outcome = stability(&runs, k, &Monitor::silent());
            assert!(matches!(outcome, Err(Error::Argument { argument: "k", .. })));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn measures_stay_in_their_ranges_and_blind_to_names(
            runs in 1usize..7, spots in 6usize..50, k in 2usize..6, share in 0.0f64..1.0, seed in 0u64..500,
        ) {
            let labels = noisy(runs, spots, k, share, seed);
            let most = labels.iter().map(|run| Runs::new(&[run]).expect("labels").groups(0)).max().expect("a run");
            let k = k.min(most);
            let found = stability(&Runs::new(&labels).expect("labels"), k, &Monitor::silent()).expect("measures");
            let within = |values: &[f64]| values.iter().all(|value| (0.0..=1.0).contains(value));
            prop_assert!(within(&found.pairwise.consistency) && within(&found.spots.support));
            prop_assert!(within(&found.spots.stability));
            prop_assert!(found.consensus.aligned.iter().flatten().all(|&label| label < found.consensus.k));
            prop_assert_eq!(found.domains.iter().map(|domain| domain.spots).sum::<usize>(), spots);
            prop_assert!(found.domains.iter().all(|domain| 0.0 < domain.lowest && domain.mean <= 1.0));
            let renamed: Vec<Vec<usize>> =
                labels.iter().map(|run| run.iter().map(|label| 3 * (k + 5 - label)).collect()).collect();
            let again = stability(&Runs::new(&renamed).expect("labels"), k, &Monitor::silent()).expect("measures");
            prop_assert_eq!(found.pairwise, again.pairwise);
        }
    }
}
