# What work takes, before it begins.

test_that("estimates come from the data or from a plan and grow with cells", {
  filled <- mean(as.matrix(small$counts) > 0)
  planned <- estimateResources(spots = ncol(small$counts), genes = nrow(small$counts), filled = filled)
  known <- estimateResources(small$counts)
  expect_equal(known, planned, ignore_attr = TRUE)
  expect_named(known, c("operation", "seconds", "gigabytes"))
  expect_true(all(known$seconds >= 0 & known$gigabytes > 0.2))
  large <- estimateResources(spots = 1e6, genes = 500, filled = 0.25)
  larger <- estimateResources(spots = 4e6, genes = 500, filled = 0.25)
  expect_equal(larger$seconds / large$seconds, rep(4, 5), tolerance = 0.3)
  expect_true(all(larger$gigabytes > large$gigabytes))
  # One thread takes about twice as long, and two slices as much as both.
  single <- estimateResources(spots = 1e6, genes = 500, filled = 0.25, threads = 1)
  expect_true(all(single$seconds > 1.5 * large$seconds))
  transcriptome <- estimateResources(spots = 1e6, genes = 20000, filled = 0.05)
  expect_true(all(is.finite(transcriptome$seconds)))
  expect_true(all(transcriptome$gigabytes > large$gigabytes))
  both <- estimateResources(list(small$counts, small$counts))
  expect_gt(both$gigabytes[[1]], 0)
  dense <- Matrix::Matrix(as.matrix(small$counts), sparse = FALSE)
  expect_equal(estimateResources(dense), known, ignore_attr = "free")
})

test_that("what cannot be estimated is refused by name", {
  expectArgumentError(estimateResources(), "spots", "missing")
  expectArgumentError(estimateResources(spots = 10, genes = 10), "filled", "missing")
  expectArgumentError(estimateResources(spots = 10, genes = 10, filled = 0), "filled")
  expectArgumentError(estimateResources(spots = -1, genes = 10, filled = 0.1), "spots")
  expectArgumentError(estimateResources("counts"), "x", "class character")
  expectArgumentError(estimateResources(small$counts, nFeatures = 0), "nFeatures")
})

test_that("a fit that has no room is refused before it begins", {
  expectArgumentError(starscape:::gateMemory(1e6, free = 1e9), "x", "GB of memory are needed")
  expect_silent(starscape:::gateMemory(1e12, free = NA))
  expect_silent(starscape:::gateMemory(1e5, free = 1e9))
  expect_true("gateMemory" %in% all.names(body(starscape:::runStarscape.default)))
})

test_that("free memory is a number of bytes, or not known", {
  free <- starscape:::freeMemory()
  expect_true(is.na(free) || free > 1e6 && free < 1e15)
})
