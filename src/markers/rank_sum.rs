//! The Wilcoxon rank-sum test of all genes between domains, on sparse counts.
//!
//! The ranks are those of normalised expression, log(1 + 10,000 x count / library size): its order is that of the
//! shares. Only the stored counts of a gene are sorted, once for all comparisons; spots without counts are one group of
//! ties below them.

use super::groups::{Comparison, Groups};
use crate::counts::{Counts, GeneCounts};
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Progress};
use ndarray::Array2;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Total count of a spot to which expression is scaled.
const TARGET: f64 = 1e4;

/// Rank sums of all genes. A comparison's test statistic is `shift / sd`, standard normal under the null.
#[derive(Clone, Debug)]
pub struct RankSums {
    /// The two sides of each comparison; no second one for the rest.
    pub sides: Vec<(usize, Option<usize>)>,
    /// Blocks that hold spots of both sides, for each comparison.
    pub strata: Vec<usize>,
    /// Rank sum less its mean under the null, genes x comparisons; with several strata, the sum over them with van
    /// Elteren's weights. Positive where the first side is higher.
    pub shift: Array2<f64>,
    /// Standard deviation under the null, corrected for ties; 0 where all values are the same.
    pub sd: Array2<f64>,
    /// Probability that a spot of the first side is higher than one of the second in the same block, ties counted as
    /// half; NaN where there are no such pairs.
    pub auc: Array2<f64>,
    /// Sum of 10,000 x count / library size over the spots of each domain, genes x domains.
    pub sum: Array2<f64>,
    /// Number of spots of each domain that have counts, genes x domains.
    pub detected: Array2<f64>,
}

/// Tests all genes of `counts` between the domains of `groups`. With several blocks, ranks are taken within blocks, and
/// rank sums are weighted by 1 / (spots of the block + 1), which is best for effects that are the same in all blocks
/// (van Elteren 1960, Bulletin de l'Institut International de Statistique 37, 351-361). Memory beyond the result is
/// linear in the stored counts.
///
/// # Errors
/// [`Error::Argument`] naming `domain`; [`Error::Interrupted`].
pub fn rank_sums(counts: &Counts, groups: &Groups, comparison: Comparison, monitor: &Monitor) -> Result<RankSums> {
    if groups.spots() != counts.spots() {
        let message = format!("has {} values for {} spots", groups.spots(), counts.spots());
        return Err(Error::argument("domain", message));
    }
    let (sizes, plan) = (counts.library_sizes(), Plan::new(groups, comparison));
    let done = AtomicUsize::new(0);
    let genes: Vec<usize> = (0..counts.genes()).collect();
    let test = |scratch: &mut Scratch, _: usize, gene: GeneCounts| {
        scratch.clear();
        gene.iter().for_each(|(spot, count)| scratch.push(groups, spot, TARGET * (count / sizes[spot])));
        let tested = plan.test(groups, scratch);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.step(Progress { stage: "genes", done, total: genes.len(), objective: None })?;
        Ok(tested)
    };
    let tested = counts.map_genes(&genes, || Scratch::new(groups), test)?;
    Ok(plan.collect(tested.into_iter(), groups, counts.genes()))
}

/// Results of one gene.
struct Gene {
    shift: Vec<f64>,
    sd: Vec<f64>,
    auc: Vec<f64>,
    sum: Vec<f64>,
    detected: Vec<f64>,
}

/// The stored counts of one gene, by block.
struct Scratch {
    /// Share and domain. Shares are positive, so their bits are in their order.
    entries: Vec<Vec<(u64, u32)>>,
    sum: Vec<f64>,
    detected: Vec<f64>,
}

impl Scratch {
    fn new(groups: &Groups) -> Self {
        let domains = groups.domains();
        Scratch { entries: vec![Vec::new(); groups.blocks()], sum: vec![0.0; domains], detected: vec![0.0; domains] }
    }

    fn clear(&mut self) {
        self.entries.iter_mut().for_each(Vec::clear);
        self.sum.fill(0.0);
        self.detected.fill(0.0);
    }

