# Matrices of counts, whatever holds them -> dgCMatrix, genes x spots. A sparse matrix is never made dense as a whole.

#' @exportS3Method
#' @noRd
objectPackage.default <- function(x) NULL

# What is no matrix either is refused where counts are read.
#' @exportS3Method
#' @noRd
objectCounts.default <- function(x, assay = NULL, layer = NULL) x

#' @exportS3Method
#' @noRd
fittedCounts.default <- function(x, counts, fit) counts

#' @exportS3Method
#' @noRd
objectPlaces.default <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE) {
  list(coords = coords, slice = slice)
}

#' @exportS3Method
#' @noRd
objectSamples.default <- function(x) NULL

#' @exportS3Method
#' @noRd
objectMetadata.default <- function(x, spots = NULL) stopNoObject(x)

#' @exportS3Method
#' @noRd
objectResult.default <- function(x, name) x

#' @exportS3Method
#' @noRd
objectFit.default <- function(x, needed = TRUE) stopNoObject(x)

#' @exportS3Method
#' @noRd
objectGene.default <- function(x, gene, spots, assay = NULL, layer = NULL, argument = "domain") stopNoObject(x)

#' @exportS3Method
#' @noRd
storeResult.default <- function(x, name, result, columns = NULL, reduction = NULL, assay = NULL) stopNoObject(x)

#' @exportS3Method
#' @noRd
storeExpression.default <- function(x, imputed) stopNoObject(x)

asCounts <- function(x) {
  counts <- if (methods::is(x, "dgCMatrix")) {
    x
  } else if (methods::is(x, "Matrix")) {
    asSparse(x)
  } else if (is.matrix(x) && (is.numeric(x) || is.logical(x))) {
    asSparse(unclass(x))
  } else if (methods::is(x, "DelayedMatrix")) {
    blocksToCounts(x)
  } else {
    stopCountsClass(x)
  }
  # A stored zero is no count; without it all classes give the core the same bits.
  if (any(counts@x == 0, na.rm = TRUE)) Matrix::drop0(counts) else counts
}

# One step of coercion at a time, as Matrix asks for since 1.5.
asSparse <- function(x) {
  methods::as(methods::as(methods::as(x, "dMatrix"), "generalMatrix"), "CsparseMatrix")
}

# Reads a matrix that may lie on disk by blocks of columns.
blocksToCounts <- function(x) {
  needPackage("DelayedArray")
  blocks <- DelayedArray::blockApply(x, asSparse, grid = DelayedArray::colAutoGrid(x), BPPARAM = NULL)
  counts <- do.call(cbind, blocks)
  dimnames(counts) <- dimnames(x)
  counts
}

stopCountsClass <- function(x) {
  if (is.data.frame(x)) {
    stopArgument("x", "is a data frame", "Give a matrix of counts, genes x spots: as.matrix(x).")
  }
  stopArgument(
    "x", sprintf("has class %s", paste(class(x), collapse = "/")),
    paste(
      "Give a numeric matrix of counts, genes x spots (dense, sparse from Matrix, or DelayedMatrix),",
      "or a Seurat, SingleCellExperiment or SpatialExperiment object."
    )
  )
}

isMatrix <- function(x) is.matrix(x) || methods::is(x, "Matrix") || methods::is(x, "DelayedMatrix")
