//! Standard normal numbers.

use crate::random::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}
