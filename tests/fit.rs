//! The main job from counts to domains, on simulated tissue.

use ndarray::{Array2, array};
use starscape::cluster::{Method, Params as DomainParams, Points, SectionView, SectionViews, Start, find_domains};
use starscape::counts::Counts;
use starscape::fit::{Fit, FitParams, Spots, Stage, first_stage, fit, fit_from};
use starscape::metrics::adjusted_rand_index;
use starscape::monitor::{Monitor, Progress};
use starscape::simulate::{Params as SimulationParams, Simulation, simulate_slices};
use starscape::surface::{Fitted, SurfaceParams, loss_surface};
use starscape::vae::{Initialisation, Parameters, TrainParams};
use starscape::views::{Codes, EMBEDDING_KIND, View};
use starscape::{Error, Result, threads};
use std::sync::atomic::{AtomicBool, Ordering};

fn tissue(slices: usize) -> Simulation {
    let params = SimulationParams { slices, rows: 20, columns: 20, genes: 300, domains: 3, ..Default::default() };
    simulate_slices(&params, &Monitor::silent()).expect("simulation")
}

fn quick() -> FitParams {
    let mut params = FitParams { latent_dim: 8, ..FitParams::default() };
    (params.train.epochs, params.train.share) = (20, Some(1.0));
    params
}

fn fitted(simulation: &Simulation, params: &FitParams, threads: usize, monitor: &Monitor) -> Result<Fit> {
    let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for slice in &simulation.counts {
        let stored = values.len() as i32;
        offsets.extend(slice.offsets.iter().skip(1).map(|offset| offset + stored));
        rows.extend(&slice.rows);
        values.extend(&slice.values);
    }
    let counts = Counts::new(simulation.counts[0].genes, simulation.labels.len(), &offsets, &rows, &values)?;
    threads::in_pool(threads, || {
        let (slice, coords) = (&simulation.slices, simulation.coordinates.view());
        fit(Spots { counts: &counts, coords, slice, batch: slice }, params, monitor)
    })
}

#[test]
fn finds_the_simulated_domains() {
    let simulation = tissue(1);
    let found = fitted(&simulation, &quick(), 2, &Monitor::silent()).expect("fit");
    let params = DomainParams { k: Some(3), k_range: (3, 3), method: Method::Mixture, seed: 1 };
    let start = Start::Space(found.prior.view());
    let domains = find_domains(found.embedding.view(), Some(&found.graph), start, &params, &Monitor::silent());
    let ari = adjusted_rand_index(&simulation.labels, &domains.expect("domains").labels);
    assert!(ari > 0.92, "{ari}");
    let first = found.network.history.first().expect("an epoch").total;
    assert!(found.network.history.last().expect("an epoch").total < first);
    assert_eq!(found.prior.ncols(), 12);
}

#[test]
fn bits_do_not_depend_on_threads_or_run_but_on_the_seed() {
    let simulation = tissue(1);
    let once = fitted(&simulation, &quick(), 1, &Monitor::silent()).expect("fit");
    for threads in [1, 2, 4] {
        let again = fitted(&simulation, &quick(), threads, &Monitor::silent()).expect("fit");
        assert_eq!(again.embedding, once.embedding);
        assert_eq!(again.prior, once.prior);
        assert_eq!(again.network.history, once.network.history);
    }
    let mut other = quick();
    other.train.seed = 2;
    let other = fitted(&simulation, &other, 1, &Monitor::silent()).expect("fit");
    assert_eq!(other.prior, once.prior, "the prior has no randomness");
    assert_ne!(other.embedding, once.embedding);
}

#[test]
fn every_switch_of_the_training_changes_the_result_and_none_its_bits() {
    let simulation = tissue(1);
    let run = |change: fn(&mut TrainParams)| {
        let mut params = quick();
        change(&mut params.train);
        fitted(&simulation, &params, 2, &Monitor::silent()).expect("fit").embedding
    };
    let switches: [fn(&mut TrainParams); 9] = [
        |_| {},
        |train| train.initialisation = Initialisation::Random,
        |train| train.sharpness = 0.05,
        |train| train.averaging = 0.0,
        |train| train.members = 4,
        |train| train.telescope = 0.0,
        |train| train.consistency = 10.0,
        |train| train.damping = 1e-8,
        |train| train.prior_scale = 0.3,
    ];
    let results: Vec<Array2<f64>> = switches.into_iter().map(run).collect();
    for (index, result) in results.iter().enumerate() {
        assert!(results[..index].iter().all(|other| other != result), "switch {index}");
        assert_eq!(&run(switches[index]), result);
    }
}

