//! What a matrix holds, in one pass over its stored values and without a copy of them.

use super::checked;
use crate::error::Result;

/// What is looked at before anything is done with a matrix of counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Stored values that are NaN or infinite.
    pub not_finite: usize,
    /// Stored values below 0.
    pub negative: usize,
    /// The smallest stored value; infinite without any.
    pub smallest: f64,
    /// Stored values that are not whole numbers.
    pub parts: usize,
    /// Stored zeros.
    pub zeros: usize,
    /// Which spots have a stored value that is not 0.
    pub used_spots: Vec<bool>,
    /// Which genes have.
    pub used_genes: Vec<bool>,
}

impl Summary {
    /// Looks at the three slots of a matrix that is compressed by column, genes x spots, whatever its values are.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] naming `x` when the structure is broken or the matrix is empty.
    pub fn of(genes: usize, spots: usize, offsets: &[i32], rows: &[i32], values: &[f64]) -> Result<Self> {
        let matrix = checked(genes, spots, offsets, rows, values)?;
        let mut summary = Summary {
            smallest: f64::INFINITY,
            used_spots: vec![false; spots],
            used_genes: vec![false; genes],
            ..Summary::default()
        };
        for (spot, column) in matrix.outer_iterator().enumerate() {
            for (gene, &value) in column.iter() {
                summary.add(gene, spot, value);
            }
        }
        Ok(summary)
    }

    fn add(&mut self, gene: usize, spot: usize, value: f64) {
        self.not_finite += usize::from(!value.is_finite());
        self.negative += usize::from(value < 0.0);
        self.smallest = self.smallest.min(value);
        self.parts += usize::from(value.is_finite() && value.fract() != 0.0);
        self.zeros += usize::from(value == 0.0);
        if value != 0.0 {
            self.used_spots[spot] = true;
            self.used_genes[gene] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_stored() {
        let values = [2.0, 0.0, -1.5, f64::NAN, f64::INFINITY];
        let found = Summary::of(3, 4, &[0, 2, 3, 3, 5], &[0, 2, 0, 0, 1], &values).unwrap();
        let expected = Summary {
            not_finite: 2,
            negative: 1,
            smallest: -1.5,
            parts: 1,
            zeros: 1,
            used_spots: vec![true, true, false, true],
            used_genes: vec![true, true, false],
        };
        assert_eq!(found, expected);
        assert!(Summary::of(3, 1, &[0, 2], &[0, 3], &[1.0, 1.0]).is_err());
        assert!(Summary::of(0, 1, &[0, 0], &[], &[]).is_err());
        assert!(Summary::of(3, usize::MAX, &[0, 1], &[0], &[1.0]).is_err());
    }
}
