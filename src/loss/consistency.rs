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
    use proptest::prelude::*;

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

    proptest! {
        /// A turned copy is the same instance, and which of two instances comes first does not matter.
        #[test]
        fn rotations_and_order_do_not_matter(
            values in prop::collection::vec(-5.0f64..5.0, 2 * 10 * 2),
            angle in -3.2f64..3.2,
        ) {
            let instance = |half: usize| Tensor::from_slice(&values[half * 20..(half + 1) * 20], (10, 2), &Device::Cpu);
            let (first, second) = (instance(0).unwrap(), instance(1).unwrap());
            let number = |a: &Tensor, b: &Tensor| consistency(a, b).and_then(|it| it.to_scalar::<f64>()).unwrap();
            let turn = [[angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]];
            let turned = first.matmul(&Tensor::new(&turn, &Device::Cpu).unwrap()).unwrap();
            prop_assert!(number(&first, &turned).abs() < 1e-9);
            prop_assert!((number(&first, &second) - number(&turned, &second)).abs() < 1e-9);
            prop_assert!((number(&first, &second) - number(&second, &first)).abs() < 1e-12);
        }
    }
}
