//! `core_stability`, `core_pairwise` and `core_coassignment`: how far many labellings of the same spots agree.

use crate::answer::answer;
use crate::arguments::{columns, indices};
use crate::worker;
use extendr_api::prelude::*;
use ndarray::Array2;
use starscape::Result;
use starscape::stability::{Runs, Stability, coassignment, pairwise, stability};

extendr_module! {
    mod stability;
    fn core_stability;
    fn core_pairwise;
    fn core_coassignment;
}

/// All measures of `labels` (whole numbers, spots x runs) and of their consensus of `k` domains.
#[extendr]
fn core_stability(labels: Robj, k: i32, threads: i32, progress: Robj) -> List {
    answer(|| {
        let runs = runs(&labels)?;
        Ok(write(worker::run(threads as usize, &progress, |monitor| stability(&runs, k as usize, monitor))?))
    })
}

/// The adjusted Rand index of every two columns of `labels`.
#[extendr]
fn core_pairwise(labels: Robj, threads: i32, progress: Robj) -> List {
    answer(|| {
        let runs = runs(&labels)?;
        let pairs = worker::run(threads as usize, &progress, |monitor| pairwise(&runs, monitor))?;
        Ok(square(&pairs.ari))
    })
}

/// The share of the columns of `labels` that put two spots in one domain, for every two of `spots` (numbers from 1).
#[extendr]
fn core_coassignment(labels: Robj, spots: Robj) -> List {
    answer(|| {
        let runs = runs(&labels)?;
        let spots: Vec<usize> = indices(&spots, "spots")?.into_iter().map(|spot| spot.wrapping_sub(1)).collect();
        let silent = ().into();
        Ok(square(&worker::run(1, &silent, |monitor| coassignment(&runs, &spots, monitor))?))
    })
}

fn runs(labels: &Robj) -> Result<Runs> {
    Runs::new(&columns(labels, "labels")?)
}

/// A symmetric matrix, whose order of rows and columns is the same to R.
fn square(values: &Array2<f64>) -> Robj {
    RMatrix::new_matrix(values.nrows(), values.ncols(), |row, column| values[[row, column]]).into()
}

fn write(found: Stability) -> Robj {
    let from_one = |labels: &[usize]| -> Vec<i32> { labels.iter().map(|&label| label as i32 + 1).collect() };
    let (spots, domains) = (found.spots, found.domains);
    let aligned: Vec<i32> = found.consensus.aligned.iter().flat_map(|run| from_one(run)).collect();
    list!(
        pairwise = square(&found.pairwise.ari),
        consistency = found.pairwise.consistency,
        consensus = from_one(&found.consensus.labels),
        k = found.consensus.k as i32,
        aligned = aligned,
        support = spots.support,
        entropy = spots.entropy,
        stability = spots.stability,
        spots = domains.iter().map(|domain| domain.spots as i32).collect::<Vec<i32>>(),
        jaccard = domains.iter().map(|domain| domain.mean).collect::<Vec<f64>>(),
        lowest = domains.iter().map(|domain| domain.lowest).collect::<Vec<f64>>()
    )
    .into()
}
