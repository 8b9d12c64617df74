//! Time of the core's kernels. `cargo bench` prints them; the two forms of the telescope are compared in one run, and
//! their values are checked against each other first.

use candle_core::{DType, Device, Tensor, Var};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use rand_distr::{Distribution, Poisson, StandardNormal};
use starscape::counts::Counts;
use starscape::graph::{GraphParams, SpatialGraph, spatial_graph};
use starscape::loss::{consistency, telescope, telescope_pairwise};
use starscape::markers::{Comparison, Groups, overdispersion, rank_sums};
use starscape::monitor::Monitor;
use starscape::ops::RowMean;
use starscape::random::{Stream, stream};
use starscape::surroundings::Surroundings;
use starscape::threads::in_pool;
use starscape::vae::{Objective, Parameters, Section, TrainParams};
use std::hint::black_box;

const SPOTS: usize = 4000;
const DIMENSIONS: usize = 20;

type Loss = fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>;

fn view(seed: u64) -> Var {
    let mut rng = stream(seed, Stream::Noise);
    let values: Vec<f32> = (0..SPOTS * DIMENSIONS).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_vec(values, (SPOTS, DIMENSIONS), &Device::Cpu).and_then(|view| Var::from_tensor(&view)).expect("view")
}

/// Value and gradient, as one training step needs them.
fn forward_backward(loss: Loss, first: &Var, second: &Var) -> f32 {
    let value = loss(first, second).expect("loss");
    black_box(value.backward().expect("gradient"));
    value.to_scalar().expect("number")
}

fn losses(criterion: &mut Criterion) {
    let (first, second) = (view(1), view(2));
    // Equal to 1e-6 relative: in f64, where rounding does not hide a difference of the formulas.
    let exact = |loss: Loss| {
        let [first, second] = [&first, &second].map(|view| view.to_dtype(DType::F64).expect("f64"));
        loss(&first, &second).and_then(|value| value.to_scalar::<f64>()).expect("number")
    };
    let (linear, pairwise) = (exact(telescope), exact(telescope_pairwise));
    assert!((linear / pairwise - 1.0).abs() < 1e-6, "{linear} and {pairwise}");

    let mut group = criterion.benchmark_group("losses, forward and backward, n = 4000, d = 20");
    group.sample_size(10);
    group.bench_function("telescope, linear", |b| b.iter(|| forward_backward(telescope, &first, &second)));
    group.bench_function("telescope, pairwise", |b| b.iter(|| forward_backward(telescope_pairwise, &first, &second)));
    group.bench_function("consistency", |b| b.iter(|| forward_backward(consistency, &first, &second)));
    group.finish();
}

fn graph(criterion: &mut Criterion) {
    let side = 63;
    let coords = ndarray::Array2::from_shape_fn((side * side, 2), |(spot, axis)| {
        (if axis == 0 { 2 * (spot % side) + spot / side % 2 } else { spot / side }) as f64
    });
    let slice = vec![0; side * side];
    let mut group = criterion.benchmark_group("graph, n = 3969");
    group.bench_function("Visium grid", |b| {
        b.iter(|| spatial_graph(coords.view(), &slice, &GraphParams::default(), &Monitor::silent()).expect("graph"))
    });
    let (graph, _) = spatial_graph(coords.view(), &slice, &GraphParams::default(), &Monitor::silent()).expect("graph");
    let rows: Vec<usize> = (0..side * side).collect();
    group.bench_function("four rings around each spot", |b| b.iter(|| Surroundings::new(&graph, &rows)));
    let rings = Surroundings::new(&graph, &rows).operations().expect("rings");
    let features = Tensor::ones((side * side, 40), DType::F32, &Device::Cpu).and_then(|x| Var::from_tensor(&x));
    let features = features.expect("features");
    group.bench_function("means of 40 features over the fourth ring, forward and backward", |b| {
        b.iter(|| rings[3].apply(&features).and_then(|means| means.sum_all()?.backward()).expect("means"))
    });
    group.finish();
}

