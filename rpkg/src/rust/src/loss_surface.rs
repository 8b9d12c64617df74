//! `core_loss_surface`: the objective and the domains around a fitted network.

use crate::answer::answer;
use crate::arguments::{Parameters, graph, groups, matrix};
use crate::fit::read_train;
use crate::worker;
use extendr_api::prelude::*;
use starscape::surface::{Fitted, SurfaceParams, SurfacePoint, loss_surface};
use starscape::{Error, Result, vae};
use std::sync::Arc;

extendr_module! {
    mod loss_surface;
    fn core_loss_surface;
}

/// The parts of a fit: `scores`, `prior` with all its components and `embedding`, spots in rows, the `slice` of each
/// spot (or NULL), the graph's `neighbours` and the tensors of the network, `weights`.
#[allow(clippy::too_many_arguments)] // the parts of a fit
#[extendr]
fn core_loss_surface(
    scores: Robj,
    prior: Robj,
    embedding: Robj,
    slice: Robj,
    neighbours: Robj,
    weights: List,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let (scores, embedding) = (matrix(&scores, "scores")?, matrix(&embedding, "embedding")?);
        let graph = graph(&neighbours)?.ok_or_else(|| Error::argument("graph", "is missing"))?;
        let values = weights.values().map(|tensor| tensor.as_real_vector());
        let values = values.collect::<Option<Vec<_>>>().ok_or_else(|| Error::argument("weights", "must be numbers"))?;
        let network = vae::Parameters::from_values(embedding.ncols(), &values)
            .map_err(|_| Error::argument("weights", "do not have the shapes of the fit"))?;
        let prior = matrix(&prior, "prior")?;
        let slice = groups(&slice, scores.nrows(), "slice")?;
        let share = parameters.number("networkShare")?;
        let fitted =
            Fitted { scores, prior, embedding, slice: &slice, graph: Arc::new(graph), parameters: network, share };
        let (train, params) = (read_train(&parameters)?, read(&parameters)?);
        let threads = parameters.whole("threads")?;
        let surface = worker::run(threads, &progress, |monitor| loss_surface(&fitted, &train, &params, monitor))?;
        Ok(write(&surface))
    })
}

fn read(parameters: &Parameters) -> Result<SurfaceParams> {
    Ok(SurfaceParams {
        k: parameters.whole("k")?,
        points: parameters.whole("points")?,
        radius: parameters.number("reach")?,
        seed: parameters.whole("directionSeed")? as u64,
    })
}

fn write(surface: &[SurfacePoint]) -> Robj {
    let column = |value: fn(&SurfacePoint) -> f64| -> Vec<f64> { surface.iter().map(value).collect() };
    list!(
        alpha = column(|point| point.alpha),
        beta = column(|point| point.beta),
        loss = column(|point| point.loss),
        agreement = column(|point| point.agreement)
    )
    .into()
}
