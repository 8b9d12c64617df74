//! How much each spot changes from run to run.

use super::consensus::Consensus;

/// How much each spot changes; all vectors have one value a spot.
#[derive(Clone, Debug, PartialEq)]
pub struct SpotStability {
    /// Share of the runs that, in the labels of the consensus, give the spot its consensus domain.
    pub support: Vec<f64>,
    /// Entropy of the spot's labels over the runs, in nats.
    pub entropy: Vec<f64>,
    /// 1 − entropy / ln k, from 0 (every domain equally often) to 1 (always the same).
    pub stability: Vec<f64>,
}

/// Measures every spot on the aligned labels of a consensus.
pub fn spot_stability(consensus: &Consensus) -> SpotStability {
    let runs = consensus.aligned.len() as f64;
    let mut found = SpotStability { support: Vec::new(), entropy: Vec::new(), stability: Vec::new() };
    let largest = (consensus.k as f64).ln();
    for (spot, &label) in consensus.labels.iter().enumerate() {
        let mut counts = vec![0u32; consensus.k];
        consensus.aligned.iter().for_each(|run| counts[run[spot]] += 1);
        let shares = counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / runs);
        // The sum of one share of 1 would be −0.
        let entropy = shares.map(|share| -share * share.ln()).sum::<f64>().max(0.0);
        found.support.push(f64::from(counts[label]) / runs);
        found.entropy.push(entropy);
        found.stability.push(if largest > 0.0 { (1.0 - entropy / largest).clamp(0.0, 1.0) } else { 1.0 });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let aligned = vec![vec![0, 0, 1], vec![0, 1, 0], vec![0, 0, 1], vec![0, 1, 1]];
        let found = spot_stability(&Consensus { labels: vec![0, 0, 1], k: 2, aligned });
        assert_eq!(found.support, [1.0, 0.5, 0.75]);
        let quarters = -(0.25f64 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
        let expected = [0.0, 2f64.ln(), quarters];
        assert!(found.entropy.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-12));
        assert!((found.stability[0] - 1.0).abs() < 1e-12 && found.stability[1].abs() < 1e-12);
    }
}