/// One epoch of the network beside the bare products that it cannot do without: of each layer, and for the gradients of
/// its input and its weights, in two views, which share the first layer; and of the graph, there and back.
fn training(criterion: &mut Criterion) {
    // As in a session that has read counts: once a block so large was given back, the system's allocator keeps smaller ones
    // instead of asking the kernel for new pages in every epoch.
    drop(black_box(vec![1u8; 30 << 20]));
    let side = 63;
    let edges = |spot: usize| [(spot, spot + 1, spot % side < side - 1), (spot, spot + side, spot / side < side - 1)];
    let edges = (0..side * side).flat_map(edges).filter(|(_, _, there)| *there).map(|(one, other, _)| (one, other));
    let graph = SpatialGraph::from_edges(side * side, edges);
    let mut rng = stream(1, Stream::Noise);
    let scores = Array2::from_shape_simple_fn((side * side, DIMENSIONS), || StandardNormal.sample(&mut rng));
    let batch = vec![0; side * side];
    let sample = Section::new(scores.view(), &batch, &graph).and_then(|section| section.whole()).expect("section");
    let (params, monitor) = (TrainParams::default(), Monitor::silent());
    let objective = Objective::new(&sample, &params, &monitor);
    let parameters = Parameters::deterministic(DIMENSIONS).expect("parameters");
    let weights = parameters.weights();
    let layers = [&weights.neighbour, &weights.surroundings, &weights.shift, &weights.log_variance];
    let products = layers.map(|layer| {
        let weight = layer.without_bias().weight().detach();
        let (outputs, inputs) = weight.dims2().expect("matrix");
        let ones = |columns| Tensor::ones((side * side, columns), DType::F32, &Device::Cpu).expect("ones");
        [ones(inputs), weight, ones(outputs)]
    });
    let mut group = criterion.benchmark_group("training, n = 3969, 20 dimensions");
    group.sample_size(20);
    group.bench_function("epoch", |b| {
        b.iter(|| objective.value(&parameters, 1).expect("value").0.backward().expect("gradient"))
    });
    group.bench_function("its matrix products", |b| b.iter(|| products.iter().chain(&products[1..]).for_each(bare)));
    let rows: Vec<usize> = (0..side * side).collect();
    let rings = Surroundings::new(&graph, &rows).operations().expect("rings");
    let units = weights.neighbour.without_bias().weight().dim(0).expect("units");
    let codes = Tensor::ones((side * side, units), DType::F32, &Device::Cpu).and_then(|x| Var::from_tensor(&x));
    let codes = codes.expect("codes");
    let means = |ring: &RowMean| {
        black_box(ring.apply(&codes).and_then(|means| means.sum_all()?.backward()).expect("means"));
    };
    group.bench_function("its means over rings of neighbours", |b| {
        b.iter(|| (0..2).for_each(|_| rings.iter().for_each(means)))
    });
    group.finish();
}

/// A layer forward, and backward to its input and its weights.
fn bare([input, weight, output]: &[Tensor; 3]) {
    let all = [
        input.matmul(&weight.t().expect("transposed")),
        output.matmul(weight),
        output.t().and_then(|output| output.matmul(input)),
    ];
    black_box(all.map(|product| product.expect("product")));
}

/// Counts as in a Visium section: 600 genes of 4000 spots, mostly of one count or none, of 7 domains.
fn markers(criterion: &mut Criterion) {
    const GENES: usize = 600;
    let mut rng = stream(3, Stream::Counts);
    let (mut offsets, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..SPOTS {
        for gene in 0..GENES {
            let mean = 0.02 + 4.0 * (gene as f64 / GENES as f64).powi(3);
            let count: f64 = Poisson::new(mean).expect("mean").sample(&mut rng);
            if count > 0.0 {
                rows.push(gene as i32);
                values.push(count);
            }
        }
        offsets.push(rows.len() as i32);
    }
    let counts = Counts::new(GENES, SPOTS, &offsets, &rows, &values).expect("counts");
    let domain: Vec<Option<usize>> = (0..SPOTS).map(|spot| Some(spot * 7 / SPOTS)).collect();
    let groups = Groups::new(&domain, 7, &[0; SPOTS]).expect("groups");
    let mut group = criterion.benchmark_group("markers, n = 4000, 600 genes, 7 domains, one thread");
    group.sample_size(10);
    for (name, comparison) in [("rest", Comparison::Rest), ("pairs", Comparison::Pairs)] {
        let test = || in_pool(1, || rank_sums(&counts, &groups, comparison, &Monitor::silent())).expect("rank sums");
        group.bench_function(format!("rank sums, {name}"), |b| b.iter(test));
    }
    let estimate = || in_pool(1, || overdispersion(&counts, &domain, &Monitor::silent())).expect("overdispersion");
    group.bench_function("overdispersion", |b| b.iter(estimate));
    group.finish();
}

criterion_group!(kernels, losses, graph, training, markers);
criterion_main!(kernels);
