//! Domains of the target in factor space, with or without the source's labels.

use super::criteria::{Criteria, criteria};
use super::mixture::{self, ConjugatePrior, SpatialMixture};
use super::small::{joined, not_found_again};
use super::{Criterion, Params};
use crate::cluster::{Points, TiedGaussians, best_start, design_effect, most_probable, starting_partition};
use crate::discriminants::Discriminants;
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::{EigValsh, UPLO};

/// Ridge of the factors' covariance in units of factors / spots, as a share of their mean variance: the fewer spots,
/// the more the covariance is drawn towards a multiple of the identity.
const SHRINKAGE: f64 = 2.5;

/// Eigenvalue of a covariance, as a share of the largest, that counts as 0.
const SINGULAR: f64 = 1e-10;

/// How often domains of outliers are looked for.
const OUTLIER_ROUNDS: usize = 5;

/// Starts of the partition that splits a domain.
const STARTS: usize = 8;

/// Factor scores of the target, averaged over its graph, and of the source.
pub struct Scores<'a> {
    /// Spots x factors.
    pub target: ArrayView2<'a, f64>,
    /// The same of each spot by itself.
    pub own: ArrayView2<'a, f64>,
    /// Spots x components by falling importance: where a search without labels begins.
    pub start: ArrayView2<'a, f64>,
    /// Cells x factors, averaged over the source's graph where it has one.
    pub source: ArrayView2<'a, f64>,
    /// Whether the source's scores are averaged as the target's are, so that their variation is comparable.
    pub comparable: bool,
    /// The target's graph.
    pub graph: &'a SpatialGraph,
}

/// Domains, how they were found, and what they have to do with the source's labels.
#[derive(Clone, Debug)]
pub struct Domains {
    /// Domain of each spot from 0, by falling size.
    pub labels: Vec<usize>,
    /// The spatial mixture, its domains in the same order.
    pub mixture: SpatialMixture,
    /// The label of the source whose mean informs each domain.
    pub informed: Vec<Option<usize>>,
    /// Criteria of this number of domains.
    pub criteria: Criteria,
    /// All numbers of domains tried: number asked for, criteria, log-likelihood.
    pub candidates: Vec<(usize, Criteria, f64)>,
}

/// How the source's labels relate to the target.
#[derive(Clone, Debug)]
pub struct Resemblance {
    /// Discriminants of the labels in factor space.
    pub discriminants: Discriminants,
    /// Posterior of each label at each spot of the target, spots x labels.
    pub posterior: Array2<f64>,
}

/// Whose covariance of the factors has no inverse before a ridge or the uncertainty of the factors is added.
#[derive(Clone, Debug)]
pub struct Singular {
    /// Labels of the source, rising; those without cells are not among them.
    pub labels: Vec<usize>,
    /// The target.
    pub target: bool,
}

/// Looks at scores that are not averaged: averages over neighbours differ also where cells do not.
///
/// # Errors
/// [`Error::Numeric`] when a decomposition fails.
pub fn singular(target: ArrayView2<f64>, source: ArrayView2<f64>, labels: &[Option<usize>]) -> Result<Singular> {
    let mut found = Vec::new();
    for label in 0..labels.iter().flatten().max().map_or(0, |last| last + 1) {
        let cells: Vec<usize> = (0..labels.len()).filter(|&cell| labels[cell] == Some(label)).collect();
        if !cells.is_empty() && without_inverse(source.select(Axis(0), &cells))? {
            found.push(label);
        }
    }
    Ok(Singular { labels: found, target: without_inverse(target.to_owned())? })
}

fn without_inverse(scores: Array2<f64>) -> Result<bool> {
    let centre = scores.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(scores.ncols()));
    let rest = scores - &centre;
    let values = rest.t().dot(&rest).eigvalsh(UPLO::Lower)?;
    let largest = values.fold(0.0f64, |largest, &value| largest.max(value));
    Ok(values.iter().any(|&value| value <= SINGULAR * largest))
}

