test_that("loadings of dimensions are correlations with errors", {
  markers <- factorMarkers(small$counts, fit = quickFit, draws = 30, verbose = FALSE)
  expect_identical(nrow(markers), length(quickFit$features) * ncol(quickFit$embedding))
  expect_true(all(abs(markers$loading) <= 1 + 1e-8))
  own <- markers[markers$factor == "STAR_1", ]
  expect_false(is.unsorted(own$p_value))
  # The slope of the standardised Pearson residuals, computed on its own.
  counts <- as.matrix(small$counts)
  mean <- outer(rowSums(counts), colSums(counts)) / sum(counts)
  limit <- sqrt(ncol(counts))
  residual <- pmin(pmax((counts - mean) / sqrt(mean + mean^2 / 100), -limit), limit)
  gene <- own$gene[[1]]
  expected <- stats::cor(residual[gene, ], quickFit$embedding[, 1])
  expect_lt(abs(own$loading[[1]] - expected), 1e-6)
  expect_identical(markers, factorMarkers(small$counts, fit = quickFit, draws = 30, threads = 1, verbose = FALSE))
  few <- factorMarkers(small$counts, fit = quickFit, features = quickFit$features[1:2], draws = 5, verbose = FALSE)
  expect_setequal(few$gene, quickFit$features[1:2])
})

test_that("objects know their fits", {
  skip_if_not_installed("SingleCellExperiment")
  object <- suppressMessages(runStarscape(sceSmall(), latentDim = 5, epochs = 5, verbose = FALSE))
  markers <- factorMarkers(object, draws = 5, verbose = FALSE)
  expect_setequal(levels(markers$factor), paste0("STAR_", 1:5))
  expectArgumentError(factorMarkers(object, reduction = 3), "reduction")
  expectArgumentError(factorMarkers(object, reduction = "pca"), "x", "no starscape fit")
  expectArgumentError(factorMarkers(object, reduction = "transst"), "x", "runTransST")
  skip_if_not_installed("SeuratObject")
  object <- suppressWarnings(suppressMessages(
    runStarscape(seuratSmall(), coords = c("x", "y"), latentDim = 5, epochs = 5, verbose = FALSE)
  ))
  expect_identical(
    factorMarkers(object, draws = 5, verbose = FALSE)$p_value > 0.05, markers$p_value > 0.05
  )
})
