//! R bindings of starscape: each function reads its arguments, calls the core and turns the answer into R values.
//! Every function returns `list(ok = value)` or `list(error = list(kind, argument, message))`; R code raises the
//! condition, so that no error has to unwind through Rust frames.

mod align_slices;
mod answer;
mod arguments;
mod autocorrelation;
mod cell_type_proportions;
mod cluster_metrics;
mod count_summary;
mod domain_markers;
mod domain_pseudotime;
mod factor_markers;
mod find_domains;
mod fit;
mod impute_expression;
mod interrupt;
mod loss_surface;
mod project_domains;
mod run_trans_st;
mod simulate_slices;
mod stability;
mod worker;

use extendr_api::prelude::*;

extendr_module! {
    mod starscape;
    use align_slices;
    use autocorrelation;
    use cell_type_proportions;
    use cluster_metrics;
    use count_summary;
    use domain_markers;
    use domain_pseudotime;
    use factor_markers;
    use find_domains;
    use fit;
    use impute_expression;
    use loss_surface;
    use project_domains;
    use run_trans_st;
    use simulate_slices;
    use stability;
}
