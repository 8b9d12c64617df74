#' Find tissue domains
#'
#' Divides the spots into `k` domains by their embedding. The mixture model starts from the consensus of the
#' best-likelihood partitions of several views of the deterministic prior, not from random centres. Where the
#' partition of one view explains the prior decisively better (a log Bayes factor above 10, neighbouring spots counted
#' as the fewer independent ones they are worth), it starts from that one.
#'
#' Domains differ in how much they vary, and few spots tell little of a covariance. So each domain has a covariance of
#' its own, drawn towards the one of all domains, which counts as 60 further spots a dimension; and that one is drawn
#' towards a sphere, the mean variance of all spots shared out among the domains, which counts as 20 (as 3 while the
#' views' partitions are searched for and `k` is chosen, so that small domains are seen). The partitions of the views,
#' the choice of `k` and `"hmrf"` use the common covariance alone. The domains of the prior, fitted in this
#' way, are where those of the embedding begin, so that embeddings of different seeds end at the same maximum.
#'
#' @param x A `starscape_fit`, an embedding (numeric matrix, spots x dimensions), an object on which
#'   [runStarscape()] was run, or the list of objects it gave: these get joint domains.
#' @param k Number of domains, a whole number from 2 to the number of spots. `NULL` chooses it within `kRange`, and a
#'   message tells the choice.
#' @param method `"gmm"` for the Gaussian mixture, `"kmeans"`, or `"hmrf"` for a mixture with one covariance refined by
#'   a Potts hidden Markov random field on the graph of neighbours.
#' @param kRange Smallest and largest `k` to try.
#' @param seed Whole number from 0 to 2147483647 for the subsamples behind `stability` in the choice of `k`. The domains
#'   themselves do not depend on it.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param ... For objects and lists: the arguments of the method for fits.
#' @return For a fit or a matrix, a data frame with one row per spot: `domain`, a factor whose levels `"1"`, `"2"`, ...
#'   are ordered by size (there are fewer than `k` when the data do not support so many), and `confidence` from 0 to 1:
#'   the probability of that domain, or with `"kmeans"` one minus the ratio of the distances to the nearest and the
#'   second nearest centre. Spots without counts are NA.
#'
#'   If `k` was chosen, the attribute `choice` is a data frame with one row per number tried: `k`, `logLik`, the
#'   criteria `aic3`, `bic` and `icl` (larger is better; the largest `aic3` wins), all with the spots counted as the
#'   smaller number of independent spots they are worth, and `stability`, the mean adjusted Rand index between the
#'   domains and those found again on subsamples. The choice is a guide: in simulations it was the true number in a
#'   third of the sections and within one of it in just over half. The attribute `settings` says how the domains were
#'   found.
#'
#'   For other objects, the object with `domain` and `domain_confidence` in the cell metadata, and the settings and the
#'   choice as element `domains` of the stored fit.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Scrucca, Fop, Murphy and Raftery (2016). mclust 5: clustering, classification and density estimation using Gaussian
#' finite mixture models. The R Journal 8, 289-317. The common covariance is its model EEE.
#'
#' Friedman (1989). Regularized discriminant analysis. Journal of the American Statistical Association 84, 165-175.
#'
#' Fraley and Raftery (2007). Bayesian regularization for normal mixture estimation and model-based clustering. Journal
#' of Classification 24, 155-181. The prior of the covariance.
#'
#' Hornik (2005). A CLUE for CLUster Ensembles. Journal of Statistical Software 14(12). The consensus of partitions.
#'
#' Kass and Raftery (1995). Bayes factors. Journal of the American Statistical Association 90, 773-795.
#' @seealso [plotDomains()], [clusterMetrics()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' domains <- findDomains(fit, k = 3)
#' table(domains$domain, slices$labels)
#' @export
findDomains <- function(x, ...) {
  UseMethod("findDomains")
}

