//! What of a spot is linear in its surroundings: a ridge regression on the means of the rings around it (Hoerl and
//! Kennard 1970, Technometrics 12:55) whose penalty has the least error on parts of the tissue that were left out
//! (Roberts and others 2017, Ecography 40:913, for blocks in place of single spots).

use crate::error::Result;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::{Eigh, UPLO};

/// Penalties that are tried, as powers of ten, half a power apart, of the sum of squares of a column, mean over columns.
const PENALTIES: std::ops::RangeInclusive<i32> = -8..=3;

/// A fitted regression of several targets.
pub struct Linear {
    source_mean: Array1<f64>,
    target_mean: Array1<f64>,
    weights: Array2<f64>,
}

impl Linear {
    /// Regresses `targets` (rows x targets) on `around` (rows x predictors). `folds` holds for each row the part that
    /// it is left out with when the penalty is chosen.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when eigenvalues are not found.
    pub fn fit(around: ArrayView2<f64>, targets: ArrayView2<f64>, folds: &[usize]) -> Result<Self> {
        let used = folds.iter().max().map_or(0, |last| last + 1);
        let mut sums = Sums::new(around.ncols(), targets.ncols(), used);
        sums.add(around, targets, folds);
        sums.fit()
    }

    /// What is expected with these surroundings, rows x targets.
    pub fn predict(&self, around: ArrayView2<f64>) -> Array2<f64> {
        (&around - &self.source_mean).dot(&self.weights) + &self.target_mean
    }
}

/// What a regression needs to know of rows that are seen a block at a time.
pub struct Sums {
    /// Of each fold its moments about 0, and the number of rows, their sum and that of the targets.
    folds: Vec<(Moments, Totals)>,
}

struct Totals {
    rows: f64,
    around: Array1<f64>,
    targets: Array1<f64>,
}

impl Sums {
    /// Nothing yet, of `predictors` and `targets` in `folds`.
    pub fn new(predictors: usize, targets: usize, folds: usize) -> Self {
        let totals = || Totals { rows: 0.0, around: Array1::zeros(predictors), targets: Array1::zeros(targets) };
        Sums { folds: (0..folds.max(1)).map(|_| (Moments::zero(predictors, targets), totals())).collect() }
    }

    /// Adds a block of rows, see [`Linear::fit`].
    pub fn add(&mut self, around: ArrayView2<f64>, targets: ArrayView2<f64>, folds: &[usize]) {
        for (fold, (moments, totals)) in self.folds.iter_mut().enumerate() {
            let rows: Vec<usize> = (0..folds.len()).filter(|&row| folds[row] == fold).collect();
            let (around, targets) = (around.select(Axis(0), &rows), targets.select(Axis(0), &rows));
            *moments = moments.plus(&Moments::of(&around, &targets), 1.0);
            totals.rows += rows.len() as f64;
            totals.around += &around.sum_axis(Axis(0));
            totals.targets += &targets.sum_axis(Axis(0));
        }
    }

    /// The regression of all rows.
    ///
    /// # Errors
    /// As [`Linear::fit`].
    pub fn fit(self) -> Result<Linear> {
        let rows = self.folds.iter().map(|(_, totals)| totals.rows).sum::<f64>().max(1.0);
        let (moments, totals) = &self.folds[0];
        let mean = |total: fn(&Totals) -> &Array1<f64>, none: Array1<f64>| {
            self.folds.iter().fold(none, |sum, (_, totals)| sum + total(totals)) / rows
        };
        let source_mean = mean(|totals| &totals.around, Array1::zeros(totals.around.raw_dim()));
        let target_mean = mean(|totals| &totals.targets, Array1::zeros(totals.targets.raw_dim()));
        let centred = |(moments, totals): &(Moments, Totals)| moments.about(&source_mean, &target_mean, totals);
        let parts: Vec<Moments> = self.folds.iter().map(centred).collect();
        let none = Moments::zero(moments.cross.nrows(), moments.cross.ncols());
        let whole = parts.iter().fold(none, |sum, part| sum.plus(part, 1.0));
        let weights = match best_penalty(&whole, &parts)? {
            Some(penalty) => Ridge::new(&whole)?.weights(penalty),
            None => Array2::zeros(whole.cross.raw_dim()),
        };
        Ok(Linear { source_mean, target_mean, weights })
    }
}

