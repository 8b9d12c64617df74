//! Weighted sum of means over several lists of rows, as a candle operation with its own backward: one pass each for what
//! products, broadcasts and sums of candle's own do in a dozen.

use super::{RowMean, contiguous};
use crate::vectorized::vectorized;
use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;
use std::borrow::Cow;

/// Values handled by one task: fixed, so that sums are added in the same order for any number of threads.
const VALUES: usize = 1 << 14;
/// Rows handled by one task at least.
const ROWS: usize = 256;

/// Σ_h w_h · (mean over the rows j of list h of k_j x_j), one row a list, for x of rows x dimensions in f32 or f64, one
/// weight w of each of the `means`, and what each row counts k (1 without `kept`). Differentiable in x and w.
///
/// # Errors
/// An error for another number of weights, or values that do not fit the lists.
pub fn weighted_means(means: &[RowMean], x: &Tensor, weights: &Tensor, kept: Option<&[f32]>) -> Result<Tensor> {
    if weights.dims1()? != means.len() || means.is_empty() {
        bail!("must have a weight for each of the {} means", means.len());
    }
    let rows = x.dim(0)?;
    if kept.is_some_and(|kept| kept.len() != rows) {
        bail!("must say of each row what it counts");
    }
    let operation = WeightedMeans { means: means.to_vec(), kept: kept.map(<[f32]>::to_vec) };
    x.contiguous()?.apply_op2(&weights.contiguous()?, operation)
}

struct WeightedMeans {
    means: Vec<RowMean>,
    kept: Option<Vec<f32>>,
}

impl WeightedMeans {
    fn sum<T: WithDType>(&self, x: &[T], dimensions: usize, weights: &[T]) -> Vec<T> {
        let x = self.counted(x, dimensions);
        let mut sum = Vec::new();
        for (mean, &weight) in self.means.iter().zip(weights) {
            add(&mut sum, mean.multiply(&x, dimensions), weight);
        }
        sum
    }

    /// Gradients of x and of the weights. With G the gradient of the sum and M the means, that of a weight is ⟨G, M x⟩ =
    /// ⟨Mᵀ G, x⟩, and Mᵀ G is what the gradient of x is made of.
    fn gradients<T: WithDType>(&self, x: &[T], dimensions: usize, weights: &[T], gradient: &[T]) -> (Vec<T>, Vec<T>) {
        let x = self.counted(x, dimensions);
        let mut of_x = Vec::new();
        let mut of_weights = Vec::with_capacity(weights.len());
        for (mean, &weight) in self.means.iter().zip(weights) {
            let back = mean.transposed().multiply(gradient, dimensions);
            of_weights.push(T::from_f64(product(&back, &x)));
            add(&mut of_x, back, weight);
        }
        (self.counted(&of_x, dimensions).into_owned(), of_weights)
    }

    /// Rows times what they count.
    fn counted<'a, T: WithDType>(&self, x: &'a [T], dimensions: usize) -> Cow<'a, [T]> {
        let Some(kept) = &self.kept else { return Cow::Borrowed(x) };
        let mut counted = x.to_vec();
        counted.par_chunks_mut(dimensions).with_min_len(ROWS).zip(kept).for_each(|(row, &kept)| {
            let kept = T::from_f64(f64::from(kept));
            row.iter_mut().for_each(|value| *value *= kept);
        });
        Cow::Owned(counted)
    }

    fn backward<T: WithDType>(&self, x: &Tensor, weights: &Tensor, gradient: &Tensor) -> Result<(Tensor, Tensor)> {
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<T>();
        let (own, dimensions) = (values(x)?, x.dim(1)?);
        let (of_x, of_weights) = self.gradients(&own, dimensions, &values(weights)?, &values(gradient)?);
        Ok((Tensor::from_vec(of_x, x.shape(), x.device())?, Tensor::from_vec(of_weights, weights.shape(), x.device())?))
    }
}

