//! What a spot's other genes tell of one of its genes.
//!
//! The component scores of a spot contain every gene that they were made from. A gene must not be told by itself: a
//! count that was missed by chance would seem to be expected. So its own part is taken out of the scores, which are
//! linear in the standardised genes.

use crate::batches::Batches;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::normalise::{Depth, Normalisation};
use crate::preprocess::standardised_gene;
use ndarray::{Array1, ArrayView2};

/// The component scores of a fit and what they were made from.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// Scores divided by their root mean square, spots x components.
    pub values: ArrayView2<'a, f64>,
    /// What the network adds to the expectation of the scores, spots x components; zeros where it has no part.
    pub network: ArrayView2<'a, f64>,
    /// Row numbers of the genes that the scores were made from.
    pub genes: &'a [usize],
    /// Loadings of these genes, genes x components, orthonormal by columns.
    pub loadings: ArrayView2<'a, f64>,
    /// Singular value of each component.
    pub singular_values: &'a [f64],
    /// Normalisation of the counts.
    pub normalisation: Normalisation,
}

impl Scores<'_> {
    /// # Errors
    /// [`Error::Argument`] naming `fit` when the parts do not fit together or are not finite.
    pub fn check(&self, counts: &Counts) -> Result<()> {
        let components = self.values.ncols();
        let shapes = self.values.nrows() == counts.spots()
            && self.network.dim() == self.values.dim()
            && self.loadings.dim() == (self.genes.len(), components)
            && self.singular_values.len() == components
            && self.genes.iter().all(|&gene| gene < counts.genes());
        if !shapes {
            return Err(Error::argument("fit", format!("must be that of these {} spots", counts.spots())));
        }
        let tables = [&self.values, &self.network, &self.loadings];
        let mut numbers = tables.into_iter().flatten().chain(self.singular_values);
        if numbers.any(|value| !value.is_finite()) {
            return Err(Error::argument("fit", "has scores that are not finite"));
        }
        Ok(())
    }
}

/// The part of single genes in the scores.
pub struct OwnParts<'a> {
    scores: Scores<'a>,
    depth: Depth,
    /// 1 / the root mean square of the scores before they were divided by it.
    scale: f64,
    /// For each gene of the counts its row of the loadings.
    row_of: Vec<Option<usize>>,
}

/// The part of one gene: `values` ⊗ `loadings`, spots x components.
pub struct OwnPart {
    pub values: Vec<f64>,
    pub loadings: Array1<f64>,
}

impl<'a> OwnParts<'a> {
    /// Of scores made from these counts.
    pub fn new(scores: Scores<'a>, counts: &Counts, batches: &Batches) -> Self {
        let squares: f64 = scores.singular_values.iter().map(|value| value * value).sum();
        let mean_square = squares / scores.values.len().max(1) as f64;
        let mut row_of = vec![None; counts.genes()];
        scores.genes.iter().enumerate().for_each(|(row, &gene)| row_of[gene] = Some(row));
        let scale = if mean_square > 0.0 { 1.0 / mean_square.sqrt() } else { 0.0 };
        OwnParts { scores, depth: Depth::new(counts, batches, scores.normalisation), scale, row_of }
    }

    /// Of one gene with these stored counts; none if the scores were made without it.
    pub fn of(&self, gene: usize, spots: &[i32], counts: &[f64]) -> Option<OwnPart> {
        let loadings = self.scores.loadings.row(self.row_of[gene]?).mapv(|loading| loading * self.scale);
        Some(OwnPart { values: standardised_gene(&self.depth, spots, counts), loadings })
    }
}
