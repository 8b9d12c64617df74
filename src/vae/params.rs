//! What can be chosen about the training, and what is recorded of it.

use super::parameters::Initialisation;
use crate::error::{Error, Result};

/// Weights of the loss terms and settings of the training.
#[derive(Clone, Debug)]
pub struct TrainParams {
    /// How far the embedding goes from its prior to what the network adds, in [0, 1]; without it held-out tiles say.
    pub share: Option<f64>,
    /// Steps at most, at least 1.
    pub epochs: usize,
    /// Spots that a step looks at, about: where a section has more, its parts take turns. At least 1.
    pub batch_size: usize,
    /// Seed of starting weights, masks, noise and perturbations.
    pub seed: u64,
    /// How the weights start.
    pub initialisation: Initialisation,
    /// Step size of Adam (Kingma & Ba 2015).
    pub learning_rate: f64,
    /// What Adam adds to the root of the mean squared gradient before it divides by it. With the usual 1e-8 every
    /// weight takes steps of one length, and those whose gradient is mostly the noise of masks and samples walk at
    /// random, to another place with every seed. Far above that noise they hardly move.
    pub damping: f64,
    /// Share of the spots that each augmented view lacks as neighbours, in [0, 1).
    pub mask_rate: f64,
    /// Standard deviation of the prior around what is linear in the surroundings, in units of the scores; above 0.
    pub prior_scale: f64,
    /// Weight of the squared error of the spots' own scores.
    pub reconstruction: f64,
    /// Weight of the divergence from the prior.
    pub kl: f64,
    /// Weight of the similarity telescope.
    pub telescope: f64,
    /// Weight of the consistency between perturbed instances.
    pub consistency: f64,
    /// Weight of the prototypical contrast; only with several slices.
    pub prototype: f64,
    /// Prototypes of the coarsest of three levels, at least 2.
    pub prototypes: usize,
    /// Weight of the matching of similarity scales between slices; only with several.
    pub scale: f64,
    /// Share of the epochs, the first ones, without the two losses of several slices, in [0, 1].
    pub warm_up: f64,
    /// Length of a parameter perturbation relative to the parameters' length.
    pub perturbation: f64,
    /// Length of the sharpness-aware step relative to the parameters' length; 0 takes plain steps.
    pub sharpness: f64,
    /// Share of the epochs, the last ones, over which the weights are averaged, in [0, 1); 0 keeps the last weights.
    pub averaging: f64,
    /// Instances whose embeddings are averaged: the trained one and perturbed ones; at least 1.
    pub members: usize,
}

impl Default for TrainParams {
    fn default() -> Self {
        TrainParams {
            share: None,
            epochs: 120,
            batch_size: 20_000,
            seed: 1,
            initialisation: Initialisation::Deterministic,
            learning_rate: 5e-3,
            damping: 5e-4,
            mask_rate: 0.5,
            prior_scale: 1.0,
            reconstruction: 2.0,
            kl: 0.5,
            telescope: 1.0,
            consistency: 0.0,
            prototype: 0.1,
            prototypes: 10,
            scale: 0.1,
            warm_up: 0.25,
            perturbation: 0.1,
            sharpness: 0.0,
            averaging: 0.5,
            members: 1,
        }
    }
}

impl TrainParams {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first value out of the range given with its field, by the user's name for it.
    pub fn check(&self) -> Result<()> {
        if self.epochs == 0 {
            return Err(Error::argument("epochs", "must be at least 1"));
        }
        if self.batch_size == 0 {
            return Err(Error::argument("batchSize", "must be at least 1"));
        }
        if let Some(share) = self.share.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(Error::argument("share", format!("must be in [0, 1], not {share}")));
        }
        if self.members == 0 {
            return Err(Error::argument("members", "must be at least 1"));
        }
        if self.prototypes < 2 {
            return Err(Error::argument("prototypes", format!("must be at least 2, not {}", self.prototypes)));
        }
        if !(0.0..=1.0).contains(&self.warm_up) {
            return Err(Error::argument("warmUp", format!("must be in [0, 1], not {}", self.warm_up)));
        }
        if !(0.0..1.0).contains(&self.mask_rate) {
            return Err(Error::argument("maskRate", format!("must be in [0, 1), not {}", self.mask_rate)));
        }
        if !(0.0..1.0).contains(&self.averaging) {
            return Err(Error::argument("averaging", format!("must be in [0, 1), not {}", self.averaging)));
        }
        let positive =
            [("priorScale", self.prior_scale), ("learningRate", self.learning_rate), ("damping", self.damping)];
        if let Some((argument, value)) = positive.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
            return Err(Error::argument(argument, format!("must be a finite number above 0, not {value}")));
        }
        let weights = [
            ("reconstruction", self.reconstruction),
            ("kl", self.kl),
            ("telescope", self.telescope),
            ("consistency", self.consistency),
            ("prototype", self.prototype),
            ("scale", self.scale),
            ("perturbation", self.perturbation),
            ("sharpness", self.sharpness),
        ];
        if let Some((argument, value)) = weights.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(Error::argument(argument, format!("must be a finite number, 0 or more, not {value}")));
        }
        Ok(())
    }
}

/// Values of the loss terms in one epoch, unweighted; `None` where a term has weight 0. `total` is weighted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpochRecord {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Weighted sum.
    pub total: f64,
    /// Mean squared error of the spots' own scores, averaged over both views.
    pub reconstruction: Option<f64>,
    /// Divergence from the prior, averaged over both views.
    pub kl: Option<f64>,
    /// Similarity telescope.
    pub telescope: Option<f64>,
    /// Consistency between perturbed instances.
    pub consistency: Option<f64>,
    /// Prototypical contrast, averaged over both views.
    pub prototype: Option<f64>,
    /// Matching of similarity scales.
    pub scale: Option<f64>,
}
