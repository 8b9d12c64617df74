//! What can be chosen about simulated sections.

use super::lattice::Lattice;
use super::layout::Layout;
use super::model::Model;
use crate::error::{Error, Result};

/// Most entries (spots x genes) of all slices together: 100,000 spots with 20,000 genes.
const LARGEST_SIZE: usize = 2_000_000_000;

/// What can be chosen about simulated sections. The defaults resemble one small Visium section of cortex.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Number of slices, at least 1.
    pub slices: usize,
    /// Rows of the lattice, at least 2.
    pub rows: usize,
    /// Spots in a row of the lattice, at least 2.
    pub columns: usize,
    /// How spots are arranged.
    pub lattice: Lattice,
    /// Number of genes, at least 1.
    pub genes: usize,
    /// Number of domains, at least 1.
    pub domains: usize,
    /// How domains lie in the tissue.
    pub layout: Layout,
    /// Median total count of a spot, above 0.
    pub library_size: f64,
    /// Standard deviation of the log total count, 0 or more; a quarter of its variance is smooth over the tissue.
    pub library_spread: f64,
    /// Dispersion of abundant genes, 0 (Poisson) or more: the variance of a count of mean μ is
    /// μ + dispersion · μ² + μ / 10.
    pub dispersion: f64,
    /// Share of the genes that mark each domain, between 0 and 1.
    pub marker_share: f64,
    /// Mean log fold change (natural logarithm) of a marker in its domain, 0 or more.
    pub log_fold_change: f64,
    /// Standard deviation of the smooth log-scale variation of a gene that has nothing to do with domains, 0 or more.
    pub gradient: f64,
    /// Standard deviation of the log-scale shift of half the genes in every slice but the first, 0 or more.
    pub batch_effect: f64,
    /// How counts depend on the domain. A factor model takes the place of markers, dispersion and gradients.
    pub model: Model,
    /// Seed of everything drawn.
    pub seed: u64,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            slices: 1,
            rows: 50,
            columns: 40,
            lattice: Lattice::Hexagonal,
            genes: 1000,
            domains: 5,
            layout: Layout::Layered,
            library_size: 2000.0,
            library_spread: 0.4,
            dispersion: 0.1,
            marker_share: 0.06,
            log_fold_change: 0.7,
            gradient: 0.15,
            batch_effect: 0.0,
            model: Model::NegativeBinomial,
            seed: 1,
        }
    }
}

impl Params {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first value out of the range given with its field.
    pub(super) fn check(&self) -> Result<()> {
        let at_least = |argument, value: usize, least: usize| match value >= least {
            true => Ok(()),
            false => Err(Error::argument(argument, format!("must be at least {least}, not {value}"))),
        };
        let not_negative = |argument, value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(()),
            false => Err(Error::argument(argument, format!("must be finite and not negative, not {value}"))),
        };
        at_least("slices", self.slices, 1)?;
        at_least("rows", self.rows, 2)?;
        at_least("columns", self.columns, 2)?;
        at_least("genes", self.genes, 1)?;
        at_least("domains", self.domains, 1)?;
        not_negative("librarySize", self.library_size)?;
        not_negative("librarySpread", self.library_spread)?;
        not_negative("dispersion", self.dispersion)?;
        not_negative("logFoldChange", self.log_fold_change)?;
        not_negative("gradient", self.gradient)?;
        not_negative("batchEffect", self.batch_effect)?;
        if self.library_size < 1.0 {
            return Err(Error::argument("librarySize", format!("must be at least 1, not {}", self.library_size)));
        }
        if !(0.0..=1.0).contains(&self.marker_share) {
            return Err(Error::argument("markerShare", format!("must be between 0 and 1, not {}", self.marker_share)));
        }
        self.layout.check()?;
        self.model.check()?;
        self.check_size()
    }

    /// All counts, stored or zero, are drawn one by one and the stored ones are indexed by 32 bits in R: sections of
    /// more than [`LARGEST_SIZE`] entries are refused before memory is asked for. Each domain has to find room.
    fn check_size(&self) -> Result<()> {
        let entries = [self.rows, self.columns, self.slices, self.genes];
        let size = entries.into_iter().try_fold(1usize, usize::checked_mul).filter(|&size| size <= LARGEST_SIZE);
        if size.is_none() {
            let message = format!("x `columns` x `slices` x `genes` must be at most {LARGEST_SIZE} entries");
            return Err(Error::argument("rows", message));
        }
        let spots = self.rows * self.columns;
        if self.domains > spots / 4 {
            let message = format!("must leave at least four of the {spots} spots to each domain, not {}", self.domains);
            return Err(Error::argument("domains", message));
        }
        Ok(())
    }
}
