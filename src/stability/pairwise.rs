//! Agreement of every two runs.

use super::element_centric;
use super::runs::Runs;
use crate::error::Result;
use crate::metrics::rand_index_of_counts;
use crate::monitor::{Monitor, Progress};
use ndarray::Array2;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs whose pairs are summed together; fixed, so that sums do not depend on threads.
const BLOCK: usize = 4;

/// Agreement of every two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairwise {
    /// Adjusted Rand index of every two runs, runs x runs.
    pub ari: Array2<f64>,
    /// Element-centric consistency of each spot: its mean element-centric similarity over all pairs of runs, from 0
    /// to 1; 1 for a single run.
    pub consistency: Vec<f64>,
}

/// The pairs whose first run lies in one block.
struct Block {
    indices: Vec<(usize, usize, f64)>,
    similarity: Vec<f64>,
}

/// Compares every two runs. Time grows with runs² x spots, memory with runs² and with what the labels take.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn pairwise(runs: &Runs, monitor: &Monitor) -> Result<Pairwise> {
    let blocks = runs.count().div_ceil(BLOCK);
    let done = AtomicUsize::new(0);
    let compared = |block: usize| {
        let compared = compare(runs, block, monitor)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "comparing runs", done, total: blocks, objective: None })?;
        Ok(compared)
    };
    let blocks: Vec<Block> = (0..blocks).into_par_iter().map(compared).collect::<Result<_>>()?;
    let mut ari = Array2::eye(runs.count());
    let mut consistency = vec![0.0; runs.spots()];
    for block in &blocks {
        for &(first, second, value) in &block.indices {
            ari[[first, second]] = value;
            ari[[second, first]] = value;
        }
        consistency.iter_mut().zip(&block.similarity).for_each(|(total, value)| *total += value);
    }
    let pairs = runs.count() * (runs.count() - 1) / 2;
    consistency.iter_mut().for_each(|total| *total = if pairs > 0 { (*total / pairs as f64).min(1.0) } else { 1.0 });
    Ok(Pairwise { ari, consistency })
}

fn compare(runs: &Runs, block: usize, monitor: &Monitor) -> Result<Block> {
    let (mut table, mut values) = (Vec::new(), Vec::new());
    let mut compared = Block { indices: Vec::new(), similarity: vec![0.0; runs.spots()] };
    for first in block * BLOCK..((block + 1) * BLOCK).min(runs.count()) {
        for second in first + 1..runs.count() {
            monitor.check()?;
            runs.cross(runs.labels(first), runs.groups(first), second, &mut table);
            let (rows, columns) = (runs.sizes(first), runs.sizes(second));
            compared.indices.push((first, second, rand_index_of_counts(table.iter().copied(), rows, columns)));
            element_centric::of_table(&table, rows, columns, &mut values);
            element_centric::add(runs, first, second, &values, &mut compared.similarity);
        }
    }
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::adjusted_rand_index;

    #[test]
    fn every_pair_is_compared_as_two_partitions_are() -> Result<()> {
        let labels: Vec<Vec<usize>> = (0..11)
            .map(|run| (0..60).map(|spot| (spot * (run + 1) / 7 + spot / 20) % (2 + run % 3)).collect())
            .collect();
        let runs = Runs::new(&labels)?;
        let found = pairwise(&runs, &Monitor::silent())?;
        let mut consistency = vec![0.0; 60];
        for first in 0..11 {
            for second in 0..11 {
                let expected = adjusted_rand_index(&labels[first], &labels[second]);
                assert!((found.ari[[first, second]] - expected).abs() < 1e-12);
                if first < second {
                    let values = element_centric::element_centric_similarity(&runs, first, second);
                    consistency.iter_mut().zip(values).for_each(|(total, value)| *total += value / 55.0);
                }
            }
        }
        let close = |(one, other): (&f64, &f64)| (one - other).abs() < 1e-12;
        assert!(found.consistency.iter().zip(&consistency).all(close));
        Ok(())
    }
}
