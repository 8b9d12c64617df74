genes <- rownames(small$counts)[c(7, 2, 30)]
imputeSmall <- function(x = small$counts, features = genes, ...) {
  suppressMessages(imputeExpression(x, features, verbose = FALSE, ...), "starscape_message")
}
imputed <- imputeSmall(fit = quickFit)

test_that("any gene is imputed on the scale of log-normalised expression", {
  expect_identical(dim(imputed), c(3L, 144L))
  expect_identical(dimnames(imputed), list(genes, colnames(small$counts)))
  expect_true(all(imputed >= 0))
  share <- Matrix::rowSums(small$counts[genes, ]) / sum(small$counts)
  expect_equal(rowMeans(imputed), log1p(1e4 * share), tolerance = 0.2)
  explained <- attr(imputed, "explained")
  expect_named(explained, genes)
  expect_true(all(explained >= 0 & explained < 1))
  unused <- quick(small$counts, coords = small$coords, features = setdiff(rownames(small$counts), genes))
  expect_gt(stats::cor(imputeSmall(fit = unused)[1, ], imputed[1, ]), 0.97)
  whole <- imputeSmall(features = NULL, fit = unused)
  expect_identical(rownames(whole), unused$features)
})

test_that("a gene does not depend on the others asked for, on threads or on the class of the counts", {
  expect_identical(imputeSmall(features = genes[2], fit = quickFit)[1, ], imputed[2, ])
  expect_identical(imputeSmall(fit = quickFit, threads = 1), imputed)
  forms <- list(as.matrix(small$counts), methods::as(small$counts, "TsparseMatrix"))
  if (requireNamespace("DelayedArray", quietly = TRUE)) forms <- c(forms, DelayedArray::DelayedArray(small$counts))
  for (form in forms) expect_identical(imputeSmall(form, fit = quickFit), imputed)
  expect_identical(imputeSmall(small$counts[, 144:1], fit = quickFit), imputed)
})

test_that("imputed expression follows the domains better than the counts do", {
  share <- log1p(1e4 * t(t(as.matrix(small$counts)) / Matrix::colSums(small$counts)))
  profile <- t(apply(share, 1, function(values) stats::ave(values, small$labels)))
  found <- imputeSmall(features = NULL, fit = quickFit)
  # Without those that come out at their mean.
  varied <- rownames(found)[which(attr(found, "explained") > 0)]
  expect_gt(length(varied), 60)
  agreement <- function(values) mean(diag(stats::cor(t(values[varied, ]), t(profile[varied, ]))))
  expect_gt(agreement(found), agreement(share) + 0.1)
})

test_that("spots and genes without counts", {
  counts <- rbind(silent = 0, cbind(empty = 0, small$counts))
  fit <- quick(counts, coords = rbind(empty = c(20, 20), small$coords))
  found <- imputeSmall(counts, c(genes, "silent"), fit = fit)
  expect_true(all(is.na(found[, "empty"])))
  expect_identical(found[genes, -1], imputed[, ], ignore_attr = TRUE)
  expect_true(all(found["silent", -1] == 0))
  expect_identical(is.na(attr(found, "explained")), c(FALSE, FALSE, FALSE, TRUE), ignore_attr = TRUE)
})

test_that("each slice has a level of its own", {
  fit <- quick(pair$counts, pair$coords, slice = pair$slice)
  counts <- as.matrix(pair$counts)
  second <- pair$slice == levels(pair$slice)[[2]]
  found <- expm1(imputeSmall(counts, rownames(counts)[1:20], fit = fit))
  sizes <- colSums(counts)
  for (own in list(second, !second)) {
    # Weighted means per slice are those of the counts, but for values that were raised to 0.
    mean <- (found[, own] %*% sizes[own]) / sum(sizes[own])
    expect_equal(mean[, 1], 1e4 * rowSums(counts[1:20, own]) / sum(sizes[own]), tolerance = 0.01)
  }
})

test_that("a SingleCellExperiment gets an alternative experiment", {
  skip_if_not_installed("SingleCellExperiment")
  object <- imputeSmall(quick(sceSmall()))
  stored <- SingleCellExperiment::altExp(object, "imputed")
  values <- SummarizedExperiment::assay(stored, "logcounts")
  expect_identical(values, imputed[, ], ignore_attr = TRUE)
  expect_identical(SummarizedExperiment::rowData(stored)$explained, unname(attr(imputed, "explained")))
  expect_identical(dim(imputeSmall(object[, 11:60])), dim(object[, 11:60]))
  nameless <- sceSmall()
  colnames(nameless) <- NULL
  nameless <- imputeSmall(quick(nameless))
  expect_null(colnames(SingleCellExperiment::altExp(nameless, "imputed")))
})

