//! Bias and rectifier of a layer in one pass, as a candle operation with its own backward. Candle's own broadcast sum
//! and its backward cost several passes over all spots, more than the matrix product itself at these widths.

use super::contiguous;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

/// Rows handled by one task: fixed, so that sums over rows are added in the same order for any number of threads.
const ROWS: usize = 512;

/// max(x + bias, 0) for x of spots x units and a bias of one value a unit.
pub fn bias_relu(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(bias, Bias { rectified: true })
}

/// x + bias for x of spots x units and a bias of one value a unit.
pub fn bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(bias, Bias { rectified: false })
}

/// Adds the bias and, if `rectified`, cuts at zero.
#[derive(Clone, Copy)]
struct Bias {
    rectified: bool,
}

impl Bias {
    fn add<T: WithDType>(self, x: &[T], bias: &[T]) -> Vec<T> {
        let mut y = vec![T::zero(); x.len()];
        let width = bias.len();
        let rows = y.par_chunks_mut(ROWS * width).zip(x.par_chunks(ROWS * width));
        rows.for_each(|(y, x)| {
            for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                for ((y, &x), &bias) in y.iter_mut().zip(x).zip(bias) {
                    let sum = x + bias;
                    *y = if self.rectified && sum < T::zero() { T::zero() } else { sum };
                }
            }
        });
        y
    }
}

impl CustomOp2 for Bias {
    fn name(&self) -> &'static str {
        "bias"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x_range, bias_range) = (contiguous(x_layout)?, contiguous(bias_layout)?);
        let y = match (x, bias) {
            (CpuStorage::F32(x), CpuStorage::F32(bias)) => CpuStorage::F32(self.add(&x[x_range], &bias[bias_range])),
            (CpuStorage::F64(x), CpuStorage::F64(bias)) => CpuStorage::F64(self.add(&x[x_range], &bias[bias_range])),
            _ => bail!("layer and bias must both be f32 or both f64"),
        };
        Ok((y, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        _bias: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let passed = if self.rectified { gradient.apply_op2_no_bwd(y, &WherePositive)? } else { gradient };
        let summed = passed.apply_op1_no_bwd(&ColumnSums)?;
        Ok((Some(passed), Some(summed)))
    }
}

/// The gradient where the layer's output is positive, 0 elsewhere.
struct WherePositive;

impl WherePositive {
    fn select<T: WithDType>(gradient: &[T], y: &[T]) -> Vec<T> {
        let keep = |(&gradient, &y): (&T, &T)| if y > T::zero() { gradient } else { T::zero() };
        gradient.iter().zip(y).map(keep).collect()
    }
}

impl CustomOp2 for WherePositive {
    fn name(&self) -> &'static str {
        "where-positive"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (own, other) = (contiguous(gradient_layout)?, contiguous(y_layout)?);
        let selected = match (gradient, y) {
            (CpuStorage::F32(gradient), CpuStorage::F32(y)) => CpuStorage::F32(Self::select(&gradient[own], &y[other])),
            (CpuStorage::F64(gradient), CpuStorage::F64(y)) => CpuStorage::F64(Self::select(&gradient[own], &y[other])),
            _ => bail!("gradient and layer must both be f32 or both f64"),
        };
        Ok((selected, gradient_layout.shape().clone()))
    }
}

/// Sum of each column.
struct ColumnSums;

impl ColumnSums {
    fn sum<T: WithDType>(x: &[T], width: usize) -> Vec<T> {
        let mut sums = vec![T::zero(); width];
        for row in x.chunks_exact(width) {
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value);
        }
        sums
    }
}

impl CustomOp1 for ColumnSums {
    fn name(&self) -> &'static str {
        "column-sums"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let range = contiguous(layout)?;
        let width = layout.shape().dims2()?.1;
        let sums = match x {
            CpuStorage::F32(x) => CpuStorage::F32(Self::sum(&x[range], width)),
            CpuStorage::F64(x) => CpuStorage::F64(Self::sum(&x[range], width)),
            _ => bail!("the layer must be f32 or f64"),
        };
        Ok((sums, Shape::from(width)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing;
    use candle_core::Device;

    #[test]
    fn equal_candles_own_and_have_the_right_gradients() {
        let x = Tensor::arange(0f64, 21.0, &Device::Cpu).and_then(|x| x.sin()?.reshape((7, 3))).unwrap();
        let b = Tensor::new(&[0.3, -0.2, 0.1], &Device::Cpu).unwrap();
        testing::assert_close(&bias(&x, &b).unwrap(), &x.broadcast_add(&b).unwrap(), 0.0);
        testing::assert_close(&bias_relu(&x, &b).unwrap(), &x.broadcast_add(&b).unwrap().relu().unwrap(), 0.0);
        for layer in [bias, bias_relu] {
            testing::assert_finite_differences(&x, |x| layer(x, &b)?.sqr()?.sum_all());
            testing::assert_finite_differences(&b, |b| layer(&x, b)?.sqr()?.sum_all());
        }
    }
}
