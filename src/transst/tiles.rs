//! Tiles of tissue: compact groups of neighbouring spots, for cross-validation and the bootstrap. Neighbours repeat
//! each other, so leaving out or drawing single spots would tell too little of the error.

use ndarray::ArrayView2;

/// Spots of a tile, about.
const SPOTS: f64 = 25.0;

/// Tile of each spot, numbered from 0: squares of one size on every slice, about 25 spots each, by slice, row and
/// column. `coords` is spots x 2.
pub fn tiles(coords: ArrayView2<f64>, slice: &[usize]) -> Vec<usize> {
    let slices = slice.iter().max().map_or(0, |last| last + 1);
    let mut keys: Vec<(usize, i64, i64)> = vec![(0, 0, 0); slice.len()];
    for own in 0..slices {
        let spots: Vec<usize> = (0..slice.len()).filter(|&spot| slice[spot] == own).collect();
        let range = |axis: usize| {
            let values = spots.iter().map(|&spot| coords[[spot, axis]]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
        };
        let ((left, right), (top, bottom)) = (range(0), range(1));
        let (width, height) = (right - left, bottom - top);
        let share = SPOTS / spots.len() as f64;
        // A section on one line is cut along it; spots in one place are one tile.
        let side = if width * height > 0.0 { (width * height * share).sqrt() } else { width.max(height) * share };
        let side = if side > 0.0 { side } else { 1.0 };
        for &spot in &spots {
            let cell = |axis: usize, low: f64| ((coords[[spot, axis]] - low) / side) as i64;
            keys[spot] = (own, cell(1, top), cell(0, left));
        }
    }
    let mut known = keys.clone();
    known.sort_unstable();
    known.dedup();
    keys.iter().map(|key| known.partition_point(|other| other < key)).collect()
}

/// Fold of each tile's spots for cross-validation: tiles in turn.
pub fn folds(tiles: &[usize], count: usize) -> Vec<usize> {
    tiles.iter().map(|tile| tile % count).collect()
}
