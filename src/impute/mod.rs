//! Denoised expression of chosen genes: what a spot's other genes and the surrounding spots say about a gene.
//!
//! The share that a gene has of a spot's counts is predicted by ridge regression on the spot's own component scores,
//! without the part that the gene itself has in them; on the mean scores in the neighbourhood, the spot itself left
//! out, and what the network adds to these; and on the gene's own mean there. Spots weigh as much as their counts, as
//! the variance of a share is inversely proportional to them; each batch has a level of its own; and generalised
//! cross-validation says how far a gene is to be trusted. A gene that no source tells anything about comes out at its
//! mean.

mod neighbourhood;
mod ridge;
mod scores;

pub use scores::Scores;

use crate::batches::Batches;
use crate::counts::{Counts, GeneCounts};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use ndarray::{Array2, ArrayViewMut1, Axis};
use neighbourhood::Neighbourhood;
use ridge::Design;
use scores::OwnParts;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Total count of a spot to which expression is scaled before the logarithm.
const TARGET: f64 = 1e4;

/// Denoised expression.
#[derive(Clone, Debug)]
pub struct Imputed {
    /// log(1 + 10,000 x expected share of the spot's counts), within the shares that the gene has anywhere, genes x spots.
    pub expression: Array2<f64>,
    /// Share of each gene's variance over spots that is explained, by generalised cross-validation: 0 for a gene at
    /// its mean, NaN for one that does not vary.
    pub explained: Vec<f64>,
}

/// Denoised expression of `genes` (row numbers of `counts`) at all spots, from the `scores` of a fit of these counts;
/// `batches` are those of the fit. Memory beyond the result is linear in stored counts, spots and edges.
///
/// # Errors
/// [`Error::Argument`] naming `features`, `fit` or `batch`; [`Error::Numeric`]; [`Error::Interrupted`].
pub fn impute_expression(
    counts: &Counts,
    genes: &[usize],
    scores: Scores,
    graph: &SpatialGraph,
    batches: &Batches,
    monitor: &Monitor,
) -> Result<Imputed> {
    check(counts, genes, scores, graph, batches.number())?;
    let sizes = counts.library_sizes();
    let neighbourhood = Neighbourhood::new(graph, &sizes);
    let around = neighbourhood.means(scores.values) + scores.network;
    let design = Design::new(scores.values, around.view(), &sizes, batches.number());
    let own_parts = OwnParts::new(scores, counts, batches);
    let mut expression = Array2::zeros((genes.len(), counts.spots()));
    let done = AtomicUsize::new(0);
    let rows: Vec<Mutex<ArrayViewMut1<f64>>> = expression.axis_iter_mut(Axis(0)).map(Mutex::new).collect();
    let impute = |(): &mut (), place: usize, gene: GeneCounts| -> Result<f64> {
        let mut own = vec![0.0; sizes.len()];
        gene.iter().for_each(|(spot, count)| own[spot] = count);
        let part = own_parts.of(genes[place], gene.spots, gene.values);
        let around: Vec<_> =
            neighbourhood.shares(&own).into_iter().map(|share| share.map(|share| TARGET * share)).collect();
        own.iter_mut().zip(&sizes).for_each(|(value, size)| *value *= TARGET / size);
        let fitted = design.fit(&own, &around, part.as_ref())?;
        // What is linear leads out of what the gene has anywhere where a spot's scores are unlike all others'.
        let (least, most) = own.iter().fold((f64::MAX, 0.0f64), |(a, b), &share| (a.min(share), b.max(share)));
        let mut row = rows[place].lock().expect("a row is written once");
        fitted
            .values
            .into_iter()
            .zip(row.iter_mut())
            .for_each(|(share, value)| *value = share.min(most).max(least.min(most)).ln_1p());
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "genes", done, total: genes.len(), objective: None })?;
        Ok(fitted.explained)
    };
    let explained = counts.map_genes(genes, || (), impute)?;
    drop(rows);
    Ok(Imputed { expression, explained })
}

