//! How domains lie in the tissue.

use crate::error::{Error, Result};

/// How domains lie in the tissue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layout {
    /// Curved bands of unequal thickness, like the layers of cortex. Domains are numbered along the depth; slices have
    /// the same layers with other folds.
    Layered,
    /// Patches of a Potts model with this interaction between neighbours, 0 (no patches) to 5. Every slice has patches
    /// of its own.
    Potts {
        /// The interaction β.
        interaction: f64,
    },
}

impl Layout {
    /// Patches of some hundred spots on a hexagonal lattice.
    pub const PATCHES: Layout = Layout::Potts { interaction: 1.5 };

    pub(super) fn check(self) -> Result<()> {
        match self {
            Layout::Potts { interaction } if !(0.0..=5.0).contains(&interaction) => {
                Err(Error::argument("interaction", format!("must be between 0 and 5, not {interaction}")))
            }
            _ => Ok(()),
        }
    }
}