#[test]
fn seeds_change_a_deterministic_start_less_than_a_random_one() {
    let simulation = tissue(1);
    let distance = |initialisation| {
        let run = |seed| {
            let mut params = quick();
            params.train.seed = seed;
            params.train.initialisation = initialisation;
            fitted(&simulation, &params, 2, &Monitor::silent()).expect("fit").embedding
        };
        let (first, second) = (run(1), run(2));
        (&first - &second).mapv(|value| value * value).sum() / first.mapv(|value| value * value).sum()
    };
    assert!(distance(Initialisation::Deterministic) < 0.05 * distance(Initialisation::Random));
}

#[test]
fn the_losses_of_several_slices_take_part_after_the_warm_up() {
    let (one, two) = (tissue(1), tissue(2));
    let run =
        |simulation, params: &FitParams, threads| fitted(simulation, params, threads, &Monitor::silent()).expect("fit");
    let params = quick();
    let joint = run(&two, &params, 2);
    for record in &joint.network.history {
        let warm = record.epoch as f64 > params.train.warm_up * params.train.epochs as f64;
        assert_eq!((record.prototype.is_some(), record.scale.is_some()), (warm, warm), "epoch {}", record.epoch);
    }
    assert_eq!(joint.embedding, run(&two, &params, 1).embedding);
    let mut without = quick();
    (without.train.prototype, without.train.scale) = (0.0, 0.0);
    assert_ne!(joint.embedding, run(&two, &without, 2).embedding);
    assert_eq!(run(&one, &params, 2).embedding, run(&one, &without, 2).embedding);
}

#[test]
fn the_surface_has_the_fitted_network_in_its_middle() {
    let simulation = tissue(1);
    let params = quick();
    let found = fitted(&simulation, &params, 2, &Monitor::silent()).expect("fit");
    let slice = vec![0; found.scores.nrows()];
    let around = Fitted {
        slice: &slice,
        scores: found.scores.view(),
        prior: found.prior.view(),
        embedding: found.embedding.view(),
        graph: found.graph.clone(),
        parameters: Parameters::from_values(8, &found.network.parameters.values().expect("values")).expect("shapes"),
        share: found.network.share,
    };
    let surface = |points, threads| {
        let settings = SurfaceParams { k: 3, points, radius: 2.0, seed: 1 };
        threads::in_pool(threads, || loss_surface(&around, &params.train, &settings, &Monitor::silent()))
    };
    let points = surface(5, 2).expect("surface");
    assert_eq!(points.len(), 25);
    let middle = points[12];
    assert_eq!((middle.alpha, middle.beta), (0.0, 0.0));
    assert!(middle.agreement > 0.98);
    assert!(points.iter().all(|point| point.loss >= middle.loss && point.agreement <= 1.0));
    assert_eq!((points[0].alpha, points[0].beta, points[24].alpha), (-2.0, -2.0, 2.0));
    assert_eq!(surface(5, 1).expect("surface"), points);
    assert!(matches!(surface(4, 1), Err(Error::Argument { argument: "points", .. })));
    let of_others = Fitted { slice: &slice[1..], ..around };
    let settings = SurfaceParams { k: 3, points: 3, radius: 2.0, seed: 1 };
    let refused = loss_surface(&of_others, &params.train, &settings, &Monitor::silent());
    assert!(matches!(refused, Err(Error::Argument { argument: "fit", .. })));
}

#[test]
fn slices_with_the_same_counts_get_the_same_prior() {
    let simulation = tissue(1);
    let one = simulation.counts[0].clone();
    let stored = one.values.len() as i32;
    let offsets: Vec<i32> =
        one.offsets.iter().copied().chain(one.offsets.iter().skip(1).map(|offset| offset + stored)).collect();
    let (rows, values) = (one.rows.repeat(2), one.values.repeat(2));
    let spots = simulation.labels.len();
    let counts = Counts::new(one.genes, 2 * spots, &offsets, &rows, &values).expect("counts");
    let coords = ndarray::concatenate![ndarray::Axis(0), simulation.coordinates, simulation.coordinates];
    let slice: Vec<usize> = (0..2 * spots).map(|spot| spot / spots).collect();
    let found = fit(
        Spots { counts: &counts, coords: coords.view(), slice: &slice, batch: &slice },
        &quick(),
        &Monitor::silent(),
    )
    .expect("fit");
    let (first, second) = found.prior.view().split_at(ndarray::Axis(0), spots);
    assert!((&first - &second).iter().all(|difference| difference.abs() < 1e-9));
}

