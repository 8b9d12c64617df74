//! How often two spots lie in one domain.

use super::runs::Runs;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use ndarray::Array2;

/// Most spots whose pairs are counted: the result is a matrix of them.
const MOST_SPOTS: usize = 5000;

/// The share of runs that put two spots in one group, for every two of the given `spots` (numbers from 0), in their
/// order.
///
/// # Errors
/// [`Error::Argument`] naming `spots` for none, for more than 5000, and for numbers that are no spots;
/// [`Error::Interrupted`].
pub fn coassignment(runs: &Runs, spots: &[usize], monitor: &Monitor) -> Result<Array2<f64>> {
    if spots.is_empty() || spots.len() > MOST_SPOTS {
        return Err(Error::argument("spots", format!("must be from 1 to {MOST_SPOTS} spots, not {}", spots.len())));
    }
    if let Some(spot) = spots.iter().find(|&&spot| spot >= runs.spots()) {
        return Err(Error::argument("spots", format!("has the number {spot}, but there are {} spots", runs.spots())));
    }
    let mut together = Array2::<u32>::zeros((spots.len(), spots.len()));
    for run in 0..runs.count() {
        monitor.check()?;
        let labels: Vec<u16> = spots.iter().map(|&spot| runs.labels(run)[spot]).collect();
        for (mut row, own) in together.rows_mut().into_iter().zip(&labels) {
            row.iter_mut().zip(&labels).for_each(|(count, other)| *count += u32::from(own == other));
        }
    }
    Ok(together.mapv(|count| f64::from(count) / runs.count() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn known_values_in_the_order_given() -> Result<()> {
        let runs = Runs::new(&[vec![0, 0, 1, 1], vec![0, 1, 1, 1]])?;
        let shares = coassignment(&runs, &[3, 0, 1], &Monitor::silent())?;
        assert_eq!(shares, array![[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.5, 0.5, 1.0]]);
        for spots in [vec![], vec![4]] {
            let outcome = coassignment(&runs, &spots, &Monitor::silent());
            assert!(matches!(outcome, Err(Error::Argument { argument: "spots", .. })));
        }
        Ok(())
    }
}
