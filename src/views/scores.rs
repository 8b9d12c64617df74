//! What views are made from: scores of each spot by itself, in two normalisations, and its type.

use super::{EMBEDDING, SCORE_DIMENSIONS, View, has_null, spot_types, with_names};
use crate::batches::Batches;
use crate::cluster::Null;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use crate::normalise::Normalisation;
use crate::preprocess::{FeatureParams, FeatureSelection, ScaledFeatures, leading_components, select_features};
use crate::prior::root_mean_square;
use ndarray::{Array2, Axis};

/// What is normalised how, and the length of its scores. Pearson residuals show rare strong genes and take depth out
/// altogether; logarithms are robust and leave some of it, which in tumours tells tissue from stroma. Neither is best
/// everywhere. The robust one weighs more: with equal lengths the domains of small sections hang on details.
const NORMALISATIONS: [(Normalisation, f64); 2] = [(Normalisation::Pearson, 0.5), (Normalisation::MedianLog, 1.0)];

/// Codes of spots before any averaging.
#[derive(Clone, Debug)]
pub struct Codes {
    /// Component scores, spots x components: those of each normalisation, of root mean square 0.5 (Pearson residuals)
    /// and 1 (logarithms).
    pub scores: Array2<f64>,
    /// Type of each spot from 0; empty in sections too small to have types.
    pub types: Vec<usize>,
}

impl Codes {
    /// The views made from these codes, see [`super::views`]: all, or those of the `wanted` names.
    ///
    /// # Errors
    /// [`Error::Argument`] for an unknown name, see [`with_names`], or naming `codes` where these are of other spots
    /// than the graph or not finite; [`Error::Numeric`] when a decomposition fails; [`Error::Interrupted`].
    pub fn views(&self, graph: &SpatialGraph, wanted: Option<&[String]>, monitor: &Monitor) -> Result<Vec<View>> {
        if wanted.is_some_and(|names| names.iter().all(|name| name == EMBEDDING)) {
            return Ok(Vec::new());
        }
        self.check(graph)?;
        with_names(super::views(self.scores.view(), &self.types, graph, monitor)?, wanted)
    }

    /// Tissue that is as smooth but has no domains, in the same `views` as far as [`super::unstructured_views`] has
    /// them; of large sections some pieces.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `codes` as in [`Codes::views`]; [`Error::Numeric`] when a decomposition fails;
    /// [`Error::Interrupted`].
    pub fn unstructured(&self, graph: &SpatialGraph, views: &[View], monitor: &Monitor) -> Result<Null> {
        if !views.iter().any(|view| has_null(view.kind)) {
            return Ok(Null::default());
        }
        self.check(graph)?;
        let has_types = !self.types.is_empty();
        let spots = super::spots_of_null(graph);
        let mut draws = match &spots {
            None => super::unstructured_views(self.scores.view(), has_types, graph, monitor)?,
            Some(spots) => {
                let (scores, graph) = (self.scores.select(Axis(0), spots), graph.select(spots));
                super::unstructured_views(scores.view(), has_types, &graph, monitor)?
            }
        };
        draws.iter_mut().for_each(|draw| draw.retain(|drawn| views.iter().any(|view| view.kind == drawn.kind)));
        let points = |views: Vec<View>| views.into_iter().map(View::into_points).collect::<Result<_>>();
        Ok(Null { draws: draws.into_iter().map(points).collect::<Result<_>>()?, spots })
    }

    fn check(&self, graph: &SpatialGraph) -> Result<()> {
        let spots = self.scores.nrows();
        if graph.spots() != spots || ![0, spots].contains(&self.types.len()) {
            return Err(Error::argument("codes", format!("must be of the {} spots of the graph", graph.spots())));
        }
        if self.scores.iter().any(|value| !value.is_finite()) {
            return Err(Error::argument("codes", "must be finite numbers"));
        }
        Ok(())
    }
}

/// Codes of all spots. Genes are those of `params` that are more alike between neighbours than chance allows, unless
/// they are given or chosen by variance; they are standardised within `batches`. Nothing in it depends on a seed of the
/// user.
///
/// # Errors
/// [`crate::Error::Argument`] as for [`select_features`]; [`crate::Error::Numeric`]; [`crate::Error::Interrupted`].
pub fn spot_codes(
    counts: &Counts,
    batches: &Batches,
    graph: &SpatialGraph,
    params: &FeatureParams,
    monitor: &Monitor,
) -> Result<Codes> {
    let selection = match &params.selection {
        FeatureSelection::Moran => FeatureSelection::Structured,
        other => other.clone(),
    };
    let mut blocks = Vec::new();
    for (normalisation, weight) in NORMALISATIONS {
        let params = FeatureParams { normalisation, selection: selection.clone(), count: params.count };
        let features = select_features(counts, batches, graph, &params, monitor)?;
        let scaled = ScaledFeatures::new(counts, batches, normalisation, &features);
        let most = scaled.features().min(scaled.spots());
        let scores = leading_components(&scaled, SCORE_DIMENSIONS.min(most), monitor)?.scores;
        let scale = root_mean_square(scores.view());
        blocks.push(scores * (weight / scale));
    }
    let blocks: Vec<_> = blocks.iter().map(Array2::view).collect();
    let scores = ndarray::concatenate(Axis(1), &blocks).map_err(|error| crate::Error::Numeric(error.to_string()))?;
    let types = spot_types(&scores, monitor)?;
    Ok(Codes { scores, types })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::stripes;

    #[test]
    fn nothing_is_made_that_is_not_looked_at() -> Result<()> {
        let (scores, _, graph) = stripes(20, 2, 2.0, 4);
        let codes = Codes { scores, types: Vec::new() };
        let silent = Monitor::silent();
        let named = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let views = codes.views(&graph, Some(&names), &silent)?;
            let null = codes.unstructured(&graph, &views, &silent)?;
            Ok::<_, crate::Error>((views.len(), null.draws.len(), null.draws.first().map_or(0, Vec::len)))
        };
        assert_eq!(named(&[EMBEDDING])?, (0, 0, 0));
        assert_eq!(named(&["scores filtered"])?, (1, 0, 0));
        let (views, draws, own) = named(&["scores averaged 4 times", "scores filtered"])?;
        assert_eq!((views, own), (2, 1));
        assert!(draws > 1);
        Ok(())
    }

    #[test]
    fn codes_of_other_spots_are_refused() {
        let (scores, _, graph) = stripes(20, 2, 2.0, 4);
        let refused = |codes: Codes| {
            let found = codes.views(&graph, None, &Monitor::silent());
            matches!(found, Err(Error::Argument { argument: "codes", .. }))
        };
        assert!(refused(Codes { scores: scores.slice(ndarray::s![1.., ..]).to_owned(), types: Vec::new() }));
        assert!(refused(Codes { scores: scores.clone(), types: vec![0] }));
        assert!(refused(Codes { scores: scores / 0.0, types: Vec::new() }));
    }
}
