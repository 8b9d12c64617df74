//! Spotscape's similarity telescope (arXiv 2506.15698, relational consistency loss) in linear time.

use super::inner;
use crate::ops::{gram, unit_rows};
use candle_core::{Result, Tensor};

/// Mean over all pairs of spots of (S − Sᵀ)², where S = Z Z'ᵀ holds the cosine similarities between two augmented
/// views, without forming S. With unit rows,
///
/// ‖S − Sᵀ‖² = 2 [ tr((ZᵀZ)(Z'ᵀZ')) − tr((Z'ᵀZ)(Z'ᵀZ)) ],
///
/// which costs O(n d²) time and O(d²) memory beyond the views.
///
/// `first` and `second` are spots x dimensions.
pub fn telescope(first: &Tensor, second: &Tensor) -> Result<Tensor> {
    let (first, second) = (unit_rows(first)?, unit_rows(second)?);
    let spots = first.dim(0)? as f64;
    let cross = gram(&second, &first)?;
    let same = inner(&gram(&first, &first)?, &gram(&second, &second)?)?;
    (same - inner(&cross, &cross.t()?)?)? * (2.0 / (spots * spots))
}

/// The same quantity by its definition, with spots x spots matrices: the reference of tests and benchmarks.
pub fn telescope_pairwise(first: &Tensor, second: &Tensor) -> Result<Tensor> {
    let similarity = unit_rows(first)?.matmul(&unit_rows(second)?.t()?)?;
    (&similarity - similarity.t()?)?.sqr()?.mean_all()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    #[test]
    fn both_forms_equal_the_published_value_and_gradient() {
        testing::assert_golden_pair("telescope", ["z1", "z2"], telescope);
        testing::assert_golden_pair("telescope", ["z1", "z2"], telescope_pairwise);
    }

    proptest! {
        /// The form in linear time is the definition for any views, is not below 0, is 0 for a view with itself, and does
        /// not know lengths of rows.
        #[test]
        fn the_linear_form_is_the_definition(
            values in prop::collection::vec(-5.0f64..5.0, 2 * 12 * 3),
            length in 0.01f64..100.0,
        ) {
            let view = |half: usize| Tensor::from_slice(&values[half * 36..(half + 1) * 36], (12, 3), &Device::Cpu);
            let (first, second) = (view(0).unwrap(), view(1).unwrap());
            let number = |value: Result<Tensor>| value.and_then(|value| value.to_scalar::<f64>()).unwrap();
            let linear = number(telescope(&first, &second));
            prop_assert!((linear - number(telescope_pairwise(&first, &second))).abs() < 1e-12);
            prop_assert!(linear > -1e-12);
            prop_assert!(number(telescope(&first, &first)).abs() < 1e-12);
            let longer = (&second * length).unwrap();
            prop_assert!((linear - number(telescope(&first, &longer))).abs() < 1e-9);
        }
    }
}
