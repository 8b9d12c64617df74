//! Domains: what several views of a section agree on, each divided by a Gaussian mixture; or those of one embedding, by
//! a mixture, k-means or hidden Markov random field. All start from best-likelihood partitions and not from random
//! centres.

mod agreement;
mod best_start;
mod check;
mod choose;
mod choose_in_space;
mod choose_in_views;
mod confidence;
mod consensus;
mod dependence;
mod exponential;
mod kmeans;
mod mixture;
mod order;
mod points;
mod potts;
mod rivals;
mod separate;
mod shrinkage;
mod start;
mod structure;
mod swap;
#[cfg(test)]
pub(crate) mod testing;
mod tied;
mod views;

#[cfg(test)]
mod tests;

pub use best_start::{STARTS, best_start};
pub use choose::{Candidate, ChoiceTable};
pub(crate) use dependence::design_effect;
pub use kmeans::KMeans;
pub use mixture::{Mixture, Stop};
pub use order::{by_size, most_probable};
pub use points::Points;
pub use potts::LARGEST_INTERACTION;
pub(crate) use potts::{estimate_interaction, scale_field, sweep as potts_sweep};
pub use separate::SeparateMixture;
pub use structure::Gain;
pub use tied::TiedGaussians;

use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use check::check;
use choose_in_space::choose_in_space;
use choose_in_views::choose_in_views;
use ndarray::{Array2, ArrayView2, s};

/// How spots are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Gaussian mixture whose covariances are drawn towards a common one ("gmm").
    Mixture,
    /// k-means ("kmeans").
    KMeans,
    /// A mixture with one covariance for all domains, then a Potts hidden Markov random field on the spatial graph
    /// ("hmrf").
    HiddenMarkov,
}

/// What the user chooses.
#[derive(Clone, Debug)]
pub struct Params {
    /// Number of domains; `None` chooses it from `k_range`, or 1 for a section whose views hold no more structure than
    /// tissue without domains.
    pub k: Option<usize>,
    /// Smallest and largest number of domains to try, both included. Not looked at when `k` is given.
    pub k_range: (usize, usize),
    /// How spots are grouped.
    pub method: Method,
    /// Seed of the subsamples behind [`Candidate::stability`]. The domains themselves do not depend on it.
    pub seed: u64,
}

/// Where a clustering begins.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A known partition: a label for each spot, 0..k, each used. Needs a given number of domains.
    Labels(&'a [usize]),
    /// The consensus of the best-likelihood partitions of views of this space, such as the deterministic prior, or the
    /// partition of one view if it is decisively more likely: spots x components by falling importance, of which the
    /// first as many as the embedding has dimensions make one view, all of them another, and both averaged further over
    /// the graph two more. The domains of the space itself, found from there, are where the embedding's begin.
    Space(ArrayView2<'a, f64>),
    /// Views of the section (see [`crate::views`]): each is divided, the embedding as one more if it counts or there is
    /// no other, and the domains are what they agree on.
    Views(SectionViews<'a>),
    /// The best-likelihood partition of the embedding itself.
    Embedding,
}

/// Views of a section, and of tissue like it that has no domains.
#[derive(Clone, Copy, Debug)]
pub struct SectionViews<'a> {
    /// The views, each with all spots.
    pub all: &'a [SectionView],
    /// The embedding's kind, if it counts as a view.
    pub embedding: Option<Kind>,
    /// Only looked at when the number of domains is chosen; without draws at least two domains are found.
    pub null: &'a Null,
}

/// Tissue like a section that has no domains.
#[derive(Clone, Debug, Default)]
pub struct Null {
    /// Several draws, each as many of the section's first views as it takes to tell the two apart.
    pub draws: Vec<Vec<SectionView>>,
    /// The spots of the section that the draws have, rising; all if there are none.
    pub spots: Option<Vec<usize>>,
}

/// One view of a section.
#[derive(Clone, Debug)]
pub struct SectionView {
    /// The spots there.
    pub points: Points,
    /// What kind of view it is.
    pub kind: Kind,
}

/// What a view averages and how far, each a number of its own: views with one of them in common err together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What is averaged.
    pub averaged: usize,
    /// How far.
    pub reach: usize,
}

/// Domains of all spots.
#[derive(Clone, Debug)]
pub struct Domains {
    /// Domain of each spot from 0, ordered by decreasing size; domains of one size by their first spot.
    pub labels: Vec<usize>,
    /// How sure each spot's domain is, in [0, 1]: with two or more views the share of bootstrap draws of them in which
    /// it stays there, otherwise its posterior probability, or for k-means 1 − (distance to the own centre) /
    /// (distance to the second nearest).
    pub confidence: Vec<f64>,
    /// Number of domains that hold spots. It can be smaller than asked for when the data do not support so many.
    pub k: usize,
    /// Log-likelihood of the embedding (for the hidden Markov random field its mean-field approximation); none for
    /// k-means.
    pub log_likelihood: Option<f64>,
    /// Interaction β of neighbouring spots; only for the hidden Markov random field.
    pub interaction: Option<f64>,
    /// How the number of domains was chosen; none when it was given.
    pub choice: Option<ChoiceTable>,
    /// With [`Start::Views`] how much each view counts, the embedding last if it does: its part of 1, by how far the
    /// others agree with it. Empty otherwise.
    pub support: Vec<f64>,
}

