//! Deconvolution: what the spots of a target are made of, in the cell types of a labelled source.
//!
//! A spot's counts are Poisson, `y_ig ~ Poisson(e^{γ_g} Σ_k a_ik S_gk)`: the types' profiles S come from the source
//! ([`profiles`]), the factors of the genes are random effects that platforms differ by ([`platform`]), the amounts a have
//! a gamma prior about what all spots or the neighbours hold ([`amounts`], [`mixture`]), and genes that vary more than the
//! mixture lets expect count for less ([`agreement`]). Whether the source describes the
//! target at all, and whether neighbours tell anything, is decided by counts that were not seen ([`held_out`],
//! [`evidence`]); how far estimates are from the truth by spots put together from the source's cells ([`intervals`]).

pub mod agreement;
pub mod amounts;
pub mod evidence;
pub mod held_out;
pub mod intervals;
pub mod mixture;
pub mod platform;
pub mod profiles;

#[cfg(test)]
mod tests;

use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use amounts::{Prior, Rates, Spot};
use evidence::Evidence;
use intervals::{Known, Likeness, of_cells, put_together};
use mixture::{Mixture, STRENGTH};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use platform::Platform;
use profiles::Profiles;
use rayon::prelude::*;

/// Change of an amount, as a share of the spot's counts, at which it is found.
const TOLERANCE: f64 = 1e-4;

/// The section.
pub struct Target<'a> {
    /// Genes x spots.
    pub counts: &'a Counts<'a>,
    /// Scores of each spot by itself, spots x dimensions: where the target's own groups are looked for.
    pub scores: ArrayView2<'a, f64>,
    /// Neighbours.
    pub graph: &'a SpatialGraph,
}

/// The labelled cells.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The same genes x cells.
    pub counts: &'a Counts<'a>,
    /// Type of each cell, below `types`, or missing. Every type has a cell.
    pub labels: &'a [Option<usize>],
    /// Number of types.
    pub types: usize,
}

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Params {
    /// Fewest and most cells of a spot, for the intervals.
    pub cells: (usize, usize),
    /// Seed of shuffled labels and of spots put together.
    pub seed: u64,
}

/// What spots are made of.
pub struct Deconvolution {
    /// Proportions of cells, spots x types; with `other` rows sum to one.
    pub proportions: Array2<f64>,
    /// Standard errors by the information in the counts, spots x types.
    pub errors: Array2<f64>,
    /// Share of a type that the source lacks.
    pub other: Array1<f64>,
    /// Estimates of known proportions; none where the source is not used.
    pub known: Vec<Known>,
    /// How well the source describes the target.
    pub evidence: Evidence,
    /// Factors of the genes.
    pub platform: Platform,
    /// Mean counts of a cell of each type.
    pub sizes: Array1<f64>,
}

/// Fits the model. Linear in the counts of the target times the number of types.
///
/// # Errors
/// [`Error::Argument`] naming `x`, `labels` or `source`, [`Error::Numeric`] for counts far too large,
/// [`Error::Interrupted`].
pub fn fit(target: &Target, source: Source, params: &Params, monitor: &Monitor) -> Result<Deconvolution> {
    check(target, &source, params)?;
    let profiles = Profiles::new(source.counts, source.labels, source.types, &|_| true);
    let alone = Mixture::fit(target.counts, &profiles, monitor)?;
    let mut evidence = Evidence::new(target, source, &alone, params.seed, monitor)?;
    let mixture = match evidence.described() {
        true => evidence.with_missing_type(target, alone, monitor)?,
        false => alone,
    };
    let modes = match evidence.neighbours {
        Some(_) => held_out::surroundings(target.graph, &mixture.proportions(), &mixture.mean()),
        None => mixture.mean().insert_axis(Axis(0)),
    };
    let strength = evidence.neighbours.unwrap_or(STRENGTH);
    let (amounts, errors) = last_amounts(target.counts, &mixture, modes.view(), strength, monitor)?;
    let (proportions, errors) = proportions_of_cells(&amounts, &errors, &profiles.sizes);
    // Exponentials of counts far beyond any that are measured.
    if proportions.iter().any(|value| !value.is_finite()) {
        return Err(Error::Numeric("the proportions are not finite: some counts are too large".to_owned()));
    }
    let known = match evidence.described() {
        true => {
            let likeness = Likeness {
                sizes: target.counts.library_sizes(),
                proportions: of_types(&proportions, source.types),
                modes: of_types(&modes, source.types),
                strength,
                weights: mixture.weights.to_vec(),
                factors: mixture.platform.log_factors.mapv(f64::exp),
                cells: params.cells,
            };
            put_together(source, &likeness, params.seed, monitor)?
        }
        false => Vec::new(),
    };
    let types = source.types;
    let other = match proportions.ncols() > types {
        true => proportions.column(types).to_owned(),
        false => Array1::zeros(proportions.nrows()),
    };
    let first = |table: Array2<f64>| table.slice(s![.., ..types]).to_owned();
    let (proportions, errors) = (first(proportions), first(errors));
    Ok(Deconvolution { proportions, errors, other, known, evidence, platform: mixture.platform, sizes: profiles.sizes })
}

