//! The steps of TransST against values of the published implementation, and its optimum against theirs.

use ndarray::{Array1, Array2, Axis};
use serde_json::Value;
use starscape::monitor::Monitor;
use starscape::transst::adaptive::Adaptive;
use starscape::transst::criteria::criteria;
use starscape::transst::energy::{posterior_of, potts_energies, unary_energies};
use starscape::transst::source_model::{Expectation, SourceModel, em_step};

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/transst_steps.json")).expect("valid JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|entry| entry.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
}

fn matrices(value: &Value) -> Vec<Array2<f64>> {
    value.as_array().expect("matrices").iter().map(matrix).collect()
}

fn close(found: &Array2<f64>, expected: &Array2<f64>) {
    assert_eq!(found.dim(), expected.dim());
    let worst = (found - expected).iter().fold(0.0f64, |worst, difference| worst.max(difference.abs()));
    assert!(worst < 1e-8, "off by {worst}");
}

fn source(golden: &Value) -> (SourceModel, Array2<f64>, Vec<Option<usize>>) {
    let part = &golden["source_model"];
    let model = SourceModel {
        loadings: matrix(&part["W"]),
        noise: Array1::from(numbers(&part["Lambda"])),
        means: matrix(&part["mu"]),
        covariances: matrices(&part["Sigma"]),
        weights: Array1::from_elem(3, 1.0 / 3.0),
    };
    let first = numbers(&part["z"]).iter().fold(f64::INFINITY, |least, &label| least.min(label));
    let labels = numbers(&part["z"]).iter().map(|label| Some((label - first) as usize)).collect();
    (model, matrix(&part["X"]), labels)
}

#[test]
fn expectation_of_the_source_model() {
    let golden = golden();
    let (model, values, _) = source(&golden);
    let expected = &golden["source_model"]["e_step"];
    let expectation = Expectation::new(&model).expect("regular");
    for (label, (means, covariance)) in
        matrices(&expected["posterior_mean_of_v"]).iter().zip(matrices(&expected["posterior_cov_of_v"])).enumerate()
    {
        close(&expectation.posterior_means(values.view(), label), means);
        close(&expectation.posterior_covariances()[label], &covariance);
    }
    close(&expectation.energies(values.view()), &matrix(&expected["energy"]));
}

#[test]
fn maximisation_of_the_source_model() {
    let golden = golden();
    let (model, values, labels) = source(&golden);
    let expected = &golden["source_model"]["m_step_with_labels_known"];
    let (updated, before) = em_step(&values, &labels, &model, &Monitor::silent()).expect("regular");
    close(&updated.means, &matrix(&expected["mu"]));
    close(&updated.loadings, &matrix(&expected["W"]));
    let noise = Array1::from(numbers(&expected["Lambda"]));
    close(&updated.noise.insert_axis(Axis(1)), &noise.insert_axis(Axis(1)));
    for (found, expected) in updated.covariances.iter().zip(matrices(&expected["Sigma"])) {
        close(found, &expected);
    }
    // The log-likelihood is that of cells and labels, by the energies, and EM raises it, with labels missing too.
    let energies = Expectation::new(&model).expect("regular").energies(values.view());
    let direct: f64 = labels
        .iter()
        .enumerate()
        .map(|(cell, label)| (label.expect("known"), cell))
        .map(|(label, cell)| model.weights[label].ln() - energies[[cell, label]])
        .sum();
    let constant = 0.5 * values.len() as f64 * (2.0 * std::f64::consts::PI).ln();
    assert!((before - (direct - constant)).abs() < 1e-8 * before.abs());
    let partly: Vec<Option<usize>> =
        labels.iter().enumerate().map(|(cell, label)| label.filter(|_| cell % 3 > 0)).collect();
    let (mut model, mut before) = (model, f64::NEG_INFINITY);
    for _ in 0..30 {
        let (next, log_likelihood) = em_step(&values, &partly, &model, &Monitor::silent()).expect("regular");
        assert!(log_likelihood >= before - 1e-9 * before.abs().min(1e9), "{before} {log_likelihood}");
        (model, before) = (next, log_likelihood);
    }
}

