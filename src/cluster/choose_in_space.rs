//! The number of domains that one space asks for.

use super::choose::{ChoiceTable, LARGEST, SUBSAMPLES, Search};
use super::points::Points;
use super::{Params, Start, shrinkage, views};
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;

/// The number of domains of an embedding, started from the first view of a start space or from the embedding itself.
pub(super) fn choose_in_space(
    whole: &Points,
    graph: Option<&SpatialGraph>,
    start: Start,
    params: &Params,
    monitor: &Monitor,
) -> Result<ChoiceTable> {
    let views = match start {
        Start::Space(space) => views::views(space, graph, whole.dimensions())?,
        _ => Vec::new(),
    };
    // The same spots of both: which ones depends on their number alone.
    let (some, first) = (whole.thinned(LARGEST), views.first());
    let some_first = first.and_then(|view| view.thinned(LARGEST));
    let points = some.as_ref().unwrap_or(whole);
    let start_points = some_first.as_ref().or(first).unwrap_or(points);
    let (weight, subsamples) = (shrinkage::SEARCH, SUBSAMPLES);
    let (range, seed) = (params.k_range, params.seed);
    Search { points, whole, start_points, graph, range, seed, weight, subsamples, turn: (0, 1) }.run(monitor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Method;
    use crate::cluster::testing::stripes;

    /// One tissue on a grid of 100 spots a side and of 150.
    #[test]
    fn a_section_counts_for_ten_thousand_spots_at_most() -> Result<()> {
        let table = |side| {
            let (values, _, graph) = stripes(side, 3, 4.0, 5);
            let points = Points::new(values.view(), "embedding")?;
            let params = Params { k: None, k_range: (2, 5), method: Method::Mixture, seed: 1 };
            choose_in_space(&points, Some(&graph), Start::Embedding, &params, &Monitor::silent())
        };
        let (small, large) = (table(100)?, table(150)?);
        assert_eq!((small.chosen, large.chosen), (3, 3));
        assert!(large.effective_spots <= LARGEST as f64);
        let ratio = large.effective_spots / small.effective_spots;
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
        Ok(())
    }
}