test_that("a SpatialExperiment gets an alternative experiment", {
  skip_if_not_installed("SpatialExperiment")
  spatial <- SpatialExperiment::SpatialExperiment(
    assays = list(counts = small$counts), spatialCoords = as.matrix(small$coords)
  )
  object <- imputeSmall(quick(spatial))
  expect_s4_class(object, "SpatialExperiment")
  stored <- SingleCellExperiment::altExp(object, "imputed")
  expect_identical(SummarizedExperiment::assay(stored, "logcounts"), imputed[, ], ignore_attr = TRUE)
})

test_that("a Seurat object gets an assay", {
  skip_if_not_installed("SeuratObject")
  object <- quick(seuratSmall())
  active <- SeuratObject::DefaultAssay(object)
  expect_no_warning(object <- imputeSmall(object))
  expect_identical(SeuratObject::DefaultAssay(object), active)
  holder <- object[["imputed"]]
  expect_identical(as.matrix(SeuratObject::GetAssayData(holder, "data")), imputed[, ], ignore_attr = TRUE)
  expect_identical(holder[["explained"]][[1]], unname(attr(imputed, "explained")))
  built(plotDomains(object, genes[[1]], assay = "imputed"))
  # Once more, with other genes.
  expect_identical(rownames(imputeSmall(object, genes[2:3])[["imputed"]]), genes[2:3])
  counts <- small$counts
  counts[, 4] <- 0
  padded <- imputeSmall(quick(seuratSmall(list(
    counts = counts, coords = small$coords, slice = small$slice, labels = small$labels
  ))))
  expect_true(all(is.na(SeuratObject::GetAssayData(padded[["imputed"]], "data")[, 4])))
})

test_that("bad input names the argument", {
  expectArgumentError(imputeSmall(fit = quickFit, features = c(genes, "none")), "features", "none")
  expectArgumentError(imputeSmall(fit = quickFit, features = 1:3), "features")
  expectArgumentError(imputeSmall(fit = quickFit, features = character()), "features")
  expectArgumentError(imputeSmall(small$counts[-1, ], NULL, fit = quickFit), "x", "no row for 1 genes")
  expectArgumentError(imputeSmall(), "fit", "missing")
  expectArgumentError(imputeSmall(fit = 3), "fit")
  expectArgumentError(imputeSmall(quickFit, fit = quickFit), "x", "counts")
  expectArgumentError(imputeSmall(small$counts[, -3], fit = quickFit), "x", "no column for 1 spots")
  expectArgumentError(imputeSmall(pair$counts, NULL, fit = quickFit), "x")
  expectArgumentError(imputeSmall(as.data.frame(as.matrix(small$counts)), fit = quickFit), "x")
  expectArgumentError(imputeSmall(fit = quickFit, threads = 0), "threads")
  expectArgumentError(imputeSmall(fit = quickFit, thread = 1, k = 2), "k")
  skip_if_not_installed("SingleCellExperiment")
  fitted <- quick(sceSmall())
  expectArgumentError(imputeSmall(sceSmall()), "x", "runStarscape")
  expectArgumentError(imputeSmall(fitted, assay = "raw"), "assay")
  skip_if_not_installed("SeuratObject")
  bare <- seuratSmall()
  fitted <- quick(bare)
  expectArgumentError(imputeSmall(bare), "x", "runStarscape")
  expectArgumentError(imputeSmall(fitted, layer = "raw"), "layer")
})

test_that("levels are those of the batches of the fit", {
  impute <- function(fit) imputeExpression(two$counts, "gene1", fit = fit, verbose = FALSE)
  two <- simulateSlices(slices = 2, rows = 14, columns = 14, genes = 60, domains = 3, batch = 1, seed = 3)
  fit <- quick(two$counts, two$coords, slice = two$slice)
  whole <- quick(two$counts, two$coords, slice = two$slice, batch = FALSE)
  expect_false(identical(impute(fit), impute(whole)))
  # The part that a gene has in the scores is that of the same standardisation.
  scaled <- fit
  scaled["batch"] <- list(NULL)
  expect_false(identical(impute(fit), impute(scaled)))
  old <- fit
  old$network <- NULL
  expectArgumentError(impute(old), "fit", "another version")
})
