//! How well each domain of the consensus is found again.

use super::consensus::Consensus;
use super::runs::Runs;
use crate::error::Result;
use crate::monitor::Monitor;

/// How well one domain is found again.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainStability {
    /// Spots of the domain.
    pub spots: usize,
    /// Mean over the runs of the Jaccard index between the domain and the most similar group of the run, from 0 to 1.
    pub mean: f64,
    /// The lowest of them.
    pub lowest: f64,
}

/// Cluster-wise stability (Hennig 2007, Computational Statistics & Data Analysis 52:258) of the domains of a consensus,
/// with the runs in the place of resampled data: a domain that is mostly above 0.75 is there in every run, one below
/// 0.5 dissolves.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn domain_stability(runs: &Runs, consensus: &Consensus, monitor: &Monitor) -> Result<Vec<DomainStability>> {
    let labels: Vec<u16> = consensus.labels.iter().map(|&label| label as u16).collect();
    let mut sizes = vec![0u64; consensus.k];
    consensus.labels.iter().for_each(|&label| sizes[label] += 1);
    let mut found: Vec<DomainStability> =
        sizes.iter().map(|&size| DomainStability { spots: size as usize, mean: 0.0, lowest: 1.0 }).collect();
    let mut table = Vec::new();
    for run in 0..runs.count() {
        monitor.check()?;
        runs.cross(&labels, consensus.k, run, &mut table);
        for ((domain, counts), &size) in found.iter_mut().zip(table.chunks_exact(runs.groups(run))).zip(&sizes) {
            let jaccard = |(&shared, &group): (&u64, &u64)| shared as f64 / (size + group - shared) as f64;
            let most = counts.iter().zip(runs.sizes(run)).map(jaccard).fold(0.0, f64::max);
            domain.mean += most;
            domain.lowest = domain.lowest.min(most);
        }
    }
    found.iter_mut().for_each(|domain| domain.mean /= runs.count() as f64);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() -> Result<()> {
        // The second run moves one spot of the first domain into the second one.
        let runs = Runs::new(&[vec![0, 0, 0, 1, 1], vec![0, 0, 1, 1, 1]])?;
        let labels = vec![0, 0, 0, 1, 1];
        let aligned = vec![labels.clone(), vec![0, 0, 1, 1, 1]];
        let consensus = Consensus { labels, k: 2, aligned, matched: vec![vec![true; 2]; 2] };
        let found = domain_stability(&runs, &consensus, &Monitor::silent())?;
        let two_thirds = 2.0 / 3.0;
        for (domain, spots) in found.iter().zip([3, 2]) {
            assert_eq!(domain.spots, spots);
            assert!((domain.lowest - two_thirds).abs() < 1e-12);
            assert!((domain.mean - 0.5 * (1.0 + two_thirds)).abs() < 1e-12);
        }
        Ok(())
    }
}
