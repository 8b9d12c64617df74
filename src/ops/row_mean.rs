//! Means over listed rows, as a candle operation with its own backward.

use super::contiguous;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows handled by one task.
const ROWS: usize = 256;

/// For each row of the result, the rows of the input whose mean it is.
#[derive(Clone)]
pub struct RowMean {
    forward: Arc<Weighted>,
    backward: Arc<Weighted>,
}

/// A sparse matrix by rows: where each row's entries start, and their columns and weights.
struct Weighted {
    offsets: Vec<usize>,
    entries: Vec<(usize, f64)>,
}

impl RowMean {
    /// The mean of the rows in each list; all lists must hold rows. The lists are for an input of `rows` rows.
    ///
    /// # Errors
    /// An error when a list is empty or names a row that is not there.
    pub fn new(lists: &[Vec<usize>], rows: usize) -> Result<Self> {
        if lists.iter().any(|list| list.is_empty() || list.iter().any(|&row| row >= rows)) {
            bail!("every list must name rows of the {rows} there are");
        }
        let entries = |list: &Vec<usize>| {
            let weight = 1.0 / list.len() as f64;
            list.iter().map(|&row| (row, weight)).collect::<Vec<_>>()
        };
        let forward = Weighted::new(lists.iter().map(entries));
        let mut transposed = vec![Vec::new(); rows];
        for (result, list) in lists.iter().enumerate() {
            list.iter().for_each(|&row| transposed[row].push((result, 1.0 / list.len() as f64)));
        }
        Ok(RowMean { forward: Arc::new(forward), backward: Arc::new(Weighted::new(transposed.into_iter())) })
    }

    /// The means of `x` (rows x dimensions, in f32 or f64), one row a list. Linear in list entries; differentiable.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(self.clone())
    }
}

impl Weighted {
    fn new(rows: impl Iterator<Item = Vec<(usize, f64)>>) -> Self {
        let (mut offsets, mut entries) = (vec![0], Vec::new());
        for row in rows {
            entries.extend(row);
            offsets.push(entries.len());
        }
        Weighted { offsets, entries }
    }

    fn multiply<T: WithDType>(&self, x: &[T], dimensions: usize) -> Vec<T> {
        let rows = self.offsets.len() - 1;
        let mut y = vec![T::zero(); rows * dimensions];
        y.par_chunks_mut(ROWS * dimensions).enumerate().for_each(|(chunk, block)| {
            for (offset, sum) in block.chunks_mut(dimensions).enumerate() {
                let row = chunk * ROWS + offset;
                for &(column, weight) in &self.entries[self.offsets[row]..self.offsets[row + 1]] {
                    let (weight, values) = (T::from_f64(weight), &x[column * dimensions..(column + 1) * dimensions]);
                    sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += weight * value);
                }
            }
        });
        y
    }
}

impl CustomOp1 for RowMean {
    fn name(&self) -> &'static str {
        "row-mean"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, dimensions) = layout.shape().dims2()?;
        if rows + 1 != self.backward.offsets.len() {
            bail!("the lists are for {} rows, not {rows}", self.backward.offsets.len() - 1);
        }
        let range = contiguous(layout)?;
        let means = match storage {
            CpuStorage::F32(x) => CpuStorage::F32(self.forward.multiply(&x[range], dimensions)),
            CpuStorage::F64(x) => CpuStorage::F64(self.forward.multiply(&x[range], dimensions)),
            _ => bail!("the values must be f32 or f64"),
        };
        Ok((means, Shape::from((self.forward.offsets.len() - 1, dimensions))))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let transposed = RowMean { forward: self.backward.clone(), backward: self.forward.clone() };
        transposed.apply(gradient).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing;
    use candle_core::{DType, Device};

    #[test]
    fn takes_means_with_the_right_gradient_and_refuses_lists_that_do_not_fit() {
        let x = Tensor::arange(0f64, 12.0, &Device::Cpu).and_then(|x| x.sin()?.reshape((4, 3))).unwrap();
        let lists = [vec![0, 2], vec![2], vec![1, 0, 2], vec![0, 1], vec![2, 1]];
        let means = RowMean::new(&lists, 4).unwrap();
        let rows: Vec<Vec<f64>> = x.to_vec2().unwrap();
        let found: Vec<Vec<f64>> = means.apply(&x).unwrap().to_vec2().unwrap();
        for (list, found) in lists.iter().zip(&found) {
            for (column, &value) in found.iter().enumerate() {
                let mean = list.iter().map(|&row| rows[row][column]).sum::<f64>() / list.len() as f64;
                assert!((value - mean).abs() < 1e-15);
            }
        }
        testing::assert_finite_differences(&x, |x| means.apply(x)?.sqr()?.sum_all());
        assert!(RowMean::new(&[vec![]], 4).is_err() && RowMean::new(&[vec![4]], 4).is_err());
        assert!(means.apply(&Tensor::zeros((5, 2), DType::F64, &Device::Cpu).unwrap()).is_err());
    }
}
