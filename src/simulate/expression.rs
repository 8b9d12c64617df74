//! How much each gene is expressed where.

use super::factor::FactorModel;
use super::fields::smooth_fields;
use super::layout::Layout;
use super::model::Model;
use super::niches::NicheModel;
use super::normal::normal;
use super::params::Params;
use crate::random::{ChaCha8Rng, Stream, stream, substream};
use ndarray::{Array1, Array2};
use rand::Rng;

/// Standard deviation of the log mean expression over genes: many low genes, few high ones.
const SPREAD_OF_MEANS: f64 = 1.2;

/// Smooth patterns that have nothing to do with domains, and the share of genes that follow each.
const PATTERNS: usize = 3;
const PATTERN_SHARE: f64 = 0.3;

/// Share of a marker's effect that is seen in the layers next to its own.
const SPILL: f64 = 0.4;

/// Share of markers that are lower, not higher, in their domain.
const LOWER: f64 = 0.2;

/// Expression of all genes in the tissue, shared by all slices.
pub(super) struct Tissue {
    /// Log expression before any effect, one per gene.
    baseline: Array1<f64>,
    /// Log fold changes, domains x genes.
    effects: Array2<f64>,
    /// Loadings on the smooth patterns, patterns x genes.
    loadings: Array2<f64>,
    /// Multiplies each gene's dispersion.
    pub dispersion_factors: Array1<f64>,
    /// What makes the log expression of a spot differ from the baseline.
    variation: Variation,
}

/// What makes the log expression of a spot differ from the baseline.
enum Variation {
    /// The effects of its domain and smooth patterns.
    Markers,
    /// Factors and noise of its own.
    Factors(FactorModel),
    /// The type of cell it is.
    Types(NicheModel),
}

/// Expression of all genes in one slice.
pub(super) struct Slice<'a> {
    tissue: &'a Tissue,
    /// Baseline with the slice's batch effect.
    baseline: Array1<f64>,
    /// Smooth patterns, spots x patterns.
    patterns: Array2<f64>,
    /// Expected total count of each spot.
    pub library_sizes: Array1<f64>,
}

impl Tissue {
    /// Draws the expression of the tissue.
    pub fn draw(params: &Params) -> Self {
        let mut rng = stream(params.seed, Stream::Expression);
        let mut normals = |scale: f64| Array1::from_shape_simple_fn(params.genes, || scale * normal(&mut rng));
        let baseline = normals(SPREAD_OF_MEANS);
        let dispersion_factors = normals(0.3).mapv(f64::exp);
        let effects = marker_effects(params, &mut rng);
        let loadings = Array2::from_shape_simple_fn((PATTERNS, params.genes), || {
            let follows = rng.random_bool(PATTERN_SHARE);
            let loading = params.gradient * normal(&mut rng);
            if follows { loading } else { 0.0 }
        });
        let variation = match params.model {
            Model::NegativeBinomial => Variation::Markers,
            Model::Factor { factors, separation } => Variation::Factors(FactorModel::draw(params, factors, separation)),
            Model::Niches { separation } => Variation::Types(NicheModel::draw(params, separation)),
        };
        Tissue { baseline, effects, loadings, dispersion_factors, variation }
    }

    /// Whether all noise beyond Poisson's is in the expression itself.
    pub fn is_poisson(&self) -> bool {
        matches!(self.variation, Variation::Factors(_))
    }

    /// Draws what is particular to one slice, whose spots lie at `positions`.
    pub fn slice(&self, params: &Params, positions: &Array2<f64>, slice: usize) -> Slice<'_> {
        let mut rng = substream(params.seed, Stream::Expression, slice as u64);
        let mut baseline = self.baseline.clone();
        for log_mean in &mut baseline {
            let shifted = rng.random_bool(0.5);
            let shift = params.batch_effect * normal(&mut rng);
            if shifted && slice > 0 {
                *log_mean += shift;
            }
        }
        let smooth = smooth_fields(positions, PATTERNS + 1, &mut rng);
        let library_sizes = smooth.column(PATTERNS).mapv(|field| {
            let log_deviation = params.library_spread * (0.5 * field + 0.75f64.sqrt() * normal(&mut rng));
            params.library_size * log_deviation.exp()
        });
        Slice { tissue: self, baseline, patterns: smooth.slice_move(ndarray::s![.., ..PATTERNS]), library_sizes }
    }
}

impl Slice<'_> {
    /// Expected counts of all genes at one spot that belongs to `domain`; they sum to the spot's library size. Only a
    /// factor model and types of cell draw from `rng`.
    pub fn means(&self, spot: usize, domain: usize, rng: &mut ChaCha8Rng) -> Array1<f64> {
        let (tissue, baseline) = (self.tissue, &self.baseline);
        let mut means = match &tissue.variation {
            Variation::Markers => {
                baseline + &tissue.effects.row(domain) + self.patterns.row(spot).dot(&tissue.loadings)
            }
            Variation::Factors(model) => baseline + &model.sample(domain, rng),
            Variation::Types(model) => baseline + &model.sample(domain, rng),
        };
        means.mapv_inplace(f64::exp);
        let total = means.sum();
        means *= self.library_sizes[spot] / total;
        means
    }
}

/// Log fold changes of the markers, domains x genes. A gene marks a domain with the chosen probability and may mark
/// several. In layered tissue the layers next to it show part of the effect, as real layers do.
fn marker_effects(params: &Params, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut effects = Array2::zeros((params.domains, params.genes));
    let layered = params.layout == Layout::Layered;
    for domain in 0..params.domains {
        for gene in 0..params.genes {
            let marks = rng.random_bool(params.marker_share);
            let lower = rng.random_bool(LOWER);
            let size = params.log_fold_change * rng.random_range(0.5..1.5);
            if !marks {
                continue;
            }
            let effect = if lower { -size } else { size };
            effects[[domain, gene]] += effect;
            if layered && domain > 0 {
                effects[[domain - 1, gene]] += SPILL * effect;
            }
            if layered && domain + 1 < params.domains {
                effects[[domain + 1, gene]] += SPILL * effect;
            }
        }
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_add_up_to_the_library_and_markers_rise() {
        let params = Params { gradient: 0.0, ..Params::default() };
        let tissue = Tissue::draw(&params);
        let positions = params.lattice.positions(params.rows, params.columns);
        let slice = tissue.slice(&params, &positions, 0);
        let mut rng = stream(1, Stream::Counts);
        let (first, second) = (slice.means(7, 0, &mut rng), slice.means(7, 1, &mut rng));
        assert!((first.sum() - slice.library_sizes[7]).abs() < 1e-8 * first.sum());
        let contrast = &tissue.effects.row(0) - &tissue.effects.row(1);
        let marker = (0..params.genes).max_by(|&a, &b| contrast[a].total_cmp(&contrast[b])).expect("genes");
        assert!(first[marker] > 1.2 * second[marker]);
    }

    #[test]
    fn the_batch_effect_shifts_half_of_the_genes_of_later_slices() {
        let params = Params { batch_effect: 0.5, ..Params::default() };
        let tissue = Tissue::draw(&params);
        let positions = params.lattice.positions(params.rows, params.columns);
        let shifted = |slice| {
            let baseline = tissue.slice(&params, &positions, slice).baseline;
            baseline.iter().zip(&tissue.baseline).filter(|(a, b)| a != b).count()
        };
        assert_eq!(shifted(0), 0);
        assert!((400..600).contains(&shifted(1)));
    }
}
