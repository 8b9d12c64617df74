//! Weighted ridge regression of one gene after the other on the same spots.

use super::scores::OwnPart;
use crate::error::Result;
use crate::prior::root_mean_square;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use ndarray_linalg::{Eigh, UPLO};

/// Penalties tried, in units of the largest eigenvalue of the predictors: ten to the power of these numbers, in steps
/// of a quarter, and one without bound, which leaves the mean.
const EXPONENTS: (f64, f64) = (-6.0, 2.0);
const STEP: f64 = 0.25;
/// A variance below this share of the mean square is rounding.
const LEAST_VARIANCE: f64 = 1e-20;

/// Weights and slices of the spots.
struct Spots {
    roots: Array1<f64>,
    slice: Vec<usize>,
    totals: Vec<f64>,
}

impl Spots {
    /// Takes the weighted mean of its slice off each value; returns the rest times the root of the weight, and the
    /// means.
    fn centre(&self, values: &[f64]) -> (Array1<f64>, Vec<f64>) {
        let mut levels = vec![0.0; self.totals.len()];
        for ((value, root), &own) in values.iter().zip(&self.roots).zip(&self.slice) {
            levels[own] += root * root * value;
        }
        levels.iter_mut().zip(&self.totals).for_each(|(level, total)| *level /= total.max(f64::MIN_POSITIVE));
        let rest = values.iter().zip(&self.roots).zip(&self.slice);
        (rest.map(|((value, root), &own)| (value - levels[own]) * root).collect(), levels)
    }
}

/// What all genes share: own scores and those around, centred within slices, and the weights of the spots.
pub struct Design {
    spots: Spots,
    /// Own scores first, as many around after them.
    columns: Array2<f64>,
    gram: Array2<f64>,
    /// Root mean square of all columns, which they are divided by.
    scale: f64,
}

/// Predicted values, and the share of the variance that they explain by generalised cross-validation.
pub struct Fitted {
    /// One value a spot.
    pub values: Vec<f64>,
    /// From 0; NaN where there is no variance.
    pub explained: f64,
}

impl Design {
    /// Predictors `own` and `around`, each spots x components; spots weigh in proportion to their library sizes.
    pub fn new(own: ArrayView2<f64>, around: ArrayView2<f64>, sizes: &[f64], slice: &[usize]) -> Self {
        let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
        let roots: Array1<f64> = sizes.iter().map(|size| (size / mean).sqrt()).collect();
        let mut totals = vec![0.0; slice.iter().max().map_or(0, |last| last + 1)];
        roots.iter().zip(slice).for_each(|(root, &own)| totals[own] += root * root);
        let spots = Spots { roots, slice: slice.to_vec(), totals };
        let mut columns = ndarray::concatenate![Axis(1), own, around];
        let scale = root_mean_square(columns.view());
        columns /= scale;
        for mut column in columns.columns_mut() {
            let centred = spots.centre(&column.to_vec()).0;
            column.assign(&centred);
        }
        let gram = columns.t().dot(&columns);
        Design { spots, columns, gram, scale }
    }

    /// Predicts `values` from the scores, less the `part` that the gene has in the own ones, and from `around`, the
    /// same gene's mean around each spot (`None` where there is nothing around). The penalty has the smallest error by
    /// generalised cross-validation (Golub, Heath and Wahba 1979, Technometrics 21, 215-223).
    pub fn fit(&self, values: &[f64], around: &[Option<f64>], part: Option<&OwnPart>) -> Result<Fitted> {
        let (target, levels) = self.spots.centre(values);
        let mean_square = values.iter().map(|value| value * value).sum::<f64>();
        let level = |spot: usize| levels[self.spots.slice[spot]];
        if target.dot(&target) <= LEAST_VARIANCE * mean_square {
            return Ok(Fitted { values: (0..values.len()).map(level).collect(), explained: f64::NAN });
        }
        let around: Vec<f64> = around.iter().enumerate().map(|(spot, value)| value.unwrap_or(level(spot))).collect();
        let around = self.standardised(&around);
        let part = part.map(|part| self.centred_part(part));
        let (gram, projected) = self.normal_equations(&target, &around, part.as_ref());
        let (eigenvalues, vectors) = gram.eigh(UPLO::Lower)?;
        let rotated = vectors.t().dot(&projected);
        let degrees = values.len() as f64 - self.spots.totals.iter().filter(|&&total| total > 0.0).count() as f64;
        let (penalty, explained) = best_penalty(&eigenvalues, &rotated, target.dot(&target), degrees);
        let coefficients = vectors.dot(&(rotated / eigenvalues.mapv(|value| value.max(0.0) + penalty)));
        let (shared, own) = (coefficients.slice(s![..-1]), coefficients[coefficients.len() - 1]);
        let mut rest = self.columns.dot(&shared) + around * own;
        if let Some((part, loadings)) = &part {
            rest.scaled_add(-loadings.dot(&shared), part);
        }
        rest /= &self.spots.roots;
        Ok(Fitted { values: rest.iter().enumerate().map(|(spot, rest)| level(spot) + rest).collect(), explained })
    }

