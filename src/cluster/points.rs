//! The points to be clustered: checked once, centred once, with their total scatter.

use crate::error::{Error, Result};
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

/// Rows handled together by one task. Fixed, so that sums over blocks add up in the same order for any number of
/// threads.
const BLOCK: usize = 512;

/// Points in rows, centred, together with their total covariance.
#[derive(Clone, Debug)]
pub struct Points {
    values: Array2<f64>,
    origin: Array1<f64>,
    squared_lengths: Array1<f64>,
    scatter: Array2<f64>,
}

impl Points {
    /// Copies, checks and centres `values` (points x dimensions). `argument` is the user's name for them.
    ///
    /// # Errors
    /// [`Error::Argument`] when there are no points or no dimensions, when a value is not finite, or when all points
    /// are the same.
    pub fn new(values: ArrayView2<f64>, argument: &'static str) -> Result<Self> {
        Self::of(values.as_standard_layout().into_owned(), argument)
    }

    /// The same without a copy.
    ///
    /// # Errors
    /// As [`Points::new`].
    pub fn of(values: Array2<f64>, argument: &'static str) -> Result<Self> {
        if values.is_empty() {
            let message = format!("must have rows and columns, not {} x {}", values.nrows(), values.ncols());
            return Err(Error::argument(argument, message));
        }
        if let Some(((row, column), value)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let message = format!("must be finite, not {value} at row {}, column {}", row + 1, column + 1);
            return Err(Error::argument(argument, message));
        }
        let largest = values.fold(0.0f64, |largest, value| largest.max(value.abs()));
        let points = Points::centred(values);
        let spread = points.scatter.diag().sum();
        if !spread.is_finite() {
            return Err(Error::argument(argument, "has values too large to be squared"));
        }
        // What centring leaves of a constant is rounding, about 1e-16 of it.
        if spread.sqrt() > 1e-13 * largest { Ok(points) } else { Err(Error::argument(argument, "is constant")) }
    }

    /// The points at the given rows, centred anew.
    pub fn select(&self, rows: &[usize]) -> Self {
        Points::centred(self.values.select(Axis(0), rows))
    }

    /// `most` of the points, evenly over their order, where there are more.
    pub fn thinned(&self, most: usize) -> Option<Self> {
        self.thinned_rows(most).map(|rows| self.select(&rows))
    }

    /// The rows that [`Points::thinned`] takes.
    pub fn thinned_rows(&self, most: usize) -> Option<Vec<usize>> {
        let count = self.count();
        (count > most).then(|| (0..most).map(|point| point * count / most).collect())
    }

    /// Centres values that are known to be finite; unlike [`Points::new`] also those that are all the same.
    pub(crate) fn centred(mut values: Array2<f64>) -> Self {
        let count = values.nrows() as f64;
        let origin: Array1<f64> = values.sum_axis(Axis(0)) / count;
        values -= &origin;
        let partial: Vec<Array2<f64>> =
            values.axis_chunks_iter(Axis(0), BLOCK).into_par_iter().map(|block| block.t().dot(&block)).collect();
        let mut scatter = Array2::zeros((values.ncols(), values.ncols()));
        partial.iter().for_each(|part| scatter += part);
        scatter /= count;
        let squared_lengths = values.map_axis(Axis(1), |point| point.dot(&point));
        Points { values, origin, squared_lengths, scatter }
    }

    /// Number of points.
    pub fn count(&self) -> usize {
        self.values.nrows()
    }

    /// Number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.values.ncols()
    }

    /// The centred values, points x dimensions.
    pub fn values(&self) -> &Array2<f64> {
        &self.values
    }

    /// Where the centre of the points was before they were centred.
    pub fn origin(&self) -> &Array1<f64> {
        &self.origin
    }

    /// Squared distance of each point from the centre.
    pub fn squared_lengths(&self) -> &Array1<f64> {
        &self.squared_lengths
    }

    /// The total covariance, XᵀX / n.
    pub fn scatter(&self) -> &Array2<f64> {
        &self.scatter
    }

    /// Mean variance of the dimensions.
    pub fn variance(&self) -> f64 {
        self.scatter.diag().sum() / self.dimensions() as f64
    }

    /// Runs `work` on blocks of rows in parallel; results come back in the order of the rows.
    pub fn in_blocks<T: Send>(&self, work: impl Fn(ArrayView2<f64>) -> T + Sync + Send) -> Vec<T> {
        self.values.axis_chunks_iter(Axis(0), BLOCK).into_par_iter().map(work).collect()
    }

    /// Runs `work` on blocks of rows together with the same rows of an output, in parallel; results in row order.
    pub fn in_blocks_with<T: Send>(
        &self,
        output: &mut Array2<f64>,
        work: impl Fn(ArrayView2<f64>, ArrayViewMut2<f64>) -> T + Sync,
    ) -> Vec<T> {
        let blocks = self.values.axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
        let outputs = output.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter();
        blocks.zip(outputs).map(|(block, rows)| work(block, rows)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn centres_and_takes_the_scatter() -> Result<()> {
        let points = Points::new(array![[1.0, 5.0], [3.0, 5.0]].view(), "embedding")?;
        assert_eq!(points.values(), &array![[-1.0, 0.0], [1.0, 0.0]]);
        assert_eq!(points.scatter(), &array![[1.0, 0.0], [0.0, 0.0]]);
        assert_eq!(points.variance(), 0.5);
        Ok(())
    }

    #[test]
    fn refuses_what_cannot_be_clustered() {
        for values in
            [array![[f64::NAN], [1.0]], array![[0.1], [0.1], [0.1]], Array2::zeros((0, 3)), array![[1e300], [-1e300]]]
        {
            let failure = Points::new(values.view(), "embedding").err().map(|error| error.kind());
            assert_eq!(failure, Some("argument"));
        }
    }
}
