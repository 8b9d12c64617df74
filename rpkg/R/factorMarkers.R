#' Genes that drive factors and dimensions
#'
#' Loadings of the factors of [runTransST()], or of the dimensions of the embedding of [runStarscape()], with standard
#' errors from a bootstrap over tiles of tissue: about 25 neighbouring spots are drawn together, so that their
#' dependence is kept. For factors the loadings are fitted anew with the same share of the source and turned to the
#' original ones. For dimensions, which a network gives, the loading of a gene is its correlation with the dimension
#' within slices.
#'
#' @param x A `transst_fit`, or an object on which [runTransST()] or [runStarscape()] was run; for a `fit`, its counts.
#' @param ... Further arguments of the methods.
#' @return A data frame, a row for each gene and factor, by factor and p-value: `gene`, `factor`, `loading` (of
#'   standardised expression on a factor of unit variance), `source_loading`, `std_error`, `lower` and `upper` (95 %
#'   normal interval), `sign_stability` (share of draws in which the loading keeps its sign), `statistic` (loading /
#'   standard error), `p_value` (two-sided, normal), and `fdr` (Benjamini and Hochberg, over all rows).
#' @section Assumptions:
#' Tiles are independent, loadings nearly normal, and the factors are well separated: for factors of nearly equal
#' variance the standard errors hold what the turning cannot undo.
#' @section Errors:
#' An object without a fit, or too few draws, are errors of class `starscape_error_argument`.
#' @references
#' Künsch (1989). The jackknife and the bootstrap for general stationary observations. Annals of Statistics 17, 1217.
#' @seealso [plotLoadings()], [domainMarkers()].
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 20, columns = 20, genes = 200, domains = 3)
#' target <- slices$slice == "slice1"
#' fit <- runTransST(
#'   slices$counts[, target], slices$counts[, !target], slices$labels[!target],
#'   coords = slices$coords[target, ], k = 3, nFactors = 4
#' )
#' head(factorMarkers(fit, draws = 50))
#' @export
factorMarkers <- function(x, ...) {
  needArguments()
  UseMethod("factorMarkers")
}

#' @rdname factorMarkers
#' @param fit For counts as `x`, the `starscape_fit` whose dimensions are wanted.
#' @param features For dimensions, names of the genes; `NULL` for those of the fit.
#' @param draws Number of bootstrap draws, a whole number from 2.
#' @param seed Whole number from 0 to 2147483647 from which the draws are made.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @export
factorMarkers.default <- function(x, fit = NULL, features = NULL, draws = 200, seed = 1, threads = 2,
                                  verbose = rlang::is_interactive(), ...) {
  gateDots(...)
  given <- list(draws = draws, seed = seed, threads = threads, verbose = verbose)
  checked <- gateTogether(
    settings = gateFields(given, loadingChecks),
    input = if (is.null(fit)) gateTransst(x, transstOrFit) else gateDimensions(x, fit, features)
  )
  settings <- checked$settings
  if (!is.null(fit)) {
    return(dimensionMarkers(checked$input, settings))
  }
  fit <- checked$input
  parameters <- c(settings[c("draws", "seed", "threads")], lambda = fit$lambda)
  problem <- fit$problem
  spread <- unwrap(core_bootstrap_loadings(
    problem$basis, problem$values, problem$anchor, unname(fit$loadings), problem$tiles, parameters,
    progressBar(settings$verbose)
  ))
  factorTable(fit, spread)
}

transstOrFit <-
  "Run runTransST() first; for the dimensions of runStarscape(), give counts as `x` and the fit as `fit`."

loadingChecks <- list(draws = wholeNumber(2, 1e6), seed = seedNumber, threads = threadCount, verbose = yesOrNo)

#' @rdname factorMarkers
#' @param reduction `"transst"`, or the name of a fit of [runStarscape()]; `NULL` takes the first of `"transst"` and
#'   `"starscape"` that the object has.
#' @param assay,layer For dimensions, where the raw counts are, as in [runStarscape()].
#' @export
factorMarkers.Seurat <- function(x, reduction = NULL, features = NULL, assay = NULL, layer = "counts", ...) {
  factorsOfObject(x, reduction, features, assay, layer, ...)
}

