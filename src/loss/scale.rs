//! Similarity-scale matching between slices (Spotscape, arXiv 2506.15698).

use super::inner_rows;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::neighbours::{nearest_neighbours, with_unit_rows};
use crate::ops::{RowMean, unit_rows};
use crate::random::{Stream, substream};
use candle_core::Tensor;
use ndarray::{ArrayView2, Axis};
use rand::seq::index;

/// Spots of a slice that are searched for the most similar ones; with more, so many drawn at random stand for all,
/// so that the search takes time linear in spots and slices of any size are compared at one density.
const SEARCHED: usize = 4096;
/// Seed of that draw, the same for everybody.
const FIXED_SEED: u64 = 0x5343_414c;

/// For every spot its most similar spots in its own slice and in each other slice.
pub struct ScaleNeighbours {
    within: RowMean,
    /// One list a spot in each: its first, second, ... other slice.
    across: Vec<RowMean>,
}

impl ScaleNeighbours {
    /// Searches the `top` spots of each slice whose rows of `second` are most similar (by cosine) to each row of
    /// `first`; all of a slice that has fewer. Both are spots x dimensions; `slice` is the slice number of each spot,
    /// two or more, none empty.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn search(
        first: ArrayView2<f64>,
        second: ArrayView2<f64>,
        slice: &[usize],
        top: usize,
        monitor: &Monitor,
    ) -> Result<Self> {
        let (first, second) = (with_unit_rows(first), with_unit_rows(second));
        let slices = slice.iter().max().map_or(0, |last| last + 1);
        let spots: Vec<Vec<usize>> =
            (0..slices).map(|own| (0..slice.len()).filter(|&spot| slice[spot] == own).collect()).collect();
        let mut within = vec![Vec::new(); slice.len()];
        let mut across = vec![vec![Vec::new(); slice.len()]; slices.saturating_sub(1)];
        for (target, members) in spots.iter().enumerate() {
            let searched = searched(members, target);
            let rows = second.select(Axis(0), &searched);
            for (own, queries) in spots.iter().enumerate() {
                let found = nearest_neighbours(first.select(Axis(0), queries).view(), rows.view(), top, monitor)?;
                let found = found.into_iter().map(|near| near.iter().map(|near| searched[near.target]).collect());
                let lists = match target.cmp(&own) {
                    std::cmp::Ordering::Equal => &mut within,
                    std::cmp::Ordering::Less => &mut across[target],
                    std::cmp::Ordering::Greater => &mut across[target - 1],
                };
                queries.iter().zip(found).for_each(|(&spot, list): (&usize, Vec<usize>)| lists[spot] = list);
            }
        }
        // A spot counts in its own slice whether it was drawn or not.
        for (spot, list) in within.iter_mut().enumerate() {
            include_itself(list, spot, top, |other| first.row(spot).dot(&second.row(other)));
        }
        let means = |lists: &Vec<Vec<usize>>| RowMean::new(lists, slice.len());
        let across = across.iter().map(means).collect::<candle_core::Result<_>>()?;
        Ok(ScaleNeighbours { within: means(&within)?, across })
    }
}

fn searched(members: &[usize], slice: usize) -> Vec<usize> {
    if members.len() <= SEARCHED {
        return members.to_vec();
    }
    let mut rng = substream(FIXED_SEED, Stream::Subsample, slice as u64);
    let mut drawn: Vec<usize> = index::sample(&mut rng, members.len(), SEARCHED).iter().map(|at| members[at]).collect();
    drawn.sort_unstable();
    drawn
}

fn include_itself(list: &mut Vec<usize>, spot: usize, top: usize, similarity: impl Fn(usize) -> f64) {
    let own = similarity(spot);
    if !list.contains(&spot) && list.last().is_none_or(|&last| list.len() < top || own > similarity(last)) {
        list.truncate(top - 1);
        list.push(spot);
    }
}

/// Squared difference between a spot's mean similarity to its most similar spots inside its own slice and to those in
/// another slice, summed over the other slices and averaged over all spots; times two, because the published loss
/// takes a pair of slices in both orders and each time averages over all spots.
///
/// Similarities are cosines between the two views `first` and `second` (spots x dimensions). The gradient flows through
/// the similarities and not through the choice of the neighbours.
pub fn similarity_scale_matching(
    first: &Tensor,
    second: &Tensor,
    neighbours: &ScaleNeighbours,
) -> candle_core::Result<Tensor> {
    let (first, second) = (unit_rows(first)?, unit_rows(second)?);
    // The mean of similarities is the similarity to the mean.
    let similarity = |lists: &RowMean| inner_rows(&first, &lists.apply(&second)?);
    let within = similarity(&neighbours.within)?;
    let mut total = within.zeros_like()?;
    for lists in &neighbours.across {
        total = (total + (&within - similarity(lists)?)?.sqr()?)?;
    }
    total.mean_all()? * 2.0
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use candle_core::{DType, Device};
    use ndarray::Array2;

    fn array(value: &serde_json::Value) -> Array2<f64> {
        let tensor = testing::matrix(value, DType::F64);
        Array2::from_shape_vec(tensor.dims2().unwrap(), tensor.flatten_all().unwrap().to_vec1().unwrap()).unwrap()
    }

    #[test]
    fn equals_the_published_value_and_gradient() {
        let golden = testing::golden("similarity_scale_matching");
        let slice: Vec<usize> = serde_json::from_value(golden["slice"].clone()).unwrap();
        let top = golden["k"].as_u64().unwrap() as usize;
        let [first, second] = ["z1", "z2"].map(|name| array(&golden[name]));
        let neighbours = ScaleNeighbours::search(first.view(), second.view(), &slice, top, &Monitor::silent()).unwrap();
        testing::assert_golden_pair("similarity_scale_matching", ["z1", "z2"], |first, second| {
            similarity_scale_matching(first, second, &neighbours)
        });
    }

    #[test]
    fn large_slices_are_searched_by_a_sample_and_the_spot_itself() {
        let count = SEARCHED + 100;
        let z = Array2::from_shape_fn((count + 7, 2), |(spot, axis)| {
            let angle = spot as f64 / (count + 7) as f64;
            if axis == 0 { angle.cos() } else { angle.sin() }
        });
        let slice: Vec<usize> = (0..count + 7).map(|spot| usize::from(spot >= count)).collect();
        let neighbours = ScaleNeighbours::search(z.view(), z.view(), &slice, 1, &Monitor::silent()).unwrap();
        let tensor = Tensor::from_vec(z.iter().copied().collect(), z.dim(), &Device::Cpu).unwrap();
        let nearest = neighbours.within.apply(&tensor).unwrap();
        testing::assert_close(&nearest, &tensor, 0.0);
    }
}
