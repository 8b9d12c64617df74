//! The map on which the most spots have an agreeing match: random sample consensus (Fischler & Bolles 1981,
//! Communications of the ACM 24, 381-395) with a truncated quadratic score (Torr & Zisserman 2000, Computer Vision and
//! Image Understanding 78, 138-156), then least squares reweighted until they stand.

use super::transform::{Family, Place, Transform, distance, squared_distance};
use super::{AlignParams, Match};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::random::{ChaCha8Rng, Stream, substream};
use rand::Rng;
use rayon::prelude::*;

/// Maps that are drawn. With one match in twenty right, a pair of right ones is drawn five times.
const DRAWS: u64 = 2000;
/// Samples looked at for one map: most are refused, because their lengths differ, before anything is counted.
const SAMPLES: usize = 200;
/// Best maps that are fitted to all matches that agree.
const FINALISTS: usize = 10;
/// Rounds of reweighted least squares at most.
const ROUNDS: usize = 50;
/// Matches by which drawn maps are compared, at most about: those of spots at even steps.
const COMPARED: usize = 20_000;
/// Places of a sample lie apart by at least this share of the root mean square distance from their centre: near ones
/// say little about the angle.
const APART: f64 = 0.25;
/// Largest factor by which a map may stretch or shrink beyond what the spacings of the two slices say. Without a bound
/// a map that shrinks a slice to one place of the reference wins.
const STRETCH: f64 = 2.0;
/// Ratio of the spacings beyond which slices hardly have the same unit.
const UNITS: f64 = 1.5;

/// A match as a pair of places.
#[derive(Clone, Copy)]
struct Pair {
    spot: usize,
    from: Place,
    to: Place,
    weight: f64,
}

struct Search<'a> {
    pairs: Vec<Pair>,
    compared: Vec<Pair>,
    family: Family,
    reach: f64,
    /// Least distance between places of a sample.
    apart: f64,
    /// Bounds of the singular values.
    stretches: [f64; 2],
    seed: u64,
    monitor: &'a Monitor<'a>,
}

/// The best map, and for each spot how well its best match agrees with it, from 0 to 1. `spacings` are those of the
/// moving slice and of the reference.
///
/// # Errors
/// [`Error::Argument`] naming `x`, `transform` or `tolerance`; [`Error::Interrupted`].
pub(super) fn find(
    matches: &[Match],
    from: &[Place],
    to: &[Place],
    spacings: [f64; 2],
    params: &AlignParams,
    monitor: &Monitor,
) -> Result<(Transform, Vec<f64>)> {
    let place = |one: &Match| Pair { spot: one.spot, from: from[one.spot], to: to[one.reference], weight: one.weight };
    let pairs: Vec<Pair> = matches.iter().map(place).collect();
    let [own, other] = spread(&pairs);
    check_spread(own, other, params.family)?;
    let step = pairs.len().div_ceil(COMPARED);
    let compared = pairs.iter().filter(|pair| pair.spot % step == 0).copied().collect();
    let ratio = spacings[1] / spacings[0];
    let search = Search {
        pairs,
        compared,
        family: params.family,
        reach: params.tolerance * spacings[1],
        apart: APART * (own[0] + own[1]).sqrt(),
        stretches: [ratio / STRETCH, ratio * STRETCH],
        seed: params.seed,
        monitor,
    };
    let handedness: &[bool] = if params.reflect { &[false, true] } else { &[false] };
    let mut drawn = Vec::new();
    for &mirrored in handedness {
        drawn.extend(search.draw(mirrored)?);
    }
    drawn.sort_by(|a, b| b.1.total_cmp(&a.1));
    let polished = drawn.iter().take(FINALISTS).map(|(map, _)| search.polish(*map));
    let scored = polished.map(|map| (map, search.score(&map)));
    let best = scored.reduce(|best, next| if next.1 > best.1 { next } else { best });
    let (map, _) = best.ok_or_else(|| no_map(params, ratio))?;
    Ok((map, search.trust(&map, from.len())))
}