    #[inline]
    fn push(&mut self, groups: &Groups, spot: usize, share: f64) {
        let Some((block, own)) = groups.of_spot(spot) else { return };
        if share > 0.0 {
            self.entries[block].push((share.to_bits(), own as u32));
            self.sum[own] += share;
            self.detected[own] += 1.0;
        }
    }
}

/// What is compared, the same for all genes.
struct Plan {
    comparison: Comparison,
    sides: Vec<(usize, Option<usize>)>,
    strata: Vec<usize>,
}

impl Plan {
    fn new(groups: &Groups, comparison: Comparison) -> Self {
        let sides = groups.sides(comparison);
        let both = |side, block| {
            let (own, other) = groups.side_sizes(block, side);
            own > 0.0 && other > 0.0
        };
        let strata =
            sides.iter().map(|&side| (0..groups.blocks()).filter(|&block| both(side, block)).count()).collect();
        Plan { comparison, sides, strata }
    }

    fn test(&self, groups: &Groups, scratch: &mut Scratch) -> Gene {
        let count = self.sides.len();
        let (mut shift, mut variance) = (vec![0.0; count], vec![0.0; count]);
        let (mut wins, mut pairs) = (vec![0.0; count], vec![0.0; count]);
        for (block, entries) in scratch.entries.iter_mut().enumerate() {
            entries.sort_unstable_by_key(|entry| entry.0);
            let found = match self.comparison {
                Comparison::Rest => against_rest(entries, groups.sizes(block)),
                Comparison::Pairs => between_pairs(entries, groups.sizes(block)),
            };
            for (at, (&side, found)) in self.sides.iter().zip(found).enumerate() {
                let (own, other) = groups.side_sizes(block, side);
                if own > 0.0 && other > 0.0 {
                    let weight = if self.strata[at] > 1 { 1.0 / (own + other + 1.0) } else { 1.0 };
                    shift[at] += weight * (found.wins - own * other / 2.0);
                    variance[at] += weight * weight * null_variance(own, other, found.ties);
                    wins[at] += found.wins;
                    pairs[at] += own * other;
                }
            }
        }
        let auc = wins.into_iter().zip(pairs).map(|(wins, pairs)| wins / pairs).collect();
        let sd = variance.into_iter().map(f64::sqrt).collect();
        Gene { shift, sd, auc, sum: scratch.sum.clone(), detected: scratch.detected.clone() }
    }

    fn collect(self, tested: impl Iterator<Item = Gene>, groups: &Groups, genes: usize) -> RankSums {
        let (comparisons, domains) = ((genes, self.sides.len()), (genes, groups.domains()));
        let mut all = RankSums {
            shift: Array2::zeros(comparisons),
            sd: Array2::zeros(comparisons),
            auc: Array2::zeros(comparisons),
            sum: Array2::zeros(domains),
            detected: Array2::zeros(domains),
            sides: self.sides,
            strata: self.strata,
        };
        for (gene, own) in tested.enumerate() {
            let rows = [&mut all.shift, &mut all.sd, &mut all.auc, &mut all.sum, &mut all.detected];
            for (matrix, values) in rows.into_iter().zip([own.shift, own.sd, own.auc, own.sum, own.detected]) {
                matrix.row_mut(gene).iter_mut().zip(values).for_each(|(place, value)| *place = value);
            }
        }
        all
    }
}

/// Variance of the rank sum of `own` among `own + other` values under the null. `ties` is the sum of t³ − t over groups
/// of t equal values (Lehmann 1975, Nonparametrics: statistical methods based on ranks, appendix).
fn null_variance(own: f64, other: f64, ties: f64) -> f64 {
    let all = own + other;
    // All values the same: rounding must not leave a variance.
    if ties >= cubic(all) { 0.0 } else { own * other / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0))) }
}

fn cubic(count: f64) -> f64 {
    count * count * count - count
}

/// One comparison in one block: pairs of spots of which the first side's is higher (ties count half), and the sum of
/// t³ − t over its ties.
struct Found {
    wins: f64,
    ties: f64,
}

