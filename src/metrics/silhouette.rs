//! Silhouette: how much closer items are to their own group than to the next.

use crate::random::{Stream, stream};
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView2};
use rand::seq::index;

/// Up to so many items every silhouette is computed.
pub const ALL_UP_TO: usize = 5000;

/// So many randomly drawn items stand for all when there are more.
pub const SAMPLED: usize = 2000;

/// Seed of the draw. It is part of the definition: the same items always have the same silhouette.
const FIXED_SEED: u64 = 20_260_102;

/// Mean silhouette width with Euclidean distances (Rousseeuw 1987, Journal of Computational and Applied Mathematics
/// 20:53), in [−1, 1]; an item alone in its group has width 0. `None` unless there are at least two groups and fewer
/// groups than items.
///
/// Up to [`ALL_UP_TO`] items the mean is exact. With more, it is the mean over [`SAMPLED`] items drawn with a fixed
/// seed, each still compared with all others, so the time grows with the items and not with their square. Memory is
/// linear.
///
/// `values` are items x dimensions, with a label for each item.
pub fn silhouette(values: ArrayView2<f64>, labels: &[usize]) -> Option<f64> {
    let items = labels.len();
    let mut sizes = vec![0usize; labels.iter().max().map_or(0, |largest| largest + 1)];
    labels.iter().for_each(|&label| sizes[label] += 1);
    let groups = sizes.iter().filter(|&&size| size > 0).count();
    if groups < 2 || groups >= items || values.nrows() != items {
        return None;
    }
    let evaluated: Vec<usize> = if items > ALL_UP_TO {
        // Evenly spaced items would fall in step with the rows of a lattice.
        index::sample(&mut stream(FIXED_SEED, Stream::Subsample), items, SAMPLED).into_vec()
    } else {
        (0..items).collect()
    };
    // A dimension in each row: distances from one item to all run along memory.
    let columns = values.t().as_standard_layout().into_owned();
    let widths: Vec<f64> = evaluated.par_iter().map(|&item| width(&columns, labels, &sizes, item)).collect();
    Some(widths.iter().sum::<f64>() / widths.len() as f64)
}

/// Width of one item.
fn width(columns: &Array2<f64>, labels: &[usize], sizes: &[usize], item: usize) -> f64 {
    let own = labels[item];
    if sizes[own] < 2 {
        return 0.0;
    }
    let mut squared = Array1::<f64>::zeros(labels.len());
    for values in columns.rows() {
        let here = values[item];
        squared.zip_mut_with(&values, |sum, value| *sum += (value - here) * (value - here));
    }
    let mut sums = vec![0.0; sizes.len()];
    squared.iter().zip(labels).for_each(|(distance, &label)| sums[label] += distance.sqrt());
    let within = sums[own] / (sizes[own] - 1) as f64;
    let others = sums.iter().zip(sizes).enumerate().filter(|(label, (_, size))| *label != own && **size > 0);
    let nearest = others.map(|(_, (sum, &size))| sum / size as f64).fold(f64::INFINITY, f64::min);
    let largest = within.max(nearest);
    if largest > 0.0 { (nearest - within) / largest } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn by_hand_on_a_line() {
        // Groups {0, 1} and {4, 6}, and {20} alone.
        let values = array![[0.0], [1.0], [4.0], [6.0], [20.0]];
        let expected = (4.0 / 5.0 + 3.0 / 4.0 + 1.5 / 3.5 + 3.5 / 5.5 + 0.0) / 5.0;
        let value = silhouette(values.view(), &[0, 0, 1, 1, 2]).expect("three groups");
        assert!((value - expected).abs() < 1e-12, "{value} {expected}");
    }

    #[test]
    fn needs_groups_that_are_neither_all_nor_single() {
        let values = array![[0.0], [1.0], [4.0]];
        assert_eq!(silhouette(values.view(), &[0, 0, 0]), None);
        assert_eq!(silhouette(values.view(), &[0, 1, 2]), None);
        assert_eq!(silhouette(values.view(), &[0, 0, 5]).map(|value| value > 0.0), Some(true));
    }

    #[test]
    fn same_points_have_width_zero() {
        assert_eq!(silhouette(Array2::zeros((4, 2)).view(), &[0, 0, 1, 1]), Some(0.0));
    }

    #[test]
    fn a_sample_stands_for_many() {
        let (values, labels) = crate::cluster::testing::blobs(6000, 3, 3, 3.0, 12);
        let sampled = silhouette(values.view(), &labels).expect("groups");
        let few = ALL_UP_TO;
        let exact = silhouette(values.slice(ndarray::s![..few, ..]), &labels[..few]).expect("groups");
        assert!((sampled - exact).abs() < 0.02, "{sampled} {exact}");
    }
}
