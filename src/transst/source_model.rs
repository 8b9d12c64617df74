//! The factor model of the labelled source: x = W v + e with e ~ N(0, diag Λ), and v | label k ~ N(μ_k, Σ_k).
//!
//! Fitted by EM. The label of a cell that has none is a hidden variable with the labels' shares as its prior, as in a
//! mixture of factor analysers with common loadings (Baek, McLachlan & Flack 2010, IEEE Transactions on Pattern
//! Analysis and Machine Intelligence 32:1298). Everything a cell contributes to its posterior goes through WᵀΛ⁻¹x (q
//! numbers) and xᵀΛ⁻¹x, so an iteration costs two products with the data, O(n p q).

use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use crate::preprocess::Standardised;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{DeterminantC, FactorizeC, InverseC};
use rayon::prelude::*;

/// Rise of the log-likelihood of an iteration, relative to its size, at which EM has converged.
const TOLERANCE: f64 = 1e-6;
/// Most iterations.
const LIMIT: usize = 200;
/// Least noise variance of a gene, in units of its variance (1): a gene without noise would be all of a factor.
const LEAST_NOISE: f64 = 1e-3;
/// Cells taken at a time; fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 128;
/// Blocks whose sums are added in one go.
const BLOCKS_AT_ONCE: usize = 16;

/// Parameters of the factor model.
#[derive(Clone, Debug)]
pub struct SourceModel {
    /// Loadings W, features x factors.
    pub loadings: Array2<f64>,
    /// Noise variances Λ of the features.
    pub noise: Array1<f64>,
    /// Mean μ_k of the factors of each label, labels x factors.
    pub means: Array2<f64>,
    /// Covariance Σ_k of the factors of each label.
    pub covariances: Vec<Array2<f64>>,
    /// Share of the cells of each label; the prior of cells without label.
    pub weights: Array1<f64>,
}

/// How the fit went.
#[derive(Clone, Debug)]
pub struct SourceFit {
    /// The fitted parameters.
    pub model: SourceModel,
    /// Log-likelihood after each iteration, rising.
    pub log_likelihood: Vec<f64>,
    /// Whether the tolerance was met.
    pub converged: bool,
}

/// Expected sufficient statistics.
#[derive(Clone, Debug)]
struct Moments {
    /// Cells of each label.
    masses: Array1<f64>,
    /// Σ r_ik E[v_i | k], labels x factors.
    sums: Array2<f64>,
    /// Σ r_ik E[v_i | k] E[v_i | k]ᵀ of each label.
    products: Vec<Array2<f64>>,
    /// `Σ x_i E[v_i]ᵀ`, features x factors.
    cross: Array2<f64>,
    /// Σ x_i², by feature.
    squares: Array1<f64>,
    log_likelihood: f64,
}

/// What the E step needs of the parameters.
pub struct Expectation<'a> {
    model: &'a SourceModel,
    /// Λ⁻¹W, features x factors.
    weighted: Array2<f64>,
    /// WᵀΛ⁻¹W.
    information: Array2<f64>,
    /// Posterior covariance of v under each label.
    covariances: Vec<Array2<f64>>,
    /// Σ_k⁻¹μ_k, labels x factors.
    shifts: Array2<f64>,
    /// ½ log det (W Σ_k Wᵀ + Λ).
    half_log_determinants: Array1<f64>,
}

impl<'a> Expectation<'a> {
    /// Inverts what can be inverted once for all cells.
    ///
    /// # Errors
    /// [`Error::Numeric`] when a covariance is not positive definite.
    pub fn new(model: &'a SourceModel) -> Result<Self> {
        let inverse_noise = model.noise.mapv(f64::recip);
        let weighted = &model.loadings * &inverse_noise.view().insert_axis(Axis(1));
        let information = model.loadings.t().dot(&weighted);
        let log_noise = model.noise.mapv(f64::ln).sum();
        let (mut covariances, mut shifts) = (Vec::new(), Array2::zeros(model.means.raw_dim()));
        let mut half_log_determinants = Array1::zeros(model.means.nrows());
        for (label, covariance) in model.covariances.iter().enumerate() {
            let prior = covariance.factorizec(UPLO::Lower).map_err(|_| singular())?;
            let precision = prior.invc()?;
            let posterior = (&precision + &information).factorizec(UPLO::Lower).map_err(|_| singular())?;
            shifts.row_mut(label).assign(&precision.dot(&model.means.row(label)));
            half_log_determinants[label] = 0.5 * (log_noise + prior.ln_detc() + posterior.ln_detc());
            covariances.push(posterior.invc()?);
        }
        Ok(Expectation { model, weighted, information, covariances, shifts, half_log_determinants })
    }

