//! Standardised features, made block by block and never stored whole.

use super::features::Features;
use crate::batches::Batches;
use crate::counts::Counts;
use crate::normalise::{Depth, Normalisation};
use ndarray::{Array2, Zip};
use std::ops::Range;

/// Standardised values are clipped at ± this many standard deviations.
const CLIP: f64 = 10.0;

/// Standardised values, spots x features, that are made dense a few spots at a time.
pub trait Standardised: Sync {
    /// Number of spots.
    fn spots(&self) -> usize;
    /// Values of a range of spots, spots x features.
    fn block(&self, spots: Range<usize>) -> Array2<f64>;
}

/// A gene that was not chosen.
const NO_FEATURE: u32 = u32::MAX;

impl Standardised for ScaledFeatures<'_> {
    fn spots(&self) -> usize {
        ScaledFeatures::spots(self)
    }

    fn block(&self, spots: Range<usize>) -> Array2<f64> {
        ScaledFeatures::block(self, spots)
    }
}

impl Standardised for Array2<f64> {
    fn spots(&self) -> usize {
        self.nrows()
    }

    fn block(&self, spots: Range<usize>) -> Array2<f64> {
        self.slice(ndarray::s![spots, ..]).to_owned()
    }
}

/// The spots x features matrix of normalised values, centred and scaled to unit variance within each batch and
/// clipped at ±10. Counts are read where they are; [`ScaledFeatures::block`] makes any range of spots dense.
pub struct ScaledFeatures<'a> {
    counts: Counts<'a>,
    depth: Depth,
    /// Column of each gene of the counts, [`NO_FEATURE`] for one that is not chosen.
    feature_of: Vec<u32>,
    /// Batches x features.
    shares: Array2<f64>,
    means: Array2<f64>,
    scales: Array2<f64>,
}

impl<'a> ScaledFeatures<'a> {
    /// The chosen genes of the counts.
    pub fn new(counts: &Counts<'a>, batches: &Batches, normalisation: Normalisation, features: &Features) -> Self {
        Self::of_depth(counts, Depth::new(counts, batches, normalisation), features)
    }

    /// Other spots, of one batch, on the scale of `features` of a batch of `spots`. Of [`Normalisation::MedianLog`] the
    /// scale is not among these.
    pub fn on_scale_of(counts: &Counts<'a>, normalisation: Normalisation, features: &Features, spots: usize) -> Self {
        let depth = Depth::new(counts, &Batches::alike(&vec![0; counts.spots()]), normalisation);
        Self::of_depth(counts, depth.clipped_as(spots), features)
    }

    fn of_depth(counts: &Counts<'a>, depth: Depth, features: &Features) -> Self {
        let mut feature_of = vec![NO_FEATURE; counts.genes()];
        for (feature, &gene) in features.genes.iter().enumerate() {
            feature_of[gene] = feature as u32;
        }
        let scales = features.deviations.mapv(scale);
        let (shares, means) = (features.shares.clone(), features.means.clone());
        ScaledFeatures { counts: *counts, depth, feature_of, shares, means, scales }
    }

    /// Number of spots.
    pub fn spots(&self) -> usize {
        self.counts.spots()
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.shares.ncols()
    }

    /// Standardised values of a range of spots, spots x features.
    pub fn block(&self, spots: Range<usize>) -> Array2<f64> {
        let mut block = Array2::zeros((spots.len(), self.features()));
        for (mut row, spot) in block.rows_mut().into_iter().zip(spots) {
            let batch = self.depth.batches().number()[spot];
            let (shares, means, scales) = (self.shares.row(batch), self.means.row(batch), self.scales.row(batch));
            let standardised = |value: f64, mean: f64, scale: f64| ((value - mean) * scale).clamp(-CLIP, CLIP);
            self.depth.zeros(spot, shares, row.view_mut());
            Zip::from(&mut row).and(means).and(scales).for_each(|value, &mean, &scale| {
                *value = standardised(*value, mean, scale);
            });
            let (genes, values) = self.counts.spot(spot);
            let stored = genes.iter().zip(values).map(|(&gene, &count)| (self.feature_of[gene as usize], count));
            for (feature, count) in stored.filter(|&(feature, _)| feature != NO_FEATURE) {
                let feature = feature as usize;
                let value = self.depth.value(count, spot, shares[feature]);
                row[feature] = standardised(value, means[feature], scales[feature]);
            }
        }
        block
    }
}

