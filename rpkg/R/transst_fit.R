# The result of runTransST() and what it can do.

newTransstFit <- function(result, target, known, parameters) {
  spots <- rownames(target$coords)
  features <- rownames(target$counts)[result$features + 1L]
  axes <- paste0("TST_", seq_len(parameters$nFactors))
  loadings <- function(values) matrix(values, ncol = length(axes), dimnames = list(features, axes))
  rows <- function(values, names) allSpots(values, target$used, spots, names)
  domains <- transstDomains(result$domains, target$used, spots)
  labelPosterior <- rows(result$labelPosterior, known$levels)
  domainLabel <- factor(c(NA, known$levels)[result$domains$label + 1L], levels = known$levels)
  names(domainLabel) <- colnames(domains$posterior)
  structure(
    c(
      domains,
      list(
        label = spotLabels(result$borrowed, domains, domainLabel, labelPosterior), labelPosterior = labelPosterior,
        labelScores = labelScores(domains$domain, labelPosterior), domainLabel = domainLabel,
        borrowed = result$borrowed, predictedShare = result$predictedShare, lambda = result$lambda,
        validation = data.frame(lambda = result$shares, error = result$errors),
        angles = acos(pmin(1, result$cosines)) * 180 / pi, factors = rows(result$factors, axes),
        loadings = loadings(result$loadings), sourceLoadings = loadings(result$sourceLoadings),
        targetOnly = c(transstDomains(result$targetOnly, target$used, spots), list(error = result$errors[[1]])),
        convergence = list(
          converged = result$domains$converged && result$sourceConverged, iterations = result$domains$iterations,
          sourceIterations = length(result$sourceLogLik), gradient = result$gradient,
          sourceLogLik = result$sourceLogLik, bound = result$domains$bound
        ),
        features = features, coords = target$coords, slice = target$slice,
        graph = neighbourMatrix(list(offsets = result$offsets, neighbours = result$neighbours), target$used, spots),
        params = parameters, problem = result[c("basis", "values", "anchor", "tiles")]
      )
    ),
    class = "transst_fit"
  )
}

transstDomains <- function(found, used, spots) {
  k <- ncol(found$posterior)
  posterior <- allSpots(found$posterior, used, spots, as.character(seq_len(k)))
  domain <- rep(NA_integer_, length(spots))
  domain[used] <- found$domain
  list(
    domain = factor(domain, levels = seq_len(k)), posterior = posterior, beta = found$beta, logLik = found$logLik,
    criteria = data.frame(k = found$k, logLik = found$logLiks, BIC = found$bic, MBIC = found$mbic, HBIC = found$hbic)
  )
}

# The label that informs the domain where labels are borrowed; otherwise the most probable one.
spotLabels <- function(borrowed, domains, domainLabel, posterior) {
  probable <- factor(colnames(posterior)[max.col(replace(posterior, is.na(posterior), 0), "first")], colnames(posterior))
  label <- if (borrowed) unname(domainLabel[domains$domain]) else probable
  # A domain of its own still resembles a label most.
  label[is.na(label)] <- probable[is.na(label)]
  label[is.na(domains$domain)] <- NA
  label
}

labelScores <- function(domain, posterior) {
  scores <- vapply(levels(domain), function(level) {
    colMeans(posterior[which(domain == level), , drop = FALSE])
  }, numeric(ncol(posterior)))
  t(scores)
}

#' Print a fit of TransST
#'
#' @param x A `transst_fit` from [runTransST()].
#' @param ... Not used.
#' @return Its argument, invisibly.
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 15, columns = 15, genes = 200, domains = 3)
#' target <- slices$slice == "slice1"
#' runTransST(
#'   slices$counts[, target], slices$counts[, !target], slices$labels[!target],
#'   coords = slices$coords[target, ], k = 3, nFactors = 5
#' )
#' @method print transst_fit
#' @export
print.transst_fit <- function(x, ...) {
  cat(sprintf(
    "TransST fit: %d spots, %d genes, %d factors, %d domains\n",
    nrow(x$factors), length(x$features), ncol(x$factors), nlevels(x$domain)
  ))
  cat(sprintf(
    "  source: predicts %.0f %% of the variation between domains; labels %s, share in the loadings %.2f\n",
    100 * max(x$predictedShare, 0), if (x$borrowed) "borrowed" else "not borrowed", x$lambda
  ))
  resembles <- colnames(x$labelScores)[max.col(replace(x$labelScores, is.na(x$labelScores), 0), "first")]
  cat(sprintf("  domains: %s\n", paste0(levels(x$domain), " (", resembles, ")", collapse = ", ")))
  if (!x$convergence$converged) cat("  not converged\n")
  invisible(x)
}

# What objects keep in their cell metadata.
transstColumns <- function(fit) {
  data.frame(
    domain = fit$domain, domain_confidence = apply(fit$posterior, 1, max), transst_label = fit$label,
    row.names = rownames(fit$factors)
  )
}
