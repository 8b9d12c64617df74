//! What the surroundings of a spot predict of it.
//!
//! A spot shows its domain and what is its own alone: noise, and in single cells the type of cell. Its surroundings show
//! the domain without that. So the scores of each spot are regressed on the means of the spots one, two, three and four
//! steps away, the spot itself left out:
//!
//!   ŷ_i = ȳ + Σ_h W_hᵀ (mean of y over ring h of i),
//!
//! a ridge regression for all scores at once whose penalty has the least error on tiles of tissue that were left out
//! (Hoerl and Kennard 1970, Technometrics 12:55; Roberts and others 2017, Ecography 40:913, for blocks in place of
//! single spots). In thin layers the weights fall fast with the distance, in wide ones with noise slowly; a score that
//! surroundings tell nothing of vanishes. The scores may be a code of each spot's type.

use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::tiles::{folds, graph_tiles};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis, s};
use ndarray_linalg::{Eigh, UPLO};
use rayon::prelude::*;

/// Rings of spots around a spot that take part.
const RINGS: usize = 4;
/// Parts of the tissue that are left out in turn.
const FOLDS: usize = 5;
/// Penalties that are tried, as powers of ten of the mean square of a column: half a power apart.
const PENALTIES: std::ops::RangeInclusive<i32> = -8..=3;
/// Rows handled together; fixed, so that results do not depend on threads.
const BLOCK: usize = 512;

/// `values` (spots x scores), about their means, as those around predict them; all 0 where they predict nothing.
///
/// # Errors
/// [`crate::Error::Numeric`] when eigenvalues are not found.
pub(super) fn predicted(graph: &SpatialGraph, values: ArrayView2<f64>) -> Result<Array2<f64>> {
    let targets = centred(values.to_owned());
    let around = centred(ring_means(graph, &targets));
    let folds = folds(&graph_tiles(graph), FOLDS);
    let used = folds.iter().max().map_or(0, |last| last + 1);
    let parts: Vec<Moments> = (0..used).map(|fold| Moments::of_fold(&around, &targets, &folds, fold)).collect();
    let whole = parts.iter().fold(Moments::zero(around.ncols(), targets.ncols()), |sum, part| sum.plus(part, 1.0));
    match best_penalty(&whole, &parts)? {
        Some(penalty) => Ok(around.dot(&Ridge::new(&whole)?.weights(penalty))),
        None => Ok(Array2::zeros(targets.raw_dim())),
    }
}

/// The penalty of least error in the parts that are left out in turn, if in each of them that is less than the error of
/// the mean: tissue without structure passes for predictable in some part, hardly in all.
fn best_penalty(whole: &Moments, parts: &[Moments]) -> Result<Option<f64>> {
    let scale = whole.products.diag().mean().unwrap_or(0.0);
    let penalties: Vec<f64> = PENALTIES.map(|half| scale * 10f64.powf(f64::from(half) / 2.0)).collect();
    let mut errors = Array2::zeros((penalties.len(), parts.len()));
    for (part, mut errors) in parts.iter().zip(errors.columns_mut()) {
        let ridge = Ridge::new(&whole.plus(part, -1.0))?;
        errors.assign(
            &penalties.iter().map(|&penalty| part.squared_error(&ridge.weights(penalty))).collect::<Array1<_>>(),
        );
    }
    let sums = errors.sum_axis(Axis(1));
    let best = (0..penalties.len()).min_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(0);
    let useful = errors.row(best).iter().zip(parts).all(|(&error, part)| error < part.target_square);
    Ok((scale > 0.0 && useful).then(|| penalties[best]))
}

/// Sums over spots that a regression needs.
struct Moments {
    /// XᵀX, XᵀY, and the sum of squares of Y.
    products: Array2<f64>,
    cross: Array2<f64>,
    target_square: f64,
}

impl Moments {
    fn of_fold(around: &Array2<f64>, targets: &Array2<f64>, folds: &[usize], fold: usize) -> Self {
        let rows: Vec<usize> = (0..folds.len()).filter(|&row| folds[row] == fold).collect();
        let (around, targets) = (around.select(Axis(0), &rows), targets.select(Axis(0), &rows));
        Moments {
            products: around.t().dot(&around),
            cross: around.t().dot(&targets),
            target_square: targets.iter().map(|value| value * value).sum(),
        }
    }

    fn zero(values: usize, targets: usize) -> Self {
        let (products, cross) = (Array2::zeros((values, values)), Array2::zeros((values, targets)));
        Moments { products, cross, target_square: 0.0 }
    }

    fn plus(&self, other: &Moments, times: f64) -> Self {
        Moments {
            products: &self.products + &(times * &other.products),
            cross: &self.cross + &(times * &other.cross),
            target_square: self.target_square + times * other.target_square,
        }
    }

    /// Sum of squares of Y − XW.
    fn squared_error(&self, weights: &Array2<f64>) -> f64 {
        let explained = 2.0 * &self.cross - self.products.dot(weights);
        self.target_square - (weights * &explained).sum()
    }
}

/// Ridge regressions with any penalty, from one decomposition.
struct Ridge {
    eigenvalues: Array1<f64>,
    eigenvectors: Array2<f64>,
    /// The cross products in the directions of the eigenvectors.
    turned: Array2<f64>,
}

impl Ridge {
    fn new(moments: &Moments) -> Result<Self> {
        let (eigenvalues, eigenvectors) = moments.products.eigh(UPLO::Lower)?;
        let turned = eigenvectors.t().dot(&moments.cross);
        Ok(Ridge { eigenvalues, eigenvectors, turned })
    }

