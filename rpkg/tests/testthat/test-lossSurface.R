test_that("the surface has the fitted model in its middle and does not depend on threads or class", {
  surface <- lossSurface(quickFit, k = 3, points = 5, verbose = FALSE)
  expect_s3_class(surface, c("loss_surface", "data.frame"), exact = TRUE)
  expect_named(surface, c("alpha", "beta", "loss", "agreement"))
  expect_equal(sort(unique(surface$alpha)), c(-1, -0.5, 0, 0.5, 1))
  expect_identical(nrow(unique(surface[c("alpha", "beta")])), 25L)
  middle <- surface[surface$alpha == 0 & surface$beta == 0, ]
  expect_gt(middle$agreement, 0.97)
  expect_true(all(surface$loss >= middle$loss))
  expect_identical(lossSurface(quickFit, k = 3, points = 5, threads = 1, verbose = FALSE), surface)
  other <- lossSurface(quickFit, k = 3, points = 3, seed = 2, radius = 0.5, verbose = FALSE)
  expect_equal(range(other$alpha), c(-0.5, 0.5))
  built(plotStabilitySurface(surface))
  built(plotStabilitySurface(surface, "agreement"))
  skip_if_not_installed("SingleCellExperiment")
  expect_identical(lossSurface(quick(sceSmall()), k = 3, points = 5, verbose = FALSE), surface)
})

test_that("spots without counts do not matter", {
  counts <- cbind(small$counts, empty = 0)
  coords <- rbind(small$coords, empty = c(20, 20))
  fit <- quick(counts, coords = coords)
  expect_identical(
    lossSurface(fit, k = 3, points = 3, verbose = FALSE), lossSurface(quickFit, k = 3, points = 3, verbose = FALSE)
  )
})

test_that("bad input names the argument", {
  expectArgumentError(lossSurface(1, k = 3), "fit")
  expectArgumentError(lossSurface(quickFit), "k")
  expectArgumentError(lossSurface(quickFit, k = NULL), "k")
  expectArgumentError(lossSurface(quickFit, k = 1), "k")
  expectArgumentError(lossSurface(quickFit, k = 3, points = 4), "points", "odd")
  expectArgumentError(lossSurface(quickFit, k = 3, radius = 0), "radius")
})
