//! What is standardised together, and what of the difference between batches is theirs and not their tissue's.
//!
//! A gene's level and spread in a batch hang on two things: how it was measured, which is to be removed, and what the
//! batch is made of, which is not. Where types of spots are known that batches have in common, one is told from the
//! other by the model with two factors, value = level of the batch + level of the type + rest, and for counts
//! count ~ Poisson(size x share of the type x factor of the batch). A batch then gets the mean, the spread and the
//! share that it would have if it were made of the types as all batches together are. Without types, and as far as a
//! batch has none in common with others, it is taken to be made of the same: these are its own mean, spread and share.

mod two_way;

use crate::error::{Error, Result};
use std::sync::Arc;
use two_way::TwoWay;

/// The batch of each spot, and if known its type.
#[derive(Clone, Debug)]
pub struct Batches {
    number: Arc<Vec<usize>>,
    sizes: Vec<f64>,
    types: Option<Arc<TwoWay>>,
}

/// Level and spread of a gene in each batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Mean by batch.
    pub means: Vec<f64>,
    /// Standard deviation by batch.
    pub deviations: Vec<f64>,
}

impl Batches {
    /// Batches made of the same; `number` is the batch number of each spot, from 0.
    pub fn alike(number: &[usize]) -> Self {
        let mut sizes = vec![0.0; number.iter().max().map_or(1, |last| last + 1)];
        number.iter().for_each(|&own| sizes[own] += 1.0);
        Batches { number: Arc::new(number.to_vec()), sizes, types: None }
    }

    /// Batches made of types, whose number is given for each spot, from 0.
    ///
    /// # Errors
    /// [`Error::Argument`] naming `batch` for types of other spots; [`Error::Numeric`] when a decomposition fails.
    pub fn made_of(number: &[usize], types: &[usize]) -> Result<Self> {
        if types.len() != number.len() {
            let message = format!("has {} values for the types of {} spots", number.len(), types.len());
            return Err(Error::argument("batch", message));
        }
        let two_way = Arc::new(TwoWay::new(number, types)?);
        Ok(Batches { types: Some(two_way), ..Batches::alike(number) })
    }

    /// Number of batches.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Batch number of each spot.
    pub fn number(&self) -> &[usize] {
        &self.number
    }

    /// Number of spots of each batch.
    pub fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// Level and spread of values, one a spot.
    pub fn levels(&self, values: &[f64]) -> Levels {
        match &self.types {
            Some(types) => types.levels(values),
            None => self.own_levels(values),
        }
    }

    fn own_levels(&self, values: &[f64]) -> Levels {
        let (mut means, mut squares) = (vec![0.0; self.count()], vec![0.0; self.count()]);
        values.iter().zip(self.number.iter()).for_each(|(value, &own)| means[own] += value);
        means.iter_mut().zip(&self.sizes).for_each(|(mean, size)| *mean /= size.max(1.0));
        for (value, &own) in values.iter().zip(self.number.iter()) {
            squares[own] += (value - means[own]) * (value - means[own]);
        }
        let deviations =
            squares.iter().zip(&self.sizes).map(|(square, size)| (square / size.max(1.0)).sqrt()).collect();
        Levels { means, deviations }
    }

    /// Sums over what batches are made of, of values of all spots: the library sizes that [`Batches::shares`] takes.
    pub fn totals(&self, values: &[f64]) -> Vec<f64> {
        self.sums(values.iter().copied().enumerate())
    }

    /// The share of each batch's counts that belongs to a gene with these stored counts; `totals` are those of the
    /// library sizes.
    pub fn shares(&self, spots: &[i32], counts: &[f64], totals: &[f64]) -> Vec<f64> {
        let sums = self.sums(spots.iter().map(|&spot| spot as usize).zip(counts.iter().copied()));
        match &self.types {
            Some(types) => types.shares(&sums, totals),
            None => sums.iter().zip(totals).map(|(sum, total)| sum / total).collect(),
        }
    }

    fn sums(&self, values: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
        let (cell, count) = match &self.types {
            Some(types) => (types.cells(), types.count()),
            None => (self.number(), self.count()),
        };
        let mut sums = vec![0.0; count];
        values.for_each(|(spot, value)| sums[cell[spot]] += value);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two types at 0 and 4; the second batch is 1 higher. It has one spot in ten of the second type instead of half.
    fn section() -> (Vec<usize>, Vec<usize>, Vec<f64>) {
        let number: Vec<usize> = (0..400).map(|spot| spot / 200).collect();
        let types: Vec<usize> = (0..400).map(|spot| usize::from(spot % 10 < if spot < 200 { 5 } else { 1 })).collect();
        let value =
            |spot: usize| number[spot] as f64 + 4.0 * types[spot] as f64 + ((spot * 7919) % 13) as f64 / 6.0 - 1.0;
        let values = (0..400).map(value).collect();
        (number, types, values)
    }

    #[test]
    fn what_batches_are_made_of_is_not_their_level() {
        let (number, types, values) = section();
        let own = Batches::alike(&number).levels(&values);
        assert!((own.means[1] - own.means[0] + 0.6).abs() < 0.05);
        assert!(own.deviations[1] < 0.8 * own.deviations[0]);
        let told_apart = Batches::made_of(&number, &types).unwrap().levels(&values);
        let shift = told_apart.means[1] - told_apart.means[0];
        assert!((0.8..1.05).contains(&shift), "{shift}");
        assert!((told_apart.deviations[1] / told_apart.deviations[0] - 1.0).abs() < 0.1);
    }

    #[test]
    fn batches_made_of_the_same_have_their_own_levels() {
        let (number, _, values) = section();
        let types: Vec<usize> = (0..400).map(|spot| spot % 2).collect();
        let (own, same) =
            (Batches::alike(&number).levels(&values), Batches::made_of(&number, &types).unwrap().levels(&values));
        for (one, other) in own.deviations.iter().zip(&same.deviations) {
            assert!((one - other).abs() < 0.05 * one);
        }
        let difference = |levels: &Levels| levels.means[1] - levels.means[0];
        assert!((difference(&own) - difference(&same)).abs() < 1e-9);
    }

    #[test]
    fn types_of_other_spots_are_refused() {
        let refused = Batches::made_of(&[0, 1], &[0, 1, 1]).err();
        assert!(matches!(refused, Some(Error::Argument { argument: "batch", .. })));
    }

    #[test]
    fn shares_are_those_of_the_same_composition() {
        // A gene takes 1 and 3 of 10 counts in the types, twice as many in the second batch.
        let number: Vec<usize> = (0..400).map(|spot| spot / 200).collect();
        let types: Vec<usize> = (0..400).map(|spot| usize::from(spot % 10 < if spot < 200 { 5 } else { 1 })).collect();
        let counts: Vec<f64> =
            (0..400).map(|spot| (1.0 + 2.0 * types[spot] as f64) * (1.0 + number[spot] as f64)).collect();
        let batches = Batches::made_of(&number, &types).unwrap();
        let spots: Vec<i32> = (0..400).collect();
        let shares = batches.shares(&spots, &counts, &batches.totals(&[10.0; 400]));
        assert!((shares[1] / shares[0] - 2.0).abs() < 0.05, "{shares:?}");
        let alike = Batches::alike(&number);
        let own = alike.shares(&spots, &counts, &alike.totals(&[10.0; 400]));
        assert!((own[1] / own[0] - 1.2).abs() < 1e-12);
    }
}
