//! How much more variable rank sums are because neighbouring spots are alike.

use super::groups::{Comparison, Groups};
use crate::autocorrelation::{Inflation, SpatialNull};
use crate::counts::{Counts, GeneBlock};
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use ndarray::{Array2, ArrayView2, ArrayViewMut1, Axis};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Genes that a thread takes at a time.
const BLOCK: usize = 16;

/// Inflation of the variance of all rank sums of [`super::rank_sums`], and its degrees of freedom. It is estimated from
/// the ranks of a gene among all spots that have a domain, less the means of the domains; with several blocks, from
/// ranks within blocks over the number of spots of the block, less the means of each block's domains. `coords` is spots
/// x 2, `slice` the slice number of each spot. Memory beyond the result is linear in stored counts and spots.
///
/// # Errors
/// [`Error::Argument`] naming `coords`, `slice` or `domain`; [`Error::Numeric`]; [`Error::Interrupted`].
pub fn rank_inflation(
    counts: &Counts,
    groups: &Groups,
    comparison: Comparison,
    coords: ArrayView2<f64>,
    slice: &[usize],
    monitor: &Monitor,
) -> Result<Inflation> {
    let spots = counts.spots();
    check(spots, groups, coords, slice)?;
    let stratum = |spot: usize| groups.of_spot(spot).map(|(block, own)| block * groups.domains() + own);
    let strata: Vec<Option<usize>> = (0..spots).map(stratum).collect();
    let contrasts = contrasts(groups, comparison);
    let null = SpatialNull::new(coords, slice, &strata, contrasts.view(), monitor)?;
    let (patch_of, sizes) = (null.patch_of(spots), counts.library_sizes());
    let (done, total) = (AtomicUsize::new(0), counts.genes());
    let of_genes = |block: &GeneBlock, chunk: &[usize]| -> Result<Inflation> {
        let mut sums = Array2::zeros((chunk.len(), null.patches()));
        let mut squares = vec![0.0; chunk.len()];
        let mut ranks = Ranks::new(groups);
        for (place, &gene) in chunk.iter().enumerate() {
            block.gene(gene).iter().for_each(|(spot, count)| ranks.push(groups, spot, count / sizes[spot]));
            squares[place] = ranks.add_to(sums.row_mut(place), &patch_of);
        }
        let done = done.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
        monitor.step(Progress { stage: "spatial autocorrelation", done, total, objective: None })?;
        Ok(null.inflation(sums, &squares))
    };
    let mut found: Vec<Inflation> = Vec::new();
    for block in counts.gene_blocks() {
        let genes: Vec<usize> = block.genes().collect();
        found.extend(genes.par_chunks(BLOCK).map(|chunk| of_genes(&block, chunk)).collect::<Result<Vec<_>>>()?);
    }
    let (factors, freedom): (Vec<_>, Vec<_>) = found.iter().map(|part| (part.factor.view(), part.df.view())).unzip();
    let joined = |parts: &[ArrayView2<f64>]| {
        ndarray::concatenate(Axis(0), parts).map_err(|error| Error::Numeric(error.to_string()))
    };
    Ok(Inflation { factor: joined(&factors)?, df: joined(&freedom)? })
}

fn check(spots: usize, groups: &Groups, coords: ArrayView2<f64>, slice: &[usize]) -> Result<()> {
    for (argument, length) in [("coords", coords.nrows()), ("slice", slice.len()), ("domain", groups.spots())] {
        if length != spots {
            return Err(Error::argument(argument, format!("has {length} places for {spots} spots")));
        }
    }
    if coords.ncols() != 2 || coords.iter().any(|value| !value.is_finite()) {
        return Err(Error::argument("coords", "must have two columns of finite numbers"));
    }
    Ok(())
}

