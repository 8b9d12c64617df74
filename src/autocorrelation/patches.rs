//! Tissue cut into compact patches of about the same number of spots.

use crate::error::{Error, Result};
use crate::graph::{equidistant, spacing};
use crate::monitor::Monitor;
use ndarray::{Array2, ArrayView2, Axis};

/// Number of patches aimed at: enough to see variation of any range that matters to a domain, few enough for dense
/// algebra on them.
const PATCHES: usize = 256;
/// More than this are made coarser, for domains in many pieces.
const MOST: usize = 400;
/// Largest squared extent of a patch in units of the area that its spots cover on average. Patches of scattered spots
/// are cut further, as their shape is taken for a normal distribution from afar.
const SLACK: f64 = 5.0;

/// Largest number of parts of a patch.
const PARTS: usize = 16;

/// Where some spots lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Number of spots.
    pub count: f64,
    /// Mean position.
    pub centre: [f64; 2],
    /// Variances of x and y and their covariance.
    pub spread: [f64; 3],
}

/// Spots that lie together, of one slice and one stratum.
pub(super) struct Patch {
    pub spots: Vec<usize>,
    pub slice: usize,
    pub stratum: usize,
    pub place: Place,
    /// The same spots in parts: single spots unless there are very many.
    pub parts: Vec<Place>,
}

/// All patches. Places are in units in which a spot covers an area of 1 on its slice.
pub(super) struct Patches {
    pub list: Vec<Patch>,
    /// Largest extent of a slice.
    pub extent: f64,
}

impl Patches {
    /// Cuts the spots that have a stratum; `coords` is spots x 2, `slice` the slice number of each spot.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `coords` when a slice has all spots at one place.
    pub fn new(coords: ArrayView2<f64>, slice: &[usize], stratum: &[Option<usize>], monitor: &Monitor) -> Result<Self> {
        let mut positions = Array2::zeros(coords.raw_dim());
        let (mut groups, mut extent) = (Vec::new(), 0.0f64);
        for own in 0..slice.iter().max().map_or(0, |last| last + 1) {
            let members: Vec<usize> =
                (0..slice.len()).filter(|&spot| slice[spot] == own && stratum[spot].is_some()).collect();
            if members.is_empty() {
                continue;
            }
            let scaled = unit_density(coords.select(Axis(0), &members), monitor)?;
            for (&spot, row) in members.iter().zip(scaled.rows()) {
                positions.row_mut(spot).assign(&row);
            }
            extent = extent.max(longest_side(&positions, &members).1);
            let mut by_stratum = members;
            by_stratum.sort_by_key(|&spot| stratum[spot]);
            groups.extend(by_stratum.chunk_by(|&a, &b| stratum[a] == stratum[b]).map(<[usize]>::to_vec));
        }
        let size = groups.iter().map(Vec::len).sum::<usize>().div_ceil(PATCHES);
        let (mut slack, mut pieces) = (SLACK, cut_all(&groups, &positions, size, SLACK));
        while pieces.len() > MOST && slack < extent * extent {
            slack *= 2.0;
            pieces = cut_all(&groups, &positions, size, slack);
        }
        let patch = |spots: Vec<usize>| {
            let mut parts = Vec::new();
            cut(spots.clone(), &positions, spots.len().div_ceil(PARTS), f64::INFINITY, &mut parts);
            Patch {
                slice: slice[spots[0]],
                stratum: stratum[spots[0]].unwrap_or(0),
                place: Place::of(&positions, &spots),
                parts: parts.iter().map(|part| Place::of(&positions, part)).collect(),
                spots,
            }
        };
        Ok(Patches { list: pieces.into_iter().map(patch).collect(), extent })
    }
}

/// Coordinates of one slice in which a spot covers an area of 1 on average.
pub(super) fn unit_density(coords: Array2<f64>, monitor: &Monitor) -> Result<Array2<f64>> {
    let coords = equidistant(&coords, monitor)?;
    let nearest = spacing(&coords, monitor)?.or_else(|| (coords.nrows() == 1).then_some(1.0));
    let nearest = nearest.ok_or_else(|| Error::argument("coords", "is the same place for all spots of a slice"))?;
    let side = |axis: usize| {
        let column = coords.column(axis);
        column.fold(f64::NEG_INFINITY, |most, &value| most.max(value))
            - column.fold(f64::INFINITY, |least, &value| least.min(value))
    };
    // Spots in a line cover no area of their bounding box.
    let area = (side(0) * side(1) / coords.nrows() as f64).max(nearest * nearest);
    Ok(coords / area.sqrt())
}

/// The axis along which spots extend furthest, and how far.
fn longest_side(positions: &Array2<f64>, spots: &[usize]) -> (usize, f64) {
    let side = |axis: usize| {
        let values = spots.iter().map(|&spot| positions[[spot, axis]]);
        let bounds =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        bounds.1 - bounds.0
    };
    let (x, y) = (side(0), side(1));
    if x >= y { (0, x) } else { (1, y) }
}

fn cut_all(groups: &[Vec<usize>], positions: &Array2<f64>, size: usize, slack: f64) -> Vec<Vec<usize>> {
    let mut pieces = Vec::new();
    groups.iter().for_each(|group| cut(group.clone(), positions, size, slack, &mut pieces));
    pieces
}