    /// (XᵀX + penalty · I)⁻¹ XᵀY.
    fn weights(&self, penalty: f64) -> Array2<f64> {
        let divisor = self.eigenvalues.mapv(|value| value.max(0.0) + penalty).insert_axis(Axis(1));
        self.eigenvectors.dot(&(&self.turned / &divisor))
    }
}

fn centred(mut values: Array2<f64>) -> Array2<f64> {
    let centre = values.sum_axis(Axis(0)) / values.nrows().max(1) as f64;
    values -= &centre;
    values
}

/// Means of `values` over the spots of each ring around each spot: spots x (rings x values). A ring without spots has
/// the mean of all, which is 0.
fn ring_means(graph: &SpatialGraph, values: &Array2<f64>) -> Array2<f64> {
    let width = values.ncols();
    let mut means = Array2::zeros((graph.spots(), RINGS * width));
    means.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter().enumerate().for_each_init(
        || vec![usize::MAX; graph.spots()],
        |seen, (block, mut rows)| {
            for (row, mut mean) in rows.rows_mut().into_iter().enumerate() {
                for (step, ring) in rings(graph, block * BLOCK + row, seen).iter().enumerate() {
                    mean_into(mean.slice_mut(s![step * width..(step + 1) * width]), values, ring);
                }
            }
        },
    );
    means
}

fn mean_into(mut mean: ArrayViewMut1<f64>, values: &Array2<f64>, spots: &[usize]) {
    spots.iter().for_each(|&spot| mean += &values.row(spot));
    mean /= spots.len().max(1) as f64;
}

/// The spots one, two ... steps from a spot. `seen` holds the last spot whose rings reached each spot.
fn rings(graph: &SpatialGraph, spot: usize, seen: &mut [usize]) -> [Vec<usize>; RINGS] {
    let mut rings: [Vec<usize>; RINGS] = Default::default();
    seen[spot] = spot;
    let mut edge = vec![spot];
    for ring in &mut rings {
        for &near in &edge {
            for far in graph.neighbours(near).iter().map(|&far| far as usize) {
                if seen[far] != spot {
                    seen[far] = spot;
                    ring.push(far);
                }
            }
        }
        edge.clone_from(ring);
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{in_pool, stripes};

    #[test]
    fn rings_are_the_spots_so_many_steps_away() {
        let chain = SpatialGraph::from_edges(8, (0..7).map(|spot| (spot, spot + 1)));
        let mut seen = vec![usize::MAX; 8];
        assert_eq!(rings(&chain, 1, &mut seen), [vec![0, 2], vec![3], vec![4], vec![5]]);
        assert_eq!(rings(&chain, 7, &mut seen), [vec![6], vec![5], vec![4], vec![3]]);
        let means = ring_means(&chain, &Array2::from_shape_fn((8, 1), |(spot, _)| spot as f64));
        assert_eq!(means.row(1).to_vec(), [1.0, 3.0, 4.0, 5.0]);
        assert_eq!(ring_means(&SpatialGraph::from_edges(2, []), &Array2::ones((2, 3))), Array2::<f64>::zeros((2, 12)));
    }

    /// Wide stripes with noise: what is predicted comes nearer to the truth than the score, and noise vanishes.
    #[test]
    fn takes_the_noise_and_leaves_the_tissue() -> Result<()> {
        let (noise, labels, graph) = stripes(40, 2, 0.0, 3);
        let truth: Array1<f64> = labels.iter().map(|&label| 2.0 * label as f64 - 1.0).collect();
        let mut scores = noise.slice(s![.., ..2]).to_owned();
        scores.column_mut(0).zip_mut_with(&truth, |score, truth| *score += truth);
        let found = predicted(&graph, scores.view())?;
        let error = |values: &Array2<f64>| (&values.column(0) - &truth).mapv(|value| value * value).mean();
        assert!(error(&found) < error(&scores).map(|error| 0.2 * error));
        let variance = |values: &Array2<f64>| values.column(1).mapv(|value| value * value).sum();
        assert!(variance(&found) < 0.1 * variance(&scores));
        // Noise alone is not predicted at all, nor is anything where there are no neighbours.
        assert_eq!(predicted(&graph, noise.view())?.sum(), 0.0);
        let apart = SpatialGraph::from_edges(graph.spots(), []);
        assert_eq!(predicted(&apart, scores.view())?.sum(), 0.0);
        Ok(())
    }

    /// The error by moments is that of the residuals, and the weights solve the normal equations.
    #[test]
    fn moments_tell_the_error_and_ridge_solves_its_equations() -> Result<()> {
        let (y, _, graph) = stripes(12, 3, 1.0, 5);
        let x = ring_means(&graph, &y);
        let moments = Moments::of_fold(&x, &y, &vec![0; x.nrows()], 0);
        let weights = Ridge::new(&moments)?.weights(3.0);
        let residuals = &y - &x.dot(&weights);
        let error: f64 = residuals.iter().map(|value| value * value).sum();
        assert!((moments.squared_error(&weights) - error).abs() < 1e-9 * error);
        let normal = x.t().dot(&residuals) - 3.0 * &weights;
        assert!(normal.iter().all(|value| value.abs() < 1e-9));
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads() -> Result<()> {
        let (values, _, graph) = stripes(40, 3, 1.0, 5);
        let run = |threads| in_pool(threads, || predicted(&graph, values.view()));
        assert_eq!(run(1)?, run(3)?);
        Ok(())
    }
}
