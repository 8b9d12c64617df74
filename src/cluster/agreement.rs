//! Domains that several views of a section agree on.

use super::confidence::share_of_draws;
use super::consensus::{Partition, supported_consensus};
use super::mixture::{Mixture, Stop};
use super::order::most_probable;
use super::points::Points;
use super::rivals::rivals;
use super::separate::SeparateMixture;
use super::shrinkage::FIT;
use super::{Domains, Kind, Method, SectionViews, group, named};
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::{Monitor, Progress};
use crate::tiles::graph_tiles;
use ndarray::Array2;

/// Divides each of the `views` in all ways that could be its best (see [`super::rivals`]) and takes what they agree on:
/// the consensus of the partitions, each weighted by how far those of other views support it. The `embedding` can be
/// one view more: it is divided from the others' consensus. Methods other than the mixture begin in the embedding from
/// the consensus of all.
///
/// # Errors
/// As [`super::find_domains`].
pub(super) fn agreed_domains(
    embedding: &Points,
    views: SectionViews,
    graph: Option<&SpatialGraph>,
    k: usize,
    method: Method,
    monitor: &Monitor,
) -> Result<Domains> {
    let tiles = graph.map_or_else(|| (0..embedding.count()).collect(), graph_tiles);
    let all: Vec<&Points> =
        if views.all.is_empty() { vec![embedding] } else { views.all.iter().map(|view| &view.points).collect() };
    let mut partitions = Vec::new();
    for (index, view) in all.iter().enumerate() {
        partitions.extend(divided(view, index, k, &tiles, monitor)?);
        let (done, total) = (index + 1, all.len());
        monitor.step(Progress { stage: "dividing views", done, total, objective: None })?;
    }
    let begin = most_probable(&supported_consensus(&partitions, k).0);
    let (posterior, log_likelihood) = settle(embedding, &begin, k, Stop::AT_ONCE, monitor)?;
    let mut kinds: Vec<Kind> = views.all.iter().map(|view| view.kind).collect();
    if let (Some(kind), false) = (views.embedding, views.all.is_empty()) {
        partitions.push(Partition::new(all.len(), 1.0, posterior));
        kinds.push(kind);
    }
    let (agreed, weights) = supported_consensus(&partitions, k);
    let labels = most_probable(&agreed);
    let found = match method {
        Method::Mixture => {
            let (named, used, probability) = named(&agreed);
            let confidence = share_of_draws(&partitions, &weights, &kinds, &labels, k).unwrap_or(probability);
            Domains {
                labels: named,
                confidence,
                k: used,
                log_likelihood: Some(log_likelihood),
                interaction: None,
                choice: None,
                support: vec![],
            }
        }
        _ => group(embedding, graph, &labels, k, method, Stop::CONVERGED, monitor)?,
    };
    Ok(Domains { support: support(&partitions, &weights), ..found })
}

/// The partitions that could be the best of one view, with a covariance for each domain. The search does with the
/// covariance of the fit: what one view hides another shows, and with a freer one the best start changes with a tenth
/// of the spots.
fn divided(points: &Points, view: usize, k: usize, tiles: &[usize], monitor: &Monitor) -> Result<Vec<Partition>> {
    let mut partitions = Vec::new();
    for rival in rivals(points, k, tiles, monitor)? {
        let begin = most_probable(&rival.fit.posterior(points)?);
        partitions.push(Partition::new(view, rival.share, settle(points, &begin, k, Stop::CONVERGED, monitor)?.0));
    }
    Ok(partitions)
}

/// Part of the whole weight that each view has.
fn support(partitions: &[Partition], weights: &[f64]) -> Vec<f64> {
    let views = partitions.iter().map(|partition| partition.view + 1).max().unwrap_or(0);
    let whole: f64 = weights.iter().sum();
    let mut support = vec![0.0; views];
    for (partition, weight) in partitions.iter().zip(weights) {
        support[partition.view] += weight / whole;
    }
    support
}

/// Posterior and log-likelihood of the mixture that a partition leads to.
fn settle(points: &Points, labels: &[usize], k: usize, tied: Stop, monitor: &Monitor) -> Result<(Array2<f64>, f64)> {
    let tied = Mixture::fit(points, labels, k, FIT, tied, monitor)?;
    let fit = SeparateMixture::fit(points, &tied, Stop::CONVERGED, monitor)?;
    Ok((fit.posterior(points)?, fit.log_likelihood))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{blobs, in_pool};
    use crate::cluster::{Null, SectionView};
    use crate::metrics::adjusted_rand_index;

    /// Two views show the groups, one shows others: it hardly counts, and where it disagrees confidence is lower.
    #[test]
    fn what_no_other_view_supports_hardly_counts() -> Result<()> {
        let (values, truth) = blobs(600, 4, 3, 6.0, 3);
        let (noise, _) = blobs(600, 4, 1, 0.0, 9);
        let points = Points::new(values.view(), "embedding")?;
        let all: Vec<SectionView> = [points.clone(), points.clone(), Points::new(noise.view(), "views")?]
            .into_iter()
            .enumerate()
            .map(|(own, points)| SectionView { points, kind: Kind { averaged: own, reach: own } })
            .collect();
        let (embedding, none) = (Some(Kind { averaged: 3, reach: 3 }), Null::default());
        let divide = |views| agreed_domains(&points, views, None, 3, Method::Mixture, &Monitor::silent());
        let run = |threads| in_pool(threads, || divide(SectionViews { all: &all, embedding, null: &none }));
        let found = run(1)?;
        assert!(adjusted_rand_index(&truth, &found.labels) > 0.98);
        assert_eq!(found.support.len(), 4);
        assert!(found.support[2] < 0.01 && (found.support.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let again = run(3)?;
        assert_eq!(found.labels, again.labels);
        assert_eq!(found.confidence, again.confidence);
        // A view by itself has nothing to agree with, and the embedding counts only if it is asked for.
        let alone = divide(SectionViews { all: &all[2..], embedding: None, null: &none })?;
        assert_eq!(alone.support, [1.0]);
        assert!(adjusted_rand_index(&truth, &alone.labels) < 0.1);
        assert!(alone.confidence.iter().any(|&share| share < 0.9));
        Ok(())
    }

    #[test]
    fn without_views_the_embedding_stands_alone() -> Result<()> {
        let (values, truth) = blobs(300, 4, 3, 6.0, 3);
        let points = Points::new(values.view(), "embedding")?;
        let null = Null::default();
        let views = SectionViews { all: &[], embedding: Some(Kind { averaged: 0, reach: 0 }), null: &null };
        let found = agreed_domains(&points, views, None, 3, Method::KMeans, &Monitor::silent())?;
        assert_eq!(found.support, [1.0]);
        assert!(adjusted_rand_index(&truth, &found.labels) > 0.98);
        Ok(())
    }
}
