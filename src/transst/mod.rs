//! TransST: a spatial factor model that borrows from a labelled source, adaptively.
//!
//! Liu, Wang, Chen, Rustgi, Yuan & Hu (2025), BMC Bioinformatics, doi:10.1186/s12859-025-06099-z. In the order of the
//! work: the source's factor model ([`source_model`]), the target's loadings between its own and the source's
//! ([`adaptive`]), factors averaged over the spatial graph ([`factors`]), what the source's labels say of the target
//! ([`transfer`]), and a spatial mixture of the factors ([`mixture`]) whose means the labels inform where they predict
//! it ([`domains`]). Nothing is random but the bootstrap.

pub mod adaptive;
pub mod bootstrap;
pub mod criteria;
pub mod domains;
pub mod energy;
pub mod factors;
pub mod mixture;
pub mod rotation;
pub mod small;
pub mod source_model;
pub mod transfer;

use crate::cluster::most_probable;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::graph::diffusion::diffuse;
use crate::graph::{GraphParams, SpatialGraph, spatial_graph};
use crate::monitor::Monitor;
use crate::normalise::Normalisation;
use crate::preprocess::FeatureParams;
use domains::{Domains, Resemblance, Scores, Singular};
use factors::{Factors, Rotated};
use ndarray::{Array2, ArrayView2, Axis, s};
use transfer::Halves;

/// The section whose domains are wanted.
pub struct Target<'a> {
    /// Genes x spots.
    pub counts: &'a Counts<'a>,
    /// Spots x 2.
    pub coords: ArrayView2<'a, f64>,
    /// Slice number of each spot, all 0 for one slice.
    pub slice: &'a [usize],
}

/// The labelled source.
pub struct Source<'a> {
    /// The same genes x cells.
    pub counts: &'a Counts<'a>,
    /// Cells x 2 where the source is a tissue section.
    pub coords: Option<ArrayView2<'a, f64>>,
    /// Number of the section or data set of each cell; each is standardised on its own.
    pub slice: &'a [usize],
    /// Label of each cell, below `label_count`, or missing.
    pub labels: &'a [Option<usize>],
    /// Number of different labels.
    pub label_count: usize,
}

/// Whether the source's labels inform the domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Borrow {
    /// When they predict more than half of the variation between the target's domains.
    WhenPredictive,
    /// Whatever they predict.
    Always,
    /// Not at all: the target on its own.
    Never,
}

impl Borrow {
    /// Share of the variation between domains that the source must predict for its labels to be borrowed.
    const LEAST_PREDICTED: f64 = 0.5;

    fn decides(self, predicted_share: f64) -> bool {
        match self {
            Borrow::Always => true,
            Borrow::Never => false,
            Borrow::WhenPredictive => predicted_share > Borrow::LEAST_PREDICTED,
        }
    }
}

/// What chooses the number of domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Bayesian information criterion.
    Bic,
    /// Modified criterion.
    Mbic,
    /// Criterion for many parameters.
    Hbic,
}

/// Everything a user can set.
#[derive(Clone, Debug)]
pub struct Params {
    /// Normalisation and the target's features.
    pub features: FeatureParams,
    /// The spatial graph of target and source.
    pub graph: GraphParams,
    /// Number of factors.
    pub factors: usize,
    /// Share of the source in the loadings, in [0, 1]; `None` chooses it.
    pub lambda: Option<f64>,
    /// Whether labels are borrowed.
    pub borrow: Borrow,
    /// Number of domains; `None` chooses it from `k_range`.
    pub k: Option<usize>,
    /// Smallest and largest number of domains to try.
    pub k_range: (usize, usize),
    /// What chooses.
    pub criterion: Criterion,
    /// Times factors are averaged over spatial neighbours.
    pub steps: usize,
    /// Whether neighbouring labels interact; `None` for factors that are not averaged. Averages of neighbours already
    /// hold what a Potts prior would add: both together count the neighbours twice.
    pub interaction: Option<bool>,
}

impl Params {
    fn interacts(&self) -> bool {
        self.interaction.unwrap_or(self.steps == 0)
    }
}

impl Default for Params {
    fn default() -> Self {
        Params {
            features: FeatureParams { normalisation: Normalisation::Log, ..FeatureParams::default() },
            graph: GraphParams::default(),
            factors: 15,
            lambda: None,
            borrow: Borrow::WhenPredictive,
            k: None,
            k_range: (2, 10),
            criterion: Criterion::Bic,
            steps: 4,
            interaction: None,
        }
    }
}