/// Sorted entries in groups of equal values.
fn tied(entries: &[(u64, u32)]) -> impl Iterator<Item = &[(u64, u32)]> {
    entries.chunk_by(|a, b| a.0 == b.0)
}

/// Spots of each domain without counts.
fn without_counts(entries: &[(u64, u32)], sizes: &[f64]) -> Vec<f64> {
    let mut zeros = sizes.to_vec();
    entries.iter().for_each(|entry| zeros[entry.1 as usize] -= 1.0);
    zeros
}

/// Every domain against all others, from their sums of ranks.
fn against_rest(entries: &[(u64, u32)], sizes: &[f64]) -> Vec<Found> {
    let zeros = without_counts(entries, sizes);
    let mut below: f64 = zeros.iter().sum();
    let mut ties = cubic(below);
    let mut ranks: Vec<f64> = zeros.iter().map(|zeros| zeros * (below + 1.0) / 2.0).collect();
    for same in tied(entries) {
        let count = same.len() as f64;
        let rank = below + (count + 1.0) / 2.0;
        same.iter().for_each(|entry| ranks[entry.1 as usize] += rank);
        if same.len() > 1 {
            ties += cubic(count);
        }
        below += count;
    }
    ranks.into_iter().zip(sizes).map(|(ranks, own)| Found { wins: ranks - own * (own + 1.0) / 2.0, ties }).collect()
}