#' @rdname findDomains
#' @export
findDomains.starscape_fit <- function(x, k = NULL, method = c("gmm", "kmeans", "hmrf"), kRange = c(2, 15), seed = 1,
                                      threads = 2, verbose = rlang::is_interactive(),
                                      space = c("embedding", "prior"), ...) {
  gateDots(...)
  space <- gateFields(list(space = space), list(space = oneOf(c("embedding", "prior"))))$space
  used <- usedSpots(x)
  found <- findDomains.default(
    x[[space]][used, , drop = FALSE],
    k = k, method = method, kRange = kRange, seed = seed, threads = threads, verbose = verbose,
    graph = x$graph[used, used], prior = cbind(x$prior, x$priorExtra)[used, , drop = FALSE]
  )
  rows <- match(seq_along(used), which(used))
  domains <- data.frame(
    domain = found$domain[rows], confidence = found$confidence[rows], row.names = rownames(x$embedding)
  )
  attr(domains, "choice") <- attr(found, "choice")
  attr(domains, "settings") <- replace(attr(found, "settings"), "space", space)
  domains
}

#' @rdname findDomains
#' @param space For fits, what is divided into domains: the embedding or the deterministic prior it was trained from.
#'   The difference between the two results is what the network adds.
#' @param graph Neighbours of the spots, a sparse symmetric matrix, spots x spots; needed by `"hmrf"`.
#' @param prior Numeric matrix, spots x components by falling importance, from whose partition the search starts; `NULL`
#'   starts from the best-likelihood partition of the embedding itself. Four views of it are divided (the first as many
#'   components as the embedding has dimensions, and all of them, each as it is and averaged over neighbours twice
#'   more), and the search starts from their consensus or from a decisively better one.
#' @export
findDomains.default <- function(x, k = NULL, method = c("gmm", "kmeans", "hmrf"), kRange = c(2, 15), seed = 1,
                                threads = 2, verbose = rlang::is_interactive(), graph = NULL, prior = NULL, ...) {
  gateDots(...)
  embedding <- gateEmbedding(x, "x")
  settings <- gateFields(list(method = method, seed = seed, threads = threads, verbose = verbose), domainChecks)
  spots <- nrow(embedding)
  k <- gateK(k, spots)
  kRange <- if (is.null(k)) gateKRange(kRange, spots)
  neighbours <- gateGraph(graph, spots)
  if (settings$method == "hmrf" && is.null(neighbours)) {
    stopArgument("graph", "is missing, and method \"hmrf\" needs it", "Give the `graph` of a fit.")
  }
  if (!is.null(prior)) prior <- gateEmbedding(prior, "prior", spots)
  parameters <- c(list(k = k, kRange = kRange), settings[c("method", "seed", "threads")])
  found <- unwrap(core_find_domains(embedding, prior, neighbours, parameters, progressBar(settings$verbose)))
  domains <- domainFrame(found, rownames(embedding), chosen = is.null(k))
  # How to find them again.
  attr(domains, "settings") <- c(list(k = k), settings[c("method", "seed")], list(space = "embedding"))
  domains
}

domainChecks <- list(
  method = oneOf(c("gmm", "kmeans", "hmrf")), seed = seedNumber,
  threads = threadCount, verbose = yesOrNo
)

domainFrame <- function(found, spots, chosen) {
  domains <- data.frame(domain = factor(found$domain, levels = seq_len(found$k)), confidence = found$confidence)
  if (!is.null(spots)) rownames(domains) <- spots
  if (chosen) {
    chosen <- found$choice$chosen
    empty <- if (found$k < chosen) paste0("; ", found$k, " of them hold spots")
    tell("Chose k = ", chosen, " domains", empty, ".")
    attr(domains, "choice") <- as.data.frame(found$choice[names(found$choice) != "chosen"])
  }
  domains
}

# What an object keeps of the domains beside the labels.
domainRecord <- function(domains) {
  list(choice = attr(domains, "choice"), k = nlevels(domains$domain), settings = attr(domains, "settings"))
}
