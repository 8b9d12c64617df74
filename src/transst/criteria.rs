//! Criteria that choose the number of domains.

/// What a number of domains costs and gains. Smaller is better for each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Criteria {
    /// −2ℓ + c·df·log n (Schwarz 1978).
    pub bic: f64,
    /// −2ℓ + c·df·log n·log log(q + n): the modified criterion for a growing number of parameters (Wang, Li & Leng
    /// 2009, Journal of the Royal Statistical Society B 71:671).
    pub mbic: f64,
    /// −2ℓ + c·df·log(df + log n): for many parameters (after Wang, Kim & Li 2013, Annals of Statistics 41:2505).
    pub hbic: f64,
}

/// Criteria of a fit with log-likelihood ℓ of `spots` (n) spots in `factors` (q) dimensions and `parameters` (df) free
/// parameters; `weight` is c, 1 in the textbooks.
pub fn criteria(log_likelihood: f64, parameters: usize, factors: usize, spots: f64, weight: f64) -> Criteria {
    let (df, n) = (parameters as f64, spots);
    let fit = -2.0 * log_likelihood;
    let bic = weight * df * n.ln();
    Criteria {
        bic: fit + bic,
        mbic: fit + bic * (factors as f64 + n).ln().ln(),
        hbic: fit + weight * df * (df + n.ln()).ln(),
    }
}
