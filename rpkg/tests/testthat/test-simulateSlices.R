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

test_that("a factor model draws other counts of the same layout, and its source is another part of the tissue", {
  draw <- function(...) simulateSlices(rows = 20, columns = 20, genes = 100, domains = 3, layout = "potts", ...)
  alone <- draw(model = "factor", nFactors = 4, separation = 6)
  with <- draw(model = "factor", nFactors = 4, separation = 6, source = TRUE)
  expect_identical(with[names(alone)], unclass(alone)[names(alone)])
  expect_identical(alone$labels, draw()$labels)
  expect_false(identical(alone$counts, draw()$counts))
  source <- with$source
  expect_named(source, c("counts", "coords", "labels"))
  expect_identical(dim(source$counts), dim(with$counts))
  expect_identical(rownames(source$coords), colnames(source$counts))
  expect_false(identical(source$labels, with$labels))
  # Domains of the same name have the same profile in both parts.
  profile <- function(part) {
    shares <- log1p(1e4 * part$counts %*% Matrix::Diagonal(x = 1 / Matrix::colSums(part$counts)))
    means <- vapply(levels(part$labels), function(k) Matrix::rowMeans(shares[, part$labels == k]), numeric(100))
    means - rowMeans(means)
  }
  agreement <- stats::cor(profile(with), profile(source))
  expect_true(all(diag(agreement) > 0.8))
  expect_true(all(agreement[row(agreement) != col(agreement)] < 0.2))
})

test_that("values of the factor model outside their range are named", {
  expectArgumentError(simulateSlices(model = "normal"), "model", "factor")
  expectArgumentError(simulateSlices(nFactors = 0), "nFactors")
  expectArgumentError(simulateSlices(separation = -1), "separation")
  expectArgumentError(simulateSlices(source = NA), "source")
})

test_that("every setting reaches the counts, and they are as deep and as spread as asked for", {
  draw <- function(...) simulateSlices(rows = 20, columns = 20, genes = 100, domains = 3, seed = 2, ...)
  plain <- draw()$counts
  settings <- list(
    librarySize = 100, librarySpread = 0, dispersion = 0.5, markerShare = 0.3, logFoldChange = 2, gradient = 0.5
  )
  for (setting in names(settings)) {
    expect_false(identical(do.call(draw, settings[setting])$counts, plain), label = setting)
    expectArgumentError(do.call(draw, stats::setNames(list(-1), setting)), setting)
  }
  shallow <- Matrix::colSums(draw(librarySize = 100, librarySpread = 0)$counts)
  expect_equal(stats::median(shallow), 100, tolerance = 0.05)
  # Without a spread of their own totals vary as negative binomial counts do.
  expect_lt(stats::sd(log(shallow)), 0.2)
  expect_gt(stats::sd(log(Matrix::colSums(plain))), 0.3)
})
