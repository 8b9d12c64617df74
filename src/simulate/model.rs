//! What can be chosen of how counts depend on the domain.

use crate::error::{Error, Result};

/// Most factors: the covariances of domains take memory with their square.
const MOST_FACTORS: usize = 1000;

/// How counts depend on the domain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Model {
    /// Negative binomial counts; domains have markers.
    NegativeBinomial,
    /// Poisson counts whose log means are W v + e, with v | domain k ~ N(μ_k, Σ_k).
    Factor {
        /// Number of factors, from 1 to 1000.
        factors: usize,
        /// Root mean square distance between the μ of two domains, 0 or more; within a domain the factors have a
        /// variance of 1 on average.
        separation: f64,
    },
    /// Negative binomial counts of single cells; domains differ in the types of cell they hold and have the same mean.
    Niches {
        /// Root mean square distance over genes between the log means of the two types of a domain, 0 or more.
        separation: f64,
    },
}

impl Model {
    pub(super) fn check(self) -> Result<()> {
        match self {
            Model::Factor { factors, .. } if factors == 0 || factors > MOST_FACTORS => {
                Err(Error::argument("nFactors", format!("must be from 1 to {MOST_FACTORS}, not {factors}")))
            }
            Model::Factor { separation, .. } | Model::Niches { separation }
                if !separation.is_finite() || separation < 0.0 =>
            {
                Err(Error::argument("separation", format!("must be finite and not negative, not {separation}")))
            }
            _ => Ok(()),
        }
    }
}
