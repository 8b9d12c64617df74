//! How well a partition agrees with known labels, and how well it separates an embedding.

mod boundary;
mod contingency;
mod matching;
mod mutual_information;
mod rand_index;
mod silhouette;

pub use boundary::Boundary;
pub use matching::match_labels;
pub(crate) use matching::partners;
pub use mutual_information::normalised_mutual_information;
pub use rand_index::adjusted_rand_index;
pub(crate) use rand_index::rand_index_of_counts;
pub use silhouette::{ALL_UP_TO, SAMPLED, silhouette};

use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use contingency::Contingency;
use ndarray::{ArrayView2, Axis};
use std::collections::BTreeMap;

/// Agreement of labels with the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Adjusted Rand index, at most 1.
    pub ari: f64,
    /// Normalised mutual information, in [0, 1].
    pub nmi: f64,
    /// Share of spots that agree after Hungarian matching, in [0, 1].
    pub accuracy: f64,
    /// Mean F1 over the true classes after the same matching, in [0, 1].
    pub macro_f1: f64,
    /// Mean silhouette width of the labels in the embedding, in [−1, 1]; none without an embedding or when the labels
    /// are all the same or all different.
    pub silhouette: Option<f64>,
    /// Agreement on spots with a neighbour of another true class; none without a graph or without such spots.
    pub boundary: Option<Boundary>,
}

/// Measures `labels` against `truth`, one of each for every spot. Spots where either is missing are left out of every
/// measure. Classes may be any numbers. `embedding` is spots x dimensions; `graph` joins neighbouring spots.
///
/// # Errors
/// [`Error::Argument`] for `labels`, `embedding` or `graph` of another length than `truth`, when no spot has both
/// labels, when `embedding` is not finite, or when there are too many classes to be matched.
pub fn cluster_metrics(
    truth: &[Option<usize>],
    labels: &[Option<usize>],
    embedding: Option<ArrayView2<f64>>,
    graph: Option<&SpatialGraph>,
) -> Result<Metrics> {
    if labels.len() != truth.len() {
        let message = format!("has {} entries but `truth` has {}", labels.len(), truth.len());
        return Err(Error::argument("labels", message));
    }
    let known: Vec<(usize, usize, usize)> = truth
        .iter()
        .zip(labels)
        .enumerate()
        .filter_map(|(spot, (truth, label))| Some((spot, (*truth)?, (*label)?)))
        .collect();
    if known.is_empty() {
        return Err(Error::argument("truth", "has no spot that also has a label"));
    }
    if let Some(graph) = graph.filter(|graph| graph.spots() != truth.len()) {
        return Err(Error::argument("graph", format!("has {} spots but `truth` has {}", graph.spots(), truth.len())));
    }
    let classes = compact(known.iter().map(|spot| spot.1));
    let labels = compact(known.iter().map(|spot| spot.2));
    let table = Contingency::new(&classes, &labels);
    let matched = matching::of_table(&table)?;
    let silhouette = match embedding {
        Some(embedding) => separation(embedding, &known, &labels)?,
        None => None,
    };
    let numbered = known.iter().zip(classes.iter().zip(&labels)).map(|(spot, (&class, &label))| (spot.0, class, label));
    let boundary = graph.and_then(|graph| boundary::boundary(graph, truth, numbered, &matched.partners));
    Ok(Metrics {
        ari: rand_index::of_table(&table),
        nmi: mutual_information::of_table(&table),
        accuracy: matched.accuracy,
        macro_f1: matched.macro_f1,
        silhouette,
        boundary,
    })
}

/// Numbers classes from 0 in their order, so that a table over them has no empty classes.
fn compact(classes: impl Iterator<Item = usize> + Clone) -> Vec<usize> {
    let mut numbers: BTreeMap<usize, usize> = classes.clone().map(|class| (class, 0)).collect();
    numbers.values_mut().enumerate().for_each(|(number, value)| *value = number);
    classes.map(|class| numbers[&class]).collect()
}

/// Silhouette of the known spots.
fn separation(embedding: ArrayView2<f64>, known: &[(usize, usize, usize)], labels: &[usize]) -> Result<Option<f64>> {
    let rows: Vec<usize> = known.iter().map(|spot| spot.0).collect();
    if rows.last().is_some_and(|&last| last >= embedding.nrows()) {
        let message = format!("has {} rows, fewer than there are labels", embedding.nrows());
        return Err(Error::argument("embedding", message));
    }
    let values = embedding.select(Axis(0), &rows);
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Error::argument("embedding", "must be finite"));
    }
    Ok(silhouette(values.view(), labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn missing_labels_are_left_out() -> Result<()> {
        let truth = [Some(3), Some(3), None, Some(9), Some(9)];
        let labels = [Some(0), Some(0), Some(0), Some(7), None];
        let embedding = array![[0.0], [1.0], [50.0], [3.0], [50.0]];
        let metrics = cluster_metrics(&truth, &labels, Some(embedding.view()), None)?;
        assert_eq!((metrics.ari, metrics.nmi, metrics.accuracy, metrics.macro_f1), (1.0, 1.0, 1.0, 1.0));
        // Widths 2/3, 1/2 and, for the spot alone in its group, 0.
        let width = metrics.silhouette.expect("two groups");
        assert!((width - (2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn one_group_each_is_full_agreement() -> Result<()> {
        let same = [Some(1); 4];
        let metrics = cluster_metrics(&same, &[Some(0); 4], None, None)?;
        assert_eq!(
            metrics,
            Metrics { ari: 1.0, nmi: 1.0, accuracy: 1.0, macro_f1: 1.0, silhouette: None, boundary: None }
        );
        Ok(())
    }

    #[test]
    fn boundary_spots_are_those_with_a_neighbour_of_another_class() -> Result<()> {
        let chain = SpatialGraph::from_edges(6, (1..6).map(|spot| (spot - 1, spot)));
        let truth = [Some(1), Some(1), Some(1), Some(5), Some(5), None];
        let labels = [Some(7), Some(7), Some(2), Some(2), Some(2), Some(2)];
        let found = cluster_metrics(&truth, &labels, None, Some(&chain))?.boundary;
        assert_eq!(found, Some(Boundary { spots: 2, ari: 0.0, accuracy: 0.5 }));
        let alone = cluster_metrics(&[Some(0); 6], &labels, None, Some(&chain))?;
        assert_eq!(alone.boundary, None);
        assert!(cluster_metrics(&truth[..5], &labels[..5], None, Some(&chain)).is_err());
        Ok(())
    }

    #[test]
    fn names_the_argument_that_does_not_fit() {
        let some = [Some(0), Some(1)];
        let name = |outcome: Result<Metrics>| match outcome {
            Err(Error::Argument { argument, .. }) => argument,
            _ => "none",
        };
        assert_eq!(name(cluster_metrics(&some, &some[..1], None, None)), "labels");
        assert_eq!(name(cluster_metrics(&some, &[None, None], None, None)), "truth");
        assert_eq!(name(cluster_metrics(&[], &[], None, None)), "truth");
        assert_eq!(name(cluster_metrics(&some, &some, Some(array![[1.0]].view()), None)), "embedding");
        assert_eq!(name(cluster_metrics(&some, &some, Some(array![[1.0], [f64::NAN]].view()), None)), "embedding");
    }
}
