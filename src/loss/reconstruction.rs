//! Squared reconstruction error.

use candle_core::{Result, Tensor};

/// Mean squared difference between the target and its reconstruction, both spots x features.
pub fn reconstruction(target: &Tensor, reconstructed: &Tensor) -> Result<Tensor> {
    (reconstructed - target)?.sqr()?.mean_all()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn mean_over_two_views_equals_the_published_value_and_gradient() {
        let x = |like: &Tensor| testing::matrix(&testing::golden("reconstruction")["x"], like.dtype());
        testing::assert_golden_pair("reconstruction", ["recon1", "recon2"], |first, second| {
            let x = x(first);
            (reconstruction(&x, first)? + reconstruction(&x, second)?)? * 0.5
        });
    }
}
