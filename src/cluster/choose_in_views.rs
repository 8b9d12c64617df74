//! The number of domains that all views of a section together ask for.

use super::choose::{Candidate, ChoiceTable, LARGEST, REFERENCE, SUBSAMPLES, Search, largest};
use super::shrinkage::FIT;
use super::structure::{Gain, gains};
use super::{SectionView, SectionViews};
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;

/// The number of domains of largest mean AIC3 over all views, of which there is at least one, or 1 where the section
/// has no more structure than tissue without domains. The other figures are means over the views as well.
///
/// # Errors
/// As [`super::find_domains`].
pub(super) fn choose_in_views(
    views: SectionViews,
    graph: Option<&SpatialGraph>,
    range: (usize, usize),
    seed: u64,
    monitor: &Monitor,
) -> Result<ChoiceTable> {
    let subsamples = SUBSAMPLES.div_ceil(views.all.len() as u64);
    let table = |(view, SectionView { points: whole, .. }): (usize, &SectionView)| {
        let some = whole.thinned(LARGEST);
        let points = some.as_ref().unwrap_or(whole);
        let turn = (view, views.all.len());
        Search { points, whole, start_points: points, graph, range, seed, weight: FIT, subsamples, turn }.run(monitor)
    };
    let tables = views.all.iter().enumerate().map(table).collect::<Result<Vec<_>>>()?;
    let mut table = mean_table(&tables);
    let draws = &views.null.draws;
    if !draws.is_empty() && draws.iter().all(|draw| !draw.is_empty()) {
        let reference = REFERENCE.min(views.all[0].points.count());
        table.gains = gains(views.all, views.null, &[table.chosen, reference], monitor)?;
        if !table.gains.iter().any(Gain::is_structure) {
            table.chosen = 1;
        }
    }
    Ok(table)
}

/// Means over tables of the same numbers of domains, and the choice they lead to.
fn mean_table(tables: &[ChoiceTable]) -> ChoiceTable {
    let mean = |value: &dyn Fn(&ChoiceTable) -> f64| tables.iter().map(value).sum::<f64>() / tables.len() as f64;
    let candidate = |index: usize| Candidate {
        k: tables[0].candidates[index].k,
        log_likelihood: mean(&|table| table.candidates[index].log_likelihood),
        aic3: mean(&|table| table.candidates[index].aic3),
        bic: mean(&|table| table.candidates[index].bic),
        icl: mean(&|table| table.candidates[index].icl),
        stability: mean(&|table| table.candidates[index].stability),
    };
    let candidates: Vec<Candidate> = (0..tables[0].candidates.len()).map(candidate).collect();
    let chosen = largest(&candidates);
    ChoiceTable { candidates, chosen, effective_spots: mean(&|table| table.effective_spots), gains: Vec::new() }
}
