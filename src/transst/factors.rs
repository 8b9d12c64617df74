//! Factors of the target: standardised expression on loadings that borrow from the source.

use super::adaptive::{Adaptive, CrossValidation};
use super::rotation::{procrustes, varimax};
use super::source_model::{self, SourceFit};
use super::{Params, Source, Target};
use crate::batches::Batches;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use crate::orientation::is_reversed;
use crate::preprocess::{
    FeatureParams, FeatureSelection, Features, ScaledFeatures, leading_components, select_features,
};
use crate::tiles::{folds, tiles};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use ndarray_linalg::{Eigh, UPLO};
use rayon::prelude::*;

/// Leading components of the target among which loadings are sought, beside those of the source.
const COMPONENTS: usize = 50;
/// Folds of the cross-validation.
const FOLDS: usize = 5;
/// Spots taken at a time.
const BLOCK: usize = 128;

/// The source's factor model and the problem of the target's loadings.
pub struct Factors<'a> {
    /// The chosen genes of the target and their statistics.
    pub features: Features,
    /// The fitted source.
    pub source: SourceFit,
    /// The source's loadings, scaled so that W₀W₀ᵀ is the covariance they explain, features x factors.
    pub anchor: Array2<f64>,
    /// The target on the joint basis.
    pub problem: Adaptive,
    /// The source's cells on the joint basis, cells x dimensions.
    pub source_values: Array2<f64>,
    /// Standardised expression of the target and of the source, in the same features.
    pub scaled: [ScaledFeatures<'a>; 2],
    /// Tile of each spot of the target.
    pub tiles: Vec<usize>,
    /// Error of held-out spots along the shares of the source.
    pub validation: CrossValidation,
}

/// Loadings to be read: rotated, with factors of unit variance.
pub struct Rotated {
    /// Features x factors; a factor of unit variance times these is its part of the standardised expression. By falling
    /// explained variance, the entry of largest magnitude positive.
    pub loadings: Array2<f64>,
    /// From scores on the directions to the factors, directions x factors.
    pub rotation: Array2<f64>,
}

/// Genes, source model and cross-validation.
///
/// # Errors
/// [`Error::Argument`] naming `nFactors` when there are fewer genes, spots or cells, and as the parts.
pub fn prepare<'a>(
    target: &Target<'a>,
    source: &Source<'a>,
    graph: &SpatialGraph,
    params: &Params,
    monitor: &Monitor,
) -> Result<Factors<'a>> {
    let batches = Batches::alike(target.slice);
    let features = select_features(target.counts, &batches, graph, &params.features, monitor)?;
    check_size(params.factors, features.genes.len(), target.counts.spots(), source.counts.spots())?;
    let scaled = ScaledFeatures::new(target.counts, &batches, params.features.normalisation, &features);
    let scaled_source = standardised_source(source, &features, params, monitor)?;
    let most = scaled.features().min(scaled.spots());
    let components = leading_components(&scaled, COMPONENTS.max(2 * params.factors).min(most), monitor)?;
    let begin = leading_components(&scaled_source, params.factors, monitor)?;
    let begin = (begin.loadings.view(), begin.singular_values.view());
    let fitted = source_model::fit(&scaled_source, source.labels, source.label_count, begin, monitor)?;
    let anchor = fitted.model.scaled_loadings()?;
    let basis = Adaptive::joint_basis(components.loadings.view(), anchor.view())?;
    let (values, source_values) = (project(&scaled, &basis), project(&scaled_source, &basis));
    let problem = Adaptive::new(basis, values, anchor.view());
    let tiles = tiles(target.coords, target.slice);
    if tiles.iter().max() == tiles.iter().min() {
        let message = format!("has {} spots, too few to leave a part of the tissue out", target.counts.spots());
        return Err(Error::argument("x", message));
    }
    let validation = problem.cross_validate(&folds(&tiles, FOLDS))?;
    let scaled = [scaled, scaled_source];
    Ok(Factors { features, source: fitted, anchor, problem, source_values, scaled, tiles, validation })
}

fn check_size(factors: usize, genes: usize, spots: usize, cells: usize) -> Result<()> {
    let most = genes.min(spots - 1).min(cells - 1);
    if factors == 0 || factors > most {
        let message =
            format!("must be between 1 and {most} ({genes} genes, {spots} spots, {cells} cells), not {factors}");
        return Err(Error::argument("nFactors", message));
    }
    Ok(())
}

