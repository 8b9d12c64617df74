//! Agreement after each label has been matched with at most one true class.

use super::contingency::Contingency;
use crate::error::{Error, Result};
use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

/// Most cells of a table that is matched: with more, labels are no longer classes.
const LARGEST_TABLE: usize = 10_000_000;

/// Agreement of labels with true classes under the one-to-one matching that agrees on most items.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The label matched with each class.
    pub partners: Vec<Option<usize>>,
    /// Share of items whose label is matched with their class.
    pub accuracy: f64,
    /// Mean over the true classes of F1 = 2 · agreeing / (items of the class + items of its label); 0 for a class
    /// without a label.
    pub macro_f1: f64,
}

/// Matches the columns (labels) of a table with its rows (true classes).
///
/// # Errors
/// [`Error::Argument`] naming `labels` when there are too many classes to be matched.
pub(super) fn of_table(table: &Contingency) -> Result<Matched> {
    let (classes, labels) = (table.row_totals().len(), table.column_totals().len());
    if classes.saturating_mul(labels) > LARGEST_TABLE {
        let message = format!("cannot be matched: {labels} labels and {classes} true classes are too many");
        return Err(Error::argument("labels", message));
    }
    let mut counts = Matrix::new(classes, labels, 0u64);
    table.cells().iter().for_each(|cell| counts[(cell.row, cell.column)] = cell.count);
    let partners = partners(classes, labels, |class, label| counts[(class, label)]);
    let pairs = partners.iter().enumerate().filter_map(|(class, label)| label.map(|label| (class, label)));
    let agreeing: u64 = pairs.clone().map(|pair| counts[pair]).sum();
    let f1: f64 = pairs
        .map(|(class, label)| {
            let items = table.row_totals()[class] + table.column_totals()[label];
            if items > 0 { 2.0 * counts[(class, label)] as f64 / items as f64 } else { 0.0 }
        })
        .sum();
    let classes_with_items = table.row_totals().iter().filter(|&&count| count > 0).count();
    Ok(Matched { accuracy: agreeing as f64 / table.total() as f64, macro_f1: f1 / classes_with_items as f64, partners })
}

/// The label matched with each class of `truth`, so that most items agree; classes and labels are numbers from 0, and
/// items where either is missing are left out. None for classes that are left over.
///
/// # Errors
/// [`Error::Argument`] naming `labels` when they are of another length, or too many to be matched.
pub fn match_labels(truth: &[Option<usize>], labels: &[Option<usize>]) -> Result<Vec<Option<usize>>> {
    if labels.len() != truth.len() {
        let message = format!("has {} entries but `truth` has {}", labels.len(), truth.len());
        return Err(Error::argument("labels", message));
    }
    let known = truth.iter().zip(labels).filter_map(|(class, label)| class.zip(*label));
    let (classes, labels): (Vec<usize>, Vec<usize>) = known.unzip();
    let (table, all) = (Contingency::new(&classes, &labels), truth.iter().flatten().max().map_or(0, |last| last + 1));
    let mut partners = if classes.is_empty() { Vec::new() } else { of_table(&table)?.partners };
    partners.resize(all, None);
    Ok(partners)
}

/// The column matched with each row of a table of counts, so that most items agree: one to one by the Hungarian method
/// (Kuhn 1955), none for rows that are left over.
pub(crate) fn partners(rows: usize, columns: usize, count: impl Fn(usize, usize) -> u64) -> Vec<Option<usize>> {
    // The method matches every row, so the shorter side has to be in the rows.
    if rows <= columns {
        let weights = Matrix::from_fn(rows, columns, |(row, column)| count(row, column) as i64);
        return kuhn_munkres(&weights).1.into_iter().map(Some).collect();
    }
    let weights = Matrix::from_fn(columns, rows, |(column, row)| count(row, column) as i64);
    let mut partners = vec![None; rows];
    for (column, row) in kuhn_munkres(&weights).1.into_iter().enumerate() {
        partners[row] = Some(column);
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(truth: &[usize], labels: &[usize]) -> Matched {
        of_table(&Contingency::new(truth, labels)).expect("few classes")
    }

    #[test]
    fn renamed_labels_agree_fully() {
        let expected = Matched { partners: vec![Some(2), Some(0), Some(1)], accuracy: 1.0, macro_f1: 1.0 };
        assert_eq!(matched(&[0, 0, 1, 2], &[2, 2, 0, 1]), expected);
    }

    #[test]
    fn more_labels_than_classes_leave_some_unmatched() {
        // Class 0 takes label 0 (2 of 3), class 1 takes label 2: F1 = 4/5 and 1.
        let value = matched(&[0, 0, 0, 1], &[0, 0, 1, 2]);
        assert!((value.accuracy - 0.75).abs() < 1e-12);
        assert!((value.macro_f1 - 0.9).abs() < 1e-12);
    }

    #[test]
    fn fewer_labels_than_classes_leave_a_class_without() {
        // One label for two classes of three and one: F1 = 6/7 and 0.
        let value = matched(&[0, 0, 0, 1], &[0, 0, 0, 0]);
        assert!((value.accuracy - 0.75).abs() < 1e-12);
        assert!((value.macro_f1 - 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn the_matching_is_the_best_and_not_the_greedy_one() {
        // Greedy takes the 3 and is left with 0; the best takes 2 + 2.
        let truth = [0, 0, 0, 0, 0, 1, 1];
        let labels = [0, 0, 0, 1, 1, 0, 0];
        assert!((matched(&truth, &labels).accuracy - 4.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn labels_are_matched_where_both_are_known() {
        let truth = [Some(0), Some(0), Some(1), Some(2), None];
        let labels = [Some(1), Some(1), Some(0), None, Some(0)];
        assert_eq!(match_labels(&truth, &labels).unwrap(), [Some(1), Some(0), None]);
        assert_eq!(match_labels(&truth, &[None; 5]).unwrap(), [None; 3]);
        assert!(matches!(match_labels(&truth, &[None]), Err(Error::Argument { argument: "labels", .. })));
    }

    #[test]
    fn refuses_labels_that_are_no_classes() {
        let items: Vec<usize> = (0..4000).collect();
        assert!(matches!(of_table(&Contingency::new(&items, &items)), Err(Error::Argument { argument: "labels", .. })));
    }
}
