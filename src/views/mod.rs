//! Views of a section: what its domains are looked for in.
//!
//! No single space shows the domains of every tissue. Which normalisation, how far to average over neighbours, and
//! whether scores or types of cells are averaged decides more than anything after it, and what is best for one tissue
//! is poor for another. So there is a small fixed family of deterministic views, and what they agree on counts (see
//! [`crate::cluster`]):
//!
//! * component scores of two normalisations side by side, averaged twice and four times over neighbours, and by the
//!   spatial filter that the section itself asks for ([`spatial_filter()`]);
//! * in sections with spots enough, the type of each spot, which is nonlinear *before* it is averaged: a half and half
//!   mixture of two types of cell is then not the same as a type between them. Shares of the types are averaged the
//!   same three ways.

mod principal;
mod scores;
mod spatial_filter;
mod types;
mod unstructured;

pub use scores::{Codes, spot_codes};
pub use spatial_filter::spatial_filter;

use crate::cluster::{Kind, Points, SectionView};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use crate::monitor::{Monitor, Progress};
use crate::tiles::windows;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use principal::principal_components;

/// How often the fixed views average over neighbours.
const STEPS: [usize; 2] = [2, 4];
/// Numbers of what is averaged, see [`Kind`]. The embedding is neither.
const SCORES: usize = 0;
const TYPES: usize = 1;
/// Number of the spatial filter among the reaches, after the fixed ones.
const FILTERED: usize = STEPS.len();
/// Dimensions of a view of scores, and of a view of types.
const SCORE_DIMENSIONS: usize = 20;
const TYPE_DIMENSIONS: usize = 15;

/// One view.
#[derive(Clone, Debug)]
pub struct View {
    /// What is averaged and how, for people.
    pub name: String,
    /// The same in numbers.
    pub kind: Kind,
    /// Spots x dimensions by falling variance.
    pub values: Array2<f64>,
}

impl View {
    /// The spots there, to be divided.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `codes` for values that are not finite.
    pub fn into_points(self) -> Result<SectionView> {
        Ok(SectionView { points: Points::of(self.values, "codes")?, kind: self.kind })
    }
}

/// All views of spots with these component scores (spots x components) and types (0.. for each spot; empty where the
/// section is too small to have types). Views without any variation are left out: a section without spatial structure
/// has nothing that the spatial filter lets through.
///
/// # Errors
/// [`crate::Error::Numeric`] when a decomposition fails; [`crate::Error::Interrupted`].
pub fn views(scores: ArrayView2<f64>, types: &[usize], graph: &SpatialGraph, monitor: &Monitor) -> Result<Vec<View>> {
    let mut views = averages(scores, types, graph, monitor)?;
    views.extend(view("scores filtered", SCORES, FILTERED, spatial_filter(graph, scores, monitor)?)?);
    if let Some((indicators, shares)) = indicators(types) {
        let scaled = (indicators - &shares) / &shares.mapv(f64::sqrt);
        views.extend(view("types filtered", TYPES, FILTERED, spatial_filter(graph, scaled.view(), monitor)?)?);
    }
    Ok(views)
}

/// Those of the views that are averaged a fixed number of times.
fn averages(scores: ArrayView2<f64>, types: &[usize], graph: &SpatialGraph, monitor: &Monitor) -> Result<Vec<View>> {
    let mut views = Vec::new();
    for (reach, steps) in STEPS.into_iter().enumerate() {
        monitor.check()?;
        let name = format!("scores averaged {steps} times");
        views.extend(view(&name, SCORES, reach, diffuse(graph, scores, steps))?);
    }
    if let Some((indicators, _)) = indicators(types) {
        for (reach, steps) in STEPS.into_iter().enumerate() {
            monitor.check()?;
            // The root gives rare types their weight: squared distances become Hellinger's.
            let averaged = diffuse(graph, indicators.view(), steps).mapv_into(f64::sqrt);
            views.extend(view(&format!("types averaged {steps} times"), TYPES, reach, averaged)?);
        }
    }
    Ok(views)
}

/// A view of these values, turned to its principal components; none where they do not vary.
fn view(name: &str, averaged: usize, reach: usize, values: Array2<f64>) -> Result<Option<View>> {
    let most = if averaged == TYPES { TYPE_DIMENSIONS } else { SCORE_DIMENSIONS };
    let values = principal_components(values, most)?;
    let kind = Kind { averaged, reach };
    Ok((values.ncols() > 0).then(|| View { name: name.to_owned(), kind, values }))
}

/// The name that the embedding goes by among the views: it is one as well, but not made here.
pub const EMBEDDING: &str = "embedding";
/// Its kind, which no other view has a part in.
pub const EMBEDDING_KIND: Kind = Kind { averaged: TYPES + 1, reach: FILTERED + 1 };

