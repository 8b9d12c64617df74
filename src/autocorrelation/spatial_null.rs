//! How variable a difference between domains is when neighbouring spots are alike and the domains mean nothing.
//!
//! The variance of a comparison of means depends on the autocorrelation of a gene over distances as large as domains.
//! That is estimated from what is left of the gene when the means of the domains are taken off, by restricted
//! likelihood (Patterson and Thompson 1971, Biometrika 58, 545-554): sums over patches of tissue, with independent
//! noise and smooth variation of one range. Neither the range, nor the smoothness, nor the share of noise is known, so
//! that a grid of them is averaged over with weights in proportion to their likelihoods. What remains uncertain becomes
//! degrees of freedom, by matching moments (Satterthwaite 1946, Biometrics Bulletin 2, 110-114). The idea that
//! autocorrelation costs degrees of freedom is that of Clifford, Richardson and Hémon (1989, Biometrics 45, 123-134)
//! and Dutilleul (1993, Biometrics 49, 305-314).

use super::complement::Complement;
use super::covariance::{Smoothness, covariance};
use super::patches::Patches;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip, s};
use ndarray_linalg::{Eigh, UPLO};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Factor between two ranges that are tried; they reach from one spot to half the tissue.
const RANGE_STEP: f64 = std::f64::consts::SQRT_2;
/// Noise that is tried, in units of the variance of the smooth part of a patch: ten to the power of these numbers, in
/// steps of a half. Smooth variation with hardly any noise has few degrees of freedom, so the least must be small.
const NOISE_EXPONENTS: (f64, f64) = (-4.0, 1.5);
/// Weight before seeing the data of the case that spots are independent; the others share the rest.
const INDEPENDENT: f64 = 0.3;
/// The mean of the variance is larger than one over the mean of 1 / variance by 2 / df. So is the factor, so that the
/// test errs to the safe side where the true covariance lies between those of the grid; with fewer degrees of freedom
/// than these it does so by itself.
const LEAST_DF: f64 = 40.0;
/// Least dimensions for an estimate.
const LEAST: usize = 5;
/// A sum of squares below this share of the total is rounding.
const LEAST_SHARE: f64 = 1e-12;

/// Variance of a comparison in units of that under independence, and its degrees of freedom.
#[derive(Clone, Debug)]
pub struct Inflation {
    /// Factor of the variance, genes x comparisons; NaN for genes that do not vary.
    pub factor: Array2<f64>,
    /// Degrees of freedom with which it is known, genes x comparisons.
    pub df: Array2<f64>,
}

/// What all genes share: patches of tissue and the covariances that are tried.
pub struct SpatialNull {
    patches: Patches,
    complement: Complement,
    roots: Array1<f64>,
    spots: f64,
    strata: f64,
    shapes: Vec<Shape>,
    /// Logarithms of the weights before seeing the data, one a covariance on the grid.
    prior: Array1<f64>,
    /// Residual variance of a patch over the variance of each comparison for independent spots of the same variance,
    /// covariances x comparisons.
    precision: Array2<f64>,
    /// Degrees of freedom of the residual variance, one a covariance.
    df: Array1<f64>,
}

/// One smoothness and range, with every noise.
struct Shape {
    /// Coordinates in which patches are independent.
    rotation: Array2<f64>,
    /// 1 / variance of each of them, coordinates x noises.
    inverse: Array2<f64>,
    /// Sum of the logarithms of these variances, one a noise.
    log_determinant: Array1<f64>,
    precision: Array2<f64>,
    df: Array1<f64>,
}

