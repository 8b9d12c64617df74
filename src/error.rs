//! The one error type of the crate. Every variant can be shown to a person as it is.

/// What can go wrong, in words a user of the R package understands.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument has a value that cannot be used. `argument` is the user's name for it (camelCase, as in R).
    #[error("`{argument}` {message}")]
    Argument {
        /// The user's name of the argument, such as `latentDim`.
        argument: &'static str,
        /// What was given and what to do, as the rest of a sentence that begins with the argument.
        message: String,
    },
    /// A computation left the finite numbers or met a singular matrix.
    #[error("{0}")]
    Numeric(String),
    /// An iteration reached its limit of evaluations without meeting its tolerance.
    #[error("{0}")]
    NotConverged(String),
    /// The user asked for a stop.
    #[error("interrupted by the user")]
    Interrupted,
}

impl Error {
    /// Builds an [`Error::Argument`].
    pub fn argument(argument: &'static str, message: impl Into<String>) -> Self {
        Error::Argument { argument, message: message.into() }
    }

    /// Short machine-readable kind; the R package turns it into a condition class.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Argument { .. } => "argument",
            Error::Numeric(_) => "numeric",
            Error::NotConverged(_) => "not_converged",
            Error::Interrupted => "interrupted",
        }
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Error::Numeric(format!("tensor computation failed: {error}"))
    }
}

impl From<ndarray_linalg::error::LinalgError> for Error {
    fn from(error: ndarray_linalg::error::LinalgError) -> Self {
        Error::Numeric(format!("linear algebra failed: {error}"))
    }
}

/// Result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
