//! Rows scaled to unit length.

use super::contiguous;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

/// Rows handled by one task.
const ROWS: usize = 512;

/// A row shorter than this is divided by this (as in Spotscape's code).
const SHORTEST: f64 = 1e-12;

/// Every row of `z` (spots x dimensions, f32 or f64) divided by its Euclidean length; differentiable.
pub fn unit_rows(z: &Tensor) -> Result<Tensor> {
    z.contiguous()?.apply_op1(UnitRows)
}

fn inner<T: WithDType>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

struct UnitRows;

impl UnitRows {
    fn scale<T: WithDType>(z: &[T], dimensions: usize) -> Vec<T> {
        let mut unit = vec![T::zero(); z.len()];
        unit.par_chunks_mut(ROWS * dimensions).zip(z.par_chunks(ROWS * dimensions)).for_each(|(unit, z)| {
            for (unit, z) in unit.chunks_exact_mut(dimensions).zip(z.chunks_exact(dimensions)) {
                let scale = T::from_f64(1.0 / inner(z, z).sqrt().max(SHORTEST));
                unit.iter_mut().zip(z).for_each(|(unit, &z)| *unit = z * scale);
            }
        });
        unit
    }
}

impl CustomOp1 for UnitRows {
    fn name(&self) -> &'static str {
        "unit-rows"
    }

    fn cpu_fwd(&self, z: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (range, dimensions) = (contiguous(layout)?, layout.shape().dims2()?.1);
        let unit = match z {
            CpuStorage::F32(z) => CpuStorage::F32(Self::scale(&z[range], dimensions)),
            CpuStorage::F64(z) => CpuStorage::F64(Self::scale(&z[range], dimensions)),
            _ => bail!("rows must be f32 or f64"),
        };
        Ok((unit, layout.shape().clone()))
    }

    fn bwd(&self, z: &Tensor, _unit: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        z.contiguous()?.apply_op2_no_bwd(&gradient.contiguous()?, &Tangent).map(Some)
    }
}

/// The gradient through the scaling: with r = 1 / ‖z‖ and u = r z, r (g − u (g·u)); r g for a row that is too short.
struct Tangent;

impl Tangent {
    fn project<T: WithDType>(z: &[T], gradient: &[T], dimensions: usize) -> Vec<T> {
        let mut result = vec![T::zero(); z.len()];
        let size = ROWS * dimensions;
        let blocks = result.par_chunks_mut(size).zip(z.par_chunks(size)).zip(gradient.par_chunks(size));
        blocks.for_each(|((result, z), gradient)| {
            let rows = result.chunks_exact_mut(dimensions).zip(z.chunks_exact(dimensions));
            for ((result, z), gradient) in rows.zip(gradient.chunks_exact(dimensions)) {
                let length = inner(z, z).sqrt();
                let scale = 1.0 / length.max(SHORTEST);
                let along = if length > SHORTEST { inner(z, gradient) * scale * scale } else { 0.0 };
                for ((result, z), gradient) in result.iter_mut().zip(z).zip(gradient) {
                    *result = T::from_f64(scale * (gradient.to_f64() - z.to_f64() * along));
                }
            }
        });
        result
    }
}

impl CustomOp2 for Tangent {
    fn name(&self) -> &'static str {
        "unit-rows-gradient"
    }

    fn cpu_fwd(
        &self,
        z: &CpuStorage,
        z_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (own, other) = (contiguous(z_layout)?, contiguous(gradient_layout)?);
        let dimensions = z_layout.shape().dims2()?.1;
        let result = match (z, gradient) {
            (CpuStorage::F32(z), CpuStorage::F32(g)) => CpuStorage::F32(Self::project(&z[own], &g[other], dimensions)),
            (CpuStorage::F64(z), CpuStorage::F64(g)) => CpuStorage::F64(Self::project(&z[own], &g[other], dimensions)),
            _ => bail!("rows and gradient must both be f32 or both f64"),
        };
        Ok((result, z_layout.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing;
    use candle_core::{D, Device};

    #[test]
    fn equal_candles_own_and_have_the_right_gradient() {
        let z = Tensor::arange(0f64, 24.0, &Device::Cpu).and_then(|z| z.sin()?.reshape((6, 4))).unwrap();
        let length = z.sqr().and_then(|z| z.sum_keepdim(D::Minus1)?.sqrt()).unwrap();
        testing::assert_close(&unit_rows(&z).unwrap(), &z.broadcast_div(&length).unwrap(), 1e-15);
        let weights = Tensor::arange(0f64, 24.0, &Device::Cpu).and_then(|w| w.cos()?.reshape((6, 4))).unwrap();
        testing::assert_finite_differences(&z, |z| (unit_rows(z)? * &weights)?.sum_all());
        let zero = Tensor::zeros((2, 4), candle_core::DType::F64, &Device::Cpu).unwrap();
        testing::assert_close(&unit_rows(&zero).unwrap(), &zero, 0.0);
    }
}