#' @rdname factorMarkers
#' @export
factorMarkers.SingleCellExperiment <- function(x, reduction = NULL, features = NULL, assay = "counts", ...) {
  factorsOfObject(x, reduction, features, assay, NULL, ...)
}

factorsOfObject <- function(x, reduction, features, assay, layer, ...) {
  if ("fit" %in% ...names()) stopFitGiven()
  needObject(x)
  if (is.null(reduction)) reduction <- if (is.null(objectResult(x, "transst"))) "starscape" else "transst"
  if (identical(reduction, "transst")) {
    return(factorMarkers.default(gateTransst(x), ...))
  }
  # Looked at where the default method checks its arguments, the fit first.
  delayedAssign("held", gateTogether(
    fit = objectFit(x, gateReduction(reduction)), counts = objectCounts(x, assay, layer)
  ))
  factorMarkers.default(fittedCounts(x, held$counts, held$fit), fit = held$fit, features = features, ...)
}

# A fit, its counts and the genes that are asked for.
gateDimensions <- function(x, fit, features) {
  own <- NULL
  held <- NULL
  gateTogether(
    fit = own <- storedFit(fit, "fit"),
    counts = {
      counts <- gateNames(gateCounts(x))
      # Where spots are rows, no names of genes can be right.
      if (!is.null(own)) gateFitOrientation(counts, own)
      held <- counts
      if (!is.null(own)) gateFittedSpots(counts, own)
    },
    genes = if (!is.null(held) && !(is.null(features) && is.null(own))) {
      sort(gateGenes(features, own$features, rownames(held)))
    }
  )
}

dimensionMarkers <- function(input, settings) {
  counts <- input$counts
  fit <- input$fit
  genes <- input$genes
  used <- usedSpots(fit)
  parameters <- c(settings[c("draws", "seed", "threads")], fit$params["normalisation"])
  found <- unwrap(core_dimension_loadings(
    counts[, used, drop = FALSE], genes, unname(fit$embedding[used, , drop = FALSE]),
    unname(fit$coords[used, , drop = FALSE]), sliceNumbers(fit$slice, used), parameters, progressBar(settings$verbose)
  ))
  names <- list(rownames(counts)[genes + 1L], colnames(fit$embedding))
  loadings <- matrix(found$loadings, ncol = length(names[[2]]), dimnames = names)
  factorTable(list(loadings = loadings, sourceLoadings = replace(loadings, TRUE, NA)), found)
}

factorTable <- function(fit, spread) {
  loading <- orNA(as.vector(fit$loadings))
  error <- as.vector(spread$standardErrors)
  # Draws that do not differ say nothing of the error.
  equal <- is.nan(error) | error <= 1e-10
  if (any(equal, na.rm = TRUE)) {
    tell(sum(equal, na.rm = TRUE), " loadings are equal in all draws, or of genes that do not vary. Their p-values ",
         "are NA.")
  }
  error[which(equal)] <- NA
  table <- data.frame(
    gene = rep(rownames(fit$loadings), ncol(fit$loadings)),
    factor = factor(rep(colnames(fit$loadings), each = nrow(fit$loadings)), levels = colnames(fit$loadings)),
    loading = loading, source_loading = as.vector(fit$sourceLoadings), std_error = error,
    lower = loading - stats::qnorm(0.975) * error, upper = loading + stats::qnorm(0.975) * error,
    sign_stability = orNA(as.vector(spread$signStability)), statistic = loading / error
  )
  table$p_value <- 2 * stats::pnorm(-abs(table$statistic))
  table$fdr <- stats::p.adjust(table$p_value, "BH")
  table <- table[order(table$factor, table$p_value, -abs(table$loading)), ]
  rownames(table) <- NULL
  table
}
