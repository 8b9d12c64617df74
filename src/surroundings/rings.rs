//! The spots one, two, three and four steps around a spot.

use crate::graph::SpatialGraph;
use crate::ops::RowMean;
use ndarray::{Array2, ArrayView2, ArrayViewMut1, Axis, s};
use rayon::prelude::*;

/// Rings of spots around a spot that take part.
pub const RINGS: usize = 4;
/// Rows handled together.
const BLOCK: usize = 512;

/// The rings around some of the spots: `lists[h]` holds for each of these the spots h + 1 steps away, by their places
/// among those within reach.
pub struct Surroundings {
    lists: [Vec<Vec<usize>>; RINGS],
    /// The spots within reach, rising.
    reached: Vec<usize>,
}

impl Surroundings {
    /// The rings around the spots `rows`. Time is linear in the spots within reach of these, and in all
    /// spots with a small factor.
    pub fn new(graph: &SpatialGraph, rows: &[usize]) -> Self {
        let around: Vec<[Vec<usize>; RINGS]> = rows
            .par_chunks(BLOCK)
            .map_init(
                || vec![usize::MAX; graph.spots()],
                |seen, rows| rows.iter().map(|&row| graph.rings(row, seen)).collect::<Vec<_>>(),
            )
            .flatten_iter()
            .collect();
        let mut place = vec![usize::MAX; graph.spots()];
        around.iter().flatten().flatten().for_each(|&spot| place[spot] = 0);
        let reached: Vec<usize> = (0..graph.spots()).filter(|&spot| place[spot] == 0).collect();
        reached.iter().enumerate().for_each(|(own, &spot)| place[spot] = own);
        let mut lists: [Vec<Vec<usize>>; RINGS] = Default::default();
        for rings in around {
            for (list, mut ring) in lists.iter_mut().zip(rings) {
                ring.iter_mut().for_each(|spot| *spot = place[*spot]);
                list.push(ring);
            }
        }
        Surroundings { lists, reached }
    }

    /// The spots that are in one of the rings, rising.
    pub fn reached(&self) -> &[usize] {
        &self.reached
    }

    /// Means of `values` (spots x values) over each ring: rows x (rings x values). A ring without spots has mean 0.
    pub fn means(&self, values: ArrayView2<f64>) -> Array2<f64> {
        let width = values.ncols();
        let mut means = Array2::zeros((self.lists[0].len(), RINGS * width));
        means.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(row, mut mean)| {
            for (step, list) in self.lists.iter().enumerate() {
                self.mean_into(mean.slice_mut(s![step * width..(step + 1) * width]), values, &list[row]);
            }
        });
        means
    }

    fn mean_into(&self, mut mean: ArrayViewMut1<f64>, values: ArrayView2<f64>, list: &[usize]) {
        list.iter().for_each(|&place| mean += &values.row(self.reached[place]));
        mean /= list.len().max(1) as f64;
    }

    /// The same means as operations on tensors that hold the spots within reach, one a ring.
    ///
    /// # Errors
    /// None for rings of a graph.
    pub fn operations(&self) -> candle_core::Result<Vec<RowMean>> {
        self.lists.iter().map(|lists| RowMean::new(lists, self.reached.len())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn rings_are_the_spots_so_many_steps_away() {
        let chain = SpatialGraph::from_edges(8, (0..7).map(|spot| (spot, spot + 1)));
        let found = Surroundings::new(&chain, &[1, 7]);
        assert_eq!(found.lists.each_ref().map(|lists| lists[0].clone()), [vec![0, 1], vec![2], vec![3], vec![4]]);
        assert_eq!(found.lists.each_ref().map(|lists| lists[1].clone()), [vec![5], vec![4], vec![3], vec![2]]);
        assert_eq!(found.reached(), [0, 2, 3, 4, 5, 6]);
        let values = Array2::from_shape_fn((8, 1), |(spot, _)| spot as f64);
        assert_eq!(found.means(values.view()).row(0).to_vec(), [1.0, 3.0, 4.0, 5.0]);
        let tensor = Tensor::new(&[[0f64], [2.0], [3.0], [4.0], [5.0], [6.0]], &Device::Cpu).unwrap();
        let of_ring = |ring: &RowMean| ring.apply(&tensor).unwrap().to_dtype(DType::F64).unwrap();
        let last: Vec<Vec<f64>> = of_ring(&found.operations().unwrap()[3]).to_vec2().unwrap();
        assert_eq!(last, [[5.0], [3.0]]);
    }

    #[test]
    fn spots_alone_have_empty_rings() {
        let apart = Surroundings::new(&SpatialGraph::from_edges(3, [(0, 1)]), &[0, 1, 2]);
        assert_eq!(apart.means(Array2::ones((3, 2)).view()).row(2).to_vec(), [0.0; 2 * RINGS]);
    }
}
