//! Adjusted Rand index.

use super::contingency::Contingency;

/// Adjusted Rand index of two partitions of the same items (Hubert & Arabie 1985, Journal of Classification 2:193):
/// 1 for the same partition, 0 expected for independent ones of the same class sizes, at least −0.5. Two partitions
/// that are both one single class, or both all singletons, are the same: 1.
pub fn adjusted_rand_index(first: &[usize], second: &[usize]) -> f64 {
    of_table(&Contingency::new(first, second))
}

pub(super) fn of_table(table: &Contingency) -> f64 {
    rand_index_of_counts(table.cells().iter().map(|cell| cell.count), table.row_totals(), table.column_totals())
}

/// The index from the counts of a contingency table, in any order, and its totals.
pub(crate) fn rand_index_of_counts(counts: impl Iterator<Item = u64>, rows: &[u64], columns: &[u64]) -> f64 {
    let pairs = |count: u64| {
        let count = count as f64;
        count * (count - 1.0) / 2.0
    };
    let together: f64 = counts.map(pairs).sum();
    let first: f64 = rows.iter().copied().map(pairs).sum();
    let second: f64 = columns.iter().copied().map(pairs).sum();
    let all = pairs(rows.iter().sum());
    let expected = if all > 0.0 { first * second / all } else { 0.0 };
    let largest = 0.5 * (first + second);
    if largest == expected { 1.0 } else { (together - expected) / (largest - expected) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        // The examples of scikit-learn's adjusted_rand_score.
        let cases: [(&[usize], &[usize], f64); 6] = [
            (&[0, 0, 1, 1], &[0, 0, 1, 1], 1.0),
            (&[0, 0, 1, 1], &[1, 1, 0, 0], 1.0),
            (&[0, 0, 1, 2], &[0, 0, 1, 1], 4.0 / 7.0),
            (&[0, 0, 0, 0], &[0, 1, 2, 3], 0.0),
            (&[0, 0, 1, 1], &[0, 1, 0, 1], -0.5),
            (&[0, 0, 0], &[0, 0, 0], 1.0),
        ];
        for (first, second, expected) in cases {
            let value = adjusted_rand_index(first, second);
            assert!((value - expected).abs() < 1e-12, "{first:?} {second:?}: {value} instead of {expected}");
        }
    }

    proptest! {
        #[test]
        fn symmetric_bounded_and_blind_to_names(
            pairs in prop::collection::vec((0usize..5, 0usize..5), 2..60), shift in 1usize..5,
        ) {
            let (first, second): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            let value = adjusted_rand_index(&first, &second);
            let renamed: Vec<usize> = first.iter().map(|label| (label + shift) % 5).collect();
            prop_assert!((-0.5..=1.0).contains(&value));
            prop_assert!((value - adjusted_rand_index(&second, &first)).abs() < 1e-12);
            prop_assert!((value - adjusted_rand_index(&renamed, &second)).abs() < 1e-12);
            prop_assert_eq!(adjusted_rand_index(&first, &renamed), 1.0);
        }
    }
}