/// The second of two slices has two of the four layers, and half of its genes count four times as much.
#[test]
fn a_batch_loses_its_effect_and_keeps_what_it_is_made_of() {
    let params = SimulationParams { slices: 2, rows: 30, columns: 30, genes: 300, domains: 4, ..Default::default() };
    let simulation = simulate_slices(&params, &Monitor::silent()).expect("simulation");
    let whole = simulation.counts[0].offsets.len() - 1;
    let kept: Vec<usize> =
        (0..simulation.labels.len()).filter(|&spot| spot < whole || simulation.labels[spot] < 2).collect();
    let batch: Vec<usize> = kept.iter().map(|&spot| usize::from(spot >= whole)).collect();
    let labels: Vec<usize> = kept.iter().map(|&spot| simulation.labels[spot]).collect();
    let coords = simulation.coordinates.select(ndarray::Axis(0), &kept);
    let agreement = |factor: f64, batch_of: &[usize]| {
        let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for &spot in &kept {
            let (own, at) = (&simulation.counts[usize::from(spot >= whole)], spot % whole);
            for stored in own.offsets[at] as usize..own.offsets[at + 1] as usize {
                let moved = spot >= whole && own.rows[stored] % 2 == 0;
                rows.push(own.rows[stored]);
                values.push(own.values[stored] * if moved { factor } else { 1.0 });
            }
            offsets.push(rows.len() as i32);
        }
        let counts = Counts::new(300, kept.len(), &offsets, &rows, &values).expect("counts");
        let found = fit(
            Spots { counts: &counts, coords: coords.view(), slice: &batch, batch: batch_of },
            &quick(),
            &Monitor::silent(),
        )
        .expect("fit");
        let params = DomainParams { k: Some(4), k_range: (4, 4), method: Method::Mixture, seed: 1 };
        let start = Start::Space(found.prior.view());
        let domains = find_domains(found.embedding.view(), Some(&found.graph), start, &params, &Monitor::silent());
        adjusted_rand_index(&labels, &domains.expect("domains").labels)
    };
    let together = vec![0; kept.len()];
    let clean = agreement(1.0, &together);
    let (apart, corrected, affected) = (agreement(1.0, &batch), agreement(4.0, &batch), agreement(4.0, &together));
    assert!(clean > 0.94 && apart > clean - 0.03 && corrected > clean - 0.03, "{clean} {apart} {corrected}");
    assert!(affected < clean - 0.35, "{affected}");
}

/// A fit that goes on from its first stage has the bits of one that was never interrupted.
#[test]
fn a_fit_goes_on_from_its_first_stage() {
    let simulation = tissue(2);
    let counts: Vec<_> = simulation.counts.iter().map(|slice| slice.view().expect("counts")).collect();
    let spots = counts[0].spots();
    let (coords, slice) = (simulation.coordinates.slice(ndarray::s![..spots, ..]), vec![0; spots]);
    let input = Spots { counts: &counts[0], coords, slice: &slice, batch: &slice };
    let whole = fit(input, &quick(), &Monitor::silent()).expect("fit");
    let stage = first_stage(input, &quick(), &Monitor::silent()).expect("stage");
    let again = fit_from(stage, input, &quick(), &Monitor::silent()).expect("fit");
    assert_eq!((whole.embedding, whole.codes.scores), (again.embedding, again.codes.scores));
    let codes = Codes { scores: Array2::zeros((3, 2)), types: Vec::new() };
    let other = fit_from(Stage { types: None, codes }, input, &quick(), &Monitor::silent());
    assert!(matches!(other, Err(Error::Argument { argument: "checkpoint", .. })));
}

#[test]
fn stops_when_asked() {
    let simulation = tissue(1);
    let cancelled = AtomicBool::new(false);
    let report = |progress: Progress| {
        if progress.done == 3 {
            cancelled.store(true, Ordering::Relaxed);
        }
    };
    let stopped = fitted(&simulation, &quick(), 1, &Monitor::new(&cancelled, &report));
    assert!(matches!(stopped, Err(Error::Interrupted)));
}

