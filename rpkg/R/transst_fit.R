# The result of runTransST() and what it can do.

#' @include whole.R gate.R
NULL

newTransstFit <- function(result, target, known, parameters, composition) {
  spots <- rownames(target$coords)
  features <- rownames(target$counts)[result$features + 1L]
  axes <- paste0("TST_", seq_len(parameters$nFactors))
  loadings <- function(values) matrix(values, ncol = length(axes), dimnames = list(features, axes))
  neighbours <- list(offsets = result$offsets, neighbours = result$neighbours)
  found <- labelledDomains(result, target, known)
  found$targetOnly$error <- result$errors[[1]]
  tellSmall(found$domain)
  if (!is.null(composition) && !result$borrowed) found$label <- compositionLabels(composition)
  found$convergence <- c(found$convergence, list(
    sourceIterations = length(result$sourceLogLik), sourceLogLik = result$sourceLogLik, gradient = result$gradient
  ))
  found$convergence$converged <- found$convergence$converged && result$sourceConverged
  structure(
    c(found, list(
      lambda = result$lambda, validation = data.frame(lambda = result$shares, error = result$errors),
      angles = acos(pmin(1, result$cosines)) * 180 / pi, factors = allSpots(result$factors, target$used, spots, axes),
      loadings = loadings(result$loadings), sourceLoadings = loadings(result$sourceLoadings), features = features,
      coords = target$coords, slice = target$slice, graph = neighbourMatrix(neighbours, target$used, spots),
      params = parameters, composition = composition, problem = result[c("basis", "values", "anchor", "tiles")]
    )),
    class = "transst_fit"
  )
}

# What every result has; one in an embedding has no loadings and nothing to bootstrap them by.
transstShapes <- list(
  domain = series("spots", is.factor), posterior = numbers("spots", "domains"), label = series("spots", is.factor),
  labelPosterior = numbers("spots", "labels"), labelScores = numbers("domains", "labels"),
  domainLabel = series("domains", is.factor), borrowed = single(isFlag), predictedShare = single(isNumberOrNA),
  lambda = single(isNumberOrNA), convergence = fieldsOf(list(converged = single(isFlag))),
  factors = numbers("spots", "axes"), loadings = orNone(numbers("genes", "axes")),
  sourceLoadings = orNone(numbers("genes", "axes")), features = series("genes", is.character),
  coords = numbers("spots", "places"), slice = orNone(series("spots", is.factor)), graph = pairTable("spots"),
  params = single(is.list), composition = orNone(fieldsOf(list(
    proportions = numbers("spots", "types"), errors = numbers("spots", "types"), other = series("spots"),
    known = frame("known", list(estimate = is.numeric, error = is.numeric, truth = is.numeric)),
    evidence = frame("parts", list(used = is.logical, source = is.numeric, own = is.numeric))
  ))), problem = orNone(fieldsOf(list(
    basis = numbers("genes", "components"), values = numbers("used", "components"),
    anchor = numbers("components", "axes"), tiles = series("used")
  )))
)

isWholeTransst <- function(fit) {
  spots <- rownames(fit$factors)
  used <- !is.na(fit$factors[, 1])
  problem <- fit$problem
  known <- c(fit$loadings, fit$sourceLoadings, problem$basis, problem$values, problem$anchor, problem$tiles)
  !is.null(spots) && identical(rownames(fit$coords), spots) && all(is.finite(fit$factors[used, ])) &&
    nlevels(fit$domain) == ncol(fit$posterior) && identical(is.null(fit$loadings), is.null(problem)) &&
    identical(is.null(fit$loadings), is.null(fit$sourceLoadings)) && all(is.finite(known)) &&
    (is.null(problem) || length(problem$tiles) == sum(used) && identical(rownames(fit$loadings), fit$features))
}

# Domains of few spots are told: of as few another draw of the tissue finds others.
tellSmall <- function(domain) {
  sizes <- table(domain)
  small <- sizes > 0 & sizes < smallDomain * sum(sizes)
  if (any(small)) {
    tell(
      "Domains of few spots: ", paste0(names(sizes)[small], " (", sizes[small], ")", collapse = ", "),
      ". They may be outliers; ask for fewer domains with `k`."
    )
  }
}

smallDomain <- 0.03

# Domains in an embedding of target and source, which has no loadings.
newEmbeddedFit <- function(result, embedded, target, known, parameters) {
  spots <- rownames(target$coords)
  axes <- paste0("TST_", seq_len(ncol(embedded$target)))
  structure(
    c(labelledDomains(result, target, known), list(
      lambda = NA_real_, factors = allSpots(embedded$target, target$used, spots, axes), features = character(),
      coords = target$coords, slice = target$slice, graph = neighbourMatrix(embedded$neighbours, target$used, spots),
      params = parameters
    )),
    class = "transst_fit"
  )
}

