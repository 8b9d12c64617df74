//! Which domain each spot belongs to.

use super::layout::Layout;
use super::params::Params;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::random::{ChaCha8Rng, Stream, substream};
use rand::Rng;
use std::f64::consts::TAU;

/// Sweeps of the Gibbs sampler.
const SWEEPS: usize = 60;

/// Times the Gibbs sampler may begin anew because a domain died out.
const ATTEMPTS: u64 = 20;

/// Domain of each spot of one slice, 0..domains; every domain has at least one spot.
///
/// # Errors
/// [`Error::NotConverged`] when in twenty attempts of the Potts model some domain always died out.
pub(super) fn domains(params: &Params, slice: usize) -> Result<Vec<usize>> {
    match params.layout {
        Layout::Layered => Ok(layers(params, slice)),
        Layout::Potts { interaction } => patches(params, interaction, slice),
    }
}

/// Cuts the depth of spots below a folded surface into bands.
fn layers(params: &Params, slice: usize) -> Vec<usize> {
    // Thickness belongs to the tissue and is the same in all slices; the folds are the slice's own.
    let mut tissue = substream(params.seed, Stream::Layout, 0);
    let thickness: Vec<f64> = (0..params.domains).map(|_| tissue.random_range(0.4..1.6)).collect();
    let mut own = substream(params.seed, Stream::Layout, 1 + slice as u64);
    let (phase, waves, height): (f64, f64, f64) =
        (own.random_range(0.0..TAU), own.random_range(0.8..1.6), own.random_range(0.03..0.07));
    // Layers are arcs around a point well outside of the slice.
    let (row, column): (f64, f64) = (own.random_range(-0.9..-0.5), own.random_range(0.2..0.6));
    let positions = params.lattice.positions(params.rows, params.columns);
    let depth: Vec<f64> = positions
        .rows()
        .into_iter()
        .map(|spot| (spot[0] - row).hypot(spot[1] - column) + height * (TAU * waves * spot[1] + phase).sin())
        .collect();
    cut(&depth, &thickness)
}

/// Cuts values into bands that hold shares of the items in proportion to `thickness`, each at least one item.
fn cut(depth: &[f64], thickness: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..depth.len()).collect();
    order.sort_by(|&a, &b| depth[a].total_cmp(&depth[b]));
    let total: f64 = thickness.iter().sum();
    // Each band is given one item beforehand, so that none is empty however thin it is.
    let spare = (depth.len() - thickness.len()) as f64;
    let mut labels = vec![0; depth.len()];
    let mut reached = 0.0;
    let mut start = 0;
    for (band, thick) in thickness.iter().enumerate() {
        reached += thick / total;
        let end = if band + 1 == thickness.len() { depth.len() } else { band + 1 + (reached * spare) as usize };
        order[start..end].iter().for_each(|&spot| labels[spot] = band);
        start = end;
    }
    labels
}

/// Gibbs samples of the Potts model until all domains are there.
fn patches(params: &Params, interaction: f64, slice: usize) -> Result<Vec<usize>> {
    let graph = params.lattice.graph(params.rows, params.columns);
    for attempt in 0..ATTEMPTS {
        let mut rng = substream(params.seed, Stream::Layout, 1 + slice as u64 * ATTEMPTS + attempt);
        let labels = potts(&graph, params.domains, interaction, &mut rng);
        if (0..params.domains).all(|domain| labels.contains(&domain)) {
            return Ok(labels);
        }
    }
    let message = format!("with interaction {interaction} some of the {} domains always die out", params.domains);
    Err(Error::NotConverged(message))
}

/// One sample of the Potts model after [`SWEEPS`] sweeps from independent labels. Labels are not in equilibrium at
/// large β: patches would grow on, as they do in tissue that is still developing.
fn potts(graph: &SpatialGraph, domains: usize, interaction: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..graph.spots()).map(|_| rng.random_range(0..domains)).collect();
    let mut weights = vec![0.0; domains];
    for _ in 0..SWEEPS {
        for spot in 0..graph.spots() {
            weights.fill(0.0);
            graph.neighbours(spot).iter().for_each(|&neighbour| weights[labels[neighbour as usize]] += interaction);
            weights.iter_mut().for_each(|weight| *weight = weight.exp());
            let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
            let drawn = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            labels[spot] = drawn.unwrap_or(domains - 1);
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agreement(params: &Params, labels: &[usize]) -> f64 {
        let graph = params.lattice.graph(params.rows, params.columns);
        let same =
            |spot: usize| graph.neighbours(spot).iter().filter(move |&&n| labels[n as usize] == labels[spot]).count();
        (0..graph.spots()).map(same).sum::<usize>() as f64 / (2 * graph.edges()) as f64
    }

    #[test]
    fn layers_are_whole_and_of_unequal_thickness() -> Result<()> {
        let params = Params { domains: 7, ..Params::default() };
        for slice in 0..3 {
            let labels = domains(&params, slice)?;
            assert!(agreement(&params, &labels) > 0.8);
            let mut sizes = vec![0; 7];
            labels.iter().for_each(|&label| sizes[label] += 1);
            sizes.sort_unstable();
            assert!(sizes[0] > 50 && sizes[6] as f64 > 1.5 * sizes[0] as f64, "{sizes:?}");
        }
        Ok(())
    }

    #[test]
    fn patches_grow_with_the_interaction() -> Result<()> {
        let at = |interaction| {
            let params = Params { layout: Layout::Potts { interaction }, ..Params::default() };
            domains(&params, 0).map(|labels| agreement(&params, &labels))
        };
        assert!((at(0.0)? - 0.2).abs() < 0.05);
        assert!(at(0.7)? < at(1.5)?);
        assert!(at(1.5)? > 0.75);
        Ok(())
    }

    proptest! {
        #[test]
        fn every_band_has_an_item(
            depth in prop::collection::vec(-1.0f64..1.0, 12..60),
            thickness in prop::collection::vec(0.001f64..3.0, 1..12),
        ) {
            let labels = cut(&depth, &thickness);
            for band in 0..thickness.len() {
                prop_assert!(labels.contains(&band));
            }
            for (a, x) in depth.iter().zip(&labels) {
                prop_assert!(depth.iter().zip(&labels).all(|(b, y)| a >= b || x <= y));
            }
        }
    }
}
