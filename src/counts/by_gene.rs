//! Counts gene by gene, without a copy of them all.

use super::Counts;
use crate::error::Result;
use rayon::prelude::*;

impl<'a> Counts<'a> {
    /// The same counts gene by gene, a block of genes at a time.
    pub fn gene_blocks(&self) -> GeneBlocks<'a> {
        let mut stored = vec![0; self.genes()];
        self.matrix.indices().iter().for_each(|&gene| stored[gene as usize] += 1);
        let begin = |spot| self.matrix.indptr().outer_inds_sz(spot).start;
        let next = (0..self.spots()).map(begin).collect();
        GeneBlocks { counts: *self, stored, most: STORED_AT_ONCE, done: 0, next }
    }

    /// What `work` makes of the place and the counts of each of these genes (row numbers, in any order), in parallel;
    /// every thread has a `scratch` of its own that it may reuse.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn map_genes<S, T: Send>(
        &self,
        genes: &[usize],
        scratch: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize, GeneCounts) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let mut order: Vec<usize> = (0..genes.len()).collect();
        order.sort_by_key(|&index| genes[index]);
        let (mut left, mut done) = (order.as_slice(), Vec::with_capacity(genes.len()));
        for block in self.gene_blocks() {
            if left.is_empty() {
                break;
            }
            let (own, rest) = left.split_at(left.partition_point(|&index| genes[index] < block.genes().end));
            let of_gene = |own: &mut S, &index: &usize| Ok((index, work(own, index, block.gene(genes[index]))?));
            done.extend(own.par_iter().map_init(&scratch, of_gene).collect::<Result<Vec<_>>>()?);
            left = rest;
        }
        done.sort_by_key(|&(index, _)| index);
        Ok(done.into_iter().map(|(_, found)| found).collect())
    }
}

/// Stored counts that a block of genes holds at most, if it is not one gene. A copy of all counts would be the largest
/// thing in memory.
const STORED_AT_ONCE: usize = 1 << 23;

/// Walks through the genes in order. Every block passes over all spots once, from where the one before it ended.
pub struct GeneBlocks<'a> {
    counts: Counts<'a>,
    /// Number of stored counts of each gene.
    stored: Vec<usize>,
    /// Stored counts that a block holds at most.
    most: usize,
    /// Genes before the next block.
    done: usize,
    /// Of each spot the first entry that no block had.
    next: Vec<usize>,
}

/// Counts of consecutive genes, compressed by gene.
pub struct GeneBlock {
    first: usize,
    offsets: Vec<usize>,
    spots: Vec<i32>,
    values: Vec<f64>,
}

/// Stored counts of one gene.
#[derive(Clone, Copy)]
pub struct GeneCounts<'a> {
    /// Spots with a stored count, rising.
    pub spots: &'a [i32],
    /// Their counts.
    pub values: &'a [f64],
}

impl GeneBlocks<'_> {
    /// Offsets of the entries of the next genes, as many as a block may hold.
    fn offsets(&self) -> Vec<usize> {
        let mut offsets = vec![0];
        for &stored in &self.stored[self.done..] {
            let end = offsets[offsets.len() - 1] + stored;
            if end > self.most && offsets.len() > 1 {
                break;
            }
            offsets.push(end);
        }
        offsets
    }
}

impl Iterator for GeneBlocks<'_> {
    type Item = GeneBlock;

    fn next(&mut self) -> Option<GeneBlock> {
        if self.done == self.stored.len() {
            return None;
        }
        let (first, offsets) = (self.done, self.offsets());
        self.done += offsets.len() - 1;
        let held = offsets[offsets.len() - 1];
        let (mut spots, mut values, mut place) = (vec![0; held], vec![0.0; held], offsets.clone());
        let (_, genes, counts) = self.counts.matrix.into_raw_storage();
        for (spot, next) in self.next.iter_mut().enumerate() {
            let end = self.counts.matrix.indptr().outer_inds_sz(spot).end;
            while *next < end && (genes[*next] as usize) < self.done {
                let place = &mut place[genes[*next] as usize - first];
                (spots[*place], values[*place]) = (spot as i32, counts[*next]);
                *place += 1;
                *next += 1;
            }
        }
        Some(GeneBlock { first, offsets, spots, values })
    }
}

impl GeneBlock {
    /// Row numbers of the genes.
    pub fn genes(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.offsets.len() - 1
    }

    /// Counts of one of them, by row number.
    pub fn gene(&self, gene: usize) -> GeneCounts<'_> {
        let range = self.offsets[gene - self.first]..self.offsets[gene - self.first + 1];
        GeneCounts { spots: &self.spots[range.clone()], values: &self.values[range] }
    }
}

impl<'a> GeneCounts<'a> {
    /// Spots and counts.
    pub fn iter(self) -> impl Iterator<Item = (usize, f64)> + Clone + 'a {
        self.spots.iter().zip(self.values).map(|(&spot, &count)| (spot as usize, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Genes come in order, with their spots rising, whatever a block holds; a gene with more than that has its own.
    #[test]
    fn blocks_are_the_transposed_counts() {
        let (genes, spots) = (7, 5);
        let stored = |gene: usize, spot: usize| gene != 3 && (gene * 5 + spot * 3) % 4 < 2;
        let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for spot in 0..spots {
            for gene in (0..genes).filter(|&gene| stored(gene, spot)) {
                rows.push(gene as i32);
                values.push((1 + gene * 10 + spot) as f64);
            }
            offsets.push(rows.len() as i32);
        }
        let counts = Counts::new(genes, spots, &offsets, &rows, &values).unwrap();
        for most in [1, 4, 100] {
            let blocks: Vec<GeneBlock> = GeneBlocks { most, ..counts.gene_blocks() }.collect();
            assert_eq!(blocks.iter().flat_map(GeneBlock::genes).collect::<Vec<_>>(), (0..genes).collect::<Vec<_>>());
            assert!(blocks.iter().all(|block| block.values.len() <= most || block.genes().len() == 1));
            for block in &blocks {
                for gene in block.genes() {
                    let expected = (0..spots).filter(|&spot| stored(gene, spot));
                    let expected: Vec<_> = expected.map(|spot| (spot, (1 + gene * 10 + spot) as f64)).collect();
                    assert_eq!(block.gene(gene).iter().collect::<Vec<_>>(), expected);
                }
            }
        }
        let sums = counts.map_genes(&[5, 0, 3], || (), |(), place, gene| Ok((place, gene.values.len())));
        let stored = |gene| (0..spots).filter(|&spot| stored(gene, spot)).count();
        assert_eq!(sums.unwrap(), [(0, stored(5)), (1, stored(0)), (2, 0)]);
    }
}
