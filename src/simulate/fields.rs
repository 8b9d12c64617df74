//! Smooth variation over the tissue.

use crate::random::ChaCha8Rng;
use ndarray::Array2;
use rand::Rng;
use std::f64::consts::TAU;

/// Smooth functions over the tissue, spots x `fields`, each of mean about 0 and variance about 1: sums of three waves
/// of random direction and a wavelength of about the slice.
pub(super) fn smooth_fields(positions: &Array2<f64>, fields: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut values = Array2::zeros((positions.nrows(), fields));
    for mut field in values.columns_mut() {
        for _ in 0..3 {
            let (angle, phase): (f64, f64) = (rng.random_range(0.0..TAU), rng.random_range(0.0..TAU));
            let waves = rng.random_range(0.5..1.5) * TAU;
            for (value, spot) in field.iter_mut().zip(positions.rows()) {
                let along = spot[0] * angle.sin() + spot[1] * angle.cos();
                *value += (waves * along + phase).sin() * (2.0f64 / 3.0).sqrt();
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, stream};
    use crate::simulate::Lattice;

    #[test]
    fn neighbours_have_almost_the_same_value() {
        let (rows, columns) = (40, 40);
        let positions = Lattice::Hexagonal.positions(rows, columns);
        let fields = smooth_fields(&positions, 4, &mut stream(3, Stream::Expression));
        let graph = Lattice::Hexagonal.graph(rows, columns);
        for field in fields.columns() {
            let spread = field.std(0.0);
            assert!((0.3..2.0).contains(&spread), "{spread}");
            let near = (0..rows * columns).all(|spot| {
                graph.neighbours(spot).iter().all(|&other| (field[spot] - field[other as usize]).abs() < 0.7 * spread)
            });
            assert!(near);
        }
    }
}
