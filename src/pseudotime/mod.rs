//! Diffusion pseudotime from a root (Haghverdi, Büttner, Wolf, Buettner and Theis 2016, Nature Methods 13, 845-848) and
//! how far domains are connected (Wolf et al. 2019, Genome Biology 20, 59).
//!
//! Spots are joined to their nearest neighbours in the embedding and, where a spatial graph is given, to those on the
//! tissue. A random walk on these links, whose steps are longer where spots are sparse, gives diffusion coordinates;
//! the pseudotime of a spot is its distance from the root in them.

mod connectivity;
mod eigen;
mod links;
mod parts;
mod transition;

use crate::error::{Error, Result};
use crate::graph::SpatialGraph;
use crate::monitor::Monitor;
use links::Links;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use transition::Transition;

/// Diffusion components, by falling eigenvalue; each further one weighs less.
const COMPONENTS: usize = 10;
/// What is left of 1 − eigenvalue where parts hardly hang together and rounding decides.
const SMALLEST_GAP: f64 = 1e-12;

/// Where pseudotime starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// At this spot.
    Spot(usize),
    /// At the far end of this domain: in the middle of the tenth of its spots that is farthest, in diffusion
    /// coordinates, from the mean of the spots outside.
    Domain(usize),
}

/// Pseudotime and connectivity.
#[derive(Clone, Debug)]
pub struct Pseudotime {
    /// From 0 at the root to 1; `None` for spots that no link joins to the root.
    pub pseudotime: Vec<Option<f64>>,
    /// The spot where pseudotime starts.
    pub root: usize,
    /// Links between two domains as a share of those expected by chance, at most 1; domains x domains, 0 on the
    /// diagonal.
    pub connectivity: Array2<f64>,
}

/// Pseudotime of the spots of an `embedding` (spots x dimensions), and connectivity of the domains in `labels`: the
/// number of each spot's domain, `None` for a spot without one; all `None` when there are no domains. `neighbours` is
/// the number of nearest neighbours in the embedding. Nothing in it is random.
///
/// # Errors
/// [`Error::Argument`] naming `x`, `root`, `domain`, `graph` or `neighbours`; [`Error::NotConverged`];
/// [`Error::Interrupted`].
pub fn domain_pseudotime(
    embedding: ArrayView2<f64>,
    graph: Option<&SpatialGraph>,
    labels: &[Option<usize>],
    root: Root,
    neighbours: usize,
    monitor: &Monitor,
) -> Result<Pseudotime> {
    check(embedding, graph, labels, root, neighbours)?;
    let links = Links::new(embedding, graph, neighbours, monitor)?;
    let connectivity = connectivity::connectivity(links.nearest(), labels);
    let members = parts::part_of_root(links.graph(), labels, root);
    let transition = Transition::new(&links, &members);
    let coordinates = diffusion_coordinates(&transition, monitor)?;
    let start = match root {
        Root::Spot(spot) => members.iter().position(|&member| member == spot),
        Root::Domain(domain) => remotest(coordinates.view(), |member| labels[members[member]] == Some(domain)),
    };
    let start = start.ok_or_else(|| Error::argument("root", "has no spot"))?;
    let mut pseudotime = vec![None; embedding.nrows()];
    for (&member, value) in members.iter().zip(distances(coordinates.view(), start)) {
        pseudotime[member] = Some(value);
    }
    Ok(Pseudotime { pseudotime, root: members[start], connectivity })
}

/// Right eigenvectors ψ of the random walk, each times λ / (1 − λ): distances between rows add up the walks of all
/// lengths (equation 3 of the paper).
fn diffusion_coordinates(transition: &Transition, monitor: &Monitor) -> Result<Array2<f64>> {
    let (values, mut vectors) = eigen::leading_eigenvectors(transition, COMPONENTS, monitor)?;
    for (value, mut vector) in values.iter().zip(vectors.columns_mut()) {
        vector /= transition.stationary();
        vector *= value / (1.0 - value).max(SMALLEST_GAP);
    }
    Ok(vectors)
}

/// Share of a domain's spots that make its far end: one spot alone may be an outlier.
const FAR_END: f64 = 0.1;

/// The middle of the far end of a set of rows: of the tenth of them that is farthest from the mean of all rows outside,
/// the row nearest to the mean of that tenth; of equally near ones the first.
fn remotest(coordinates: ArrayView2<f64>, inside: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut own, others): (Vec<usize>, Vec<usize>) = (0..coordinates.nrows()).partition(|&row| inside(row));
    let outside = mean_row(coordinates, &others);
    let distances = squared_distances(coordinates, &outside);
    own.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
    own.truncate((FAR_END * own.len() as f64).ceil() as usize);
    own.sort_unstable();
    let distances = squared_distances(coordinates, &mean_row(coordinates, &own));
    own.into_iter().reduce(|best, next| if distances[next] < distances[best] { next } else { best })
}

fn mean_row(values: ArrayView2<f64>, rows: &[usize]) -> Array1<f64> {
    let mut mean = Array1::zeros(values.ncols());
    rows.iter().for_each(|&row| mean += &values.row(row));
    mean / rows.len().max(1) as f64
}

fn squared_distances(values: ArrayView2<f64>, from: &Array1<f64>) -> Array1<f64> {
    values.map_axis(Axis(1), |row| (&row - from).mapv(|value| value * value).sum())
}

