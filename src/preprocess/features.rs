//! Choice of the genes that carry the domains.

use crate::autocorrelation::{morans_i, morans_i_by_chance};
use crate::batches::{Batches, Levels};
use crate::counts::{Counts, GeneCounts};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use crate::normalise::{Depth, Normalisation};
use ndarray::Array2;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Standard deviations by which Moran's I of a structured gene exceeds what chance gives: one noise gene in 30,000.
const STRUCTURED: f64 = 4.0;
/// The best genes that are kept in any case, so that tissue without structure has components as well.
const LEAST_STRUCTURED: usize = 50;
/// Counts a spot that the genes kept must hold together. Where molecules are few no single gene is beyond chance, and
/// the components of a handful of genes are the noise of their counts.
const LEAST_COUNTS: f64 = 200.0;

/// How genes are ranked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureSelection {
    /// By Moran's I of the normalised values on the spatial graph: genes with spatial structure.
    Moran,
    /// As [`FeatureSelection::Moran`], of the genes that are more alike between neighbours than chance allows: the
    /// others' scores would be noise, most of all in sections of few spots and many genes. At least 50 genes, and as
    /// many as hold 200 counts a spot together.
    Structured,
    /// By the variance of the normalised values. With Pearson residuals this is the selection of Lause et al. (2021).
    Variance,
    /// These genes, by row number.
    Given(Vec<usize>),
}

/// Parameters of normalisation and feature selection.
#[derive(Clone, Debug)]
pub struct FeatureParams {
    /// Normalisation of the counts.
    pub normalisation: Normalisation,
    /// Ranking of the genes.
    pub selection: FeatureSelection,
    /// Number of genes kept; all when the section has fewer.
    pub count: usize,
}

impl Default for FeatureParams {
    fn default() -> Self {
        FeatureParams { normalisation: Normalisation::Pearson, selection: FeatureSelection::Moran, count: 2000 }
    }
}

/// The chosen genes and their statistics, by batch.
#[derive(Clone, Debug)]
pub struct Features {
    /// Row numbers of the chosen genes, rising.
    pub genes: Vec<usize>,
    /// Ranking score of each chosen gene (Moran's I or variance; NaN for given genes that do not vary).
    pub scores: Vec<f64>,
    /// Share of each batch's counts that belongs to each gene, batches x chosen genes.
    pub shares: Array2<f64>,
    /// Mean of the normalised values, batches x chosen genes.
    pub means: Array2<f64>,
    /// Standard deviation of the normalised values, batches x chosen genes; 0 where a gene does not vary.
    pub deviations: Array2<f64>,
}

/// Statistics of one gene.
struct GeneSummary {
    score: f64,
    /// Sum of the counts.
    count: f64,
    shares: Vec<f64>,
    levels: Levels,
}

/// Ranks and chooses genes. Genes that do not vary are never chosen by rank. Time and memory are linear in genes x
/// spots and in stored counts; one gene at a time is held dense by each thread.
///
/// # Errors
/// [`Error::Argument`] naming `nFeatures` or `features`, or `x` when no gene varies; [`Error::Interrupted`].
pub fn select_features(
    counts: &Counts,
    batches: &Batches,
    graph: &SpatialGraph,
    params: &FeatureParams,
    monitor: &Monitor,
) -> Result<Features> {
    if params.count == 0 {
        return Err(Error::argument("nFeatures", "must be at least 1"));
    }
    let depth = Depth::new(counts, batches, params.normalisation);
    let candidates: Vec<usize> = match &params.selection {
        FeatureSelection::Given(genes) => given(genes, counts.genes())?,
        _ => (0..counts.genes()).collect(),
    };
    let done = AtomicUsize::new(0);
    let summary = |(): &mut (), _: usize, gene: GeneCounts| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "choosing genes", done, total: candidates.len(), objective: None })?;
        let shares = depth.shares(gene.spots, gene.values);
        let values = depth.gene(gene.spots, gene.values, &shares);
        let count = gene.values.iter().sum();
        Ok(summarise(values, count, shares, batches, graph, &params.selection))
    };
    let summaries = counts.map_genes(&candidates, || (), summary)?;
    let chosen = match params.selection {
        FeatureSelection::Given(_) => (0..candidates.len()).collect(),
        FeatureSelection::Structured => {
            best(&summaries, structured(&summaries, graph, batches.number()).min(params.count))
        }
        _ => best(&summaries, params.count),
    };
    if chosen.is_empty() {
        return Err(Error::argument("x", "has no gene that varies between spots"));
    }
    let table = |column: fn(&GeneSummary) -> &Vec<f64>| {
        let shape = (batches.count(), chosen.len());
        Array2::from_shape_fn(shape, |(batch, index)| column(&summaries[chosen[index]])[batch])
    };
    Ok(Features {
        genes: chosen.iter().map(|&index| candidates[index]).collect(),
        scores: chosen.iter().map(|&index| summaries[index].score).collect(),
        shares: table(|summary| &summary.shares),
        means: table(|summary| &summary.levels.means),
        deviations: table(|summary| &summary.levels.deviations),
    })
}

fn given(genes: &[usize], available: usize) -> Result<Vec<usize>> {
    let mut sorted = genes.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    match sorted.last() {
        None => Err(Error::argument("features", "must name at least one gene")),
        Some(&last) if last >= available => {
            Err(Error::argument("features", format!("asks for gene {} of {available}", last + 1)))
        }
        Some(_) => Ok(sorted),
    }
}

