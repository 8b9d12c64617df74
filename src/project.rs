//! Domains of spots that a fit does not know, in the space of the fit.
//!
//! The component scores of a new spot are made with the fit's loadings and averaged over its surroundings as those of
//! the fit were. Spots of the same tissue have the fit's spots as surroundings, which stay as they are; spots of
//! another section have each other. The domains of the fit are normal in these averages, with one covariance; a spot of
//! the same tissue expects the domains of the spots around it, one of another section those of the whole fit:
//!
//!   P(domain | spot) ~ N(averages; mean of the domain, covariance) x (neighbours of the domain + share of the domain)
//!
//! A spot that lies further from the mean of its domain than nearly all of the domain's own spots is of no domain that
//! the fit knows.

use crate::cluster::most_probable;
use crate::counts::Counts;
use crate::discriminants::{Discriminants, posterior};
use crate::error::{Error, Result};
use crate::graph::diffusion::diffuse;
use crate::graph::{SpatialGraph, nearest_to, typical_reach};
use crate::median::median;
use crate::monitor::{Monitor, Progress};
use crate::normalise::Normalisation;
use crate::preprocess::{Features, ScaledFeatures};
use ndarray::{Array2, ArrayView2, Axis};

/// A place further from all spots of the fit than this multiple of what a spot's neighbours reach lies outside of them.
const OUTSIDE: f64 = 2.0;
/// Spots that lie on all sides of one: of those that come in lines, two neighbours are on the line, and what is between two
/// lines is not outside.
const ALL_ROUND: usize = 4;
/// Spots made dense at a time.
const BLOCK: usize = 1024;

/// Spots with domains, as a fit has them.
pub struct Known<'a> {
    /// Scores of the spots themselves, spots x components.
    pub scores: ArrayView2<'a, f64>,
    /// Their graph.
    pub graph: &'a SpatialGraph,
    /// How often the fit averages over neighbours.
    pub steps: usize,
    /// Places, spots x 2 or 3.
    pub coords: ArrayView2<'a, f64>,
    /// Slice number of each spot.
    pub slice: &'a [usize],
    /// Domain of each spot, below `count`; none for spots that are not to be used.
    pub domain: &'a [Option<usize>],
    /// How sure that is, from 0 to 1.
    pub confidence: &'a [f64],
    /// Number of domains.
    pub count: usize,
}

/// Where new spots lie.
pub enum Surroundings<'a> {
    /// Among the spots of the fit: places, and slice numbers of the fit.
    Known(ArrayView2<'a, f64>, &'a [usize]),
    /// On sections that the fit does not know: their own graph.
    Own(&'a SpatialGraph),
}

/// Domains of new spots.
#[derive(Clone, Debug)]
pub struct Projected {
    /// Most probable domain; none for a place outside of the fit's spots.
    pub domain: Vec<Option<usize>>,
    /// Its posterior probability times the mean confidence of the fit's spots of that domain: those around the spot, or
    /// all where none of these is of it.
    pub confidence: Vec<f64>,
    /// Share of the domain's own spots that lie at least as far from its mean, the new spot counted among them.
    pub typical: Vec<f64>,
}

/// Scores of new spots in the components of a fit, spots x components, divided by the root mean square of the fit's
/// own: `features` are the fit's genes with their statistics, of one batch of `spots`, `loadings` genes x components.
///
/// # Errors
/// [`Error::Argument`] naming `fit` for parts that do not fit together; [`Error::Interrupted`].
pub fn component_scores(
    counts: &Counts,
    normalisation: Normalisation,
    features: &Features,
    spots: usize,
    loadings: ArrayView2<f64>,
    root_mean_square: f64,
    monitor: &Monitor,
) -> Result<Array2<f64>> {
    check_components(counts, features, loadings, root_mean_square)?;
    let scaled = ScaledFeatures::on_scale_of(counts, normalisation, features, spots);
    let mut scores = Array2::zeros((counts.spots(), loadings.ncols()));
    for (block, mut rows) in scores.axis_chunks_iter_mut(Axis(0), BLOCK).enumerate() {
        let (first, total) = (block * BLOCK, counts.spots());
        monitor.step(Progress { stage: "scores", done: first, total, objective: None })?;
        rows.assign(&(scaled.block(first..first + rows.nrows()).dot(&loadings) / root_mean_square));
    }
    Ok(scores)
}

