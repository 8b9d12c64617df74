//! How alike the means of two patches are under smooth variation of unit variance.

use super::patches::{Patch, Patches};
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

/// Largest distance of the centres of two patches whose pairs of spots are visited, in sides of the largest patch.
const NEAR: f64 = 2.5;
/// Largest length of a covariance for which they are, in the same unit: longer ones hardly see the shape of a patch.
const SHORT: f64 = 2.0;

/// Covariances of the patches' means, patches x patches, for variation of range `range`; slices are independent. Within
/// patches and between patches that are near, all pairs of spots are visited, as domains in many pieces have patches that
/// interlock. Further apart, spots of a patch count as normally distributed around its centre.
pub(super) fn covariance(patches: &Patches, smoothness: Smoothness, range: f64) -> Array2<f64> {
    let lengths: Vec<f64> = match smoothness {
        Smoothness::SquaredExponential => vec![range],
        Smoothness::Exponential => HALF_NORMAL.iter().map(|quantile| quantile * range).collect(),
    };
    let list = &patches.list;
    let side = list.iter().map(|patch| patch.spots.len()).max().map_or(0.0, |most| (most as f64).sqrt());
    let (short, long): (Vec<f64>, Vec<f64>) = lengths.iter().partition(|&&length| length <= SHORT * side);
    let mean = |a: &Patch, b: &Patch| {
        let (dx, dy) = (a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]);
        let sum = if a.slice != b.slice {
            0.0
        } else if std::ptr::eq(a, b) {
            over_pairs(a, b, &patches.positions, &lengths)
        } else if dx.hypot(dy) < NEAR * side {
            over_pairs(a, b, &patches.positions, &short) + over_normals(a, b, &long)
        } else {
            over_normals(a, b, &lengths)
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
fn over_normals(a: &Patch, b: &Patch, lengths: &[f64]) -> f64 {
    let [xx, yy, xy] = [0, 1, 2].map(|entry| a.spread[entry] + b.spread[entry]);
    let (dx, dy) = (a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]);
    let mean = |length: f64| {
        let square = length * length;
        let (xx, yy) = (xx + square, yy + square);
        let determinant = xx * yy - xy * xy;
        let quadratic = (yy * dx * dx - 2.0 * xy * dx * dy + xx * dy * dy) / determinant;
        square / determinant.sqrt() * (-0.5 * quadratic).exp()
    };
    lengths.iter().map(|&length| mean(length)).sum()
}

/// The same over the pairs of spots themselves.
fn over_pairs(a: &Patch, b: &Patch, positions: &Array2<f64>, lengths: &[f64]) -> f64 {
    let exponents: Vec<f64> = lengths.iter().map(|length| -0.5 / (length * length)).collect();
    let mut sum = 0.0;
    for &i in &a.spots {
        for &j in &b.spots {
            let (dx, dy) = (positions[[i, 0]] - positions[[j, 0]], positions[[i, 1]] - positions[[j, 1]]);
            let square = dx * dx + dy * dy;
            sum += exponents.iter().map(|exponent| (exponent * square).exp()).sum::<f64>();
        }
    }
    sum / (a.spots.len() * b.spots.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::ArrayView1;

    fn grid(side: usize) -> Patches {
        let coords = Array2::from_shape_fn((side * side, 2), |(spot, axis)| {
            (if axis == 0 { spot % side } else { spot / side }) as f64
        });
        let stratum: Vec<Option<usize>> =
            (0..side * side).map(|spot| Some(usize::from(spot % side < side / 3))).collect();
        Patches::new(coords.view(), &vec![0; side * side], &stratum).unwrap()
    }

    #[test]
    fn agrees_with_the_mean_over_all_pairs_of_spots() {
        let patches = grid(40);
        let at = |spot: usize| patches.positions.row(spot);
        let distance = |a: ArrayView1<f64>, b: ArrayView1<f64>| (&a - &b).mapv(|value| value * value).sum().sqrt();
        let (exact, rough) =
            (|d: f64, range: f64| (-0.5 * (d / range).powi(2)).exp(), |d: f64, range: f64| (-d / range).exp());
        for range in [1.5, 4.0, 12.0] {
            let smooth = covariance(&patches, Smoothness::SquaredExponential, range);
            let exponential = covariance(&patches, Smoothness::Exponential, range);
            for (a, b) in [(0, 0), (0, 1), (3, 40), (100, 101), (20, 200)] {
                let pairs: Vec<f64> = patches.list[a]
                    .spots
                    .iter()
                    .flat_map(|&i| patches.list[b].spots.iter().map(move |&j| (i, j)))
                    .map(|(i, j)| distance(at(i), at(j)))
                    .collect();
                let mean = |kernel: &dyn Fn(f64, f64) -> f64| {
                    pairs.iter().map(|&d| kernel(d, range)).sum::<f64>() / pairs.len() as f64
                };
                assert!((smooth[[a, b]] - mean(&exact)).abs() < 0.01, "{range} {a} {b}");
                // Eight lengths stand for all.
                assert!((exponential[[a, b]] - mean(&rough)).abs() < 0.05, "{range} {a} {b}");
            }
        }
    }
}