fn check(counts: &Counts, genes: &[usize], scores: Scores, graph: &SpatialGraph, batch: &[usize]) -> Result<()> {
    let spots = counts.spots();
    if let Some(gene) = genes.iter().find(|&&gene| gene >= counts.genes()) {
        return Err(Error::argument("features", format!("asks for gene {} of {}", gene + 1, counts.genes())));
    }
    if graph.spots() != spots {
        return Err(Error::argument("fit", format!("must have the {spots} spots of the counts")));
    }
    if batch.len() != spots {
        return Err(Error::argument("batch", format!("has {} values for {spots} spots", batch.len())));
    }
    scores.check(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::Normalisation;

    const SPOTS: usize = 60;

    /// Spots in a row, the position as the only score. The shares of gene 0 are linear in it, those of gene 1
    /// constant, gene 2 is noise, gene 3 fills the library sizes up, which differ.
    fn section() -> (Vec<i32>, Vec<i32>, Vec<f64>, Array2<f64>, SpatialGraph) {
        let mut values = Vec::new();
        for spot in 0..SPOTS {
            let size = 1000.0 * (1 + spot % 3) as f64;
            let noise = ((spot * 7919) % 13) as f64 / 130.0;
            let shares = [0.1 + 0.005 * spot as f64, 0.2, noise];
            values.extend(shares.map(|share| share * size));
            values.push(size * (1.0 - shares.iter().sum::<f64>()));
        }
        let offsets = (0..=SPOTS as i32).map(|spot| 4 * spot).collect();
        let rows = (0..SPOTS).flat_map(|_| 0..4).collect();
        let embedding = Array2::from_shape_fn((SPOTS, 1), |(spot, _)| spot as f64);
        (offsets, rows, values, embedding, SpatialGraph::from_edges(SPOTS, (1..SPOTS).map(|spot| (spot - 1, spot))))
    }

    /// Scores that none of the genes has a part in.
    fn scores<'a>(values: &'a Array2<f64>, network: &'a Array2<f64>) -> Scores<'a> {
        let loadings = ndarray::ArrayView2::from_shape((0, 1), &[]).expect("no loadings");
        let (values, network) = (values.view(), network.view());
        Scores { values, network, genes: &[], loadings, singular_values: &[1.0], normalisation: Normalisation::Pearson }
    }

    fn impute(genes: &[usize], batch: &[usize]) -> Result<Imputed> {
        let (offsets, rows, values, embedding, graph) = section();
        let counts = Counts::new(4, SPOTS, &offsets, &rows, &values)?;
        let network = Array2::zeros(embedding.raw_dim());
        impute_expression(
            &counts,
            genes,
            scores(&embedding, &network),
            &graph,
            &Batches::alike(batch),
            &Monitor::silent(),
        )
    }

    #[test]
    fn linear_shares_are_found_whatever_the_depth() {
        let found = impute(&[1, 0, 2], &[0; SPOTS]).unwrap();
        for spot in 0..SPOTS {
            let linear = (1e4 * (0.1 + 0.005 * spot as f64)).ln_1p();
            assert!((found.expression[[1, spot]] - linear).abs() < 2e-3, "{}", found.expression[[1, spot]] - linear);
            assert!((found.expression[[0, spot]] - 2000f64.ln_1p()).abs() < 1e-9);
        }
        assert!(found.explained[0].is_nan());
        assert!(found.explained[1] > 0.9999);
        assert!(found.explained[2] < 0.2);
    }

    #[test]
    fn batches_have_levels_of_their_own() {
        let (offsets, rows, mut values, embedding, graph) = section();
        let batch: Vec<usize> = (0..SPOTS).map(|spot| usize::from(spot >= 30)).collect();
        // Gene 1 doubles in the second batch, at the cost of the gene that fills up.
        for spot in 30..SPOTS {
            let size = 1000.0 * (1 + spot % 3) as f64;
            values[4 * spot + 1] += 0.2 * size;
            values[4 * spot + 3] -= 0.2 * size;
        }
        let counts = Counts::new(4, SPOTS, &offsets, &rows, &values).unwrap();
        let apart = SpatialGraph::from_edges(SPOTS, (1..SPOTS).filter(|&b| b != 30).map(|b| (b - 1, b)));
        assert_eq!(apart.edges() + 1, graph.edges());
        let network = Array2::zeros(embedding.raw_dim());
        let scores = scores(&embedding, &network);
        let found =
            impute_expression(&counts, &[1], scores, &apart, &Batches::alike(&batch), &Monitor::silent()).unwrap();
        for (value, &own) in found.expression.iter().zip(&batch) {
            assert!((value - (2000.0 * (1 + own) as f64).ln_1p()).abs() < 1e-9);
        }
    }

    #[test]
    fn bad_input_names_the_argument() {
        assert!(matches!(impute(&[4], &[0; SPOTS]), Err(Error::Argument { argument: "features", .. })));
        assert!(matches!(impute(&[0], &[0; 3]), Err(Error::Argument { argument: "batch", .. })));
    }
}
