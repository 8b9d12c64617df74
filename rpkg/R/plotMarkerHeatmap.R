#' @include gate.R
NULL

#' Draw markers of all domains as a heatmap
#'
#' The first genes of every domain, in rows by the domain they mark, against all domains.
#'
#' @inheritParams plotMarkerDots
#' @param value What is drawn: the log2 fold change, or the area under the curve, which is 0.5 for a gene that does not
#'   differ.
#' @param limit Largest distance from 0, or from 0.5 for the area under the curve, of the colour scale, positive; larger
#'   ones are drawn like it. `NULL` for the largest there is.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotMarkerDots()], [plotMarkerVolcano()]. For a heatmap of single spots give [markerList()]'s row names to
#'   `Seurat::DoHeatmap()`.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' markers <- domainMarkers(slices$counts, slices$labels, correct = "none", spatial = FALSE)
#' plotMarkerHeatmap(markers, value = "auc")
#' @export
plotMarkerHeatmap <- function(markers, n = 5, features = NULL, value = c("logFC", "auc"), limit = NULL,
                              by = c("auc", "p_value", "logFC"), ...) {
  needArguments()
  gateDots(...)
  value <- oneOf(c("logFC", "auc"))(value, "value")
  shown <- shownMarkers(gateMarkers(markers), n, features, by)
  shown$value <- shown[[value]]
  scale <- switch(value,
    logFC = divergingScale(shown$value, limit, "log2 fold\nchange"),
    auc = divergingScale(shown$value, limit, "AUC", middle = 0.5)
  )
  ggplot2::ggplot(shown, ggplot2::aes(.data$domain, .data$gene, fill = .data$value)) +
    ggplot2::geom_tile(colour = "white", linewidth = 0.3) +
    scale +
    markerPanels(shown, down = TRUE) +
    # The clearest gene of a domain comes first.
    ggplot2::scale_y_discrete(limits = rev) +
    ggplot2::scale_x_discrete(drop = FALSE, expand = c(0, 0)) +
    ggplot2::labs(x = "domain", y = NULL) +
    ggplot2::theme_minimal(base_size = 9) +
    ggplot2::theme(
      axis.text.y = ggplot2::element_text(face = "italic"), panel.grid = ggplot2::element_blank(),
      panel.spacing = ggplot2::unit(3, "pt"), strip.text.y = ggplot2::element_text(angle = 0, face = "bold")
    )
}
