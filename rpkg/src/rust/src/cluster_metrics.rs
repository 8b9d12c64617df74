//! `core_cluster_metrics`: agreement with known labels.

use crate::answer::{answer, or_na};
use crate::arguments::{graph, optional_matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::metrics::cluster_metrics;

extendr_module! {
    mod cluster_metrics;
    fn core_cluster_metrics;
}

/// Metrics of integer labels; NA labels are left out.
#[extendr]
fn core_cluster_metrics(truth: &[Rint], labels: &[Rint], embedding: Robj, neighbours: Robj, threads: i32) -> List {
    answer(|| {
        let codes = |values: &[Rint]| -> Vec<Option<usize>> {
            values.iter().map(|value| Option::<i32>::from(*value).and_then(|code| usize::try_from(code).ok())).collect()
        };
        let (truth, labels) = (codes(truth), codes(labels));
        let embedding = optional_matrix(&embedding, "embedding")?;
        let graph = graph(&neighbours)?;
        let silent = ().into();
        let metrics =
            worker::run(threads as usize, &silent, |_| cluster_metrics(&truth, &labels, embedding, graph.as_ref()))?;
        Ok(list!(
            ari = metrics.ari,
            nmi = metrics.nmi,
            accuracy = metrics.accuracy,
            macro_f1 = metrics.macro_f1,
            silhouette = or_na(metrics.silhouette),
            boundary_ari = or_na(metrics.boundary.map(|boundary| boundary.ari)),
            boundary_accuracy = or_na(metrics.boundary.map(|boundary| boundary.accuracy)),
            boundary_spots = metrics.boundary.map_or(0, |boundary| boundary.spots as i32)
        )
        .into())
    })
}
