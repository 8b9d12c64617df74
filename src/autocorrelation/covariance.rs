//! How alike the means of two patches are under smooth variation of unit variance.

use super::patches::{Patch, Patches, Place};
use ndarray::{Array2, Zip};

/// Lengths of squared exponential covariances whose mean is exponential: exp(−d/ρ) is the expectation of
/// exp(−d²/2(ρz)²) over a standard normal z. These are the quantiles of |z| at (i − ½)/8.
const HALF_NORMAL: [f64; 8] = [
    0.078412412733,
    0.237202109329,
    0.402250065322,
    0.579132162256,
    0.776421761148,
    1.00999016925,
    1.3180108973,
    1.86273186742,
];

/// How the covariance of two spots falls with their distance d.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Smoothness {
    /// exp(−d²/2ρ²): variation without any roughness.
    SquaredExponential,
    /// About exp(−d/ρ): rough variation with a long reach.
    Exponential,
}

/// Largest distance of the centres of two patches whose parts are visited, in sides of the largest patch.
const NEAR: f64 = 2.5;
/// Largest length of a covariance for which they are, in the same unit: longer ones hardly see the shape of a patch.
const SHORT: f64 = 2.0;

/// Covariances of the patches' means, patches x patches, for variation of range `range`; slices are independent. Within
/// patches and between patches that are near, all pairs of their parts are visited, as domains in many pieces have
/// patches that interlock. Spots of a part, and those of patches further apart, count as normally distributed around
/// their centre.
pub(super) fn covariance(patches: &Patches, smoothness: Smoothness, range: f64) -> Array2<f64> {
    let lengths: Vec<f64> = match smoothness {
        Smoothness::SquaredExponential => vec![range],
        Smoothness::Exponential => HALF_NORMAL.iter().map(|quantile| quantile * range).collect(),
    };
    let list = &patches.list;
    let side = list.iter().map(|patch| patch.spots.len()).max().map_or(0.0, |most| (most as f64).sqrt());
    let (short, long): (Vec<f64>, Vec<f64>) = lengths.iter().partition(|&&length| length <= SHORT * side);
    let mean = |a: &Patch, b: &Patch| {
        let (dx, dy) = (a.place.centre[0] - b.place.centre[0], a.place.centre[1] - b.place.centre[1]);
        let sum = if a.slice != b.slice {
            0.0
        } else if std::ptr::eq(a, b) {
            within(a, &lengths)
        } else if dx.hypot(dy) < NEAR * side {
            between_parts(a, b, &short) + between(&a.place, &b.place, &long)
        } else {
            between(&a.place, &b.place, &lengths)
        };
        sum / lengths.len() as f64
    };
    let mut covariance = Array2::zeros((list.len(), list.len()));
    Zip::indexed(covariance.rows_mut()).par_for_each(|a, mut row| {
        (0..=a).for_each(|b| row[b] = mean(&list[a], &list[b]));
    });
    for a in 0..list.len() {
        (0..a).for_each(|b| covariance[[b, a]] = covariance[[a, b]]);
    }
    covariance
}

/// Sum over lengths of the mean over two normal distributions of positions: that of exp(−d²/2ℓ²) is
/// ℓ² |M|^-½ exp(−½ δᵀM⁻¹δ) with M = ℓ²I + the sum of their covariances and δ the difference of their centres.
fn between(a: &Place, b: &Place, lengths: &[f64]) -> f64 {
    let [xx, yy, xy] = [0, 1, 2].map(|entry| a.spread[entry] + b.spread[entry]);
    let (dx, dy) = (a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]);
    if xx == 0.0 && yy == 0.0 {
        let half = 0.5 * (dx * dx + dy * dy);
        return lengths.iter().map(|length| (-half / (length * length)).exp()).sum();
    }
    let mean = |length: f64| {
        let square = length * length;
        let (xx, yy) = (xx + square, yy + square);
        let determinant = xx * yy - xy * xy;
        let quadratic = (yy * dx * dx - 2.0 * xy * dx * dy + xx * dy * dy) / determinant;
        square / determinant.sqrt() * (-0.5 * quadratic).exp()
    };
    lengths.iter().map(|&length| mean(length)).sum()
}

/// The same, part by part.
fn between_parts(a: &Patch, b: &Patch, lengths: &[f64]) -> f64 {
    let pairs = a.parts.iter().flat_map(|a| b.parts.iter().map(move |b| a.count * b.count * between(a, b, lengths)));
    pairs.sum::<f64>() / (a.place.count * b.place.count)
}

/// Sum over lengths of the mean over all pairs of spots of a patch. A spot with itself has a covariance of 1, which the
/// normal distribution of a part does not know.
fn within(patch: &Patch, lengths: &[f64]) -> f64 {
    let own = |part: &Place| part.count * (lengths.len() as f64 - between(part, part, lengths));
    let selves = patch.parts.iter().map(own).sum::<f64>() / (patch.place.count * patch.place.count);
    between_parts(patch, patch, lengths) + selves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autocorrelation::patches::unit_density;
    use crate::monitor::Monitor;

    fn grid(side: usize) -> (Patches, Array2<f64>) {
        let coords = Array2::from_shape_fn((side * side, 2), |(spot, axis)| {
            (if axis == 0 { spot % side } else { spot / side }) as f64
        });
        let stratum: Vec<Option<usize>> =
            (0..side * side).map(|spot| Some(usize::from(spot % side < side / 3))).collect();
        (
            Patches::new(coords.view(), &vec![0; side * side], &stratum, &Monitor::silent()).unwrap(),
            unit_density(coords, &Monitor::silent()).unwrap(),
        )
    }

    #[test]
    fn agrees_with_the_mean_over_all_pairs_of_spots() {
        // Parts are single spots in the first, four to six in the second.
        for (side, bound) in [(40, 0.01), (120, 0.02)] {
            let (patches, positions) = grid(side);
            for range in [1.5, 4.0, 12.0] {
                let smooth = covariance(&patches, Smoothness::SquaredExponential, range);
                let rough = covariance(&patches, Smoothness::Exponential, range);
                for (a, b) in [(0, 0), (0, 1), (3, 40), (100, 101), (20, 200)] {
                    let exact = mean_over_pairs(&positions, &patches.list[a], &patches.list[b], |d| {
                        (-0.5 * (d / range).powi(2)).exp()
                    });
                    assert!((smooth[[a, b]] - exact).abs() < bound, "{side} {range} {a} {b}");
                    assert_eq!(smooth[[a, b]], smooth[[b, a]]);
                    // Eight lengths stand for all.
                    let exact = mean_over_pairs(&positions, &patches.list[a], &patches.list[b], |d| (-d / range).exp());
                    assert!((rough[[a, b]] - exact).abs() < 0.05, "{side} {range} {a} {b}");
                }
            }
        }
    }

    fn mean_over_pairs(positions: &Array2<f64>, a: &Patch, b: &Patch, kernel: impl Fn(f64) -> f64) -> f64 {
        let apart = |i: usize, j: usize, axis: usize| positions[[i, axis]] - positions[[j, axis]];
        let pairs = a.spots.iter().flat_map(|&i| b.spots.iter().map(move |&j| (i, j)));
        let sum: f64 = pairs.map(|(i, j)| kernel(apart(i, j, 0).hypot(apart(i, j, 1)))).sum();
        sum / (a.spots.len() * b.spots.len()) as f64
    }
}
