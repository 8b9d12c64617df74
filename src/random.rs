//! Seeded ChaCha streams. Nothing in the crate draws a random number from anywhere else.

use rand::SeedableRng;
pub use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. Each purpose has a stream of its own under one seed, so that one more
/// draw for one purpose never shifts the numbers of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Stream {
    /// Test matrix of the randomised singular value decomposition.
    Sketch = 1,
    /// Starting centres of k-means.
    Centres = 2,
    /// Starting weights of the network.
    Weights = 3,
    /// Masks of the augmented views.
    Masks = 4,
    /// Noise of the sampled latent variables.
    Noise = 5,
    /// Perturbations of the network's parameters.
    Perturbation = 6,
    /// Subsamples of spots.
    Subsample = 7,
    /// Layout of simulated tissue.
    Layout = 8,
    /// Expression profiles of simulated tissue.
    Expression = 9,
    /// Counts of simulated tissue.
    Counts = 10,
    /// Directions of a surface in the space of the network's parameters.
    Direction = 11,
    /// Tiles drawn with replacement.
    Bootstrap = 13,
    /// Counts split into two independent parts.
    Split = 12,
    /// Factor model of simulated tissue.
    Factors = 41,
    /// Signs that probe the trace of a matrix.
    Probe = 42,
    /// Components and spots of swaps.
    Swaps = 43,
    /// Spots put together from cells of a source.
    Mixtures = 44,
    /// Labels of a source, shuffled.
    Labels = 45,
    /// Samples of matches between slices.
    Consensus = 40,
}

/// The stream of random numbers for one purpose under one seed.
pub fn stream(seed: u64, purpose: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// The stream for item `index` of a purpose (a restart, a member, an epoch): independent of how many items there
/// are and of the order, and so of the thread, in which they are taken.
pub fn substream(seed: u64, purpose: Stream, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((index + 1) << 8) | purpose as u64);
    rng
}