    /// Posterior covariance of the factors under each label: the same for all cells.
    pub fn posterior_covariances(&self) -> &[Array2<f64>] {
        &self.covariances
    }

    /// Posterior means E[v_i | x_i, k] of a block of cells under one label, cells x factors.
    pub fn posterior_means(&self, block: ArrayView2<f64>, label: usize) -> Array2<f64> {
        self.means_of(block.dot(&self.weighted).view(), label)
    }

    fn means_of(&self, projected: ArrayView2<f64>, label: usize) -> Array2<f64> {
        (&projected + &self.shifts.row(label)).dot(&self.covariances[label])
    }

    /// ½ log det S_k + ½ (x_i − Wμ_k)ᵀ S_k⁻¹ (x_i − Wμ_k) with S_k = W Σ_k Wᵀ + Λ, cells x labels.
    pub fn energies(&self, block: ArrayView2<f64>) -> Array2<f64> {
        self.energies_of(block, block.dot(&self.weighted).view())
    }

    fn energies_of(&self, block: ArrayView2<f64>, projected: ArrayView2<f64>) -> Array2<f64> {
        let inverse_noise = self.model.noise.mapv(f64::recip);
        let lengths = block.map_axis(Axis(1), |cell| {
            cell.iter().zip(&inverse_noise).map(|(value, weight)| value * value * weight).sum::<f64>()
        });
        let mut energies = Array2::zeros((block.nrows(), self.covariances.len()));
        for (label, mut column) in energies.columns_mut().into_iter().enumerate() {
            let mean = self.model.means.row(label);
            let image = self.information.dot(&mean);
            let constant = mean.dot(&image);
            let rest = &projected - &image;
            let solved = rest.dot(&self.covariances[label]);
            for (cell, energy) in column.iter_mut().enumerate() {
                let distance = lengths[cell] - 2.0 * projected.row(cell).dot(&mean) + constant;
                *energy = self.half_log_determinants[label] + 0.5 * (distance - rest.row(cell).dot(&solved.row(cell)));
            }
        }
        energies
    }

    /// Sums over a block of cells; `labels` are known or not.
    fn moments(&self, block: ArrayView2<f64>, labels: &[Option<usize>]) -> Moments {
        let projected = block.dot(&self.weighted);
        let energies = self.energies_of(block, projected.view());
        let (shares, log_likelihood) = self.shares(energies, labels);
        let mut mean = Array2::zeros(projected.raw_dim());
        let (factors, known) = (projected.ncols(), self.covariances.len());
        let (mut sums, mut products) = (Array2::zeros((known, factors)), Vec::new());
        for label in 0..known {
            let share = shares.column(label);
            let weighted = self.means_of(projected.view(), label);
            let scaled = &weighted * &share.insert_axis(Axis(1));
            sums.row_mut(label).assign(&scaled.sum_axis(Axis(0)));
            products.push(weighted.t().dot(&scaled));
            mean += &scaled;
        }
        let constant = 0.5 * (block.len() as f64) * (2.0 * std::f64::consts::PI).ln();
        Moments {
            masses: shares.sum_axis(Axis(0)),
            sums,
            products,
            cross: block.t().dot(&mean),
            squares: block.map_axis(Axis(0), |feature| feature.dot(&feature)),
            log_likelihood: log_likelihood - constant,
        }
    }

