#' Simulate tissue slices
#'
#' Draws counts for spots on a hexagonal array, with domains laid out in layers or by a Potts model, and gene means and
#' dispersions as in real sections, or by the factor model of TransST. Use it for examples, tests and power studies.
#'
#' @details
#' Counts have the mean \eqn{\ell s_g / \sum s}: \eqn{\ell} is the spot's library size, log-normal around `librarySize`,
#' and \eqn{s_g} the gene's share.
#'
#' * `"negative binomial"`: \eqn{\log s} is the gene's own level, changed by markers of the domain and by smooth
#'   patterns that have nothing to do with domains; the variance of a count of mean \eqn{\mu} is
#'   \eqn{1.1 \mu + \phi_g \mu^2}, where \eqn{\log \phi_g} is normal with standard deviation 0.3 around the logarithm
#'   of `dispersion`. Counts of the `"niche"` model vary in the same way.
#' * `"factor"`: \eqn{\log s = b + W v + e} with \eqn{b} the genes' own levels, and counts are Poisson. For each spot of
#'   domain \eqn{k} are drawn \eqn{v | k \sim N(\mu_k, \Sigma_k)} and \eqn{e_g \sim N(0, \lambda_g)}, where
#'   \eqn{\lambda_g} is uniform between 0.02 and 0.18. \eqn{W} is normal and gives the log expression of a gene a
#'   standard deviation of about 0.3 within a domain; \eqn{\Sigma_k} is random with the identity as its mean. Factors
#'   are independent over spots: only the labels are spatial.
#'
#' A labelled source is a further slice: another part of the same tissue, with the same markers or the same \eqn{W},
#' \eqn{\mu}, \eqn{\Sigma} and \eqn{\lambda}, and its own layout, factors, noise and batch effect. The slices are the
#' same with and without it.
#'
#' @param slices Number of slices, a whole number from 1.
#' @param rows,columns Size of each array, whole numbers from 2.
#' @param genes Number of genes, a whole number from 2.
#' @param domains Number of domains, a whole number from 1; at least four spots must be left to each.
#' @param layout `"layered"` for parallel layers as in cortex, `"potts"` for patches.
#' @param batch Standard deviation of the shift of half the genes' log means in every slice but the first, 0 or more.
#' @param model What expression follows: `"negative binomial"` counts with markers, the `"factor"` model, or `"niche"`:
#'   each spot is a single cell of one of two types of its domain (one in ten of any), and the types lie on both sides
#'   of a mean that all domains have in common, so that domains differ in their shares of types alone.
#' @param nFactors Number of factors of the factor model, a whole number from 1.
#' @param separation Root mean square distance between the factor means of two domains, 0 or more, where factors have a
#'   variance of 1 on average within a domain; for niches the root mean square distance over genes between the log means
#'   of the two types of a domain.
#' @param librarySize Median total count of a spot, 1 or more.
#' @param librarySpread Standard deviation of the log total count, 0 or more; a quarter of its variance is smooth over
#'   the tissue.
#' @param dispersion Median dispersion of negative binomial counts of abundant genes, 0 or more.
#' @param markerShare Share of the genes that mark each domain, between 0 and 1 (`"negative binomial"`).
#' @param logFoldChange Mean log fold change (natural logarithm) of a marker in its domain, 0 or more (`"negative
#'   binomial"`).
#' @param gradient Standard deviation of the smooth variation of a gene's log mean that has nothing to do with domains,
#'   0 or more (`"negative binomial"`).
#' @param source Whether to draw a labelled source as well, as for [runTransST()].
#' @param seed Whole number from 0 to 2147483647 from which all random numbers are drawn.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param ... Not used; any other argument is an error.
#' @return A `starscape_simulation`: a list with `counts`, a sparse matrix, genes x spots over all slices; `coords`,
#'   spots x 2 array positions as of Visium (x is the array's column, of which a row has every second one, and y its
#'   row, both from each slice's own origin; on the tissue a step of y is `sqrt(3)` steps of x); `labels`, the true
#'   domain of each spot (factor); and `slice`, the slice of each spot (factor). With a source also `source`, a list of
#'   its `counts`, `coords` and `labels`.
#' @section Errors:
#' A value outside its range, or more than 2e9 spots x genes, is an error of class `starscape_error_argument`.
#' @references
#' Liu, Wang, Chen, Rustgi, Yuan and Hu (2025). TransST: transfer learning embedded spatial factor modeling of spatial
#' transcriptomics data. BMC Bioinformatics. \doi{10.1186/s12859-025-06099-z}
#' @examples
#' slices <- simulateSlices(rows = 10, columns = 12, genes = 50)
#' slices
#' plotDomains(slices$coords, slices$labels)
#'
#' # Shallow counts and weak markers, as for a study of power:
#' simulateSlices(rows = 10, columns = 12, genes = 50, librarySize = 100, logFoldChange = 0.3)
#'
#' tissue <- simulateSlices(
#'   rows = 10, columns = 12, genes = 50, domains = 3, layout = "potts", model = "factor", nFactors = 4, source = TRUE
#' )
#' table(tissue$source$labels)
#' @export
simulateSlices <- function(slices = 1, rows = 40, columns = 50, genes = 1000, domains = 5,
                           layout = c("layered", "potts"), batch = 0, model = c("negative binomial", "factor", "niche"),
                           nFactors = 10, separation = 2, librarySize = 2000, librarySpread = 0.4, dispersion = 0.1,
                           markerShare = 0.06, logFoldChange = 0.7, gradient = 0.15, source = FALSE, seed = 1,
                           threads = 2, verbose = FALSE, ...) {
  gateDots(...)
  parameters <- gateFields(
    list(
      slices = slices, rows = rows, columns = columns, genes = genes, domains = domains, layout = layout,
      batch = batch, model = model, nFactors = nFactors, separation = separation, librarySize = librarySize,
      librarySpread = librarySpread, dispersion = dispersion, markerShare = markerShare, logFoldChange = logFoldChange,
      gradient = gradient, source = source, seed = seed, threads = threads, verbose = verbose
    ),
    simulationChecks
  )
  # The source is one slice more: the others do not depend on it.
  drawn <- parameters
  drawn$slices <- parameters$slices + parameters$source
  drawn <- tryCatch(
    unwrap(core_simulate_slices(drawn, progressBar(parameters$verbose))),
    starscape_error_not_converged = function(error) stopLayout(parameters),
    starscape_error_numeric = function(error) stopCounts(parameters)
  )
  tissue <- simulatedTissue(drawn, parameters)
  own <- tissue$slice != "source"
  parts <- spotsOf(tissue, own)
  parts$slice <- droplevels(tissue$slice[own])
  if (parameters$source) parts$source <- spotsOf(tissue, !own)
  structure(parts, class = "starscape_simulation")
}

