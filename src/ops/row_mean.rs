//! Means over listed rows, as a candle operation with its own backward.

use super::contiguous;
use crate::vectorized::vectorized;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows handled by one task.
const ROWS: usize = 256;

/// For each row of the result, the rows of the input whose mean it is: the product with a spatial graph whose rows sum
/// to one.
#[derive(Clone)]
pub struct RowMean {
    lists: Arc<Lists>,
    /// For each row of the input, the lists that name it.
    named_by: Arc<Lists>,
    /// 1 / the length of each list.
    shares: Arc<Vec<f64>>,
    /// Whether this is the transposed product, which the backward pass needs.
    transposed: bool,
}

/// Where each list starts, and all lists one after the other.
struct Lists {
    offsets: Vec<usize>,
    entries: Vec<u32>,
}

impl RowMean {
    /// The mean of the rows in each list, 0 for a list without rows. The lists are for an input of `rows` rows.
    ///
    /// # Errors
    /// An error when a list names a row that is not there.
    pub fn new(lists: &[Vec<usize>], rows: usize) -> Result<Self> {
        if lists.iter().flatten().any(|&row| row >= rows) {
            bail!("lists must name rows of the {rows} there are");
        }
        let mut named_by = vec![Vec::new(); rows];
        for (result, list) in lists.iter().enumerate() {
            list.iter().for_each(|&row| named_by[row].push(result));
        }
        let shares = lists.iter().map(|list| 1.0 / list.len().max(1) as f64).collect();
        Ok(RowMean {
            lists: Arc::new(Lists::new(lists)),
            named_by: Arc::new(Lists::new(&named_by)),
            shares: Arc::new(shares),
            transposed: false,
        })
    }

    /// The means of `x` (rows x dimensions, in f32 or f64), one row a list. Linear in list entries; differentiable.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(self.clone())
    }

    /// Rows of the input, and lists.
    pub(super) fn rows(&self) -> usize {
        self.named_by.count()
    }

    pub(super) fn lists(&self) -> usize {
        self.lists.count()
    }

    /// The transposed product.
    pub(super) fn transposed(&self) -> RowMean {
        RowMean { transposed: !self.transposed, ..self.clone() }
    }

    pub(super) fn multiply<T: WithDType>(&self, x: &[T], dimensions: usize) -> Vec<T> {
        if self.transposed {
            return self.named_by.sums(&self.scaled(x.to_vec(), dimensions), dimensions);
        }
        self.scaled(self.lists.sums(x, dimensions), dimensions)
    }

    /// Rows that belong to lists, each times the share of its list.
    fn scaled<T: WithDType>(&self, mut x: Vec<T>, dimensions: usize) -> Vec<T> {
        x.par_chunks_mut(dimensions).with_min_len(ROWS).zip(self.shares.par_iter()).for_each(|(row, &share)| {
            let share = T::from_f64(share);
            row.iter_mut().for_each(|value| *value *= share);
        });
        x
    }
}

impl Lists {
    fn new(lists: &[Vec<usize>]) -> Self {
        let (mut offsets, mut entries) = (vec![0], Vec::new());
        for list in lists {
            entries.extend(list.iter().map(|&row| row as u32));
            offsets.push(entries.len());
        }
        Lists { offsets, entries }
    }

    fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The sum of the rows of `x` in each list.
    fn sums<T: WithDType>(&self, x: &[T], dimensions: usize) -> Vec<T> {
        let mut y = vec![T::zero(); self.count() * dimensions];
        y.par_chunks_mut(ROWS * dimensions).enumerate().for_each(|(chunk, block)| {
            vectorized(
                #[inline(always)]
                || self.add_rows(x, dimensions, chunk * ROWS, block),
            );
        });
        y
    }

    /// Adds the rows of the lists from `first` on to those of `block`.
    #[inline(always)]
    fn add_rows<T: WithDType>(&self, x: &[T], dimensions: usize, first: usize, block: &mut [T]) {
        for (sum, bounds) in block.chunks_exact_mut(dimensions).zip(self.offsets[first..].windows(2)) {
            for &row in &self.entries[bounds[0]..bounds[1]] {
                let values = &x[row as usize * dimensions..][..dimensions];
                sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += value);
            }
        }
    }
}

impl CustomOp1 for RowMean {
    fn name(&self) -> &'static str {
        "row-mean"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, dimensions) = layout.shape().dims2()?;
        let (input, output) = match self.transposed {
            true => (self.lists.count(), self.named_by.count()),
            false => (self.named_by.count(), self.lists.count()),
        };
        if rows != input {
            bail!("the lists are for {input} rows, not {rows}");
        }
        let range = contiguous(layout)?;
        let means = match storage {
            CpuStorage::F32(x) => CpuStorage::F32(self.multiply(&x[range], dimensions)),
            CpuStorage::F64(x) => CpuStorage::F64(self.multiply(&x[range], dimensions)),
            _ => bail!("the values must be f32 or f64"),
        };
        Ok((means, Shape::from((output, dimensions))))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        self.transposed().apply(gradient).map(Some)
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
        let lists = [vec![0, 2], vec![2], vec![1, 0, 2], vec![], vec![2, 1]];
        let means = RowMean::new(&lists, 4).unwrap();
        let rows: Vec<Vec<f64>> = x.to_vec2().unwrap();
        let found: Vec<Vec<f64>> = means.apply(&x).unwrap().to_vec2().unwrap();
        for (list, found) in lists.iter().zip(&found) {
            for (column, &value) in found.iter().enumerate() {
                let mean = list.iter().map(|&row| rows[row][column]).sum::<f64>() / list.len().max(1) as f64;
                assert!((value - mean).abs() < 1e-15);
            }
        }
        testing::assert_finite_differences(&x, |x| means.apply(x)?.sqr()?.sum_all());
        assert!(RowMean::new(&[vec![4]], 4).is_err());
        assert!(means.apply(&Tensor::zeros((5, 2), DType::F64, &Device::Cpu).unwrap()).is_err());
    }
}
