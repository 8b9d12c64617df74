//! Domains of clear and of unclear sections, by every method.

use super::testing::{blobs, in_pool, stripes};
use super::*;
use crate::error::Error;
use crate::metrics::adjusted_rand_index;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

fn params(k: Option<usize>, method: Method) -> Params {
    Params { k, k_range: (2, 6), method, seed: 1 }
}

#[test]
fn every_method_finds_clear_domains_and_names_them_by_size() -> Result<()> {
    let (values, truth, graph) = stripes(30, 4, 6.0, 21);
    for method in [Method::Mixture, Method::KMeans, Method::HiddenMarkov] {
        let start = Start::Embedding;
        let domains = find_domains(values.view(), Some(&graph), start, &params(Some(4), method), &Monitor::silent())?;
        assert!(adjusted_rand_index(&truth, &domains.labels) > 0.95, "{method:?}");
        assert!(domains.confidence.iter().all(|value| (0.0..=1.0).contains(value)));
        assert_eq!(domains.k, 4);
        assert_eq!(by_size(&domains.labels).0, domains.labels);
        assert_eq!(domains.interaction.is_some(), method == Method::HiddenMarkov);
        assert_eq!(domains.log_likelihood.is_none(), method == Method::KMeans);
    }
    Ok(())
}

#[test]
fn chooses_the_number_of_clear_domains() -> Result<()> {
    let (values, truth, graph) = stripes(40, 4, 5.0, 21);
    let domains = find_domains(
        values.view(),
        Some(&graph),
        Start::Embedding,
        &params(None, Method::Mixture),
        &Monitor::silent(),
    )?;
    let choice = domains.choice.expect("a table");
    assert_eq!((choice.chosen, domains.k), (4, 4));
    assert_eq!(choice.candidates.iter().map(|candidate| candidate.k).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert!(choice.candidates[2].stability > 0.9);
    assert!(choice.candidates.iter().all(|candidate| candidate.icl <= candidate.bic));
    assert!(adjusted_rand_index(&truth, &domains.labels) > 0.9);
    Ok(())
}

#[test]
fn only_stability_depends_on_the_seed_and_nothing_on_threads() -> Result<()> {
    let (values, _, graph) = stripes(20, 3, 1.5, 2);
    let run = |seed, threads| {
        let params = Params { seed, k_range: (2, 4), ..params(None, Method::HiddenMarkov) };
        in_pool(threads, || find_domains(values.view(), Some(&graph), Start::Embedding, &params, &Monitor::silent()))
    };
    let (one, again, other) = (run(1, 1)?, run(1, 3)?, run(2, 2)?);
    assert_eq!(one.labels, again.labels);
    assert_eq!(one.confidence, again.confidence);
    assert_eq!(one.choice, again.choice);
    assert_eq!(one.labels, other.labels);
    Ok(())
}

#[test]
fn a_better_space_gives_the_better_start() -> Result<()> {
    let (values, truth) = blobs(600, 4, 3, 4.0, 3);
    let labels = find_domains(
        values.view(),
        None,
        Start::Space(values.view()),
        &params(Some(3), Method::Mixture),
        &Monitor::silent(),
    )?;
    assert!(adjusted_rand_index(&truth, &labels.labels) > 0.95);
    let from_labels = Start::Labels(&truth);
    let kept = find_domains(values.view(), None, from_labels, &params(Some(3), Method::Mixture), &Monitor::silent())?;
    assert_eq!(kept.labels, labels.labels);
    Ok(())
}

#[test]
fn reports_every_candidate_and_stops_when_told() -> Result<()> {
    let (values, _) = blobs(200, 2, 2, 4.0, 3);
    let seen = Mutex::new(Vec::new());
    let cancelled = AtomicBool::new(false);
    let report = |progress: crate::monitor::Progress| {
        seen.lock().expect("lock").push((progress.done, progress.total));
        cancelled.store(progress.done == 2, Ordering::Relaxed);
    };
    let monitor = Monitor::new(&cancelled, &report);
    let outcome = find_domains(values.view(), None, Start::Embedding, &params(None, Method::Mixture), &monitor);
    assert!(matches!(outcome, Err(Error::Interrupted)));
    assert_eq!(*seen.lock().expect("lock"), [(1, 5), (2, 5)]);
    Ok(())
}

#[test]
fn names_the_argument_that_does_not_fit() {
    let (values, truth) = blobs(30, 2, 3, 4.0, 3);
    let other = SpatialGraph::from_edges(7, [(0, 1)]);
    let wide = Params { k_range: (2, 31), ..params(None, Method::Mixture) };
    let falling = Params { k_range: (5, 3), ..params(None, Method::Mixture) };
    let three = params(Some(3), Method::Mixture);
    let space: Array2<f64> = Array2::ones((4, 2));
    let unknown = Array2::from_elem((30, 2), f64::NAN);
    let same = vec![0; 30];
    let cases = [
        (&values, None, Start::Embedding, params(Some(0), Method::Mixture), "k"),
        (&values, None, Start::Embedding, params(Some(31), Method::Mixture), "k"),
        (&values, None, Start::Embedding, wide, "kRange"),
        (&values, None, Start::Embedding, falling, "kRange"),
        (&values, None, Start::Embedding, params(Some(3), Method::HiddenMarkov), "graph"),
        (&values, Some(&other), Start::Embedding, three.clone(), "graph"),
        (&values, None, Start::Space(space.view()), three.clone(), "prior"),
        (&unknown, None, Start::Embedding, three.clone(), "embedding"),
        (&values, None, Start::Labels(&truth[..7]), three.clone(), "start"),
        (&values, None, Start::Labels(&same), three, "start"),
        (&values, None, Start::Labels(&truth), params(Some(2), Method::Mixture), "start"),
        (&values, None, Start::Labels(&truth), params(None, Method::Mixture), "start"),
    ];
    for (index, (values, graph, start, params, expected)) in cases.into_iter().enumerate() {
        let outcome = find_domains(values.view(), graph, start, &params, &Monitor::silent());
        assert!(
            matches!(outcome, Err(Error::Argument { argument, .. }) if argument == expected),
            "case {index} should name {expected}"
        );
    }
}