/// The same genes of the source, standardised in each of its slices.
fn standardised_source<'a>(
    source: &Source<'a>,
    features: &Features,
    params: &Params,
    monitor: &Monitor,
) -> Result<ScaledFeatures<'a>> {
    let given = FeatureParams { selection: FeatureSelection::Given(features.genes.clone()), ..params.features.clone() };
    let no_graph = SpatialGraph::from_edges(source.counts.spots(), []);
    let batches = Batches::alike(source.slice);
    let own = select_features(source.counts, &batches, &no_graph, &given, monitor)?;
    Ok(ScaledFeatures::new(source.counts, &batches, params.features.normalisation, &own))
}

/// All spots on a basis, spots x dimensions.
fn project(data: &ScaledFeatures, basis: &Array2<f64>) -> Array2<f64> {
    let mut values = Array2::zeros((data.spots(), basis.ncols()));
    values.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter().enumerate().for_each(|(index, mut rows)| {
        let begin = index * BLOCK;
        rows.assign(&data.block(begin..begin + rows.nrows()).dot(basis));
    });
    values
}

impl Factors<'_> {
    /// Directions on the basis for a share of the source, turned to the principal axes of the target's scores.
    ///
    /// # Errors
    /// [`Error::Numeric`] when an eigenproblem fails.
    pub fn directions(&self, share: f64) -> Result<Array2<f64>> {
        let values = self.problem.values.view();
        principal(&self.problem.solve_share(share, values)?, values)
    }

    /// Scores of target and source on some directions, from the even and from the odd features alone: each spots x
    /// 2 factors, the halves side by side.
    pub fn half_scores(&self, directions: &Array2<f64>) -> [Array2<f64>; 2] {
        let loadings = self.problem.basis.dot(directions);
        let (features, factors) = loadings.dim();
        let mut halves = Array2::zeros((features, 2 * factors));
        for (feature, row) in loadings.rows().into_iter().enumerate() {
            let begin = (feature % 2) * factors;
            halves.slice_mut(s![feature, begin..begin + factors]).assign(&row);
        }
        self.scaled.each_ref().map(|scaled| project(scaled, &halves))
    }

    /// Rotated loadings of some directions.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a decomposition fails.
    pub fn rotated(&self, directions: &Array2<f64>) -> Result<Rotated> {
        let deviations = deviations(self.problem.values.dot(directions).view());
        let loadings = self.problem.basis.dot(&(directions * &deviations));
        let mut rotation = varimax(&loadings)?;
        let turned = loadings.dot(&rotation);
        let explained = turned.mapv(|value| value * value).sum_axis(Axis(0));
        let mut order: Vec<usize> = (0..turned.ncols()).collect();
        order.sort_by(|&a, &b| explained[b].total_cmp(&explained[a]));
        let signs: Array1<f64> =
            turned.columns().into_iter().map(|column| if is_reversed(column) { -1.0 } else { 1.0 }).collect();
        rotation = (&rotation * &signs).select(Axis(1), &order);
        let inverse = deviations.mapv(|deviation| 1.0 / deviation).insert_axis(Axis(1));
        Ok(Rotated { loadings: loadings.dot(&rotation), rotation: &rotation * &inverse })
    }

    /// The source's loadings turned nearest to the target's.
    ///
    /// # Errors
    /// [`Error::Numeric`] when the decomposition fails.
    pub fn source_loadings(&self, loadings: &Array2<f64>) -> Result<Array2<f64>> {
        Ok(self.anchor.dot(&procrustes(&self.anchor, loadings)?))
    }
}

/// Standard deviation of each column of scores, at least the smallest positive number.
pub(super) fn deviations(scores: ArrayView2<f64>) -> Array1<f64> {
    let spots = scores.nrows() as f64;
    scores.map_axis(Axis(0), |column| (column.dot(&column) / spots).sqrt().max(f64::MIN_POSITIVE))
}

/// Directions turned so that the scores of `values` on them are uncorrelated, by falling variance.
pub(super) fn principal(directions: &Array2<f64>, values: ArrayView2<f64>) -> Result<Array2<f64>> {
    let scores = values.dot(directions);
    let (_, vectors) = scores.t().dot(&scores).eigh(UPLO::Lower)?;
    Ok(directions.dot(&vectors.slice(s![.., ..;-1])))
}
