# SingleCellExperiment and SpatialExperiment objects. A SummarizedExperiment alone has no room for an embedding; it can
# be a labelled source.

#' @exportS3Method
#' @noRd
objectPackage.SummarizedExperiment <- function(x) "SingleCellExperiment"

#' @exportS3Method
#' @noRd
objectPackage.SpatialExperiment <- function(x) "SpatialExperiment"

#' @exportS3Method
#' @noRd
objectCounts.SummarizedExperiment <- function(x, assay = NULL, layer = NULL) {
  if (is.null(assay)) assay <- "counts"
  gateKnown(assay, SummarizedExperiment::assayNames(x), "assay", "an assay")
  SummarizedExperiment::assay(x, assay)
}

# The names of the spots stay with the fit also where the object has none.
#' @exportS3Method
#' @noRd
fittedCounts.SummarizedExperiment <- function(x, counts, fit) {
  colnames(counts) <- rownames(fit$embedding)
  counts
}

# Its assays have all the spots.
#' @exportS3Method
#' @noRd
objectMetadata.SummarizedExperiment <- function(x, spots = NULL) {
  metadata <- SummarizedExperiment::colData(x)
  for (name in names(metadata)) {
    if (methods::is(metadata[[name]], "Rle")) metadata[[name]] <- S4Vectors::decode(metadata[[name]])
  }
  metadata
}

#' @exportS3Method
#' @noRd
objectSamples.SummarizedExperiment <- function(x) {
  sample <- objectMetadata(x)[["sample_id"]]
  if (length(unique(sample)) > 1) sample
}

#' @exportS3Method
#' @noRd
objectPlaces.SummarizedExperiment <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE,
                                              drawn = FALSE) {
  if (needed) stopCountsClass(x)
  scePlaces(x, coords, slice, needed, drawn, function(x, metadata, drawn) NULL)
}

#' @exportS3Method
#' @noRd
objectPlaces.SingleCellExperiment <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE,
                                              drawn = FALSE) {
  scePlaces(x, coords, slice, needed, drawn, sceCoords)
}

#' @exportS3Method
#' @noRd
objectPlaces.SpatialExperiment <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE,
                                           drawn = FALSE) {
  scePlaces(x, coords, if (is.null(slice)) objectSamples(x) else slice, needed, drawn, spatialPlaces)
}

#' @exportS3Method
#' @noRd
objectResult.SummarizedExperiment <- function(x, name) S4Vectors::metadata(x)[[name]]

#' @exportS3Method
#' @noRd
objectReductions.SummarizedExperiment <- function(x) character()

#' @exportS3Method
#' @noRd
objectReductions.SingleCellExperiment <- function(x) SingleCellExperiment::reducedDimNames(x)

#' @exportS3Method
#' @noRd
objectFit.SingleCellExperiment <- function(x, name = "starscape", needed = TRUE) {
  there <- name %in% SingleCellExperiment::reducedDimNames(x)
  if (!needed && !(there && hasFit(x, name))) {
    return(NULL)
  }
  fit <- storedFit(x, name = name)
  if (!there) stopArgument("x", sprintf("has lost the reduction \"%s\" of its fit", name), "Run runStarscape() again.")
  embedding <- SingleCellExperiment::reducedDim(x, name, withDimnames = FALSE)
  # The names of the spots stay with the embedding where the object has none of their own.
  named <- !is.null(colnames(x)) && anyDuplicated(colnames(x)) == 0
  fitOfReduction(fit, embedding, if (named) colnames(x) else rownames(embedding))
}

#' @exportS3Method
#' @noRd
objectGene.SingleCellExperiment <- function(x, gene, spots, assay = NULL, layer = NULL, argument = "domain") {
  gateGene(gene, rownames(x), x, argument)
  assays <- SummarizedExperiment::assayNames(x)
  if (is.null(assay)) assay <- c(intersect(c("logcounts", "counts"), assays), assays)[[1]]
  geneOf(objectCounts(x, assay), gene, seq_len(ncol(x)))
}

#' @exportS3Method
#' @noRd
storeResult.SingleCellExperiment <- function(x, name, result, columns = NULL, reduction = NULL, assay = NULL) {
  if (!is.null(reduction)) {
    # The names of the spots stay with the embedding also where the object has none.
    SingleCellExperiment::reducedDim(x, name, withDimnames = FALSE) <- reduction$embedding
  }
  for (column in names(columns)) SummarizedExperiment::colData(x)[[column]] <- columns[[column]]
  S4Vectors::metadata(x)[[name]] <- result
  x
}

#' @exportS3Method
#' @noRd
storeExpression.SingleCellExperiment <- function(x, imputed) {
  explained <- attr(imputed, "explained")
  attr(imputed, "explained") <- NULL
  present <- "imputed" %in% SingleCellExperiment::altExpNames(x)
  if (present && !"explained" %in% names(SummarizedExperiment::rowData(SingleCellExperiment::altExp(x, "imputed")))) {
    tellImputed()
  }
  colnames(imputed) <- colnames(x)
  SingleCellExperiment::altExp(x, "imputed") <- SummarizedExperiment::SummarizedExperiment(
    list(logcounts = imputed), rowData = S4Vectors::DataFrame(explained = unname(explained))
  )
  x
}

#' @exportS3Method
#' @noRd
storeProportions.SingleCellExperiment <- function(x, proportions, earlier) {
  if ("proportions" %in% SingleCellExperiment::altExpNames(x) && !earlier) tellProportions()
  colnames(proportions) <- colnames(x)
  SingleCellExperiment::altExp(x, "proportions") <- SummarizedExperiment::SummarizedExperiment(
    list(proportions = proportions)
  )
  x
}

# `find` looks the places up where none are given.
scePlaces <- function(x, coords, slice, needed, drawn, find) {
  metadata <- objectMetadata(x)
  coords <- if (is.null(coords)) unlessUnknown(find(x, metadata, drawn), needed) else givenCoords(coords, metadata)
  list(coords = coords, slice = givenColumn(slice, metadata, "slice"))
}

sceCoords <- function(x, metadata, drawn) {
  reductions <- SingleCellExperiment::reducedDimNames(x)
  coords <- if ("spatial" %in% reductions) {
    if (!drawn) tell("Places are the reduced dimension \"spatial\".")
    `rownames<-`(as.matrix(SingleCellExperiment::reducedDim(x, "spatial")), NULL)
  } else {
    knownCoords(metadata, drawn = drawn)
  }
  if (is.null(coords)) {
    stopPlaces(
      metadata, "is missing, and `x` has neither a reduced dimension \"spatial\" nor columns with places",
      "Give a matrix of places, or the names of two columns of colData(x)."
    )
  }
  coords
}

# Array positions where the object has them and they are of use, otherwise its spatial coordinates: the columns that are
# called as axes are, or else the first two.
spatialPlaces <- function(x, metadata, drawn) {
  array <- knownCoords(metadata, list(c("array_col", "array_row")), drawn)
  places <- `rownames<-`(SpatialExperiment::spatialCoords(x), NULL)
  depth <- depthOf(places)
  if (length(unique(depth$values)) > 1) {
    return(places)
  }
  pair <- pairOf(colnames(places))
  if (is.null(pair) && ncol(places) > 2) places <- places[, 1:2, drop = FALSE]
  pixels <- if (ncol(places) >= 2) placeAxes(places, told = !drawn && is.null(array))
  if (is.null(array) && is.null(pixels)) {
    stopArgument("coords", "is missing, and spatialCoords(x) is empty", "Give a matrix of places.")
  }
  arrayOrPixels(array, pixels, metadata[["sample_id"]], drawn)
}
