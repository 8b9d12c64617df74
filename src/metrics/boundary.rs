//! Agreement where it is hardest: at the borders between true domains.

use super::rand_index::adjusted_rand_index;
use crate::graph::SpatialGraph;

/// Agreement on the boundary spots: those with a neighbour of another true class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Boundary {
    /// Number of boundary spots that have a label.
    pub spots: usize,
    /// Adjusted Rand index on these spots.
    pub ari: f64,
    /// Share of them that agree, in [0, 1], under the matching of all spots.
    pub accuracy: f64,
}

/// Measures the known spots (their numbers, true classes and labels, the last two numbered from 0) that have a
/// neighbour of another class. `truth` are the classes of all spots as given, `partners` the label matched with each
/// numbered class. `None` when no known spot lies on a boundary.
pub(super) fn boundary(
    graph: &SpatialGraph,
    truth: &[Option<usize>],
    known: impl Iterator<Item = (usize, usize, usize)>,
    partners: &[Option<usize>],
) -> Option<Boundary> {
    let crosses = |spot: usize| {
        let neighbours = graph.neighbours(spot).iter().filter_map(|&neighbour| truth[neighbour as usize]);
        neighbours.into_iter().any(|class| Some(class) != truth[spot])
    };
    let (classes, labels): (Vec<usize>, Vec<usize>) =
        known.filter(|&(spot, ..)| crosses(spot)).map(|(_, class, label)| (class, label)).unzip();
    let spots = classes.len();
    let agreeing = classes.iter().zip(&labels).filter(|&(&class, &label)| partners[class] == Some(label)).count();
    (spots > 0).then(|| Boundary {
        spots,
        ari: adjusted_rand_index(&classes, &labels),
        accuracy: agreeing as f64 / spots as f64,
    })
}