stopLayout <- function(parameters) {
  problem <- sprintf("is %d, too many for patches on arrays of this size", parameters$domains)
  stopArgument("domains", problem, "Give fewer, larger arrays, or layout = \"layered\".")
}

# Which of them it is that makes counts overflow, only their product knows.
stopCounts <- function(parameters) {
  effects <- c("batch", "separation", "librarySpread", "dispersion", "logFoldChange", "gradient")
  largest <- effects[[which.max(unlist(parameters[effects]))]]
  stopArgument(largest, sprintf("is %g, with which counts overflow", parameters[[largest]]), "Give a smaller value.")
}

# All slices, with the source as the last.
simulatedTissue <- function(drawn, parameters) {
  levels <- c(paste0("slice", seq_len(parameters$slices)), if (parameters$source) "source")
  slice <- factor(levels[drawn$slice], levels = levels)
  spots <- paste0(slice, "_spot", stats::ave(drawn$slice, drawn$slice, FUN = seq_along))
  list(
    counts = methods::new(
      "dgCMatrix",
      x = drawn$values, i = drawn$rows, p = drawn$offsets, Dim = drawn$dim,
      Dimnames = list(paste0("gene", seq_len(drawn$dim[[1]])), spots)
    ),
    coords = matrix(drawn$coords, ncol = 2, dimnames = list(spots, c("x", "y"))),
    labels = factor(drawn$labels, levels = seq_len(parameters$domains)),
    slice = slice
  )
}

spotsOf <- function(tissue, spots) {
  list(
    counts = tissue$counts[, spots, drop = FALSE], coords = tissue$coords[spots, , drop = FALSE],
    labels = tissue$labels[spots]
  )
}

simulationChecks <- list(
  slices = wholeNumber(1, 1000), rows = wholeNumber(2, 1e5), columns = wholeNumber(2, 1e5), genes = wholeNumber(2, 1e6),
  domains = wholeNumber(1, 1000), layout = oneOf(c("layered", "potts")), batch = realNumber(0),
  model = oneOf(c("negative binomial", "factor", "niche")), nFactors = wholeNumber(1, 1000), separation = realNumber(0),
  librarySize = realNumber(1), librarySpread = realNumber(0), dispersion = realNumber(0),
  markerShare = realNumber(0, 1), logFoldChange = realNumber(0), gradient = realNumber(0), source = yesOrNo,
  seed = seedNumber, threads = threadCount, verbose = yesOrNo
)

simulationShapes <- list(
  counts = function(value) if (methods::is(value, "dgCMatrix")) c(spots = ncol(value)),
  coords = numbers("spots", "places"), labels = series("spots", is.factor), slice = series("spots", is.factor)
)

#' @method print starscape_simulation
#' @export
print.starscape_simulation <- function(x, ...) {
  gateWhole(x, simulationShapes, "x", "simulateSlices")
  cat(sprintf(
    "Simulated tissue: %d genes x %d spots, %d slice%s, %d domains\n", nrow(x$counts), ncol(x$counts), nlevels(x$slice),
    if (nlevels(x$slice) == 1) "" else "s", nlevels(x$labels)
  ))
  invisible(x)
}