/// One gene's standardised values at all spots, as in its column of [`ScaledFeatures`], from its stored counts.
pub fn standardised_gene(depth: &Depth, spots: &[i32], counts: &[f64]) -> Vec<f64> {
    let mut values = depth.gene(spots, counts, &depth.shares(spots, counts));
    let levels = depth.batches().levels(&values);
    for (value, &batch) in values.iter_mut().zip(depth.batches().number()) {
        *value = ((*value - levels.means[batch]) * scale(levels.deviations[batch])).clamp(-CLIP, CLIP);
    }
    values
}

/// What a gene is multiplied by: one that does not vary in a batch carries nothing there.
fn scale(deviation: f64) -> f64 {
    if deviation > 1e-6 { 1.0 / deviation } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SpatialGraph;
    use crate::monitor::Monitor;
    use crate::preprocess::{FeatureParams, select_features};
    use ndarray::Axis;

    /// All standardised values: they are the same in parts, and gene by gene.
    fn block_that_agrees(
        counts: &Counts,
        batches: &Batches,
        graph: &SpatialGraph,
        normalisation: Normalisation,
    ) -> Array2<f64> {
        let params = FeatureParams { normalisation, ..FeatureParams::default() };
        let features = select_features(counts, batches, graph, &params, &Monitor::silent()).unwrap();
        let scaled = ScaledFeatures::new(counts, batches, normalisation, &features);
        let whole = scaled.block(0..8);
        assert_eq!(whole.slice(ndarray::s![3..8, ..]), scaled.block(3..8));
        let (depth, by_gene) = (Depth::new(counts, batches, normalisation), counts.gene_blocks().next().unwrap());
        for (feature, &gene) in features.genes.iter().enumerate() {
            let stored = by_gene.gene(gene);
            let alone = standardised_gene(&depth, stored.spots, stored.values);
            assert!(whole.column(feature).iter().zip(alone).all(|(one, other)| (one - other).abs() < 1e-12));
        }
        whole
    }

    #[test]
    fn every_batch_is_centred_with_unit_variance_and_blocks_join_up() {
        let genes = 5;
        let values: Vec<f64> = (0..8 * genes).map(|entry| ((entry * entry * 7 + 3) % 11 + 1) as f64).collect();
        let offsets: Vec<i32> = (0..=8).map(|spot| spot * genes as i32).collect();
        let rows: Vec<i32> = (0..8).flat_map(|_| 0..genes as i32).collect();
        let counts = Counts::new(genes, 8, &offsets, &rows, &values).unwrap();
        let batches = Batches::alike(&[0, 0, 0, 0, 1, 1, 1, 1]);
        let graph = SpatialGraph::from_edges(8, [(0, 1), (4, 5)]);
        for normalisation in [Normalisation::Log, Normalisation::Pearson] {
            let whole = block_that_agrees(&counts, &batches, &graph, normalisation);
            let types = Batches::made_of(batches.number(), &[0, 0, 1, 1, 0, 1, 1, 1]).unwrap();
            assert!(whole != block_that_agrees(&counts, &types, &graph, normalisation));
            for half in whole.axis_chunks_iter(Axis(0), 4) {
                assert!(half.mean_axis(Axis(0)).unwrap().iter().all(|mean| mean.abs() < 1e-12));
                assert!(half.var_axis(Axis(0), 0.0).iter().all(|variance| (variance - 1.0).abs() < 1e-10));
            }
        }
    }
}
