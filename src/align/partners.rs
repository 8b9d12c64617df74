//! Reference spots around the new place of a moved spot: they refine the map and carry labels over.

use super::transform::{Family, Place, Transform, squared_distance};
use crate::error::Result;
use crate::median::median;
use crate::monitor::Monitor;
use ndarray::Array2;
use rayon::prelude::*;
use rstar::{PointDistance, RTree, primitives::GeomWithData};

/// How far a partner may lie from the new place, in spacings of the reference: two rings around a spot.
const REACH: f64 = 2.5;
/// Partners of a spot at most; a lattice has 19 (hexagonal) or 21 (square).
const MOST: usize = 64;
/// Rounds of the refinement at most.
const ROUNDS: usize = 50;

/// A reference spot near the new place of a moved spot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partner {
    /// Row in the reference.
    pub reference: usize,
    /// Similarity in the embedding, above 0; those of a spot sum to 1.
    pub weight: f64,
}

/// A reference spot nearby and its squared distance in the embedding.
type Candidate = (usize, f64);

/// The places of the reference, and both embeddings: that of the moving slice first.
pub(super) struct Surroundings<'a> {
    tree: RTree<GeomWithData<Place, usize>>,
    places: &'a [Place],
    reach: f64,
    embeddings: &'a [Array2<f64>; 2],
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(places: &'a [Place], spacing: f64, embeddings: &'a [Array2<f64>; 2]) -> Self {
        let points = places.iter().enumerate().map(|(spot, &place)| GeomWithData::new(place, spot));
        Surroundings { tree: RTree::bulk_load(points.collect()), places, reach: REACH * spacing, embeddings }
    }

    /// Reference spots around a place, the most similar to the moved spot first.
    fn candidates(&self, spot: usize, place: Place) -> Vec<Candidate> {
        let own = self.embeddings[0].row(spot);
        let near = self.tree.nearest_neighbor_iter(&place);
        let near = near.take_while(|point| point.distance_2(&place) <= self.reach * self.reach).take(MOST);
        let measured = near.map(|point| {
            let other = self.embeddings[1].row(point.data);
            (point.data, own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum())
        });
        let mut candidates: Vec<Candidate> = measured.collect();
        candidates.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        candidates
    }

    fn all_candidates(&self, map: &Transform, from: &[Place]) -> Vec<Vec<Candidate>> {
        from.par_iter().enumerate().map(|(spot, &place)| self.candidates(spot, map.apply(place))).collect()
    }

    /// Iterated closest points (Besl & McKay 1992, IEEE Transactions on Pattern Analysis and Machine Intelligence 14,
    /// 239-256) where closest is the reference spot nearby that is the most similar in the embedding. `trust` is the
    /// weight of each spot: one without an agreeing match says nothing about the map.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub(super) fn refine(
        &self,
        start: Transform,
        from: &[Place],
        trust: &[f64],
        family: Family,
        monitor: &Monitor,
    ) -> Result<Transform> {
        let mut map = start;
        for _ in 0..ROUNDS {
            monitor.check()?;
            let before = map;
            let candidates = self.all_candidates(&before, from);
            let scale = typical(&candidates);
            let pairs = candidates.iter().zip(from).zip(trust).filter_map(|((candidates, &place), trust)| {
                let &(reference, difference) = candidates.first()?;
                let weight = trust * similarity(difference, scale) * self.agreement(before.apply(place), reference);
                Some((place, self.places[reference], weight))
            });
            // Nothing nearby to refine with leaves the map as it is.
            map = Transform::fit(family, start.mirrored(), pairs).unwrap_or(before);
            if map == before {
                break;
            }
        }
        Ok(map)
    }

    /// Tukey's biweight of how far a reference spot lies from a place: most spots are as like the spot beside their own
    /// as their own, and such partners only add noise.
    fn agreement(&self, place: Place, reference: usize) -> f64 {
        let share = squared_distance(place, self.places[reference]) / (self.reach * self.reach);
        (1.0 - share).max(0.0).powi(2)
    }

    /// Partners of all moved spots, the most similar first.
    pub(super) fn partners(&self, map: &Transform, from: &[Place]) -> Vec<Vec<Partner>> {
        let candidates = self.all_candidates(map, from);
        let scale = typical(&candidates);
        let weighted = candidates.iter().map(|candidates| {
            // Relative to the most similar one: a spot unlike all of them still has partners.
            let least = candidates.first().map_or(0.0, |first| first.1);
            let weight = |&(_, difference): &Candidate| similarity(difference - least, scale);
            let total: f64 = candidates.iter().map(weight).sum();
            let partner = |candidate: &Candidate| (candidate.0, weight(candidate) / total);
            let partners = candidates.iter().map(partner).filter(|(_, weight)| *weight > 0.0);
            partners.map(|(reference, weight)| Partner { reference, weight }).collect()
        });
        weighted.collect()
    }
}

/// exp(−d² / scale).
fn similarity(squared_distance: f64, scale: f64) -> f64 {
    if scale > 0.0 { (-squared_distance / scale).exp() } else { f64::from(squared_distance == 0.0) }
}

/// Median over spots of the squared distance to the most similar candidate.
fn typical(candidates: &[Vec<Candidate>]) -> f64 {
    let mut least: Vec<f64> =
        candidates.iter().filter_map(|candidates| candidates.first().map(|first| first.1)).collect();
    median(&mut least).unwrap_or(0.0)
}
