//! Planted maps are found again; input that fixes no map is an error that says what to do.

use super::*;
use ndarray::Axis;
use proptest::prelude::*;
use rand_distr::StandardNormal;

/// Spots of a square array with random embeddings: the reference, and a slice whose first `right` spots have the
/// embedding of the reference spot whose place `map` gives them, the others one of their own.
struct Planted {
    reference: (Array2<f64>, Array2<f64>),
    moving: (Array2<f64>, Array2<f64>),
}

const SIDE: usize = 20;

fn noise(rows: usize, index: u64) -> Array2<f64> {
    let mut rng = crate::random::substream(1, Stream::Layout, index);
    Array2::from_shape_simple_fn((rows, 8), || rng.sample::<f64, _>(StandardNormal))
}

fn planted(map: &Transform, outliers: f64) -> Planted {
    let spots = SIDE * SIDE;
    let coords =
        Array2::from_shape_fn((spots, 2), |(spot, axis)| (if axis == 0 { spot % SIDE } else { spot / SIDE }) as f64);
    let embedding = noise(spots, 0);
    // Outliers are spots all over the slice that carry the embedding of a reference spot elsewhere.
    let mut rng = crate::random::stream(2, Stream::Layout);
    let partner: Vec<usize> =
        (0..spots).map(|spot| if rng.random::<f64>() < outliers { rng.random_range(0..spots) } else { spot }).collect();
    let inverse = inverted(map);
    let mut moved = coords.clone();
    for mut row in moved.rows_mut() {
        let place = inverse.apply([row[0], row[1]]);
        row.assign(&ndarray::arr1(&place));
    }
    let own = embedding.select(Axis(0), &partner) + 0.05 * noise(spots, 1);
    Planted { reference: (embedding, coords), moving: (own, moved) }
}

fn inverted(map: &Transform) -> Transform {
    let [[a, b], [c, d]] = map.matrix;
    let determinant = a * d - b * c;
    let matrix = [[d / determinant, -b / determinant], [-c / determinant, a / determinant]];
    let back = Transform { matrix, shift: [0.0; 2] }.apply(map.shift);
    Transform { matrix, shift: [-back[0], -back[1]] }
}

fn turned(degrees: f64, scale: f64, shift: Place) -> Transform {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    Transform { matrix: [[scale * cosine, -scale * sine], [scale * sine, scale * cosine]], shift }
}

fn found(planted: &Planted, params: &AlignParams) -> Result<Alignment> {
    let slice = |(embedding, coords): &'_ (Array2<f64>, Array2<f64>)| (embedding.clone(), coords.clone());
    let (moving, reference) = (slice(&planted.moving), slice(&planted.reference));
    align(
        Slice { embedding: moving.0.view(), coords: moving.1.view() },
        Slice { embedding: reference.0.view(), coords: reference.1.view() },
        params,
        &Monitor::silent(),
    )
}

/// Largest distance between where the two maps put a spot of the moving slice.
fn worst(planted: &Planted, expected: &Transform, map: &Transform) -> f64 {
    let errors = places(planted.moving.1.view())
        .into_iter()
        .map(|place| transform::distance(expected.apply(place), map.apply(place)));
    errors.fold(0.0, f64::max)
}

