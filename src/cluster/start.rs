//! Where the search for domains begins: a partition of a deterministic space, the same for every seed.

use super::best_start::{STARTS, best_mixture};
use super::consensus::{Partition, equal_consensus};
use super::dependence::design_effect;
use super::mixture::{Mixture, Stop};
use super::order::most_probable;
use super::points::Points;
use super::shrinkage::SEARCH;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;

/// Log Bayes factor from which one partition is taken for better than what the views agree on: twice that of evidence
/// called very strong (Kass & Raftery 1995, Journal of the American Statistical Association 90:773), because the maxima
/// compared are themselves the highest of many.
const DECISIVE: f64 = 10.0;

/// The consensus of the best-likelihood partitions of the `views` into `k` groups, unless the partition of one view
/// explains the `points` decisively better.
///
/// Likelihoods of a section of a thousand spots have many maxima of nearly the same height, and which of them is
/// highest changes with any detail; the consensus does not. But views can also agree on a poor maximum, most of all
/// where two small domains are close. So each view's partition is refined in the `points`, and the best one is taken if
/// its penalised log-likelihood exceeds that of the consensus by far. All have as many parameters, so the difference
/// is the log Bayes factor to first order, once neighbouring spots that repeat each other are counted as the fewer
/// independent ones they are worth.
///
/// # Errors
/// As [`super::best_start()`].
pub(super) fn starting_labels(
    points: &Points,
    views: &[Points],
    graph: Option<&SpatialGraph>,
    k: usize,
    monitor: &Monitor,
) -> Result<Vec<usize>> {
    let partition = |(index, view): (usize, &Points)| -> Result<Partition> {
        Ok(Partition::new(
            index,
            1.0,
            best_mixture(view, k, STARTS, SEARCH, Stop::CONVERGED, monitor)?.posterior(view)?,
        ))
    };
    let partitions: Vec<Partition> = views.iter().enumerate().map(partition).collect::<Result<_>>()?;
    let agreed = most_probable(&equal_consensus(&partitions, k));
    let refine = |labels: &[usize]| Mixture::fit(points, labels, k, SEARCH, Stop::CONVERGED, monitor);
    let agreed_fit = refine(&agreed)?;
    let mut best: Option<(Vec<usize>, f64)> = None;
    for partition in partitions {
        let objective = refine(&partition.labels)?.objective;
        if best.as_ref().is_none_or(|(_, highest)| objective > *highest) {
            best = Some((partition.labels, objective));
        }
    }
    let settled = most_probable(&agreed_fit.posterior(points)?);
    let effect = graph.map_or(1.0, |graph| design_effect(points, graph, &settled, &agreed_fit.gaussians));
    Ok(match best {
        Some((labels, highest)) if highest - agreed_fit.objective > DECISIVE * effect => labels,
        _ => agreed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;
    use crate::metrics::adjusted_rand_index;
    use ndarray::Array2;

    /// Views that all miss the third group, which `points` show clearly, and one that does not.
    #[test]
    fn views_that_agree_on_a_poor_partition_are_overruled_by_a_decisively_better_one() -> Result<()> {
        let (values, truth) = blobs(600, 4, 3, 6.0, 3);
        let half: Vec<usize> = (0..600).map(|spot| if truth[spot] == 0 { spot % 2 } else { 2 }).collect();
        let misled = Array2::from_shape_fn((600, 4), |(spot, axis)| {
            values[[spot, axis]] * 0.01 + 9.0 * f64::from(u8::from(half[spot] == axis))
        });
        let view = |values: &Array2<f64>| Points::new(values.view(), "prior");
        let points = view(&values)?;
        let settled = |views: &[Points]| -> Result<f64> {
            let labels = starting_labels(&points, views, None, 3, &Monitor::silent())?;
            let fit = Mixture::fit(&points, &labels, 3, SEARCH, Stop::CONVERGED, &Monitor::silent())?;
            Ok(adjusted_rand_index(&truth, &most_probable(&fit.posterior(&points)?)))
        };
        assert!(settled(&[view(&misled)?, view(&misled)?, view(&misled)?])? < 0.8);
        assert!(settled(&[view(&misled)?, view(&misled)?, view(&values)?])? > 0.98);
        Ok(())
    }
}
