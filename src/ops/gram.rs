//! Products of two tall matrices over their rows.

use super::contiguous;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

/// Rows added up by one task.
const ROWS: usize = 512;

/// AᵀB for A of spots x p and B of spots x q (both f32 or both f64): p x q, in time O(spots · p · q). Differentiable:
/// its backward is two products that keep spots in rows, where candle would transpose and add strided tensors.
pub fn gram(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.dim(0)? != b.dim(0)? {
        bail!("the matrices have {} and {} rows", a.dim(0)?, b.dim(0)?);
    }
    a.contiguous()?.apply_op2(&b.contiguous()?, Gram)
}

struct Gram;

impl Gram {
    fn product<T: WithDType>(a: &[T], b: &[T], p: usize, q: usize) -> Vec<T> {
        let add = |mut sum: Vec<T>, part: Vec<T>| {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            sum
        };
        let blocks = a.par_chunks(ROWS * p).zip(b.par_chunks(ROWS * q));
        let parts: Vec<Vec<T>> = blocks.map(|(a, b)| Self::block(a, b, p, q)).collect();
        // In the order of the blocks, whatever thread made them.
        parts.into_iter().fold(vec![T::zero(); p * q], add)
    }

    fn block<T: WithDType>(a: &[T], b: &[T], p: usize, q: usize) -> Vec<T> {
        let mut sum = vec![T::zero(); p * q];
        for (a, b) in a.chunks_exact(p).zip(b.chunks_exact(q)) {
            for (row, &a) in sum.chunks_exact_mut(q).zip(a) {
                row.iter_mut().zip(b).for_each(|(sum, &b)| *sum += a * b);
            }
        }
        sum
    }
}

impl CustomOp2 for Gram {
    fn name(&self) -> &'static str {
        "gram"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (a_range, b_range) = (contiguous(a_layout)?, contiguous(b_layout)?);
        let (p, q) = (a_layout.shape().dims2()?.1, b_layout.shape().dims2()?.1);
        let product = match (a, b) {
            (CpuStorage::F32(a), CpuStorage::F32(b)) => CpuStorage::F32(Self::product(&a[a_range], &b[b_range], p, q)),
            (CpuStorage::F64(a), CpuStorage::F64(b)) => CpuStorage::F64(Self::product(&a[a_range], &b[b_range], p, q)),
            _ => bail!("the matrices must both be f32 or both f64"),
        };
        Ok((product, Shape::from((p, q))))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _product: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(b.matmul(&gradient.t()?.contiguous()?)?), Some(a.matmul(&gradient.contiguous()?)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing;
    use candle_core::Device;

    #[test]
    fn equals_candles_own_and_has_the_right_gradients() {
        let tensor = |rows: usize, columns: usize, from: f64| {
            Tensor::arange(from, from + (rows * columns) as f64, &Device::Cpu)
                .and_then(|x| x.sin()?.reshape((rows, columns)))
                .unwrap()
        };
        let (a, b) = (tensor(1100, 3, 0.0), tensor(1100, 4, 0.5));
        testing::assert_close(&gram(&a, &b).unwrap(), &a.t().unwrap().matmul(&b).unwrap(), 1e-10);
        let (a, b) = (tensor(5, 3, 0.0), tensor(5, 2, 0.5));
        testing::assert_finite_differences(&a, |a| gram(a, &b)?.sqr()?.sum_all());
        testing::assert_finite_differences(&b, |b| gram(&a, b)?.sqr()?.sum_all());
        testing::assert_finite_differences(&a, |a| gram(a, a)?.sqr()?.sum_all());
        assert!(gram(&a, &tensor(4, 2, 0.0)).is_err());
    }
}
