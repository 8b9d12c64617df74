# SingleCellExperiment and SpatialExperiment objects: what the methods unpack and store.

#' @rdname runStarscape
#' @export
runStarscape.SingleCellExperiment <- function(x, coords = NULL, slice = NULL, assay = "counts", batch = NULL, ...) {
  input <- tissueInput(x, coords, slice, assay)
  batch <- givenColumn(batch, SummarizedExperiment::colData(x), "batch")
  sceStoreFit(x, runStarscape.default(input$counts, coords = input$coords, slice = input$slice, batch = batch, ...))
}

#' @rdname findDomains
#' @export
findDomains.SingleCellExperiment <- function(x, ..., name = "domain") {
  needPackage("SingleCellExperiment")
  name <- gateColumnName(name)
  sceStoreDomains(x, findDomains.starscape_fit(sceFit(x), ...), name)
}

sceStoreDomains <- function(x, domains, name) {
  before <- S4Vectors::metadata(x)$starscape$domains
  columns <- domainColumns(domains, name)
  tellReplaced(names(columns), names(SummarizedExperiment::colData(x)), before)
  for (column in names(columns)) SummarizedExperiment::colData(x)[[column]] <- columns[[column]]
  S4Vectors::metadata(x)$starscape$domains <- domainRecord(domains, name, before)
  x
}

#' @rdname alignSlices
#' @export
alignSlices.SingleCellExperiment <- function(x, slice = NULL, reference = NULL, ...) {
  needPackage("SingleCellExperiment")
  sceStoreAlignment(x, alignSlices.starscape_fit(sceFit(x), slice, reference, ...))
}

sceStoreAlignment <- function(x, alignment) {
  x$aligned_x <- unname(alignment$coords[, 1])
  x$aligned_y <- unname(alignment$coords[, 2])
  S4Vectors::metadata(x)$starscape$alignment <- alignment
  x
}

sceInput <- function(x, coords, slice, assay) {
  needPackage("SingleCellExperiment")
  metadata <- SummarizedExperiment::colData(x)
  coords <- if (is.null(coords)) sceCoords(x, metadata) else givenCoords(coords, metadata)
  list(counts = sceCounts(x, assay), coords = coords, slice = givenColumn(slice, metadata, "slice"))
}

spatialInput <- function(x, coords, slice, assay) {
  needPackage("SpatialExperiment")
  metadata <- SummarizedExperiment::colData(x)
  if (is.null(coords)) coords <- spatialPlaces(x, metadata)
  if (is.null(slice) && length(unique(metadata$sample_id)) > 1) slice <- metadata$sample_id
  sceInput(x, coords, slice, assay)
}

# For methods that take both classes.
tissueInput <- function(x, coords, slice, assay) {
  input <- if (methods::is(x, "SpatialExperiment")) spatialInput else sceInput
  input(x, coords, slice, assay)
}

#' @rdname domainPseudotime
#' @export
domainPseudotime.SingleCellExperiment <- function(x, root, domain = "domain", ...) {
  needPackage("SingleCellExperiment")
  domain <- givenColumn(domain, SummarizedExperiment::colData(x), "domain")
  sceStorePseudotime(x, domainPseudotime.starscape_fit(sceFit(x), root, domain, ...))
}

sceStorePseudotime <- function(x, found) {
  x$pseudotime <- unname(found$pseudotime)
  S4Vectors::metadata(x)$starscape$pseudotime <- found[c("connectivity", "root", "domains")]
  x
}

#' @rdname imputeExpression
#' @export
imputeExpression.SingleCellExperiment <- function(x, features = NULL, assay = "counts", ...) {
  needPackage("SingleCellExperiment")
  fit <- sceFit(x)
  counts <- sceCounts(x, assay)
  # The names of the spots stay with the fit also where the object has none.
  colnames(counts) <- rownames(fit$embedding)
  sceStoreImputed(x, imputeExpression.default(counts, features, fit = fit, ...))
}

sceStoreImputed <- function(x, imputed) {
  explained <- attr(imputed, "explained")
  attr(imputed, "explained") <- NULL
  colnames(imputed) <- colnames(x)
  SingleCellExperiment::altExp(x, "imputed") <- SummarizedExperiment::SummarizedExperiment(
    list(logcounts = imputed), rowData = S4Vectors::DataFrame(explained = unname(explained))
  )
  x
}

