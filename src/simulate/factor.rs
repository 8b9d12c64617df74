//! Expression that follows a factor model (Liu et al. 2025, BMC Bioinformatics, doi 10.1186/s12859-025-06099-z).

use super::normal::normal;
use super::params::Params;
use crate::random::{ChaCha8Rng, Stream, stream};
use ndarray::{Array1, Array2, Axis};
use rand::Rng;

/// Standard deviation of a gene's log expression over the spots of a domain that is due to the factors.
const FACTOR_SPREAD: f64 = 0.3;

/// Smallest and largest variance over genes of the noise on the log scale. The mean is the squared coefficient of
/// variation that the default dispersion gives to negative binomial counts.
const NOISE: (f64, f64) = (0.02, 0.18);

/// How far the covariances of domains are from the identity.
const ANISOTROPY: f64 = 0.5;

/// The factor model of one tissue, shared by all its slices.
pub(super) struct FactorModel {
    /// μ, domains x factors.
    centres: Array2<f64>,
    /// R_k with Σ_k = R_k R_kᵀ, factors x factors for each domain.
    roots: Vec<Array2<f64>>,
    /// W, genes x factors.
    loadings: Array2<f64>,
    /// Standard deviation of e, one a gene.
    noise: Array1<f64>,
}

impl FactorModel {
    pub fn draw(params: &Params, factors: usize, separation: f64) -> Self {
        let mut rng = stream(params.seed, Stream::Factors);
        let width = (factors as f64).sqrt();
        let mut normals = |rows, scale: f64| Array2::from_shape_simple_fn((rows, factors), || scale * normal(&mut rng));
        let centres = spread(normals(params.domains, 1.0), separation);
        let isotropy = (1.0 + ANISOTROPY * ANISOTROPY).sqrt();
        let roots = (0..params.domains)
            .map(|_| (Array2::eye(factors) + normals(factors, ANISOTROPY / width)) / isotropy)
            .collect();
        let loadings = normals(params.genes, FACTOR_SPREAD / width);
        let noise = Array1::from_shape_simple_fn(params.genes, || rng.random_range(NOISE.0..NOISE.1).sqrt());
        FactorModel { centres, roots, loadings, noise }
    }

    /// Log expression W v + e of all genes at one spot, with factors and noise of its own.
    pub fn sample(&self, domain: usize, rng: &mut ChaCha8Rng) -> Array1<f64> {
        let own = Array1::from_shape_simple_fn(self.centres.ncols(), || normal(rng));
        let factors = &self.centres.row(domain) + &self.roots[domain].dot(&own);
        self.loadings.dot(&factors) + self.noise.mapv(|deviation| deviation * normal(rng))
    }
}

/// Centres the rows, and scales them to a root mean square distance between two of them.
fn spread(rows: Array2<f64>, distance: f64) -> Array2<f64> {
    let count = rows.nrows() as f64;
    let Some(mean) = rows.mean_axis(Axis(0)) else { return rows };
    let centred = rows - mean;
    // The mean squared distance of two different rows is twice their sample variance, summed over columns.
    let squared = 2.0 * centred.iter().map(|value| value * value).sum::<f64>() / (count - 1.0).max(1.0);
    if squared > 0.0 { centred * (distance / squared.sqrt()) } else { centred }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::substream;

    #[test]
    fn centres_have_the_distance_asked_for() {
        let params = Params { domains: 4, genes: 50, ..Params::default() };
        let centres = FactorModel::draw(&params, 6, 1.7).centres;
        let mut squared = Vec::new();
        for a in 0..4 {
            for b in 0..a {
                squared.push((&centres.row(a) - &centres.row(b)).mapv(|value| value * value).sum());
            }
        }
        assert!((squared.iter().sum::<f64>() / 6.0 - 1.7f64.powi(2)).abs() < 1e-12);
        assert_eq!(FactorModel::draw(&Params { domains: 1, ..params }, 6, 1.7).centres.sum(), 0.0);
    }

    #[test]
    fn samples_have_the_mean_and_covariance_of_the_model() {
        let params = Params { domains: 3, genes: 6, ..Params::default() };
        let model = FactorModel::draw(&params, 2, 2.0);
        let mut rng = substream(5, Stream::Counts, 0);
        let mut drawn = Array2::zeros((40_000, 6));
        for mut row in drawn.rows_mut() {
            row.assign(&model.sample(1, &mut rng));
        }
        let mean = drawn.mean_axis(Axis(0)).expect("rows");
        let expected = model.loadings.dot(&model.centres.row(1));
        assert!((&mean - &expected).iter().all(|gap| gap.abs() < 0.01), "{mean} {expected}");
        let centred = &drawn - &mean;
        let mapped = model.loadings.dot(&model.roots[1]);
        let noise = Array2::from_diag(&model.noise.mapv(|deviation| deviation * deviation));
        let gaps = centred.t().dot(&centred) / 4e4 - mapped.dot(&mapped.t()) - noise;
        assert!(gaps.iter().all(|gap| gap.abs() < 0.01), "{gaps}");
    }
}
