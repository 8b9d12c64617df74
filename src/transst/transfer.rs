//! What of the source's labels carries over to the target.
//!
//! Linear discriminants of the labelled source in factor space give every spot of the target a probable label. How far
//! the source describes the target is then read off the means: with domains k of the target (the spots of one probable
//! label), their means t_k and the source's means m_k, both about their overall means,
//!
//!   R² = 1 − Σ π_k ‖t_k − m_k‖² / Σ π_k ‖t_k‖²
//!
//! in the metric of the target's own variation within domains: the share of the variation between the target's domains
//! that the source predicts. Above one half, the source's means are nearer to the truth than the overall mean is by a
//! factor of two in squared error, and they are borrowed; below, they are not.
//!
//! Discriminants choose the spots that lie towards their own means, so that even those of a source without any relation
//! find some agreement. Hence labels are given by one half of the genes and the means compared in the other
//! ([`crossed_share`]): what chance contributes to the choice is then no part of the comparison.

use crate::cluster::most_probable;
use crate::discriminants::{Discriminants, RIDGE, group_means, indicator, inverse, within};
use crate::error::Result;
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Rounds of finding the labels' shares in the target and the shift of their means.
const SHIFTS: usize = 20;

impl Discriminants {
    /// The same discriminants with their means moved together, so that the labels' shares in the target and their means
    /// give the target's overall mean. Standardisation centres source and target on their own means; where the labels'
    /// shares differ, all means are off by the same amount. Shares and shift are found in turn.
    pub fn recentred(mut self, scores: ArrayView2<f64>) -> Self {
        let centre = scores.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(scores.ncols()));
        for _ in 0..SHIFTS {
            let shares = self.posterior(scores).sum_axis(Axis(0)) / scores.nrows().max(1) as f64;
            let shift = &centre - &shares.dot(&self.means);
            self.means += &shift;
        }
        self
    }

    /// R² of the source's means for the means of `groups` of the target, each below the number of labels; negative
    /// infinity where the target's groups do not differ.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] when the target's covariance is singular.
    pub fn predicted_share(&self, scores: ArrayView2<f64>, groups: &[usize]) -> Result<f64> {
        let known: Vec<Option<usize>> = groups.iter().copied().map(Some).collect();
        let shares = indicator(&known, self.sizes.len());
        let masses = shares.sum_axis(Axis(0));
        let means = group_means(scores, &shares);
        let precision = inverse(&within(scores, &shares, &means), RIDGE)?;
        let about_centre = |means: &Array2<f64>| means - &(masses.dot(means) / masses.sum());
        let (found, predicted) = (about_centre(&means), about_centre(&self.means));
        let variation = |rows: &Array2<f64>| masses.dot(&(rows.dot(&precision) * rows).sum_axis(Axis(1)));
        let total = variation(&found);
        Ok(if total > 0.0 { 1.0 - variation(&(found - predicted)) / total } else { f64::NEG_INFINITY })
    }
}

/// Factor scores of target and source from two halves of the genes.
pub struct Halves {
    /// Spots x factors of each half.
    pub target: [Array2<f64>; 2],
    /// Cells x factors of each half.
    pub source: [Array2<f64>; 2],
}

/// R² with the labels of spots given by one half of the genes and their means compared in the other, averaged over both
/// ways; negative infinity where the target's groups do not differ.
///
/// # Errors
/// As [`Discriminants::new`] and [`Discriminants::predicted_share`].
pub fn crossed_share(halves: &Halves, labels: &[Option<usize>], label_count: usize) -> Result<f64> {
    let one_way = |choosing: usize, judging: usize| -> Result<f64> {
        let target = halves.target[choosing].view();
        let chooser = Discriminants::new(halves.source[choosing].view(), labels, label_count)?.recentred(target);
        let judge = Discriminants::new(halves.source[judging].view(), labels, label_count)?;
        judge.predicted_share(halves.target[judging].view(), &most_probable(&chooser.posterior(target)))
    };
    Ok(0.5 * (one_way(0, 1)? + one_way(1, 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;
    use ndarray::s;

    #[test]
    fn means_that_are_the_same_predict_and_shuffled_labels_do_not() -> Result<()> {
        let (source, truth) = blobs(600, 3, 4, 4.0, 1);
        let labels: Vec<Option<usize>> = truth.iter().copied().map(Some).collect();
        let known = Discriminants::new(source.view(), &labels, 4)?;
        let groups = most_probable(&known.posterior(source.view()));
        assert!(crate::metrics::adjusted_rand_index(&truth, &groups) > 0.9);
        assert!(known.predicted_share(source.view(), &groups)? > 0.95);
        let shuffled: Vec<Option<usize>> = (0..600).map(|cell| labels[cell / 4]).collect();
        let lost = Discriminants::new(source.view(), &shuffled, 4)?;
        let groups = most_probable(&lost.posterior(source.view()));
        assert!(lost.predicted_share(source.view(), &groups)? < 0.5);
        assert!(Discriminants::new(source.view(), &vec![Some(2); 600], 4).is_err());
        Ok(())
    }

    #[test]
    fn a_source_without_relation_is_not_favoured_by_the_spots_it_chooses() -> Result<()> {
        let halves =
            |scores: &Array2<f64>| [scores.slice(s![.., ..4]).to_owned(), scores.slice(s![.., 4..]).to_owned()];
        let (target, truth) = blobs(600, 8, 4, 4.0, 1);
        let labels: Vec<Option<usize>> = truth.iter().copied().map(Some).collect();
        let same = Halves { target: halves(&target), source: halves(&target) };
        assert!(crossed_share(&same, &labels, 4)? > 0.95);
        let mut crossed = Vec::new();
        for seed in 2..12 {
            let (other, truth) = blobs(600, 8, 4, 4.0, seed);
            let labels: Vec<Option<usize>> = truth.into_iter().map(Some).collect();
            let unrelated = Halves { target: halves(&target), source: halves(&other) };
            crossed.push(crossed_share(&unrelated, &labels, 4)?);
        }
        assert!(crossed.iter().all(|&share| share < 0.5), "{crossed:?}");
        assert!(crossed.iter().sum::<f64>() < 0.0, "{crossed:?}");
        Ok(())
    }
}