impl SpatialNull {
    /// Prepares comparisons between groups of spots.
    ///
    /// `coords` is spots x 2, `slice` the slice number of each spot (slices are independent); `stratum` is the group of
    /// each spot, `None` for spots that take no part. `contrasts` holds, comparisons x strata, the weight that the
    /// values of a stratum's spots have in each comparison.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `coords` or `domain`; [`Error::Numeric`]; [`Error::Interrupted`].
    pub fn new(
        coords: ArrayView2<f64>,
        slice: &[usize],
        stratum: &[Option<usize>],
        contrasts: ArrayView2<f64>,
        monitor: &Monitor,
    ) -> Result<Self> {
        let patches = Patches::new(coords, slice, stratum, monitor)?;
        let roots: Array1<f64> = patches.list.iter().map(|patch| (patch.spots.len() as f64).sqrt()).collect();
        let strata: Vec<usize> = patches.list.iter().map(|patch| patch.stratum).collect();
        let complement = Complement::new(&strata, &roots.to_vec());
        if complement.dimensions() < LEAST {
            return Err(Error::argument("domain", "leaves too few spots to estimate spatial autocorrelation"));
        }
        let weights = contrasts.select(Axis(1), &strata) * &roots;
        let shapes = Shape::all(&patches, &complement, &roots, &weights, monitor)?;
        let (cases, dimensions) = (shapes.iter().map(|shape| shape.df.len()).sum::<usize>(), complement.dimensions());
        let mut prior = Array1::from_elem(cases + 1, ((1.0 - INDEPENDENT) / cases as f64).ln());
        prior[cases] = INDEPENDENT.ln();
        let mut precision = Array2::ones((cases + 1, contrasts.nrows()));
        let mut df = Array1::from_elem(cases + 1, dimensions as f64);
        let mut start = 0;
        for shape in &shapes {
            let end = start + shape.df.len();
            precision.slice_mut(s![start..end, ..]).assign(&shape.precision);
            df.slice_mut(s![start..end]).assign(&shape.df);
            start = end;
        }
        let spots = patches.list.iter().map(|patch| patch.spots.len()).sum::<usize>() as f64;
        let strata = (patches.list.len() - dimensions) as f64;
        Ok(SpatialNull { patches, complement, roots, spots, strata, shapes, prior, precision, df })
    }

    /// The patch of each of `spots` spots, `None` for those that take no part.
    pub fn patch_of(&self, spots: usize) -> Vec<Option<usize>> {
        let mut patch_of = vec![None; spots];
        for (patch, own) in self.patches.list.iter().enumerate() {
            own.spots.iter().for_each(|&spot| patch_of[spot] = Some(patch));
        }
        patch_of
    }

    /// Number of patches.
    pub fn patches(&self) -> usize {
        self.patches.list.len()
    }

    /// Inflation of the comparisons of some genes. `sums` holds the sum of a gene's values over each patch, genes x
    /// patches, `squares` the sum of their squares over all spots. A constant added to the values of all spots of a
    /// stratum changes nothing.
    pub fn inflation(&self, sums: Array2<f64>, squares: &[f64]) -> Inflation {
        let residual = self.residual_variance(sums.view(), squares);
        let left = self.complement.rows(sums / &self.roots);
        let total: Array1<f64> = left.rows().into_iter().map(|row| row.dot(&row)).collect();
        let weights = self.posterior(&left, &total);
        let shape = (left.nrows(), self.precision.ncols());
        let mut found =
            Inflation { factor: Array2::from_elem(shape, f64::NAN), df: Array2::from_elem(shape, f64::NAN) };
        // 1 / variance is to a scaled chi-square what its mean and its variance over the grid say.
        let first = weights.dot(&self.precision);
        let spread = 1.0 + 2.0 / &self.df;
        let second = (&weights * &spread).dot(&self.precision.mapv(|value| value * value));
        for gene in 0..shape.0 {
            if squares[gene] <= 0.0 {
                continue;
            }
            for comparison in 0..shape.1 {
                let (mean, square) = (first[[gene, comparison]], second[[gene, comparison]]);
                let known = total[gene] > LEAST_SHARE * squares[gene] && residual[gene] > 0.0;
                let variance = total[gene] / self.complement.dimensions() as f64 / residual[gene];
                let df = 2.0 * mean * mean / (square - mean * mean).max(f64::MIN_POSITIVE);
                let safety = 1.0 + 2.0 / df.max(LEAST_DF);
                found.factor[[gene, comparison]] = if known { variance / mean * safety } else { 1.0 };
                found.df[[gene, comparison]] = if known { df } else { self.complement.dimensions() as f64 };
            }
        }
        found
    }

