# Entry points of the compiled core. Each returns list(ok = value) or list(error = list(kind, argument, message)).

core_count_summary <- function(counts) {
  .Call(wrap__core_count_summary, counts)
}

core_fit <- function(counts, coords, slice, batch, stage, parameters, progress) {
  .Call(wrap__core_fit, counts, coords, slice, batch, stage, parameters, progress)
}

core_first_stage <- function(counts, coords, slice, batch, parameters, progress) {
  .Call(wrap__core_first_stage, counts, coords, slice, batch, parameters, progress)
}

core_training_defaults <- function() {
  .Call(wrap__core_training_defaults)
}

core_find_domains <- function(embedding, prior, codes, graph, parameters, progress) {
  .Call(wrap__core_find_domains, embedding, prior, codes, graph, parameters, progress)
}

core_loss_surface <- function(scores, prior, embedding, slice, graph, weights, parameters, progress) {
  .Call(wrap__core_loss_surface, scores, prior, embedding, slice, graph, weights, parameters, progress)
}

core_component_scores <- function(counts, loadings, levels, parameters, progress) {
  .Call(wrap__core_component_scores, counts, loadings, levels, parameters, progress)
}

core_project_domains <- function(scores, coords, slice, known, parameters, progress) {
  .Call(wrap__core_project_domains, scores, coords, slice, known, parameters, progress)
}

core_cluster_metrics <- function(truth, labels, embedding, graph, threads) {
  .Call(wrap__core_cluster_metrics, truth, labels, embedding, graph, threads)
}

core_simulate_slices <- function(parameters, progress) {
  .Call(wrap__core_simulate_slices, parameters, progress)
}

core_stability <- function(labels, k, threads, progress) {
  .Call(wrap__core_stability, labels, k, threads, progress)
}

core_pairwise <- function(labels, threads, progress) {
  .Call(wrap__core_pairwise, labels, threads, progress)
}

core_coassignment <- function(labels, spots) {
  .Call(wrap__core_coassignment, labels, spots)
}

core_align_slices <- function(embedding, coords, referenceEmbedding, referenceCoords, parameters, progress) {
  .Call(
    wrap__core_align_slices, embedding, coords, referenceEmbedding, referenceCoords, parameters, progress
  )
}

core_domain_pseudotime <- function(embedding, graph, domain, parameters, progress) {
  .Call(wrap__core_domain_pseudotime, embedding, graph, domain, parameters, progress)
}

core_impute_expression <- function(counts, genes, fit, graph, batch, parameters, progress) {
  .Call(
    wrap__core_impute_expression, counts, genes, fit, graph, batch, parameters, progress
  )
}

core_rank_sums <- function(counts, domain, block, parameters, progress) {
  .Call(wrap__core_rank_sums, counts, domain, block, parameters, progress)
}

core_overdispersion <- function(counts, group, threads, progress) {
  .Call(wrap__core_overdispersion, counts, group, threads, progress)
}

core_split_counts <- function(counts, overdispersion, parameters, progress) {
  .Call(wrap__core_split_counts, counts, overdispersion, parameters, progress)
}

core_match_labels <- function(truth, labels) {
  .Call(wrap__core_match_labels, truth, labels)
}

core_spatial_autocorrelation <- function(counts, coords, slice, parameters, progress) {
  .Call(wrap__core_spatial_autocorrelation, counts, coords, slice, parameters, progress)
}

core_rank_inflation <- function(counts, coords, slice, domain, block, parameters, progress) {
  .Call(
    wrap__core_rank_inflation, counts, coords, slice, domain, block, parameters, progress
  )
}

core_run_trans_st <- function(target, coords, slice, source, source_coords, source_slice, labels, label_count,
                              parameters, progress) {
  .Call(
    wrap__core_run_trans_st, target, coords, slice, source, source_coords, source_slice, labels, label_count,
    parameters, progress
  )
}

core_bootstrap_loadings <- function(basis, values, anchor, loadings, tiles, parameters, progress) {
  .Call(wrap__core_bootstrap_loadings, basis, values, anchor, loadings, tiles, parameters, progress)
}

core_trans_st_embedding <- function(target, source, neighbours, labels, label_count, parameters, progress) {
  .Call(wrap__core_trans_st_embedding, target, source, neighbours, labels, label_count, parameters, progress)
}

core_dimension_loadings <- function(counts, genes, embedding, coords, slice, parameters, progress) {
  .Call(
    wrap__core_dimension_loadings, counts, genes, embedding, coords, slice, parameters, progress
  )
}

core_cell_type_proportions <- function(target, scores, neighbours, source, label, label_count, parameters, progress) {
  .Call(
    wrap__core_cell_type_proportions, target, scores, neighbours, source, label, label_count, parameters, progress
  )
}
