# One section in every class of input gives the same bits.

embeddingOf <- function(x, ...) {
  found <- quick(x, ...)
  fit <- if (inherits(found, "starscape_fit")) {
    found
  } else if (methods::is(found, "Seurat")) {
    SeuratObject::Misc(found, "starscape")
  } else {
    S4Vectors::metadata(found)$starscape
  }
  unname(fit$embedding)
}
expected <- unname(quickFit$embedding)
whole <- methods::as(small$counts, "CsparseMatrix")

test_that("every class of matrix gives the same bits", {
  dense <- as.matrix(whole)
  integers <- dense
  storage.mode(integers) <- "integer"
  forms <- list(
    dense = dense, integers = integers, columns = whole, rows = methods::as(whole, "RsparseMatrix"),
    triplets = methods::as(whole, "TsparseMatrix")
  )
  for (form in names(forms)) expect_identical(embeddingOf(forms[[form]], small$coords), expected, label = form)
  present <- whole > 0
  expect_s4_class(present, "lgCMatrix")
  expect_identical(embeddingOf(present, small$coords), embeddingOf(1 * as.matrix(present), small$coords))
})

test_that("matrices on disk give the same bits, sparse ones by sparse blocks", {
  skip_if_not_installed("HDF5Array")
  files <- tempfile(fileext = c(".h5", ".h5"))
  on.exit(unlink(files))
  forms <- list(
    delayed = DelayedArray::DelayedArray(whole),
    hdf5 = HDF5Array::writeHDF5Array(whole, files[[1]], "counts", chunkdim = c(20, 20), with.dimnames = TRUE)
  )
  if (requireNamespace("SparseArray", quietly = TRUE)) forms$sparse <- methods::as(whole, "SVT_SparseMatrix")
  # Earlier versions cannot open what they wrote.
  if (utils::packageVersion("HDF5Array") >= "1.30") {
    forms$tenx <- HDF5Array::writeTENxMatrix(whole, files[[2]], "matrix")
    expect_true(DelayedArray::is_sparse(forms$tenx))
  }
  # Several blocks, not one.
  size <- DelayedArray::getAutoBlockSize()
  on.exit(suppressMessages(DelayedArray::setAutoBlockSize(size)), add = TRUE)
  suppressMessages(DelayedArray::setAutoBlockSize(80 * 8 * 10))
  for (form in names(forms)) {
    expect_identical(asCounts(forms[[form]]), whole, label = form)
    expect_identical(embeddingOf(forms[[form]], small$coords), expected, label = form)
  }
})

test_that("matrices that hold no numbers, or whose file is gone, are refused by name", {
  skip_if_not_installed("HDF5Array")
  text <- DelayedArray::DelayedArray(matrix("1", 80, 144))
  expectArgumentError(quick(text, unname(small$coords)), "x", "type character")
  file <- tempfile(fileext = ".h5")
  gone <- HDF5Array::writeHDF5Array(as.matrix(whole), file, "counts", with.dimnames = TRUE)
  object <- sceSmall(counts = gone)
  unlink(file)
  expectArgumentError(quick(gone, small$coords), "x", "cannot be read")
  expectArgumentError(plotDomains(object, rownames(object)[[1]]), "x", "cannot be read")
})

# A class with the generics of BPCells' matrices.
methods::setClass("IterableMatrix", slots = c(held = "dgCMatrix"), where = environment())
methods::setMethod("dim", "IterableMatrix", function(x) dim(x@held), where = environment())
methods::setMethod("dimnames", "IterableMatrix", function(x) dimnames(x@held), where = environment())
methods::setMethod("[", "IterableMatrix", function(x, i, j, ..., drop = TRUE) {
  rows <- if (missing(i)) seq_len(nrow(x@held)) else i
  columns <- if (missing(j)) seq_len(ncol(x@held)) else j
  methods::new("IterableMatrix", held = x@held[rows, columns, drop = FALSE])
}, where = environment())
methods::setAs("IterableMatrix", "dgCMatrix", function(from) from@held, where = environment())

test_that("an IterableMatrix is read through its own generics", {
  iterable <- methods::new("IterableMatrix", held = whole)
  expect_identical(asCounts(iterable), whole)
  expect_identical(embeddingOf(iterable, small$coords), expected)
  shown <- domainMarkers(iterable, small$labels, coords = small$coords, correct = "none", verbose = FALSE)
  expect_identical(shown, domainMarkers(whole, small$labels, coords = small$coords, correct = "none", verbose = FALSE))
  drawn <- plotDomains(small$coords, features = iterable[1:2, ])$data
  expect_identical(drawn, plotDomains(small$coords, features = whole[1:2, ])$data)
  parts <- lapply(list(1:72, 73:144), function(own) methods::new("IterableMatrix", held = whole[, own]))
  expect_identical(joinLayers(parts, colnames(whole)), whole)
})

test_that("objects give the same bits", {
  skip_if_not_installed("SingleCellExperiment")
  sce <- SingleCellExperiment::SingleCellExperiment(list(counts = whole))
  SingleCellExperiment::reducedDim(sce, "spatial") <- small$coords * 1
  expect_identical(embeddingOf(sce), expected)
  skip_if_not_installed("SpatialExperiment")
  spe <- SpatialExperiment::SpatialExperiment(list(counts = whole), spatialCoords = small$coords * 1)
  expect_identical(embeddingOf(spe), expected)
})

test_that("Seurat objects give the same bits, with assays of version 3 and 5, split and joined", {
  skip_if_not_installed("SeuratObject")
  places <- data.frame(small$coords)
  third <- SeuratObject::CreateSeuratObject(whole, meta.data = places)
  third[["RNA"]] <- SeuratObject::CreateAssayObject(whole)
  expect_identical(embeddingOf(third), expected)
  skip_if_not_installed("SeuratObject", "5.0.0")
  joined <- SeuratObject::CreateSeuratObject(SeuratObject::CreateAssay5Object(whole), meta.data = places)
  expect_identical(embeddingOf(joined), expected)
  parted <- joined
  parted[["RNA"]] <- split(parted[["RNA"]], f = rep(c("one", "other"), 72))
  expect_identical(embeddingOf(parted), expected)
})

test_that("more values than a sparse matrix of R can hold are refused while they are read", {
  read <- 0
  block <- function(columns) {
    read <<- read + 1
    small$counts[, columns, drop = FALSE]
  }
  reader <- starscape:::blockReader(block, most = length(small$counts[, 1:20]@x))
  reader(1:10)
  expectArgumentError(lapply(list(11:20, 21:30, 31:40), reader), "x", "more than a sparse matrix of R holds")
  expect_identical(read, 3)
  expect_silent(starscape:::gateStored(2^31 - 1))
  expectArgumentError(starscape:::gateStored(2^31), "x", "2147483648 values that are not 0")
  # The reason is not lost on the way from a file.
  expectArgumentError(starscape:::fromDisk(starscape:::gateStored(2^31)), "x", "more than a sparse matrix")
})
