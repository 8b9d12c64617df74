//! How long work reports progress and learns that it should stop.

use crate::error::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};

/// One progress report.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is being done, for a person: "training", "choosing k".
    pub stage: &'static str,
    /// Steps done so far.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
    /// Current value of the objective, where there is one.
    pub objective: Option<f64>,
}

/// Receives progress and carries the user's wish to stop. Cheap to pass around; used from the working thread only
/// through shared references.
pub struct Monitor<'a> {
    cancelled: &'a AtomicBool,
    report: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Monitor<'a> {
    /// A monitor that calls `report` and stops when `cancelled` is set.
    pub fn new(cancelled: &'a AtomicBool, report: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Monitor { cancelled, report }
    }

    /// A monitor that reports nothing and is never stopped.
    pub fn silent() -> Monitor<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Monitor { cancelled: &NEVER, report: &|_| {} }
    }

    /// Reports progress, then fails with [`Error::Interrupted`] if the user asked for a stop.
    pub fn step(&self, progress: Progress) -> Result<()> {
        (self.report)(progress);
        self.check()
    }

    /// Fails with [`Error::Interrupted`] if the user asked for a stop. Called at least every 0.2 s of work.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}
