//! What the losses of several slices compare with: prototypes of groups, and the most similar spots of every slice.
//! Both are found from the embedding every few epochs and are constants in between.

use super::params::TrainParams;
use crate::cluster::{KMeans, Points};
use crate::error::Result;
use crate::loss::{PrototypeLevel, ScaleNeighbours};
use crate::monitor::Monitor;
use crate::neighbours::with_unit_rows;
use candle_core::{Device, Tensor};
use ndarray::{Array2, ArrayView2};

/// Epochs between two searches.
const INTERVAL: usize = 10;
/// Numbers of prototypes relative to the coarsest level's (Spotscape, arXiv 2506.15698).
const GRANULARITIES: [f64; 3] = [1.0, 1.5, 2.0];
/// Most similar spots compared in each slice (there too).
const TOP: usize = 5;
/// Starts of the first search for prototypes, under a seed that is the same for everybody.
const STARTS: usize = 8;
const FIXED_SEED: u64 = 0x5052_4f54;

/// Targets of the losses between slices.
pub(super) struct SliceTargets {
    /// Prototypes of each granularity; none when that loss has weight 0.
    pub levels: Vec<PrototypeLevel>,
    /// The most similar spots; none when that loss has weight 0.
    pub neighbours: Option<ScaleNeighbours>,
    groups: Vec<Vec<usize>>,
    found: usize,
}

impl SliceTargets {
    /// Whether `epoch` needs a search that `found` does not hold.
    pub fn outdated(found: Option<&SliceTargets>, epoch: usize) -> bool {
        found.is_none_or(|targets| epoch >= targets.found + INTERVAL)
    }

    /// Searches in an `embedding` (spots x latent). The groups of the search before are where the next one begins, so
    /// that prototypes move with the embedding and do not jump.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn search(
        embedding: ArrayView2<f64>,
        slice: &[usize],
        params: &TrainParams,
        before: Option<SliceTargets>,
        epoch: usize,
        monitor: &Monitor,
    ) -> Result<Self> {
        let groups = match (before, params.prototype > 0.0) {
            (_, false) => Vec::new(),
            (before, true) => groups(embedding, params.prototypes, before.map(|targets| targets.groups), monitor)?,
        };
        let levels = groups.iter().map(|groups| level(embedding, groups)).collect::<Result<_>>()?;
        let neighbours = match params.scale > 0.0 {
            true => Some(ScaleNeighbours::search(embedding, embedding, slice, TOP, monitor)?),
            false => None,
        };
        Ok(SliceTargets { levels, neighbours, groups, found: epoch })
    }
}

/// Numbers of prototypes: ⌊k·g₁⌋, then at least one more than the level before and ⌈k·g⌉; no more than spots.
fn counts(coarsest: usize, spots: usize) -> Vec<usize> {
    let mut counts: Vec<usize> = Vec::new();
    for granularity in GRANULARITIES {
        let scaled = coarsest as f64 * granularity;
        let count = counts.last().map_or(scaled.floor() as usize, |&last| (last + 1).max(scaled.ceil() as usize));
        counts.push(count.clamp(1, spots));
    }
    counts
}

fn groups(
    embedding: ArrayView2<f64>,
    coarsest: usize,
    before: Option<Vec<Vec<usize>>>,
    monitor: &Monitor,
) -> Result<Vec<Vec<usize>>> {
    let points = Points::new(with_unit_rows(embedding).view(), "embedding")?;
    let counts = counts(coarsest, points.count());
    let group = |(level, &count): (usize, &usize)| {
        let fit = match &before {
            Some(groups) => KMeans::from_labels(&points, &groups[level], count, monitor)?,
            None => KMeans::fit(&points, count, STARTS, FIXED_SEED, monitor)?,
        };
        Ok(fit.labels)
    };
    counts.iter().enumerate().map(group).collect()
}

/// The mean direction of each group.
fn level(embedding: ArrayView2<f64>, groups: &[usize]) -> Result<PrototypeLevel> {
    let unit = with_unit_rows(embedding);
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let mut centres = Array2::<f64>::zeros((count, unit.ncols()));
    unit.rows().into_iter().zip(groups).for_each(|(row, &group)| {
        let mut centre = centres.row_mut(group);
        centre += &row;
    });
    let values: Vec<f32> = centres.iter().map(|&value| value as f32).collect();
    let assignment: Vec<u32> = groups.iter().map(|&group| group as u32).collect();
    Ok(PrototypeLevel {
        centres: Tensor::from_vec(values, centres.dim(), &Device::Cpu)?,
        assignment: Tensor::new(assignment, &Device::Cpu)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_more_prototypes() {
        assert_eq!(counts(7, 1000), [7, 11, 14]);
        assert_eq!(counts(1, 1000), [1, 2, 3]);
        assert_eq!(counts(7, 9), [7, 9, 9]);
    }
}
