//! Long work: the core runs on a thread of its own while R's main thread shows progress and listens for Ctrl-C.

use crate::answer::Failure;
use crate::interrupt;
use extendr_api::prelude::*;
use starscape::monitor::{Monitor, Progress};
use starscape::{Result, threads};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// How often the main thread looks for progress and interrupts.
const POLL: Duration = Duration::from_millis(100);

/// Runs `work` on a pool of `threads` threads; calls the R function `progress` (or NULL) from the main thread.
/// Nothing in `work` may touch R.
pub fn run<T: Send>(
    threads: usize,
    progress: &Robj,
    work: impl FnOnce(&Monitor) -> Result<T> + Send,
) -> std::result::Result<T, Failure> {
    let cancelled = AtomicBool::new(false);
    let latest: Mutex<Option<Progress>> = Mutex::new(None);
    let (running, finished) = channel::<()>();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            // Dropped when the work ends, in whatever way: the main thread wakes at once.
            let _running: Sender<()> = running;
            let report = |step: Progress| {
                if let Ok(mut slot) = latest.lock() {
                    *slot = Some(step);
                }
            };
            let monitor = Monitor::new(&cancelled, &report);
            threads::in_pool(threads, || work(&monitor))
        });
        while finished.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
            let step = latest.lock().ok().and_then(|mut slot| slot.take());
            let shown = step.is_none_or(|step| show(progress, &step));
            if !shown || interrupt::pending() {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
        joined(worker)
    })
}

/// Calls the progress function; false when it failed: it catches its own errors, so an interrupt came while it ran.
fn show(progress: &Robj, step: &Progress) -> bool {
    let Some(function) = progress.as_function() else { return true };
    let (done, total) = (step.done as i32, step.total as i32);
    let objective: Robj = step.objective.map_or_else(|| ().into(), |value| value.into());
    function.call(pairlist!(stage = step.stage, done = done, total = total, objective = objective)).is_ok()
}

fn joined<T>(worker: ScopedJoinHandle<'_, Result<T>>) -> std::result::Result<T, Failure> {
    match worker.join() {
        Ok(result) => result.map_err(Failure::Core),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Failure::Panic(text.unwrap_or_else(|| "unknown".to_owned())))
        }
    }
}