impl Search<'_> {
    /// Maps through samples of matches and their scores, in the order of the draws.
    fn draw(&self, mirrored: bool) -> Result<Vec<(Transform, f64)>> {
        let one = |index: u64| -> Result<Option<(Transform, f64)>> {
            self.monitor.check()?;
            let mut rng = substream(self.seed, Stream::Consensus, 2 * index + u64::from(mirrored));
            let map = (0..SAMPLES).find_map(|_| self.sample(mirrored, &mut rng));
            Ok(map.map(|map| (map, self.score(&map))))
        };
        let found: Vec<Option<(Transform, f64)>> = (0..DRAWS).into_par_iter().map(one).collect::<Result<_>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The map through a few matches drawn at random, if they can all be right.
    fn sample(&self, mirrored: bool, rng: &mut ChaCha8Rng) -> Option<Transform> {
        let sample: Vec<Pair> =
            (0..self.family.pairs()).map(|_| self.pairs[rng.random_range(0..self.pairs.len())]).collect();
        for (index, a) in sample.iter().enumerate() {
            for b in &sample[..index] {
                let (own, other) = (distance(a.from, b.from), distance(a.to, b.to));
                if own < self.apart || self.family == Family::Rigid && (own - other).abs() > 2.0 * self.reach {
                    return None;
                }
            }
        }
        let pairs = sample.iter().map(|pair| (pair.from, pair.to, 1.0));
        Transform::fit(self.family, mirrored, pairs).filter(|map| self.allowed(map))
    }

    fn allowed(&self, map: &Transform) -> bool {
        let [most, least] = map.stretches();
        self.family == Family::Rigid || least >= self.stretches[0] && most <= self.stretches[1]
    }

    /// Sum over spots of weight · (1 − (distance / reach)²) of the best match, none beyond reach. A spot counts once,
    /// so that a map cannot win by a few spots that have many matches.
    fn score(&self, map: &Transform) -> f64 {
        let value = |pair: &Pair| pair.weight * self.nearness(map, pair);
        let spots = self.compared.chunk_by(|a, b| a.spot == b.spot);
        spots.map(|matches| matches.iter().map(value).fold(0.0, f64::max)).sum()
    }

    /// The value of each spot in the score.
    fn trust(&self, map: &Transform, spots: usize) -> Vec<f64> {
        let mut trust = vec![0.0; spots];
        for pair in &self.pairs {
            trust[pair.spot] = f64::max(trust[pair.spot], pair.weight * self.nearness(map, pair));
        }
        trust
    }

    /// 1 − (distance / reach)², or 0 beyond reach.
    fn nearness(&self, map: &Transform, pair: &Pair) -> f64 {
        (1.0 - squared_distance(map.apply(pair.from), pair.to) / (self.reach * self.reach)).max(0.0)
    }

    /// Least squares on all matches with Tukey's biweight, from a drawn map; the last map within the bounds.
    fn polish(&self, drawn: Transform) -> Transform {
        let mut map = drawn;
        for _ in 0..ROUNDS {
            let weight = |pair: &Pair| pair.weight * self.nearness(&map, pair).powi(2);
            let weighted: Vec<(Place, Place, f64)> =
                self.pairs.iter().map(|pair| (pair.from, pair.to, weight(pair))).collect();
            let next = Transform::fit(self.family, drawn.mirrored(), weighted.iter().copied());
            match next.filter(|next| self.allowed(next) && *next != map) {
                Some(next) => map = next,
                None => break,
            }
        }
        map
    }
}

fn no_map(params: &AlignParams, ratio: f64) -> Error {
    if params.family == Family::Rigid && !(1.0 / UNITS..=UNITS).contains(&ratio) {
        let message = format!(
            "is \"rigid\", and spots of the reference lie {ratio:.3} times as far apart as those of the other slice; \
             use \"similarity\" where their units differ"
        );
        return Error::argument("transform", message);
    }
    let message = format!("is {}, and no map agrees with the matches; raise it, or `nNeighbours`", params.tolerance);
    Error::argument("tolerance", message)
}

/// Variance of the matched places along and across their main direction, in the moving slice and in the reference.
fn spread(pairs: &[Pair]) -> [[f64; 2]; 2] {
    let variances = |place: fn(&Pair) -> Place| {
        let count = pairs.len() as f64;
        let mean = |axis: usize| pairs.iter().map(|pair| place(pair)[axis]).sum::<f64>() / count;
        let centre = [mean(0), mean(1)];
        let moment = |a: usize, b: usize| {
            pairs.iter().map(|pair| (place(pair)[a] - centre[a]) * (place(pair)[b] - centre[b])).sum::<f64>() / count
        };
        let (xx, xy, yy) = (moment(0, 0), moment(0, 1), moment(1, 1));
        let (middle, half) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
        [middle + half, (middle - half).max(0.0)]
    };
    [variances(|pair| pair.from), variances(|pair| pair.to)]
}

fn check_spread(own: [f64; 2], other: [f64; 2], family: Family) -> Result<()> {
    let near = |[along, across]: [f64; 2], share: f64| across <= share * along;
    if own[0] == 0.0 || other[0] == 0.0 {
        return Err(Error::argument("x", "has slices whose matched spots share one place; choose other slices"));
    }
    if family == Family::Affine && (near(own, 1e-6) || near(other, 1e-6)) {
        let message = "cannot be \"affine\": the matched spots lie on a line; use \"rigid\" or \"similarity\"";
        return Err(Error::argument("transform", message));
    }
    Ok(())
}
