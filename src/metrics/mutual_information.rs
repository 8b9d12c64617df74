//! Normalised mutual information.

use super::contingency::Contingency;

/// Mutual information of two partitions of the same items, divided by the arithmetic mean of their entropies (natural
/// logarithms; Strehl & Ghosh 2002, JMLR 3:583, with the mean as scikit-learn takes it): 1 for the same partition, 0
/// for independent ones. Two single classes are the same partition: 1.
pub fn normalised_mutual_information(first: &[usize], second: &[usize]) -> f64 {
    of_table(&Contingency::new(first, second))
}

pub(super) fn of_table(table: &Contingency) -> f64 {
    let total = table.total() as f64;
    let entropy = |totals: &[u64]| -> f64 {
        let shares = totals.iter().filter(|&&count| count > 0).map(|&count| count as f64 / total);
        shares.map(|share| -share * share.ln()).sum()
    };
    let mean = 0.5 * (entropy(table.row_totals()) + entropy(table.column_totals()));
    let shared = |cell: &super::contingency::Cell| {
        let count = cell.count as f64;
        let independent = table.row_totals()[cell.row] as f64 * table.column_totals()[cell.column] as f64;
        count / total * (count * total / independent).ln()
    };
    let information: f64 = table.cells().iter().map(shared).sum();
    if mean > 0.0 { (information / mean).clamp(0.0, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        // Three of the same, one apart: H(first) = ln 2, H(second) = 1.5 ln 2, information = ln 2.
        let cases: [(&[usize], &[usize], f64); 5] = [
            (&[0, 0, 1, 1], &[1, 1, 0, 0], 1.0),
            (&[0, 0, 0, 0], &[0, 1, 2, 3], 0.0),
            (&[0, 0, 1, 1], &[0, 1, 0, 1], 0.0),
            (&[0, 0, 1, 1], &[0, 0, 1, 2], 0.8),
            (&[0, 0], &[0, 0], 1.0),
        ];
        for (first, second, expected) in cases {
            let value = normalised_mutual_information(first, second);
            assert!((value - expected).abs() < 1e-12, "{first:?} {second:?}: {value} instead of {expected}");
        }
    }

    proptest! {
        #[test]
        fn symmetric_and_between_zero_and_one(pairs in prop::collection::vec((0usize..5, 0usize..5), 1..60)) {
            let (first, second): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            let value = normalised_mutual_information(&first, &second);
            prop_assert!((0.0..=1.0).contains(&value));
            prop_assert!((value - normalised_mutual_information(&second, &first)).abs() < 1e-12);
            prop_assert!((normalised_mutual_information(&first, &first) - 1.0).abs() < 1e-12);
        }
    }
}
