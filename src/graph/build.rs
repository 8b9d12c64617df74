//! From coordinates to the spatial graph: checks, choice of the method, one graph per slice.

use super::{SpatialGraph, delaunay, lattice, nearest};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use ndarray::{Array2, ArrayView2, Axis};

/// How neighbours are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphMethod {
    /// [`GraphMethod::Grid`] when the coordinates form a lattice in a plane, else [`GraphMethod::Nearest`].
    Auto,
    /// Direct neighbours on a lattice: six on a Visium array, four on a square array.
    Grid,
    /// The `k` nearest spots, made symmetric.
    Nearest,
    /// All spots within `radius`.
    Radius,
    /// Edges of the Delaunay triangulation, without the long edges that bridge gaps and concave outlines.
    Delaunay,
}

/// Parameters of the spatial graph.
#[derive(Clone, Debug)]
pub struct GraphParams {
    /// How neighbours are found.
    pub method: GraphMethod,
    /// Number of nearest neighbours, used by [`GraphMethod::Nearest`]; at least 1.
    pub k: usize,
    /// Radius in the unit of the coordinates, used by [`GraphMethod::Radius`]; `None` takes the median distance to
    /// the `k`-th nearest spot.
    pub radius: Option<f64>,
}

impl Default for GraphParams {
    fn default() -> Self {
        GraphParams { method: GraphMethod::Auto, k: 10, radius: None }
    }
}

/// Builds the spatial graph of one or several slices.
///
/// `coords` is spots x 2 (x, y; array coordinates of Visium as column, row), or spots x 3 with a depth z in the same
/// unit, for [`GraphMethod::Auto`], [`GraphMethod::Nearest`] and [`GraphMethod::Radius`]; `slice` holds a slice number
/// below the number of slices for each spot. Spots of different slices are never neighbours. Returns the graph and the
/// method used: [`GraphMethod::Auto`] picks for each slice, and the one picked for the first is returned.
///
/// # Errors
/// [`Error::Argument`] naming `coords`, `method`, `k` or `radius`; [`Error::Interrupted`].
pub fn spatial_graph(
    coords: ArrayView2<f64>,
    slice: &[usize],
    params: &GraphParams,
    monitor: &Monitor,
) -> Result<(SpatialGraph, GraphMethod)> {
    check(coords, slice, params)?;
    let slices = slice.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); slices];
    for (spot, &own) in slice.iter().enumerate() {
        members[own].push(spot);
    }
    let mut edges = Vec::new();
    let mut first_method = None;
    for spots in members.iter().filter(|spots| !spots.is_empty()) {
        let (method, pairs) = edges_of_slice(&coords.select(Axis(0), spots), params, monitor)?;
        first_method.get_or_insert(method);
        edges.extend(pairs.into_iter().map(|(a, b)| (spots[a], spots[b])));
    }
    Ok((SpatialGraph::from_edges(slice.len(), edges), first_method.unwrap_or(params.method)))
}

/// The method used for a slice, and the pairs that it finds.
fn edges_of_slice(
    coords: &Array2<f64>,
    params: &GraphParams,
    monitor: &Monitor,
) -> Result<(GraphMethod, Vec<(usize, usize)>)> {
    let mut method = params.method;
    if method == GraphMethod::Auto {
        let lattice = if coords.ncols() == 2 { lattice::lattice(coords, monitor)? } else { None };
        if let Some(lattice) = lattice {
            return Ok((GraphMethod::Grid, lattice.edges(monitor)?));
        }
        method = GraphMethod::Nearest;
    }
    let pairs = match method {
        GraphMethod::Auto | GraphMethod::Grid => lattice::edges(coords, monitor)?,
        GraphMethod::Nearest => nearest::nearest(coords, params.k, monitor)?,
        GraphMethod::Radius => {
            let radius = params.radius.map_or_else(|| nearest::typical_reach(coords, params.k, monitor), Ok)?;
            nearest::within(coords, radius, monitor)?
        }
        GraphMethod::Delaunay => delaunay::edges(coords),
    };
    Ok((method, pairs))
}