#[test]
fn bad_input_names_the_argument() {
    let simulation = tissue(1);
    let counts = simulation.counts[0].view().expect("counts");
    let argument = |coords: &Array2<f64>, slice: &[usize], params: &FitParams| match fit(
        Spots { counts: &counts, coords: coords.view(), slice, batch: &vec![0; counts.spots()] },
        params,
        &Monitor::silent(),
    ) {
        Err(Error::Argument { argument, .. }) => argument,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => "accepted",
    };
    let (good, slice) = (&simulation.coordinates, vec![0; counts.spots()]);
    let changed = |change: fn(&mut FitParams)| {
        let mut params = quick();
        change(&mut params);
        params
    };
    assert_eq!(argument(&array![[0.0, 1.0]], &slice, &quick()), "coords");
    assert_eq!(argument(&Array2::zeros(good.dim()), &slice, &quick()), "coords");
    assert_eq!(argument(&good.mapv(|x| if x == 3.0 { f64::NAN } else { x }), &slice, &quick()), "coords");
    assert_eq!(argument(good, &[0, 1], &quick()), "slice");
    assert_eq!(argument(good, &slice, &changed(|params| params.train.epochs = 0)), "epochs");
    assert_eq!(argument(good, &slice, &changed(|params| params.latent_dim = 301)), "latentDim");
    assert_eq!(argument(good, &slice, &changed(|params| params.latent_dim = 0)), "latentDim");
    assert_eq!(argument(good, &slice, &changed(|params| params.features.count = 0)), "nFeatures");
    assert_eq!(argument(good, &slice, &changed(|params| params.train.prior_scale = 0.0)), "priorScale");
    assert_eq!(argument(good, &slice, &changed(|params| params.train.kl = -1.0)), "kl");
    assert_eq!(threads::in_pool(0, || Ok(())).unwrap_err().kind(), "argument");
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(Counts::new(2, 1, &[0, 2], &[0, 1], &[1.0, bad]).is_err());
    }
    assert!(Counts::new(0, 1, &[0, 0], &[], &[]).is_err());
    assert!(Counts::new(2, 2, &[0, 1, 1], &[0], &[1.0]).is_err(), "a spot without counts");
}

/// A fit and its domains as they were when this was written. A changed number is a decision: it is told in NEWS.
#[test]
fn a_fit_and_its_domains_are_those_of_before() {
    let simulation = tissue(1);
    let found = fitted(&simulation, &quick(), 2, &Monitor::silent()).expect("fit");
    let views = found.codes.views(&found.graph, None, &Monitor::silent()).expect("views");
    let view = |View { values, kind, .. }: &View| SectionView {
        points: Points::new(values.view(), "views").expect("points"),
        kind: *kind,
    };
    let all: Vec<SectionView> = views.iter().map(view).collect();
    let params = DomainParams { k: Some(3), k_range: (3, 3), method: Method::Mixture, seed: 1 };
    let none = starscape::cluster::Null::default();
    let start = Start::Views(SectionViews { all: &all, embedding: Some(EMBEDDING_KIND), null: &none });
    let domains =
        find_domains(found.embedding.view(), Some(&found.graph), start, &params, &Monitor::silent()).expect("domains");
    let sizes: Vec<usize> = (0..3).map(|own| domains.labels.iter().filter(|&&label| label == own).count()).collect();
    let numbers = [
        found.network.history[19].total,
        found.embedding[[0, 0]],
        found.embedding[[399, 7]],
        found.embedding.mapv(f64::abs).sum(),
        found.codes.scores[[200, 3]],
        domains.confidence.iter().sum::<f64>(),
        adjusted_rand_index(&simulation.labels, &domains.labels),
    ];
    let frozen = [
        1.453_699_469_57,
        1.485_427_536_58,
        0.094_675_481_44,
        1_703.234_988_679_10,
        -0.280_194_263_61,
        399.06,
        0.965_614_884_29,
    ];
    assert_eq!(sizes, [183, 129, 88]);
    for (index, (number, frozen)) in numbers.iter().zip(frozen).enumerate() {
        // Other implementations of LAPACK round otherwise.
        assert!((number - frozen).abs() < 1e-5 * frozen.abs(), "number {index} is {number}, was {frozen}");
    }
}