/// How many of the best genes are kept: all that are more alike between neighbours than chance allows, at least
/// [`LEAST_STRUCTURED`], and at least as many as hold [`LEAST_COUNTS`].
fn structured(summaries: &[GeneSummary], graph: &SpatialGraph, slice: &[usize]) -> usize {
    let (mean, variance) = morans_i_by_chance(graph, slice);
    let bound = mean + STRUCTURED * variance.sqrt();
    let beyond_chance = summaries.iter().filter(|summary| summary.score > bound).count();
    let enough = LEAST_COUNTS * slice.len() as f64;
    let mut held = 0.0;
    let holding = ranked(summaries).into_iter().take_while(|&gene| {
        let needed = held < enough;
        held += summaries[gene].count;
        needed
    });
    beyond_chance.max(LEAST_STRUCTURED).max(holding.count())
}

/// The `count` best genes in the order of their rows.
fn best(summaries: &[GeneSummary], count: usize) -> Vec<usize> {
    let mut order = ranked(summaries);
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Genes that vary, by falling score; ties go to the earlier row.
fn ranked(summaries: &[GeneSummary]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..summaries.len()).filter(|&gene| summaries[gene].score.is_finite()).collect();
    order.sort_by(|&a, &b| summaries[b].score.total_cmp(&summaries[a].score).then(a.cmp(&b)));
    order
}

fn summarise(
    mut values: Vec<f64>,
    count: f64,
    shares: Vec<f64>,
    batches: &Batches,
    graph: &SpatialGraph,
    selection: &FeatureSelection,
) -> GeneSummary {
    let levels = batches.levels(&values);
    let mut total = 0.0;
    for (value, &batch) in values.iter_mut().zip(batches.number()) {
        *value -= levels.means[batch];
        total += *value * *value;
    }
    let varies = total > 1e-12 * values.len() as f64;
    let score = match selection {
        _ if !varies => f64::NAN,
        FeatureSelection::Variance => total / values.len() as f64,
        FeatureSelection::Moran | FeatureSelection::Structured | FeatureSelection::Given(_) => {
            morans_i(&values, total, graph)
        }
    };
    GeneSummary { score, count, shares, levels }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four spots in a row; gene 0 is smooth, gene 1 alternates, gene 2 fills the library sizes up to 10.
    fn section() -> (Vec<i32>, Vec<i32>, Vec<f64>) {
        let columns = [[4.0, 1.0, 5.0], [3.0, 4.0, 3.0], [2.0, 1.0, 7.0], [1.0, 4.0, 5.0]];
        let rows = (0..4).flat_map(|_| 0..3).collect();
        ((0..5).map(|spot| spot * 3).collect(), rows, columns.concat())
    }

    #[test]
    fn moran_prefers_the_smooth_gene_and_equals_its_definition() {
        let (offsets, rows, values) = section();
        let counts = Counts::new(3, 4, &offsets, &rows, &values).unwrap();
        let graph = SpatialGraph::from_edges(4, [(0, 1), (1, 2), (2, 3)]);
        let params = FeatureParams { count: 1, ..FeatureParams::default() };
        assert_eq!(
            select_features(&counts, &Batches::alike(&[0; 4]), &graph, &params, &Monitor::silent()).unwrap().genes,
            [0]
        );
        // x = -1.5, -0.5, 0.5, 1.5: 4/6 * 2 * (0.75 - 0.25 + 0.75) / 5
        assert!((morans_i(&[-1.5, -0.5, 0.5, 1.5], 5.0, &graph) - 1.0 / 3.0).abs() < 1e-12);
    }

    /// Of 300 genes three follow a gradient: they and no more than the least number are kept.
    #[test]
    fn structured_genes_are_those_beyond_chance_and_a_least_number() {
        let (spots, genes) = (400, 300);
        let smooth = |spot: usize| 20.0 + (spot / 20) as f64;
        let noise = |spot: usize, gene: usize| 20.0 + ((spot * 7919 + gene * 104_729) % 1013 % 19) as f64;
        let value = |spot, gene| if gene < 3 { smooth(spot) } else { noise(spot, gene) };
        let values: Vec<f64> = (0..spots).flat_map(|spot| (0..genes).map(move |gene| value(spot, gene))).collect();
        let offsets: Vec<i32> = (0..=spots).map(|spot| (spot * genes) as i32).collect();
        let rows: Vec<i32> = (0..spots).flat_map(|_| 0..genes as i32).collect();
        let counts = Counts::new(genes, spots, &offsets, &rows, &values).unwrap();
        let below = (0..spots - 20).map(|spot| (spot, spot + 20));
        let right = (0..spots).filter(|spot| spot % 20 < 19).map(|spot| (spot, spot + 1));
        let graph = SpatialGraph::from_edges(spots, below.chain(right));
        let params = FeatureParams { selection: FeatureSelection::Structured, ..FeatureParams::default() };
        let chosen = select_features(&counts, &Batches::alike(&[0; 400]), &graph, &params, &Monitor::silent()).unwrap();
        assert!((0..3).all(|gene| chosen.genes.contains(&gene)));
        assert_eq!(chosen.genes.len(), LEAST_STRUCTURED);
    }

    #[test]
    fn variance_ranks_by_variance_and_given_genes_are_kept() {
        let (offsets, rows, values) = section();
        let counts = Counts::new(3, 4, &offsets, &rows, &values).unwrap();
        let graph = SpatialGraph::from_edges(4, [(0, 1)]);
        let chosen = |selection, count| {
            let params = FeatureParams { selection, count, ..FeatureParams::default() };
            select_features(&counts, &Batches::alike(&[0; 4]), &graph, &params, &Monitor::silent())
        };
        assert_eq!(chosen(FeatureSelection::Variance, 1).unwrap().genes, [1]);
        assert_eq!(chosen(FeatureSelection::Given(vec![2, 0, 2]), 1).unwrap().genes, [0, 2]);
        assert!(matches!(
            chosen(FeatureSelection::Given(vec![3]), 1),
            Err(Error::Argument { argument: "features", .. })
        ));
    }
}
