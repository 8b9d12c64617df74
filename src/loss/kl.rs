//! Kullback-Leibler divergence from the encoder's distribution to the spatial prior.

use candle_core::{Result, Tensor};

/// KL( N(mean, exp(log_variance)) ‖ N(prior_mean, prior_variance·I) ), averaged over spots and dimensions:
/// ½ [ exp(l)/σ² + (mean − m)²/σ² − 1 − l + log σ² ].
///
/// `mean`, `log_variance` and `prior_mean` are spots x dimensions, `prior_variance` σ² is above 0.
pub fn kl_to_prior(mean: &Tensor, log_variance: &Tensor, prior_mean: &Tensor, prior_variance: f64) -> Result<Tensor> {
    let spread = (log_variance.exp()? / prior_variance)?;
    let shift = ((mean - prior_mean)?.sqr()? / prior_variance)?;
    let constant = prior_variance.ln() - 1.0;
    (((spread + shift)? - log_variance)?.mean_all()? + constant)? * 0.5
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use candle_core::Device;

    #[test]
    fn is_zero_at_the_prior_and_equals_the_closed_form_elsewhere() {
        let tensor = |values: [[f64; 2]; 2]| Tensor::new(&values, &Device::Cpu).unwrap();
        let prior = tensor([[0.5, -1.0], [2.0, 0.0]]);
        let log_variance = Tensor::full(0.25f64.ln(), (2, 2), &Device::Cpu).unwrap();
        let at_prior = kl_to_prior(&prior, &log_variance, &prior, 0.25).unwrap().to_scalar::<f64>().unwrap();
        assert!(at_prior.abs() < 1e-15);
        // One unit away in every dimension with unit variances: (mean difference)² / 2.
        let shifted = (&prior + 1.0).unwrap();
        let found = kl_to_prior(&shifted, &log_variance.zeros_like().unwrap(), &prior, 1.0).unwrap();
        assert!((found.to_scalar::<f64>().unwrap() - 0.5).abs() < 1e-15);
        testing::assert_finite_differences(&shifted, |mean| kl_to_prior(mean, &log_variance, &prior, 0.7));
        testing::assert_finite_differences(&log_variance, |variance| kl_to_prior(&shifted, variance, &prior, 0.7));
    }
}
