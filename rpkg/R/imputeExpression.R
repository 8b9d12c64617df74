#' @include gate.R
NULL

#' Denoised expression of chosen genes
#'
#' Predicts the expression of any gene of the data, also of genes that the fit did not use, from the other genes of each
#' spot, from the spots around it and from the gene's counts there. What is returned is the expected expression,
#' comparable between spots of every depth: draw it, but do not test it, as neighbouring values are no longer
#' independent.
#'
#' The share that the gene has of a spot's counts is predicted by ridge regression on three sources: the spot's own
#' component scores, from which the part of the gene itself is taken out, so that a count that was missed by chance is
#' not told by itself; the mean scores within two steps on the graph of neighbours, the spot itself left out, with what
#' the network adds to them; and the gene's own share there. So a gene that varies with types of cell or with the tissue
#' borrows from all genes, and a gene with a pattern of its own from its neighbourhood, as far as each is informative.
#' The penalty has the smallest error by generalised cross-validation; spots weigh as much as they have counts; each
#' batch has a level of its own.
#'
#' @param x Counts: a matrix with genes as rows and spots as columns (as for [runStarscape()]), an object on which
#'   [runStarscape()] was run, or a list of such slices.
#' @param features Names of the genes, among the rows of `x`; `NULL` for those of the fit. The result is dense: 2000
#'   genes of 10,000 spots take 160 MB.
#' @param ... For objects: `threads` and `verbose`.
#' @return For a matrix, a dense matrix, genes (as given) x spots (of the fit), of log(1 + 10,000 x expected share of
#'   the spot's counts), the scale of log-normalised expression in `Seurat`; 0 or more, NA for spots without counts. Its
#'   attribute `explained` says for each gene which share of the variance over spots is explained, by generalised
#'   cross-validation: 0 for a gene that comes out at its mean in each batch, NA for one that does not vary. The rest of
#'   the variance of a sparse gene is mostly that of counting.
#'
#'   For `Seurat`, the object with the assay `imputed`, whose `data` holds the matrix and whose feature metadata the
#'   column `explained`. (An assay cannot have the name of the reduction `starscape`.) For `SingleCellExperiment` and
#'   `SpatialExperiment`, the object with the alternative experiment `imputed`, whose assay `logcounts` holds the matrix
#'   and whose `rowData` the column `explained`. For a list of slices, one matrix over all of them or the list of
#'   objects.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Golub, Heath and Wahba (1979). Generalized cross-validation as a method for choosing a good ridge parameter.
#' Technometrics 21, 215-223.
#' @seealso [plotDomains()] draws a gene of an object.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' # Genes with a pattern have something to be predicted from, others hardly.
#' patterned <- head(spatiallyVariableGenes(slices$counts, slices$coords)$gene, 4)
#' imputed <- imputeExpression(slices$counts, c(patterned, "gene1"), fit = fit)
#' round(attr(imputed, "explained"), 2)
#' plotDomains(slices$coords, imputed[1, ], title = rownames(imputed)[[1]])
#' @export
imputeExpression <- function(x, features = NULL, ...) {
  needArguments()
  UseMethod("imputeExpression")
}

#' @rdname imputeExpression
#' @param fit The `starscape_fit` of these counts; its spots are matched by name.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @export
imputeExpression.default <- function(x, features = NULL, fit, threads = 2, verbose = rlang::is_interactive(), ...) {
  gateDots(...)
  if (inherits(x, "starscape_fit")) stopArgument("x", "is a fit", "Give the counts as `x`, and the fit as `fit`.")
  needArguments()
  fit <- storedFit(fit, "fit")
  checked <- gateTogether(
    settings = gateFields(list(threads = threads, verbose = verbose), imputeChecks),
    counts = gateFittedSpots(gateNames(gateCounts(x)), fit), genes = gateGenes(features, fit$features, rownames(x))
  )
  settings <- checked$settings
  genes <- checked$genes
  used <- usedSpots(fit)
  counts <- checked$counts[, used, drop = FALSE]
  found <- unwrap(core_impute_expression(
    counts, genes, scoreParts(fit, used, rownames(counts)), gateGraph(fit$graph[used, used, drop = FALSE], sum(used)),
    sliceNumbers(fit$batch, used),
    list(threads = settings$threads, normalisation = fit$params$normalisation), progressBar(settings$verbose)
  ))
  imputedMatrix(found, rownames(counts)[genes + 1L], used, rownames(fit$embedding))
}