/// What the ranks of each block and domain count in each comparison: differences of mean ranks, weighted over blocks as
/// van Elteren does.
fn contrasts(groups: &Groups, comparison: Comparison) -> Array2<f64> {
    let (sides, domains) = (groups.sides(comparison), groups.domains());
    let mut contrasts = Array2::zeros((sides.len(), groups.blocks() * domains));
    for (row, &side) in sides.iter().enumerate() {
        for block in 0..groups.blocks() {
            let (own, other) = groups.side_sizes(block, side);
            if own == 0.0 || other == 0.0 {
                continue;
            }
            let weight = own * other / (own + other);
            for domain in 0..domains {
                let counts = match side.1 {
                    _ if domain == side.0 => weight / own,
                    None => -weight / other,
                    Some(second) if domain == second => -weight / other,
                    Some(_) => 0.0,
                };
                contrasts[[row, block * domains + domain]] = counts;
            }
        }
    }
    contrasts
}

/// Ranks of one gene's stored counts, by block. Spots without counts are one group of ties below them.
struct Ranks {
    entries: Vec<Vec<(u64, usize)>>,
    spots: Vec<f64>,
}

impl Ranks {
    fn new(groups: &Groups) -> Self {
        let spots = (0..groups.blocks()).map(|block| groups.sizes(block).iter().sum()).collect();
        Ranks { entries: vec![Vec::new(); groups.blocks()], spots }
    }

    /// Shares are positive, so their bits are in their order.
    #[inline]
    fn push(&mut self, groups: &Groups, spot: usize, share: f64) {
        if let Some((block, _)) = groups.of_spot(spot).filter(|_| share > 0.0) {
            self.entries[block].push((share.to_bits(), spot));
        }
    }

    /// Adds up, patch by patch, by how much spots rank above those without counts, and returns the sum of its squares.
    /// Forgets the gene.
    fn add_to(&mut self, mut sums: ArrayViewMut1<f64>, patch_of: &[Option<usize>]) -> f64 {
        let mut squares = 0.0;
        for (entries, &spots) in self.entries.iter_mut().zip(&self.spots) {
            entries.sort_unstable();
            let zeros = spots - entries.len() as f64;
            let (mut below, scale) = (zeros, 1.0 / (spots + 1.0));
            for same in entries.chunk_by(|a, b| a.0 == b.0) {
                let count = same.len() as f64;
                let above = scale * (below + (count + 1.0) / 2.0 - (zeros + 1.0) / 2.0);
                same.iter().filter_map(|entry| patch_of[entry.1]).for_each(|patch| sums[patch] += above);
                squares += count * above * above;
                below += count;
            }
            entries.clear();
        }
        squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, stream};
    use rand::Rng;

    const SIDE: usize = 20;
    const SPOTS: usize = SIDE * SIDE;

    type Section = (Vec<i32>, Vec<i32>, Vec<f64>, Array2<f64>, Vec<Option<usize>>);

    /// Gene 0 is smooth, gene 1 noise, gene 2 without counts, gene 3 fills library sizes up, which are all the same.
    fn section() -> Section {
        let rng = &mut stream(5, Stream::Counts);
        let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for spot in 0..SPOTS {
            let (x, y) = ((spot % SIDE) as f64, (spot / SIDE) as f64);
            let smooth = (4.0 + 4.0 * (0.7 * x + 0.4 * y).sin()).round();
            let noise = f64::from(rng.random_range(0..5));
            for (gene, value) in [smooth, noise, 0.0, 100.0 - smooth - noise].into_iter().enumerate() {
                if value > 0.0 {
                    rows.push(gene as i32);
                    values.push(value);
                }
            }
            offsets.push(rows.len() as i32);
        }
        let coords = Array2::from_shape_fn((SPOTS, 2), |(spot, axis)| {
            (if axis == 0 { spot % SIDE } else { spot / SIDE }) as f64
        });
        let domain = (0..SPOTS).map(|spot| (spot % 11 > 0).then_some(3 * (spot % SIDE) / SIDE)).collect();
        (offsets, rows, values, coords, domain)
    }