/// Classifies the target by the source's labels.
///
/// # Errors
/// As [`Discriminants::new`].
pub fn resemblance(scores: &Scores, labels: &[Option<usize>], label_count: usize) -> Result<Resemblance> {
    let discriminants = Discriminants::new(scores.source, labels, label_count)?.recentred(scores.target);
    let posterior = discriminants.posterior(scores.target);
    Ok(Resemblance { discriminants, posterior })
}

/// Finds the domains; `labels` are the source's discriminants and their posterior at the target when they are borrowed.
///
/// # Errors
/// [`Error::Argument`] naming `k` or `kRange` beyond the number of spots, and as [`mixture::fit`].
pub fn find(scores: &Scores, labels: Option<&Resemblance>, params: &Params, monitor: &Monitor) -> Result<Domains> {
    let spots = scores.target.nrows();
    let numbers: Vec<usize> = match params.k {
        Some(k) => vec![k],
        None => (params.k_range.0..=params.k_range.1.min(spots)).collect(),
    };
    if let Some(&k) = numbers.iter().find(|&&k| k < 2 || k > spots) {
        let message = format!("must be between 2 and the number of spots ({spots}), not {k}");
        return Err(Error::argument(if params.k.is_some() { "k" } else { "kRange" }, message));
    }
    let mut found = Vec::new();
    for (done, &k) in numbers.iter().enumerate() {
        monitor.step(Progress { stage: "domains", done, total: numbers.len(), objective: None })?;
        found.push(find_number(scores, labels, k, params.interacts(), monitor)?);
    }
    // The most domains leave the least of their differences to the dependence of neighbours.
    let Some(last) = found.last() else {
        return Err(Error::argument("kRange", "has no number of domains to try"));
    };
    let effect = dependence(scores, last)?;
    for domains in &mut found {
        domains.criteria = effective_criteria(domains, scores.target.dim(), params.interacts(), effect);
    }
    let candidates: Vec<_> =
        numbers.iter().zip(&found).map(|(&k, domains)| (k, domains.criteria, domains.mixture.log_likelihood)).collect();
    let value = |place: usize| value(&found[place].criteria, params.criterion);
    let best = (1..found.len()).fold(0, |best, place| if value(place) < value(best) { place } else { best });
    Ok(Domains { candidates, ..found.swap_remove(best) })
}

/// How many spots repeat each other: the design effect of the factors' deviations from the means of the domains.
fn dependence(scores: &Scores, domains: &Domains) -> Result<f64> {
    let points = Points::new(scores.target, "x")?;
    let (_, k) = domains.mixture.posterior.dim();
    let centre = scores.target.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(scores.target.ncols()));
    let gaussians = TiedGaussians {
        weights: Array1::from_elem(k, 1.0 / k as f64),
        means: &domains.mixture.means - &centre,
        covariance: domains.mixture.covariance.clone(),
    };
    Ok(design_effect(&points, scores.graph, &domains.labels, &gaussians))
}

/// Criteria with spots counted as the fewer independent ones they are worth: averages of neighbours repeat each other.
fn effective_criteria(domains: &Domains, (spots, factors): (usize, usize), interacting: bool, effect: f64) -> Criteria {
    let k = domains.mixture.posterior.ncols();
    // Means, one covariance, the field up to a constant, the interaction.
    let parameters = k * factors + factors * (factors + 1) / 2 + k - 1 + usize::from(interacting);
    let effective = (spots as f64 / effect).max(2.0);
    criteria(domains.mixture.log_likelihood / effect, parameters, factors, effective, 1.0)
}

fn value(criteria: &Criteria, criterion: Criterion) -> f64 {
    match criterion {
        Criterion::Bic => criteria.bic,
        Criterion::Mbic => criteria.mbic,
        Criterion::Hbic => criteria.hbic,
    }
}

