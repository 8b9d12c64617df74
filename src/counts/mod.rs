//! The count matrix: genes x spots, compressed by spot (column), read in place.

mod by_gene;
mod summary;

pub use by_gene::{GeneBlock, GeneBlocks, GeneCounts};
pub use summary::Summary;

use crate::error::{Error, Result};

/// Borrowed sparse counts, genes x spots, compressed by column as R's `dgCMatrix` stores them.
///
/// Values are raw counts: finite and not negative; every gene and every spot has at least one count.
#[derive(Clone, Copy)]
pub struct Counts<'a> {
    matrix: sprs::CsMatViewI<'a, f64, i32>,
}

impl<'a> Counts<'a> {
    /// Wraps and checks the three slots of a column-compressed matrix.
    ///
    /// `offsets` has spots + 1 entries, `genes` and `values` one per stored entry; gene indices rise within a spot.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `x` when the structure is broken, a value is negative or not finite, the matrix
    /// is empty, or a spot has no counts.
    pub fn new(genes: usize, spots: usize, offsets: &'a [i32], rows: &'a [i32], values: &'a [f64]) -> Result<Self> {
        let matrix = checked(genes, spots, offsets, rows, values)?;
        if let Some(value) = values.iter().find(|value| !value.is_finite() || **value < 0.0) {
            return Err(Error::argument("x", format!("must hold counts, finite and not negative, not {value}")));
        }
        let counts = Counts { matrix };
        if let Some(spot) = counts.library_sizes().iter().position(|&size| size == 0.0) {
            return Err(Error::argument("x", format!("has no counts at spot {}", spot + 1)));
        }
        Ok(counts)
    }

    /// Number of genes (rows).
    pub fn genes(&self) -> usize {
        self.matrix.rows()
    }

    /// Number of spots (columns).
    pub fn spots(&self) -> usize {
        self.matrix.cols()
    }

    /// Gene indices and counts of the stored entries of one spot.
    pub fn spot(&self, spot: usize) -> (&'a [i32], &'a [f64]) {
        let range = self.matrix.indptr().outer_inds_sz(spot);
        let (_, rows, values) = self.matrix.into_raw_storage();
        (&rows[range.clone()], &values[range])
    }

    /// Total count of each spot.
    pub fn library_sizes(&self) -> Vec<f64> {
        (0..self.spots()).map(|spot| self.spot(spot).1.iter().sum()).collect()
    }
}

/// A matrix compressed by column whose structure is sound.
fn checked<'a>(
    genes: usize,
    spots: usize,
    offsets: &'a [i32],
    rows: &'a [i32],
    values: &'a [f64],
) -> Result<sprs::CsMatViewI<'a, f64, i32>> {
    if genes == 0 || spots == 0 {
        return Err(Error::argument("x", format!("must have genes and spots, not {genes} x {spots}")));
    }
    // Checked here, as the crate adds one to a number of spots that may be the largest there is.
    if offsets.len().checked_sub(1) != Some(spots) {
        let message = format!("is not a valid sparse matrix: {} offsets do not fit {spots} spots", offsets.len());
        return Err(Error::argument("x", message));
    }
    sprs::CsMatViewI::try_new_csc((genes, spots), offsets, rows, values)
        .map_err(|(.., error)| Error::argument("x", format!("is not a valid sparse matrix: {error}")))
}
