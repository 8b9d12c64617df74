#' @include gate.R
NULL

#' Draw p-values against fold changes
#'
#' One panel per domain: genes below the false discovery rate are coloured by their direction, and the clearest are
#' named.
#'
#' @param markers The result of [domainMarkers()].
#' @param domain Domains to draw; `NULL` for all.
#' @param fdr Largest false discovery rate of a coloured gene, from 0 to 1.
#' @param n Number of genes named in each panel, a whole number from 0.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object. P-values too small for the machine are drawn at 1e-300.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotMarkerDots()], [plotMarkerHeatmap()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' markers <- domainMarkers(slices$counts, slices$labels, correct = "none", spatial = FALSE)
#' plotMarkerVolcano(markers)
#' @export
plotMarkerVolcano <- function(markers, domain = NULL, fdr = 0.05, n = 5, ...) {
  needArguments()
  gateDots(...)
  markers <- volcanoPoints(gateMarkers(markers), domain, realNumber(0, 1)(fdr, "fdr"), wholeNumber(0, 1000)(n, "n"))
  colours <- c(higher = domainColours[[6]], lower = domainColours[[1]], "not clear" = "grey70")
  ggplot2::ggplot(markers, ggplot2::aes(.data$logFC, .data$height, colour = .data$side)) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey60", linewidth = 0.3) +
    ggplot2::geom_point(size = 0.8, stroke = 0, alpha = 0.7) +
    ggplot2::geom_text(
      ggplot2::aes(label = .data$gene), markers[markers$named, ], size = 2.6, vjust = -0.6, check_overlap = TRUE,
      show.legend = FALSE, fontface = "italic"
    ) +
    ggplot2::facet_wrap(ggplot2::vars(.data$panel), scales = "free_y") +
    ggplot2::scale_colour_manual(values = colours, breaks = names(colours), name = NULL) +
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(mult = 0.12)) +
    ggplot2::scale_y_continuous(expand = ggplot2::expansion(mult = c(0.02, 0.12))) +
    ggplot2::guides(colour = ggplot2::guide_legend(override.aes = list(size = 2.5, alpha = 1))) +
    ggplot2::labs(x = "log2 fold change", y = "-log10 p-value") +
    ggplot2::theme_minimal(base_size = 9) +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank(), strip.text = ggplot2::element_text(face = "bold"))
}

# The genes that were tested, with their height, side, panel, and whether they are named.
volcanoPoints <- function(markers, domain, fdr, n) {
  class(markers) <- "data.frame"
  if (!is.null(domain)) {
    domain <- gateNamed(domain, levels(markers$domain), "domain", "domains", of = "markers")
    markers <- markers[markers$domain %in% domain, ]
  }
  markers <- markers[!is.na(markers$p_value) & is.finite(markers$logFC), ]
  if (nrow(markers) == 0) stopArgument("markers", "has no gene that was tested")
  markers <- markers[order(markers$domain, markers$against, markers$p_value, -abs(markers$statistic)), ]
  markers$height <- -log10(pmax(markers$p_value, 1e-300))
  clear <- markers$fdr <= fdr
  markers$side <- ifelse(!clear, "not clear", ifelse(markers$auc > 0.5, "higher", "lower"))
  panel <- paste("domain", markers$domain)
  panel <- ifelse(markers$against == "rest", panel, paste(panel, "against", markers$against))
  markers$panel <- factor(panel, unique(panel))
  markers$named <- clear & stats::ave(seq_len(nrow(markers)), markers$panel, FUN = seq_along) <= n
  # Named and clear ones are drawn over the others.
  markers[order(clear, markers$named), ]
}
