//! Which spots are compared with which.

use crate::error::{Error, Result};

/// What each domain is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// With all other spots that have a domain: one comparison a domain, in their order.
    Rest,
    /// With each other domain: (0, 1), (0, 2), ..., (1, 2), ..., the first against the second.
    Pairs,
}

/// The domain and the block of each spot.
#[derive(Clone, Debug)]
pub struct Groups {
    domain: Vec<Option<usize>>,
    block: Vec<usize>,
    /// Spots of each domain, one row a block.
    sizes: Vec<Vec<f64>>,
    domains: usize,
}

impl Groups {
    /// Groups of spots: `domain` from 0 to `domains` − 1, `None` for spots that are left out; `block` from 0.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `domain` or `block`.
    pub fn new(domain: &[Option<usize>], domains: usize, block: &[usize]) -> Result<Self> {
        if domains < 2 || domain.iter().flatten().any(|&own| own >= domains) {
            return Err(Error::argument("domain", format!("must have two or more domains below {domains}")));
        }
        if block.len() != domain.len() {
            return Err(Error::argument("block", format!("has {} values for {} spots", block.len(), domain.len())));
        }
        let mut sizes = vec![vec![0.0; domains]; block.iter().max().map_or(0, |last| last + 1)];
        for (own, &block) in domain.iter().zip(block) {
            if let Some(own) = own {
                sizes[block][*own] += 1.0;
            }
        }
        Ok(Groups { domain: domain.to_vec(), block: block.to_vec(), sizes, domains })
    }

    /// Number of spots, those that are left out included.
    pub fn spots(&self) -> usize {
        self.domain.len()
    }

    /// Number of domains.
    pub fn domains(&self) -> usize {
        self.domains
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.sizes.len()
    }

    /// Block and domain of a spot, or `None` for one that is left out.
    #[inline]
    pub fn of_spot(&self, spot: usize) -> Option<(usize, usize)> {
        self.domain[spot].map(|own| (self.block[spot], own))
    }

    /// Spots of each domain in one block.
    pub fn sizes(&self, block: usize) -> &[f64] {
        &self.sizes[block]
    }

    /// The two sides of each comparison; no second one for the rest.
    pub fn sides(&self, comparison: Comparison) -> Vec<(usize, Option<usize>)> {
        match comparison {
            Comparison::Rest => (0..self.domains).map(|own| (own, None)).collect(),
            Comparison::Pairs => {
                (0..self.domains).flat_map(|a| (a + 1..self.domains).map(move |b| (a, Some(b)))).collect()
            }
        }
    }

    /// Spots on the two sides of a comparison in one block.
    pub(super) fn side_sizes(&self, block: usize, side: (usize, Option<usize>)) -> (f64, f64) {
        let sizes = &self.sizes[block];
        let own = sizes[side.0];
        (own, side.1.map_or_else(|| sizes.iter().sum::<f64>() - own, |other| sizes[other]))
    }
}
