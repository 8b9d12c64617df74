//! `core_domain_pseudotime`: diffusion pseudotime and connectivity of domains.

use crate::answer::{Failure, answer, or_na, table};
use crate::arguments::{Parameters, graph, labels, matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::Error;
use starscape::pseudotime::{Pseudotime, Root, domain_pseudotime};

extendr_module! {
    mod domain_pseudotime;
    fn core_domain_pseudotime;
}

/// `domain` holds a number from 1 for each spot, 0 for one without a domain. `parameters` have `rootSpot` or
/// `rootDomain`, from 1.
#[extendr]
fn core_domain_pseudotime(
    embedding: Robj,
    neighbours: Robj,
    domain: &[Rint],
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let embedding = matrix(&embedding, "x")?;
        let graph = graph(&neighbours)?;
        let labels = labels(domain);
        let numbers = (parameters.optional_whole("rootSpot")?, parameters.optional_whole("rootDomain")?);
        let root = match numbers {
            (Some(spot), _) if spot > 0 => Root::Spot(spot - 1),
            (_, Some(domain)) if domain > 0 => Root::Domain(domain - 1),
            _ => return Err(Error::argument("root", "is missing").into()),
        };
        let (count, threads) = (parameters.whole("neighbours")?, parameters.whole("threads")?);
        let found = worker::run(threads, &progress, |monitor| {
            domain_pseudotime(embedding, graph.as_ref(), &labels, root, count, monitor)
        })?;
        write(found)
    })
}

fn write(found: Pseudotime) -> std::result::Result<Robj, Failure> {
    let pseudotime: Doubles = found.pseudotime.into_iter().map(or_na).collect();
    let root = found.root as i32 + 1;
    Ok(list!(pseudotime = pseudotime, root = root, connectivity = table(found.connectivity)?).into())
}