fn find_number(
    scores: &Scores,
    labels: Option<&Resemblance>,
    k: usize,
    interacting: bool,
    monitor: &Monitor,
) -> Result<Domains> {
    let factors = scores.target.ncols();
    let Some(labels) = labels else {
        let start = starting_partition(scores.start, Some(scores.graph), factors, k, monitor)?;
        let found = from_start(scores, hard(&start, k), None, interacting, monitor)?;
        return without_outliers(scores, found, interacting, monitor);
    };
    let (posterior, prior, informed) = informed_start(scores, labels, k, monitor)?;
    // A first fit tells how far spots repeat each other.
    let first = from_start(scores, posterior.clone(), Some((prior.clone(), informed.clone())), interacting, monitor)?;
    let prior = ConjugatePrior { repeats: dependence(scores, &first)?, ..prior };
    from_start(scores, posterior, Some((prior, informed)), interacting, monitor)
}

/// The mixture from a posterior, with what the source's labels know of the domains where they are borrowed.
fn from_start(
    scores: &Scores,
    posterior: Array2<f64>,
    known: Option<(ConjugatePrior, Vec<Option<usize>>)>,
    interacting: bool,
    monitor: &Monitor,
) -> Result<Domains> {
    let (spots, factors) = scores.target.dim();
    let k = posterior.ncols();
    let (prior, informed) = known.unwrap_or_else(|| (ConjugatePrior::none(k, factors), vec![None; k]));
    let share = (SHRINKAGE * factors as f64 / spots as f64).min(1.0);
    let variance = scores.target.var_axis(Axis(0), 0.0).mean().unwrap_or(0.0);
    let fitted = mixture::fit(scores.target, scores.graph, posterior, &prior, share * variance, interacting, monitor)?;
    let (order, labels) = by_size(&fitted.posterior);
    let mixture = SpatialMixture {
        posterior: fitted.posterior.select(Axis(1), &order),
        means: fitted.means.select(Axis(0), &order),
        field: fitted.field.select(Axis(0), &order),
        ..fitted
    };
    Ok(Domains {
        labels,
        criteria: Criteria { bic: f64::NAN, mbic: f64::NAN, hbic: f64::NAN },
        mixture,
        informed: order.iter().map(|&domain| informed[domain]).collect(),
        candidates: Vec::new(),
    })
}

/// Where a domain is but a few outliers, domains are looked for without these, and they join the nearest.
fn without_outliers(scores: &Scores, found: Domains, interacting: bool, monitor: &Monitor) -> Result<Domains> {
    let (k, factors) = found.mixture.means.dim();
    let (mut found, mut aside) = (found, vec![false; scores.target.nrows()]);
    for _ in 0..OUTLIER_ROUNDS {
        let lost = not_found_again(scores.own, &found.labels, k, &found.mixture.covariance)?;
        if lost.iter().all(|&spot| aside[spot]) {
            break;
        }
        lost.iter().for_each(|&spot| aside[spot] = true);
        let kept: Vec<usize> = (0..aside.len()).filter(|&spot| !aside[spot]).collect();
        if kept.len() < k {
            break;
        }
        let graph = scores.graph.select(&kept);
        let start = scores.start.select(Axis(0), &kept);
        let partition = starting_partition(start.view(), Some(&graph), factors, k, monitor)?;
        let all = joined(scores.target, &aside, &partition, k);
        found = from_start(scores, hard(&all, k), None, interacting, monitor)?;
    }
    Ok(found)
}

/// Domains by falling number of spots, empty ones last, and the spots' domains in that order.
fn by_size(posterior: &Array2<f64>) -> (Vec<usize>, Vec<usize>) {
    let labels = most_probable(posterior);
    let mut sizes = vec![0usize; posterior.ncols()];
    labels.iter().for_each(|&label| sizes[label] += 1);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&domain| std::cmp::Reverse(sizes[domain]));
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &domain)| rank[domain] = place);
    (order, labels.iter().map(|&label| rank[label]).collect())
}

