//! The network of a section: first whether it is worth training, then the training.

use super::evidence::{Evidence, trial};
use super::objective::Objective;
use super::parameters::Parameters;
use super::params::{EpochRecord, TrainParams};
use super::section::Section;
use super::train::{Trained, Training};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use ndarray::{Array2, ArrayView2};
use std::ops::AddAssign;

/// Epochs on one part of a section before the next one's turn.
const EPOCHS_A_PART: usize = 10;

/// What was learned.
pub struct Network {
    /// How far the embedding goes from its prior to what the network adds, in [0, 1].
    pub share: f64,
    /// What the network expects of each spot beyond what is linear in its surroundings, spots x latent; none where
    /// `share` is 0.
    pub shift: Option<Array2<f64>>,
    /// What tiles that were held out say; none if there are too few, or `share` was given.
    pub evidence: Option<Evidence>,
    /// The parameters, as far as training went.
    pub parameters: Parameters,
    /// One record an epoch of the last training; none without any.
    pub history: Vec<EpochRecord>,
}

/// Learns from the component scores of a section (spots x latent); `batch` is the batch number of each spot.
///
/// # Errors
/// [`crate::Error::Interrupted`] when the user stops it; [`crate::Error::Numeric`] when the loss leaves the finite
/// numbers.
pub fn learn(
    scores: ArrayView2<f64>,
    batch: &[usize],
    graph: &SpatialGraph,
    params: &TrainParams,
    monitor: &Monitor,
) -> Result<Network> {
    let (share, epochs, evidence) = match params.share {
        Some(share) => (share, params.epochs, None),
        None => match trial(scores, batch, graph, params, monitor)? {
            None => (0.0, 0, None),
            Some(trial) if trial.evidence.share == 0.0 => {
                let (parameters, history) = (trial.parameters, trial.history);
                return Ok(Network { share: 0.0, shift: None, evidence: Some(trial.evidence), parameters, history });
            }
            Some(trial) => (trial.evidence.share, trial.evidence.epochs, Some(trial.evidence)),
        },
    };
    if share == 0.0 {
        let parameters = Parameters::deterministic(scores.ncols())?;
        return Ok(Network { share, shift: None, evidence, parameters, history: Vec::new() });
    }
    let section = Section::new(scores.view(), batch, graph)?;
    let params = TrainParams { epochs, ..params.clone() };
    let Trained { parameters, history } = trained(&section, &params, monitor)?;
    let mut shift = shift(&section, &parameters, &params, monitor)?;
    // A spot without surroundings tells the network nothing.
    let alone = (0..graph.spots()).filter(|&spot| graph.degree(spot) == 0);
    alone.for_each(|spot| shift.row_mut(spot).fill(0.0));
    if shift.iter().any(|value| !value.is_finite()) {
        return Err(Error::Numeric("what the network expects of the spots is not finite".to_owned()));
    }
    Ok(Network { share, shift: Some(shift), evidence, parameters, history })
}

/// Trains on all spots where there are few enough of them, and else on one part of them after the other: what is kept
/// for the gradient is many times what is known of a spot.
fn trained(section: &Section, params: &TrainParams, monitor: &Monitor) -> Result<Trained> {
    let parts = section.parts(params.batch_size);
    let length = if parts.len() == 1 { params.epochs } else { EPOCHS_A_PART };
    let mut training = Training::new(section.latent(), section.batches(), params)?;
    for (turn, done) in (0..params.epochs).step_by(length.max(1)).enumerate() {
        let sample = section.sample(&parts[turn % parts.len()])?;
        training.on(&sample, (done + length).min(params.epochs), monitor, |_, _| Ok(true))?;
    }
    training.finish()
}

