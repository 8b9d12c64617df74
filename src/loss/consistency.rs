//! StaR's consistency between instances of the model whose parameters were perturbed.

use super::inner;
use crate::ops::{gram, unit_rows};
use candle_core::{Result, Tensor};

/// Mean over all pairs of spots of the squared difference of cosine similarities inside two embeddings,
/// ‖ZZᵀ − Z'Z'ᵀ‖² / n² = [ ‖ZᵀZ‖² − 2‖ZᵀZ'‖² + ‖Z'ᵀZ'‖² ] / n²
/// with unit rows. It ignores rotation of an embedding and needs O(n d²) time.
///
/// `first` and `second` are spots x dimensions.
pub fn consistency(first: &Tensor, second: &Tensor) -> Result<Tensor> {
    let (first, second) = (unit_rows(first)?, unit_rows(second)?);
    let spots = first.dim(0)? as f64;
    let norm = |a: &Tensor, b: &Tensor| -> Result<Tensor> {
        let product = gram(a, b)?;
        inner(&product, &product)
    };
    let within = (norm(&first, &first)? + norm(&second, &second)?)?;
    (within - (norm(&first, &second)? * 2.0)?)? / (spots * spots)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use candle_core::{DType, Device};

    #[test]
    fn equals_its_definition_ignores_rotation_and_has_the_right_gradient() {
        let golden = testing::golden("telescope");
        let [a, b] = ["z1", "z2"].map(|name| testing::matrix(&golden[name], DType::F64));
        let gram = |z: &Tensor| unit_rows(z).and_then(|z| z.matmul(&z.t()?)).unwrap();
        let direct = (gram(&a) - gram(&b)).unwrap().sqr().unwrap().mean_all().unwrap();
        testing::assert_close(&consistency(&a, &b).unwrap(), &direct, 1e-12);

        let reversed = a.index_select(&Tensor::new(&[4u32, 3, 2, 1, 0], &Device::Cpu).unwrap(), 1).unwrap();
        testing::assert_close(&consistency(&a, &reversed).unwrap(), &direct.zeros_like().unwrap(), 1e-12);
        testing::assert_finite_differences(&a, |z| consistency(z, &b));
    }
}