    /// The part of a gene as it is in the columns: `(values, loadings)`, whose product is taken off them; loadings are
    /// 0 for the columns around.
    fn centred_part(&self, part: &OwnPart) -> (Array1<f64>, Array1<f64>) {
        let mut loadings = Array1::zeros(self.columns.ncols());
        loadings.slice_mut(s![..part.loadings.len()]).assign(&(&part.loadings / self.scale));
        (self.spots.centre(&part.values).0, loadings)
    }

    /// Centred values with a weighted variance of 1; zeros where they do not vary.
    fn standardised(&self, values: &[f64]) -> Array1<f64> {
        let centred = self.spots.centre(values).0;
        let (square, total) = (centred.dot(&centred), values.iter().map(|value| value * value).sum::<f64>());
        if square > LEAST_VARIANCE * total { centred * (values.len() as f64 / square).sqrt() } else { centred * 0.0 }
    }

    /// Cross products of all predictors, the gene's own in the last place, with each other and with the target. With
    /// columns C − yvᵀ they are those of C and a correction of rank two.
    fn normal_equations(
        &self,
        target: &Array1<f64>,
        around: &Array1<f64>,
        part: Option<&(Array1<f64>, Array1<f64>)>,
    ) -> (Array2<f64>, Array1<f64>) {
        let last = self.columns.ncols();
        let (mut shared, mut border) = (self.gram.clone(), self.columns.t().dot(around));
        let mut cross = self.columns.t().dot(target);
        if let Some((values, loadings)) = part {
            let half = self.columns.t().dot(values) - loadings * (0.5 * values.dot(values));
            let outer = |one: &Array1<f64>, other: &Array1<f64>| {
                one.view().insert_axis(Axis(1)).dot(&other.view().insert_axis(Axis(0)))
            };
            shared = shared - outer(&half, loadings) - outer(loadings, &half);
            border.scaled_add(-values.dot(around), loadings);
            cross.scaled_add(-values.dot(target), loadings);
        }
        let mut gram = Array2::zeros((last + 1, last + 1));
        gram.slice_mut(s![..last, ..last]).assign(&shared);
        gram.slice_mut(s![..last, last]).assign(&border);
        gram.slice_mut(s![last, ..last]).assign(&border);
        gram[[last, last]] = around.dot(around);
        let mut projected = Array1::zeros(last + 1);
        projected.slice_mut(s![..last]).assign(&cross);
        projected[last] = around.dot(target);
        (gram, projected)
    }
}