    /// Responsibilities of the labels, cells x labels, and the log-likelihood of the cells and their known labels without
    /// its constant.
    fn shares(&self, mut energies: Array2<f64>, labels: &[Option<usize>]) -> (Array2<f64>, f64) {
        let mut log_likelihood = 0.0;
        for (mut row, label) in energies.rows_mut().into_iter().zip(labels) {
            row.zip_mut_with(&self.model.weights, |energy, weight| *energy -= weight.max(f64::MIN_POSITIVE).ln());
            if let Some(label) = *label {
                log_likelihood -= row[label];
                row.fill(0.0);
                row[label] = 1.0;
                continue;
            }
            let least = row.fold(f64::INFINITY, |least, &energy| least.min(energy));
            row.mapv_inplace(|energy| (least - energy).exp());
            let total = row.sum();
            row /= total;
            log_likelihood += total.ln() - least;
        }
        (energies, log_likelihood)
    }
}

fn singular() -> Error {
    Error::Numeric("a covariance of the source's factors is singular: use fewer factors".into())
}

impl Moments {
    fn add(mut self, other: Moments) -> Moments {
        self.masses += &other.masses;
        self.sums += &other.sums;
        self.products.iter_mut().zip(&other.products).for_each(|(own, other)| *own += other);
        self.cross += &other.cross;
        self.squares += &other.squares;
        self.log_likelihood += other.log_likelihood;
        self
    }

    /// The parameters of largest expected log-likelihood: means, covariances around them, loadings, noise with the new
    /// loadings. `posterior` are the posterior covariances of the E step; a label without cells keeps what it had.
    fn maximise(&self, before: &SourceModel, posterior: &[Array2<f64>]) -> Result<SourceModel> {
        let mut model = before.clone();
        let cells = self.masses.sum();
        let mut second = Array2::zeros(posterior[0].raw_dim());
        for (label, posterior) in posterior.iter().enumerate() {
            let mass = self.masses[label];
            second = second + &self.products[label] + &(posterior * mass);
            if mass < 1e-9 {
                continue;
            }
            let mean = &self.sums.row(label) / mass;
            model.covariances[label] = &self.products[label] / mass - outer(mean.view()) + posterior;
            model.means.row_mut(label).assign(&mean);
        }
        let factor = second.factorizec(UPLO::Lower).map_err(|_| singular())?;
        model.loadings = self.cross.dot(&factor.invc()?);
        let explained = (&model.loadings.dot(&second) * &model.loadings).sum_axis(Axis(1));
        let shared = (&self.cross * &model.loadings).sum_axis(Axis(1));
        model.noise = ((&self.squares - &(shared * 2.0) + explained) / cells).mapv(|noise| noise.max(LEAST_NOISE));
        model.weights = &self.masses / cells;
        Ok(model)
    }
}

fn outer(vector: ArrayView1<f64>) -> Array2<f64> {
    let column = vector.insert_axis(Axis(1));
    column.dot(&column.t())
}

/// One iteration of EM: the parameters of largest expected log-likelihood, and the log-likelihood of `model`.
///
/// # Errors
/// [`Error::Numeric`] when a covariance becomes singular or the likelihood is not finite, [`Error::Interrupted`].
pub fn em_step(
    data: &impl Standardised,
    labels: &[Option<usize>],
    model: &SourceModel,
    monitor: &Monitor,
) -> Result<(SourceModel, f64)> {
    let expectation = Expectation::new(model)?;
    let blocks: Vec<usize> = (0..data.spots().div_ceil(BLOCK)).collect();
    let mut total: Option<Moments> = None;
    for group in blocks.chunks(BLOCKS_AT_ONCE) {
        monitor.check()?;
        let parts: Vec<Moments> = group
            .par_iter()
            .map(|&index| {
                let cells = index * BLOCK..((index + 1) * BLOCK).min(data.spots());
                expectation.moments(data.block(cells.clone()).view(), &labels[cells])
            })
            .collect();
        total = parts.into_iter().fold(total, |total, part| match total {
            Some(total) => Some(total.add(part)),
            None => Some(part),
        });
    }
    let total = total.ok_or_else(|| Error::argument("source", "has no cells"))?;
    if !total.log_likelihood.is_finite() {
        return Err(Error::Numeric("the likelihood of the source is not finite".into()));
    }
    Ok((total.maximise(model, expectation.posterior_covariances())?, total.log_likelihood))
}