# Domains, the source's labels and how the search went.
labelledDomains <- function(result, target, known) {
  spots <- rownames(target$coords)
  domains <- transstDomains(result$domains, target$used, spots)
  empty <- sum(table(domains$domain) == 0)
  if (empty > 0) tell(empty, " domains have no spots: there is not enough to tell ", nlevels(domains$domain), " apart.")
  tellSingular(result, known)
  labelPosterior <- allSpots(result$labelPosterior, target$used, spots, known$levels)
  domainLabel <- factor(c(NA, known$levels)[result$domains$label + 1L], levels = known$levels)
  names(domainLabel) <- colnames(domains$posterior)
  c(domains, list(
    label = spotLabels(result$borrowed, domains, domainLabel, labelPosterior), labelPosterior = labelPosterior,
    labelScores = labelScores(domains$domain, labelPosterior), domainLabel = domainLabel, borrowed = result$borrowed,
    predictedShare = if (is.finite(result$predictedShare)) result$predictedShare else NA_real_,
    targetOnly = transstDomains(result$targetOnly, target$used, spots),
    convergence = list(
      converged = result$domains$converged, iterations = result$domains$iterations, bound = result$domains$bound
    )
  ))
}

# Covariances without an inverse, which the model regularises.
tellSingular <- function(result, known) {
  # Of labels of one or two cells it was told with the source.
  singular <- result$singularLabels + 1L
  labels <- known$levels[singular[tabulate(known$label, length(known$levels))[singular] > fewCells]]
  if (length(labels) > 0) {
    tell(
      "Too few different cells for a covariance of the factors within the labels ", quoted(labels), ". These ",
      "covariances are regularised by the uncertainty of the cells' factors."
    )
  }
  if (result$singularTarget) {
    tell("Too few different spots for a covariance of the factors. It is regularised by a multiple of the identity.")
  }
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

# The label that informs the domain where labels are borrowed. Where they are not, the most probable label is that of a
# source which does not tell what the spots are.
spotLabels <- function(borrowed, domains, domainLabel, posterior) {
  empty <- is.na(domains$domain)
  if (!borrowed) {
    return(factor(ifelse(empty, NA, "unknown"), levels = union(colnames(posterior), "unknown")))
  }
  most <- max.col(replace(posterior, is.na(posterior), 0), "first")
  probable <- factor(colnames(posterior)[most], colnames(posterior))
  label <- unname(domainLabel[domains$domain])
  # A domain of its own still resembles a label most.
  label[is.na(label)] <- probable[is.na(label)]
  label[empty] <- NA
  label
}

labelScores <- function(domain, posterior) {
  scores <- vapply(levels(domain), function(level) {
    colMeans(posterior[which(domain == level), , drop = FALSE])
  }, numeric(ncol(posterior)))
  # An empty domain has no mean.
  t(orNA(scores))
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
  x <- storedTransst(x)
  axes <- if (is.null(x$loadings)) "dimensions" else sprintf("factors of %d genes", length(x$features))
  cat(sprintf(
    "TransST fit: %d spots, %d %s, %d domains\n", nrow(x$factors), ncol(x$factors), axes, nlevels(x$domain)
  ))
  share <- if (is.na(x$predictedShare)) "nothing" else sprintf("%.0f %%", 100 * max(x$predictedShare, 0))
  cat(sprintf(
    "  source: predicts %s of the variation between domains; labels %s%s\n", share,
    if (x$borrowed) "borrowed" else "not borrowed",
    if (is.na(x$lambda)) "" else sprintf(", share in the loadings %.2f", x$lambda)
  ))
  if (!is.null(x$composition)) cat(compositionLine(x$composition))
  cat(sprintf("  domains: %s\n", paste0(levels(x$domain), resembledLabels(x), collapse = ", ")))
  if (!x$convergence$converged) cat("  not converged\n")
  invisible(x)
}

# The label that each domain is most like, unless the source tells the label of no spot.
resembledLabels <- function(fit) {
  if (all(fit$label %in% c("unknown", NA))) {
    return("")
  }
  scores <- replace(fit$labelScores, is.na(fit$labelScores), 0)
  paste0(" (", colnames(scores)[max.col(scores, "first")], ")")
}

compositionLine <- function(composition) {
  evidence <- composition$evidence
  if (!any(evidence$used)) {
    return("  proportions: the source does not tell what spots hold; all are \"other\"\n")
  }
  sprintf(
    "  proportions: %d types, other %.0f %%; the source predicts %s of what the spots' own groups do\n",
    ncol(composition$proportions), 100 * mean(composition$other, na.rm = TRUE),
    paste(sprintf("%.2f", evidence$source / evidence$own), collapse = ", ")
  )
}

# What objects keep in their cell metadata.
transstColumns <- function(fit) {
  data.frame(
    domain = fit$domain, domain_confidence = apply(fit$posterior, 1, max), transst_label = fit$label,
    row.names = rownames(fit$factors)
  )
}

# The factors of a fit of runTransST(), or of that which an object has.
gateTransst <- function(x, ...) {
  fit <- storedTransst(x, ...)
  if (is.null(fit$loadings)) {
    stopArgument("x", "was fitted with embedding \"starscape\", which has no loadings", "Use embedding = \"factors\".")
  }
  fit
}

storedTransst <- function(x, hint = "Run runTransST() first.") {
  fit <- objectResult(x, "transst")
  if (!inherits(fit, "transst_fit")) stopArgument("x", "is not a fit of runTransST() and has none", hint)
  gateWhole(fit, transstShapes, "x", "runTransST", isWholeTransst)
}