/// What the network expects of all spots beyond what is linear in their surroundings, a part at a time.
fn shift(section: &Section, parameters: &Parameters, params: &TrainParams, monitor: &Monitor) -> Result<Array2<f64>> {
    let mut shift = -section.linear();
    for part in section.parts(params.batch_size) {
        let expected = Objective::new(&section.sample(&part)?, params, monitor).expected(parameters)?;
        part.iter().zip(expected.rows()).for_each(|(&spot, row)| shift.row_mut(spot).add_assign(&row));
    }
    Ok(shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::stripes;

    /// One score that is noise, and one that is a function of that score around the spot.
    fn section(of_neighbours: fn(&[f64]) -> f64) -> (Array2<f64>, SpatialGraph) {
        let (mut scores, _, graph) = stripes(60, 2, 0.0, 6);
        for spot in 0..graph.spots() {
            let around: Vec<f64> = graph.neighbours(spot).iter().map(|&near| scores[[near as usize, 0]]).collect();
            scores[[spot, 1]] = 0.3 * scores[[spot, 1]] + of_neighbours(&around);
        }
        (scores, graph)
    }

    fn learned(scores: &Array2<f64>, graph: &SpatialGraph) -> Result<Network> {
        learn(scores.view(), &vec![0; graph.spots()], graph, &TrainParams::default(), &Monitor::silent())
    }

    fn mean(values: &[f64], of: fn(f64) -> f64) -> f64 {
        values.iter().map(|&value| of(value)).sum::<f64>() / values.len() as f64
    }

    /// One needs each neighbour bent, the other their mean.
    #[test]
    fn finds_what_is_not_linear_in_the_surroundings() -> Result<()> {
        let spread: fn(&[f64]) -> f64 = |around| 2.0 * (mean(around, |value| value * value) - 1.0);
        let far: fn(&[f64]) -> f64 = |around| 4.0 * (mean(around, |value| value).powi(2) - 0.25);
        for of_neighbours in [spread, far] {
            let (scores, graph) = section(of_neighbours);
            let network = learned(&scores, &graph)?;
            let evidence = network.evidence.as_ref().expect("tiles enough");
            assert!(evidence.gain > 0.04, "{evidence:?}");
            assert!(network.share > 0.7 && network.history.len() == evidence.epochs);
            assert!(network.shift.is_some());
        }
        Ok(())
    }

    #[test]
    fn noise_ends_the_training_early_and_few_spots_or_no_share_prevent_it() -> Result<()> {
        let (scores, graph) = section(|_| 0.0);
        let network = learned(&scores, &graph)?;
        assert!(network.share == 0.0 && network.shift.is_none(), "{:?}", network.evidence);
        assert_eq!(network.history.len(), 20);
        let (few, _, small) = stripes(20, 2, 1.0, 4);
        let network = learned(&few, &small)?;
        assert!(network.share == 0.0 && network.evidence.is_none() && network.history.is_empty());
        let params = TrainParams { share: Some(0.0), ..TrainParams::default() };
        let network = learn(scores.view(), &vec![0; graph.spots()], &graph, &params, &Monitor::silent())?;
        assert!(network.evidence.is_none() && network.history.is_empty());
        Ok(())
    }

    /// What the decoder knows of batches is learned, and the network of one batch has no such part.
    #[test]
    fn batches_have_levels_of_their_own() -> Result<()> {
        let (scores, graph) = section(|around| mean(around, |value| value));
        let params = TrainParams { share: Some(1.0), epochs: 20, ..TrainParams::default() };
        let tensors = |batch: &[usize]| -> Result<Vec<Vec<f64>>> {
            let network = learn(scores.view(), batch, &graph, &params, &Monitor::silent())?;
            Ok(network.parameters.values()?)
        };
        let spots = graph.spots();
        assert_eq!(tensors(&vec![0; spots])?.len(), 9);
        let halves: Vec<usize> = (0..spots).map(|spot| 2 * spot / spots).collect();
        let levels = tensors(&halves)?[9].clone();
        assert!(levels.len() == 4 && levels.iter().all(|level| level.is_finite() && *level != 0.0), "{levels:?}");
        Ok(())
    }

    /// Parts of the tissue in turn teach about what all of it at once does, and every spot is told its shift.
    #[test]
    fn parts_in_turn_learn_what_the_whole_does() -> Result<()> {
        let (scores, graph) = section(|around| 2.0 * (mean(around, |value| value * value) - 1.0));
        let shift = |batch_size| -> Result<Array2<f64>> {
            let params = TrainParams { share: Some(1.0), epochs: 40, batch_size, ..TrainParams::default() };
            let network = learn(scores.view(), &vec![0; graph.spots()], &graph, &params, &Monitor::silent())?;
            assert_eq!(network.history.len(), 40);
            Ok(network.shift.expect("a network in use"))
        };
        let (whole, parts) = (shift(graph.spots())?, shift(graph.spots() / 3)?);
        let product = |a: &Array2<f64>, b: &Array2<f64>| (a * b).sum();
        let cosine = product(&whole, &parts) / (product(&whole, &whole) * product(&parts, &parts)).sqrt();
        assert!(cosine > 0.9 && whole != parts, "{cosine}");
        Ok(())
    }

    #[test]
    fn a_last_step_out_of_the_finite_numbers_is_told() {
        let (scores, _, graph) = stripes(8, 2, 1.0, 2);
        // Without damping a weight that has no gradient is moved by 0 / 0.
        let params = TrainParams { share: Some(1.0), epochs: 1, damping: 1e-100, ..TrainParams::default() };
        let found = learn(scores.view(), &[0; 64], &graph, &params, &Monitor::silent());
        assert!(matches!(found, Err(Error::Numeric(_))));
    }

    #[test]
    fn a_spot_without_surroundings_is_not_moved() -> Result<()> {
        let (scores, _, graph) = stripes(8, 2, 1.0, 2);
        let edges =
            (0..graph.spots()).flat_map(|spot| graph.neighbours(spot).iter().map(move |&near| (spot, near as usize)));
        let apart = SpatialGraph::from_edges(graph.spots(), edges.filter(|&(one, other)| one > 0 && other > one));
        let params = TrainParams { share: Some(1.0), epochs: 5, ..TrainParams::default() };
        let network = learn(scores.view(), &vec![0; 64], &apart, &params, &Monitor::silent())?;
        let shift = network.shift.expect("a network in use");
        assert_eq!(shift.row(0).sum(), 0.0);
        assert!(shift.row(1).sum() != 0.0);
        Ok(())
    }
}
