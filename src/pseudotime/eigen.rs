//! Leading eigenvectors of a random walk, by subspace iteration with Chebyshev polynomials of the operator (Zhou, Saad,
//! Tiago and Chelikowsky 2006, Journal of Computational Physics 219, 172-184). Memory is spots x 20 columns.

use super::transition::Transition;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::random::{Stream, stream};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use ndarray_linalg::{Eigh, QR, UPLO};
use rand_distr::{Distribution, StandardNormal};

/// Columns beyond those asked for.
const OVERSAMPLING: usize = 10;
/// Rounds after which the iteration gives up; a few are usual.
const ROUNDS: usize = 200;
/// Largest residual |Tv − λv|.
const TOLERANCE: f64 = 1e-9;
/// A round lets the leading direction grow by e to this power over those to be damped: more would drown the others in
/// rounding.
const GROWTH: f64 = 12.0;
/// Degrees of the polynomial.
const DEGREES: (usize, usize) = (4, 1000);
/// The start is the same for everybody.
const SKETCH_SEED: u64 = 0x4450_5431;

/// The largest eigenvalues but the first, falling, and their eigenvectors in columns; all when there are fewer than
/// `count`. The first, whose value is 1, is known and projected out.
///
/// # Errors
/// [`Error::NotConverged`]; [`Error::Interrupted`].
pub fn leading_eigenvectors(
    transition: &Transition,
    count: usize,
    monitor: &Monitor,
) -> Result<(Array1<f64>, Array2<f64>)> {
    let others = transition.spots() - 1;
    let (count, width) = (count.min(others), (count + OVERSAMPLING).min(others));
    if width == 0 {
        return Ok((Array1::zeros(0), Array2::zeros((transition.spots(), 0))));
    }
    let mut rng = stream(SKETCH_SEED, Stream::Sketch);
    let mut basis = Array2::from_shape_simple_fn((transition.spots(), width), || StandardNormal.sample(&mut rng));
    for _ in 0..ROUNDS {
        let (values, vectors, residual) = rayleigh_ritz(transition, basis, count)?;
        if residual < TOLERANCE {
            return Ok((values.slice(s![..count]).to_owned(), vectors.slice(s![.., ..count]).to_owned()));
        }
        basis = amplify(transition, vectors, &values, monitor)?;
    }
    let message = "the diffusion components did not converge: spots hang together too loosely; more `neighbours` help";
    Err(Error::NotConverged(message.into()))
}

/// The best eigenvalues, falling, and eigenvectors within the span of a basis, and the largest residual of the first
/// `count`.
fn rayleigh_ritz(
    transition: &Transition,
    mut basis: Array2<f64>,
    count: usize,
) -> Result<(Array1<f64>, Array2<f64>, f64)> {
    let known = transition.stationary().view().insert_axis(Axis(1));
    basis = &basis - &known.dot(&known.t().dot(&basis));
    let basis = basis.qr()?.0;
    let product = transition.product(basis.view());
    let (values, rotation) = basis.t().dot(&product).eigh(UPLO::Lower)?;
    // Eigenvalues rise: the leading ones are the last.
    let (values, rotation) = (values.slice(s![..;-1]).to_owned(), rotation.slice(s![.., ..;-1]).to_owned());
    let vectors = basis.dot(&rotation);
    let difference = product.dot(&rotation) - &vectors * &values;
    let squares = difference.slice(s![.., ..count]).map_axis(Axis(0), |column| column.dot(&column));
    let residual = squares.fold(0.0f64, |largest, &square| largest.max(square)).sqrt();
    Ok((values, vectors, residual))
}

/// Applies the Chebyshev polynomial that is at most 1 from −1 to the smallest of `values` and grows fastest beyond.
fn amplify(
    transition: &Transition,
    vectors: Array2<f64>,
    values: &Array1<f64>,
    monitor: &Monitor,
) -> Result<Array2<f64>> {
    let cut = values[values.len() - 1].clamp(-0.9, 1.0 - 1e-9);
    let (half, centre) = ((cut + 1.0) / 2.0, (cut - 1.0) / 2.0);
    // T_d(x) grows like cosh(d acosh x).
    let rate = ((values[0] - centre) / half).max(1.0 + 1e-9).acosh();
    let degree = ((GROWTH / rate) as usize).clamp(DEGREES.0, DEGREES.1);
    let mapped = |block: ArrayView2<f64>| (transition.product(block) - &block * centre) / half;
    let mut current = mapped(vectors.view());
    let mut previous = vectors;
    for _ in 1..degree {
        monitor.check()?;
        let next = mapped(current.view()) * 2.0 - &previous;
        previous = current;
        current = next;
    }
    Ok(current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudotime::links::Links;

    #[test]
    fn agrees_with_the_dense_decomposition() {
        for spots in [4, 15, 150] {
            let points = Array2::from_shape_fn((spots, 2), |(spot, axis)| {
                let turn = spot as f64 * if axis == 0 { 0.37 } else { 0.11 };
                turn.sin() + 0.01 * spot as f64
            });
            let links = Links::new(points.view(), None, 6, &Monitor::silent()).unwrap();
            let members: Vec<usize> = (0..spots).collect();
            let transition = Transition::new(&links, &members);
            let dense = transition.product(Array2::eye(spots).view());
            assert!((&dense - &dense.t()).iter().all(|difference| difference.abs() < 1e-15));
            let (expected, vectors) = dense.eigh(UPLO::Lower).unwrap();
            assert!((expected[spots - 1] - 1.0).abs() < 1e-12);
            let (values, found) = leading_eigenvectors(&transition, 10, &Monitor::silent()).unwrap();
            assert_eq!(values.len(), 10.min(spots - 1));
            for (place, value) in values.iter().enumerate() {
                let own = spots - 2 - place;
                assert!((value - expected[own]).abs() < 1e-10);
                assert!((vectors.column(own).dot(&found.column(place)).abs() - 1.0).abs() < 1e-8);
            }
        }
    }
}
