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
storeProportions.default <- function(x, proportions, earlier) stopNoObject(x)

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
    joinBlocks(function() delayedBlocks(x), dim(x), dimnames(x))
  } else if (methods::is(x, "IterableMatrix")) {
    joinBlocks(function() iterableBlocks(x), dim(x), dimnames(x))
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
  sparse <- function(block) if (methods::is(block, "Array")) methods::as(block, "dgCMatrix") else asSparse(block)
  fromDisk({
    stored <- DelayedArray::is_sparse(x)
    DelayedArray::blockApply(x, blockReader(sparse), grid = delayedGrid(x, stored), as.sparse = stored, BPPARAM = NULL)
  })
}

# Columns of a sparse matrix lie one after the other, so that narrow blocks cost little and need less memory.
delayedGrid <- function(x, sparse) {
  grid <- DelayedArray::colAutoGrid(x)
  if (!sparse || length(grid) == 0) grid else DelayedArray::colAutoGrid(x, ncol = max(1L, ncol(grid[[1L]]) %/% 4L))
}

# What may lie on disk, in a file that has moved, or ends early.
fromDisk <- function(code) {
  tryCatch(code, error = function(error) {
    if (inherits(error, "starscape_error")) rlang::cnd_signal(error)
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
  read <- blockReader(function(columns) methods::as(x[, columns, drop = FALSE], "dgCMatrix"))
  lapply(seq(1, max(ncol(x), 1), by = width), function(first) {
    read(seq_len(ncol(x))[first:min(first + width - 1, ncol(x))])
  })
}

# Makes blocks sparse one after the other, and stops as soon as they hold too much together. Whole numbers wait in half
# of the memory.
blockReader <- function(sparse, most = .Machine$integer.max) {
  stored <- 0
  function(block) {
    block <- sparse(block)
    stored <<- stored + length(block@x)
    gateStored(stored, most)
    values <- block@x
    whole <- all(abs(values) <= .Machine$integer.max) && all(values == trunc(values))
    list(stored = diff(block@p), rows = block@i, values = if (isTRUE(whole)) as.integer(values) else values)
  }
}

# A sparse matrix of R counts its values in 32 bits.
gateStored <- function(stored, most = .Machine$integer.max) {
  if (stored > most) {
    stopArgument(
      "x", sprintf("has at least %.0f values that are not 0, more than a sparse matrix of R holds", stored),
      "Give fewer spots, or leave genes out."
    )
  }
}

# Blocks side by side. Rows are joined first and let go, so that never two whole copies are held. `read` gives the
# blocks: an argument would hold them to the end of the call.
joinBlocks <- function(read, dim, names) {
  blocks <- read()
  offsets <- c(0, cumsum(as.double(unlist(lapply(blocks, `[[`, "stored")))))
  rows <- lapply(blocks, `[[`, "rows")
  values <- lapply(blocks, `[[`, "values")
  rm(blocks)
  rows <- as.integer(unlist(rows))
  # One block of other numbers makes all of them so.
  values <- do.call(c, c(list(numeric()), values))
  # The core's memory is none that R sees: what reading left over is given back before the core takes its own.
  gc()
  methods::new(
    "dgCMatrix", i = rows, p = as.integer(offsets), x = values, Dim = as.integer(dim),
    Dimnames = if (is.null(names)) list(NULL, NULL) else names
  )
}

stopCountsClass <- function(x) {
  if (is.data.frame(x)) {
    numbers <- vapply(x, function(column) is.numeric(column) || is.logical(column), NA)
    hint <- if (sum(!numbers) == 1) {
      # With such a column all would be made text.
      sprintf("as.matrix() of all columns but \"%s\", with that one as row names.", names(x)[!numbers])
    } else {
      "as.matrix(x)."
    }
    stopArgument("x", "is a data frame", paste("Give a matrix of counts, genes x spots:", hint))
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
