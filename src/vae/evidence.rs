//! How far the network is to be trusted: what it expects of tiles of tissue it was not trained on, beside what is
//! linear in their surroundings.

use super::objective::Objective;
use super::parameters::Parameters;
use super::params::{EpochRecord, TrainParams};
use super::sample::{Sample, matrix};
use super::train::{Trained, Training};
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use crate::surroundings::{Linear, Surroundings};
use crate::tiles::{folds, graph_tiles};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Parts of the tissue: one is held out, and in turn where the penalty of what is linear is chosen.
pub(super) const FOLDS: usize = 5;
/// Tiles that must be held out at least for an error to be told from chance.
const FEWEST_TILES: usize = 5;
/// Spots that take part at most, by whole tiles: more tell hardly more.
const MOST_SPOTS: usize = 5000;
/// Epochs between two looks at the held-out tiles, and looks without progress after which training ends. A gain that
/// grows by less than this share is no progress.
const INTERVAL: usize = 10;
const PATIENCE: usize = 3;
const PROGRESS: f64 = 0.02;
/// After so many epochs there is one test whether the network is ahead at all: it must save half of the least share
/// that is asked of it in the end, and be three standard errors from nothing. Later looks choose among many.
const PILOT: usize = 20;
const PILOT_ERRORS: f64 = 3.0;
/// The least share of the error that the network must save in the end, and by how many standard errors it must be more
/// than nothing. What saves less moves hardly any spot to another domain, and takes several times as long.
const LEAST_GAIN: f64 = 0.005;
const STANDARD_ERRORS: f64 = 2.0;

/// What the held-out tiles say.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// How far to go from what is linear to what the network expects, in [0, 1]: the least squares of the tiles; 0 if
    /// what that saves could be chance.
    pub share: f64,
    /// Share of the squared error of what is linear that this saves.
    pub gain: f64,
    /// Standard error of `gain` over tiles.
    pub error: f64,
    /// Share of the squares of the scores that what is linear explains there.
    pub explained: f64,
    /// Epochs of training after which it saves most.
    pub epochs: usize,
}

/// The evidence, and how far training for it went.
pub(super) struct Trial {
    pub evidence: Evidence,
    pub parameters: Parameters,
    pub history: Vec<EpochRecord>,
}

/// Trains on four fifths of the tiles of a section with these `scores` and looks at the last fifth; none if there are
/// too few tiles.
///
/// # Errors
/// [`crate::Error::Interrupted`], [`crate::Error::Numeric`].
pub(super) fn trial(
    scores: ArrayView2<f64>,
    batch: &[usize],
    graph: &SpatialGraph,
    params: &TrainParams,
    monitor: &Monitor,
) -> Result<Option<Trial>> {
    let tiles = graph_tiles(graph);
    let count = tiles.iter().max().map_or(0, |last| last + 1);
    if count < FOLDS * FEWEST_TILES {
        return Ok(None);
    }
    let every = scores.nrows().div_ceil(MOST_SPOTS);
    let rows = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..tiles.len())
            .filter(|&spot| (tiles[spot] / FOLDS).is_multiple_of(every) && wanted(tiles[spot] % FOLDS))
            .collect()
    };
    let (training, held_out) = (rows(&|fold| fold > 0), rows(&|fold| fold == 0));
    let (inside, outside) = (Surroundings::new(graph, &training), Surroundings::new(graph, &held_out));
    let fold: Vec<usize> = folds(&tiles, FOLDS);
    let training_folds: Vec<usize> = training.iter().map(|&row| fold[row] - 1).collect();
    let (means, own) = (inside.means(scores), scores.select(Axis(0), &training));
    let linear = Linear::fit(means.view(), own.view(), &training_folds)?;
    let sample = Sample::new(scores, &training, &inside, linear.predict(means.view()).view(), batch)?;
    let expected = linear.predict(outside.means(scores).view());
    let unseen = Sample::new(scores, &held_out, &outside, expected.view(), batch)?;
    let examined = Examined::new(&unseen, held_out.iter().map(|&row| tiles[row]).collect())?;
    let look = Objective::new(&unseen, params, monitor);
    let mut looks = Looks::new(examined.explained());
    let mut training = Training::new(scores.ncols(), sample.batches, params)?;
    training.on(&sample, params.epochs, monitor, |epoch, parameters| {
        if epoch % INTERVAL == 0 || epoch == params.epochs {
            looks.take(examined.evidence(&look.instance(parameters)?, epoch));
        }
        Ok(looks.promising(epoch))
    })?;
    let Trained { parameters, history } = training.finish()?;
    Ok(Some(Trial { evidence: looks.verdict(), parameters, history }))
}

/// The best of all looks at the held-out tiles.
struct Looks {
    best: Evidence,
    /// The last epoch with progress.
    progress: usize,
    /// Whether the test of the pilot was failed.
    failed: bool,
}

