//! Counts of simulated slices.

use super::domains;
use super::expression::{Slice, Tissue};
use super::params::Params;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use crate::random::{ChaCha8Rng, Stream, substream};
use ndarray::{Array1, Array2, Axis, s};
use rand::Rng;
use rand_distr::{Distribution, Gamma, Poisson};
use rayon::prelude::*;

/// Extra-Poisson variance of a count relative to its mean: a dispersion of 0.1 / μ, by which lowly expressed genes are
/// noisier (the mean-dispersion trend a₀ + a₁ / μ of Anders & Huber 2010, Genome Biology 11:R106).
const EXTRA_VARIANCE: f64 = 0.1;

/// Times the counts of a spot may be drawn again because they are all zero.
const ATTEMPTS: usize = 1000;

/// Sparse counts of one slice, genes x spots, compressed by spot as R's `dgCMatrix`.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseCounts {
    /// Number of genes.
    pub genes: usize,
    /// Start of each spot in the two other slots, and its end as the next start; spots + 1 entries.
    pub offsets: Vec<i32>,
    /// Gene of each stored count from 0, rising within a spot.
    pub rows: Vec<i32>,
    /// The counts, above 0.
    pub values: Vec<f64>,
}

impl SparseCounts {
    /// The counts as the rest of the crate reads them.
    ///
    /// # Errors
    /// [`Error::Argument`] when the slots have been changed so that they are no valid counts.
    pub fn view(&self) -> Result<Counts<'_>> {
        let spots = self.offsets.len().saturating_sub(1);
        Counts::new(self.genes, spots, &self.offsets, &self.rows, &self.values)
    }
}

/// Simulated slices.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// Counts of each slice; every spot and every gene of a slice has at least one.
    pub counts: Vec<SparseCounts>,
    /// Array coordinates of the spots of all slices, one slice after the other: spots x (column, row), so
    /// that the first is x and the second y.
    pub coordinates: Array2<f64>,
    /// Domain of each spot, 0..domains.
    pub labels: Vec<usize>,
    /// Slice of each spot, 0..slices.
    pub slices: Vec<usize>,
}

/// Simulates slices of one tissue.
///
/// Counts are negative binomial, y ~ Poisson(Gamma) with mean μ and variance μ + (dispersion · f + 0.1 / μ) μ² where f
/// is a gene's own factor around 1. μ is the spot's library size times the gene's share: log-normal over genes, changed
/// by the domain's markers, by smooth patterns that have nothing to do with domains, and by the slice's batch effect.
/// With [`Model::Factor`](super::Model) counts are Poisson and the gene's share is exp(b + W v + e) over its sum: b is
/// the log-normal part with the batch effect, W v + e follows the factor model, and v and e are the spot's own.
/// With [`Model::Niches`](super::Model) each spot is a cell of a type, which takes the place of markers and patterns.
/// The total of a spot varies log-normally, in part smoothly over the tissue. A spot whose counts are all zero is drawn
/// again; a gene without counts in a slice gets one count at a random spot.
///
/// # Errors
/// [`Error::Argument`] for a value of `params` out of its range, or when the counts do not fit 32-bit indices;
/// [`Error::NotConverged`] when a Potts layout loses domains; [`Error::Numeric`] when means overflow;
/// [`Error::Interrupted`].
pub fn simulate_slices(params: &Params, monitor: &Monitor) -> Result<Simulation> {
    params.check()?;
    let tissue = Tissue::draw(params);
    let positions = params.lattice.positions(params.rows, params.columns);
    let spots = params.rows * params.columns;
    let mut simulation = Simulation {
        counts: Vec::with_capacity(params.slices),
        coordinates: Array2::zeros((0, 2)),
        labels: Vec::with_capacity(params.slices * spots),
        slices: (0..params.slices * spots).map(|spot| spot / spots).collect(),
    };
    let one = params.lattice.coordinates(params.rows, params.columns).slice(s![.., ..;-1]).to_owned();
    let all = vec![one.view(); params.slices];
    simulation.coordinates = ndarray::concatenate(Axis(0), &all)
        .map_err(|error| Error::Numeric(format!("coordinates cannot be joined: {error}")))?;
    for index in 0..params.slices {
        let domains = domains::domains(params, index)?;
        let slice = tissue.slice(params, &positions, index);
        let columns: Vec<Column> = (0..spots)
            .into_par_iter()
            .map(|spot| {
                monitor.check()?;
                let mut rng = substream(params.seed, Stream::Counts, (index * spots + spot) as u64);
                Column::draw(params, &tissue, &slice, spot, domains[spot], &mut rng)
            })
            .collect::<Result<_>>()?;
        simulation.counts.push(assemble(params, columns, index)?);
        simulation.labels.extend(domains);
        let (done, total) = (index + 1, params.slices);
        monitor.step(Progress { stage: "simulating slices", done, total, objective: None })?;
    }
    Ok(simulation)
}

