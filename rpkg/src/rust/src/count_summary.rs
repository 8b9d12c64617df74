//! `core_count_summary`: what a matrix of counts holds.

use crate::answer::answer;
use crate::arguments::CountSlots;
use extendr_api::prelude::*;

extendr_module! {
    mod count_summary;
    fn core_count_summary;
}

/// Looks at a `dgCMatrix`, whatever its values are.
#[extendr]
fn core_count_summary(counts: Robj) -> List {
    answer(|| {
        let found = CountSlots::new(&counts, "x")?.summary()?;
        Ok(list!(
            notFinite = found.not_finite as f64,
            negative = found.negative as f64,
            smallest = found.smallest,
            parts = found.parts as f64,
            zeros = found.zeros as f64,
            usedSpots = found.used_spots,
            usedGenes = found.used_genes
        )
        .into())
    })
}
