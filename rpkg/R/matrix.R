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
objectPlaces.default <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE, drawn = FALSE) {
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
objectFit.default <- function(x, name = "starscape", needed = TRUE) stopNoObject(x)

#' @exportS3Method
#' @noRd
reservedNames.default <- function(x) "spatial"

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
  if (methods::is(x, "dgCMatrix")) {
    x
  } else if (methods::is(x, "Matrix")) {
    asSparse(x)
  } else if (is.matrix(x) && (is.numeric(x) || is.logical(x))) {
    asSparse(unclass(x))
  } else if (isSparseArray(x)) {
    methods::as(x, "dgCMatrix")
  } else if (methods::is(x, "DelayedMatrix")) {
    joinBlocks(delayedBlocks(x), dim(x), dimnames(x))
  } else if (methods::is(x, "IterableMatrix")) {
    joinBlocks(iterableBlocks(x), dim(x), dimnames(x))
  } else {
    stopCountsClass(x)
  }
}

# One step of coercion at a time, as Matrix asks for since 1.5.
asSparse <- function(x) {
  methods::as(methods::as(methods::as(x, "dMatrix"), "generalMatrix"), "CsparseMatrix")
}

# What can be read as counts.
isMatrix <- function(x) {
  is.matrix(x) || methods::is(x, "Matrix") || methods::is(x, "DelayedMatrix") || methods::is(x, "IterableMatrix") ||
    isSparseArray(x)
}

isSparseArray <- function(x) methods::is(x, "SVT_SparseMatrix") || methods::is(x, "COO_SparseMatrix")

# Blocks of columns of a matrix that may lie on disk. Those of a sparse one, such as a TENxMatrix, are read sparse.
delayedBlocks <- function(x) {
  needPackage("DelayedArray")
  type <- tryCatch(DelayedArray::type(x), error = function(error) "double")
  if (!type %in% c("double", "integer", "logical")) {
    stopArgument("x", sprintf("holds values of type %s", type), "Give counts, genes x spots.")
  }
  fromDisk(DelayedArray::blockApply(
    x, function(block) if (methods::is(block, "Array")) methods::as(block, "dgCMatrix") else asSparse(block),
    grid = DelayedArray::colAutoGrid(x), as.sparse = DelayedArray::is_sparse(x), BPPARAM = NULL
  ))
}

# What may lie on disk, in a file that has moved, or ends early.
fromDisk <- function(code) {
  tryCatch(code, error = function(error) {
    stopArgument("x", "cannot be read from where it lies", conditionMessage(error))
  })
}

# The values of one gene in these columns; NA for those that are NA.
geneOf <- function(values, gene, columns) {
  known <- which(!is.na(columns))
  found <- asCounts(fromDisk(values[gene, columns[known], drop = FALSE]))
  replace(rep(NA_real_, length(columns)), known, as.vector(as.matrix(found)))
}

# The same of BPCells, by the generics of its class.
iterableBlocks <- function(x) {
  width <- max(1, 1e8 %/% max(nrow(x), 1))
  lapply(seq(1, max(ncol(x), 1), by = width), function(first) {
    methods::as(x[, seq_len(ncol(x))[first:min(first + width - 1, ncol(x))], drop = FALSE], "dgCMatrix")
  })
}

# Blocks side by side. The values are joined first and let go, so that never two whole copies are held.
joinBlocks <- function(blocks, dim, names) {
  offsets <- c(0, cumsum(as.double(unlist(lapply(blocks, function(block) diff(block@p))))))
  if (offsets[[length(offsets)]] > .Machine$integer.max) {
    stopArgument(
      "x", sprintf("has %.0f values that are not 0, more than a sparse matrix of R holds", offsets[[length(offsets)]]),
      "Give fewer spots, or leave genes out."
    )
  }
  rows <- lapply(blocks, function(block) block@i)
  values <- lapply(blocks, function(block) block@x)
  rm(blocks)
  values <- unlist(values)
  rows <- unlist(rows)
  methods::new(
    "dgCMatrix", i = as.integer(rows), p = as.integer(offsets), x = as.double(values), Dim = as.integer(dim),
    Dimnames = if (is.null(names)) list(NULL, NULL) else names
  )
}

stopCountsClass <- function(x) {
  if (is.data.frame(x)) {
    stopArgument("x", "is a data frame", "Give a matrix of counts, genes x spots: as.matrix(x).")
  }
  if (is.matrix(x)) {
    stopArgument("x", sprintf("holds values of type %s", typeof(x)), "Give counts, genes x spots.")
  }
  stopArgument(
    "x", sprintf("has class %s", paste(class(x), collapse = "/")),
    paste(
      "Give a numeric matrix of counts, genes x spots (dense, sparse from Matrix, DelayedMatrix or IterableMatrix),",
      "or a Seurat, SingleCellExperiment or SpatialExperiment object."
    )
  )
}

