test_that("a fit has the promised parts", {
  fit <- quickFit
  spots <- colnames(small$counts)
  expect_s3_class(fit, "starscape_fit")
  expect_identical(dim(fit$embedding), c(144L, 5L))
  expect_identical(dimnames(fit$embedding), list(spots, paste0("STAR_", 1:5)))
  expect_identical(dimnames(fit$prior), dimnames(fit$embedding))
  expect_true(all(is.finite(fit$embedding)))
  expect_true(all(is.finite(fit$prior)))
  expect_named(
    fit$history,
    c("epoch", "total", "reconstruction", "kl", "telescope", "consistency", "prototype", "scale"),
    ignore.order = TRUE
  )
  expect_identical(nrow(fit$history), 5L)
  expect_true(all(is.finite(fit$history$total)))
  expect_true(all(fit$features %in% rownames(small$counts)))
  expect_identical(dimnames(fit$loadings), list(fit$features, paste0("STAR_", 1:5)))
  expect_true(all(diff(fit$singularValues) <= 0))
  expect_identical(fit$coords, small$coords * 1)
  expect_null(fit$slice)
  expect_identical(fit$params$seed, 1L)
})

test_that("the graph is symmetric, sparse and without loops", {
  graph <- quickFit$graph
  expect_s4_class(graph, "sparseMatrix")
  expect_true(Matrix::isSymmetric(graph))
  expect_identical(dimnames(graph), list(colnames(small$counts), colnames(small$counts)))
  expect_false(any(Matrix::diag(graph)))
  # Inside the array every spot has the six neighbours at distance 2 of the hexagonal grid.
  places <- cbind(small$coords[, 1], sqrt(3) * small$coords[, 2])
  near <- as.matrix(dist(places)) < 2.1
  diag(near) <- FALSE
  expect_true(identical(unname(as.matrix(graph)), unname(near)))
})

test_that("slices are never joined and are kept", {
  fit <- quick(pair$counts, pair$coords, slice = pair$slice)
  expect_identical(as.character(fit$slice), as.character(pair$slice))
  across <- fit$graph[pair$slice == "slice1", pair$slice == "slice2"]
  expect_equal(sum(across), 0)
  expect_output(print(fit), "2 slices")
})

test_that("every class of matrix gives the same bits", {
  expected <- quickFit[c("embedding", "prior", "history")]
  dense <- as.matrix(small$counts)
  whole <- dense
  storage.mode(whole) <- "integer"
  forms <- list(
    dense, whole, methods::as(small$counts, "TsparseMatrix"), methods::as(small$counts, "RsparseMatrix"),
    methods::as(small$counts, "unpackedMatrix")
  )
  for (form in forms) {
    expect_identical(quick(form, small$coords)[names(expected)], expected, info = class(form)[[1]])
  }
  # A stored zero counts for nothing.
  stored <- small$counts
  stored[2, 2] <- 1
  stored@x[stored@p[[2]] + which(stored@i[(stored@p[[2]] + 1):stored@p[[3]]] == 1)] <- 0
  other <- small$counts
  other[2, 2] <- 0
  expect_identical(quick(stored, small$coords)$embedding, quick(Matrix::drop0(other), small$coords)$embedding)
})

test_that("delayed matrices, also on disk, give the same bits", {
  skip_if_not_installed("DelayedArray")
  delayed <- DelayedArray::DelayedArray(small$counts)
  expect_identical(quick(delayed, small$coords)$embedding, quickFit$embedding)
  expect_identical(quick(DelayedArray::t(DelayedArray::t(delayed)), small$coords)$embedding, quickFit$embedding)
  skip_if_not_installed("HDF5Array")
  file <- tempfile(fileext = ".h5")
  on.exit(unlink(file))
  onDisk <- HDF5Array::writeHDF5Array(small$counts, file, "counts", chunkdim = c(20, 20), with.dimnames = TRUE)
  expect_identical(quick(onDisk, small$coords)$embedding, quickFit$embedding)
  # Several blocks, not one.
  size <- DelayedArray::getAutoBlockSize()
  on.exit(suppressMessages(DelayedArray::setAutoBlockSize(size)), add = TRUE)
  suppressMessages(DelayedArray::setAutoBlockSize(80 * 8 * 10))
  expect_identical(quick(onDisk, small$coords)$embedding, quickFit$embedding)
})

test_that("runs and threads give the same bits, and the seed matters", {
  for (threads in c(1, 2, 4)) {
    fit <- quick(small$counts, small$coords, threads = threads)
    expect_identical(fit[c("embedding", "prior", "history")], quickFit[c("embedding", "prior", "history")])
  }
  other <- quick(small$counts, small$coords, seed = 2)
  expect_identical(other$prior, quickFit$prior)
  expect_false(identical(other$embedding, quickFit$embedding))
})

test_that("R's random numbers are untouched", {
  generator <- function() if (exists(".Random.seed", globalenv())) get(".Random.seed", globalenv())
  before <- generator()
  fit <- quick(small$counts, small$coords)
  domains <- findDomains(fit, k = 3, verbose = FALSE)
  simulateSlices(rows = 6, columns = 6, genes = 10)
  clusterMetrics(small$labels, domains$domain, fit$embedding)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  print(plotDomains(fit, domains))
  expect_identical(generator(), before)
})

