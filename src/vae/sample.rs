//! The spots that the network learns from, or is tried on.

use crate::error::Result;
use crate::ops::RowMean;
use crate::surroundings::Surroundings;
use candle_core::{Device, Tensor};
use ndarray::{Array2, ArrayView2, Axis};

/// Some spots of a section and their surroundings.
pub struct Sample {
    /// Scores of the spots within reach of those of the sample, spots x latent.
    pub(super) scores: Tensor,
    /// Means over the rings around the spots of the sample.
    pub(super) rings: Vec<RowMean>,
    /// Scores of the spots of the sample, and what is linear in their surroundings, both rows x latent.
    pub(super) own: Tensor,
    pub(super) linear: Tensor,
    /// Batch number of each spot of the sample, the same as a tensor, and how many batches the section has.
    pub(super) batch: Vec<usize>,
    pub(super) batch_numbers: Tensor,
    pub(super) batches: usize,
}

impl Sample {
    /// The spots `rows` of a section with these `scores` (spots x latent); `linear` (rows x latent) is what is expected
    /// of them, linear in their `surroundings`; `batch` is the batch number of each spot of the section.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when a tensor cannot be made.
    pub fn new(
        scores: ArrayView2<f64>,
        rows: &[usize],
        surroundings: &Surroundings,
        linear: ArrayView2<f64>,
        batch: &[usize],
    ) -> Result<Self> {
        let own_batch: Vec<usize> = rows.iter().map(|&row| batch[row]).collect();
        let numbers: Vec<u32> = own_batch.iter().map(|&own| own as u32).collect();
        Ok(Sample {
            batch_numbers: Tensor::from_vec(numbers, rows.len(), &Device::Cpu)?,
            batches: batch.iter().max().map_or(0, |last| last + 1),
            scores: tensor(scores.select(Axis(0), surroundings.reached()).view())?,
            rings: surroundings.operations()?,
            own: tensor(scores.select(Axis(0), rows).view())?,
            linear: tensor(linear)?,
            batch: own_batch,
        })
    }
}

/// A matrix as an f32 tensor.
fn tensor(matrix: ArrayView2<f64>) -> Result<Tensor> {
    let values: Vec<f32> = matrix.iter().map(|&value| value as f32).collect();
    Ok(Tensor::from_vec(values, matrix.dim(), &Device::Cpu)?)
}

/// A tensor as a matrix.
pub(super) fn matrix(tensor: &Tensor) -> Result<Array2<f64>> {
    let shape = tensor.dims2()?;
    let values = tensor.to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    Array2::from_shape_vec(shape, values).map_err(|error| crate::Error::Numeric(error.to_string()))
}
