//! Graphs as a fit keeps them.

use crate::Input;
use starscape::Result;
use starscape::graph::SpatialGraph;

/// A graph of so many spots from lists of neighbours, of a lattice or of any; one in sixteen is of other spots.
///
/// # Errors
/// The core's, for lists that are none.
pub fn graph(input: &mut Input, spots: usize) -> Result<SpatialGraph> {
    let (kind, width) = (input.between(0, 5), input.between(2, 7));
    let spots = if input.once_in(16) { input.between(0, spots + 1) } else { spots };
    let lattice = |spot: usize| {
        let row = [(spot % width > 0).then(|| spot - 1), ((spot + 1) % width > 0).then_some(spot + 1)];
        let column = [spot.checked_sub(width), Some(spot + width)];
        row.into_iter().chain(column).flatten().filter(|&other| other < spots).collect::<Vec<_>>()
    };
    let (mut offsets, mut neighbours) = (vec![0], Vec::new());
    for spot in 0..spots {
        match kind {
            1 => (0..input.below(6)).for_each(|_| neighbours.push(input.below(spots))),
            2 => {}
            3 => neighbours.extend((0..spots).filter(|&other| other != spot)),
            // One spot in the middle of all, and parts.
            4 if spot > 0 => neighbours.push(spot / 8 * 8),
            _ => neighbours.extend(lattice(spot)),
        }
        offsets.push(neighbours.len());
    }
    if input.once_in(16) {
        let place = input.between(0, offsets.len() - 1);
        offsets[place] = input.whole(0, 9);
    }
    if input.once_in(16) {
        neighbours.push(input.whole(0, 9));
    }
    SpatialGraph::from_lists(offsets, &neighbours)
}