/// Counts of one spot.
struct Column {
    rows: Vec<i32>,
    values: Vec<f64>,
}

impl Column {
    fn draw(
        params: &Params,
        tissue: &Tissue,
        slice: &Slice,
        spot: usize,
        domain: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Self> {
        let means = slice.means(spot, domain, rng);
        for _ in 0..ATTEMPTS {
            let column = Column::draw_once(&means, params.dispersion, tissue, rng)?;
            if !column.rows.is_empty() {
                return Ok(column);
            }
        }
        Err(Error::argument("librarySize", "and its spread leave spots without counts"))
    }

    fn draw_once(means: &Array1<f64>, dispersion: f64, tissue: &Tissue, rng: &mut ChaCha8Rng) -> Result<Self> {
        let mut column = Column { rows: Vec::new(), values: Vec::new() };
        for (gene, (&mean, factor)) in means.iter().zip(&tissue.dispersion_factors).enumerate() {
            let count = if tissue.is_poisson() {
                poisson(mean, mean, rng)?
            } else {
                negative_binomial(mean, dispersion * factor * mean + EXTRA_VARIANCE, rng)?
            };
            if count > 0.0 {
                column.rows.push(gene as i32);
                column.values.push(count);
            }
        }
        Ok(column)
    }

    /// Adds one count of a gene.
    fn add(&mut self, gene: i32) {
        match self.rows.binary_search(&gene) {
            Ok(at) => self.values[at] += 1.0,
            Err(at) => {
                self.rows.insert(at, gene);
                self.values.insert(at, 1.0);
            }
        }
    }
}

/// A negative binomial count of the given mean and variance mean · (1 + `excess`): Poisson with a gamma-distributed
/// rate of scale `excess`.
fn negative_binomial(mean: f64, excess: f64, rng: &mut ChaCha8Rng) -> Result<f64> {
    if mean == 0.0 {
        return Ok(0.0);
    }
    poisson(Gamma::new(mean / excess, excess).map_err(|_| undrawable(mean))?.sample(rng), mean, rng)
}

/// A Poisson count of rate `rate`, which was drawn around `mean`.
fn poisson(rate: f64, mean: f64, rng: &mut ChaCha8Rng) -> Result<f64> {
    if rate == 0.0 {
        return Ok(0.0);
    }
    Ok(Poisson::new(rate).map_err(|_| undrawable(mean))?.sample(rng))
}

fn undrawable(mean: f64) -> Error {
    Error::Numeric(format!("a count of mean {mean} cannot be drawn: use smaller effects"))
}

/// Joins the spots of a slice after giving each gene without counts one at a random spot.
fn assemble(params: &Params, mut columns: Vec<Column>, slice: usize) -> Result<SparseCounts> {
    let mut seen = vec![false; params.genes];
    columns.iter().flat_map(|column| &column.rows).for_each(|&gene| seen[gene as usize] = true);
    // Streams from the far end of the purpose: no spot is numbered so high.
    let mut rng = substream(params.seed, Stream::Counts, (1 << 50) + slice as u64);
    for (gene, _) in seen.iter().enumerate().filter(|(_, seen)| !**seen) {
        let spot = rng.random_range(0..columns.len());
        columns[spot].add(gene as i32);
    }
    let stored: usize = columns.iter().map(|column| column.rows.len()).sum();
    if stored > i32::MAX as usize {
        return Err(Error::argument(
            "rows",
            "and `columns` with so many genes make more counts than an index can count",
        ));
    }
    let mut counts = SparseCounts {
        genes: params.genes,
        offsets: Vec::with_capacity(columns.len() + 1),
        rows: Vec::with_capacity(stored),
        values: Vec::with_capacity(stored),
    };
    counts.offsets.push(0);
    for column in columns {
        counts.rows.extend(column.rows);
        counts.values.extend(column.values);
        counts.offsets.push(counts.rows.len() as i32);
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::super::{Lattice, Layout, Model};
    use super::*;

    fn small() -> Params {
        Params { rows: 20, columns: 15, genes: 200, ..Params::default() }
    }

    #[test]
    fn default_slices_have_counts_everywhere_and_realistic_sparsity() -> Result<()> {
        let params = Params::default();
        let simulation = simulate_slices(&params, &Monitor::silent())?;
        let counts = simulation.counts[0].view()?;
        assert_eq!((counts.genes(), counts.spots()), (1000, 2000));
        assert_eq!(simulation.coordinates.dim(), (2000, 2));
        assert!((0..1000).all(|gene| simulation.counts[0].rows.contains(&gene)));
        let filled = simulation.counts[0].values.len() as f64 / 2e6;
        assert!((0.3..0.7).contains(&filled), "{filled} of the entries are not zero");
        let sizes = counts.library_sizes();
        let mean = sizes.iter().sum::<f64>() / 2000.0;
        assert!((1800.0..2600.0).contains(&mean), "mean library size {mean}");
        Ok(())
    }

    #[test]
    fn same_bits_for_any_number_of_threads_and_other_for_another_seed() -> Result<()> {
        let params = Params { slices: 2, batch_effect: 0.3, ..small() };
        let run = |threads| crate::cluster::testing::in_pool(threads, || simulate_slices(&params, &Monitor::silent()));
        let one = run(1)?;
        assert_eq!(one, run(3)?);
        assert_ne!(one.counts, simulate_slices(&Params { seed: 2, ..params.clone() }, &Monitor::silent())?.counts);
        assert_ne!(one.counts[0], one.counts[1]);
        assert_eq!(one.slices.iter().filter(|&&slice| slice == 1).count(), 300);
        // One more slice changes nothing about the others.
        assert_eq!(simulate_slices(&Params { slices: 1, ..params }, &Monitor::silent())?.counts[0], one.counts[0]);
        Ok(())
    }

    #[test]
    fn counts_have_the_mean_and_variance_asked_for() -> Result<()> {
        let mut rng = substream(3, Stream::Counts, 0);
        let (mean, excess) = (6.0, 1.5);
        let draws: Vec<f64> = (0..40_000).map(|_| negative_binomial(mean, excess, &mut rng)).collect::<Result<_>>()?;
        let average = draws.iter().sum::<f64>() / 4e4;
        let variance = draws.iter().map(|draw| (draw - average).powi(2)).sum::<f64>() / 4e4;
        assert!((average - mean).abs() < 0.1, "{average}");
        assert!((variance - mean * (1.0 + excess)).abs() < 0.6, "{variance}");
        Ok(())
    }

    #[test]
    fn a_factor_model_keeps_the_layout_and_a_further_slice_changes_nothing() -> Result<()> {
        let params = Params { model: Model::Factor { factors: 4, separation: 1.0 }, ..small() };
        let run = |params: &Params| simulate_slices(params, &Monitor::silent());
        let (one, two) = (run(&params)?, run(&Params { slices: 2, ..params.clone() })?);
        assert_eq!(one.counts[0], two.counts[0]);
        assert_ne!(two.counts[0], two.counts[1]);
        let markers = run(&small())?;
        assert_eq!(one.labels, markers.labels);
        assert_ne!(one.counts, markers.counts);
        let pool = |threads| crate::cluster::testing::in_pool(threads, || run(&params));
        assert_eq!(pool(1)?, pool(3)?);
        Ok(())
    }

    #[test]
    fn tiny_libraries_still_leave_no_gene_and_no_spot_empty() -> Result<()> {
        let params = Params { library_size: 1.0, lattice: Lattice::Square, ..small() };
        let simulation = simulate_slices(&params, &Monitor::silent())?;
        let counts = simulation.counts[0].view()?;
        assert!(counts.library_sizes().iter().all(|&size| size > 0.0));
        assert!((0..200).all(|gene| simulation.counts[0].rows.contains(&gene)));
        Ok(())
    }

    #[test]
    fn names_the_argument_that_does_not_fit() {
        let cases = [
            (Params { slices: 0, ..small() }, "slices"),
            (Params { rows: 1, ..small() }, "rows"),
            (Params { columns: 0, ..small() }, "columns"),
            (Params { rows: usize::MAX, ..small() }, "rows"),
            (Params { genes: 0, ..small() }, "genes"),
            (Params { domains: 0, ..small() }, "domains"),
            (Params { domains: 76, ..small() }, "domains"),
            (Params { library_size: 0.0, ..small() }, "librarySize"),
            (Params { library_spread: f64::NAN, ..small() }, "librarySpread"),
            (Params { dispersion: -1.0, ..small() }, "dispersion"),
            (Params { marker_share: 1.5, ..small() }, "markerShare"),
            (Params { log_fold_change: f64::INFINITY, ..small() }, "logFoldChange"),
            (Params { gradient: -0.1, ..small() }, "gradient"),
            (Params { batch_effect: -0.1, ..small() }, "batchEffect"),
            (Params { model: Model::Factor { factors: 0, separation: 1.0 }, ..small() }, "nFactors"),
            (Params { model: Model::Factor { factors: usize::MAX, separation: 1.0 }, ..small() }, "nFactors"),
            (Params { model: Model::Factor { factors: 2, separation: f64::NAN }, ..small() }, "separation"),
            (Params { layout: Layout::Potts { interaction: 9.0 }, ..small() }, "interaction"),
        ];
        for (params, expected) in cases {
            let outcome = simulate_slices(&params, &Monitor::silent());
            assert!(matches!(outcome, Err(Error::Argument { argument, .. }) if argument == expected), "{expected}");
        }
    }
}