/// What was found.
pub struct TransSt<'a> {
    /// Domains and their posterior.
    pub domains: Domains,
    /// Domains of the target on its own, λ = 0.
    pub target_only: Domains,
    /// The source's labels at the target, in the factor space of the domains.
    pub resemblance: Resemblance,
    /// R² of the source's means in the target's own factor space ([`transfer::crossed_share`]), which decides on
    /// borrowing.
    pub predicted_share: f64,
    /// Covariances that had to be regularised.
    pub singular: Singular,
    /// Whether the labels inform the domains.
    pub borrowed: bool,
    /// Share of the source in the loadings.
    pub lambda: f64,
    /// Factors, averaged over the graph, spots x factors.
    pub factors: Array2<f64>,
    /// Rotated loadings, features x factors.
    pub loadings: Array2<f64>,
    /// The source's loadings turned nearest to them.
    pub source_loadings: Array2<f64>,
    /// Cosines of the principal angles between the target's loadings and the source's, falling.
    pub cosines: Vec<f64>,
    /// Relative norm of the gradient of the adaptive objective at the solution.
    pub gradient: f64,
    /// The first stage: features, source model, cross-validation.
    pub stage: Factors<'a>,
    /// The target's graph.
    pub graph: SpatialGraph,
}

/// Fits the model.
///
/// # Errors
/// [`Error::Argument`] naming the user's argument, [`Error::Numeric`], [`Error::NotConverged`], [`Error::Interrupted`].
pub fn fit<'a>(target: &Target<'a>, source: &Source<'a>, params: &Params, monitor: &Monitor) -> Result<TransSt<'a>> {
    check(target, source, params)?;
    let (graph, _) = spatial_graph(target.coords, target.slice, &params.graph, monitor)?;
    let source_graph = match source.coords {
        Some(coords) => Some(spatial_graph(coords, source.slice, &params.graph, monitor)?.0),
        None => None,
    };
    let stage = factors::prepare(target, source, &graph, params, monitor)?;
    let space = Space { stage: &stage, graph: &graph, source_graph: source_graph.as_ref(), steps: params.steps };
    let own = space.at(0.0)?;
    let predicted_share = transfer::crossed_share(&space.halves(&own), source.labels, source.label_count)?;
    let borrowed = params.borrow.decides(predicted_share);
    let target_only = domains::find(&own.scores(&graph), None, params, monitor)?;
    // Where the source does not describe the target, the target is left to itself.
    let lambda = params.lambda.unwrap_or(if borrowed { stage.validation.best } else { 0.0 });
    let chosen = if lambda == 0.0 { own } else { space.at(lambda)? };
    let resemblance = domains::resemblance(&chosen.scores(&graph), source.labels, source.label_count)?;
    let domains = if !borrowed && lambda == 0.0 {
        target_only.clone()
    } else {
        domains::find(&chosen.scores(&graph), borrowed.then_some(&resemblance), params, monitor)?
    };
    let (values, cells) = (stage.problem.values.view(), stage.source_values.view());
    let directions = &chosen.directions;
    let singular = domains::singular(values.dot(directions).view(), cells.dot(directions).view(), source.labels)?;
    let Rotated { loadings, rotation } = stage.rotated(&chosen.directions)?;
    let source_loadings = stage.source_loadings(&loadings)?;
    let cosines = stage.problem.principal_cosines(&chosen.directions)?.to_vec();
    let gradient = stage.problem.stationarity(&chosen.directions, lambda)?;
    let factors = chosen.target.dot(&rotation);
    Ok(TransSt {
        domains,
        target_only,
        resemblance,
        predicted_share,
        singular,
        borrowed,
        lambda,
        factors,
        loadings,
        source_loadings,
        cosines,
        gradient,
        stage,
        graph,
    })
}

/// Domains in an embedding of target and source together, instead of factors: what [`fit`] does after its first stage.
pub struct Embedded {
    /// Domains and their posterior.
    pub domains: Domains,
    /// Domains of the target without labels.
    pub target_only: Domains,
    /// The source's labels at the target.
    pub resemblance: Resemblance,
    /// R² of the source's means, as in [`TransSt`] but with all dimensions choosing and comparing: they have no genes.
    pub predicted_share: f64,
    /// Covariances that had to be regularised.
    pub singular: Singular,
    /// Whether the labels inform the domains.
    pub borrowed: bool,
}

