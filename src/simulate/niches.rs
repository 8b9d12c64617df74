//! Cells whose domains differ in what types they hold, not in their mean.

use super::normal::normal;
use super::params::Params;
use crate::random::{ChaCha8Rng, Stream, stream};
use ndarray::{Array1, Array2};
use rand::Rng;

/// Share of the cells that are of any type, not of one of their domain's own.
const STRAY: f64 = 0.1;

/// Two types of cell for each domain, which lie on both sides of a mean that all domains have in common: the expected
/// expression of a gene is exp(b ± c) / cosh(c) in the two, of which the mean is exp(b). Averages over a neighbourhood
/// are the same all over the tissue, only the shares of types differ.
pub(super) struct NicheModel {
    /// c, domains x genes.
    contrasts: Array2<f64>,
}

impl NicheModel {
    /// `separation` is twice the standard deviation of c over the genes: the distance of two types of one domain.
    pub fn draw(params: &Params, separation: f64) -> Self {
        let mut rng = stream(params.seed, Stream::Factors);
        let contrast = || 0.5 * separation * normal(&mut rng);
        NicheModel { contrasts: Array2::from_shape_simple_fn((params.domains, params.genes), contrast) }
    }

    /// Log expression of all genes in one cell of a domain, without the part b of all cells.
    pub fn sample(&self, domain: usize, rng: &mut ChaCha8Rng) -> Array1<f64> {
        let stray = rng.random_bool(STRAY);
        let other = rng.random_range(0..self.contrasts.nrows());
        let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
        let contrast = self.contrasts.row(if stray { other } else { domain });
        contrast.mapv(|contrast| sign * contrast - contrast.cosh().ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_the_same_in_every_domain_but_cells_differ() {
        let params = Params { genes: 20, domains: 3, ..Params::default() };
        let model = NicheModel::draw(&params, 2.0);
        let mut rng = stream(1, Stream::Counts);
        for domain in 0..3 {
            let cells: Vec<Array1<f64>> = (0..4000).map(|_| model.sample(domain, &mut rng).mapv(f64::exp)).collect();
            let mean = cells.iter().fold(Array1::<f64>::zeros(20), |sum, cell| sum + cell) / 4000.0;
            assert!(mean.iter().all(|mean| (mean - 1.0).abs() < 0.1), "{mean}");
            assert!(cells.iter().any(|cell| (cell - &cells[0]).mapv(f64::abs).sum() > 5.0));
        }
    }
}