/// Distance of every row from one of them, as a share of the largest.
fn distances(coordinates: ArrayView2<f64>, start: usize) -> Array1<f64> {
    let distance = squared_distances(coordinates, &coordinates.row(start).to_owned()).mapv(f64::sqrt);
    let largest = distance.fold(0.0f64, |largest, &value| largest.max(value));
    if largest > 0.0 { distance / largest } else { distance }
}

fn check(
    embedding: ArrayView2<f64>,
    graph: Option<&SpatialGraph>,
    labels: &[Option<usize>],
    root: Root,
    neighbours: usize,
) -> Result<()> {
    let spots = embedding.nrows();
    if spots < 2 || embedding.iter().any(|value| !value.is_finite()) {
        return Err(Error::argument("x", "must have two or more spots, and finite values"));
    }
    if labels.len() != spots {
        return Err(Error::argument("domain", format!("has {} labels for {spots} spots", labels.len())));
    }
    if graph.is_some_and(|graph| graph.spots() != spots) {
        return Err(Error::argument("graph", format!("must have {spots} spots")));
    }
    if neighbours == 0 {
        return Err(Error::argument("neighbours", "must be at least 1"));
    }
    let known = match root {
        Root::Spot(spot) => spot < spots,
        Root::Domain(domain) => labels.contains(&Some(domain)),
    };
    if known { Ok(()) } else { Err(Error::argument("root", "is neither a spot nor a domain with spots")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points on a quarter circle, closer together at its end.
    fn arc(spots: usize) -> Array2<f64> {
        Array2::from_shape_fn((spots, 2), |(spot, axis)| {
            let angle = 1.5 * (spot as f64 / spots as f64).sqrt();
            if axis == 0 { angle.cos() } else { angle.sin() }
        })
    }

    fn thirds(spots: usize) -> Vec<Option<usize>> {
        (0..spots).map(|spot| Some(3 * spot / spots)).collect()
    }

    fn run(embedding: &Array2<f64>, labels: &[Option<usize>], root: Root) -> Result<Pseudotime> {
        domain_pseudotime(embedding.view(), None, labels, root, 5, &Monitor::silent())
    }

    #[test]
    fn orders_a_chain_from_a_spot_and_from_a_domain() {
        let (embedding, labels) = (arc(120), thirds(120));
        for root in [Root::Spot(0), Root::Domain(0)] {
            let found = run(&embedding, &labels, root).unwrap();
            assert!(found.root < 5, "{}", found.root);
            let times: Vec<f64> = found.pseudotime.iter().flatten().copied().collect();
            assert!(times[6..].windows(2).all(|pair| pair[0] < pair[1]));
            assert_eq!((times[found.root], times[119]), (0.0, 1.0));
            assert!(found.connectivity[[0, 1]] > 0.0 && found.connectivity[[0, 2]] == 0.0);
        }
        assert!(run(&embedding, &labels, Root::Domain(2)).unwrap().root > 114);
    }

    #[test]
    fn a_part_without_links_to_the_root_has_no_pseudotime_unless_tissue_joins_it() {
        let mut embedding = arc(60);
        embedding.slice_mut(ndarray::s![40.., ..]).mapv_inplace(|value| value + 5.0);
        let found = run(&embedding, &thirds(60), Root::Spot(3)).unwrap();
        assert!(found.pseudotime[..40].iter().all(Option::is_some));
        assert!(found.pseudotime[40..].iter().all(Option::is_none));
        // The larger part of a domain that lies in two holds the root.
        let labels: Vec<_> = (0..60).map(|spot| Some(usize::from(spot > 34))).collect();
        assert!(run(&embedding, &labels, Root::Domain(1)).unwrap().root >= 40);
        // A step of six between two lines is beyond the five nearest, and near enough for a link on the tissue.
        let lines = Array2::from_shape_fn((60, 1), |(spot, _)| (spot + 5 * (spot / 40)) as f64);
        assert!(run(&lines, &labels, Root::Spot(0)).unwrap().pseudotime[59].is_none());
        let tissue = SpatialGraph::from_edges(60, [(39, 40)]);
        let joined =
            domain_pseudotime(lines.view(), Some(&tissue), &labels, Root::Spot(0), 5, &Monitor::silent()).unwrap();
        assert_eq!(joined.pseudotime.iter().flatten().count(), 60);
    }

    #[test]
    fn equal_points_and_tiny_sections_have_a_pseudotime() {
        let mut embedding = arc(30);
        embedding.slice_mut(ndarray::s![..12, ..]).fill(0.5);
        let found = run(&embedding, &thirds(30), Root::Spot(0)).unwrap();
        assert!(found.pseudotime.iter().flatten().all(|value| (0.0..=1.0).contains(value)));
        let two = run(&arc(2), &[None, None], Root::Spot(1)).unwrap();
        assert_eq!(two.pseudotime, [Some(1.0), Some(0.0)]);
        assert!(run(&Array2::ones((9, 2)), &[None; 9], Root::Spot(1)).is_err());
    }

    #[test]
    fn bad_input_names_the_argument() {
        let embedding = arc(9);
        let named = |result: Result<Pseudotime>| match result {
            Err(Error::Argument { argument, .. }) => argument,
            _ => "",
        };
        assert_eq!(named(run(&embedding, &[None; 8], Root::Spot(0))), "domain");
        assert_eq!(named(run(&embedding, &[None; 9], Root::Spot(9))), "root");
        assert_eq!(named(run(&embedding, &[None; 9], Root::Domain(0))), "root");
        assert_eq!(named(run(&embedding.mapv(|_| f64::NAN), &[None; 9], Root::Spot(0))), "x");
    }
}
