//! What the targets share: data and settings made from random bytes, most of them sound, some broken, of at most some
//! forty spots. A target calls the core as the file of its name in the shim does, without R's checks before it: the
//! core answers or refuses, and never panics, overflows or hangs. To finite numbers it never answers NaN.

mod counts;
mod graph;
mod input;
mod labels;
mod matrix;
mod places;
mod settings;

pub use counts::{Sparse, counts};
pub use graph::graph;
pub use input::Input;
pub use labels::{labels, numbers, slices};
pub use matrix::matrix;
pub use places::places;
pub use settings::{feature_params, graph_params, normalisation, train_params};

use rayon::{ThreadPool, ThreadPoolBuilder};
use starscape::Result;
use std::sync::LazyLock;

/// Two threads, as work in parallel may fail where work in order does not.
static POOL: LazyLock<ThreadPool> = LazyLock::new(|| ThreadPoolBuilder::new().num_threads(2).build().expect("a pool"));

/// Gives `target` the input that is in these bytes; what the core refuses is well.
pub fn run(bytes: &[u8], target: impl FnOnce(&mut Input) -> Result<()> + Send) {
    let _refused = POOL.install(|| target(&mut Input::new(bytes)));
}
