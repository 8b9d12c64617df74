//! An owned thread pool: the crate never uses more threads than it was given and changes no global setting.

use crate::error::{Error, Result};

/// Runs `work` on a pool of `threads` threads (at least 1). Everything inside that works in parallel, candle's
/// matrix products included, uses this pool. Results do not depend on the number of threads.
///
/// # Errors
/// [`Error::Argument`] naming `threads` when the pool cannot be made; else what `work` returns.
pub fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if threads == 0 {
        return Err(Error::argument("threads", "must be at least 1"));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Error::argument("threads", format!("cannot be {threads}: {error}")))?;
    pool.install(work)
}