impl Looks {
    fn new(explained: f64) -> Self {
        let best = Evidence { share: 0.0, gain: 0.0, error: 0.0, explained, epochs: 0 };
        Looks { best, progress: 0, failed: false }
    }

    fn take(&mut self, found: Evidence) {
        if found.epochs == PILOT {
            self.failed = !passes(&found, 0.5 * LEAST_GAIN, PILOT_ERRORS);
        }
        if found.gain > (1.0 + PROGRESS) * self.best.gain {
            self.progress = found.epochs;
        }
        if found.gain > self.best.gain {
            self.best = found;
        }
    }

    /// Whether more training may pay.
    fn promising(&self, epoch: usize) -> bool {
        !self.failed && epoch < self.progress + PATIENCE * INTERVAL
    }

    /// The best look; with a share of 0 if what it saves could be chance or is too little.
    fn verdict(self) -> Evidence {
        let used = !self.failed && passes(&self.best, LEAST_GAIN, STANDARD_ERRORS);
        Evidence { share: if used { self.best.share } else { 0.0 }, ..self.best }
    }
}

fn passes(found: &Evidence, least: f64, errors: f64) -> bool {
    found.gain >= least && found.gain >= errors * found.error
}

/// The held-out spots: what of them is not linear in their surroundings, and in which tile they lie.
struct Examined {
    own: Array2<f64>,
    linear: Array2<f64>,
    tiles: Vec<usize>,
}

impl Examined {
    fn new(unseen: &Sample, tiles: Vec<usize>) -> Result<Self> {
        let mut known = tiles.clone();
        known.sort_unstable();
        known.dedup();
        let tiles = tiles.iter().map(|tile| known.partition_point(|other| other < tile)).collect();
        Ok(Examined { own: matrix(&unseen.own)?, linear: matrix(&unseen.linear)?, tiles })
    }

    fn explained(&self) -> f64 {
        let squares = |values: &Array2<f64>| values.iter().map(|value| value * value).sum::<f64>();
        1.0 - squares(&(&self.own - &self.linear)) / squares(&self.own).max(f64::MIN_POSITIVE)
    }

    /// The error is quadratic in the share: Σ ‖r − share · f‖² with r = own − linear and f = network − linear.
    fn evidence(&self, network: &Array2<f64>, epochs: usize) -> Evidence {
        let count = self.tiles.iter().max().map_or(0, |last| last + 1);
        let (rest, shift) = (&self.own - &self.linear, network - &self.linear);
        let by_tile = |products: Array2<f64>| {
            let mut sums = Array1::<f64>::zeros(count);
            products.rows().into_iter().zip(&self.tiles).for_each(|(row, &tile)| sums[tile] += row.sum());
            sums
        };
        let (errors, cross, squares) = (by_tile(&rest * &rest), by_tile(&rest * &shift), by_tile(&shift * &shift));
        let share = (cross.sum() / squares.sum().max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let saved = 2.0 * share * &cross - share * share * &squares;
        let total = errors.sum().max(f64::MIN_POSITIVE);
        let gain = saved.sum() / total;
        // A ratio of sums over tiles: its residuals by tile.
        let residual = (saved - gain * &errors).mapv(|value| value * value).sum();
        let error = (residual * count as f64 / (count as f64 - 1.0).max(1.0)).sqrt() / total;
        Evidence { share, gain, error, explained: self.explained(), epochs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_has_the_least_error_and_stays_between_none_and_all() {
        let own = Array2::from_shape_fn((60, 2), |(row, column)| ((row * 7 + column * 3) % 11) as f64 - 5.0);
        let examined = Examined {
            linear: Array2::zeros(own.raw_dim()),
            own: own.clone(),
            tiles: (0..60).map(|row| row / 6).collect(),
        };
        let noise = Array2::from_shape_fn((60, 2), |(row, column)| ((row * 5 + column) % 7) as f64 - 3.0);
        let error = |share: f64, network: &Array2<f64>| squares(&(&own - &(share * network)));
        let network = &own + &noise;
        let found = examined.evidence(&network, 1);
        assert!(found.share > 0.0 && found.share < 1.0);
        assert!((1.0 - error(found.share, &network) / squares(&own) - found.gain).abs() < 1e-12);
        for other in [found.share - 0.01, found.share + 0.01] {
            assert!(error(other, &network) > error(found.share, &network));
        }
        assert_eq!(examined.evidence(&-&own, 1).share, 0.0);
        let whole = examined.evidence(&(2.0 * &own), 1);
        assert!((whole.share - 0.5).abs() < 1e-12 && (whole.gain - 1.0).abs() < 1e-12 && whole.error < 1e-12);
        assert_eq!(examined.evidence(&(0.5 * &own), 1).share, 1.0);
    }

    fn squares(values: &Array2<f64>) -> f64 {
        values.iter().map(|value| value * value).sum()
    }
}
