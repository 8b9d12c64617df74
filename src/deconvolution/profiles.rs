//! What the source's types express: the share that each gene has of the counts of a type.

use crate::counts::Counts;
use ndarray::{Array1, Array2, Axis};

/// Counts by which a type's profile is drawn towards the mean of all types; the best for cells left out is taken.
const STRENGTHS: [f64; 9] = [1.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5];

/// Profiles of the types of a labelled source.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// Genes x types, positive; each column sums to one.
    pub shares: Array2<f64>,
    /// Mean counts of a cell of each type.
    pub sizes: Array1<f64>,
    /// Counts of the mean of all types that were added to each type's own.
    pub strength: f64,
}

/// Counts by gene and type of the cells that are used.
struct Totals {
    /// Genes x types.
    counts: Array2<f64>,
    types: Array1<f64>,
    cells: Array1<f64>,
    /// Mean profile of the types, each worth the same; half a count in all keeps it above zero.
    mean: Array1<f64>,
}

impl Profiles {
    /// Mean profiles of the cells for which `used` holds, each drawn towards the mean of all types by as many counts as
    /// predict a cell best from the others of its type.
    ///
    /// Labels are below `types`, or missing. Every type needs a cell.
    pub fn new(counts: &Counts, labels: &[Option<usize>], types: usize, used: &dyn Fn(usize) -> bool) -> Self {
        let totals = Totals::new(counts, labels, types, used);
        let log_likelihoods = STRENGTHS.map(|strength| totals.left_out(counts, labels, used, strength));
        let best = (0..STRENGTHS.len())
            .fold(0, |best, next| if log_likelihoods[next] > log_likelihoods[best] { next } else { best });
        let strength = STRENGTHS[best];
        let mut shares = totals.counts.clone();
        shares += &(&totals.mean * strength).insert_axis(Axis(1));
        shares /= &(&totals.types + strength);
        Profiles { shares, sizes: &totals.types / &totals.cells, strength }
    }
}

impl Totals {
    fn new(counts: &Counts, labels: &[Option<usize>], types: usize, used: &dyn Fn(usize) -> bool) -> Self {
        let mut totals = Array2::zeros((counts.genes(), types));
        let mut cells = Array1::zeros(types);
        for (cell, kind) in labelled(labels, used) {
            let (genes, values) = counts.spot(cell);
            genes.iter().zip(values).for_each(|(&gene, value)| totals[[gene as usize, kind]] += value);
            cells[kind] += 1.0;
        }
        let sums = totals.sum_axis(Axis(0));
        let mean = (&totals / &sums.mapv(|sum: f64| sum.max(1.0))).sum_axis(Axis(1)) / types as f64;
        let floor = 0.5 / sums.sum().max(1.0) / counts.genes() as f64;
        let mean = mean + floor;
        let mean = &mean / mean.sum();
        Totals { counts: totals, types: sums, cells, mean }
    }

    /// Multinomial log-likelihood of each cell under the profile of the others of its type.
    fn left_out(&self, counts: &Counts, labels: &[Option<usize>], used: &dyn Fn(usize) -> bool, strength: f64) -> f64 {
        labelled(labels, used)
            .map(|(cell, kind)| {
                let (genes, values) = counts.spot(cell);
                let size: f64 = values.iter().sum();
                let others = self.types[kind] - size + strength;
                let term = |(&gene, value): (&i32, &f64)| {
                    let gene = gene as usize;
                    value * ((self.counts[[gene, kind]] - value + strength * self.mean[gene]) / others).max(1e-12).ln()
                };
                genes.iter().zip(values).map(term).sum::<f64>()
            })
            .sum()
    }
}

fn labelled<'a>(
    labels: &'a [Option<usize>],
    used: &'a dyn Fn(usize) -> bool,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    labels.iter().enumerate().filter_map(move |(cell, label)| label.filter(|_| used(cell)).map(|kind| (cell, kind)))
}
