skip_if_not_installed("SingleCellExperiment")

stored <- function(object) S4Vectors::metadata(object)$starscape

test_that("a SingleCellExperiment comes back with its results", {
  sce <- sceSmall()
  SingleCellExperiment::altExp(sce, "tags") <- sceSmall()[1:3, ]
  object <- quick(sce)
  expect_s4_class(object, "SingleCellExperiment")
  expect_identical(SingleCellExperiment::reducedDim(object, "starscape"), quickFit$embedding)
  expect_identical(stored(object)$params, quickFit$params)
  expect_identical(SingleCellExperiment::altExp(object, "tags"), SingleCellExperiment::altExp(sce, "tags"))
  object <- findDomains(object, k = 3, verbose = FALSE)
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  expect_identical(object$domain, domains$domain)
  expect_identical(object$domain_confidence, domains$confidence)
  expect_identical(stored(object)$domains$k, 3L)
})

test_that("counts of every class, also delayed, give the same bits", {
  forms <- list(as.matrix(small$counts), methods::as(small$counts, "TsparseMatrix"))
  if (requireNamespace("DelayedArray", quietly = TRUE)) forms <- c(forms, DelayedArray::DelayedArray(small$counts))
  for (form in forms) {
    expect_identical(stored(quick(sceSmall(counts = form)))$embedding, quickFit$embedding)
  }
})

test_that("places come from columns, a matrix or a reduced dimension", {
  sce <- sceSmall()
  expect_identical(stored(quick(sce, coords = c("x", "y")))$embedding, quickFit$embedding)
  expectArgumentError(quick(sce, coords = c("x", "z")), "coords", "z")
  bare <- sce
  SummarizedExperiment::colData(bare) <- S4Vectors::DataFrame(row.names = colnames(sce))
  expectArgumentError(quick(bare), "coords", "missing")
  expect_identical(stored(quick(bare, coords = small$coords))$embedding, quickFit$embedding)
  SingleCellExperiment::reducedDim(bare, "spatial") <- small$coords
  expect_identical(stored(quick(bare))$embedding, quickFit$embedding)
})

test_that("slices come from a column or a vector", {
  expected <- quick(pair$counts, pair$coords, slice = pair$slice)$embedding
  expect_identical(stored(quick(sceSmall(pair), slice = "batch"))$embedding, expected)
  expect_identical(stored(quick(sceSmall(pair), slice = pair$slice))$embedding, expected)
  expect_identical(stored(quick(sceSmall(pair), slice = "batch", batch = "batch"))$embedding, expected)
  expectArgumentError(quick(sceSmall(pair), slice = "batch", batch = "sample"), "batch", "batch")
  expectArgumentError(quick(sceSmall(pair), slice = "sample"), "slice", "batch")
})

test_that("unknown assays and missing fits are named", {
  expectArgumentError(quick(sceSmall(), assay = "raw"), "assay", "counts")
  expectArgumentError(findDomains(sceSmall(), k = 3), "x", "runStarscape")
  expectArgumentError(plotHistory(sceSmall()), "x", "runStarscape")
})

test_that("results follow a subset, also without names", {
  rows <- 61:144
  expected <- domainsOfPart(rows)
  part <- findDomains(quick(sceSmall())[, rows], k = 2, verbose = FALSE)
  expect_identical(part$domain, expected$domain)
  nameless <- sceSmall()
  colnames(nameless) <- NULL
  part <- findDomains(quick(nameless)[, rows], k = 2, verbose = FALSE)
  expect_identical(part$domain, expected$domain)
  both <- quick(sceSmall())
  both <- SingleCellExperiment::cbind(both, both)
  expectArgumentError(findDomains(both, k = 2), "x", "144 spots")
})

