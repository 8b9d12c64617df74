//! Many labellings of the same spots.

use crate::error::{Error, Result};
use std::collections::HashMap;

/// Most labels of one run. Two runs are crossed in a dense table, and more labels are no domains.
const MOST_LABELS: usize = 1000;

/// Labels of the same spots from several runs. Each run's labels are numbered from 0 in the order in which they appear.
#[derive(Clone, Debug)]
pub struct Runs {
    labels: Vec<Vec<u16>>,
    sizes: Vec<Vec<u64>>,
}

impl Runs {
    /// Takes one labelling a run, any numbers, one a spot.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `labels` without runs or spots, for runs of different length, and for a run of more
    /// than a thousand labels.
    pub fn new(labels: &[impl AsRef<[usize]>]) -> Result<Self> {
        let spots = labels.first().map_or(0, |run| run.as_ref().len());
        if spots == 0 {
            return Err(Error::argument("labels", "has no runs or no spots"));
        }
        if let Some(run) = labels.iter().find(|run| run.as_ref().len() != spots) {
            let message = format!("has runs of {spots} and of {} spots", run.as_ref().len());
            return Err(Error::argument("labels", message));
        }
        let numbered: Vec<(Vec<u16>, Vec<u64>)> =
            labels.iter().map(|run| number(run.as_ref())).collect::<Result<_>>()?;
        let (labels, sizes) = numbered.into_iter().unzip();
        Ok(Runs { labels, sizes })
    }

    /// Number of runs.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// Number of spots.
    pub fn spots(&self) -> usize {
        self.labels[0].len()
    }

    /// Number of labels of a run.
    pub fn groups(&self, run: usize) -> usize {
        self.sizes[run].len()
    }

    /// The labels of a run, one a spot.
    pub(super) fn labels(&self, run: usize) -> &[u16] {
        &self.labels[run]
    }

    /// Spots of each label of a run.
    pub(super) fn sizes(&self, run: usize) -> &[u64] {
        &self.sizes[run]
    }

    /// Counts the spots by their label in `reference`, which has `groups` labels, and in a run, into a table whose rows
    /// belong to the reference. The table is overwritten: one buffer serves many pairs.
    pub(super) fn cross(&self, reference: &[u16], groups: usize, run: usize, table: &mut Vec<u64>) {
        let columns = self.groups(run);
        table.clear();
        table.resize(groups * columns, 0);
        for (&row, &column) in reference.iter().zip(self.labels(run)) {
            table[usize::from(row) * columns + usize::from(column)] += 1;
        }
    }
}

/// Numbers labels from 0 as they appear, and counts them.
fn number(labels: &[usize]) -> Result<(Vec<u16>, Vec<u64>)> {
    let mut numbers: HashMap<usize, u16> = HashMap::new();
    let mut sizes: Vec<u64> = Vec::new();
    let mut numbered = Vec::with_capacity(labels.len());
    for &label in labels {
        let number = *numbers.entry(label).or_insert(sizes.len() as u16);
        if usize::from(number) == sizes.len() {
            if sizes.len() == MOST_LABELS {
                return Err(Error::argument("labels", format!("has a run of more than {MOST_LABELS} labels")));
            }
            sizes.push(0);
        }
        sizes[usize::from(number)] += 1;
        numbered.push(number);
    }
    Ok((numbered, sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_numbered_as_they_appear() -> Result<()> {
        let runs = Runs::new(&[vec![9, 9, 4, 9], vec![0, 1, 2, 0]])?;
        assert_eq!((runs.count(), runs.spots(), runs.groups(0), runs.groups(1)), (2, 4, 2, 3));
        assert_eq!((runs.labels(0), runs.sizes(0)), (&[0, 0, 1, 0][..], &[3, 1][..]));
        let mut table = vec![5; 9];
        runs.cross(runs.labels(0), 2, 1, &mut table);
        assert_eq!(table, [2, 1, 0, 0, 0, 1]);
        Ok(())
    }

    #[test]
    fn refuses_what_is_no_set_of_labellings() {
        let many: Vec<usize> = (0..=MOST_LABELS).collect();
        for labels in [vec![], vec![vec![]], vec![vec![1, 2], vec![1]], vec![many]] {
            assert!(matches!(Runs::new(&labels), Err(Error::Argument { argument: "labels", .. })));
        }
    }
}
