//! Counts as the slots of a sparse matrix, with and without faults.

use crate::Input;
use starscape::Result;
use starscape::counts::{Counts, Summary};

/// The slots of a matrix compressed by spot.
#[derive(Clone, Debug)]
pub struct Sparse {
    pub genes: usize,
    pub spots: usize,
    pub offsets: Vec<i32>,
    pub rows: Vec<i32>,
    pub values: Vec<f64>,
}

impl Sparse {
    /// The counts, if they are.
    pub fn read(&self) -> Result<Counts<'_>> {
        Counts::new(self.genes, self.spots, &self.offsets, &self.rows, &self.values)
    }

    /// What the slots hold.
    pub fn summary(&self) -> Result<Summary> {
        Summary::of(self.genes, self.spots, &self.offsets, &self.rows, &self.values)
    }

    /// Breaks one part.
    fn spoil(&mut self, input: &mut Input) {
        let place = |input: &mut Input, length: usize| input.between(0, length.saturating_sub(1));
        let number = |input: &mut Input| input.one_of(&[-1, 0, 1, 7, 1000, i32::MAX, i32::MIN]);
        match input.between(0, 6) {
            0 | 1 => {
                let place = place(input, self.values.len());
                if let Some(value) = self.values.get_mut(place) {
                    *value = input.any_number();
                }
            }
            2 => {
                let place = place(input, self.rows.len());
                if let Some(row) = self.rows.get_mut(place) {
                    *row = number(input);
                }
            }
            3 => {
                let place = place(input, self.offsets.len());
                self.offsets[place] = number(input);
            }
            4 => drop(self.values.pop()),
            5 => self.genes = input.one_of(&[0, 1, usize::MAX]),
            _ => self.spots = input.one_of(&[0, 1, usize::MAX]),
        }
    }
}

/// Counts of these genes and spots; one in eight has a fault.
pub fn counts(input: &mut Input, genes: usize, spots: usize) -> Sparse {
    let kind = input.between(0, 7);
    let regions = input.between(1, 4);
    let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for spot in 0..spots {
        let region = spot * regions / spots;
        for gene in 0..genes {
            let value = value(input, kind, gene, (gene + region) % regions == 0);
            // A spot without counts is refused: each has one at least.
            let value = if gene == spot % genes { value.max(1.0) } else { value };
            if value != 0.0 || kind == 6 {
                rows.push(gene as i32);
                values.push(value);
            }
        }
        offsets.push(values.len() as i32);
    }
    let mut sparse = Sparse { genes, spots, offsets, rows, values };
    while input.once_in(8) {
        sparse.spoil(input);
    }
    sparse
}

/// A count of a gene, in the regions that it marks or outside.
fn value(input: &mut Input, kind: usize, gene: usize, marked: bool) -> f64 {
    let mean = if marked { 6.0 } else { 2.0 };
    let usual = (-mean * (1.0 - input.noise()).ln()).floor();
    match kind {
        1 => 1.0,
        2 => f64::from(usual > 12.0),
        3 => (usual * 1e5).floor(),
        4 => usual * 1e15,
        5 => usual + input.noise(),
        7 if gene > 0 => 0.0,
        _ => usual,
    }
}