/// Domains of the new spots with these scores. Linear in spots.
///
/// # Errors
/// [`Error::Argument`] naming `coords`, `scores`, `slice`, `domain` or `fit`; [`Error::Numeric`] when domains do not
/// vary; [`Error::Interrupted`].
pub fn project(
    known: &Known,
    scores: ArrayView2<f64>,
    surroundings: Surroundings,
    monitor: &Monitor,
) -> Result<Projected> {
    check(known, scores, &surroundings)?;
    let around = match surroundings {
        Surroundings::Own(_) => vec![Vec::new(); scores.nrows()],
        Surroundings::Known(coords, slice) => around(known, coords, slice, monitor)?,
    };
    monitor.check()?;
    let (mut new, averages) = joined(known, scores, &around);
    let mut outside = around.iter().map(Vec::is_empty).collect::<Vec<bool>>();
    if let Surroundings::Own(graph) = surroundings {
        new = diffuse(graph, scores, known.steps);
        outside.fill(false);
    }
    monitor.check()?;
    let discriminants =
        Discriminants::new(averages.view(), known.domain, known.count).map_err(|error| match error {
            Error::Numeric(_) => {
                Error::argument("domain", "has no variation within its domains: new spots cannot be compared")
            }
            other => other,
        })?;
    let shares = (&discriminants.sizes / discriminants.sizes.sum()).insert_axis(Axis(0));
    let expected = expected_domains(known, &around, &shares);
    let posterior = posterior(discriminants.log_densities(new.view()) + expected.mapv(f64::ln));
    let domain = most_probable(&posterior);
    let far = discriminants.squared_distances(new.view(), &domain);
    let typical = typical(known, &discriminants, &averages, &domain, &far);
    let sure = confidence_around(known, &around, &domain);
    let confidence = domain.iter().zip(posterior.rows()).zip(sure).map(|((&own, row), sure)| row[own] * sure).collect();
    let domain = domain.into_iter().zip(outside).map(|(own, outside)| (!outside).then_some(own)).collect();
    Ok(Projected { domain, confidence, typical })
}

/// The spots of the fit that surround each place, as many as its own spots usually have; none for a place outside.
fn around(known: &Known, coords: ArrayView2<f64>, slice: &[usize], monitor: &Monitor) -> Result<Vec<Vec<usize>>> {
    let mut degrees: Vec<f64> = (0..known.graph.spots()).map(|spot| known.graph.degree(spot) as f64).collect();
    let count = median(&mut degrees).unwrap_or(0.0).max(1.0) as usize;
    let mut around = vec![Vec::new(); slice.len()];
    for own in 0..slice.iter().max().map_or(0, |last| last + 1) {
        let rows =
            |numbers: &[usize]| -> Vec<usize> { (0..numbers.len()).filter(|&row| numbers[row] == own).collect() };
        let (old, new) = (rows(known.slice), rows(slice));
        let places = known.coords.select(Axis(0), &old);
        let reach = OUTSIDE * typical_reach(&places, count.max(ALL_ROUND), monitor)?;
        for (&spot, near) in new.iter().zip(nearest_to(&places, &coords.select(Axis(0), &new), count, monitor)?) {
            if near.first().is_some_and(|&(_, distance)| distance <= reach) {
                around[spot] = near.into_iter().map(|(row, _)| old[row]).collect();
            }
        }
    }
    Ok(around)
}

/// Averages of new spots over themselves and the spots of the fit around them, step by step, and those of the spots of
/// the fit, which do not hang on the new spots.
fn joined(known: &Known, scores: ArrayView2<f64>, around: &[Vec<usize>]) -> (Array2<f64>, Array2<f64>) {
    let (mut own, mut others) = (scores.to_owned(), known.scores.to_owned());
    for _ in 0..known.steps {
        for (mut row, near) in own.rows_mut().into_iter().zip(around) {
            near.iter().for_each(|&spot| row += &others.row(spot));
            row /= (near.len() + 1) as f64;
        }
        others = diffuse(known.graph, others.view(), 1);
    }
    (own, others)
}

/// Share of each domain among the spots around, with the shares in the whole fit as one more spot.
fn expected_domains(known: &Known, around: &[Vec<usize>], shares: &Array2<f64>) -> Array2<f64> {
    let mut expected = Array2::from_shape_fn((around.len(), known.count), |(_, own)| shares[[0, own]]);
    for (mut row, near) in expected.rows_mut().into_iter().zip(around) {
        near.iter().filter_map(|&spot| known.domain[spot]).for_each(|own| row[own] += 1.0);
        let total = row.sum();
        row /= total;
    }
    expected
}

