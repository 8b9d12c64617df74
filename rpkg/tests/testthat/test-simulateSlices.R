test_that("a simulation has the promised parts", {
  expect_s3_class(pair, "starscape_simulation")
  expect_s4_class(pair$counts, "dgCMatrix")
  expect_true(methods::validObject(pair$counts))
  expect_identical(dim(pair$counts), c(60L, 180L))
  expect_identical(anyDuplicated(colnames(pair$counts)), 0L)
  expect_identical(rownames(pair$coords), colnames(pair$counts))
  expect_identical(as.vector(table(pair$slice)), c(90L, 90L))
  expect_true(all(pair$labels %in% 1:3))
  expect_true(all(pair$counts@x == round(pair$counts@x)))
  expect_output(print(pair), "60 genes x 180 spots, 2 slices, 3 domains")
})

test_that("the seed decides, and both layouts work", {
  again <- simulateSlices(slices = 2, rows = 9, columns = 10, genes = 60, domains = 3, batch = 0.3, seed = 3)
  expect_identical(again, pair)
  other <- simulateSlices(rows = 9, columns = 10, genes = 60, domains = 3, layout = "potts", seed = 4)
  expect_identical(ncol(other$counts), 90L)
  expect_false(identical(simulateSlices(rows = 9, columns = 10, genes = 60, seed = 5)$counts@x, other$counts@x))
})

test_that("values outside their range are named", {
  expectArgumentError(simulateSlices(slices = 0), "slices")
  expectArgumentError(simulateSlices(rows = 1), "rows")
  expectArgumentError(simulateSlices(genes = "many"), "genes")
  expectArgumentError(simulateSlices(layout = "spiral"), "layout", "potts")
  expectArgumentError(simulateSlices(batch = -1), "batch")
  expectArgumentError(simulateSlices(seed = -1), "seed")
})
