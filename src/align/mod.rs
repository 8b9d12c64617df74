//! Alignment of slices: where a slice lies on another one, from spots that look alike in the joint embedding.
//!
//! `matches` pairs spots that are among each other's nearest in the embedding. Many pairs are wrong: tissue repeats
//! itself, above all along layers. `consensus` finds the map on which the most spots have an agreeing match, and
//! `partners` refines it: a moved spot is compared with the reference spots around its new place only.

mod consensus;
mod matches;
mod partners;
mod transform;

use crate::error::{Error, Result};
use crate::graph::spacing;
use crate::monitor::{Monitor, Progress};
use crate::random::{Stream, stream};
use ndarray::{Array2, ArrayView2};
use rand::Rng;

pub use matches::Match;
pub use partners::Partner;
pub use transform::{Family, Place, Transform};

/// What a user can set.
#[derive(Clone, Copy, Debug)]
pub struct AlignParams {
    /// The maps that are looked at.
    pub family: Family,
    /// Whether a slice may lie upside down.
    pub reflect: bool,
    /// Nearest neighbours in the embedding among which a match must be, from both sides; at least 1.
    pub neighbours: usize,
    /// Distance up to which a match agrees with a map, in spacings of the reference; above 0.
    pub tolerance: f64,
    /// Seed of the draws of the consensus.
    pub seed: u64,
}

impl Default for AlignParams {
    fn default() -> Self {
        AlignParams { family: Family::Rigid, reflect: false, neighbours: 10, tolerance: 8.0, seed: 1 }
    }
}

/// The spots of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// Joint embedding, spots x dimensions.
    pub embedding: ArrayView2<'a, f64>,
    /// Places in tissue proportions, spots x 2.
    pub coords: ArrayView2<'a, f64>,
}

/// How a slice lies on the reference.
#[derive(Clone, Debug)]
pub struct Alignment {
    /// From places of the moving slice to places of the reference.
    pub transform: Transform,
    /// Mutual nearest neighbours, ordered by spot.
    pub matches: Vec<Match>,
    /// Distance of each match after moving, in spacings of the reference.
    pub residuals: Vec<f64>,
    /// Share of the matches that would lie within the tolerance if the partners were dealt out at random.
    pub chance: f64,
    /// Distance between neighbouring spots of the moving slice and of the reference.
    pub spacings: [f64; 2],
    /// Reference spots around the new place of each moved spot; empty outside the reference.
    pub partners: Vec<Vec<Partner>>,
}

/// Finds the map that lays `moving` on `reference`. The same input and seed give the same bits for any number of
/// threads; memory is linear in spots.
///
/// # Errors
/// [`Error::Argument`] naming `x`, `nNeighbours`, `tolerance` or `transform`; [`Error::Interrupted`].
pub fn align(moving: Slice, reference: Slice, params: &AlignParams, monitor: &Monitor) -> Result<Alignment> {
    check(&moving, &reference, params)?;
    let spacings = [slice_spacing(moving.coords, monitor)?, slice_spacing(reference.coords, monitor)?];
    let step = |done| monitor.step(Progress { stage: "aligning", done, total: 3, objective: None });
    step(0)?;
    let embeddings = [unit_rows(moving.embedding), unit_rows(reference.embedding)];
    let matches = matches::mutual_neighbours(embeddings[0].view(), embeddings[1].view(), params.neighbours, monitor)?;
    step(1)?;
    let (from, to) = (places(moving.coords), places(reference.coords));
    let (consensus, trust) = consensus::find(&matches, &from, &to, spacings, params, monitor)?;
    step(2)?;
    let around = partners::Surroundings::new(&to, spacings[1], &embeddings);
    let transform = around.refine(consensus, &from, &trust, params.family, monitor)?;
    let residual = |one: &Match| transform::distance(transform.apply(from[one.spot]), to[one.reference]) / spacings[1];
    let residuals = matches.iter().map(residual).collect();
    let chance = chance(&matches, |spot| transform.apply(from[spot]), &to, params.tolerance * spacings[1], params.seed);
    let partners = around.partners(&transform, &from);
    step(3)?;
    Ok(Alignment { transform, matches, residuals, chance, spacings, partners })
}

fn check(moving: &Slice, reference: &Slice, params: &AlignParams) -> Result<()> {
    if !complete(moving) || !complete(reference) {
        return Err(Error::argument("x", "must have a finite embedding and a finite place for every spot"));
    }
    if moving.embedding.ncols() != reference.embedding.ncols() {
        return Err(Error::argument("x", "must have one embedding for all slices"));
    }
    if params.neighbours == 0 {
        return Err(Error::argument("nNeighbours", "must be at least 1"));
    }
    if !(params.tolerance.is_finite() && params.tolerance > 0.0) {
        return Err(Error::argument("tolerance", format!("must be a number above 0, not {}", params.tolerance)));
    }
    Ok(())
}

fn complete(slice: &Slice) -> bool {
    let finite = slice.embedding.iter().chain(slice.coords.iter()).all(|value| value.is_finite());
    finite && slice.coords.ncols() == 2 && slice.coords.nrows() == slice.embedding.nrows()
}

fn slice_spacing(coords: ArrayView2<f64>, monitor: &Monitor) -> Result<f64> {
    spacing(&coords.to_owned(), monitor)?
        .ok_or_else(|| Error::argument("x", "has a slice whose spots all share one place"))
}

/// Directions of the rows: the length of a row says how much a spot was counted, not what it is.
fn unit_rows(embedding: ArrayView2<f64>) -> Array2<f64> {
    let mut units = embedding.to_owned();
    for mut row in units.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    units
}

fn places(coords: ArrayView2<f64>) -> Vec<Place> {
    coords.rows().into_iter().map(|row| [row[0], row[1]]).collect()
}

/// Share of matches within reach when each gets the partner of another match drawn at random.
fn chance(matches: &[Match], moved: impl Fn(usize) -> Place, to: &[Place], reach: f64, seed: u64) -> f64 {
    let mut rng = stream(seed, Stream::Consensus);
    let near = matches.iter().filter(|one| {
        let other = matches[rng.random_range(0..matches.len())].reference;
        transform::distance(moved(one.spot), to[other]) <= reach
    });
    near.count() as f64 / matches.len() as f64
}

#[cfg(test)]
mod tests;
