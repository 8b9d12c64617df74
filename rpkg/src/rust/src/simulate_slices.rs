//! `core_simulate_slices`: simulated sections with known domains.

use crate::answer::answer;
use crate::arguments::Parameters;
use crate::worker;
use extendr_api::prelude::*;
use starscape::simulate::{Lattice, Layout, Model, Params, Simulation, simulate_slices};
use starscape::{Error, Result};

extendr_module! {
    mod simulate_slices;
    fn core_simulate_slices;
}

/// Slices side by side in one matrix, as the slots of a `dgCMatrix`, with coordinates x = column, y = row.
#[extendr]
fn core_simulate_slices(parameters: List, progress: Robj) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let (params, threads) = (read(&parameters)?, parameters.whole("threads")?);
        let simulation = worker::run(threads, &progress, |monitor| simulate_slices(&params, monitor))?;
        Ok(write(simulation)?)
    })
}

fn read(parameters: &Parameters) -> Result<Params> {
    Ok(Params {
        slices: parameters.whole("slices")?,
        rows: parameters.whole("rows")?,
        columns: parameters.whole("columns")?,
        lattice: Lattice::Hexagonal,
        genes: parameters.whole("genes")?,
        domains: parameters.whole("domains")?,
        layout: parameters.choice("layout", |word| match word {
            "layered" => Some(Layout::Layered),
            "potts" => Some(Layout::PATCHES),
            _ => None,
        })?,
        library_size: parameters.number("librarySize")?,
        library_spread: parameters.number("librarySpread")?,
        dispersion: parameters.number("dispersion")?,
        marker_share: parameters.number("markerShare")?,
        log_fold_change: parameters.number("logFoldChange")?,
        gradient: parameters.number("gradient")?,
        batch_effect: parameters.number("batch")?,
        model: model(parameters)?,
        seed: parameters.whole("seed")? as u64,
    })
}

fn model(parameters: &Parameters) -> Result<Model> {
    let (factors, separation) = (parameters.whole("nFactors")?, parameters.number("separation")?);
    parameters.choice("model", |word| match word {
        "negative binomial" => Some(Model::NegativeBinomial),
        "factor" => Some(Model::Factor { factors, separation }),
        "niche" => Some(Model::Niches { separation }),
        _ => None,
    })
}

fn write(simulation: Simulation) -> Result<Robj> {
    let too_many = |_| Error::argument("genes", "and spots make more counts than a sparse matrix of R can index");
    let genes = simulation.counts.first().map_or(0, |slice| slice.genes) as i32;
    let (mut values, mut rows, mut offsets) = (Vec::new(), Vec::new(), vec![0i32]);
    for slice in &simulation.counts {
        let before = i32::try_from(values.len()).map_err(too_many)?;
        i32::try_from(values.len() + slice.values.len()).map_err(too_many)?;
        values.extend_from_slice(&slice.values);
        rows.extend_from_slice(&slice.rows);
        offsets.extend(slice.offsets.iter().skip(1).map(|offset| before + offset));
    }
    let spots = offsets.len() as i32 - 1;
    let coordinates = &simulation.coordinates;
    let (x, y) = (coordinates.column(0).to_vec(), coordinates.column(1).to_vec());
    let from_one = |codes: &[usize]| -> Vec<i32> { codes.iter().map(|&code| code as i32 + 1).collect() };
    Ok(list!(
        values = values,
        rows = rows,
        offsets = offsets,
        dim = vec![genes, spots],
        coords = [x, y].concat(),
        labels = from_one(&simulation.labels),
        slice = from_one(&simulation.slices)
    )
    .into())
}
