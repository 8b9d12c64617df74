//! `core_align_slices`: how a slice lies on another one.

use crate::answer::answer;
use crate::arguments::{Parameters, matrix};
use crate::worker;
use extendr_api::prelude::*;
use starscape::Result;
use starscape::align::{AlignParams, Alignment, Family, Partner, Slice, align};

extendr_module! {
    mod align_slices;
    fn core_align_slices;
}

/// `embedding` (spots x dimensions) and `coords` (spots x 2) of the slice that is moved and of the reference.
#[extendr]
fn core_align_slices(
    embedding: Robj,
    coords: Robj,
    reference_embedding: Robj,
    reference_coords: Robj,
    parameters: List,
    progress: Robj,
) -> List {
    answer(|| {
        let parameters = Parameters::new(parameters);
        let params = read(&parameters)?;
        let moving = Slice { embedding: matrix(&embedding, "x")?, coords: matrix(&coords, "x")? };
        let reference =
            Slice { embedding: matrix(&reference_embedding, "x")?, coords: matrix(&reference_coords, "x")? };
        let threads = parameters.whole("threads")?;
        Ok(write(&worker::run(threads, &progress, |monitor| align(moving, reference, &params, monitor))?))
    })
}

fn read(parameters: &Parameters) -> Result<AlignParams> {
    let family = parameters.choice("transform", |word| match word {
        "rigid" => Some(Family::Rigid),
        "similarity" => Some(Family::Similarity),
        "affine" => Some(Family::Affine),
        _ => None,
    })?;
    Ok(AlignParams {
        family,
        reflect: parameters.whole("reflect")? != 0,
        neighbours: parameters.whole("nNeighbours")?,
        tolerance: parameters.number("tolerance")?,
        seed: parameters.whole("seed")? as u64,
    })
}

/// Spots are numbered from 1.
fn write(found: &Alignment) -> Robj {
    let number = |spot: usize| spot as i32 + 1;
    let spots: Vec<i32> = found.matches.iter().map(|one| number(one.spot)).collect();
    let references: Vec<i32> = found.matches.iter().map(|one| number(one.reference)).collect();
    let weights: Vec<f64> = found.matches.iter().map(|one| one.weight).collect();
    let counts: Vec<i32> = found.partners.iter().map(|partners| partners.len() as i32).collect();
    let partners = || found.partners.iter().flatten();
    let partner_spots: Vec<i32> = partners().map(|partner: &Partner| number(partner.reference)).collect();
    let partner_weights: Vec<f64> = partners().map(|partner| partner.weight).collect();
    let [first, second] = found.transform.matrix;
    list!(
        matrix = RMatrix::new_matrix(2, 2, |row, column| [first, second][row][column]),
        translation = found.transform.shift.to_vec(),
        angle = found.transform.angle(),
        reflected = found.transform.mirrored(),
        stretches = found.transform.stretches().to_vec(),
        spot = spots,
        reference = references,
        weight = weights,
        residual = found.residuals.clone(),
        chance = found.chance,
        spacings = found.spacings.to_vec(),
        partner_count = counts,
        partner = partner_spots,
        partner_weight = partner_weights
    )
    .into()
}
