//! Similarity-scale matching between slices (Spotscape, arXiv 2506.15698).

use crate::ops::unit_rows;
use candle_core::{D, Result, Tensor};

/// Spots whose similarities to one slice are held at a time: memory stays linear in spots.
const BLOCK: usize = 512;

/// Squared difference between a spot's mean of its `top` greatest similarities inside its own slice and into another
/// slice, summed over the other slices and averaged over all spots; times two, because the published loss takes a
/// pair of slices in both orders and each time averages over all spots.
///
/// Similarities are cosines between the two views `first` and `second` (spots x dimensions); `slices` lists the
/// spots of each slice as u32 tensors. A slice with fewer than `top` spots uses all it has.
pub fn similarity_scale_matching(first: &Tensor, second: &Tensor, slices: &[Tensor], top: usize) -> Result<Tensor> {
    let (first, second) = (unit_rows(first)?, unit_rows(second)?);
    let spots = first.dim(0)? as f64;
    let targets: Vec<Tensor> = slices.iter().map(|slice| second.index_select(slice, 0)).collect::<Result<_>>()?;
    let mut total = first.zeros_like()?.sum_all()?;
    for (own, slice) in slices.iter().enumerate() {
        let queries = first.index_select(slice, 0)?;
        let within = top_mean(&queries, &targets[own], top)?;
        for (other, target) in targets.iter().enumerate() {
            if other != own {
                let gap = (&within - top_mean(&queries, target, top)?)?;
                total = (total + (gap.sqr()?.sum_all()? * (2.0 / spots))?)?;
            }
        }
    }
    Ok(total)
}

/// Mean of the `top` greatest similarities of each query to the rows of `target`.
fn top_mean(queries: &Tensor, target: &Tensor, top: usize) -> Result<Tensor> {
    let (count, top) = (queries.dim(0)?, top.min(target.dim(0)?));
    let transposed = target.t()?;
    let blocks = (0..count).step_by(BLOCK).map(|start| {
        let similarity = queries.narrow(0, start, BLOCK.min(count - start))?.matmul(&transposed)?;
        // Only the positions of the greatest similarities are searched; the gradient flows through the values.
        let order = similarity.detach().arg_sort_last_dim(false)?.narrow(1, 0, top)?.contiguous()?;
        similarity.gather(&order, 1)?.mean(D::Minus1)
    });
    Tensor::cat(&blocks.collect::<Result<Vec<_>>>()?, 0)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use candle_core::Device;

    #[test]
    fn equals_the_published_value_and_gradient() {
        let golden = testing::golden("similarity_scale_matching");
        let slice: Vec<u32> = serde_json::from_value(golden["slice"].clone()).unwrap();
        let spots_of = |own: u32| {
            let members: Vec<u32> = (0..slice.len() as u32).filter(|&spot| slice[spot as usize] == own).collect();
            Tensor::new(members, &Device::Cpu).unwrap()
        };
        let slices = [spots_of(0), spots_of(1)];
        let top = golden["k"].as_u64().unwrap() as usize;
        testing::assert_golden_pair("similarity_scale_matching", ["z1", "z2"], |first, second| {
            similarity_scale_matching(first, second, &slices, top)
        });
    }
}