/// Mean confidence of the fit's spots of a domain, of those around each new spot.
fn confidence_around(known: &Known, around: &[Vec<usize>], domain: &[usize]) -> Vec<f64> {
    let mean = |own: usize, spots: &mut dyn Iterator<Item = usize>| {
        let (sum, count) = spots
            .filter(|&spot| known.domain[spot] == Some(own))
            .fold((0.0, 0.0), |(sum, count), spot| (sum + known.confidence[spot], count + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    let all: Vec<f64> = (0..known.count).map(|own| mean(own, &mut (0..known.domain.len())).unwrap_or(1.0)).collect();
    around.iter().zip(domain).map(|(near, &own)| mean(own, &mut near.iter().copied()).unwrap_or(all[own])).collect()
}

/// How far new spots are out among the spots of their domain, each of these seen from the others.
fn typical(
    known: &Known,
    discriminants: &Discriminants,
    averages: &Array2<f64>,
    domain: &[usize],
    far: &[f64],
) -> Vec<f64> {
    let used: Vec<usize> = (0..known.domain.len()).filter(|&spot| known.domain[spot].is_some()).collect();
    let labels: Vec<usize> = known.domain.iter().flatten().copied().collect();
    let distances = discriminants.own_squared_distances(averages.select(Axis(0), &used).view(), &labels);
    let mut own: Vec<Vec<f64>> = vec![Vec::new(); known.count];
    labels.iter().zip(distances).for_each(|(&label, distance)| own[label].push(distance));
    own.iter_mut().for_each(|distances| distances.sort_by(f64::total_cmp));
    let share = |(&label, distance): (&usize, &f64)| {
        let (all, nearer) = (own[label].len(), own[label].partition_point(|other| other < distance));
        (all - nearer + 1) as f64 / (all + 1) as f64
    };
    domain.iter().zip(far).map(share).collect()
}

fn check_components(counts: &Counts, features: &Features, loadings: ArrayView2<f64>, scale: f64) -> Result<()> {
    let genes = features.genes.len();
    let levels = [&features.shares, &features.means, &features.deviations];
    let fits = loadings.nrows() == genes
        && levels.iter().all(|levels| levels.dim() == (1, genes))
        && features.genes.iter().all(|&gene| gene < counts.genes());
    if !fits {
        return Err(Error::argument("fit", "must have loadings and levels of the genes it was made from"));
    }
    let finite = loadings.iter().chain(levels.into_iter().flatten()).all(|value| value.is_finite());
    if !(finite && scale.is_finite() && scale > 0.0) {
        return Err(Error::argument("fit", "must have finite loadings and levels, and scores that vary"));
    }
    Ok(())
}

fn check(known: &Known, scores: ArrayView2<f64>, surroundings: &Surroundings) -> Result<()> {
    let (spots, new) = (known.scores.nrows(), scores.nrows());
    if scores.ncols() != known.scores.ncols() {
        return Err(Error::argument("scores", "must have as many components as those of the fit"));
    }
    let lengths =
        [known.coords.nrows(), known.slice.len(), known.domain.len(), known.confidence.len(), known.graph.spots()];
    if lengths.iter().any(|&length| length != spots) {
        return Err(Error::argument("fit", format!("must have {spots} spots in all of its parts")));
    }
    if known.domain.iter().flatten().any(|&own| own >= known.count) {
        return Err(Error::argument("domain", format!("must be below {}", known.count)));
    }
    check_finite("scores", scores)?;
    check_finite("fit", known.scores)?;
    if known.confidence.iter().any(|value| !value.is_finite()) {
        return Err(Error::argument("fit", "has a confidence that is not finite"));
    }
    let fits = match surroundings {
        Surroundings::Own(graph) => graph.spots() == new,
        Surroundings::Known(coords, slice) => {
            let axes = coords.ncols();
            check_finite("coords", *coords)?;
            check_finite("fit", known.coords)?;
            coords.nrows() == new && slice.len() == new && axes == known.coords.ncols() && [2, 3].contains(&axes)
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Error::argument("coords", format!("must have the {new} new spots and the fit's axes")))
    }
}

fn check_finite(argument: &'static str, values: ArrayView2<f64>) -> Result<()> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(Error::argument(argument, "has values that are not finite")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::blobs;
    use ndarray::s;

    const SIDE: usize = 30;

    /// A square of two halves whose scores differ, with noise.
    struct Tissue {
        coords: Array2<f64>,
        graph: SpatialGraph,
        scores: Array2<f64>,
        domain: Vec<Option<usize>>,
        slice: Vec<usize>,
    }

    impl Tissue {
        fn new() -> Self {
            let coords = Array2::from_shape_fn((SIDE * SIDE, 2), |(spot, axis)| {
                (if axis == 0 { spot % SIDE } else { spot / SIDE }) as f64
            });
            let edges = (0..SIDE * SIDE).flat_map(|spot| {
                let right = (spot % SIDE + 1 < SIDE).then_some((spot, spot + 1));
                right.into_iter().chain((spot + SIDE < SIDE * SIDE).then_some((spot, spot + SIDE)))
            });
            let domain: Vec<Option<usize>> =
                (0..SIDE * SIDE).map(|spot| Some(usize::from(spot % SIDE >= 12))).collect();
            let (noise, _) = blobs(SIDE * SIDE, 3, 1, 0.0, 5);
            let scores = Array2::from_shape_fn(noise.raw_dim(), |(spot, axis)| {
                noise[[spot, axis]] + if axis == 0 { 2.0 * domain[spot].unwrap_or(0) as f64 } else { 0.0 }
            });
            let graph = SpatialGraph::from_edges(SIDE * SIDE, edges);
            Tissue { coords, graph, scores, domain, slice: vec![0; SIDE * SIDE] }
        }

        fn known(&self) -> Known<'_> {
            Known {
                scores: self.scores.view(),
                graph: &self.graph,
                steps: 2,
                coords: self.coords.view(),
                slice: &self.slice,
                domain: &self.domain,
                confidence: &[0.9; SIDE * SIDE],
                count: 2,
            }
        }

        /// Spots with the right domain.
        fn right(&self, found: &Projected) -> usize {
            found.domain.iter().zip(&self.domain).filter(|(one, other)| one == other).count()
        }
    }

    #[test]
    fn spots_among_those_of_the_fit_take_their_domains_and_strangers_are_seen() -> Result<()> {
        let tissue = Tissue::new();
        let mut places = &tissue.coords + 0.3;
        places.row_mut(0).fill(-50.0);
        let mut new = tissue.scores.clone();
        new[[5, 2]] = 60.0;
        let among = Surroundings::Known(places.view(), &tissue.slice);
        let found = project(&tissue.known(), new.view(), among, &Monitor::silent())?;
        assert_eq!(found.domain[0], None);
        assert!(tissue.right(&found) as f64 > 0.97 * (SIDE * SIDE) as f64);
        assert!(found.typical[5] < 0.005);
        let strange = found.typical.iter().filter(|&&share| share <= 0.05).count();
        assert!(strange < SIDE * SIDE / 10, "{strange}");
        // The same spots as a section of its own.
        let own = Surroundings::Own(&tissue.graph);
        let apart = project(&tissue.known(), tissue.scores.view(), own, &Monitor::silent())?;
        assert!(tissue.right(&apart) as f64 > 0.95 * (SIDE * SIDE) as f64);
        assert!(apart.confidence.iter().all(|&confidence| (0.45..=0.9 + 1e-12).contains(&confidence)));
        Ok(())
    }

    /// Where few spots are known in many dimensions, these lie nearer to their means than new ones like them.
    #[test]
    fn new_spots_like_the_known_ones_are_as_typical() -> Result<()> {
        let (all, truth) = blobs(1060, 12, 2, 3.0, 3);
        let (known, new) = (all.slice(s![..60, ..]), all.slice(s![60.., ..]));
        let domain: Vec<Option<usize>> = truth[..60].iter().copied().map(Some).collect();
        let (graph, apart) = (SpatialGraph::from_edges(60, []), SpatialGraph::from_edges(1000, []));
        let coords = Array2::zeros((60, 2));
        let known = Known {
            scores: known,
            graph: &graph,
            steps: 0,
            coords: coords.view(),
            slice: &[0; 60],
            domain: &domain,
            confidence: &[1.0; 60],
            count: 2,
        };
        let found = project(&known, new, Surroundings::Own(&apart), &Monitor::silent())?;
        let rare = found.typical.iter().filter(|&&share| share <= 0.1).count();
        assert!((40..=170).contains(&rare), "{rare} of 1000 instead of 100");
        Ok(())
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let tissue = Tissue::new();
        let refused = |known: Known, graph: &SpatialGraph, name: &str| match project(
            &known,
            tissue.scores.view(),
            Surroundings::Own(graph),
            &Monitor::silent(),
        ) {
            Err(Error::Argument { argument, .. }) => assert_eq!(argument, name),
            other => panic!("{other:?}"),
        };
        refused(Known { slice: &tissue.slice[1..], ..tissue.known() }, &tissue.graph, "fit");
        refused(Known { count: 1, ..tissue.known() }, &tissue.graph, "domain");
        refused(tissue.known(), &SpatialGraph::from_edges(3, []), "coords");
        let unknown = tissue.scores.mapv(|_| f64::NAN);
        refused(Known { scores: unknown.view(), ..tissue.known() }, &tissue.graph, "fit");
    }
}
