# Whatever holds counts -> dgCMatrix, genes x spots. A sparse matrix is never made dense as a whole.

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

# Splits the counts into the parts the core reads in place.
countParts <- function(counts) {
  list(values = counts@x, rows = counts@i, offsets = counts@p, dim = counts@Dim)
}
