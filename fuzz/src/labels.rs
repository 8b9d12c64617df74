//! Numbers of spots: slices, labels, and numbers of any kind.

use crate::Input;

/// The slice of each spot, mostly one or in blocks; one in sixteen has another number of spots.
pub fn slices(input: &mut Input, spots: usize) -> Vec<usize> {
    let count = input.between(1, 4);
    let kind = if input.once_in(2) { input.between(0, 3) } else { 4 };
    let spots = length(input, spots);
    let slice = |spot: usize, input: &mut Input| match kind {
        0 => spot * count / spots,
        1 => input.below(count),
        // Numbers that no spot has.
        2 => 3 * (spot % count),
        // Slices of one spot.
        3 => spot,
        _ => 0,
    };
    (0..spots).map(|spot| slice(spot, input)).collect()
}

/// The label of each spot, below `count` or none, each used or not.
pub fn labels(input: &mut Input, spots: usize, count: usize) -> Vec<Option<usize>> {
    let kind = input.between(0, 7);
    let spots = length(input, spots);
    let count = count.clamp(1, 50);
    let mut labels: Vec<Option<usize>> = (0..spots)
        .map(|spot| match kind {
            1 => Some(input.below(count)),
            2 => Some(0),
            3 => None,
            4 => (input.below(4) > 0).then(|| spot * count / spots),
            5 => Some(spot % count),
            6 => Some(if spot == 0 { count - 1 } else { 0 }),
            _ => Some(spot * count / spots),
        })
        .collect();
    if input.once_in(16) && spots > 0 {
        let spot = input.between(0, spots - 1);
        labels[spot] = Some(input.one_of(&[count, count + 40]));
    }
    labels
}

/// Whole numbers below `end`, mostly rising and each once.
pub fn numbers(input: &mut Input, end: usize) -> Vec<usize> {
    let (kind, most) = (input.between(0, 3), input.between(1, 12));
    let mut numbers: Vec<usize> = match kind {
        1 => (0..end).rev().collect(),
        2 => (0..most).map(|_| input.below(end)).collect(),
        3 => Vec::new(),
        _ => (0..end).step_by(most.div_ceil(4)).collect(),
    };
    if input.once_in(16) {
        numbers.push(input.whole(end, end));
    }
    numbers
}

/// As many as there are spots, or rarely another number.
fn length(input: &mut Input, spots: usize) -> usize {
    if input.once_in(16) { input.between(0, spots + 1) } else { spots }
}
