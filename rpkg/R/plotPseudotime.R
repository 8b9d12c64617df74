#' Draw pseudotime on the tissue
#'
#' Every spot is drawn as by [plotDomains()], on a scale from 0 at the root to 1; NA is grey.
#'
#' @param x The result of [domainPseudotime()], or an object that holds it.
#' @param coords Coordinates (matrix or data frame, spots x 2 or 3, see [runStarscape()]).
#' @param slice Slice of each spot; each gets a panel of its own.
#' @param palette Colours of the scale, from 0 upwards; `NULL` for those of the package.
#' @param diameter,title,raster As in [plotDomains()].
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotDomainConnectivity()]
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 10)
#' plotPseudotime(domainPseudotime(fit, root = rownames(fit$embedding)[[1]]))
#' @export
plotPseudotime <- function(x, coords = NULL, slice = NULL, palette = NULL, diameter = 0.95, title = "pseudotime",
                           reduction = "starscape", raster = NULL, ...) {
  needArguments()
  gateDots(...)
  found <- storedPseudotime(x, reduction)
  if (is.null(coords)) coords <- found$coords
  if (is.null(slice)) slice <- found$slice
  spots <- names(found$pseudotime)
  coords <- gateCoords(coords, if (is.null(spots)) as.character(seq_along(found$pseudotime)) else spots)
  plotDomains.default(
    coords, unname(found$pseudotime),
    slice = slice, palette = palette, limits = c(0, 1), diameter = diameter, title = title, raster = raster
  )
}
