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

    #[test]
    fn both_forms_equal_the_published_value_and_gradient() {
        testing::assert_golden_pair("telescope", ["z1", "z2"], telescope);
        testing::assert_golden_pair("telescope", ["z1", "z2"], telescope_pairwise);
    }
}
