#' Draw the loadings of factors
#'
#' @param x A `transst_fit`, or an object on which [runTransST()] was run.
#' @param factors Numbers of the factors to draw; `NULL` for the first six.
#' @param top Number of genes of each factor, those of largest loading, from 1.
#' @param draws Draws of the bootstrap behind the intervals, see [factorMarkers()]: 2 or more, or 0 for none.
#' @param seed Whole number from which the draws are made.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object: a panel for each factor with the loadings of its genes, 95 % intervals, and the source's
#'   loadings as open points.
#' @section Errors:
#' Unknown factors and objects without a fit are errors of class `starscape_error_argument`.
#' @seealso [factorMarkers()] for the numbers.
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 20, columns = 20, genes = 200, domains = 3)
#' target <- slices$slice == "slice1"
#' fit <- runTransST(
#'   slices$counts[, target], slices$counts[, !target], slices$labels[!target],
#'   coords = slices$coords[target, ], k = 3, nFactors = 4
#' )
#' plotLoadings(fit, draws = 50)
#' @export
plotLoadings <- function(x, factors = NULL, top = 10, draws = 100, seed = 1, ...) {
  needArguments()
  gateDots(...)
  fit <- gateTransst(x)
  top <- wholeNumber(1, largestInteger)(top, "top")
  draws <- gateOptionalDraws(draws)
  axes <- colnames(fit$loadings)
  factors <- gateFactorNumbers(factors, length(axes))
  table <- if (draws == 0) {
    factorTable(fit, list(standardErrors = NA_real_ * fit$loadings, signStability = NA_real_ * fit$loadings))
  } else {
    factorMarkers.default(fit, draws = draws, seed = seed, verbose = FALSE)
  }
  table <- table[table$factor %in% axes[factors], ]
  chosen <- do.call(rbind, lapply(split(table, droplevels(table$factor)), function(part) {
    utils::head(part[order(-abs(part$loading)), ], top)
  }))
  # Genes are ordered within their factor, so that each panel has its own order.
  chosen$place <- stats::reorder(paste(chosen$factor, chosen$gene, sep = "\r"), chosen$loading)
  loadingPanels(chosen)
}

loadingPanels <- function(chosen) {
  kinds <- c("target", "source")
  ggplot2::ggplot(chosen, ggplot2::aes(y = .data$place)) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey60") +
    ggplot2::geom_linerange(
      ggplot2::aes(xmin = .data$lower, xmax = .data$upper), colour = domainColours[[1]], na.rm = TRUE
    ) +
    ggplot2::geom_point(ggplot2::aes(.data$source_loading, shape = "source"), colour = domainColours[[6]]) +
    ggplot2::geom_point(ggplot2::aes(.data$loading, shape = "target"), colour = domainColours[[1]]) +
    ggplot2::facet_wrap(ggplot2::vars(.data$factor), scales = "free_y") +
    ggplot2::scale_shape_manual(values = c(target = 16, source = 1), breaks = kinds, name = NULL) +
    ggplot2::guides(shape = ggplot2::guide_legend(override.aes = list(colour = domainColours[c(1, 6)]))) +
    ggplot2::scale_y_discrete(labels = function(place) sub("^[^\r]*\r", "", place)) +
    ggplot2::labs(x = "loading", y = NULL) +
    ggplot2::theme_minimal() +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank(), legend.position = "bottom")
}

# Factors to draw, by default the first six.
gateFactorNumbers <- function(factors, count) {
  if (is.null(factors)) {
    return(seq_len(min(6, count)))
  }
  if (!is.numeric(factors) || length(factors) == 0 || anyNA(factors) || any(!factors %in% seq_len(count))) {
    stopArgument("factors", sprintf("must be numbers of factors from 1 to %d, not %s", count, describe(factors)))
  }
  unique(factors)
}

# Draws of the bootstrap behind intervals that can be left out.
gateOptionalDraws <- function(draws) {
  draws <- wholeNumber(0, 1e6)(draws, "draws")
  if (draws == 1) stopArgument("draws", "is 1, and one draw has no spread", "Give 0 for no intervals, or 2 or more.")
  draws
}
