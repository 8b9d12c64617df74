//! Prototypical contrast of Spotscape (arXiv 2506.15698).

use crate::ops::unit_rows;
use candle_core::{D, Result, Tensor};

/// One granularity: cluster centres and the cluster of each spot.
pub struct PrototypeLevel {
    /// Centres, clusters x dimensions.
    pub centres: Tensor,
    /// Cluster of each spot as u32, below the number of centres.
    pub assignment: Tensor,
}

/// Mean over spots and granularities of −log softmax of the cosine similarity to the own prototype among all
/// prototypes, at temperature `temperature` (above 0). Centres are constants: no gradient flows into them.
///
/// `z` is spots x dimensions; `levels` holds at least one granularity.
pub fn prototypical_contrast(z: &Tensor, levels: &[PrototypeLevel], temperature: f64) -> Result<Tensor> {
    let z = unit_rows(z)?;
    let mut total: Option<Tensor> = None;
    for level in levels {
        let similarity = (z.matmul(&unit_rows(&level.centres.detach())?.t()?)? / temperature)?;
        let log_share = candle_nn::ops::log_softmax(&similarity, D::Minus1)?;
        let own = log_share.gather(&level.assignment.unsqueeze(1)?, 1)?.mean_all()?;
        total = Some(match total {
            Some(sum) => (sum + own)?,
            None => own,
        });
    }
    let total = total.ok_or_else(|| candle_core::Error::Msg("no prototypes were given".into()))?;
    total.neg()? / levels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use candle_core::{DType, Device, Var};

    #[test]
    fn equals_the_published_value_and_gradient() {
        let golden = testing::golden("prototypical_contrastive");
        for (dtype, tolerance) in [(DType::F64, 1e-10), (DType::F32, 1e-5)] {
            let levels: Vec<PrototypeLevel> = golden["levels"]
                .as_array()
                .unwrap()
                .iter()
                .map(|level| {
                    let assignment: Vec<u32> = serde_json::from_value(level["assignment"].clone()).unwrap();
                    PrototypeLevel {
                        centres: testing::matrix(&level["centroids"], dtype),
                        assignment: Tensor::new(assignment, &Device::Cpu).unwrap(),
                    }
                })
                .collect();
            let z = Var::from_tensor(&testing::matrix(&golden["z"], dtype)).unwrap();
            let loss = prototypical_contrast(&z, &levels, testing::number(&golden["tau"])).unwrap();
            let expected = Tensor::new(testing::number(&golden["loss"]), &Device::Cpu).unwrap();
            testing::assert_close(&loss, &expected, tolerance);
            let gradients = loss.backward().unwrap();
            testing::assert_close(gradients.get(&z).unwrap(), &testing::matrix(&golden["grad_z"], dtype), tolerance);
        }
    }
}