#[test]
fn adaptive_loadings_reach_the_published_optimum_and_more() {
    let golden = golden();
    let part = &golden["adaptive_transfer"];
    let (values, anchor) = (matrix(&part["Y"]), matrix(&part["W0"]));
    let problem = Adaptive::new(Array2::eye(values.ncols()), values.clone(), anchor.view());
    for case in part["converged_objective"].as_array().expect("cases") {
        let penalty = case["lambda"].as_f64().expect("a number");
        let expected = case["objective"].as_f64().expect("a number");
        // The penalty on ‖W − W₀‖² as a share of the source.
        let share = penalty / (values.nrows() as f64 + penalty);
        let directions = problem.solve_share(share, values.view()).expect("regular");
        assert!(problem.stationarity(&directions, share).expect("finite") < 1e-12);
        let loadings = directions.dot(&directions.t().dot(&anchor));
        let inverse = ndarray_linalg::Inverse::inv(&loadings.t().dot(&loadings)).expect("regular");
        let factors = values.dot(&loadings).dot(&inverse);
        let square = |matrix: Array2<f64>| matrix.mapv(|value| value * value).sum();
        let objective = square(&values - &factors.dot(&loadings.t())) + penalty * square(&loadings - &anchor);
        assert!(objective <= expected + 1e-8, "{objective} above {expected}");
        // The published alternation stops a little above.
        assert!((objective - expected).abs() < 1e-5 * expected, "{objective} {expected}");
    }
}

#[test]
fn energies_and_iterated_conditional_modes() {
    let golden = golden();
    let part = &golden["potts_icm"];
    let (scores, means) = (matrix(&part["U"]), matrix(&part["mu"]));
    let mut unary = Array2::zeros((scores.nrows(), means.nrows()));
    // Each component has a covariance of its own there.
    for (component, covariance) in matrices(&part["Sigma"]).iter().enumerate() {
        let mean = means.slice(ndarray::s![component..=component, ..]);
        let energies = unary_energies(scores.view(), mean, covariance).expect("regular");
        unary.column_mut(component).assign(&energies.column(0));
    }
    close(&unary, &matrix(&part["unary_energy"]));
    let neighbours: Vec<Vec<u32>> = part["neighbours_0based"]
        .as_array()
        .expect("lists")
        .iter()
        .map(|list| numbers(list).iter().map(|&neighbour| neighbour as u32).collect())
        .collect();
    let no_field = Array1::zeros(3);
    let hard =
        |labels: &[f64]| Array2::from_shape_fn((labels.len(), 3), |(i, k)| f64::from(labels[i] == k as f64 + 1.0));
    let start = numbers(&part["y_start"]);
    let potts = |labels: &[f64], interaction| {
        potts_energies(|spot| &neighbours[spot], hard(labels).view(), interaction, &no_field)
    };
    close(&potts(&start, 1.5), &matrix(&part["potts_energy_at_beta_1.5"]));
    // The published iteration updates all spots at once, 50 times, and labels once more by the last energies.
    let expected = &part["icm"];
    let interaction = expected["beta_start"].as_f64().expect("a number");
    let (mut labels, mut energies) = (start, unary.clone());
    for _ in 0..51 {
        energies = &unary + &potts(&labels, interaction);
        let least = |row: ndarray::ArrayView1<f64>| {
            (0..row.len()).reduce(|best, k| if row[k] < row[best] { k } else { best }).expect("labels")
        };
        labels = energies.rows().into_iter().map(|row| least(row) as f64 + 1.0).collect();
    }
    assert_eq!(labels, numbers(&expected["y"]));
    let (posterior, log_likelihood) = posterior_of(&energies);
    close(&posterior, &matrix(&expected["responsibility"]));
    assert!((log_likelihood - expected["loglik"].as_f64().expect("a number")).abs() < 1e-8);
}

#[test]
fn information_criteria() {
    // The published code weights the penalty, 0.5 and 2 in these two cases, and counts full covariances.
    for (case, weight) in golden()["information_criteria"].as_array().expect("cases").iter().zip([0.5, 2.0]) {
        let number = |name: &str| case[name].as_f64().expect("a number");
        let (k, q) = (number("k") as usize, number("q") as usize);
        let parameters = k * (q + q * (q + 1) / 2) + 1;
        let found = criteria(number("loglik"), parameters, q, number("n"), weight);
        for (found, name) in [(found.bic, "BIC"), (found.mbic, "MBIC"), (found.hbic, "HBIC")] {
            assert!((found - number(name)).abs() < 1e-8, "{name}: {found}");
        }
    }
}
