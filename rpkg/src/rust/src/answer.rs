//! Answers to R.

use extendr_api::prelude::*;
use ndarray::Array2;
use starscape::Error;

/// Why there is no value.
pub enum Failure {
    /// The core's own error.
    Core(Error),
    /// A defect of the core: the message of its panic.
    Panic(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Core(error)
    }
}

/// What `run` gives, as `list(ok = value)` or `list(error = list(kind, argument, message))`.
pub fn answer(run: impl FnOnce() -> Result<Robj, Failure>) -> List {
    let failure = match run() {
        Ok(value) => return list!(ok = value),
        Err(failure) => failure,
    };
    let (kind, argument, message) = match &failure {
        Failure::Core(error @ Error::Argument { argument, .. }) => (error.kind(), Some(*argument), error.to_string()),
        Failure::Core(error) => (error.kind(), None, error.to_string()),
        Failure::Panic(message) => ("panic", None, format!("internal error, please report it: {message}")),
    };
    let argument: Robj = argument.map_or_else(|| ().into(), |name| name.into());
    list!(error = list!(kind = kind, argument = argument, message = message))
}

/// A number for R, NA where there is none.
pub fn or_na(value: Option<f64>) -> Rfloat {
    value.map_or_else(Rfloat::na, Rfloat::from)
}

/// A matrix for R.
pub fn table(values: Array2<f64>) -> starscape::Result<Robj> {
    Robj::try_from(values).map_err(|error| Error::Numeric(format!("no room for a matrix: {error}")))
}