/// Halves spots along their longest side until pieces have at most `size` spots and are compact.
fn cut(mut spots: Vec<usize>, positions: &Array2<f64>, size: usize, slack: f64, pieces: &mut Vec<Vec<usize>>) {
    let (axis, side) = longest_side(positions, &spots);
    let compact = spots.len() <= 2 || side * side <= slack * size as f64;
    if spots.len() == 1 || (spots.len() <= size && compact) {
        pieces.push(spots);
        return;
    }
    let place = |spot: usize| (positions[[spot, axis]], positions[[spot, 1 - axis]]);
    spots.sort_by(|&a, &b| {
        let (a, b) = (place(a), place(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    // Parts in proportion to the pieces that they will be cut into, so that these are equally large.
    let parts = spots.len().div_ceil(size).max(2);
    let rest = spots.split_off((spots.len() * (parts / 2) / parts).max(1));
    cut(spots, positions, size, slack, pieces);
    cut(rest, positions, size, slack, pieces);
}

impl Place {
    fn of(positions: &Array2<f64>, spots: &[usize]) -> Self {
        let count = spots.len() as f64;
        let mean = |axis: usize| spots.iter().map(|&spot| positions[[spot, axis]]).sum::<f64>() / count;
        let centre = [mean(0), mean(1)];
        let product = |a: usize, b: usize| {
            let apart = |spot: usize, axis: usize| positions[[spot, axis]] - centre[axis];
            spots.iter().map(|&spot| apart(spot, a) * apart(spot, b)).sum::<f64>() / count
        };
        Place { count, centre, spread: [product(0, 0), product(1, 1), product(0, 1)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square array in units of 3, its left and its right half two strata, every seventh spot without one.
    fn halves(side: usize) -> (Array2<f64>, Vec<Option<usize>>) {
        let coords = Array2::from_shape_fn((side * side, 2), |(spot, axis)| {
            3.0 * (if axis == 0 { spot % side } else { spot / side }) as f64
        });
        let stratum = |spot: usize| (!spot.is_multiple_of(7)).then_some(usize::from(2 * (spot % side) >= side));
        (coords, (0..side * side).map(stratum).collect())
    }

    #[test]
    fn patches_are_a_partition_of_compact_pieces() {
        let (coords, stratum) = halves(40);
        let patches = Patches::new(coords.view(), &[0; 1600], &stratum, &Monitor::silent()).unwrap();
        let mut seen: Vec<usize> = patches.list.iter().flat_map(|patch| patch.spots.clone()).collect();
        seen.sort_unstable();
        let expected: Vec<usize> = (0..1600).filter(|&spot| stratum[spot].is_some()).collect();
        assert_eq!(seen, expected);
        assert!((200..=MOST).contains(&patches.list.len()), "{}", patches.list.len());
        for patch in &patches.list {
            assert!(patch.spots.iter().all(|&spot| stratum[spot] == Some(patch.stratum)));
            assert!(patch.spots.len() <= 6);
            assert!(longest_side(&coords, &patch.spots).1 < 18.0);
            assert!(patch.parts.iter().all(|part| part.count == 1.0 && part.spread == [0.0; 3]));
        }
        assert!((patches.extent - 40.0).abs() < 4.0);
    }

    #[test]
    fn slices_have_units_and_patches_of_their_own() {
        let (coords, stratum) = halves(10);
        let mut both = ndarray::concatenate![Axis(0), coords, coords];
        both.slice_mut(ndarray::s![100.., ..]).mapv_inplace(|value| 50.0 * value + 7.0);
        let slice: Vec<usize> = (0..200).map(|spot| spot / 100).collect();
        let patches =
            Patches::new(both.view(), &slice, &[stratum.clone(), stratum].concat(), &Monitor::silent()).unwrap();
        let (first, second): (Vec<&Patch>, Vec<&Patch>) = patches.list.iter().partition(|patch| patch.slice == 0);
        assert_eq!(first.len(), second.len());
        for (a, b) in first.iter().zip(&second) {
            assert!(a.spots.iter().zip(&b.spots).all(|(a, b)| a + 100 == *b));
            assert!(a.place.spread.iter().zip(b.place.spread).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn scattered_labels_and_lines_are_cut_in_bounds() {
        let (coords, _) = halves(60);
        let scattered: Vec<Option<usize>> = (0..3600).map(|spot| Some((spot * spot + spot / 7) % 6)).collect();
        let patches = Patches::new(coords.view(), &[0; 3600], &scattered, &Monitor::silent()).unwrap();
        assert!(patches.list.len() <= MOST + 6, "{}", patches.list.len());
        let (many, _) = halves(100);
        let large = Patches::new(many.view(), &[0; 10_000], &[Some(0); 10_000], &Monitor::silent()).unwrap();
        for patch in &large.list {
            assert!((12..=PARTS).contains(&patch.parts.len()), "{}", patch.parts.len());
            assert_eq!(patch.parts.iter().map(|part| part.count).sum::<f64>(), patch.place.count);
        }
        let line = Array2::from_shape_fn((50, 2), |(spot, axis)| if axis == 0 { spot as f64 } else { 0.0 });
        assert_eq!(Patches::new(line.view(), &[0; 50], &[Some(0); 50], &Monitor::silent()).unwrap().list.len(), 50);
        let point = Patches::new(Array2::ones((5, 2)).view(), &[0; 5], &[Some(0); 5], &Monitor::silent());
        assert!(matches!(point, Err(Error::Argument { argument: "coords", .. })));
    }
}