/// The penalty of least error in the parts that are left out in turn; none where the mean alone has less.
fn best_penalty(whole: &Moments, parts: &[Moments]) -> Result<Option<f64>> {
    let scale = whole.products.diag().mean().unwrap_or(0.0);
    let penalties: Vec<f64> = PENALTIES.map(|half| scale * 10f64.powf(f64::from(half) / 2.0)).collect();
    let mut errors = Array1::<f64>::zeros(penalties.len());
    for part in parts {
        let ridge = Ridge::new(&whole.plus(part, -1.0))?;
        errors += &penalties.iter().map(|&penalty| part.squared_error(&ridge.weights(penalty))).collect::<Array1<_>>();
    }
    let best = (0..penalties.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
    Ok((scale > 0.0 && errors[best] < whole.target_square).then(|| penalties[best]))
}

/// Sums over rows that a regression needs.
struct Moments {
    /// XᵀX, XᵀY, and the sum of squares of Y.
    products: Array2<f64>,
    cross: Array2<f64>,
    target_square: f64,
}

impl Moments {
    fn of(around: &Array2<f64>, targets: &Array2<f64>) -> Self {
        Moments {
            products: around.t().dot(around),
            cross: around.t().dot(targets),
            target_square: targets.iter().map(|value| value * value).sum(),
        }
    }

    /// The same of rows less `source_mean` and targets less `target_mean`.
    fn about(&self, source_mean: &Array1<f64>, target_mean: &Array1<f64>, totals: &Totals) -> Self {
        let outer =
            |a: &Array1<f64>, b: &Array1<f64>| a.view().insert_axis(Axis(1)).dot(&b.view().insert_axis(Axis(0)));
        let rest = &totals.around - &(totals.rows * source_mean);
        let target_rest = &totals.targets - &(totals.rows * target_mean);
        Moments {
            products: &self.products - &outer(&rest, source_mean) - &outer(source_mean, &totals.around),
            cross: &self.cross - &outer(&rest, target_mean) - &outer(source_mean, &totals.targets),
            target_square: self.target_square - target_rest.dot(target_mean) - target_mean.dot(&totals.targets),
        }
    }

    fn zero(values: usize, targets: usize) -> Self {
        let (products, cross) = (Array2::zeros((values, values)), Array2::zeros((values, targets)));
        Moments { products, cross, target_square: 0.0 }
    }

    fn plus(&self, other: &Moments, times: f64) -> Self {
        Moments {
            products: &self.products + &(times * &other.products),
            cross: &self.cross + &(times * &other.cross),
            target_square: self.target_square + times * other.target_square,
        }
    }

    /// Sum of squares of Y − XW.
    fn squared_error(&self, weights: &Array2<f64>) -> f64 {
        let explained = 2.0 * &self.cross - self.products.dot(weights);
        self.target_square - (weights * &explained).sum()
    }
}

/// Ridge regressions with any penalty, from one decomposition.
struct Ridge {
    eigenvalues: Array1<f64>,
    eigenvectors: Array2<f64>,
    /// The cross products in the directions of the eigenvectors.
    turned: Array2<f64>,
}

impl Ridge {
    fn new(moments: &Moments) -> Result<Self> {
        let (eigenvalues, eigenvectors) = moments.products.eigh(UPLO::Lower)?;
        let turned = eigenvectors.t().dot(&moments.cross);
        Ok(Ridge { eigenvalues, eigenvectors, turned })
    }

    /// (XᵀX + penalty · I)⁻¹ XᵀY.
    fn weights(&self, penalty: f64) -> Array2<f64> {
        let divisor = self.eigenvalues.mapv(|value| value.max(0.0) + penalty).insert_axis(Axis(1));
        self.eigenvectors.dot(&(&self.turned / &divisor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{stripes, two_halves};
    use crate::surroundings::Surroundings;

    /// Wide stripes with noise: what is predicted comes nearer to the truth than the score, and noise vanishes.
    #[test]
    fn takes_the_noise_and_leaves_the_tissue() -> Result<()> {
        let (scores, truth, graph) = two_halves(40, 3);
        let rows: Vec<usize> = (0..graph.spots()).collect();
        let around = Surroundings::new(&graph, &rows).means(scores.view());
        let folds: Vec<usize> = rows.iter().map(|row| row / 80 % 5).collect();
        let found = Linear::fit(around.view(), scores.view(), &folds)?.predict(around.view());
        let error = |values: &Array2<f64>| (&values.column(0) - &truth).mapv(|value| value * value).mean();
        assert!(error(&found) < error(&scores).map(|error| 0.2 * error));
        let variance = |values: &Array2<f64>| values.column(1).mapv(|value| value * value).sum();
        assert!(variance(&found) < 0.1 * variance(&scores));
        Ok(())
    }

    /// Rows in blocks give the regression of all of them, and moments about means are those of centred rows.
    #[test]
    fn blocks_of_rows_add_up() -> Result<()> {
        let (y, _, graph) = stripes(12, 3, 1.0, 5);
        let y = &y + 0.7;
        let x = Surroundings::new(&graph, &(0..graph.spots()).collect::<Vec<_>>()).means(y.view());
        let folds: Vec<usize> = (0..x.nrows()).map(|row| row / 7 % 3).collect();
        let mut sums = Sums::new(x.ncols(), y.ncols(), 3);
        for first in (0..x.nrows()).step_by(50) {
            let rows = first..(first + 50).min(x.nrows());
            let block = ndarray::s![rows.clone(), ..];
            sums.add(x.slice(block), y.slice(block), &folds[rows]);
        }
        let (whole, blocks) = (Linear::fit(x.view(), y.view(), &folds)?, sums.fit()?);
        assert!((&whole.weights - &blocks.weights).iter().all(|difference| difference.abs() < 1e-9));
        let residuals = &y - &blocks.predict(x.view());
        assert!(residuals.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-9));
        Ok(())
    }

    /// The error by moments is that of the residuals, and the weights solve the normal equations.
    #[test]
    fn moments_tell_the_error_and_ridge_solves_its_equations() -> Result<()> {
        let (y, _, graph) = stripes(12, 3, 1.0, 5);
        let x = Surroundings::new(&graph, &(0..graph.spots()).collect::<Vec<_>>()).means(y.view());
        let moments = Moments::of(&x, &y);
        let weights = Ridge::new(&moments)?.weights(3.0);
        let residuals = &y - &x.dot(&weights);
        let error: f64 = residuals.iter().map(|value| value * value).sum();
        assert!((moments.squared_error(&weights) - error).abs() < 1e-9 * error);
        let normal = x.t().dot(&residuals) - 3.0 * &weights;
        assert!(normal.iter().all(|value| value.abs() < 1e-9));
        Ok(())
    }
}
