//! The product of the normalised spatial graph with spot features, as a candle operation with its own backward.

use super::contiguous;
use crate::graph::SpatialGraph;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows handled by one task.
const ROWS: usize = 256;

/// Â = D^-½ (A + I) D^-½ of a spatial graph (Kipf & Welling 2017), D being the degrees with the self loop.
/// Â is symmetric, so the backward pass is the same product.
#[derive(Clone)]
pub struct GraphProduct {
    graph: Arc<SpatialGraph>,
    /// 1 / √(degree + 1) of each spot.
    scale: Arc<Vec<f64>>,
}

impl GraphProduct {
    /// Prepares the weights of the graph.
    pub fn new(graph: Arc<SpatialGraph>) -> Self {
        let scale = (0..graph.spots()).map(|spot| 1.0 / ((graph.degree(spot) + 1) as f64).sqrt()).collect();
        GraphProduct { graph, scale: Arc::new(scale) }
    }

    /// Â · x for x of spots x features, in f32 or f64. Linear in edges x features; differentiable.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(self.clone())
    }

    fn multiply<T: WithDType>(&self, x: &[T], features: usize) -> Vec<T> {
        let mut y = vec![T::zero(); x.len()];
        y.par_chunks_mut(ROWS * features).enumerate().for_each(|(chunk, rows)| {
            for (offset, row) in rows.chunks_mut(features).enumerate() {
                self.multiply_row(x, chunk * ROWS + offset, row);
            }
        });
        y
    }

    #[inline]
    fn multiply_row<T: WithDType>(&self, x: &[T], spot: usize, row: &mut [T]) {
        let features = row.len();
        let mut add = |neighbour: usize| {
            let weight = T::from_f64(self.scale[spot] * self.scale[neighbour]);
            let values = &x[neighbour * features..(neighbour + 1) * features];
            row.iter_mut().zip(values).for_each(|(sum, &value)| *sum += weight * value);
        };
        add(spot);
        self.graph.neighbours(spot).iter().for_each(|&neighbour| add(neighbour as usize));
    }
}

impl CustomOp1 for GraphProduct {
    fn name(&self) -> &'static str {
        "graph-product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (spots, features) = layout.shape().dims2()?;
        if spots != self.graph.spots() {
            bail!("the graph has {} spots, the features {spots}", self.graph.spots());
        }
        let range = contiguous(layout)?;
        let product = match storage {
            CpuStorage::F32(x) => CpuStorage::F32(self.multiply(&x[range], features)),
            CpuStorage::F64(x) => CpuStorage::F64(self.multiply(&x[range], features)),
            _ => bail!("the features must be f32 or f64"),
        };
        Ok((product, layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        self.apply(gradient).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::testing;
    use candle_core::{DType, Device, Var};

    #[test]
    fn a_layer_equals_the_published_value_and_gradients() {
        let golden = testing::golden("gcn_layer");
        let ends: Vec<Vec<usize>> = serde_json::from_value(golden["edge_index"].clone()).unwrap();
        let graph = SpatialGraph::from_edges(7, ends[0].iter().copied().zip(ends[1].iter().copied()));
        let product = GraphProduct::new(Arc::new(graph));
        for (dtype, tolerance) in [(DType::F64, 1e-10), (DType::F32, 1e-5)] {
            let [x, weight] =
                ["x", "weight"].map(|name| Var::from_tensor(&testing::matrix(&golden[name], dtype)).unwrap());
            let bias: Vec<f64> = serde_json::from_value(golden["bias"].clone()).unwrap();
            let bias = Tensor::new(bias, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
            let y = product.apply(&x).unwrap().matmul(&weight.t().unwrap()).unwrap().broadcast_add(&bias).unwrap();
            testing::assert_close(&y, &testing::matrix(&golden["y"], dtype), tolerance);
            let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            for (variable, name) in [(&x, "grad_x_of_sum_y2"), (&weight, "grad_weight_of_sum_y2")] {
                let expected = testing::matrix(&golden[name], dtype);
                testing::assert_close(gradients.get(variable).unwrap(), &expected, tolerance);
            }
        }
    }

    #[test]
    fn gradient_equals_finite_differences() {
        let graph = SpatialGraph::from_edges(5, [(0, 1), (1, 2), (0, 3)]);
        let product = GraphProduct::new(Arc::new(graph));
        let x = Tensor::arange(0f64, 15.0, &Device::Cpu).and_then(|x| x.sin()?.reshape((5, 3))).unwrap();
        testing::assert_finite_differences(&x, |x| product.apply(x)?.sqr()?.sum_all());
    }
}