test_that("a SpatialExperiment gives its places and samples", {
  skip_if_not_installed("SpatialExperiment")
  spe <- function(sim, ...) {
    SpatialExperiment::SpatialExperiment(
      list(counts = sim$counts), spatialCoords = sim$coords * 1, sample_id = as.character(sim$slice), ...
    )
  }
  object <- quick(spe(small))
  expect_s4_class(object, "SpatialExperiment")
  expect_identical(stored(object)$embedding, quickFit$embedding)
  object <- findDomains(object, k = 3, verbose = FALSE)
  expect_s3_class(object$domain, "factor")
  several <- stored(quick(spe(pair)))
  expect_identical(several$embedding, quick(pair$counts, pair$coords, slice = pair$slice)$embedding)
  expect_identical(levels(several$slice), levels(pair$slice))
  # Array positions are exact, pixels are rounded.
  array <- spe(small)
  array$array_col <- small$coords[, 1]
  array$array_row <- small$coords[, 2]
  SpatialExperiment::spatialCoords(array) <- small$coords * 57.3 + 11
  fitted <- quick(array)
  expect_identical(stored(fitted)$coords, small$coords * 1)
  SpatialExperiment::spatialCoords(fitted)[, 1] <- -SpatialExperiment::spatialCoords(fitted)[, 1]
  drawn <- as.matrix(plotDomains(fitted, small$labels)$data[c("x", "y")])
  expect_equal(unname(drawn), tissuePlaces(unname(SpatialExperiment::spatialCoords(fitted)), NULL))
  # Columns are places by their names.
  turned <- spe(small)
  SpatialExperiment::spatialCoords(turned) <- cbind(section = 5, y = small$coords[, 2], x = small$coords[, 1])
  expect_identical(stored(quick(turned))$coords, quickFit$coords)
  deep <- spe(small)
  SpatialExperiment::spatialCoords(deep) <- cbind(small$coords, z = rep(1:2, 72))
  expect_identical(levels(stored(quick(deep))$slice), c("z1", "z2"))
  depth <- seq_len(144) / 50
  SpatialExperiment::spatialCoords(deep) <- cbind(small$coords, z = depth)
  expect_identical(stored(quick(deep))$coords, cbind(small$coords, z = depth))
  deep$right <- small$coords[, 1]
  deep$down <- small$coords[, 2]
  deep$deep <- depth
  expect_identical(stored(quick(deep, coords = c("right", "down", "deep")))$graph, stored(quick(deep))$graph)
  # Unless they are of no use.
  array$array_row <- 0
  expect_message(
    fit <- runStarscape(array, latentDim = 5, epochs = 5, verbose = FALSE), "Pixels are taken",
    class = "starscape_message"
  )
  expect_identical(unname(stored(fit)$coords), unname(small$coords * 57.3 + 11))
  expect_s3_class(plotDomains(object), "ggplot")
  expect_s3_class(plotDomains(spe(pair), pair$labels), "ggplot")
})

test_that("an object is drawn as it lies now, and a fit as it was", {
  drawn <- function(x, ...) unname(as.matrix(plotDomains(x, small$labels, ...)$data[c("x", "y")]))
  from <- function(places) tissuePlaces(unname(places) * 1, NULL)
  object <- quick(sceSmall())
  before <- object$x
  object$x <- -object$y
  object$y <- before
  turned <- from(cbind(-small$coords[, 2], small$coords[, 1]))
  expect_identical(drawn(object), turned)
  expect_identical(drawn(stored(object)), from(small$coords))
  expect_identical(drawn(object[, 144:1]), turned[144:1, ], ignore_attr = TRUE)
  timed <- domainPseudotime(findDomains(object, k = 3, verbose = FALSE), "1", verbose = FALSE)
  expect_identical(unname(as.matrix(plotPseudotime(timed)$data[c("x", "y")])), turned)
  nodes <- plotDomainConnectivity(timed)$data
  expect_true(all(paste(nodes$x, nodes$y) %in% paste(turned[, 1], turned[, 2])))
  # The graph is that of the fit.
  expect_identical(objectFit(timed)$coords, small$coords * 1)
  # Places that the object lost, or that were given apart from it.
  object$y[[3]] <- NA
  expect_identical(drawn(object), from(small$coords))
  expect_identical(drawn(quick(sceSmall(), coords = small$coords[, 2:1])), drawn(sceSmall(), coords = small$coords))
})

test_that("a turned or mirrored image is drawn by its pixels", {
  array <- sceSmall()
  array$x <- array$y <- NULL
  array$array_col <- small$coords[, 1]
  array$array_row <- small$coords[, 2]
  drawn <- function(object, places) {
    object$pxl_col_in_fullres <- places[, 1]
    object$pxl_row_in_fullres <- places[, 2]
    unname(as.matrix(plotDomains(object, small$labels)$data[c("x", "y")]))
  }
  from <- function(places) tissuePlaces(unname(places) * 1, NULL)
  upright <- cbind(57.3 * small$coords[, 1], 57.3 * sqrt(3) * small$coords[, 2]) + 11
  expect_identical(drawn(array, upright), from(small$coords))
  # Pixels that have nothing to do with the array.
  expect_identical(drawn(array, cos(upright * 100)), from(small$coords))
  fitted <- quick(array)
  for (turned in list(upright %*% diag(c(-1, 1)), upright %*% diag(c(1, -1)), cbind(upright[, 2], -upright[, 1]))) {
    expect_equal(drawn(array, turned), from(turned))
    expect_equal(drawn(fitted, turned), from(turned))
  }
  expect_identical(stored(fitted)$coords, small$coords * 1)
})

test_that("domains go to a column of their own, and a user's column is not replaced without a word", {
  expectColumns(quick(sceSmall()))
})
