//! `core_dimension_loadings` and `core_bootstrap_loadings`: genes of dimensions and of factors, and how sure they are.

use crate::answer::{answer, table};
use crate::arguments::{CountSlots, Parameters, groups, indices, matrix};
use crate::fit::read_normalisation;
use crate::worker;
use extendr_api::prelude::*;
use starscape::markers::dimension_loadings;
use starscape::transst::adaptive::Adaptive;
use starscape::transst::bootstrap::loading_spread;

extendr_module! {
    mod factor_markers;
    fn core_bootstrap_loadings;
    fn core_dimension_loadings;
}

/// Counts come as a `dgCMatrix`; `genes` are row numbers from 0, `slice` numbers from 0 or NULL.
#[extendr]
fn core_dimension_loadings(
    counts: Robj,
    genes: Robj,
    embedding: Robj,
    coords: Robj,
    slice: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let counts = CountSlots::new(&counts, "x")?;
        let counts = counts.read()?;
        let (genes, embedding) = (indices(&genes, "features")?, matrix(&embedding, "fit")?);
        let coords = matrix(&coords, "fit")?;
        let slice = groups(&slice, counts.spots(), "slice")?;
        let parameters = Parameters::new(parameters);
        let normalisation = read_normalisation(&parameters)?;
        let draws = (parameters.whole("draws")?, parameters.whole("seed")? as u64);
        let threads = parameters.whole("threads")?;
        let found = worker::run(threads, &progress, |monitor| {
            dimension_loadings(&counts, embedding, coords, &slice, &genes, normalisation, draws, monitor)
        })?;
        let (loadings, spread) = found;
        Ok(list!(
            loadings = table(loadings)?,
            standardErrors = table(spread.standard_errors)?,
            signStability = table(spread.sign_stability)?
        )
        .into())
    })
}

/// Standard errors of loadings (features x factors) over draws of tiles, from what a fit keeps.
#[allow(clippy::too_many_arguments)] // the parts of the problem
#[extendr]
fn core_bootstrap_loadings(
    basis: Robj,
    values: Robj,
    anchor: Robj,
    loadings: Robj,
    tiles: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let problem = Adaptive {
            basis: matrix(&basis, "fit")?.to_owned(),
            values: matrix(&values, "fit")?.to_owned(),
            anchor: matrix(&anchor, "fit")?.to_owned(),
        };
        let (loadings, tiles) = (matrix(&loadings, "fit")?, indices(&tiles, "fit")?);
        let share = parameters.number("lambda")?;
        let draws = (parameters.whole("draws")?, parameters.whole("seed")? as u64);
        let threads = parameters.whole("threads")?;
        let spread = worker::run(threads, &progress, |monitor| {
            loading_spread(&problem, share, loadings, &tiles, draws, monitor)
        })?;
        Ok(list!(standardErrors = table(spread.standard_errors)?, signStability = table(spread.sign_stability)?).into())
    })
}
