//! Settings. Those that time grows with are small.

use crate::{Input, numbers};
use starscape::graph::{GraphMethod, GraphParams};
use starscape::normalise::Normalisation;
use starscape::preprocess::{FeatureParams, FeatureSelection};
use starscape::vae::{Initialisation, TrainParams};

/// Settings of the spatial graph.
pub fn graph_params(input: &mut Input) -> GraphParams {
    use GraphMethod::{Auto, Delaunay, Grid, Nearest, Radius};
    let method = input.one_of(&[Auto, Grid, Nearest, Radius, Delaunay]);
    let k = input.whole(1, 12);
    let radius = input.once_in(2).then(|| input.number(&[1.5, 0.1, 3.0, 1e9]));
    GraphParams { method, k, radius }
}

/// How counts become comparable, of what users choose from.
pub fn normalisation(input: &mut Input) -> Normalisation {
    input.one_of(&[Normalisation::Pearson, Normalisation::Log])
}

/// How genes are chosen from so many.
pub fn feature_params(input: &mut Input, genes: usize) -> FeatureParams {
    let selection = match input.between(0, 3) {
        0 | 1 => FeatureSelection::Moran,
        2 => FeatureSelection::Variance,
        _ => FeatureSelection::Given(numbers(input, genes)),
    };
    FeatureParams { normalisation: normalisation(input), selection, count: input.whole(1, 20) }
}

/// Training of a few steps.
pub fn train_params(input: &mut Input) -> TrainParams {
    let weight = |input: &mut Input| input.number(&[1.0, 0.0, 0.1, 1e6]);
    TrainParams {
        share: if input.once_in(2) { None } else { Some(input.number(&[1.0, 0.0, 0.5])) },
        epochs: input.between(0, 4),
        batch_size: input.whole(1, 50),
        seed: input.whole(0, 9) as u64,
        initialisation: input.one_of(&[Initialisation::Deterministic, Initialisation::Random]),
        damping: input.number(&[5e-4, 1e-8, 1.0]),
        prior_scale: input.number(&[1.0, 0.01, 100.0]),
        reconstruction: weight(input),
        kl: weight(input),
        telescope: weight(input),
        consistency: weight(input),
        prototype: weight(input),
        prototypes: input.whole(2, 12),
        scale: weight(input),
        warm_up: input.number(&[0.25, 0.0, 1.0]),
        perturbation: input.number(&[0.1, 0.0, 10.0]),
        sharpness: input.number(&[0.0, 0.1, 10.0]),
        averaging: input.number(&[0.5, 0.0, 0.9]),
        members: input.between(0, 3),
        ..TrainParams::default()
    }
}
