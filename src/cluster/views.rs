//! Several views of the start space, none better than the others.

use super::points::Points;
use crate::error::Result;
use crate::graph::SpatialGraph;
use crate::graph::diffusion::diffuse;
use ndarray::{ArrayView2, s};

/// Steps of further diffusion of the smoother views.
const STEPS: usize = 2;

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
            views.push(Points::new(values.slice(s![.., ..width]), "prior")?);
        }
    }
    Ok(views)
}
