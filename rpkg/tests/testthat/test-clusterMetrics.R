test_that("equal partitions agree fully, by whatever names", {
  metrics <- clusterMetrics(c("a", "a", "b", "c"), factor(c(3, 3, 1, 2)))
  expect_named(metrics, c("ARI", "NMI", "CA", "macroF1", "silhouette"))
  expect_equal(unname(metrics[1:4]), rep(1, 4))
  expect_true(is.na(metrics[["silhouette"]]))
})

test_that("values agree with hand calculation", {
  truth <- c(1, 1, 1, 2, 2, 2)
  labels <- c(1, 1, 2, 2, 2, 2)
  # Pairs together: 6 in truth, 7 in labels, 4 in both, 15 in all.
  expected <- 6 * 7 / 15
  metrics <- clusterMetrics(truth, labels)
  expect_equal(metrics[["ARI"]], (4 - expected) / ((6 + 7) / 2 - expected))
  expect_equal(metrics[["CA"]], 5 / 6)
  expect_equal(metrics[["macroF1"]], mean(c(0.8, 6 / 7)))
})

test_that("the silhouette is that of the labels", {
  embedding <- cbind(c(0, 1, 10, 11))
  labels <- c(1, 1, 2, 2)
  widths <- c((10.5 - 1) / 10.5, (9.5 - 1) / 9.5, (9.5 - 1) / 9.5, (10.5 - 1) / 10.5)
  expect_equal(clusterMetrics(labels, labels, embedding)[["silhouette"]], mean(widths))
})

test_that("spots without a label on either side are left out", {
  truth <- c(1, 1, 2, 2, NA, 1)
  labels <- c(1, 1, 2, 2, 1, NA)
  expect_equal(clusterMetrics(truth, labels)[["ARI"]], 1)
  embedding <- cbind(c(0, 1, 10, 11, 0.5, NA))
  expect_true(is.finite(clusterMetrics(truth, labels, embedding)[["silhouette"]]))
})

test_that("what cannot be compared is named", {
  expectArgumentError(clusterMetrics(1:3, 1:4), "labels", "4 labels for 3 spots")
  expectArgumentError(clusterMetrics(NULL, 1:4), "truth")
  expectArgumentError(clusterMetrics(list(1), 1), "truth")
  expectArgumentError(clusterMetrics(c(1, NA), c(NA, 1)), "truth", "no spot")
  expectArgumentError(clusterMetrics(1:3, 1:3, matrix(0, 2, 2)), "embedding", "2 rows for 3 spots")
  expectArgumentError(clusterMetrics(1:3, 1:3, matrix(NA_real_, 3, 2)), "embedding")
})

test_that("boundary spots are reported apart", {
  chain <- Matrix::sparseMatrix(1:5, 2:6, dims = c(6, 6), symmetric = TRUE)
  metrics <- clusterMetrics(c("a", "a", "a", "b", "b", NA), c(1, 1, 2, 2, 2, NA), graph = chain)
  expect_identical(metrics[["boundarySpots"]], 2)
  expect_identical(metrics[["boundaryCA"]], 0.5)
  expect_identical(unname(metrics[1:4]), unname(clusterMetrics(c("a", "a", "a", "b", "b"), c(1, 1, 2, 2, 2))[1:4]))
  expect_true(is.na(clusterMetrics(rep(1, 6), 1:6, graph = chain)[["boundaryCA"]]))
  expectArgumentError(clusterMetrics(1:5, 1:5, graph = chain), "graph")
})
