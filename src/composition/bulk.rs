//! Counts of types together.

use crate::counts::Counts;
use ndarray::Array2;

/// Genes that are compared at most, the most abundant: others say little about a type of some tens of spots.
const GENES: usize = 500;
/// Variance of a log share that is not the sampling of counts.
const EXTRA_VARIANCE: f64 = 0.01;

/// Log shares of genes in the types of one batch.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    /// Types x genes.
    pub logs: Array2<f64>,
    /// Sampling variance of these.
    pub variances: Array2<f64>,
    /// Spots of each type.
    pub sizes: Vec<f64>,
}

/// Of each batch; `types` are those of the spots, numbered in each batch from 0.
pub(super) fn bulks(counts: &Counts, genes: &[usize], batch: &[usize], types: &[usize]) -> Vec<Bulk> {
    let genes = most_abundant(counts, genes);
    let mut row_of = vec![usize::MAX; counts.genes()];
    genes.iter().enumerate().for_each(|(row, &gene)| row_of[gene] = row);
    let mut type_counts = vec![0; batch.iter().max().map_or(0, |last| last + 1)];
    batch.iter().zip(types).for_each(|(&batch, &own)| type_counts[batch] = type_counts[batch].max(own + 1));
    let mut sums: Vec<Array2<f64>> = type_counts.iter().map(|&types| Array2::zeros((types, genes.len()))).collect();
    let mut totals: Vec<Vec<f64>> = type_counts.iter().map(|&types| vec![0.0; types]).collect();
    let mut sizes = totals.clone();
    for spot in 0..counts.spots() {
        let (own, (rows, values)) = ((batch[spot], types[spot]), counts.spot(spot));
        sizes[own.0][own.1] += 1.0;
        for (&gene, value) in rows.iter().zip(values) {
            totals[own.0][own.1] += value;
            let row = row_of[gene as usize];
            if row != usize::MAX {
                sums[own.0][[own.1, row]] += value;
            }
        }
    }
    let bulk = |((sums, totals), sizes): ((Array2<f64>, Vec<f64>), Vec<f64>)| Bulk {
        logs: Array2::from_shape_fn(sums.raw_dim(), |(own, gene)| {
            ((sums[[own, gene]] + 0.5) / (totals[own] + 1.0)).ln()
        }),
        variances: sums.mapv(|count| 1.0 / (count + 0.5) + EXTRA_VARIANCE),
        sizes,
    };
    sums.into_iter().zip(totals).zip(sizes).map(bulk).collect()
}

fn most_abundant(counts: &Counts, genes: &[usize]) -> Vec<usize> {
    let mut totals = vec![0.0; counts.genes()];
    for spot in 0..counts.spots() {
        let (rows, values) = counts.spot(spot);
        rows.iter().zip(values).for_each(|(&gene, value)| totals[gene as usize] += value);
    }
    let mut order = genes.to_vec();
    order.sort_by(|&one, &other| totals[other].total_cmp(&totals[one]).then(one.cmp(&other)));
    order.truncate(GENES);
    order
}
