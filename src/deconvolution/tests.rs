//! A tissue whose mixtures are known.

use super::amounts::{Prior, Rates, Spot};
use super::intervals::of_cells;
use super::*;
use crate::random::{Stream, stream};
use rand::Rng;
use rand_distr::{Distribution, Gamma, Normal, Poisson};

const GENES: usize = 120;
const TYPES: usize = 4;
const SIDE: usize = 12;

/// Counts compressed by column.
struct Table {
    offsets: Vec<i32>,
    rows: Vec<i32>,
    values: Vec<f64>,
}

impl Table {
    fn new(columns: &[Vec<f64>]) -> Self {
        let mut table = Table { offsets: vec![0], rows: vec![], values: vec![] };
        for column in columns {
            for (row, &value) in column.iter().enumerate().filter(|(_, value)| **value > 0.0) {
                table.rows.push(row as i32);
                table.values.push(value);
            }
            table.offsets.push(table.rows.len() as i32);
        }
        table
    }

    fn view(&self) -> Counts<'_> {
        Counts::new(GENES, self.offsets.len() - 1, &self.offsets, &self.rows, &self.values).expect("counts")
    }
}

/// Cells of four types, and a section on another platform whose left is of the first two types and right of the others.
struct Tissue {
    cells: Table,
    labels: Vec<Option<usize>>,
    spots: Table,
    truth: Array2<f64>,
    log_factors: Vec<f64>,
    scores: Array2<f64>,
    graph: SpatialGraph,
}

fn tissue() -> Tissue {
    let mut rng = stream(7, Stream::Mixtures);
    let level = Gamma::new(0.4, 1.0).expect("shape");
    let profiles = Array2::from_shape_simple_fn((TYPES, GENES), || level.sample(&mut rng) + 0.02);
    let log_factors: Vec<f64> =
        (0..GENES).map(|_| Normal::new(0.0, 0.5).expect("deviation").sample(&mut rng)).collect();
    let mut draw = |weights: &Array1<f64>, depth: f64| -> Vec<f64> {
        let sum = weights.sum();
        weights
            .iter()
            .map(|weight| Poisson::new(weight / sum * depth).map_or(0.0, |own| own.sample(&mut rng)))
            .collect()
    };
    let labels: Vec<Option<usize>> = (0..30 * TYPES).map(|cell| Some(cell % TYPES)).collect();
    let cells: Vec<Vec<f64>> =
        labels.iter().flatten().map(|&kind| draw(&profiles.row(kind).to_owned(), 500.0)).collect();
    let mut mix = stream(8, Stream::Mixtures);
    let truth = Array2::from_shape_fn((SIDE * SIDE, TYPES), |(spot, kind)| {
        let left = spot % SIDE < SIDE / 2;
        if left == (kind < 2) { 1.0 + 3.0 * mix.random::<f64>() } else { 0.05 }
    });
    let truth = &truth / &truth.sum_axis(Axis(1)).insert_axis(Axis(1));
    let factors = Array1::from(log_factors.clone()).mapv(f64::exp);
    let spots: Vec<Vec<f64>> =
        truth.rows().into_iter().map(|shares| draw(&(shares.dot(&profiles) * &factors), 600.0)).collect();
    let scores = Array2::from_shape_fn((SIDE * SIDE, 8), |(spot, gene)| (spots[spot][gene] + 1.0).ln());
    let edges = (0..SIDE * SIDE).flat_map(|spot| {
        let right = (spot % SIDE + 1 < SIDE).then_some((spot, spot + 1));
        let below = (spot + SIDE < SIDE * SIDE).then_some((spot, spot + SIDE));
        right.into_iter().chain(below)
    });
    let graph = SpatialGraph::from_edges(SIDE * SIDE, edges);
    Tissue { cells: Table::new(&cells), labels, spots: Table::new(&spots), truth, log_factors, scores, graph }
}

fn found(tissue: &Tissue, labels: &[Option<usize>], types: usize) -> Result<Deconvolution> {
    let (spots, cells) = (tissue.spots.view(), tissue.cells.view());
    let target = Target { counts: &spots, scores: tissue.scores.view(), graph: &tissue.graph };
    let source = Source { counts: &cells, labels, types };
    fit(&target, source, &Params { cells: (2, 10), seed: 1 }, &Monitor::silent())
}

fn correlation(first: impl Iterator<Item = f64>, second: impl Iterator<Item = f64>) -> f64 {
    let pairs: Vec<(f64, f64)> = first.zip(second).collect();
    let count = pairs.len() as f64;
    let mean = pairs.iter().fold((0.0, 0.0), |sum, own| (sum.0 + own.0 / count, sum.1 + own.1 / count));
    let product = |f: fn(f64, f64) -> f64| pairs.iter().map(|own| f(own.0 - mean.0, own.1 - mean.1)).sum::<f64>();
    product(|a, b| a * b) / (product(|a, _| a * a) * product(|_, b| b * b)).sqrt()
}