/// Finds the domains of an `embedding` (spots x dimensions).
///
/// `graph` joins neighbouring spots. The hidden Markov random field needs it; the choice of k uses it to learn how
/// much spots repeat their neighbours, and asks for far too many domains without it.
///
/// # Errors
/// [`crate::Error::Argument`] for `embedding` or `prior` (the start space) not finite, constant or of other length, `k` below
/// 1 or above the number of spots, a `kRange` that is not two rising numbers in these bounds, a `graph` missing or of
/// other length, `start` labels that do not fit; [`crate::Error::Numeric`] when a covariance is singular;
/// [`crate::Error::NotConverged`] when the hidden Markov random field does not settle; [`crate::Error::Interrupted`].
pub fn find_domains(
    embedding: ArrayView2<f64>,
    graph: Option<&SpatialGraph>,
    start: Start,
    params: &Params,
    monitor: &Monitor,
) -> Result<Domains> {
    let points = Points::new(embedding, "embedding")?;
    check(&points, graph, start, params)?;
    let choice = match (params.k, start) {
        (Some(_), _) => None,
        (None, Start::Views(views)) if !views.all.is_empty() => {
            Some(choose_in_views(views, graph, params.k_range, params.seed, monitor)?)
        }
        (None, _) => Some(choose_in_space(&points, graph, start, params, monitor)?),
    };
    let k = params.k.or(choice.as_ref().map(|table| table.chosen)).unwrap_or(params.k_range.0);
    if k == 1 {
        let labels = vec![0; points.count()];
        return Ok(Domains { choice, ..group(&points, graph, &labels, 1, Method::Mixture, Stop::AT_ONCE, monitor)? });
    }
    let grouped = |labels: &[usize], tied| group(&points, graph, labels, k, params.method, tied, monitor);
    let domains = match start {
        Start::Labels(labels) => grouped(labels, Stop::CONVERGED)?,
        Start::Space(space) => {
            grouped(&settled_partition(space, graph, points.dimensions(), k, monitor)?, Stop::AT_ONCE)?
        }
        Start::Views(views) => agreement::agreed_domains(&points, views, graph, k, params.method, monitor)?,
        Start::Embedding => grouped(&best_start(&points, k, STARTS, monitor)?, Stop::CONVERGED)?,
    };
    Ok(Domains { choice, ..domains })
}

/// Where a search for `k` domains in `dimensions` begins: see [`Start::Space`].
///
/// # Errors
/// As [`find_domains`].
pub fn starting_partition(
    space: ArrayView2<f64>,
    graph: Option<&SpatialGraph>,
    dimensions: usize,
    k: usize,
    monitor: &Monitor,
) -> Result<Vec<usize>> {
    let views = views::views(space, graph, dimensions)?;
    start::starting_labels(&leading(space, dimensions)?, &views, graph, k, monitor)
}

/// The first `dimensions` of a start space.
fn leading(space: ArrayView2<f64>, dimensions: usize) -> Result<Points> {
    Points::new(space.slice(s![.., ..dimensions.min(space.ncols())]), "prior")
}

/// The domains of the start space itself, from its [`starting_partition`]. A fit of the embedding that goes on from
/// them without a search of its own ends at the same maximum for every seed.
///
/// # Errors
/// As [`find_domains`].
pub fn settled_partition(
    space: ArrayView2<f64>,
    graph: Option<&SpatialGraph>,
    dimensions: usize,
    k: usize,
    monitor: &Monitor,
) -> Result<Vec<usize>> {
    let labels = starting_partition(space, graph, dimensions, k, monitor)?;
    let points = leading(space, dimensions)?;
    Ok(group(&points, graph, &labels, k, Method::Mixture, Stop::CONVERGED, monitor)?.labels)
}

/// Fits one method from given labels. `tied` says how far a mixture with one covariance for all is followed before
/// each domain has its own.
pub(crate) fn group(
    points: &Points,
    graph: Option<&SpatialGraph>,
    labels: &[usize],
    k: usize,
    method: Method,
    tied: Stop,
    monitor: &Monitor,
) -> Result<Domains> {
    if method == Method::KMeans {
        let fit = KMeans::from_labels(points, labels, k, monitor)?;
        let confidence = fit.confidence(points);
        let (labels, k) = by_size(&fit.labels);
        return Ok(Domains {
            labels,
            confidence,
            k,
            log_likelihood: None,
            interaction: None,
            choice: None,
            support: vec![],
        });
    }
    let fit = Mixture::fit(points, labels, k, shrinkage::FIT, tied, monitor)?;
    let (posterior, log_likelihood, interaction) = match (method, graph) {
        (Method::HiddenMarkov, Some(graph)) => {
            let field = potts::fit(points, graph, fit.posterior(points)?, monitor)?;
            (field.posterior, field.log_likelihood, Some(field.interaction))
        }
        _ => {
            let fit = SeparateMixture::fit(points, &fit, Stop::CONVERGED, monitor)?;
            (fit.posterior(points)?, fit.log_likelihood, None)
        }
    };
    let (labels, k, confidence) = named(&posterior);
    let log_likelihood = Some(log_likelihood);
    Ok(Domains { labels, confidence, k, log_likelihood, interaction, choice: None, support: vec![] })
}

/// Most probable domains by size, how many hold spots, and how probable they are.
fn named(posterior: &Array2<f64>) -> (Vec<usize>, usize, Vec<f64>) {
    let confidence =
        posterior.rows().into_iter().map(|row| row.fold(0.0f64, |most, &p| most.max(p)).min(1.0)).collect();
    let (labels, k) = by_size(&most_probable(posterior));
    (labels, k, confidence)
}