    /// Variance of a gene's values over the spots of a stratum, pooled.
    fn residual_variance(&self, sums: ArrayView2<f64>, squares: &[f64]) -> Vec<f64> {
        let last = self.patches.list.iter().map(|patch| patch.stratum).max().unwrap_or(0);
        let mut sizes = vec![0.0; last + 1];
        self.patches.list.iter().for_each(|patch| sizes[patch.stratum] += patch.spots.len() as f64);
        let variance = |(row, &square): (ArrayView1<f64>, &f64)| {
            let mut strata = vec![0.0; last + 1];
            row.iter().zip(&self.patches.list).for_each(|(sum, patch)| strata[patch.stratum] += sum);
            let means: f64 =
                strata.iter().zip(&sizes).filter(|pair| *pair.1 > 0.0).map(|(sum, size)| sum * sum / size).sum();
            let rest = square - means;
            if rest > LEAST_SHARE * square { rest / (self.spots - self.strata) } else { 0.0 }
        };
        sums.rows().into_iter().zip(squares).map(variance).collect()
    }

    /// Weights of the covariances on the grid for each gene, genes x covariances: prior times restricted likelihood,
    /// the scale at its best.
    fn posterior(&self, left: &Array2<f64>, total: &Array1<f64>) -> Array2<f64> {
        let half = 0.5 * left.ncols() as f64;
        let mut weights = Array2::zeros((left.nrows(), self.prior.len()));
        let mut start = 0;
        for shape in &self.shapes {
            let end = start + shape.df.len();
            let squares = left.dot(&shape.rotation).mapv_into(|value| value * value).dot(&shape.inverse);
            let likelihood = squares.mapv_into(|square| -half * square.max(f64::MIN_POSITIVE).ln());
            weights.slice_mut(s![.., start..end]).assign(&(likelihood - &(&shape.log_determinant * 0.5)));
            start = end;
        }
        weights.column_mut(start).assign(&total.mapv(|square| -half * square.max(f64::MIN_POSITIVE).ln()));
        weights += &self.prior;
        for mut row in weights.rows_mut() {
            let most = row.fold(f64::NEG_INFINITY, |most, &value| most.max(value));
            row.mapv_inplace(|value| (value - most).exp());
            let sum = row.sum();
            row /= sum;
        }
        weights
    }
}

impl Shape {
    fn all(
        patches: &Patches,
        complement: &Complement,
        roots: &Array1<f64>,
        weights: &Array2<f64>,
        monitor: &Monitor,
    ) -> Result<Vec<Shape>> {
        let ranges = std::iter::successors(Some(1.0), |range| Some(range * RANGE_STEP));
        let ranges: Vec<f64> = ranges.take_while(|&range| range <= (patches.extent / 2.0).max(1.0)).collect();
        let cases = [Smoothness::SquaredExponential, Smoothness::Exponential];
        let cases: Vec<_> = cases.iter().flat_map(|&own| ranges.iter().map(move |&range| (own, range))).collect();
        let done = AtomicUsize::new(0);
        let shape = |&(smoothness, range): &(Smoothness, f64)| {
            monitor.check()?;
            let smooth = covariance(patches, smoothness, range);
            let shape = Shape::new(smooth, complement, roots, weights)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            monitor.step(Progress { stage: "spatial covariances", done, total: cases.len(), objective: None })?;
            Ok(shape)
        };
        cases.par_iter().map(shape).collect()
    }