/// Adds `more` times `weight` to the sum, which is empty before the first.
fn add<T: WithDType>(sum: &mut Vec<T>, mut more: Vec<T>, weight: T) {
    if sum.is_empty() {
        more.par_chunks_mut(VALUES).for_each(|more| more.iter_mut().for_each(|value| *value *= weight));
        *sum = more;
        return;
    }
    sum.par_chunks_mut(VALUES).zip(more.par_chunks(VALUES)).for_each(|(sum, more)| {
        vectorized(
            #[inline(always)]
            || sum.iter_mut().zip(more).for_each(|(sum, &value)| *sum += value * weight),
        );
    });
}

/// Sum of the products of values in the same places.
fn product<T: WithDType>(one: &[T], other: &[T]) -> f64 {
    let part = |(one, other): (&[T], &[T])| -> f64 { one.iter().zip(other).map(|(&a, &b)| (a * b).to_f64()).sum() };
    let parts: Vec<f64> = one.par_chunks(VALUES).zip(other.par_chunks(VALUES)).map(part).collect();
    parts.iter().sum()
}

impl CustomOp2 for WeightedMeans {
    fn name(&self) -> &'static str {
        "weighted-means"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, dimensions) = x_layout.shape().dims2()?;
        if let Some(mean) = self.means.iter().find(|mean| mean.rows() != rows) {
            bail!("the lists are for {} rows, not {rows}", mean.rows());
        }
        let (own, other) = (contiguous(x_layout)?, contiguous(weights_layout)?);
        let sum = match (x, weights) {
            (CpuStorage::F32(x), CpuStorage::F32(w)) => CpuStorage::F32(self.sum(&x[own], dimensions, &w[other])),
            (CpuStorage::F64(x), CpuStorage::F64(w)) => CpuStorage::F64(self.sum(&x[own], dimensions, &w[other])),
            _ => bail!("values and weights must both be f32 or both f64"),
        };
        Ok((sum, Shape::from((self.means[0].lists(), dimensions))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weights: &Tensor,
        _sum: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (of_x, of_weights) = match x.dtype() {
            DType::F32 => self.backward::<f32>(x, weights, gradient)?,
            DType::F64 => self.backward::<f64>(x, weights, gradient)?,
            _ => bail!("the values must be f32 or f64"),
        };
        Ok((Some(of_x), Some(of_weights)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing::{assert_close, assert_finite_differences};
    use candle_core::Device;

    #[test]
    fn is_the_sum_of_weighted_means_with_the_right_gradients() -> Result<()> {
        let x = Tensor::arange(0f64, 12.0, &Device::Cpu)?.sin()?.reshape((4, 3))?;
        let weights = Tensor::new(vec![0.7f64, -0.4], &Device::Cpu)?;
        let lists = [[vec![0, 2], vec![], vec![1]], [vec![3], vec![1, 0, 2], vec![2, 3]]];
        let means = lists.map(|lists| RowMean::new(&lists, 4).expect("means")).to_vec();
        let kept = [0.0f32, 2.0, 1.0, 0.5];
        let counted = x.broadcast_mul(&Tensor::new(vec![0.0f64, 2.0, 1.0, 0.5], &Device::Cpu)?.reshape((4, 1))?)?;
        let expected = ((means[0].apply(&counted)? * 0.7)? - (means[1].apply(&counted)? * 0.4)?)?;
        assert_close(&weighted_means(&means, &x, &weights, Some(&kept))?, &expected, 1e-15);
        let of = |x: &Tensor, weights: &Tensor| weighted_means(&means, x, weights, Some(&kept))?.sin()?.sum_all();
        assert_finite_differences(&x, |x| of(x, &weights));
        assert_finite_differences(&weights, |weights| of(&x, weights));
        let plain = |x: &Tensor| weighted_means(&means, x, &weights, None)?.sqr()?.sum_all();
        assert_finite_differences(&x, plain);
        assert!(weighted_means(&means[..1], &x, &weights, None).is_err());
        assert!(weighted_means(&means, &x, &weights, Some(&kept[1..])).is_err());
        assert!(weighted_means(&means, &x.narrow(0, 0, 3)?, &weights, None).is_err());
        Ok(())
    }
}
