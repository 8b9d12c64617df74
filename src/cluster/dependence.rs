//! How many independent spots a section is worth.
//!
//! Neighbouring spots of a smoothed embedding repeat each other, so a likelihood that takes them as independent counts
//! the same evidence many times, and every information criterion built on it asks for far too many domains.
//! With correlation ρ(h) between spots h steps apart, a mean over n spots is as certain as one over
//! n / (1 + Σ_h m(h) ρ(h)) independent spots, where m(h) is the number of spots h steps from a spot (Griffith 2005,
//! Annals of the Association of American Geographers 95:740). The denominator is the design effect.

use super::points::Points;
use super::tied::TiedGaussians;
use crate::graph::SpatialGraph;
use crate::random::{Stream, stream};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Axis};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{FactorizeC, InverseC};
use rand::seq::index;

/// Furthest distance on the graph at which correlation is looked for.
const STEPS: usize = 20;

/// Most spots from which the graph is walked.
const WALKS: usize = 1000;

/// Seed of the draw of these spots; fixed, so that the domains do not depend on the user's seed.
const FIXED_SEED: u64 = 20_260_103;

/// The design effect of the deviations of spots from the means of their domains: at least 1, and 1 without neighbours.
///
/// The correlation is that of whitened deviations, averaged over the dimensions. The sum over distances ends before
/// the first that is not positive (the initial positive sequence of Geyer 1992, Statistical Science 7:473). Walks start
/// at 1000 spots at most, drawn with a fixed seed, so the cost does not grow with the section.
pub(crate) fn design_effect(points: &Points, graph: &SpatialGraph, labels: &[usize], fit: &TiedGaussians) -> f64 {
    let Some(deviations) = whitened_deviations(points, labels, fit) else { return 1.0 };
    let mut rng = stream(FIXED_SEED, Stream::Subsample);
    let starts = index::sample(&mut rng, points.count(), WALKS.min(points.count())).into_vec();
    let walks: Vec<Shells> = starts
        .into_par_iter()
        .map_init(|| vec![usize::MAX; points.count()], |seen, spot| Shells::around(spot, graph, &deviations, seen))
        .collect();
    let total = walks.iter().fold(Shells::default(), Shells::plus);
    let mut effect = 1.0;
    for step in 1..STEPS {
        if total.products[step] <= 0.0 {
            break;
        }
        effect += total.products[step] / total.products[0];
    }
    effect
}

/// Deviations x − μ of each spot, multiplied by the inverse square root of their covariance.
fn whitened_deviations(points: &Points, labels: &[usize], fit: &TiedGaussians) -> Option<Array2<f64>> {
    let deviations = points.values() - &fit.means.select(Axis(0), labels);
    let precision = fit.covariance.factorizec(UPLO::Lower).ok()?.invc().ok()?;
    let root = ndarray_linalg::Cholesky::cholesky(&precision, UPLO::Lower).ok()?;
    Some(deviations.dot(&root))
}

/// Sums of products between a spot and the spots at each distance from it. Distance 0 is the spot itself.
#[derive(Clone, Copy, Default)]
struct Shells {
    products: [f64; STEPS],
}

impl Shells {
    /// Walks the graph breadth first. `seen` holds the last walk that reached each spot.
    fn around(spot: usize, graph: &SpatialGraph, deviations: &Array2<f64>, seen: &mut [usize]) -> Self {
        let own = deviations.row(spot);
        let mut shells = Shells::default();
        let mut front = vec![spot];
        seen[spot] = spot;
        for products in &mut shells.products {
            *products = front.iter().map(|&other| own.dot(&deviations.row(other))).sum();
            let mut next = Vec::new();
            for &other in &front {
                for &neighbour in graph.neighbours(other) {
                    if seen[neighbour as usize] != spot {
                        seen[neighbour as usize] = spot;
                        next.push(neighbour as usize);
                    }
                }
            }
            front = next;
        }
        shells
    }

    fn plus(mut self, other: &Shells) -> Self {
        self.products.iter_mut().zip(other.products).for_each(|(sum, part)| *sum += part);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::shrinkage::{CovariancePrior, SEARCH};
    use crate::cluster::testing::{in_pool, stripes};
    use crate::cluster::tied::Moments;
    use crate::error::Result;

    /// Averages every spot with its neighbours.
    fn smooth(values: &Array2<f64>, graph: &SpatialGraph) -> Array2<f64> {
        let mut smoothed = values.clone();
        for (spot, mut row) in smoothed.rows_mut().into_iter().enumerate() {
            graph.neighbours(spot).iter().for_each(|&neighbour| row += &values.row(neighbour as usize));
            row /= graph.degree(spot) as f64 + 1.0;
        }
        smoothed
    }

    fn effect_of(values: &Array2<f64>, graph: &SpatialGraph) -> Result<f64> {
        let points = Points::new(values.view(), "embedding")?;
        let labels = vec![0; points.count()];
        let prior = CovariancePrior::sphere(&points, 1, SEARCH);
        let fit = TiedGaussians::from_moments(&points, &Moments::of_labels(&points, &labels, 1), &prior, None);
        Ok(design_effect(&points, graph, &labels, &fit))
    }

    #[test]
    fn independent_spots_count_fully_and_averages_of_five_count_a_fifth() -> Result<()> {
        let (values, _, graph) = stripes(60, 1, 0.0, 6);
        let alone = effect_of(&values, &graph)?;
        assert!((1.0..1.5).contains(&alone), "{alone}");
        let smoothed = effect_of(&smooth(&values, &graph), &graph)?;
        assert!((4.0..6.5).contains(&smoothed), "{smoothed}");
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads() -> Result<()> {
        let (values, _, graph) = stripes(40, 1, 0.0, 6);
        let one = in_pool(1, || effect_of(&values, &graph))?;
        let three = in_pool(3, || effect_of(&values, &graph))?;
        assert_eq!(one.to_bits(), three.to_bits());
        Ok(())
    }
}