    /// `smooth` holds the covariances of patch means, `weights` what patches count in comparisons, comparisons x
    /// patches.
    fn new(
        mut smooth: Array2<f64>,
        complement: &Complement,
        roots: &Array1<f64>,
        weights: &Array2<f64>,
    ) -> Result<Shape> {
        Zip::indexed(&mut smooth).for_each(|(a, b), value| *value *= roots[a] * roots[b]);
        smooth /= smooth.diag().mean().unwrap_or(1.0);
        let independent = weights.map_axis(Axis(1), |row| row.dot(&row));
        let alike: Array1<f64> = (weights.dot(&smooth) * weights).sum_axis(Axis(1)) / &independent;
        let (values, rotation) = complement.both_sides(smooth).eigh(UPLO::Lower)?;
        let noises: Vec<f64> = noises().collect();
        let variance =
            Array2::from_shape_fn((values.len(), noises.len()), |(row, noise)| values[row].max(0.0) + noises[noise]);
        let sums = variance.sum_axis(Axis(0));
        let squares = variance.mapv(|value| value * value).sum_axis(Axis(0));
        // The scale is that of all residual variance, whatever the likelihood says: what is smooth and what is not has
        // to be right together, not each coordinate on its own.
        let precision = Array2::from_shape_fn((noises.len(), alike.len()), |(noise, comparison)| {
            sums[noise] / values.len() as f64 / (noises[noise] + alike[comparison])
        });
        Ok(Shape {
            rotation,
            log_determinant: variance.mapv(f64::ln).sum_axis(Axis(0)),
            inverse: variance.mapv_into(f64::recip),
            precision,
            df: &sums * &sums / squares,
        })
    }
}