/// Of `views` those with the `wanted` names, in their own order; all without such names. [`EMBEDDING`] is always known.
///
/// # Errors
/// [`Error::Argument`] naming `view` and the names there are.
pub fn with_names(views: Vec<View>, wanted: Option<&[String]>) -> Result<Vec<View>> {
    let Some(wanted) = wanted else { return Ok(views) };
    let known = || views.iter().map(|view| view.name.as_str()).chain([EMBEDDING]);
    if let Some(other) = wanted.iter().find(|&name| !known().any(|known| known == name)) {
        let known: Vec<String> = known().map(|name| format!("\"{name}\"")).collect();
        return Err(Error::argument("view", format!("must be among {}, not \"{other}\"", known.join(", "))));
    }
    Ok(views.into_iter().filter(|view| wanted.contains(&view.name)).collect())
}

/// Whether [`unstructured_views`] has a view of this kind as well.
fn has_null(kind: Kind) -> bool {
    kind.reach < FILTERED
}

/// Spots at most that tissue without domains is drawn for, and the compact pieces that they come from: it takes a walk
/// of 64 steps, which hardly leaves such a piece.
const LARGEST_NULL: usize = 10_000;
const WINDOWS: usize = 4;

/// The spots of a section that stand for all of it where tissue without domains is drawn; none where all do.
fn spots_of_null(graph: &SpatialGraph) -> Option<Vec<usize>> {
    (graph.spots() > LARGEST_NULL).then(|| windows(graph, WINDOWS, LARGEST_NULL / WINDOWS))
}

/// The averages among the views of several sections of tissue that is as smooth as these scores but has no domains, in
/// the order in which [`views`] begins. Types are found anew in each if the section `has_types`.
///
/// # Errors
/// [`crate::Error::Numeric`] when a decomposition fails; [`crate::Error::Interrupted`].
pub fn unstructured_views(
    scores: ArrayView2<f64>,
    has_types: bool,
    graph: &SpatialGraph,
    monitor: &Monitor,
) -> Result<Vec<Vec<View>>> {
    let mut drawn = 0;
    let draw = |scores: Array2<f64>| {
        drawn += 1;
        let (done, total) = (drawn, unstructured::DRAWS as usize);
        monitor.step(Progress { stage: "tissue without domains", done, total, objective: None })?;
        let types = if has_types { spot_types(&scores, monitor)? } else { Vec::new() };
        averages(scores.view(), &types, graph, monitor)
    };
    unstructured::unstructured_scores(graph, scores).map(draw).collect()
}

/// Types of spots with these scores.
fn spot_types(scores: &Array2<f64>, monitor: &Monitor) -> Result<Vec<usize>> {
    types::types(principal_components(scores.clone(), SCORE_DIMENSIONS)?.view(), monitor)
}

/// 1 for each spot's own type, spots x types in use, and the types' shares; none without types.
fn indicators(types: &[usize]) -> Option<(Array2<f64>, Array1<f64>)> {
    let count = types.iter().max()? + 1;
    let mut sums = Array1::<f64>::zeros(count);
    types.iter().for_each(|&own| sums[own] += 1.0);
    let used: Vec<usize> = (0..count).filter(|&own| sums[own] > 0.0).collect();
    let mut column = vec![0; count];
    used.iter().enumerate().for_each(|(place, &own)| column[own] = place);
    let mut indicators = Array2::zeros((types.len(), used.len()));
    types.iter().enumerate().for_each(|(spot, &own)| indicators[[spot, column[own]]] = 1.0);
    Some((indicators, sums.select(Axis(0), &used) / types.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::stripes;

    #[test]
    fn types_add_three_views_and_empty_types_vanish() -> Result<()> {
        let (values, labels, graph) = stripes(20, 3, 2.0, 4);
        let plain = views(values.view(), &[], &graph, &Monitor::silent())?;
        assert_eq!(plain.len(), 3);
        let types: Vec<usize> = labels.iter().map(|label| label * 2).collect();
        let coded = views(values.view(), &types, &graph, &Monitor::silent())?;
        assert_eq!(coded.len(), 6);
        assert!(coded.iter().all(|view| view.values.nrows() == values.nrows()));
        // Three types in use span two dimensions about their mean, three of roots.
        assert!(coded[3..].iter().all(|view| view.values.ncols() <= 3));
        let wanted = ["types filtered", "scores averaged 4 times", EMBEDDING].map(String::from);
        let names = |views: Vec<View>| views.into_iter().map(|view| view.name).collect::<Vec<_>>();
        assert_eq!(names(with_names(coded.clone(), Some(&wanted))?), ["scores averaged 4 times", "types filtered"]);
        assert_eq!(names(with_names(coded.clone(), None)?), names(coded));
        let unknown = with_names(plain, Some(&wanted));
        assert!(matches!(unknown, Err(Error::Argument { argument: "view", .. })));
        Ok(())
    }
}