#' @rdname domainMarkers
#' @export
domainMarkers.SingleCellExperiment <- function(x, domain = "domain", fit = NULL, coords = NULL, slice = NULL,
                                               spatial = TRUE, block = NULL, assay = "counts", ...) {
  needPackage("SingleCellExperiment")
  counts <- sceCounts(x, assay)
  metadata <- SummarizedExperiment::colData(x)
  domain <- givenColumn(domain, metadata, "domain")
  block <- givenColumn(block, metadata, "block")
  if (is.null(fit) && !is.null(S4Vectors::metadata(x)$starscape)) {
    fit <- fitOfDomains(sceFit(x), S4Vectors::metadata(x)$transst, domain)
  }
  fitted <- inherits(fit, "starscape_fit")
  # The names of the spots stay with the fit also where the object has none.
  if (fitted) colnames(counts) <- rownames(fit$embedding)
  places <- if (isTRUE(spatial) && (!fitted || !is.null(coords))) {
    tissueInput(x, coords, slice, assay)
  }
  domainMarkers.default(
    counts, domain, fit = fit, coords = places$coords, slice = places$slice, spatial = spatial, block = block, ...
  )
}

#' @rdname spatiallyVariableGenes
#' @export
spatiallyVariableGenes.SingleCellExperiment <- function(x, coords = NULL, slice = NULL, assay = "counts", ...) {
  input <- tissueInput(x, coords, slice, assay)
  spatiallyVariableGenes.default(input$counts, coords = input$coords, slice = input$slice, ...)
}

sceCounts <- function(x, assay) {
  gateKnown(assay, SummarizedExperiment::assayNames(x), "assay", "an assay")
  SummarizedExperiment::assay(x, assay)
}

sceCoords <- function(x, metadata) {
  reductions <- SingleCellExperiment::reducedDimNames(x)
  coords <- if ("spatial" %in% reductions) {
    unname(as.matrix(SingleCellExperiment::reducedDim(x, "spatial")))
  } else {
    knownCoords(metadata)
  }
  if (is.null(coords)) {
    stopPlaces(
      metadata, "is missing, and `x` has neither a reduced dimension \"spatial\" nor columns with places",
      "Give a matrix of places, or the names of two columns of colData(x)."
    )
  }
  coords
}

# Array positions where the object has them and they are of use, otherwise its spatial coordinates.
spatialPlaces <- function(x, metadata) {
  array <- knownCoords(metadata, list(c("array_col", "array_row")))
  places <- SpatialExperiment::spatialCoords(x)
  depth <- depthOf(places)
  if (length(unique(depth$values)) > 1) {
    return(cbind(x = places[, 1], y = places[, 2], z = depth$values))
  }
  pixels <- if (ncol(places) >= 2) unname(places[, 1:2, drop = FALSE])
  if (is.null(array) && is.null(pixels)) {
    stopArgument("coords", "is missing, and spatialCoords(x) is empty", "Give a matrix of places.")
  }
  arrayOrPixels(array, pixels, metadata$sample_id)
}

sceStoreFit <- function(x, fit) {
  # The names of the spots stay with the embedding also where the object has none.
  SingleCellExperiment::reducedDim(x, "starscape", withDimnames = FALSE) <- fit$embedding
  fit$domains <- keptColumns(S4Vectors::metadata(x)$starscape)
  S4Vectors::metadata(x)$starscape <- fit
  x
}

sceFit <- function(x) {
  fit <- S4Vectors::metadata(x)$starscape
  if (!"starscape" %in% SingleCellExperiment::reducedDimNames(x)) fit <- NULL
  subsetFit(fit, if (!is.null(fit)) rownames(SingleCellExperiment::reducedDim(x, "starscape", withDimnames = FALSE)))
}

#' @rdname runTransST
#' @export
runTransST.SingleCellExperiment <- function(x, source, labels, coords = NULL, slice = NULL, assay = "counts", ...) {
  input <- tissueInput(x, coords, slice, assay)
  sceStoreTransst(x, runTransST.default(
    input$counts, source, labels, coords = input$coords, slice = input$slice, ...
  ))
}

sceStoreTransst <- function(x, fit) {
  SingleCellExperiment::reducedDim(x, "transst", withDimnames = FALSE) <- fit$factors
  columns <- transstColumns(fit)
  for (name in names(columns)) SummarizedExperiment::colData(x)[[name]] <- columns[[name]]
  S4Vectors::metadata(x)$transst <- fit
  x
}

#' @rdname factorMarkers
#' @export
factorMarkers.SingleCellExperiment <- function(x, reduction = NULL, features = NULL, assay = "counts", ...) {
  needPackage("SingleCellExperiment")
  if (factorReduction(reduction, !is.null(S4Vectors::metadata(x)$transst)) == "transst") {
    return(factorMarkers.default(gateTransst(x), ...))
  }
  fit <- sceFit(x)
  counts <- sceCounts(x, assay)
  # The names of the spots stay with the fit also where the object has none.
  colnames(counts) <- rownames(fit$embedding)
  factorMarkers.default(counts, fit = fit, features = features, ...)
}
