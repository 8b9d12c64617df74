//! Genes that mark domains: the Wilcoxon rank-sum test of every gene, and what keeps its p-values honest when the
//! domains were found in the same counts.
//!
//! `rank_sum` tests all genes and all domains in one pass over the stored counts; `overdispersion` and `split` divide
//! the counts into two independent parts, one to find domains in and one to test; `inflation` says what it does to rank
//! sums that neighbouring spots are alike.

mod dimensions;
mod groups;
mod inflation;
mod overdispersion;
mod rank_sum;
mod split;

pub use dimensions::dimension_loadings;
pub use groups::{Comparison, Groups};
pub use inflation::rank_inflation;
pub use overdispersion::overdispersion;
pub use rank_sum::{RankSums, rank_sums};
pub use split::split_counts;
