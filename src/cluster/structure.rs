//! Whether a section has domains at all.
//!
//! A mixture of several Gaussians fits the views of any tissue better than one does. How much better it fits views of
//! fields that are as smooth but have no domains (see [`crate::views`]) is the null; a section has domains when the
//! gain is beyond it. This is the gap statistic of Tibshirani, Walther & Hastie (2001, Journal of the Royal Statistical
//! Society B 63:411) on log-likelihoods, with a null that knows of autocorrelation.

use super::best_start::best_mixture;
use super::mixture::Stop;
use super::shrinkage::FIT;
use super::{Null, SectionView};
use crate::error::Result;
use crate::monitor::Monitor;

/// Starts of each fit: a likelihood need not be the very highest. The section is fitted anew with as many as the null:
/// more starts would give it an advantage.
const STARTS: usize = 4;
/// Most spots that are looked at.
const LARGEST: usize = 5000;
/// 97.5 % quantiles of Student's t with 1 to 9 degrees of freedom: two numbers of domains are tried, each may exceed
/// the null by chance in one of forty sections.
const QUANTILES: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// The gain of one number of domains, beside that of tissue without domains.
#[derive(Clone, Debug, PartialEq)]
pub struct Gain {
    /// Number of domains.
    pub k: usize,
    /// Log-likelihood a spot above that of one domain, mean over the views.
    pub section: f64,
    /// The same of each draw without domains.
    pub null: Vec<f64>,
}

impl Gain {
    /// How many standard errors of prediction the section is above the null.
    pub fn excess(&self) -> f64 {
        let draws = self.null.len() as f64;
        let mean = self.null.iter().sum::<f64>() / draws;
        let variance = self.null.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (draws - 1.0);
        (self.section - mean) / (variance * (1.0 + 1.0 / draws)).sqrt().max(f64::MIN_POSITIVE)
    }

    /// Whether that is more than chance gives.
    pub fn is_structure(&self) -> bool {
        let degrees = self.null.len().saturating_sub(1).clamp(1, QUANTILES.len());
        self.excess() > QUANTILES[degrees - 1]
    }
}

/// Gains of these numbers of domains, in the views that each draw of the `null` has: the first of `views`.
///
/// # Errors
/// As [`best_mixture`].
pub(super) fn gains(views: &[SectionView], null: &Null, sizes: &[usize], monitor: &Monitor) -> Result<Vec<Gain>> {
    let fixed = null.draws.iter().map(Vec::len).min().unwrap_or(0).min(views.len());
    let section = gain(&views[..fixed], null.spots.as_deref(), sizes, monitor)?;
    let of_draw = |draw: &Vec<SectionView>| gain(&draw[..fixed], None, sizes, monitor);
    let null = null.draws.iter().map(of_draw).collect::<Result<Vec<_>>>()?;
    let of_size = |(index, &k): (usize, &usize)| Gain {
        k,
        section: section[index],
        null: null.iter().map(|draw| draw[index]).collect(),
    };
    Ok(sizes.iter().enumerate().map(of_size).collect())
}

/// Gain of each size, at the spots `rows`.
fn gain(views: &[SectionView], rows: Option<&[usize]>, sizes: &[usize], monitor: &Monitor) -> Result<Vec<f64>> {
    let mut gains = vec![0.0; sizes.len()];
    for SectionView { points: view, .. } in views {
        // Draws and section have the same spots.
        let own = rows.map(|rows| view.select(rows));
        let view = own.as_ref().unwrap_or(view);
        let some = view.thinned(LARGEST);
        let view = some.as_ref().unwrap_or(view);
        let log_likelihood = |k, starts| -> Result<f64> {
            Ok(best_mixture(view, k, starts, FIT, Stop::COMPARED, monitor)?.log_likelihood)
        };
        let one = log_likelihood(1, 1)?;
        for (gain, &k) in gains.iter_mut().zip(sizes) {
            let several = log_likelihood(k, STARTS)?;
            *gain += (several - one) / (view.count() * views.len()) as f64;
        }
    }
    Ok(gains)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;
    use crate::cluster::{Kind, Points};

    #[test]
    fn groups_are_beyond_the_null_and_one_group_is_not() -> Result<()> {
        let points = |groups, separation, seed| {
            let (values, _) = blobs(400, 4, groups, separation, seed);
            let kind = Kind { averaged: 0, reach: 0 };
            Points::new(values.view(), "views").map(|points| SectionView { points, kind })
        };
        let draws = (0..6).map(|seed| Ok(vec![points(1, 0.0, 10 + seed)?])).collect::<Result<Vec<_>>>()?;
        let null = Null { draws, spots: None };
        let structured = |view| -> Result<bool> {
            Ok(gains(&[view], &null, &[3, 10], &Monitor::silent())?.iter().any(Gain::is_structure))
        };
        assert!(structured(points(3, 5.0, 1)?)?);
        // Of some spots only: the first group's.
        let all = points(3, 5.0, 1)?;
        let first: Vec<usize> = (0..400).filter(|&spot| blobs(400, 4, 3, 5.0, 1).1[spot] == 0).collect();
        let as_many: Vec<usize> = (0..first.len()).collect();
        let some = |view: &SectionView| SectionView { points: view.points.select(&as_many), kind: view.kind };
        let draws = null.draws.iter().map(|draw| draw.iter().map(some).collect()).collect();
        let null = Null { draws, spots: Some(first) };
        assert!(!gains(&[all], &null, &[3, 10], &Monitor::silent())?.iter().any(Gain::is_structure));
        for seed in 0..5 {
            assert!(!structured(points(1, 0.0, 30 + seed)?)?);
        }
        Ok(())
    }
}
