#' Markers as a list of tables, one per domain
#'
#' The form of Bioconductor's marker functions: one table per domain, genes as row names, the best first. Its row names
#' are what other packages take as `features`.
#'
#' @param markers The result of [domainMarkers()].
#' @param n Number of genes of each domain to keep, a whole number from 1; `NULL` for all.
#' @param fdr Largest false discovery rate to keep, from 0 to 1.
#' @param direction `"up"` for genes that are higher in the domain, `"down"` for lower ones, `"any"` for both.
#' @param by Which genes come first: those of smallest p-value, or of largest area under the curve or absolute fold
#'   change (for `"down"`, of smallest area).
#' @param ... Not used; any other argument is an error.
#' @return A named list of data frames: one per domain or, for pairs, per comparison (`"a vs b"`), in the order of `by`;
#'   their columns are those of `markers` but for `gene`, which is the row name.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' markers <- domainMarkers(slices$counts, slices$labels, correct = "none", spatial = FALSE)
#' best <- markerList(markers, n = 4)
#' best[["1"]]
#' # Features of Seurat's DoHeatmap() or scater's plotHeatmap():
#' unlist(lapply(best, rownames), use.names = FALSE)
#' @export
markerList <- function(markers, n = NULL, fdr = 1, direction = c("up", "down", "any"),
                       by = c("p_value", "auc", "logFC"), ...) {
  needArguments()
  gateDots(...)
  markers <- gateMarkers(markers)
  if (!is.null(n)) n <- wholeNumber(1, largestInteger)(n, "n")
  fdr <- realNumber(0, 1)(fdr, "fdr")
  direction <- oneOf(c("up", "down", "any"))(direction, "direction")
  by <- oneOf(c("p_value", "auc", "logFC"))(by, "by")
  markers <- bestMarkers(markers, n, fdr, direction, by)
  name <- as.character(markers$domain)
  paired <- markers$against != "rest"
  name[paired] <- paste(name[paired], "vs", markers$against[paired])
  tables <- split(markers, factor(name, levels = unique(name)))
  lapply(tables, function(table) {
    rownames(table) <- table$gene
    table[setdiff(names(table), "gene")]
  })
}

# The first `n` genes of each comparison that are clear enough.
bestMarkers <- function(markers, n = NULL, fdr = 1, direction = "up", by = "p_value") {
  attr(markers, "split") <- NULL
  class(markers) <- "data.frame"
  # The AUC knows the side also where a fold change is 0.
  side <- sign(markers$auc - 0.5)
  wanted <- switch(direction, up = side > 0, down = side < 0, any = TRUE)
  markers <- markers[which(wanted & markers$fdr <= fdr), ]
  first <- switch(by, p_value = markers$p_value, auc = -abs(markers$auc - 0.5), logFC = -abs(markers$logFC))
  markers <- markers[order(markers$domain, markers$against, first, -abs(markers$statistic)), ]
  if (is.null(n)) {
    return(markers)
  }
  place <- stats::ave(seq_len(nrow(markers)), markers$domain, markers$against, FUN = seq_along)
  markers[place <= n, ]
}

# The result of domainMarkers(), or rows of it.
gateMarkers <- function(markers) {
  if (!is.data.frame(markers) || !any(names(markerColumns) %in% names(markers))) {
    stopArgument("markers", paste("must be the result of domainMarkers(), not", describe(markers)))
  }
  if (nrow(markers) == 0) stopArgument("markers", "has no rows", "Give the result of domainMarkers(), or rows of it.")
  gateWhole(markers, list(), "markers", "domainMarkers", function(fields) {
    !is.null(frame("rows", markerColumns)(markers)) && isWholeMarkers(markers)
  })
}

markerColumns <- list(
  gene = is.character, domain = is.factor, logFC = is.numeric, auc = is.numeric, pct_in = is.numeric,
  pct_out = is.numeric, statistic = is.numeric, p_value = is.numeric, fdr = is.numeric, against = is.character
)

# Each gene is in a comparison once, and shares are shares.
isWholeMarkers <- function(markers) {
  shares <- unlist(markers[c("auc", "pct_in", "pct_out", "p_value", "fdr")])
  !anyNA(markers$gene) && !anyNA(markers$domain) && !anyNA(markers$against) &&
    all(shares >= 0 & shares <= 1 + 1e-9, na.rm = TRUE) && anyDuplicated(names(markers)) == 0 &&
    anyDuplicated(as.data.frame(unclass(markers)[c("gene", "domain", "against")])) == 0
}
