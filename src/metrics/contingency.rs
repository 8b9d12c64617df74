//! How two partitions of the same items cross.

/// One cell of the table that holds items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Class in the first partition.
    pub row: usize,
    /// Class in the second partition.
    pub column: usize,
    /// Items in both.
    pub count: u64,
}

/// Counts of items by their class in one partition (rows) and in another (columns). Only cells that hold items are
/// stored, so partitions into many small classes cost no more than their items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contingency {
    cells: Vec<Cell>,
    row_totals: Vec<u64>,
    column_totals: Vec<u64>,
    total: u64,
}

impl Contingency {
    /// Crosses two partitions, item by item; where one is longer, its end is left out. Classes are numbers from 0;
    /// unused numbers give empty rows or columns and change no measure.
    pub fn new(rows: &[usize], columns: &[usize]) -> Self {
        let mut pairs: Vec<(usize, usize)> = rows.iter().copied().zip(columns.iter().copied()).collect();
        pairs.sort_unstable();
        let cell = |same: &[(usize, usize)]| Cell { row: same[0].0, column: same[0].1, count: same.len() as u64 };
        let cells: Vec<Cell> = pairs.chunk_by(|a, b| a == b).map(cell).collect();
        let classes = |class: fn(&Cell) -> usize| cells.iter().map(class).max().map_or(0, |largest| largest + 1);
        let mut row_totals = vec![0; classes(|cell| cell.row)];
        let mut column_totals = vec![0; classes(|cell| cell.column)];
        for cell in &cells {
            row_totals[cell.row] += cell.count;
            column_totals[cell.column] += cell.count;
        }
        Contingency { total: pairs.len() as u64, cells, row_totals, column_totals }
    }

    /// The cells that hold items, by row and then by column.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Items in each row class.
    pub fn row_totals(&self) -> &[u64] {
        &self.row_totals
    }

    /// Items in each column class.
    pub fn column_totals(&self) -> &[u64] {
        &self.column_totals
    }

    /// Items in all.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crosses_two_partitions() {
        let table = Contingency::new(&[2, 0, 0, 0], &[1, 1, 0, 1]);
        let cell = |row, column, count| Cell { row, column, count };
        assert_eq!(table.cells(), &[cell(0, 0, 1), cell(0, 1, 2), cell(2, 1, 1)]);
        assert_eq!(table.row_totals(), &[3, 0, 1]);
        assert_eq!(table.column_totals(), &[1, 3]);
        assert_eq!(table.total(), 4);
    }
}
