#' @include gate.R
NULL

#' Draw markers of all domains as dots
#'
#' The first genes of every domain, in panels by the domain they mark, against all domains: the area of a dot is the
#' share of the domain's spots that have counts of the gene, its colour the log2 fold change.
#'
#' @param markers The result of [domainMarkers()].
#' @param n Number of genes of each domain, a whole number from 1: the first ones among those whose area under the curve
#'   is largest in this domain.
#' @param by Which genes come first: those of largest area under the curve, of smallest p-value, or of largest fold
#'   change. P-values that account for neighbouring spots can put a rare gene with a sharp border before an abundant one
#'   that fades out.
#' @param features Names of the genes to draw instead, in this order.
#' @param limit Largest absolute log2 fold change of the colour scale, positive; larger ones are drawn like it. `NULL`
#'   for the largest there is.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotMarkerHeatmap()], [plotMarkerVolcano()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' markers <- domainMarkers(slices$counts, slices$labels, correct = "none", spatial = FALSE)
#' plotMarkerDots(markers)
#' @export
plotMarkerDots <- function(markers, n = 5, features = NULL, limit = NULL, by = c("auc", "p_value", "logFC"), ...) {
  needArguments()
  gateDots(...)
  shown <- shownMarkers(gateMarkers(markers), n, features, by)
  ggplot2::ggplot(shown, ggplot2::aes(.data$gene, .data$domain)) +
    ggplot2::geom_point(ggplot2::aes(size = .data$pct_in, fill = .data$logFC), shape = 21, stroke = 0.2) +
    ggplot2::scale_size_area(
      max_size = 5, limits = c(0, 1), breaks = c(0.25, 0.5, 0.75, 1), labels = c("25 %", "50 %", "75 %", "100 %")
    ) +
    divergingScale(shown$logFC, limit, "log2 fold\nchange") +
    markerPanels(shown) +
    ggplot2::scale_y_discrete(limits = rev(levels(shown$domain))) +
    ggplot2::labs(x = NULL, y = "domain", size = "spots with\ncounts") +
    ggplot2::theme_minimal(base_size = 9) +
    ggplot2::theme(
      axis.text.x = ggplot2::element_text(angle = 90, hjust = 1, vjust = 0.5, face = "italic"),
      panel.spacing = ggplot2::unit(4, "pt"), strip.text = ggplot2::element_text(face = "bold"),
      panel.grid.minor = ggplot2::element_blank()
    )
}

# The rows of the wanted genes in all domains, with the domain that each gene was chosen for as `of`.
shownMarkers <- function(markers, n, features, by) {
  class(markers) <- "data.frame"
  # Of all pairs there is no one row a domain.
  if (anyDuplicated(markers[c("gene", "domain")]) > 0) {
    stopArgument("markers", "has pairs of domains", "Give markers with compare = \"rest\", or of two groups.")
  }
  n <- wholeNumber(1, 1000)(n, "n")
  by <- oneOf(c("auc", "p_value", "logFC"))(by, "by")
  if (is.null(features)) {
    # A gene marks the domain where its AUC is largest.
    own <- markers[order(-markers$auc), ]
    best <- bestMarkers(own[!duplicated(own$gene), ], n, by = by)
    chosen <- stats::setNames(as.character(best$domain), best$gene)
  } else {
    if (is.factor(features)) features <- as.character(features)
    genes <- unique(markers$gene)
    features <- genes[gateGenes(features, NULL, genes, "markers") + 1L]
    chosen <- stats::setNames(rep("", length(features)), features)
  }
  if (length(chosen) == 0) stopArgument("markers", "has no gene that is higher in a domain")
  shown <- markers[markers$gene %in% names(chosen), ]
  shown$of <- factor(chosen[shown$gene], c("", levels(shown$domain)))
  shown$gene <- factor(shown$gene, names(chosen))
  droplevels(shown, except = which(names(shown) == "domain"))
}

# One panel for each domain's genes.
markerPanels <- function(shown, down = FALSE) {
  if (nlevels(shown$of) < 2) {
    return(NULL)
  }
  if (down) {
    ggplot2::facet_grid(rows = ggplot2::vars(.data$of), scales = "free_y", space = "free_y")
  } else {
    ggplot2::facet_grid(cols = ggplot2::vars(.data$of), scales = "free_x", space = "free_x")
  }
}

# Blue for lower, red for higher, told apart by colour-blind readers; white in the middle.
divergingScale <- function(values, limit, title, middle = 0) {
  largest <- max(abs(values - middle)[is.finite(values)], 1e-6)
  limit <- if (is.null(limit)) largest else realNumber(0, positive = TRUE)(limit, "limit")
  ggplot2::scale_fill_gradientn(
    colours = grDevices::hcl.colors(65, "Blue-Red 3"), limits = middle + c(-limit, limit), na.value = missingColour,
    oob = function(values, range) pmin(pmax(values, range[[1]]), range[[2]]), name = title
  )
}
