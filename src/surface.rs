//! The objective and the domains around a fitted network: whether it lies in a flat region or beside a cliff.

use crate::cluster::{Method, Points, Stop, group, settled_partition};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::metrics::adjusted_rand_index;
use crate::monitor::{Monitor, Progress};
use crate::random::{Stream, stream};
use crate::vae::{Objective, Parameters, Section, TrainParams};
use candle_core::Tensor;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct SurfaceParams {
    /// Number of domains.
    pub k: usize,
    /// Steps along each direction: an odd number, at least 3, so that the middle one is the fitted network.
    pub points: usize,
    /// The longest step, in units of the weights' own length; above 0.
    pub radius: f64,
    /// Seed of the two directions.
    pub seed: u64,
}

/// A fitted network and what it was fitted to.
pub struct Fitted<'a> {
    /// Component scores, spots x latent.
    pub scores: ArrayView2<'a, f64>,
    /// The deterministic prior, spots x components; the first latent dimensions are the prior means.
    pub prior: ArrayView2<'a, f64>,
    /// The embedding whose domains are compared with, spots x latent.
    pub embedding: ArrayView2<'a, f64>,
    /// Slice number of each spot.
    pub slice: &'a [usize],
    /// The spatial graph.
    pub graph: Arc<SpatialGraph>,
    /// The trained parameters.
    pub parameters: Parameters,
    /// How far the embedding goes from the prior to what the network adds, in [0, 1].
    pub share: f64,
}

/// One point of the surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfacePoint {
    /// Step along the first direction.
    pub alpha: f64,
    /// Step along the second direction.
    pub beta: f64,
    /// The training objective, with the same masks and noise at all points; NaN beyond the finite numbers.
    pub loss: f64,
    /// Adjusted Rand index between the domains at this point and those of the fitted embedding; NaN where the embedding
    /// is not finite.
    pub agreement: f64,
}

/// The surface on a square grid along two random directions normalised by filter (Li et al. 2018, Visualizing the loss
/// landscape of neural nets, NeurIPS). Points come by rows of equal beta, both steps rising.
///
/// # Errors
/// [`Error::Argument`] for `points`, `radius`, `k`, a setting of the training, or a `fit` whose parts do not fit
/// together or are not finite; [`Error::Numeric`]; [`Error::Interrupted`].
pub fn loss_surface(
    fitted: &Fitted,
    train: &TrainParams,
    params: &SurfaceParams,
    monitor: &Monitor,
) -> Result<Vec<SurfacePoint>> {
    check(params)?;
    train.check()?;
    check_fit(fitted)?;
    let section = Section::new(fitted.scores.view(), fitted.slice, &fitted.graph)?;
    let sample = section.whole()?;
    let mut objective = Objective::new(&sample, train, monitor);
    objective.prepare(&fitted.parameters, train.epochs)?;
    let domains = Domains::new(fitted, params.k, monitor)?;
    let mut rng = stream(params.seed, Stream::Direction);
    let directions = [fitted.parameters.direction(&mut rng)?, fitted.parameters.direction(&mut rng)?];
    let half = (params.points / 2) as f64;
    let step = |index: usize| params.radius * (index as f64 - half) / half;
    let (total, done) = (params.points * params.points, AtomicUsize::new(0));
    let point = |index: usize| -> Result<SurfacePoint> {
        let (alpha, beta) = (step(index % params.points), step(index / params.points));
        let point = at(&objective, fitted, section.linear(), &directions, (alpha, beta), &domains)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "surface", done, total, objective: None })?;
        Ok(point)
    };
    (0..total).into_par_iter().map(point).collect()
}

fn at(
    objective: &Objective,
    fitted: &Fitted,
    linear: &Array2<f64>,
    [first, second]: &[Vec<Tensor>; 2],
    (alpha, beta): (f64, f64),
    domains: &Domains,
) -> Result<SurfacePoint> {
    let parameters = fitted.parameters.moved(&[(alpha, first), (beta, second)])?;
    let (_, record) = objective.value(&parameters, 1)?;
    let mut embedding = fitted.prior.slice(s![.., ..linear.ncols()]).to_owned();
    embedding.scaled_add(fitted.share, &(objective.instance(&parameters)? - linear));
    let finite = embedding.iter().all(|value| value.is_finite());
    let agreement = if finite { domains.agreement(embedding.view())? } else { f64::NAN };
    let loss = if record.total.is_finite() { record.total } else { f64::NAN };
    Ok(SurfacePoint { alpha, beta, loss, agreement })
}

/// The domains of the fitted embedding and where the search for them starts at every point.
struct Domains<'a> {
    start: Vec<usize>,
    fitted: Vec<usize>,
    k: usize,
    monitor: &'a Monitor<'a>,
}

impl<'a> Domains<'a> {
    fn new(fitted: &Fitted, k: usize, monitor: &'a Monitor<'a>) -> Result<Self> {
        let start = settled_partition(fitted.prior, Some(&fitted.graph), fitted.embedding.ncols(), k, monitor)?;
        let mut domains = Domains { start, fitted: Vec::new(), k, monitor };
        domains.fitted = domains.find(fitted.embedding)?;
        Ok(domains)
    }

    fn find(&self, embedding: ArrayView2<f64>) -> Result<Vec<usize>> {
        let points = Points::new(embedding, "embedding")?;
        Ok(group(&points, None, &self.start, self.k, Method::Mixture, Stop::AT_ONCE, self.monitor)?.labels)
    }

    fn agreement(&self, embedding: ArrayView2<f64>) -> Result<f64> {
        Ok(adjusted_rand_index(&self.fitted, &self.find(embedding)?))
    }
}

fn check_fit(fitted: &Fitted) -> Result<()> {
    let (spots, latent) = fitted.scores.dim();
    let lengths = [fitted.prior.nrows(), fitted.slice.len(), fitted.graph.spots()];
    if lengths.iter().any(|&own| own != spots) || fitted.embedding.dim() != (spots, latent) {
        let message = format!("must have {spots} spots and {latent} dimensions in all its parts");
        return Err(Error::argument("fit", message));
    }
    if latent == 0 || fitted.prior.ncols() < latent {
        return Err(Error::argument("fit", format!("must have a prior of {latent} components or more")));
    }
    let mut numbers = fitted.scores.iter().chain(fitted.prior.iter()).chain(fitted.embedding.iter());
    if !numbers.all(|value| value.is_finite()) || !(0.0..=1.0).contains(&fitted.share) {
        return Err(Error::argument("fit", "must have finite values, and a share of the network from 0 to 1"));
    }
    Ok(())
}

fn check(params: &SurfaceParams) -> Result<()> {
    if params.points < 3 || params.points.is_multiple_of(2) {
        return Err(Error::argument("points", format!("must be an odd number, 3 or more, not {}", params.points)));
    }
    if !(params.radius.is_finite() && params.radius > 0.0) {
        return Err(Error::argument("radius", format!("must be a finite number above 0, not {}", params.radius)));
    }
    Ok(())
}
