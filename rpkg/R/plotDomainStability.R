#' Draw on the tissue where domains depend on the seed
#'
#' The scale has the same ends in every figure (for the entropy, every figure of as many domains), so that figures can
#' be compared. Spots whose domain depends on the seed are dark, those that every seed puts into the same domain are
#' bright; NA is grey.
#'
#' @param x The result of [stabilitySweep()].
#' @param value What to show, a column of `x$spots`: `"stability"`, `"support"`, `"consistency"` or `"entropy"`.
#' @param coords Coordinates (matrix or data frame, spots x 2 or 3, see [runStarscape()]).
#' @param slice Slice of each spot; each gets a panel of its own.
#' @param palette Colours of the scale, from 0 upwards; `NULL` for those of the package.
#' @param diameter,title,raster As in [plotDomains()].
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotSeedLandscape()], [plotCoassignment()]
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' sweep <- stabilitySweep(slices$counts, coords = slices$coords, k = 3, seeds = 1:3, latentDim = 10, epochs = 10)
#' plotDomainStability(sweep)
#' @export
plotDomainStability <- function(x, value = c("stability", "support", "consistency", "entropy"), coords = x$coords,
                                slice = x$slice, palette = NULL, diameter = 0.95, title = value,
                                raster = NULL, ...) {
  needArguments()
  gateDots(...)
  sweep <- gateSweep(x, "x")
  value <- oneOf(c("stability", "support", "consistency", "entropy"))(value, "value")
  # Cells that are on no image have no place.
  spots <- rownames(sweep$labels)
  placed <- seq_along(spots)
  if (missing(coords) && anyNA(sweep$coords)) {
    placed <- which(!is.na(sweep$coords[, 1]))
    coords <- sweep$coords[placed, , drop = FALSE]
    slice <- perSpotVector(slice, spots, "slice")[placed]
  }
  coords <- gateCoords(coords, spots[placed])
  shown <- sweep$spots[[value]][placed]
  # Groups without a domain are a label more.
  largest <- if (value == "entropy") log(max(nlevels(sweep$spots$consensus), 2) + 1) else 1
  # Entropy is large where the others are small: the unstable spots are dark in all of them.
  if (is.null(palette)) palette <- grDevices::hcl.colors(64, "viridis", rev = value == "entropy")
  plotDomains.default(
    coords, shown,
    slice = slice, palette = palette, limits = c(0, largest), diameter = diameter, title = title, raster = raster
  )
}