/// Finds domains in a common embedding, spots x dimensions and cells x dimensions, on the target's `graph`.
///
/// # Errors
/// As [`fit`].
pub fn fit_embedding<'a>(
    target: ArrayView2<'a, f64>,
    source: ArrayView2<'a, f64>,
    graph: &'a SpatialGraph,
    (labels, label_count): (&[Option<usize>], usize),
    params: &Params,
    monitor: &Monitor,
) -> Result<Embedded> {
    check_embedding(target, source, graph, labels, label_count)?;
    let scores = Scores { target, own: target, start: target, source, comparable: true, graph };
    let resemblance = domains::resemblance(&scores, labels, label_count)?;
    let predicted_share = resemblance.discriminants.predicted_share(target, &most_probable(&resemblance.posterior))?;
    let borrowed = params.borrow.decides(predicted_share);
    let target_only = domains::find(&scores, None, params, monitor)?;
    let domains =
        if borrowed { domains::find(&scores, Some(&resemblance), params, monitor)? } else { target_only.clone() };
    let singular = domains::singular(target, source, labels)?;
    Ok(Embedded { domains, target_only, resemblance, predicted_share, singular, borrowed })
}

/// Factor spaces of different shares of the source.
struct Space<'a> {
    stage: &'a Factors<'a>,
    graph: &'a SpatialGraph,
    source_graph: Option<&'a SpatialGraph>,
    steps: usize,
}

/// Scores in one of them.
struct Spanned {
    directions: Array2<f64>,
    own: Array2<f64>,
    target: Array2<f64>,
    start: Array2<f64>,
    source: Array2<f64>,
    comparable: bool,
}

impl Space<'_> {
    /// Scores on some directions from each half of the genes, averaged as all scores are.
    fn halves(&self, spanned: &Spanned) -> Halves {
        let [target, source] = self.stage.half_scores(&spanned.directions);
        let target = diffuse(self.graph, target.view(), self.steps);
        let source = self.averaged_source(source);
        let apart = |scores: Array2<f64>| {
            let (first, second) = scores.view().split_at(Axis(1), scores.ncols() / 2);
            [first.to_owned(), second.to_owned()]
        };
        Halves { target: apart(target), source: apart(source) }
    }

    fn averaged_source(&self, scores: Array2<f64>) -> Array2<f64> {
        match self.source_graph {
            Some(graph) => diffuse(graph, scores.view(), self.steps),
            None => scores,
        }
    }

    fn at(&self, share: f64) -> Result<Spanned> {
        let problem = &self.stage.problem;
        let directions = self.stage.directions(share)?;
        let own = problem.values.dot(&directions);
        let target = diffuse(self.graph, own.view(), self.steps);
        let source = self.averaged_source(self.stage.source_values.dot(&directions));
        // The target's own leading components, half as many again, find the start of its own partition.
        let wide = (directions.ncols() + directions.ncols() / 2).min(problem.values.ncols());
        let start = if share == 0.0 {
            diffuse(self.graph, problem.values.slice(s![.., ..wide]), self.steps)
        } else {
            target.clone()
        };
        Ok(Spanned { directions, own, target, start, source, comparable: self.source_graph.is_some() })
    }
}

impl Spanned {
    fn scores<'a>(&'a self, graph: &'a SpatialGraph) -> Scores<'a> {
        Scores {
            own: self.own.view(),
            target: self.target.view(),
            start: self.start.view(),
            source: self.source.view(),
            comparable: self.comparable,
            graph,
        }
    }
}

fn check_embedding(
    target: ArrayView2<f64>,
    source: ArrayView2<f64>,
    graph: &SpatialGraph,
    labels: &[Option<usize>],
    label_count: usize,
) -> Result<()> {
    if target.ncols() != source.ncols() || graph.spots() != target.nrows() {
        return Err(Error::argument("x", "must have the dimensions of the source and a graph of its spots"));
    }
    if labels.len() != source.nrows() || labels.iter().flatten().any(|&label| label >= label_count) {
        return Err(Error::argument("labels", "must have one of the labels, or none, for each cell of the source"));
    }
    if target.iter().chain(source.iter()).any(|value| !value.is_finite()) {
        return Err(Error::argument("x", "and the source must have finite embeddings"));
    }
    Ok(())
}

fn check(target: &Target, source: &Source, params: &Params) -> Result<()> {
    if target.counts.genes() != source.counts.genes() {
        return Err(Error::argument("source", "must have the genes of `x` in the same order"));
    }
    if source.labels.len() != source.counts.spots() || source.slice.len() != source.counts.spots() {
        return Err(Error::argument("labels", "must have a value for each cell of the source"));
    }
    if target.slice.len() != target.counts.spots() {
        return Err(Error::argument("slice", "must have a value for each spot"));
    }
    if source.labels.iter().flatten().any(|&label| label >= source.label_count) {
        return Err(Error::argument("labels", "has a label beyond their number"));
    }
    if let Some(lambda) = params.lambda.filter(|lambda| !(0.0..=1.0).contains(lambda)) {
        return Err(Error::argument("lambda", format!("must be in [0, 1], not {lambda}")));
    }
    Ok(())
}
