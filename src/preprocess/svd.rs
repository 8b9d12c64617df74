//! Truncated singular value decomposition of the standardised features.

use super::scale::ScaledFeatures;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use crate::orientation::is_reversed;
use crate::random::{Stream, stream};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use ndarray_linalg::{Eigh, QR, UPLO};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// Columns of the sketch beyond the components asked for (Halko, Martinsson & Tropp 2011, section 4.2).
const OVERSAMPLING: usize = 10;
/// Passes of subspace iteration over the data.
const PASSES: usize = 8;
/// The sketch is the same for everybody: the decomposition must not depend on the user's seed.
const SKETCH_SEED: u64 = 0x5747_4152;
/// Spots made dense at a time by each thread.
const BLOCK: usize = 128;
/// Blocks whose products are added in one go: bounds memory and fixes the order of additions for any thread count.
const BLOCKS_AT_ONCE: usize = 16;

/// The leading components.
#[derive(Clone, Debug)]
pub struct Components {
    /// Scores U·S, spots x components; the squared length of a column is its squared singular value.
    pub scores: Array2<f64>,
    /// Orthonormal right singular vectors, features x components. The entry of largest magnitude of each is positive.
    pub loadings: Array2<f64>,
    /// Singular values, falling.
    pub singular_values: Array1<f64>,
}

/// Randomised truncated singular value decomposition (Halko et al. 2011, algorithm 4.4 applied to XᵀX) with a fixed
/// sketch. The matrix is made in blocks of spots; memory beyond the result is linear in features.
///
/// # Errors
/// [`Error::Argument`] naming `latentDim` when more components are asked for than features or spots allow.
pub fn leading_components(data: &ScaledFeatures, count: usize, monitor: &Monitor) -> Result<Components> {
    let most = data.features().min(data.spots());
    if count == 0 || count > most {
        let message = format!("must be between 1 and {most} (the smaller of spots and features), not {count}");
        return Err(Error::argument("latentDim", message));
    }
    let width = (count + OVERSAMPLING).min(most);
    let mut rng = stream(SKETCH_SEED, Stream::Sketch);
    let sketch = Array2::from_shape_simple_fn((data.features(), width), || StandardNormal.sample(&mut rng));
    let mut basis = orthonormal(sketch)?;
    for pass in 0..PASSES {
        monitor.step(Progress { stage: "components", done: pass, total: PASSES, objective: None })?;
        basis = orthonormal(covariance_product(data, basis.view(), monitor)?)?;
    }
    rayleigh_ritz(data, basis, count)
}

fn orthonormal(matrix: Array2<f64>) -> Result<Array2<f64>> {
    if matrix.iter().any(|value| !value.is_finite()) {
        return Err(Error::Numeric("the standardised features are not finite".into()));
    }
    Ok(matrix.qr()?.0)
}

/// Number of spots' blocks in the data, and the spots of one of them.
fn block_of(data: &ScaledFeatures, index: usize) -> std::ops::Range<usize> {
    index * BLOCK..((index + 1) * BLOCK).min(data.spots())
}

/// XᵀX·basis, one pass over the spots.
fn covariance_product(data: &ScaledFeatures, basis: ArrayView2<f64>, monitor: &Monitor) -> Result<Array2<f64>> {
    let mut total = Array2::zeros(basis.raw_dim());
    let blocks: Vec<usize> = (0..data.spots().div_ceil(BLOCK)).collect();
    for group in blocks.chunks(BLOCKS_AT_ONCE) {
        monitor.check()?;
        let products: Vec<Array2<f64>> = group
            .par_iter()
            .map(|&index| {
                let block = data.block(block_of(data, index));
                block.t().dot(&block.dot(&basis))
            })
            .collect();
        products.iter().for_each(|product| total += product);
    }
    Ok(total)
}

/// Scores on the basis, rotated to the principal axes within it.
fn rayleigh_ritz(data: &ScaledFeatures, basis: Array2<f64>, count: usize) -> Result<Components> {
    let blocks: Vec<Array2<f64>> = (0..data.spots().div_ceil(BLOCK))
        .into_par_iter()
        .map(|index| data.block(block_of(data, index)).dot(&basis))
        .collect();
    let views: Vec<_> = blocks.iter().map(Array2::view).collect();
    let scores = ndarray::concatenate(Axis(0), &views).map_err(|error| Error::Numeric(error.to_string()))?;
    let (values, vectors) = scores.t().dot(&scores).eigh(UPLO::Lower)?;
    // Eigenvalues rise: the leading components are the last columns.
    let mut rotation = vectors.slice(s![.., ..;-1]).slice(s![.., ..count]).to_owned();
    let loadings = basis.dot(&rotation);
    for (component, loading) in loadings.columns().into_iter().enumerate() {
        if is_reversed(loading) {
            rotation.column_mut(component).mapv_inplace(|value| -value);
        }
    }
    let singular_values = values.iter().rev().take(count).map(|value| value.max(0.0).sqrt()).collect();
    Ok(Components { scores: scores.dot(&rotation), loadings: basis.dot(&rotation), singular_values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::Batches;
    use crate::counts::Counts;
    use crate::graph::SpatialGraph;
    use crate::normalise::Normalisation;
    use crate::preprocess::{FeatureParams, select_features};
    use ndarray_linalg::SVD;

    #[test]
    fn equals_the_full_decomposition_whose_signs_are_fixed() {
        let (spots, genes) = (300, 40);
        // Three gradients over the spots give three components that stand out.
        let value = |spot: usize, gene: usize| {
            let wave = (spot as f64 / (15.0 + 9.0 * (gene % 3) as f64)).sin() + 1.2;
            (wave * 20.0 + ((spot * 37 + gene * 101) % 17) as f64).round()
        };
        let values: Vec<f64> = (0..spots).flat_map(|spot| (0..genes).map(move |gene| value(spot, gene))).collect();
        let offsets: Vec<i32> = (0..=spots).map(|spot| (spot * genes) as i32).collect();
        let rows: Vec<i32> = (0..spots).flat_map(|_| 0..genes as i32).collect();
        let counts = Counts::new(genes, spots, &offsets, &rows, &values).unwrap();
        let graph = SpatialGraph::from_edges(spots, (1..spots).map(|spot| (spot - 1, spot)));
        let batches = Batches::alike(&vec![0; spots]);
        let features =
            select_features(&counts, &batches, &graph, &FeatureParams::default(), &Monitor::silent()).unwrap();
        let data = ScaledFeatures::new(&counts, &batches, Normalisation::Pearson, &features);
        let found = leading_components(&data, 3, &Monitor::silent()).unwrap();

        let whole = data.block(0..spots);
        let (_, exact, _) = whole.svd(false, false).unwrap();
        for component in 0..3 {
            assert!((found.singular_values[component] / exact[component] - 1.0).abs() < 1e-8);
            let scores = found.scores.column(component);
            assert!((scores.dot(&scores).sqrt() / exact[component] - 1.0).abs() < 1e-8);
            let largest =
                found.loadings.column(component).iter().fold(0.0f64, |a, &b| if b.abs() > a.abs() { b } else { a });
            assert!(largest > 0.0);
        }
        assert!((&whole.dot(&found.loadings) - &found.scores).iter().all(|difference| difference.abs() < 1e-8));
        assert!(leading_components(&data, 41, &Monitor::silent()).is_err());
    }
}
