//! Several views of the start space, none better than the others.

use super::points::Points;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use ndarray::{ArrayView2, s};

/// Steps of further diffusion of the smoother views.
const STEPS: usize = 2;

/// Shrinkage of a view's covariance in units of dimensions / spots: the fewer spots a covariance is estimated from,
/// the more it is drawn towards a multiple of the identity.
const SHRINKAGE: f64 = 2.5;

/// The views of a start space (spots x components, by falling importance): its leading `dimensions` components and
/// all of them, each as they are and, with a graph, averaged further over neighbours.
pub(super) fn views(space: ArrayView2<f64>, graph: Option<&SpatialGraph>, dimensions: usize) -> Result<Vec<Points>> {
    let all = space.ncols();
    let mut widths = vec![dimensions.min(all), all];
    widths.dedup();
    let smoother = graph.map(|graph| diffuse(graph, space, STEPS));
    let mut views = Vec::new();
    let smoothness = [Some(space.view()), smoother.as_ref().map(|values| values.view())];
    for values in smoothness.into_iter().flatten() {
        for &width in &widths {
            let ridge = (SHRINKAGE * width as f64 / space.nrows() as f64).min(1.0);
            views.push(Points::with_ridge(values.slice(s![.., ..width]), ridge, "prior")?);
        }
    }
    Ok(views)
}
