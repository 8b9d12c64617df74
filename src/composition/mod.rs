//! Which types of spots batches have in common, although they were measured differently.
//!
//! Standardising every batch takes away what its tissue is made of; standardising all together leaves how it was
//! measured. To tell these apart, spots of the same type have to be found across batches, before anything about the
//! batches is known. Within a batch types are found as usual ([`types`]). Between batches the logarithm of a gene's
//! share in a type differs by an amount that is the batch's alone, the same in all of its types: the types of a batch are
//! those of the others, moved by one vector. So the vector is looked for under which most types of the batch fall on
//! others ([`register`]).

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
/// Types of a batch at most, spots that each takes, and starts of k-means under a fixed seed: what batches are does not
/// depend on the user's seed.
const TYPES: usize = 15;
const SPOTS_A_TYPE: usize = 30;
const STARTS: usize = 5;
const FIXED_SEED: u64 = 20_261_126;

/// The type of each spot, numbered over all batches; none where there is one batch. `batch` is the batch number of each
/// spot. The cost is that of a decomposition, and linear in batches.
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
    let features = select_features(counts, &batches, graph, &params, monitor)?;
    let scaled = ScaledFeatures::new(counts, &batches, normalisation, &features);
    let most = scaled.features().min(scaled.spots());
    let scores = leading_components(&scaled, DIMENSIONS.min(most), monitor)?.scores;
    let own = own_types(&diffuse(graph, scores.view(), STEPS), &batches, monitor)?;
    let bulks: Vec<Bulk> = bulks(counts, &features.genes, batch, &own);
    let common = register::register(&bulks, monitor)?;
    Ok(Some(own.iter().zip(batch).map(|(&own, &batch)| common[batch][own]).collect()))
}

/// Types of the spots of each batch, numbered in each from 0.
fn own_types(scores: &Array2<f64>, batches: &Batches, monitor: &Monitor) -> Result<Vec<usize>> {
    let mut rows = vec![Vec::new(); batches.count()];
    batches.number().iter().enumerate().for_each(|(spot, &own)| rows[own].push(spot));
    let mut types = vec![0; scores.nrows()];
    for rows in rows {
        let count = (rows.len() / SPOTS_A_TYPE).min(TYPES);
        // Spots that are all alike are one type.
        let Ok(points) = Points::new(scores.select(Axis(0), &rows).view(), "x") else { continue };
        if count > 1 {
            let found = KMeans::fit(&points, count, STARTS, FIXED_SEED, monitor)?;
            rows.iter().zip(found.labels).for_each(|(&spot, label)| types[spot] = label);
        }
    }
    Ok(types)
}
