//! `core_cluster_metrics`: agreement with known labels.

use crate::answer::{Failure, answer, or_na};
use crate::arguments::optional_matrix;
use extendr_api::prelude::*;
use starscape::metrics::cluster_metrics;

extendr_module! {
    mod cluster_metrics;
    fn core_cluster_metrics;
}

/// Metrics of integer labels; NA labels are left out.
#[extendr]
fn core_cluster_metrics(truth: &[Rint], labels: &[Rint], embedding: Robj) -> List {
    let run = || -> std::result::Result<Robj, Failure> {
        let codes = |values: &[Rint]| -> Vec<Option<usize>> {
            values.iter().map(|value| Option::<i32>::from(*value).and_then(|code| usize::try_from(code).ok())).collect()
        };
        let metrics = cluster_metrics(&codes(truth), &codes(labels), optional_matrix(&embedding, "embedding")?)?;
        Ok(list!(
            ari = metrics.ari,
            nmi = metrics.nmi,
            accuracy = metrics.accuracy,
            macro_f1 = metrics.macro_f1,
            silhouette = or_na(metrics.silhouette)
        )
        .into())
    };
    answer(run())
}
