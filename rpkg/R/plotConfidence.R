#' Draw how far confidence can be trusted
#'
#' Calibration of the `confidence` of domains: of the spots with a confidence between 0.8 and 0.9 some 85 percent should
#' keep their domain when the experiment is done again, or lie in the right one where the truth is known. Done again can
#' mean the other half of the counts (as in the example), the same spots measured twice, or other settings.
#'
#' @param x A data frame that [findDomains()] returned.
#' @param against Domains of the same spots to compare with: the result of [findDomains()] on a replicate, known labels
#'   (vector or factor), or a list of several of these. Spots that are NA in it are left out.
#' @param bins Number of intervals of the confidence, a whole number from 2 to 100.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object: for each interval of confidence that holds spots the share of them that keep their domain,
#'   over their mean confidence, with the diagonal of perfect calibration; the size of a point is the share of all
#'   spots. A spot keeps its domain if it lies in the group that most spots of its domain lie in; against known labels
#'   (plain vectors) this is to have the label that most spots of its domain have, and the axis says so. The subtitle
#'   has the expected calibration error, the mean distance from the diagonal over all spots. The element `data` of the
#'   plot holds the numbers: `confidence`, `kept` and `spots` (counted over all of `against`).
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Guo, Pleiss, Sun and Weinberger (2017). On calibration of modern neural networks. Proceedings of the 34th
#' International Conference on Machine Learning, 1321-1330. Reliability diagrams and the expected calibration error.
#' @seealso [findDomains()], [plotDomains()] with `confidence = TRUE`
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' whole <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' plotConfidence(findDomains(whole, k = 3), slices$labels)
#'
#' # Each count goes into one of two halves at random: what another experiment on the same tissue could have been.
#' half <- other <- slices$counts
#' half@x <- as.numeric(rbinom(length(half@x), half@x, 0.5))
#' other@x <- other@x - half@x
#' halves <- lapply(list(half, other), function(counts) {
#'   fit <- runStarscape(counts, coords = slices$coords, latentDim = 10, epochs = 30)
#'   findDomains(fit, k = 3)
#' })
#' plotConfidence(halves[[1]], halves[[2]])
#' @export
plotConfidence <- function(x, against, bins = 10, ...) {
  needArguments()
  gateDots(...)
  x <- gateConfidentDomains(x)
  bins <- gateFields(list(bins = bins), list(bins = wholeNumber(2, 100)))$bins
  several <- is.list(against) && !is.data.frame(against)
  if (!several) against <- list(against)
  # A replicate has its confidence beside its domains, known labels are plain.
  again <- all(vapply(against, function(own) "confidence" %in% names(plainTable(own)), NA))
  replicates <- lapply(against, function(own) {
    if (is.null(own)) stopArgument("against", "is or holds NULL", "Give domains of the same spots.")
    gateDomain(perSpot(own, rownames(x), "against"), nrow(x), "against")
  })
  if (length(replicates) == 0) stopArgument("against", "holds nothing to compare with")
  spots <- do.call(rbind, lapply(replicates, keptSpots, x))
  if (nrow(spots) == 0) stopArgument("against", "and `x` have no spot where both are known")
  table <- calibrationTable(spots, bins)
  error <- sum(table$spots * abs(table$kept - table$confidence)) / sum(table$spots)
  ggplot2::ggplot(table, ggplot2::aes(.data$confidence, .data$kept)) +
    ggplot2::geom_abline(linetype = "dashed", colour = missingColour) +
    ggplot2::geom_line(colour = domainColours[[1]], linewidth = 0.7) +
    ggplot2::geom_point(ggplot2::aes(size = .data$spots / sum(.data$spots)), colour = domainColours[[1]]) +
    # From a size that is seen on, as an interval of few spots is a point as well; the same in every figure.
    ggplot2::scale_size(
      name = "share of spots", range = c(1.2, 7), limits = c(0, 1), breaks = c(0.01, 0.1, 0.5, 1),
      labels = c("1%", "10%", "50%", "100%")
    ) +
    ggplot2::coord_fixed(xlim = c(0, 1), ylim = c(0, 1)) +
    ggplot2::labs(
      x = "confidence",
      y = if (again) "share of spots that keep their domain" else "share of spots that have the label of their domain",
      subtitle = sprintf("expected calibration error %.3f", error)
    ) +
    ggplot2::theme_minimal() +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank())
}

# Confidence of the spots known in both, and whether they lie where most of their domain lies in the replicate.
keptSpots <- function(replicate, domains) {
  known <- !is.na(replicate) & !is.na(domains$domain)
  own <- droplevels(domains$domain[known])
  other <- droplevels(replicate[known])
  most <- apply(table(own, other), 1, which.max)
  data.frame(confidence = domains$confidence[known], kept = as.integer(other) == most[as.integer(own)])
}

# Means of spots whose confidence lies in the same of so many intervals of equal length.
calibrationTable <- function(spots, bins) {
  bin <- pmin(floor(spots$confidence * bins), bins - 1)
  table <- stats::aggregate(spots, list(bin = bin), mean)
  table$spots <- as.vector(table(bin))
  table[c("confidence", "kept", "spots")]
}

# Domains with their confidence, as findDomains() gives them.
gateConfidentDomains <- function(x) {
  if (!is.data.frame(x) || !is.factor(x$domain) || !is.numeric(x$confidence)) {
    stopArgument("x", paste("must be a data frame of domains, not", describe(x)), "Give the result of findDomains().")
  }
  if (nrow(x) == 0) stopArgument("x", "has no spots")
  if (any(x$confidence < 0 | x$confidence > 1, na.rm = TRUE) || anyNA(x$confidence[!is.na(x$domain)])) {
    stopArgument("x", "has a confidence that is not from 0 to 1", "Give the result of findDomains().")
  }
  x
}
