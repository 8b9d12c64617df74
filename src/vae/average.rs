//! The mean of the weights over the last epochs (Izmailov et al. 2018, UAI): it lies nearer to the middle of a flat
//! region than the last weights do.

use super::parameters::Parameters;
use candle_core::{Result, Tensor};

/// A running mean of the parameters.
pub(super) struct WeightAverage {
    /// The first epoch that counts.
    first: usize,
    taken: usize,
    mean: Vec<Tensor>,
}

impl WeightAverage {
    /// Over the last `share` of `epochs`, in [0, 1); none for 0.
    pub fn new(epochs: usize, share: f64) -> Self {
        let counted = (share * epochs as f64).ceil() as usize;
        WeightAverage { first: epochs + 1 - counted, taken: 0, mean: Vec::new() }
    }

    /// Takes in the parameters after `epoch`.
    pub fn add(&mut self, epoch: usize, parameters: &Parameters) -> Result<()> {
        if epoch < self.first {
            return Ok(());
        }
        self.taken += 1;
        let now = parameters.variables().iter().map(|variable| variable.as_tensor().copy());
        let now = now.collect::<Result<Vec<_>>>()?;
        self.mean = if self.taken == 1 {
            now
        } else {
            let share = 1.0 / self.taken as f64;
            let moved = self.mean.iter().zip(&now).map(|(mean, now)| mean + ((now - mean)? * share)?);
            moved.collect::<Result<_>>()?
        };
        Ok(())
    }

    /// Gives the parameters their mean, if there is one.
    pub fn assign(&self, parameters: &Parameters) -> Result<()> {
        parameters.variables().iter().zip(&self.mean).try_for_each(|(variable, mean)| variable.set(mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Averages parameters that are 1, 2, .. 10 everywhere after epochs 1 to 10.
    fn averaged(share: f64) -> f64 {
        let parameters = Parameters::random(3, 1).unwrap();
        let mut average = WeightAverage::new(10, share);
        for epoch in 1..=10 {
            for variable in parameters.variables() {
                variable.set(&(variable.ones_like().unwrap() * epoch as f64).unwrap()).unwrap();
            }
            average.add(epoch, &parameters).unwrap();
        }
        average.assign(&parameters).unwrap();
        let values = parameters.values().unwrap().concat();
        assert!(values.iter().all(|value| (value - values[0]).abs() < 1e-6));
        values[0]
    }

    #[test]
    fn takes_the_mean_of_the_last_epochs() {
        assert_eq!(averaged(0.0), 10.0);
        assert!((averaged(0.4) - 8.5).abs() < 1e-6);
        assert!((averaged(0.01) - 10.0).abs() < 1e-6);
    }
}