fn check(coords: ArrayView2<f64>, slice: &[usize], params: &GraphParams) -> Result<()> {
    if ![2, 3].contains(&coords.ncols()) {
        return Err(Error::argument("coords", format!("must have 2 or 3 columns, not {}", coords.ncols())));
    }
    if coords.ncols() == 3 && matches!(params.method, GraphMethod::Grid | GraphMethod::Delaunay) {
        let message = "\"grid\" and \"delaunay\" are for places in a plane; use \"knn\" or \"radius\" with a depth";
        return Err(Error::argument("method", message));
    }
    if coords.nrows() != slice.len() {
        let message = format!("must have a row for each of the {} spots, not {}", slice.len(), coords.nrows());
        return Err(Error::argument("coords", message));
    }
    if let Some(row) = coords.rows().into_iter().position(|row| row.iter().any(|value| !value.is_finite())) {
        return Err(Error::argument("coords", format!("must be finite numbers; row {} is not", row + 1)));
    }
    if coords.nrows() > 1 && coords.rows().into_iter().all(|row| row == coords.row(0)) {
        return Err(Error::argument("coords", "has the same position for every spot: there is no space to use"));
    }
    if params.k == 0 {
        return Err(Error::argument("k", "of the graph must be at least 1"));
    }
    if params.radius.is_some_and(|radius| !radius.is_finite() || radius <= 0.0) {
        return Err(Error::argument("radius", "must be a finite number above 0"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn slices_are_never_joined() {
        let coords = array![[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0]];
        for method in [GraphMethod::Nearest, GraphMethod::Grid, GraphMethod::Delaunay] {
            let params = GraphParams { method, k: 3, radius: None };
            let (graph, _) = spatial_graph(coords.view(), &[0, 0, 1, 1], &params, &Monitor::silent()).unwrap();
            assert_eq!(graph.neighbours(0), &[1], "{method:?}");
            assert_eq!(graph.neighbours(3), &[2], "{method:?}");
        }
    }

    #[test]
    fn auto_looks_at_every_slice() {
        let scattered = [[0.0, 0.0], [1.3, 0.2], [0.1, 4.0], [7.0, 7.5], [2.2, 9.1]];
        let lattice = (0..9).map(|spot| [f64::from(spot % 3), f64::from(spot / 3)]);
        let coords = Array2::from(lattice.chain(scattered).collect::<Vec<_>>());
        let slice: Vec<usize> = (0..14).map(|spot| 2 * usize::from(spot > 8)).collect();
        let params = GraphParams { k: 1, ..GraphParams::default() };
        let (graph, method) = spatial_graph(coords.view(), &slice, &params, &Monitor::silent()).unwrap();
        assert_eq!(method, GraphMethod::Grid);
        assert_eq!(graph.degree(4), 4);
        assert!((9..14).all(|spot| graph.degree(spot) > 0));
    }

    #[test]
    fn neighbours_in_space_lie_above_and_below() {
        // Layers a tenth of the spacing apart.
        let coords = Array2::from_shape_fn((27, 3), |(spot, axis)| match axis {
            0 => (spot % 3) as f64,
            1 => (spot / 3 % 3) as f64,
            _ => 0.1 * (spot / 9) as f64,
        });
        let params = GraphParams { k: 2, ..GraphParams::default() };
        let (graph, method) = spatial_graph(coords.view(), &[0; 27], &params, &Monitor::silent()).unwrap();
        assert_eq!((graph.neighbours(4), method), (&[13, 22][..], GraphMethod::Nearest));
        for method in [GraphMethod::Grid, GraphMethod::Delaunay] {
            let error =
                spatial_graph(coords.view(), &[0; 27], &GraphParams { method, ..params.clone() }, &Monitor::silent())
                    .unwrap_err();
            assert!(matches!(error, Error::Argument { argument: "method", .. }));
        }
    }

    #[test]
    fn equal_positions_are_refused_by_name() {
        let error = spatial_graph(Array2::ones((4, 2)).view(), &[0; 4], &GraphParams::default(), &Monitor::silent())
            .unwrap_err();
        assert!(matches!(error, Error::Argument { argument: "coords", .. }));
    }
}
