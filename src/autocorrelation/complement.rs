//! Values of patches without the means of their strata.

use ndarray::{Array2, ArrayViewMut1, Axis};
use std::collections::BTreeMap;

/// An orthonormal basis of all that is left when the mean of each stratum is taken off. A Householder reflection per
/// stratum turns its mean into its first coordinate; the others are the basis. Linear in patches.
pub(super) struct Complement {
    strata: Vec<Reflection>,
    kept: Vec<usize>,
}

struct Reflection {
    members: Vec<usize>,
    vector: Vec<f64>,
    square: f64,
}

impl Complement {
    /// `strata` holds the stratum of each patch, `weights` the square roots of their numbers of spots: what is constant
    /// over the spots of a stratum is proportional to these on its patches.
    pub fn new(strata: &[usize], weights: &[f64]) -> Self {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        strata.iter().enumerate().for_each(|(patch, &own)| members.entry(own).or_default().push(patch));
        let mut kept: Vec<usize> = members.values().flat_map(|members| members[1..].to_vec()).collect();
        kept.sort_unstable();
        let reflection = |members: Vec<usize>| {
            let mut vector: Vec<f64> = members.iter().map(|&patch| weights[patch]).collect();
            vector[0] += vector.iter().map(|value| value * value).sum::<f64>().sqrt();
            let square = vector.iter().map(|value| value * value).sum();
            Reflection { members, vector, square }
        };
        Complement { strata: members.into_values().map(reflection).collect(), kept }
    }

    /// Number of dimensions: patches less strata.
    pub fn dimensions(&self) -> usize {
        self.kept.len()
    }

    /// Coordinates of the rows of `values` (cases x patches), cases x dimensions.
    pub fn rows(&self, mut values: Array2<f64>) -> Array2<f64> {
        values.axis_iter_mut(Axis(0)).for_each(|row| self.reflect(row));
        values.select(Axis(1), &self.kept)
    }

    /// A symmetric matrix over patches in these coordinates.
    pub fn both_sides(&self, values: Array2<f64>) -> Array2<f64> {
        let half = self.rows(values);
        self.rows(half.reversed_axes())
    }

    fn reflect(&self, mut values: ArrayViewMut1<f64>) {
        for reflection in &self.strata {
            let terms = reflection.members.iter().zip(&reflection.vector);
            let product: f64 = terms.clone().map(|(&patch, part)| values[patch] * part).sum();
            let factor = 2.0 * product / reflection.square;
            terms.for_each(|(&patch, part)| values[patch] -= factor * part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_off_means_and_keeps_all_else() {
        let (strata, weights) = ([4, 1, 4, 4, 2, 1], [1.0, 2.0, 3.0, 1.5, 2.0, 1.0]);
        let complement = Complement::new(&strata, &weights);
        assert_eq!(complement.dimensions(), 3);
        // Rows are the coordinates of unit vectors: together an orthonormal basis, orthogonal to each stratum's mean.
        let basis = complement.rows(Array2::eye(6));
        assert!((basis.t().dot(&basis) - Array2::<f64>::eye(3)).iter().all(|value| value.abs() < 1e-14));
        for stratum in [1, 2, 4] {
            let constant =
                ndarray::Array1::from_shape_fn(6, |patch| if strata[patch] == stratum { weights[patch] } else { 0.0 });
            assert!(constant.dot(&basis).iter().all(|value| value.abs() < 1e-14));
        }
        let matrix = Array2::from_shape_fn((6, 6), |(a, b)| 1.0 / (1 + a + b) as f64);
        let expected = basis.t().dot(&matrix).dot(&basis);
        assert!((complement.both_sides(matrix) - expected).iter().all(|value| value.abs() < 1e-14));
    }
}
