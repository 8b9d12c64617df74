#' Compare domains with known labels
#'
#' @param truth Known labels, one per spot: any vector or factor. Spots where it is NA are left out.
#' @param labels Domains found, one per spot: any vector or factor. Spots where it is NA, which had no counts, are left
#'   out as well.
#' @param embedding Optional numeric matrix, spots x dimensions, for the silhouette of `labels`.
#' @param graph Optional neighbours of the spots, a sparse symmetric matrix, spots x spots, such as `graph` of a fit:
#'   adds the agreement on boundary spots, those with a neighbour of another known label.
#' @param threads Number of threads for the silhouette, a whole number from 1. It does not change the result.
#' @param ... Not used; any other argument is an error.
#' @return Named numeric vector:
#'   * `ARI`, adjusted Rand index, at most 1, 0 expected by chance;
#'   * `NMI`, normalised mutual information, from 0 to 1;
#'   * `CA`, share of spots that agree after domains are matched to labels one to one (Hungarian method), from 0 to 1;
#'   * `macroF1`, mean F1 score over the labels after the same matching, from 0 to 1;
#'   * `silhouette`, mean silhouette width from -1 to 1, NA without `embedding`;
#'   * with `graph` also `boundaryARI` and `boundaryCA`, the first and the third of these on boundary spots alone, with
#'     domains matched to labels over all spots, and `boundarySpots`, their number; NA where there are none.
#' @section Errors:
#' Vectors of different length are an error of class `starscape_error_argument`.
#' @references
#' Hubert and Arabie (1985). Comparing partitions. Journal of Classification 2, 193-218.
#' @examples
#' clusterMetrics(c("a", "a", "a", "b", "b", "b", NA), c(2, 2, 2, 1, 1, 2, 2))
#'
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' clusterMetrics(slices$labels, findDomains(fit, k = 3)$domain, graph = fit$graph)
#' @export
clusterMetrics <- function(truth, labels, embedding = NULL, graph = NULL, threads = 2, ...) {
  needArguments()
  gateDots(...)
  names <- spotNames(plainTable(truth))
  if (is.null(names)) names <- spotNames(plainTable(labels))
  known <- NULL
  # Where the truth is refused, each is as long as it is.
  spots <- function(own) if (is.null(known)) own else length(known)
  checked <- gateTogether(
    truth = known <- gateLabels(perSpotVector(truth, NULL, "truth"), "truth"),
    labels = {
      labels <- perSpotVector(labels, names, "labels")
      gateLabels(labels, "labels", spots(length(labels)))
    },
    embedding = if (!is.null(embedding)) {
      embedding <- perSpotRows(embedding, names, "embedding")
      gateEmbedding(embedding, "embedding", spots(nrow(embedding)), missing = TRUE)
    },
    graph = gateGraph(perSpotPairs(graph, names, "graph"), spots(nrow(graph))),
    threads = threadCount(threads, "threads")
  )
  metricsOfKnown(checked)
}

# The measures, of the spots whose truth and label are known.
metricsOfKnown <- function(checked) {
  labels <- checked$labels
  embedding <- checked$embedding
  neighbours <- checked$graph
  found <- !is.na(labels) & !is.na(checked$truth)
  if (!any(found)) {
    stopArgument("truth", "and `labels` have no spot where both are known")
  }
  if (!is.null(embedding)) {
    gateEmbedding(embedding[found, , drop = FALSE], "embedding")
    # Spots without a label are not looked at.
    embedding[!found, ] <- 0
  }
  metrics <- unwrap(core_cluster_metrics(
    checked$truth, replace(labels, !found, NA), unname(embedding), neighbours, checked$threads
  ))
  c(
    ARI = metrics$ari, NMI = metrics$nmi, CA = metrics$accuracy, macroF1 = metrics$macro_f1,
    silhouette = metrics$silhouette,
    if (!is.null(neighbours)) {
      c(
        boundaryARI = metrics$boundary_ari, boundaryCA = metrics$boundary_accuracy,
        boundarySpots = metrics$boundary_spots
      )
    }
  )
}