test_that("options and environment variables are untouched", {
  before <- list(options(), Sys.getenv())
  quick(small$counts, small$coords)
  expect_identical(list(options(), Sys.getenv()), before)
})

test_that("given genes win", {
  genes <- paste0("gene", 40:21)
  fit <- quick(small$counts, small$coords, features = c(genes, "gene40"))
  expect_setequal(fit$features, genes)
  expect_identical(fit$params$features, paste0("gene", 21:40))
  expect_output(print(fit), "given")
  expect_length(quick(small$counts, small$coords, nFeatures = 30)$features, 30)
})

test_that("all settings reach the core", {
  star <- function(...) starControl(..., share = 1)
  variants <- list(
    list(normalisation = "log"), list(featureSelection = "variance", nFeatures = 40),
    list(graph = graphControl("knn", k = 4)), list(graph = graphControl("delaunay")),
    list(graph = graphControl("radius", radius = 4)), list(graph = graphControl(steps = 5)),
    list(loss = lossControl(reconstruction = 3)), list(loss = lossControl(telescope = 0)),
    list(loss = lossControl(consistency = 10)), list(stability = star(members = 4)),
    list(stability = star("random")), list(stability = star(damping = 1e-8)),
    list(stability = star(sharpness = 0.1)), list(stability = star(averaging = 0)),
    list(stability = star(members = 4, perturbation = 0.5)), list(stability = starControl(share = 0.5))
  )
  for (variant in variants) {
    fit <- do.call(quick, c(list(small$counts, small$coords), variant))
    expect_false(identical(fit$embedding, quickFit$embedding), info = deparse(variant))
    expect_true(all(is.finite(fit$embedding)), info = deparse(variant))
  }
  expect_true(all(is.na(quick(small$counts, small$coords, loss = lossControl(telescope = 0))$history$telescope)))
})

test_that("the network has the part that held-out tiles give it, or the one asked for", {
  wide <- simulateSlices(rows = 30, columns = 30, genes = 80, domains = 3, seed = 2)
  told <- quick(wide$counts, wide$coords, epochs = 40, stability = starControl())
  expect_identical(told$network$share, 0)
  expect_identical(told$embedding, told$prior)
  expect_true(told$network$gain < 0.005 || told$network$gain < 3 * told$network$error)
  expect_identical(nrow(told$history), 20L)
  expect_output(print(told), "network: not used, its error")
  expect_message(
    few <- runStarscape(small$counts, small$coords, latentDim = 5, verbose = FALSE), "too few spots to try",
    class = "starscape_message"
  )
  expect_identical(few$embedding, few$prior)
  expect_identical(nrow(few$history), 0L)
  expect_output(print(few), "too few spots")
  expect_output(print(summary(few)), "graph")
  expect_output(print(quickFit), "1.00 of the way, as asked")
  half <- quick(small$counts, small$coords, stability = starControl(share = 0.5))
  expect_equal(half$embedding - half$prior, 0.5 * (quickFit$embedding - quickFit$prior))
  expectArgumentError(plotHistory(few), "x", "not used")
  expectArgumentError(starControl(share = 1.5), "share")
  expect_message(lossSurface(few, k = 2, points = 3, verbose = FALSE), "no part", class = "starscape_message")
})

test_that("spots without neighbours keep their prior, and are told", {
  apart <- small$coords
  apart[5, ] <- c(500, 500)
  expect_message(
    fit <- runStarscape(
      small$counts, apart, latentDim = 5, epochs = 5, stability = starControl(share = 1),
      graph = graphControl("radius", radius = 2.5), verbose = FALSE
    ), "1 spots without neighbours", class = "starscape_message"
  )
  expect_identical(fit$embedding[5, ], fit$prior[5, ])
  expect_false(identical(fit$embedding[6, ], fit$prior[6, ]))
})

test_that("little data are told", {
  told <- function(counts, coords, what) {
    expect_message(
      runStarscape(counts, coords, latentDim = 5, epochs = 2, verbose = FALSE), what, class = "starscape_message"
    )
  }
  told(small$counts[, 1:42], small$coords[1:42, ], "only 42 spots")
  shallow <- small$counts
  shallow@x <- pmin(shallow@x, 1)
  told(shallow[1:15, ], small$coords, "counts a spot")
})

test_that("print and summary tell the essentials", {
  expect_output(print(quickFit), "144 spots x 5 dimensions")
  expect_output(print(quickFit), "genes: 80 (pearson, moran)", fixed = TRUE)
  expect_output(print(quickFit), "views: scores of spots, averaged")
  expect_output(expect_invisible(print(quickFit)))
  overview <- summary(quickFit)
  expect_s3_class(overview, "summary.starscape_fit")
  expect_identical(overview$spots, 144L)
  expect_true("total" %in% overview$loss$term)
  expect_output(print(overview), "loss")
})

test_that("progress is shown when asked for", {
  # The package cli writes down what it would show; a fit that ends before the core is looked at has nothing to show.
  withr::local_options(cli.progress_show_after = 0, cli.progress_handlers_only = "logger")
  wide <- simulateSlices(rows = 40, columns = 40, genes = 200, domains = 3, seed = 1)
  shown <- function(verbose) capture.output(quick(wide$counts, wide$coords, epochs = 60, verbose = verbose))
  expect_match(shown(TRUE), "/60 (created|added|updated)", all = FALSE)
  expect_no_match(shown(FALSE), "created|added|updated")
})
