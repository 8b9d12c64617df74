//! Which types of spots batches have in common, although they were measured differently.
//!
//! Standardising every batch takes away what its tissue is made of; standardising all together leaves how it was
//! measured. To tell these apart, spots of the same type have to be found across batches, before anything about the
//! batches is known. Within a batch types are found as usual. Between batches the logarithm of a gene's share in a type
//! differs by an amount that is the batch's alone, the same in all of its types: the types of a batch are those of the
//! others, moved by one vector. So the vector is looked for under which most types of the batch fall on others
//! (`register`). That gives levels of the batches, and with these types are found once more, in all spots of batches
//! that have any in common.

mod bulk;
mod register;

use crate::batches::Batches;
use crate::cluster::{KMeans, Points};
use crate::counts::Counts;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use crate::monitor::Monitor;
use crate::normalise::Normalisation;
use crate::preprocess::{FeatureParams, ScaledFeatures, leading_components, select_features};
use bulk::{Bulk, bulks};
use ndarray::{Array2, Axis};

/// Components in which types are found, and how often these are averaged over neighbours.
const DIMENSIONS: usize = 20;
const STEPS: usize = 2;
/// Types of a batch, or of batches together, at most; spots that each takes; and starts of k-means under a fixed seed:
/// what batches have in common does not depend on the user's seed.
const TYPES: usize = 15;
const SPOTS_A_TYPE: usize = 30;
const STARTS: usize = 5;
const FIXED_SEED: u64 = 20_261_126;

/// The type of each spot, numbered over all batches; none where there is one batch. `batch` is the batch number of each
/// spot. The cost is that of two decompositions, and of comparing each batch's types with all found before.
///
/// # Errors
/// As [`select_features`] and [`leading_components`].
pub fn shared_types(
    counts: &Counts,
    batch: &[usize],
    graph: &SpatialGraph,
    params: &FeatureParams,
    monitor: &Monitor,
) -> Result<Option<Vec<usize>>> {
    let batches = Batches::alike(batch);
    if batches.count() == 1 {
        return Ok(None);
    }
    let normalisation = Normalisation::MedianLog;
    let params = FeatureParams { normalisation, ..params.clone() };
    let averaged = |batches: &Batches| -> Result<(Array2<f64>, Vec<usize>)> {
        let features = select_features(counts, batches, graph, &params, monitor)?;
        let scaled = ScaledFeatures::new(counts, batches, normalisation, &features);
        let most = scaled.features().min(scaled.spots());
        let scores = leading_components(&scaled, DIMENSIONS.min(most), monitor)?.scores;
        Ok((diffuse(graph, scores.view(), STEPS), features.genes))
    };
    let (scores, genes) = averaged(&batches)?;
    let own = types_within(&scores, batch, monitor)?;
    let bulks: Vec<Bulk> = bulks(counts, &genes, batch, &own);
    let common = register::register(&bulks, monitor)?;
    let found: Vec<usize> = own.iter().zip(batch).map(|(&own, &batch)| common[batch][own]).collect();
    // With the levels that these types give, types can be found in all spots of the batches together.
    let (scores, _) = averaged(&Batches::made_of(batch, &found)?)?;
    let part = parts(&common);
    let part: Vec<usize> = batch.iter().map(|&own| part[own]).collect();
    let own = types_within(&scores, &part, monitor)?;
    Ok(Some(own.iter().zip(&part).map(|(&own, &part)| part * TYPES + own).collect()))
}

/// Batches that hang together by types that they have in common, numbered from 0.
fn parts(types: &[Vec<usize>]) -> Vec<usize> {
    let (batches, count) = (types.len(), types.iter().flatten().max().map_or(0, |last| last + 1));
    let holds = types.iter().enumerate().flat_map(|(batch, own)| own.iter().map(move |&own| (batch, batches + own)));
    let mut parts = SpatialGraph::from_edges(batches + count, holds).parts();
    parts.truncate(batches);
    parts
}

/// Types of the spots within each group, numbered in each from 0.
fn types_within(scores: &Array2<f64>, group: &[usize], monitor: &Monitor) -> Result<Vec<usize>> {
    let mut rows = vec![Vec::new(); group.iter().max().map_or(0, |last| last + 1)];
    group.iter().enumerate().for_each(|(spot, &own)| rows[own].push(spot));
    let mut types = vec![0; scores.nrows()];
    for rows in rows {
        let count = (rows.len() / SPOTS_A_TYPE).min(TYPES);
        if count > 1 {
            let points = Points::centred(scores.select(Axis(0), &rows));
            let found = KMeans::fit(&points, count, STARTS, FIXED_SEED, monitor)?;
            rows.iter().zip(found.labels).for_each(|(&spot, label)| types[spot] = label);
        }
    }
    Ok(types)
}
