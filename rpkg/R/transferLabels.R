#' Carry labels from the reference to moved slices
#'
#' Each spot of a moved slice gets the label that weighs most among the reference spots within 2.5 spacings of its new
#' place, where a reference spot weighs the more the more similar it is in the embedding. Compared with known labels by
#' [clusterMetrics()], the result tells how well slices were aligned.
#'
#' @param x A `slice_alignment`, or an object on which [alignSlices()] was run.
#' @param labels Labels: a vector or factor with one value per spot of all slices, of which only those of the reference
#'   are read, NA where unknown; for objects also the name of a column of the cell metadata.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param ... Not used; any other argument is an error.
#' @return Data frame with one row per spot of all slices: `label`, a factor, and `support`, the share of the weight
#'   that is for this label, above 0 and at most 1. Both are NA for spots of slices that were not moved and for those
#'   that lie outside the reference.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [alignSlices()]
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 20, columns = 20, genes = 100, domains = 3)
#' fit <- runStarscape(slices$counts, slices$coords, slice = slices$slice, latentDim = 10, epochs = 20)
#' alignment <- alignSlices(fit)
#' carried <- transferLabels(alignment, slices$labels)
#' clusterMetrics(slices$labels, carried$label)
#' @export
transferLabels <- function(x, labels, reduction = "starscape", ...) {
  needArguments()
  gateDots(...)
  alignment <- storedAlignment(x, reduction)
  spots <- rownames(alignment$coords)
  if (isObject(x)) labels <- givenColumn(labels, objectMetadata(x, spots), "labels")
  labels <- perSpotVector(labels, spots, "labels")
  gateLabels(labels, "labels", length(spots))
  labels <- if (is.factor(labels)) droplevels(labels) else factor(labels)
  known <- which(alignment$slice == alignment$reference & !is.na(labels))
  if (length(known) == 0) {
    stopArgument("labels", sprintf("is NA for all spots of the reference \"%s\"", alignment$reference))
  }
  indicator <- Matrix::sparseMatrix(
    known, as.integer(labels)[known], x = 1, dims = c(length(spots), nlevels(labels))
  )
  winners <- heaviest(alignment$partners %*% indicator)
  data.frame(
    label = factor(levels(labels)[winners$column], levels = levels(labels)), support = winners$share,
    row.names = spots
  )
}

# The column of greatest weight in each row, the first of equal ones, and its share of the row; NA for empty rows.
heaviest <- function(weights) {
  cells <- Matrix::summary(methods::as(weights, "CsparseMatrix"))
  cells <- cells[order(cells$i, -cells$x, cells$j), ]
  best <- cells[match(seq_len(nrow(weights)), cells$i), ]
  list(column = best$j, share = best$x / Matrix::rowSums(weights))
}
