//! What the platforms of source and target differ by: a factor for each gene.

use ndarray::{Array1, ArrayView1};

/// Logarithms of the factors of genes, normal with mean 0: Poisson totals about them.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Posterior mode of each gene.
    pub log_factors: Array1<f64>,
    /// Their standard deviation.
    pub deviation: f64,
}

impl Platform {
    /// No difference, before anything was seen.
    pub fn new(genes: usize) -> Self {
        Platform { log_factors: Array1::zeros(genes), deviation: 0.5 }
    }

    /// One step: modes given the totals that were seen and those expected without factors, and the deviation from the
    /// modes and their curvature. Returns the largest change of a mode.
    pub fn update(&mut self, seen: ArrayView1<f64>, expected: ArrayView1<f64>) -> f64 {
        let precision = self.deviation.powi(-2);
        let (mut change, mut square): (f64, f64) = (0.0, 0.0);
        // The level of all genes belongs to the amounts.
        let level = (seen.sum() / expected.sum()).ln();
        for (gene, log) in self.log_factors.iter_mut().enumerate() {
            let (before, expected) = (*log, expected[gene] * level.exp());
            for _ in 0..20 {
                let mean = expected * log.exp();
                *log += ((seen[gene] - mean - *log * precision) / (mean + precision)).clamp(-1.0, 1.0);
            }
            change = change.max((*log - before).abs());
            square += log.powi(2) + 1.0 / (expected * log.exp() + precision);
        }
        self.deviation = (square / self.log_factors.len() as f64).sqrt();
        change
    }
}
