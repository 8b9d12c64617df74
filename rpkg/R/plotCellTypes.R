#' Draw proportions of types on the tissue
#'
#' A panel for each type, all on one scale from 0.
#'
#' @param x A `transst_fit` from [runTransST()] with proportions, or an object that has one.
#' @param types Names of the types to draw, or `"other"`; `NULL` for the nine most frequent ones.
#' @param palette,diameter,title,raster As in [plotDomains()].
#' @param limits Ends of the scale; `NULL` for 0 and the largest proportion that is drawn.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [cellTypeProportions()]
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 15, columns = 15, genes = 200, domains = 3)
#' target <- slices$slice == "slice1"
#' fit <- runTransST(
#'   slices$counts[, target], slices$counts[, !target], slices$labels[!target],
#'   coords = slices$coords[target, ], k = 3, nFactors = 5
#' )
#' plotCellTypes(fit)
#' @export
plotCellTypes <- function(x, types = NULL, palette = NULL, diameter = 0.95, title = "proportion", limits = NULL,
                          raster = NULL, ...) {
  needArguments()
  gateDots(...)
  fit <- storedTransst(x)
  composition <- storedComposition(fit)
  shares <- cbind(composition$proportions, other = composition$other)
  if (is.null(types)) {
    mean <- colMeans(shares, na.rm = TRUE)
    types <- utils::head(names(mean)[order(-mean)], drawnTypes)
  }
  if (!is.character(types) || length(types) == 0 || anyNA(types)) {
    stopArgument("types", paste("must be names of types, not", describe(types)))
  }
  for (type in types) gateKnown(type, colnames(shares), "types", "types of the source")
  shares <- shares[, unique(types), drop = FALSE]
  if (is.null(limits)) limits <- c(0, max(shares, 1e-3, na.rm = TRUE))
  panels <- matrix(t(shares), ncol(shares), dimnames = list(colnames(shares), NULL))
  coords <- if (isObject(x)) currentPlaces(x, fit) else fit$coords
  plotDomains.default(
    unname(coords),
    features = panels, slice = unname(fit$slice),
    palette = palette, limits = limits, diameter = diameter, title = title, raster = raster
  )
}

# Panels that can still be read.
drawnTypes <- 9
