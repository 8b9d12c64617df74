#' Genes whose expression varies over the tissue
#'
#' Measures for every gene how far neighbouring spots are alike, by Moran's I or Geary's C on the spatial graph, and
#' tests it against values that lie on the spots at random.
#'
#' Values are normalised as in [runStarscape()] and centred within slices; neighbours lie within slices. Expectation and
#' variance are those over all ways to lay the values on the spots of their slice (randomisation), in closed form, so
#' that nothing is permuted and nothing is random; the p-value takes the index as normal. That holds well for genes with
#' counts on many spots. For genes with counts on a few spots only, small p-values are rough. With Moran's I and
#' `"pearson"` this is what `featureSelection = "moran"` of [runStarscape()] ranks by.
#'
#' @param x Counts: a matrix with genes as rows and spots as columns, or an object, as for [runStarscape()].
#' @param ... For objects: arguments of the method for matrices.
#' @return A data frame with one row per gene, by falling `z`, then as in `x`:
#'   * `gene`, its name;
#'   * `statistic`: Moran's I, above its expectation where neighbours are alike, about 1 at most; or Geary's C, from 0,
#'     below 1 where neighbours are alike;
#'   * `expectation` and `variance` of it when values lie at random;
#'   * `z`: distance from the expectation in standard deviations, positive where neighbours are alike (for Geary's C,
#'     too);
#'   * `p_value`: one-sided, of neighbours being alike; and `fdr`, adjusted by Benjamini and Hochberg.
#'
#'   Genes that do not vary are NA; genes without counts are left out.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Moran (1950). Notes on continuous stochastic phenomena. Biometrika 37, 17-23.
#'
#' Geary (1954). The contiguity ratio and statistical mapping. The Incorporated Statistician 5, 115-145.
#'
#' Cliff and Ord (1981). Spatial processes: models and applications. Pion, London.
#' @seealso [domainMarkers()] for genes that differ between domains.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' genes <- spatiallyVariableGenes(slices$counts, slices$coords)
#' head(genes)
#' sum(genes$fdr < 0.05)
#' @export
spatiallyVariableGenes <- function(x, ...) {
  needArguments()
  UseMethod("spatiallyVariableGenes")
}

#' @rdname spatiallyVariableGenes
#' @param coords,slice Places and slices of the spots, as in [runStarscape()].
#' @param statistic `"moran"` for Moran's I, `"geary"` for Geary's C, which looks at differences of neighbours and so
#'   more at variation over short distances.
#' @param normalisation `"pearson"` for analytic Pearson residuals, `"log"` for log counts at equal library size.
#' @param graph Settings from [graphControl()].
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @export
spatiallyVariableGenes.default <- function(x, coords = NULL, slice = NULL, statistic = c("moran", "geary"),
                                           normalisation = c("pearson", "log"), graph = graphControl(), threads = 2,
                                           verbose = rlang::is_interactive(), ...) {
  gateDots(...)
  given <- list(statistic = statistic, normalisation = normalisation, threads = threads, verbose = verbose)
  checked <- gateTogether(
    settings = gateFields(given, spatialGeneChecks), graph = gateControl(graph, "graphControl"),
    input = gateInput(x, coords, slice)
  )
  settings <- checked$settings
  control <- flattenControls(checked$graph)
  input <- checked$input
  tellNeighbours(checked$graph, input)
  found <- unwrap(core_spatial_autocorrelation(
    input$counts, unname(input$coords[input$used, , drop = FALSE]), sliceNumbers(input$slice, input$used),
    c(list(index = settings$statistic), settings[c("normalisation", "threads")], control), progressBar(settings$verbose)
  ))
  spatialGeneTable(found, rownames(input$counts), settings$statistic)
}

#' @rdname spatiallyVariableGenes
#' @param assay,layer,image For objects: where the raw counts and the places are, as in [runStarscape()].
#' @export
spatiallyVariableGenes.Seurat <- function(x, coords = NULL, slice = NULL, assay = NULL, layer = "counts", image = NULL,
                                          ...) {
  input <- objectInput(x, coords, slice, assay, layer, image)
  spatiallyVariableGenes.default(input$counts, coords = input$coords, slice = input$slice, ...)
}

#' @rdname spatiallyVariableGenes
#' @export
spatiallyVariableGenes.SingleCellExperiment <- function(x, coords = NULL, slice = NULL, assay = "counts", ...) {
  input <- objectInput(x, coords, slice, assay)
  spatiallyVariableGenes.default(input$counts, coords = input$coords, slice = input$slice, ...)
}

spatialGeneChecks <- list(
  statistic = oneOf(c("moran", "geary")), normalisation = oneOf(c("pearson", "log")), threads = threadCount,
  verbose = yesOrNo
)

spatialGeneTable <- function(found, genes, statistic) {
  found <- lapply(found, orNA)
  sign <- if (statistic == "moran") 1 else -1
  # Places in two columns of equal ones leave nothing that could vary.
  z <- sign * (found$index - found$expectation) / sqrt(replace(found$variance, found$variance <= 0, NA))
  p <- stats::pnorm(z, lower.tail = FALSE)
  table <- data.frame(
    gene = genes, statistic = found$index, expectation = found$expectation, variance = found$variance, z = z,
    p_value = p, fdr = stats::p.adjust(p, "BH")
  )
  table <- table[order(-table$z), ]
  rownames(table) <- NULL
  table
}