    fn found(comparison: Comparison, block: &[usize]) -> Result<Inflation> {
        let (offsets, rows, values, coords, domain) = section();
        let counts = Counts::new(4, SPOTS, &offsets, &rows, &values)?;
        let groups = Groups::new(&domain, 3, block)?;
        rank_inflation(&counts, &groups, comparison, coords.view(), &[0; SPOTS], &Monitor::silent())
    }

    #[test]
    fn smooth_genes_are_inflated_and_noise_is_not() {
        let halves: Vec<usize> = (0..SPOTS).map(|spot| spot / SIDE % 2).collect();
        for block in [vec![0; SPOTS], halves] {
            let rest = found(Comparison::Rest, &block).unwrap();
            assert!(rest.factor.row(0).iter().all(|&factor| factor > 3.0), "{}", rest.factor);
            assert!(rest.factor.row(1).iter().all(|&factor| factor < 1.5), "{}", rest.factor);
            assert!(rest.factor.row(2).iter().all(|factor| factor.is_nan()));
            assert!(rest.df.row(0).iter().zip(rest.df.row(1)).all(|(smooth, noise)| smooth < noise));
        }
    }

    #[test]
    fn values_on_stored_counts_are_ranks() {
        let (offsets, rows, values, _, domain) = section();
        let counts = Counts::new(4, SPOTS, &offsets, &rows, &values).unwrap();
        let groups = Groups::new(&domain, 3, &[0; SPOTS]).unwrap();
        let mut ranks = Ranks::new(&groups);
        let block = counts.gene_blocks().next().unwrap();
        block.gene(1).iter().for_each(|(spot, count)| ranks.push(&groups, spot, count));
        let patch_of: Vec<Option<usize>> = (0..SPOTS).map(Some).collect();
        let mut above = Array2::zeros((1, SPOTS));
        let squares = ranks.add_to(above.row_mut(0), &patch_of);
        let mut dense = vec![0.0; SPOTS];
        block.gene(1).iter().for_each(|(spot, count)| dense[spot] = count);
        let used: Vec<usize> = (0..SPOTS).filter(|&spot| domain[spot].is_some()).collect();
        let rank = |own: f64| {
            let below = used.iter().filter(|&&spot| dense[spot] < own).count();
            below as f64 + (used.iter().filter(|&&spot| dense[spot] == own).count() as f64 + 1.0) / 2.0
        };
        for &spot in &used {
            let expected = (rank(dense[spot]) - rank(0.0)) / (used.len() + 1) as f64;
            assert!((above[[0, spot]] - expected).abs() < 1e-12);
        }
        assert!((above.row(0).dot(&above.row(0)) - squares).abs() < 1e-9);
    }

    #[test]
    fn of_two_domains_pairs_and_rest_agree_and_bad_input_is_named() {
        let (offsets, rows, values, coords, mut domain) = section();
        domain.iter_mut().for_each(|own| *own = own.filter(|&own| own < 2));
        let counts = Counts::new(4, SPOTS, &offsets, &rows, &values).unwrap();
        let groups = Groups::new(&domain, 2, &[0; SPOTS]).unwrap();
        let at = |comparison, coords: ArrayView2<f64>, slice: &[usize]| {
            rank_inflation(&counts, &groups, comparison, coords, slice, &Monitor::silent())
        };
        let rest = at(Comparison::Rest, coords.view(), &[0; SPOTS]).unwrap();
        let pairs = at(Comparison::Pairs, coords.view(), &[0; SPOTS]).unwrap();
        for gene in [0, 1, 3] {
            assert!((rest.factor[[gene, 0]] / pairs.factor[[gene, 0]] - 1.0).abs() < 1e-9);
            assert!((rest.factor[[gene, 1]] / pairs.factor[[gene, 0]] - 1.0).abs() < 1e-9);
        }
        let short = at(Comparison::Rest, coords.slice(ndarray::s![1.., ..]), &[0; SPOTS]);
        assert!(matches!(short.err(), Some(Error::Argument { argument: "coords", .. })));
        let short = at(Comparison::Rest, coords.view(), &[0; 3]);
        assert!(matches!(short.err(), Some(Error::Argument { argument: "slice", .. })));
    }
}