fn hard(labels: &[usize], k: usize) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), k), |(spot, domain)| f64::from(labels[spot] == domain))
}

/// The labels that most spots take begin the domains, and their means inform them. With more domains than labels, the
/// widest domains are split and the parts far from the label are left to themselves.
fn informed_start(
    scores: &Scores,
    labels: &Resemblance,
    k: usize,
    monitor: &Monitor,
) -> Result<(Array2<f64>, ConjugatePrior, Vec<Option<usize>>)> {
    let (means, sizes) = (&labels.discriminants.means, &labels.discriminants.sizes);
    let mut kept: Vec<usize> = (0..sizes.len()).filter(|&label| sizes[label] > 0.0).collect();
    let masses = labels.posterior.sum_axis(Axis(0));
    kept.sort_by(|&a, &b| masses[b].total_cmp(&masses[a]));
    kept.truncate(k);
    kept.sort_unstable();
    let mut posterior = labels.posterior.select(Axis(1), &kept);
    for mut row in posterior.rows_mut() {
        let total = row.sum();
        if total > 0.0 { row /= total } else { row.fill(1.0 / kept.len() as f64) }
    }
    let mut informed: Vec<Option<usize>> = kept.iter().copied().map(Some).collect();
    while posterior.ncols() < k {
        posterior = split_widest(scores.target, posterior, means, &informed, monitor)?;
        informed.push(None);
    }
    let cells = if scores.comparable { sizes.sum() } else { 0.0 };
    let prior = ConjugatePrior {
        scatter: &labels.discriminants.covariance * cells,
        cells,
        means: Array2::from_shape_fn((k, means.ncols()), |(domain, factor)| {
            informed[domain].map_or(0.0, |label| means[[label, factor]])
        }),
        strengths: informed.iter().map(|label| label.map_or(0.0, |label| sizes[label])).collect::<Array1<f64>>(),
        repeats: 1.0,
    };
    Ok((posterior, prior, informed))
}

/// Splits the domain of largest variation in two; the part farther from the label's mean becomes a new last column.
fn split_widest(
    scores: ArrayView2<f64>,
    posterior: Array2<f64>,
    means: &Array2<f64>,
    informed: &[Option<usize>],
    monitor: &Monitor,
) -> Result<Array2<f64>> {
    let labels = most_probable(&posterior);
    let k = posterior.ncols();
    let members = |domain: usize| -> Vec<usize> { (0..labels.len()).filter(|&spot| labels[spot] == domain).collect() };
    let variation = |domain: usize| -> f64 {
        let rows = scores.select(Axis(0), &members(domain));
        if rows.nrows() < 2 { 0.0 } else { rows.var_axis(Axis(0), 0.0).sum() * rows.nrows() as f64 }
    };
    let variations: Vec<f64> = (0..k).map(variation).collect();
    let widest = (0..k).reduce(|best, domain| if variations[domain] > variations[best] { domain } else { best });
    let rows = members(widest.unwrap_or(0));
    let inside = scores.select(Axis(0), &rows);
    let parts = best_start(&Points::new(inside.view(), "k")?, 2, STARTS, monitor)?;
    let centre = |part: usize| -> Option<Array1<f64>> {
        let own: Vec<usize> = (0..parts.len()).filter(|&row| parts[row] == part).collect();
        inside.select(Axis(0), &own).mean_axis(Axis(0))
    };
    let distance = |part: usize| match (centre(part), informed.get(widest.unwrap_or(0)).copied().flatten()) {
        (Some(centre), Some(label)) => (&centre - &means.row(label)).mapv(|value| value * value).sum(),
        _ => 0.0,
    };
    let far = usize::from(distance(1) >= distance(0));
    let mut labels = labels;
    rows.iter().zip(&parts).filter(|(_, part)| **part == far).for_each(|(&spot, _)| labels[spot] = k);
    Ok(hard(&labels, k + 1))
}