#' @rdname imputeExpression
#' @param assay,layer For objects: where the raw counts are, as in [runStarscape()].
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @export
imputeExpression.Seurat <- function(x, features = NULL, assay = NULL, layer = "counts", reduction = "starscape", ...) {
  imputeObject(x, features, assay, layer, reduction, ...)
}

#' @rdname imputeExpression
#' @export
imputeExpression.SingleCellExperiment <- function(x, features = NULL, assay = "counts", reduction = "starscape", ...) {
  imputeObject(x, features, assay, NULL, reduction, ...)
}

imputeObject <- function(x, features, assay, layer, reduction, ...) {
  if ("fit" %in% ...names()) stopFitGiven()
  needObject(x)
  fit <- objectFit(x, gateReduction(reduction))
  counts <- fittedCounts(x, objectCounts(x, assay, layer), fit)
  storeExpression(x, imputeExpression.default(counts, features, fit = fit, ...))
}

stopFitGiven <- function() {
  stopArgument(
    "fit", "is not an argument for objects, which hold their fit", "Say with `reduction` which one, or give counts."
  )
}

tellImputed <- function() tell("`x` had other data under the name \"imputed\", replaced now.")

#' @rdname imputeExpression
#' @export
imputeExpression.list <- function(x, features = NULL, ..., fit = NULL, assay = NULL, layer = "counts",
                                  reduction = "starscape") {
  x <- gateSlices(x)
  if (isMatrix(x[[1]])) {
    counts <- countsOfSlices(x, assay, layer)
    if (inherits(fit, "starscape_fit")) lapply(counts, gateFitOrientation, fit)
    return(imputeExpression.default(joinCounts(counts), features, fit = fit, ...))
  }
  if (!is.null(fit)) stopFitGiven()
  fits <- lapply(x, objectFit, gateReduction(reduction))
  joined <- joinFits(fits)
  counts <- joinCounts(countsOfSlices(x, assay, layer, fits))
  imputed <- imputeExpression.default(counts, features, fit = joined$fit, ...)
  Map(function(object, rows) {
    part <- imputed[, rows, drop = FALSE]
    colnames(part) <- joined$spots[rows]
    attr(part, "explained") <- attr(imputed, "explained")
    storeExpression(object, part)
  }, x, unname(split(seq_along(joined$from), joined$from)))
}

# The scores of the spots that took part, and the genes among `genes` that they were made from.
scoreParts <- function(fit, used, genes) {
  rows <- function(table) unname(table[used, , drop = FALSE])
  row <- match(fit$features, genes)
  if (anyNA(row)) {
    tell("`x` has no row for ", sum(is.na(row)), " genes of the fit. Scores are taken without them, and shares are ",
         "those of the counts that are there.")
  }
  list(
    scores = rows(fit$scores), types = if (!is.null(fit$sharedTypes)) as.integer(fit$sharedTypes[used, ]) - 1L,
    prior = rows(fit$prior), embedding = rows(fit$embedding),
    genes = row[!is.na(row)] - 1L, loadings = unname(fit$loadings[!is.na(row), , drop = FALSE]),
    # Those of the spots that are left.
    singular_values = fit$singularValues * sqrt(sum(used) / sum(fit$levels$spots))
  )
}

imputeChecks <- list(threads = threadCount, verbose = yesOrNo)

imputedMatrix <- function(found, genes, used, spots) {
  expression <- if (all(used)) found$expression else matrix(NA_real_, length(genes), length(spots))
  if (!all(used)) expression[, used] <- found$expression
  dimnames(expression) <- list(genes, spots)
  attr(expression, "explained") <- stats::setNames(orNA(found$explained), genes)
  expression
}