/// The penalty with the smallest cross-validated error RSS / (degrees − df)², and by which share that is smaller than
/// the error of the mean alone.
fn best_penalty(eigenvalues: &Array1<f64>, rotated: &Array1<f64>, total: f64, degrees: f64) -> (f64, f64) {
    let largest = eigenvalues.fold(0.0f64, |largest, &value| largest.max(value));
    let (mut best, mut least) = (f64::INFINITY, total / (degrees * degrees));
    let mean_alone = least;
    let count = ((EXPONENTS.1 - EXPONENTS.0) / STEP) as i32;
    for step in 0..=count {
        let penalty = largest * 10f64.powf(EXPONENTS.1 - STEP * f64::from(step));
        let (mut residual, mut left) = (total, degrees);
        for (value, product) in eigenvalues.iter().map(|value| value.max(0.0)).zip(rotated) {
            let inverse = 1.0 / (value + penalty);
            residual -= product * product * inverse * (2.0 - value * inverse);
            left -= value * inverse;
        }
        let error = residual.max(0.0) / (left * left);
        if left >= 1.0 && error < least {
            (best, least) = (penalty, error);
        }
    }
    (best, 1.0 - least / mean_alone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_linalg::Solve;

    #[test]
    fn agrees_with_the_normal_equations_and_leaves_the_mean_of_noise() {
        let spots = 40;
        let embedding = Array2::from_shape_fn((spots, 2), |(i, j)| ((i * (3 + 4 * j)) % 11) as f64 - 5.0);
        let sizes: Vec<f64> = (0..spots).map(|spot| (1 + spot % 4) as f64).collect();
        let around: Vec<Option<f64>> = (0..spots).map(|spot| Some(((spot * 5) % 7) as f64)).collect();
        let values: Vec<f64> = (0..spots).map(|i| 3.0 + embedding[[i, 0]] + ((i * 17) % 5) as f64).collect();
        let design = Design::new(embedding.view(), Array2::zeros((spots, 0)).view(), &sizes, &vec![0; spots]);
        let found = design.fit(&values, &around, None).unwrap();
        assert!(found.explained > 0.5 && found.explained < 1.0);

        // The same penalty on the stacked problem.
        let (target, levels) = design.spots.centre(&values);
        let own = design.standardised(&around.iter().flatten().copied().collect::<Vec<_>>());
        let (gram, projected) = design.normal_equations(&target, &own, None);
        let (eigenvalues, vectors) = gram.eigh(UPLO::Lower).unwrap();
        let rotated = vectors.t().dot(&projected);
        let (penalty, _) = best_penalty(&eigenvalues, &rotated, target.dot(&target), spots as f64 - 1.0);
        let solved = (&gram + &(Array2::<f64>::eye(3) * penalty)).solve(&projected).unwrap();
        for spot in 0..spots {
            let row = [design.columns[[spot, 0]], design.columns[[spot, 1]], own[spot]];
            let rest: f64 = row.iter().zip(&solved).map(|(value, weight)| value * weight).sum();
            assert!((levels[0] + rest / design.spots.roots[spot] - found.values[spot]).abs() < 1e-9);
        }

        let noise: Vec<f64> = (0..spots).map(|i| [1.0, 2.0][(i * i / 3) % 2]).collect();
        let mean = design.fit(&noise, &vec![None; spots], None).unwrap();
        assert!(mean.explained < 0.2);
    }
    /// The part of a gene is taken off as if the scores had been made without it.
    #[test]
    fn a_gene_does_not_tell_of_itself() {
        let spots = 40;
        let own = Array2::from_shape_fn((spots, 2), |(i, j)| ((i * (3 + 4 * j)) % 11) as f64 - 5.0);
        let around = Array2::from_shape_fn((spots, 2), |(i, j)| ((i * (5 + 2 * j)) % 7) as f64 - 3.0);
        let sizes: Vec<f64> = (0..spots).map(|spot| (1 + spot % 4) as f64).collect();
        let slice: Vec<usize> = (0..spots).map(|spot| spot / 25).collect();
        let values: Vec<f64> = (0..spots).map(|i| own[[i, 0]] + around[[i, 1]] + ((i * 17) % 5) as f64).collect();
        let part = OwnPart {
            values: (0..spots).map(|i| ((i * 13) % 9) as f64 - 4.0).collect(),
            loadings: ndarray::array![0.4, -0.7],
        };
        let nothing = vec![None; spots];
        let whole = Design::new(own.view(), around.view(), &sizes, &slice);
        let found = whole.fit(&values, &nothing, Some(&part)).unwrap();
        let column = Array1::from(part.values.clone()).insert_axis(Axis(1));
        let without = &own - &column.dot(&part.loadings.view().insert_axis(Axis(0)));
        // The same scale, so that penalties are the same.
        let mut direct = Design::new(without.view(), around.view(), &sizes, &slice);
        direct.columns *= direct.scale / whole.scale;
        direct.gram = direct.columns.t().dot(&direct.columns);
        let expected = direct.fit(&values, &nothing, None).unwrap();
        assert!((found.explained - expected.explained).abs() < 1e-9);
        assert!(found.values.iter().zip(&expected.values).all(|(one, other)| (one - other).abs() < 1e-8));
        assert!(whole.fit(&values, &nothing, None).unwrap().explained - found.explained > 1e-3);
    }
}
