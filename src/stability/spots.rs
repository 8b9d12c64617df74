//! How much each spot changes from run to run.

use super::consensus::Consensus;
use super::runs::Runs;

/// How much each spot changes; all vectors have one value a spot.
#[derive(Clone, Debug, PartialEq)]
pub struct SpotStability {
    /// Share of the runs that, in the labels of the consensus, give the spot its consensus domain.
    pub support: Vec<f64>,
    /// Entropy of the spot's labels over the runs, in nats. All groups that a run has left over, without a domain of
    /// the consensus, are one label more.
    pub entropy: Vec<f64>,
    /// 1 − entropy / the largest it can be with so many labels and runs: from 0 (as uncertain as possible) to 1 (always
    /// the same).
    pub stability: Vec<f64>,
}

/// Measures every spot on the labels of `runs` in those of their consensus.
pub fn spot_stability(runs: &Runs, consensus: &Consensus) -> SpotStability {
    let left_over = consensus.matched.iter().any(|groups| groups.contains(&false));
    let labels = consensus.k + usize::from(left_over);
    let largest = (labels.min(runs.count()) as f64).ln();
    let mut found = SpotStability { support: Vec::new(), entropy: Vec::new(), stability: Vec::new() };
    for (spot, &own) in consensus.labels.iter().enumerate() {
        let mut counts = vec![0u32; labels];
        let mut agreeing = 0;
        for (run, (aligned, matched)) in consensus.aligned.iter().zip(&consensus.matched).enumerate() {
            let known = matched[usize::from(runs.labels(run)[spot])];
            counts[if known { aligned[spot] } else { consensus.k }] += 1;
            agreeing += u32::from(aligned[spot] == own);
        }
        let share = |count: u32| f64::from(count) / runs.count() as f64;
        let shares = counts.iter().filter(|&&count| count > 0).map(|&count| share(count));
        // The sum of one share of 1 would be −0.
        let entropy = shares.map(|share| -share * share.ln()).sum::<f64>().max(0.0);
        found.support.push(share(agreeing));
        found.entropy.push(entropy);
        found.stability.push(if largest > 0.0 { (1.0 - entropy / largest).clamp(0.0, 1.0) } else { 1.0 });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::monitor::Monitor;
    use crate::stability::{consensus, pairwise};

    fn measured(labels: &[Vec<usize>], k: usize) -> Result<SpotStability> {
        let runs = Runs::new(labels)?;
        let agreement = pairwise(&runs, &Monitor::silent())?.ari;
        Ok(spot_stability(&runs, &consensus(&runs, agreement.view(), k, &Monitor::silent())?))
    }

    #[test]
    fn known_values() -> Result<()> {
        let runs = [vec![0, 0, 0, 0, 1, 1], vec![0, 0, 0, 0, 1, 1], vec![1, 1, 1, 0, 0, 0], vec![0, 0, 0, 1, 1, 1]];
        let found = measured(&runs, 2)?;
        assert_eq!(found.support, [1.0, 1.0, 1.0, 0.5, 1.0, 1.0]);
        assert!((found.entropy[3] - 2f64.ln()).abs() < 1e-12 && found.stability[3].abs() < 1e-12);
        assert!(found.entropy[0] == 0.0 && found.stability[0] == 1.0);
        Ok(())
    }

    #[test]
    fn groups_without_a_domain_count_as_change() -> Result<()> {
        // Each run puts another spot apart: the consensus has one domain, and these spots are not stable.
        let apart = |own: usize| (0..10).map(|spot| usize::from(spot == own)).collect::<Vec<_>>();
        let found = measured(&[apart(0), apart(1), apart(2), apart(3)], 2)?;
        assert!(found.support.iter().all(|&support| support == 1.0));
        assert!(found.stability[..4].iter().all(|&stability| stability < 0.5));
        assert!(found.stability[4..].iter().all(|&value| value == 1.0));
        Ok(())
    }

    #[test]
    fn two_runs_can_be_as_uncertain_as_possible() -> Result<()> {
        let found = measured(&[vec![0, 0, 1, 1, 2, 2], vec![0, 1, 1, 2, 2, 0]], 3)?;
        assert!(found.stability.contains(&0.0));
        Ok(())
    }
}