/// Amounts and their standard errors about the modes of a prior.
fn last_amounts(
    target: &Counts,
    mixture: &Mixture,
    modes: ArrayView2<f64>,
    strength: f64,
    monitor: &Monitor,
) -> Result<(Array2<f64>, Array2<f64>)> {
    let of = mixture.weighted_rates();
    let weights = mixture.weights.to_vec();
    let rates = Rates::weighted(of.view(), &weights);
    let (mut amounts, mut errors) = (mixture.amounts.clone(), Array2::zeros(mixture.amounts.dim()));
    let rows = amounts.axis_iter_mut(Axis(0)).into_par_iter().zip(errors.axis_iter_mut(Axis(0))).enumerate();
    rows.try_for_each_init(Spot::default, |own, (spot, (mut row, mut error))| {
        monitor.check()?;
        let mode = modes.row(spot.min(modes.nrows() - 1)).to_vec();
        let amounts = row.as_slice_mut().expect("contiguous");
        own.read(target, spot, &rates);
        own.amounts(amounts, &rates.reach, Prior { mode: &mode, strength }, TOLERANCE);
        error.assign(&Array1::from(own.errors(amounts)));
        Ok::<(), Error>(())
    })?;
    Ok((amounts, errors))
}

/// Of a type that the source lacks, cells are taken to be as large as the mean of the others.
fn proportions_of_cells(
    amounts: &Array2<f64>,
    errors: &Array2<f64>,
    sizes: &Array1<f64>,
) -> (Array2<f64>, Array2<f64>) {
    let usual = sizes.sum() / sizes.len() as f64;
    let sizes = Array1::from_shape_fn(amounts.ncols(), |kind| *sizes.get(kind).unwrap_or(&usual));
    let (mut shares, mut deviations) = (amounts.clone(), errors.clone());
    for (mut share, mut deviation) in shares.rows_mut().into_iter().zip(deviations.rows_mut()) {
        let (own, error) = of_cells(&share.to_vec(), &deviation.to_vec(), &sizes);
        share.assign(&Array1::from(own));
        deviation.assign(&Array1::from(error));
    }
    (shares, deviations)
}

/// Proportions without a type that the source lacks; rows sum to one and are positive, so that types can be drawn.
fn of_types(proportions: &Array2<f64>, types: usize) -> Array2<f64> {
    let own = proportions.slice(s![.., ..types]).mapv(|share| share.max(1e-9));
    &own / &own.sum_axis(Axis(1)).insert_axis(Axis(1))
}

fn check(target: &Target, source: &Source, params: &Params) -> Result<()> {
    if target.counts.genes() != source.counts.genes() {
        return Err(Error::argument("source", "must have the genes of `x` in the same order"));
    }
    if source.labels.len() != source.counts.spots() {
        return Err(Error::argument("labels", "must have a value for each cell of the source"));
    }
    let spots = target.counts.spots();
    if target.graph.spots() != spots || target.scores.nrows() != spots {
        return Err(Error::argument("x", format!("must have a graph and scores of its {spots} spots")));
    }
    if target.scores.iter().any(|value| !value.is_finite()) {
        return Err(Error::argument("x", "has scores that are not finite"));
    }
    if source.labels.iter().flatten().any(|&kind| kind >= source.types) {
        return Err(Error::argument("labels", "has a type beyond their number"));
    }
    let mut cells = vec![0; source.types];
    source.labels.iter().flatten().for_each(|&kind| cells[kind] += 1);
    if source.types < 2 || cells.contains(&0) {
        return Err(Error::argument("labels", "must name at least two types, each with a cell"));
    }
    if params.cells.0 == 0 || params.cells.0 > params.cells.1 {
        return Err(Error::argument("cellsPerSpot", "must be the fewest and the most cells of a spot, 1 or more"));
    }
    Ok(())
}
