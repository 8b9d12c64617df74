//! The random walk over links, in its symmetric form.

use super::links::Links;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

/// T = Z^-½ K Z^-½ with K = Q⁻¹ W Q⁻¹: W holds the links' weights and a spot's own weight of 1, Q its row sums (the
/// density of spots, which so does not matter; Coifman and Lafon 2006), Z the row sums of K.
pub struct Transition {
    offsets: Vec<usize>,
    others: Vec<usize>,
    values: Vec<f64>,
    stationary: Array1<f64>,
}

impl Transition {
    /// The walk within `members`, rising spot numbers that hold whole connected parts.
    pub fn new(links: &Links, members: &[usize]) -> Self {
        let (mut offsets, mut others, mut values) = (vec![0], Vec::new(), Vec::new());
        for (own, &spot) in members.iter().enumerate() {
            others.push(own);
            values.push(1.0);
            for (other, weight) in links.of(spot) {
                if let Ok(place) = members.binary_search(&other) {
                    others.push(place);
                    values.push(weight);
                }
            }
            offsets.push(others.len());
        }
        let mut transition = Transition { offsets, others, values, stationary: Array1::zeros(members.len()) };
        let density = transition.row_sums();
        transition.scale(&density.mapv(f64::recip));
        let sums = transition.row_sums().mapv(f64::sqrt);
        transition.scale(&sums.mapv(f64::recip));
        transition.stationary = &sums / sums.dot(&sums).sqrt();
        transition
    }

    /// Number of spots.
    pub fn spots(&self) -> usize {
        self.stationary.len()
    }

    /// The eigenvector of eigenvalue 1, of unit length and positive: square roots of the stationary probabilities.
    pub fn stationary(&self) -> &Array1<f64> {
        &self.stationary
    }

    /// T times the columns of `vectors`, spots x columns.
    pub fn product(&self, vectors: ArrayView2<f64>) -> Array2<f64> {
        let mut product = Array2::zeros(vectors.raw_dim());
        Zip::indexed(product.axis_iter_mut(Axis(0))).par_for_each(|spot, mut row| {
            for entry in self.offsets[spot]..self.offsets[spot + 1] {
                row.scaled_add(self.values[entry], &vectors.row(self.others[entry]));
            }
        });
        product
    }

    fn row_sums(&self) -> Array1<f64> {
        self.offsets.windows(2).map(|range| self.values[range[0]..range[1]].iter().sum::<f64>()).collect()
    }

    /// Multiplies rows and columns by `factors`.
    fn scale(&mut self, factors: &Array1<f64>) {
        for spot in 0..self.offsets.len() - 1 {
            for entry in self.offsets[spot]..self.offsets[spot + 1] {
                self.values[entry] *= factors[spot] * factors[self.others[entry]];
            }
        }
    }
}
