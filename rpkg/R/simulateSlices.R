#' Simulate tissue slices
#'
#' Draws counts for spots on a hexagonal array, with domains laid out in layers or by a Potts model, and gene means and
#' dispersions as in real sections. Use it for examples, tests and power studies.
#'
#' @param slices Number of slices, a whole number from 1.
#' @param rows,columns Size of each array, whole numbers from 2.
#' @param genes Number of genes, a whole number from 2.
#' @param domains Number of domains, a whole number from 1; at least four spots must be left to each.
#' @param layout `"layered"` for parallel layers as in cortex, `"potts"` for patches.
#' @param batch Standard deviation of the shift of half the genes' log means in every slice but the first, 0 or more.
#' @param seed Whole number from 0 to 2147483647 from which all random numbers are drawn.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @return A `starscape_simulation`: a list with `counts`, a sparse matrix, genes x spots over all slices; `coords`,
#'   spots x 2 array positions (x is the array's column, y its row, both from each slice's own origin); `labels`, the
#'   true domain of each spot (factor); and `slice`, the slice of each spot (factor).
#' @section Errors:
#' A value outside its range, or more than 2e9 spots x genes, is an error of class `starscape_error_argument`.
#' @examples
#' slices <- simulateSlices(rows = 10, columns = 12, genes = 50)
#' slices
#' plotDomains(slices$coords, slices$labels)
#' @export
simulateSlices <- function(slices = 1, rows = 40, columns = 50, genes = 1000, domains = 5,
                           layout = c("layered", "potts"), batch = 0, seed = 1, threads = 2, verbose = FALSE) {
  parameters <- gateFields(
    list(
      slices = slices, rows = rows, columns = columns, genes = genes, domains = domains, layout = layout,
      batch = batch, seed = seed, threads = threads, verbose = verbose
    ),
    simulationChecks
  )
  drawn <- unwrap(core_simulate_slices(parameters, progressBar(parameters$verbose)))
  slice <- factor(paste0("slice", drawn$slice), levels = paste0("slice", seq_len(parameters$slices)))
  spots <- paste0(slice, "_spot", stats::ave(drawn$slice, drawn$slice, FUN = seq_along))
  structure(
    list(
      counts = methods::new(
        "dgCMatrix",
        x = drawn$values, i = drawn$rows, p = drawn$offsets, Dim = drawn$dim,
        Dimnames = list(paste0("gene", seq_len(drawn$dim[[1]])), spots)
      ),
      coords = matrix(drawn$coords, ncol = 2, dimnames = list(spots, c("x", "y"))),
      labels = factor(drawn$labels, levels = seq_len(parameters$domains)),
      slice = slice
    ),
    class = "starscape_simulation"
  )
}

simulationChecks <- list(
  slices = wholeNumber(1, 1000), rows = wholeNumber(2, 1e5), columns = wholeNumber(2, 1e5), genes = wholeNumber(2, 1e6),
  domains = wholeNumber(1, 1000), layout = oneOf(c("layered", "potts")), batch = realNumber(0),
  seed = wholeNumber(0, largestInteger), threads = wholeNumber(1, 1024), verbose = yesOrNo
)

#' @method print starscape_simulation
#' @export
print.starscape_simulation <- function(x, ...) {
  cat(sprintf(
    "Simulated tissue: %d genes x %d spots, %d slices, %d domains\n",
    nrow(x$counts), ncol(x$counts), nlevels(x$slice), nlevels(x$labels)
  ))
  invisible(x)
}