#[test]
fn proportions_and_factors_are_found() -> Result<()> {
    let tissue = tissue();
    let result = found(&tissue, &tissue.labels, TYPES)?;
    assert!(result.evidence.described() && !result.evidence.lacks_type);
    let square = (&result.proportions - &tissue.truth).mapv(|rest| rest * rest).mean().expect("spots");
    assert!(square.sqrt() < 0.06, "{}", square.sqrt());
    let together = correlation(result.platform.log_factors.iter().copied(), tissue.log_factors.iter().copied());
    assert!(together > 0.9 && (result.platform.deviation - 0.5).abs() < 0.15, "{together}");
    // Neighbours hold the same types.
    assert!(result.evidence.neighbours.is_some());
    // Errors say how far estimates are off: counts are Poisson here.
    let ratio = (&result.proportions - &tissue.truth) / &result.errors;
    let share = ratio.iter().filter(|ratio| ratio.abs() < 1.645).count() as f64 / ratio.len() as f64;
    assert!((0.85..=0.98).contains(&share), "{share}");
    Ok(())
}

#[test]
fn a_source_that_says_nothing_is_told() -> Result<()> {
    let tissue = tissue();
    // Labels that have nothing to do with what cells express.
    let labels: Vec<Option<usize>> = (0..tissue.labels.len()).map(|cell| Some(cell / TYPES % TYPES)).collect();
    assert!(!found(&tissue, &labels, TYPES)?.evidence.described());
    Ok(())
}

#[test]
fn parts_of_other_spots_and_unknown_types_are_refused() {
    let whole = tissue();
    let refused = |tissue: &Tissue, labels: &[Option<usize>], name: &str| match found(tissue, labels, TYPES) {
        Err(Error::Argument { argument, .. }) => assert_eq!(argument, name),
        _ => panic!("{name} was not refused"),
    };
    let mut beyond = whole.labels.clone();
    beyond[0] = Some(TYPES);
    refused(&whole, &beyond, "labels");
    let labels = whole.labels.clone();
    refused(&Tissue { graph: SpatialGraph::from_edges(3, []), ..whole }, &labels, "x");
}

#[test]
fn a_missing_type_is_found() -> Result<()> {
    let tissue = tissue();
    let labels: Vec<Option<usize>> = tissue.labels.iter().map(|label| label.filter(|&kind| kind < 3)).collect();
    let result = found(&tissue, &labels, 3)?;
    assert!(result.evidence.lacks_type);
    let missing = tissue.truth.column(3);
    assert!(correlation(result.other.iter().copied(), missing.iter().copied()) > 0.9);
    let off = result.other.mean().expect("spots") - missing.mean().expect("spots");
    assert!(off.abs() < 0.1, "{off}");
    Ok(())
}

#[test]
fn the_posterior_of_amounts_rises() {
    let tissue = tissue();
    let (spots, cells) = (tissue.spots.view(), tissue.cells.view());
    let profiles = Profiles::new(&cells, &tissue.labels, TYPES, &|_| true);
    let rates = Rates::new(profiles.shares.view(), None);
    let prior = Prior { mode: &[0.4, 0.3, 0.2, 0.1], strength: 5.0 };
    let mut spot = Spot::default();
    spot.read(&spots, 17, &rates);
    // Poisson and gamma, up to constants: amounts of any sum.
    let posterior = |amounts: &[f64]| {
        let sum: f64 = amounts.iter().zip(&rates.reach).map(|(amount, reach)| amount * reach).sum();
        let gamma = amounts
            .iter()
            .zip(prior.mode)
            .map(|(amount, mode)| prior.strength * (mode * amount.ln() - amount / spot.total()));
        spot.log_likelihood(amounts, &rates.reach) + spot.total() * sum.ln() - sum + gamma.sum::<f64>()
    };
    let mut amounts = [spot.total() / 4.0; TYPES];
    let mut last = posterior(&amounts);
    for finer in 0..30 {
        // More and more cycles from the same start.
        amounts = [spot.total() / 4.0; TYPES];
        spot.amounts(&mut amounts, &rates.reach, prior, 0.5f64.powi(finer));
        let next = posterior(&amounts);
        assert!(next >= last - 1e-9, "{next} after {last}");
        last = next;
    }
    // At the end it is flat in every direction.
    spot.amounts(&mut amounts, &rates.reach, prior, 0.0);
    for kind in 0..TYPES {
        let moved = |by: f64| {
            let mut other = amounts;
            other[kind] *= 1.0 + by;
            posterior(&other)
        };
        assert!(((moved(1e-4) - moved(-1e-4)) / 2e-4).abs() < 1e-2 * spot.total());
    }
}

#[test]
fn larger_cells_count_for_less() {
    let (shares, errors) = of_cells(&[60.0, 60.0], &[6.0, 6.0], &ndarray::array![100.0, 300.0]);
    assert!((shares[0] - 0.75).abs() < 1e-12 && (shares[1] - 0.25).abs() < 1e-12);
    assert!((errors[0] - 0.075).abs() < 1e-12);
}
