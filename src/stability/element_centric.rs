//! Element-centric similarity of two partitions.

use super::runs::Runs;

/// Element-centric similarity of two partitions at every spot (Gates, Wood, Hetrick & Ahn 2019, Scientific Reports
/// 9:8574), from 0 to 1. In general it compares personalised PageRank over the graph of shared clusters; for partitions
/// that has a closed form without the damping factor: for a spot in clusters of n_a and n_b spots that share n_ab,
///
/// S = 1 − ½ [n_ab |1/n_a − 1/n_b| + (n_a − n_ab)/n_a + (n_b − n_ab)/n_b].
///
/// It sees where partitions differ, and does not favour clusters of a size as pair counting does.
pub fn element_centric_similarity(runs: &Runs, first: usize, second: usize) -> Vec<f64> {
    let mut table = Vec::new();
    runs.cross(runs.labels(first), runs.groups(first), second, &mut table);
    let mut values = Vec::new();
    of_table(&table, runs.sizes(first), runs.sizes(second), &mut values);
    let mut similarity = vec![0.0; runs.spots()];
    add(runs, first, second, &values, &mut similarity);
    similarity
}

/// The similarity in every cell of a table of counts, into `values`.
pub(super) fn of_table(table: &[u64], rows: &[u64], columns: &[u64], values: &mut Vec<f64>) {
    values.clear();
    for (counts, &row) in table.chunks_exact(columns.len()).zip(rows) {
        values.extend(counts.iter().zip(columns).map(|(&count, &column)| similarity(count, row, column)));
    }
}

/// Adds to each spot the value of its cell.
pub(super) fn add(runs: &Runs, first: usize, second: usize, values: &[f64], total: &mut [f64]) {
    let columns = runs.groups(second);
    for ((total, &row), &column) in total.iter_mut().zip(runs.labels(first)).zip(runs.labels(second)) {
        *total += values[usize::from(row) * columns + usize::from(column)];
    }
}

/// Since the shared spots weigh n_ab / n_a in one cluster and n_ab / n_b in the other, the sum is that over the larger
/// cluster: S = n_ab / max(n_a, n_b).
fn similarity(shared: u64, first: u64, second: u64) -> f64 {
    shared as f64 / first.max(second) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Personalised PageRank from `spot` over the graph that joins the spots of a cluster, each also with itself.
    fn page_rank(labels: &[usize], spot: usize, damping: f64) -> Vec<f64> {
        let mut rank = vec![0.0; labels.len()];
        for _ in 0..200 {
            let mut next = vec![0.0; labels.len()];
            next[spot] = 1.0 - damping;
            for (from, &mass) in rank.iter().enumerate() {
                let mates: Vec<usize> = (0..labels.len()).filter(|&to| labels[to] == labels[from]).collect();
                mates.iter().for_each(|&to| next[to] += damping * mass / mates.len() as f64);
            }
            rank = next;
        }
        rank
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn the_closed_form_is_the_definition(
            pairs in prop::collection::vec((0usize..3, 0usize..4), 2..12), damping in 0.3f64..0.9,
        ) {
            let (first, second): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            let runs = Runs::new(&[&first, &second]).expect("labels");
            for (spot, value) in element_centric_similarity(&runs, 0, 1).into_iter().enumerate() {
                let ranks = page_rank(&first, spot, damping).into_iter().zip(page_rank(&second, spot, damping));
                let distance: f64 = ranks.map(|(a, b)| (a - b).abs()).sum();
                prop_assert!((value - (1.0 - distance / (2.0 * damping))).abs() < 1e-9);
                let (n_a, n_b) = (runs.sizes(0), runs.sizes(1));
                let n_a = n_a[usize::from(runs.labels(0)[spot])] as f64;
                let n_b = n_b[usize::from(runs.labels(1)[spot])] as f64;
                let shared = (0..first.len()).filter(|&o| first[o] == first[spot] && second[o] == second[spot]);
                let n_ab = shared.count() as f64;
                let sum = n_ab * (1.0 / n_a - 1.0 / n_b).abs() + (n_a - n_ab) / n_a + (n_b - n_ab) / n_b;
                prop_assert!((value - (1.0 - 0.5 * sum)).abs() < 1e-12);
            }
        }
    }
}
