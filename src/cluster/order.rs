//! Names of domains: from posteriors to labels, and labels in a fixed order.

use ndarray::Array2;

/// The most probable component of each row; the lower index on ties.
pub fn most_probable(posterior: &Array2<f64>) -> Vec<usize> {
    let most = |(best, most): (usize, f64), (component, &probability): (usize, &f64)| {
        if probability > most { (component, probability) } else { (best, most) }
    };
    posterior.rows().into_iter().map(|row| row.iter().enumerate().fold((0, f64::NEG_INFINITY), most).0).collect()
}

/// Renames labels by decreasing size, groups of one size by their first item, and returns how many groups there are.
/// Unused numbers vanish.
pub fn by_size(labels: &[usize]) -> (Vec<usize>, usize) {
    let names = labels.iter().max().map_or(0, |largest| largest + 1);
    let mut sizes = vec![0usize; names];
    let mut in_order_of_appearance = Vec::new();
    for &label in labels {
        if sizes[label] == 0 {
            in_order_of_appearance.push(label);
        }
        sizes[label] += 1;
    }
    in_order_of_appearance.sort_by_key(|&label| std::cmp::Reverse(sizes[label]));
    let mut renamed = vec![0; names];
    for (rank, &label) in in_order_of_appearance.iter().enumerate() {
        renamed[label] = rank;
    }
    (labels.iter().map(|&label| renamed[label]).collect(), in_order_of_appearance.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn largest_first_then_first_seen() {
        assert_eq!(by_size(&[5, 2, 2, 0, 5, 2, 7]), (vec![1, 0, 0, 2, 1, 0, 3], 4));
        assert_eq!(by_size(&[]), (vec![], 0));
    }

    #[test]
    fn ties_go_to_the_lower_component() {
        assert_eq!(most_probable(&array![[0.5, 0.5], [0.1, 0.9]]), [0, 1]);
    }

    proptest! {
        #[test]
        fn renaming_keeps_the_partition(labels in prop::collection::vec(0usize..6, 1..50)) {
            let (renamed, groups) = by_size(&labels);
            for (a, b) in labels.iter().zip(&renamed) {
                for (c, d) in labels.iter().zip(&renamed) {
                    prop_assert_eq!(a == c, b == d);
                }
            }
            let sizes: Vec<usize> =
                (0..groups).map(|group| renamed.iter().filter(|&&label| label == group).count()).collect();
            prop_assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.iter().all(|&size| size > 0));
        }
    }
}
