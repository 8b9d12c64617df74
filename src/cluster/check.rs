//! Whether what is asked for fits together.

use super::points::Points;
use super::{Method, Params, Start};
use crate::error::{Error, Result};
use crate::graph::SpatialGraph;

/// Checks everything but the values of the embedding and of the start space.
pub(super) fn check(points: &Points, graph: Option<&SpatialGraph>, start: Start, params: &Params) -> Result<()> {
    let spots = points.count();
    let possible = 1..=spots;
    match params.k {
        Some(k) if !possible.contains(&k) => {
            return Err(Error::argument("k", format!("must be between 1 and the {spots} spots, not {k}")));
        }
        None if params.k_range.0 > params.k_range.1
            || params.k_range.0 < 2
            || !possible.contains(&params.k_range.1) =>
        {
            let (low, high) = params.k_range;
            let message = format!("must be two rising numbers between 2 and the {spots} spots, not {low} and {high}");
            return Err(Error::argument("kRange", message));
        }
        _ => {}
    }
    match graph {
        None if params.method == Method::HiddenMarkov => {
            return Err(Error::argument("graph", "is needed by method \"hmrf\": give coordinates"));
        }
        Some(graph) if graph.spots() != spots => {
            let message = format!("has {} spots but the embedding has {spots}", graph.spots());
            return Err(Error::argument("graph", message));
        }
        _ => {}
    }
    check_start(start, spots, params.k)
}

fn check_start(start: Start, spots: usize, k: Option<usize>) -> Result<()> {
    match start {
        Start::Embedding => Ok(()),
        Start::Space(space) if space.nrows() == spots => Ok(()),
        Start::Views(views) => match views.all.iter().map(|view| view.points.count()).find(|&count| count != spots) {
            Some(count) => Err(Error::argument("views", format!("have {count} spots but the embedding has {spots}"))),
            None => Ok(()),
        },
        Start::Space(space) => {
            Err(Error::argument("prior", format!("has {} spots but the embedding has {spots}", space.nrows())))
        }
        Start::Labels(labels) => {
            let Some(k) = k else {
                return Err(Error::argument("start", "needs a given `k`"));
            };
            if labels.len() != spots {
                let message = format!("has {} labels but the embedding has {spots} spots", labels.len());
                return Err(Error::argument("start", message));
            }
            let mut used = vec![false; k];
            let fits = labels.iter().all(|&label| used.get_mut(label).map(|seen| *seen = true).is_some());
            if fits && used.iter().all(|&seen| seen) {
                Ok(())
            } else {
                Err(Error::argument("start", format!("must use each of the {k} labels and no other")))
            }
        }
    }
}