/// Every domain against every later one. A spot adds to all its domain's pairs at once, by how many spots of each other
/// domain lie below.
fn between_pairs(entries: &[(u64, u32)], sizes: &[f64]) -> Vec<Found> {
    let domains = sizes.len();
    let mut below = without_counts(entries, sizes);
    let (mut wins, mut ties) = (vec![0.0; domains * domains], vec![0.0; domains * domains]);
    for a in 0..domains {
        for b in a + 1..domains {
            wins[a * domains + b] = below[a] * below[b] / 2.0;
            ties[a * domains + b] = cubic(below[a] + below[b]);
        }
    }
    let mut counts = vec![0.0; domains];
    for same in tied(entries) {
        same.iter().for_each(|entry| counts[entry.1 as usize] += 1.0);
        for a in same.iter().map(|entry| entry.1 as usize) {
            let row = &mut wins[a * domains..(a + 1) * domains];
            row.iter_mut().zip(&below).zip(&counts).for_each(|((wins, below), tied)| *wins += below + tied / 2.0);
        }
        if same.len() > 1 {
            for a in 0..domains {
                (a + 1..domains).for_each(|b| ties[a * domains + b] += cubic(counts[a] + counts[b]));
            }
        }
        for a in same.iter().map(|entry| entry.1 as usize) {
            below[a] += counts[a];
            counts[a] = 0.0;
        }
    }
    let pairs = (0..domains).flat_map(|a| (a + 1..domains).map(move |b| a * domains + b));
    pairs.map(|at| Found { wins: wins[at], ties: ties[at] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Counts whose library sizes are all the same, so that ties stay: the last gene fills them up.
    fn filled(values: &[u8], genes: usize) -> (Vec<i32>, Vec<i32>, Vec<f64>) {
        let (mut offsets, mut rows, mut counts) = (vec![0], Vec::new(), Vec::new());
        for spot in values.chunks(genes) {
            for (gene, &value) in spot.iter().enumerate().filter(|(_, value)| **value > 0) {
                rows.push(gene as i32);
                counts.push(f64::from(value));
            }
            rows.push(genes as i32);
            counts.push(1000.0 - spot.iter().map(|&value| f64::from(value)).sum::<f64>());
            offsets.push(rows.len() as i32);
        }
        (offsets, rows, counts)
    }

    /// Pairs won, null variance and pairs of values in two groups, from their definitions.
    fn by_definition(first: &[u8], second: &[u8]) -> (f64, f64, f64) {
        let score = |a: &u8, b: &u8| {
            if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            }
        };
        let wins = first.iter().flat_map(|a| second.iter().map(move |b| score(a, b))).sum();
        let all: Vec<u8> = first.iter().chain(second).copied().collect();
        let midrank = |value: &u8| {
            all.iter().filter(|other| *other < value).count() as f64
                + (all.iter().filter(|other| *other == value).count() as f64 + 1.0) / 2.0
        };
        let ranks: Vec<f64> = all.iter().map(midrank).collect();
        let (n, mean) = (all.len() as f64, (all.len() as f64 + 1.0) / 2.0);
        let square: f64 = ranks.iter().map(|rank| (rank - mean) * (rank - mean)).sum();
        let (a, b) = (first.len() as f64, second.len() as f64);
        // Sampling without replacement.
        (wins, a * b / (n * (n - 1.0)) * square, a * b)
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * (1.0 + b.abs())
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            values in prop::collection::vec(prop_oneof![3 => Just(0u8), 2 => 0u8..5], 24..120),
            domain in prop::collection::vec(prop::option::weighted(0.9, 0usize..3), 60),
            block in prop::collection::vec(0usize..2, 60),
            pairs in any::<bool>(),
        ) {
            let (genes, spots) = (2, values.len() / 2);
            let (offsets, rows, counts) = filled(&values[..genes * spots], genes);
            let counts = Counts::new(genes + 1, spots, &offsets, &rows, &counts).unwrap();
            let groups = Groups::new(&domain[..spots], 3, &block[..spots]).unwrap();
            let comparison = if pairs { Comparison::Pairs } else { Comparison::Rest };
            let found = rank_sums(&counts, &groups, comparison, &Monitor::silent()).unwrap();
            for (at, &(own, other)) in found.sides.iter().enumerate() {
                for gene in 0..genes {
                    let strata = [0, 1].map(|stratum| {
                        let side = |wanted: &dyn Fn(usize) -> bool| -> Vec<u8> {
                            let spots = (0..spots).filter(|&spot| block[spot] == stratum);
                            let spots = spots.filter(|&spot| domain[spot].is_some_and(wanted));
                            spots.map(|spot| values[genes * spot + gene]).collect()
                        };
                        (side(&|is| is == own), side(&|is| other.map_or(is != own, |other| is == other)))
                    });
                    let both: Vec<_> = strata.iter().filter(|(a, b)| !a.is_empty() && !b.is_empty()).collect();
                    prop_assert_eq!(found.strata[at], both.len());
                    let (mut shift, mut variance, mut won, mut all) = (0.0, 0.0, 0.0, 0.0);
                    for (a, b) in &both {
                        let weight = if both.len() > 1 { 1.0 / ((a.len() + b.len()) as f64 + 1.0) } else { 1.0 };
                        let (wins, square, pairs) = by_definition(a, b);
                        shift += weight * (wins - pairs / 2.0);
                        variance += weight * weight * square;
                        (won, all) = (won + wins, all + pairs);
                    }
                    prop_assert!(near(found.shift[[gene, at]], shift));
                    prop_assert!(near(found.sd[[gene, at]].powi(2), variance));
                    let auc = found.auc[[gene, at]];
                    prop_assert!(all == 0.0 && auc.is_nan() || near(auc, won / all));
                }
            }
        }
    }

    #[test]
    fn sums_and_detection_are_by_domain() {
        let (offsets, rows, counts) = filled(&[3, 0, 1, 2], 1);
        let counts = Counts::new(2, 4, &offsets, &rows, &counts).unwrap();
        let groups = Groups::new(&[Some(0), Some(0), Some(1), None], 2, &[0; 4]).unwrap();
        let found = rank_sums(&counts, &groups, Comparison::Rest, &Monitor::silent()).unwrap();
        assert_eq!(found.sum.row(0).to_vec(), [30.0, 10.0]);
        assert_eq!(found.detected.row(0).to_vec(), [1.0, 1.0]);
    }

    #[test]
    fn bad_input_names_the_argument() {
        let argument = |result: Result<Groups>| match result {
            Err(Error::Argument { argument, .. }) => argument,
            _ => "none",
        };
        assert_eq!(argument(Groups::new(&[Some(2)], 2, &[0])), "domain");
        assert_eq!(argument(Groups::new(&[Some(1)], 2, &[])), "block");
    }
}