fn noises() -> impl Iterator<Item = f64> {
    let count = ((NOISE_EXPONENTS.1 - NOISE_EXPONENTS.0) * 2.0) as i32;
    (0..=count).map(|step| 10f64.powf(NOISE_EXPONENTS.0 + f64::from(step) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, substream};
    use ndarray::array;
    use rand_distr::{Distribution, StandardNormal};
    use std::f64::consts::TAU;

    const SIDE: usize = 30;
    const SPOTS: usize = SIDE * SIDE;

    fn section() -> (Array2<f64>, Vec<Option<usize>>) {
        let coords = Array2::from_shape_fn((SPOTS, 2), |(spot, axis)| {
            (if axis == 0 { spot % SIDE } else { spot / SIDE }) as f64
        });
        (coords, (0..SPOTS).map(|spot| Some(3 * (spot / SIDE) / SIDE)).collect())
    }

    /// The first third against the second, and the last against the rest.
    fn null(coords: &Array2<f64>, stratum: &[Option<usize>], slice: &[usize]) -> SpatialNull {
        let contrasts = array![[3.0, -3.0, 0.0], [-1.5, -1.5, 3.0]] / SPOTS as f64;
        SpatialNull::new(coords.view(), slice, stratum, contrasts.view(), &Monitor::silent()).unwrap()
    }

    /// Normal fields with covariance exp(−d²/2ℓ²) plus noise, genes x spots: sums of waves of random frequency.
    fn fields(coords: &Array2<f64>, genes: usize, length: f64, noise: f64) -> Array2<f64> {
        let mut values = Array2::zeros((genes, coords.nrows()));
        for (gene, mut row) in values.rows_mut().into_iter().enumerate() {
            let rng = &mut substream(7, Stream::Expression, gene as u64);
            let mut normal = || -> f64 { StandardNormal.sample(rng) };
            row.mapv_inplace(|_: f64| noise * normal());
            for _ in 0..if length > 0.0 { 50 } else { 0 } {
                let (x, y, phase, height) = (normal() / length, normal() / length, TAU * normal(), normal() / 5.0);
                for (value, place) in row.iter_mut().zip(coords.rows()) {
                    *value += height * (x * place[0] + y * place[1] + phase).cos();
                }
            }
        }
        values
    }

    fn inflation(null: &SpatialNull, values: &Array2<f64>) -> Inflation {
        let patch_of = null.patch_of(values.ncols());
        let mut sums = Array2::zeros((values.nrows(), null.patches()));
        for ((gene, spot), value) in values.indexed_iter() {
            if let Some(patch) = patch_of[spot] {
                sums[[gene, patch]] += value;
            }
        }
        let squares: Vec<f64> = values.rows().into_iter().map(|row| row.dot(&row)).collect();
        null.inflation(sums, &squares)
    }

    /// Mean over genes of the squared difference between the first two thirds over its variance as estimated.
    fn calibration(values: &Array2<f64>, found: &Inflation) -> f64 {
        let third = SPOTS / 3;
        let ratio = |(gene, row): (usize, ArrayView1<f64>)| {
            let mean = |place: usize| row.slice(s![place * third..(place + 1) * third]).mean().unwrap_or(0.0);
            let means = [mean(0), mean(1), mean(2)];
            let rest = row.indexed_iter().map(|(spot, value)| (value - means[spot / third]).powi(2)).sum::<f64>();
            let independent = 2.0 / third as f64 * rest / (SPOTS - 3) as f64;
            (means[0] - means[1]).powi(2) / (independent * found.factor[[gene, 0]])
        };
        values.rows().into_iter().enumerate().map(ratio).sum::<f64>() / values.nrows() as f64
    }

    #[test]
    fn variance_is_that_of_differences_whatever_the_range() {
        let (coords, stratum) = section();
        let null = null(&coords, &stratum, &[0; SPOTS]);
        let mut last = (0.0, f64::INFINITY);
        for (length, noise, least) in [(0.0, 1.0, 0.9), (1.5, 1.0, 3.0), (5.0, 0.5, 20.0)] {
            let values = fields(&coords, 150, length, noise);
            let found = inflation(&null, &values);
            let (factor, df) = (found.factor.column(0).mean().unwrap(), found.df.column(0).mean().unwrap());
            assert!(factor > least && factor > last.0 && df < last.1, "{length}: {factor}, {df}");
            let ratio = calibration(&values, &found);
            assert!((0.6..1.35).contains(&ratio), "{length}: {ratio}");
            last = (factor, df);
        }
        assert!(last.1 < 40.0);
    }

    #[test]
    fn domain_effects_scale_and_order_of_genes_do_not_matter() {
        let (coords, stratum) = section();
        let null = null(&coords, &stratum, &[0; SPOTS]);
        let values = fields(&coords, 3, 3.0, 0.5);
        let found = inflation(&null, &values);
        let mut moved = values.slice(s![..;-1, ..]).to_owned();
        moved.indexed_iter_mut().for_each(|((_, spot), value)| *value = 10.0 * *value + stratum[spot].unwrap() as f64);
        let again = inflation(&null, &moved);
        for ((gene, comparison), factor) in found.factor.indexed_iter() {
            assert!((factor / again.factor[[2 - gene, comparison]] - 1.0).abs() < 1e-6);
            assert!((found.df[[gene, comparison]] / again.df[[2 - gene, comparison]] - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn slices_are_independent_and_spots_may_be_left_out() {
        let (coords, mut stratum) = section();
        let values = fields(&coords, 40, 6.0, 0.5);
        let one = inflation(&null(&coords, &stratum, &[0; SPOTS]), &values);
        // The same places as two slices that cut all domains: twice as many domains' borders are worth more.
        let slice: Vec<usize> = (0..SPOTS).map(|spot| usize::from(spot % SIDE >= SIDE / 2)).collect();
        let two = inflation(&null(&coords, &stratum, &slice), &values);
        let mean = |found: &Inflation| found.factor.column(0).mean().unwrap();
        assert!(mean(&two) < mean(&one), "{} {}", mean(&two), mean(&one));
        stratum[5] = None;
        let part = inflation(&null(&coords, &stratum, &[0; SPOTS]), &values);
        assert!((mean(&part) / mean(&one) - 1.0).abs() < 0.2);
    }

    #[test]
    fn genes_that_do_not_vary_have_no_inflation() {
        let (coords, stratum) = section();
        let null = null(&coords, &stratum, &[0; SPOTS]);
        let mut values = Array2::zeros((3, SPOTS));
        values[[1, 77]] = 1.0;
        values.row_mut(2).indexed_iter_mut().for_each(|(spot, value)| *value = stratum[spot].unwrap() as f64);
        let found = inflation(&null, &values);
        assert!(found.factor.row(0).iter().all(|factor| factor.is_nan()));
        assert!(found.factor.row(1).iter().all(|factor| factor.is_finite()));
        assert_eq!(found.factor.row(2).to_vec(), [1.0, 1.0]);
        let few = SpatialNull::new(
            coords.slice(s![..6, ..]),
            &[0; 6],
            &[Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)],
            Array2::ones((1, 3)).view(),
            &Monitor::silent(),
        );
        assert!(matches!(few.err(), Some(Error::Argument { argument: "domain", .. })));
    }
}