/// Fits the model to standardised cells whose `labels` are below `label_count` or missing, from the leading components
/// (`loadings` of orthonormal columns, features x factors, and their `singular_values`).
///
/// # Errors
/// As [`em_step`].
pub fn fit(
    data: &impl Standardised,
    labels: &[Option<usize>],
    label_count: usize,
    components: (ArrayView2<f64>, ArrayView1<f64>),
    monitor: &Monitor,
) -> Result<SourceFit> {
    let mut model = start(components, data.spots(), label_count);
    let mut log_likelihood: Vec<f64> = Vec::new();
    for iteration in 0..LIMIT {
        let (next, value) = em_step(data, labels, &model, monitor)?;
        if let Some(&before) = log_likelihood.last() {
            debug_assert!(value >= before - 1e-7 * before.abs(), "EM of the source fell: {before} {value}");
            if value - before <= TOLERANCE * value.abs() {
                log_likelihood.push(value);
                return Ok(SourceFit { model, log_likelihood, converged: true });
            }
        }
        log_likelihood.push(value);
        model = next;
        let progress = Progress { stage: "source", done: iteration + 1, total: LIMIT, objective: Some(value) };
        monitor.step(progress)?;
    }
    Ok(SourceFit { model, log_likelihood, converged: false })
}

/// Probabilistic principal components, the same for all labels.
fn start(
    (directions, singular_values): (ArrayView2<f64>, ArrayView1<f64>),
    cells: usize,
    labels: usize,
) -> SourceModel {
    let factors = directions.ncols();
    let scale = singular_values.mapv(|value| (value * value / cells as f64 - 1.0).max(0.1).sqrt());
    let loadings = &directions * &scale;
    let noise = loadings.map_axis(Axis(1), |gene| (1.0 - gene.dot(&gene)).max(0.05));
    SourceModel {
        loadings,
        noise,
        means: Array2::zeros((labels, factors)),
        covariances: vec![Array2::eye(factors); labels],
        weights: Array1::from_elem(labels, 1.0 / labels as f64),
    }
}

impl SourceModel {
    /// Loadings scaled and turned so that W Wᵀ is the covariance of the features that the factors explain.
    pub fn scaled_loadings(&self) -> Result<Array2<f64>> {
        let centre = self.weights.dot(&self.means);
        let mut total = Array2::zeros(self.covariances[0].raw_dim());
        for (label, covariance) in self.covariances.iter().enumerate() {
            let offset = &self.means.row(label) - &centre;
            total += &((covariance + &outer(offset.view())) * self.weights[label]);
        }
        let factor = total.factorizec(UPLO::Lower).map_err(|_| singular())?;
        let mut lower = factor.factor;
        // LAPACK leaves the other triangle as it was.
        for row in 0..lower.nrows() {
            lower.slice_mut(s![row, row + 1..]).fill(0.0);
        }
        Ok(self.loadings.dot(&lower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        /// No iteration of EM lowers the likelihood, however many cells lack a label, and all parameters stay what they
        /// are: shares that sum to one, variances above zero.
        #[test]
        fn the_likelihood_never_falls(
            seed in 0u64..1000,
            labels in prop::collection::vec(prop::option::of(0usize..3), 90),
            separation in 0.0f64..4.0,
        ) {
            let (values, _) = blobs(90, 6, 3, separation, seed);
            let centred = &values - &values.mean_axis(Axis(0)).unwrap();
            let data = &centred / &centred.std_axis(Axis(0), 0.0);
            let directions = Array2::from_shape_fn((6, 2), |at| if at.0 == at.1 { 1.0 } else { 0.0 });
            let singular = Array1::from_vec(vec![12.0, 11.0]);
            let mut model = start((directions.view(), singular.view()), 90, 3);
            let mut before = f64::MIN;
            for _ in 0..15 {
                let (next, likelihood) = em_step(&data, &labels, &model, &Monitor::silent()).unwrap();
                prop_assert!(likelihood >= before - 1e-9 * likelihood.abs(), "{} {}", before, likelihood);
                prop_assert!((next.weights.sum() - 1.0).abs() < 1e-9);
                prop_assert!(next.noise.iter().all(|&noise| noise > 0.0));
                (before, model) = (likelihood, next);
            }
        }
    }
}
