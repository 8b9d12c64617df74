//! Domains of few spots that their own spots do not find again: outliers, which draw a domain to themselves because they
//! lie far from everything.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use ndarray_linalg::Inverse;

use crate::error::Result;

/// Share of the spots below which a domain is small.
const SMALL: f64 = 0.03;
/// Share of its spots that must find a small domain again.
const FOUND: f64 = 0.5;

/// The spots of small domains that are not found again. A spot finds its domain again when its `own` scores, not averaged
/// with those of its neighbours, are nearer to the mean of the domain's other spots than to the means of other domains:
/// distances by the `covariance` within domains. `own` is spots x factors, `labels` are below `k`.
///
/// # Errors
/// [`crate::Error::Numeric`] when the covariance has no inverse.
pub fn not_found_again(
    own: ArrayView2<f64>,
    labels: &[usize],
    k: usize,
    covariance: &Array2<f64>,
) -> Result<Vec<usize>> {
    let members: Vec<Vec<usize>> =
        (0..k).map(|domain| (0..labels.len()).filter(|&spot| labels[spot] == domain).collect()).collect();
    let small = |members: &[usize]| !members.is_empty() && (members.len() as f64) < SMALL * labels.len() as f64;
    if !members.iter().any(|members| small(members)) {
        return Ok(Vec::new());
    }
    let sums: Vec<Array1<f64>> = members.iter().map(|rows| own.select(Axis(0), rows).sum_axis(Axis(0))).collect();
    let precision = covariance.inv()?;
    let distance = |row: ArrayView1<f64>, sum: &Array1<f64>, count: usize| -> f64 {
        if count == 0 {
            return f64::INFINITY;
        }
        let rest = &row - &(sum / count as f64);
        rest.dot(&precision.dot(&rest))
    };
    let finds = |spot: usize, domain: usize| {
        let row = own.row(spot);
        let others = distance(row, &(&sums[domain] - &row), members[domain].len() - 1);
        (0..k).all(|other| other == domain || distance(row, &sums[other], members[other].len()) > others)
    };
    let lost = |(domain, rows): (usize, &Vec<usize>)| {
        let found = rows.iter().filter(|&&spot| finds(spot, domain)).count();
        small(rows) && (found as f64) < FOUND * rows.len() as f64
    };
    Ok(members.iter().enumerate().filter(|&own| lost(own)).flat_map(|(_, rows)| rows.iter().copied()).collect())
}

/// A partition of all spots from one of those that are not set `aside`: the others take the domain of the nearest mean.
pub fn joined(scores: ArrayView2<f64>, aside: &[bool], partition: &[usize], k: usize) -> Vec<usize> {
    let kept: Vec<usize> = (0..aside.len()).filter(|&spot| !aside[spot]).collect();
    let (mut sums, mut counts) = (Array2::<f64>::zeros((k, scores.ncols())), Array1::<f64>::zeros(k));
    for (&spot, &domain) in kept.iter().zip(partition) {
        sums.row_mut(domain).scaled_add(1.0, &scores.row(spot));
        counts[domain] += 1.0;
    }
    let means = sums / counts.mapv(|count| count.max(1.0)).insert_axis(Axis(1));
    let far = |spot: usize, domain: usize| match counts[domain] > 0.0 {
        true => (&scores.row(spot) - &means.row(domain)).mapv(|rest| rest * rest).sum(),
        false => f64::INFINITY,
    };
    let nearest = |spot| (1..k).fold(0, |best, next| if far(spot, next) < far(spot, best) { next } else { best });
    let mut own = partition.iter();
    let mut take = |spot: usize| if aside[spot] { nearest(spot) } else { own.next().copied().unwrap_or(0) };
    (0..aside.len()).map(&mut take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn outliers_are_told_from_small_domains() -> Result<()> {
        // A hundred spots about 0, three together far away, three far away in different directions.
        let mut own = Array2::from_shape_fn((106, 2), |(spot, axis)| ((spot * 7 + axis * 13) % 10) as f64 / 10.0 - 0.5);
        for spot in 100..106 {
            let to = [[9.0, 9.0], [9.1, 9.0], [9.0, 9.1], [-30.0, 0.0], [0.0, 40.0], [0.2, 0.1]][spot - 100];
            own.row_mut(spot).assign(&array![to[0], to[1]]);
        }
        let labels: Vec<usize> =
            (0..106).map(|spot| if spot < 100 { 0 } else { 1 + usize::from(spot > 102) }).collect();
        let unit = Array2::eye(2);
        assert_eq!(not_found_again(own.view(), &labels, 3, &unit)?, [103, 104, 105]);
        let aside: Vec<bool> = (0..106).map(|spot| spot > 102).collect();
        let all = joined(own.view(), &aside, &labels[..103], 2);
        assert_eq!((&all[..103], &all[103..]), (&labels[..103], &[0, 1, 0][..]));
        Ok(())
    }
}