fn params(family: Family) -> AlignParams {
    AlignParams { family, tolerance: 2.0, neighbours: 5, ..AlignParams::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_rotation_is_found_among_outliers(degrees in -180.0..180.0, x in -50.0..50.0, y in -50.0..50.0) {
        let map = turned(degrees, 1.0, [x, y]);
        let planted = planted(&map, 0.6);
        let alignment = found(&planted, &params(Family::Rigid)).unwrap();
        prop_assert!(worst(&planted, &map, &alignment.transform) < 0.1);
        prop_assert!((alignment.transform.angle() - degrees).rem_euclid(360.0).min(
            (degrees - alignment.transform.angle()).rem_euclid(360.0)) < 0.5);
        prop_assert!(!alignment.transform.mirrored());
        let [most, least] = alignment.transform.stretches();
        prop_assert!((most - 1.0).abs() < 1e-12 && (least - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_scale_is_found_among_outliers(degrees in -180.0..180.0, scale in 0.02..40.0) {
        let map = turned(degrees, scale, [3.0, -8.0]);
        let planted = planted(&map, 0.6);
        let alignment = found(&planted, &params(Family::Similarity)).unwrap();
        prop_assert!(worst(&planted, &map, &alignment.transform) < 0.1);
    }

    #[test]
    fn an_affine_map_is_found_among_outliers(
        degrees in -180.0..180.0, stretch in 0.8..1.25, shear in -0.25..0.25, x in -50.0..50.0,
    ) {
        let [[a, b], [c, d]] = turned(degrees, 1.0, [0.0; 2]).matrix;
        let matrix = [[a * stretch, a * shear + b / stretch], [c * stretch, c * shear + d / stretch]];
        let map = Transform { matrix, shift: [x, 1.0] };
        let planted = planted(&map, 0.6);
        let alignment = found(&planted, &params(Family::Affine)).unwrap();
        prop_assert!(worst(&planted, &map, &alignment.transform) < 0.2);
    }

    #[test]
    fn a_mirrored_slice_is_found_on_request(degrees in -180.0..180.0) {
        let [[a, b], [c, d]] = turned(degrees, 1.0, [0.0; 2]).matrix;
        let map = Transform { matrix: [[a, -b], [c, -d]], shift: [5.0, 5.0] };
        let planted = planted(&map, 0.6);
        for family in [Family::Rigid, Family::Similarity, Family::Affine] {
            let alignment = found(&planted, &AlignParams { reflect: true, ..params(family) }).unwrap();
            prop_assert!(alignment.transform.mirrored());
            prop_assert!(worst(&planted, &map, &alignment.transform) < 0.2);
        }
        prop_assert!(!found(&planted, &params(Family::Rigid)).unwrap().transform.mirrored());
    }
}

#[test]
fn part_of_a_slice_is_found_and_the_rest_has_no_partners() {
    let map = turned(25.0, 1.0, [30.0, 4.0]);
    let mut planted = planted(&map, 0.3);
    let kept: Vec<usize> = (0..SIDE * SIDE).filter(|spot| spot % SIDE < SIDE / 2).collect();
    let (embedding, coords) = &planted.reference;
    planted.reference = (embedding.select(Axis(0), &kept), coords.select(Axis(0), &kept));
    let alignment = found(&planted, &params(Family::Rigid)).unwrap();
    assert!(worst(&planted, &map, &alignment.transform) < 0.2);
    for (spot, partners) in alignment.partners.iter().enumerate() {
        assert_eq!(partners.is_empty(), spot % SIDE > SIDE / 2 + 1, "spot {spot}");
        let total: f64 = partners.iter().map(|partner| partner.weight).sum();
        assert!(partners.is_empty() || (total - 1.0).abs() < 1e-12);
    }
    assert!(alignment.matches.iter().all(|one| one.weight > 0.36 && one.weight <= 1.0));
    assert!(alignment.chance < 0.2);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let planted = planted(&turned(40.0, 1.0, [1.0, 2.0]), 0.6);
    let run = |threads| crate::threads::in_pool(threads, || found(&planted, &params(Family::Affine))).unwrap();
    let (one, three) = (run(1), run(3));
    assert_eq!(one.transform, three.transform);
    assert_eq!(one.matches, three.matches);
    assert_eq!(one.partners, three.partners);
}

#[test]
fn too_few_matches_and_wrong_settings_are_named() {
    let planted = planted(&turned(10.0, 1.0, [0.0; 2]), 0.0);
    let few = Planted {
        reference: planted.reference.clone(),
        moving: (planted.moving.0.select(Axis(0), &[0, 30]), planted.moving.1.select(Axis(0), &[0, 30])),
    };
    let named = |planted: &Planted, params: &AlignParams, argument: &str, part: &str| {
        let message = found(planted, params).unwrap_err().to_string();
        assert!(message.starts_with(&format!("`{argument}`")) && message.contains(part), "{message}");
    };
    named(&few, &AlignParams { neighbours: 1, ..params(Family::Rigid) }, "nNeighbours", "raise it");
    named(&planted, &AlignParams { neighbours: 0, ..params(Family::Rigid) }, "nNeighbours", "at least 1");
    named(&planted, &AlignParams { tolerance: f64::NAN, ..params(Family::Rigid) }, "tolerance", "above 0");
    let scaled = |factor: f64| Planted {
        reference: planted.reference.clone(),
        moving: (planted.moving.0.clone(), factor * &planted.moving.1),
    };
    named(&scaled(30.0), &params(Family::Rigid), "transform", "similarity");
    named(&scaled(1.01), &AlignParams { tolerance: 1e-9, ..params(Family::Rigid) }, "tolerance", "raise it");
    let mut missing = Planted { reference: planted.reference.clone(), moving: planted.moving.clone() };
    missing.moving.0[[3, 1]] = f64::NAN;
    named(&missing, &params(Family::Rigid), "x", "finite");
}

#[test]
fn places_on_a_line_fix_a_rigid_map_but_no_affine_one() {
    let embedding = noise(60, 0);
    let line = Array2::from_shape_fn((60, 2), |(spot, axis)| if axis == 0 { spot as f64 } else { 0.5 * spot as f64 });
    let line = Planted { reference: (embedding.clone(), line.clone()), moving: (embedding.clone(), line) };
    let message = found(&line, &params(Family::Affine)).unwrap_err().to_string();
    assert!(message.starts_with("`transform`") && message.contains("rigid"), "{message}");
    let still = turned(0.0, 1.0, [0.0; 2]);
    assert!(worst(&line, &still, &found(&line, &params(Family::Rigid)).unwrap().transform) < 1e-9);
    let point = Planted { reference: (embedding.clone(), Array2::zeros((60, 2))), moving: line.moving.clone() };
    assert!(found(&point, &params(Family::Rigid)).unwrap_err().to_string().contains("one place"));
}

#[test]
fn a_fit_leaves_no_residual_on_exact_pairs() {
    let map = Transform { matrix: [[0.9, 0.2], [-0.1, 1.1]], shift: [4.0, -2.0] };
    let pairs = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [3.0, 2.0]].map(|place| (place, map.apply(place), 0.5));
    let fitted = Transform::fit(Family::Affine, false, pairs.iter().copied()).unwrap();
    for (from, to, _) in pairs {
        assert!(transform::distance(fitted.apply(from), to) < 1e-12);
    }
    assert!(Transform::fit(Family::Affine, true, pairs.iter().copied()).is_none());
    assert!(Transform::fit(Family::Rigid, false, pairs[..1].iter().copied()).is_none());
    assert!(Transform::fit(Family::Rigid, false, pairs.iter().map(|&(from, to, _)| (from, to, 0.0))).is_none());
    let [most, least] = fitted.stretches();
    assert!((most * least - (0.9 * 1.1 + 0.02)).abs() < 1e-12);
}
