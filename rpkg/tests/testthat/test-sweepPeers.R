# Banksy and BayesSpace, by stand-ins where they are not installed.

skip_if_not_installed("SingleCellExperiment")

peerSweep <- function(method, seeds = 1:2, coords = small$coords, ...) sweepSmall(method, seeds, coords = coords, ...)
jittered <- withr::with_seed(1, small$coords + matrix(stats::runif(288, -3, 3), ncol = 2))

test_that("Banksy runs on lattices with what is advised for Visium, elsewhere with what is for cells", {
  noted <- standInPackage(banksyFunctions, "0.99.9")
  sweep <- peerSweep("banksy", npcs = 5)
  expect_identical(sweep$runs$status, c("ok", "ok"))
  compute <- noted$computeBanksy[[1]]
  expect_false(compute$compute_agf)
  expect_equal(compute$k_geom, 6)
  pca <- noted$runBanksyPCA
  expect_identical(pca[[1]]$lambda, 0.2)
  expect_false(pca[[1]]$use_agf)
  expect_null(pca[[1]]$group)
  expect_setequal(vapply(pca, `[[`, 0, "seed"), 1:2)
  expect_equal(noted$clusterBanksy[[1]][c("use_agf", "lambda", "npcs")], list(use_agf = FALSE, lambda = 0.2, npcs = 5))
  expect_identical(nrow(sweep$sources), 3L)
  peerSweep("banksy", coords = jittered)
  expect_equal(utils::tail(noted$computeBanksy, 1)[[1]]$k_geom, c(15, 30))
  expect_identical(utils::tail(noted$runBanksyPCA, 1)[[1]][c("use_agf", "lambda")], list(use_agf = TRUE, lambda = 0.8))
})

test_that("the settings of Banksy are the user's", {
  noted <- standInPackage(banksyFunctions, "0.99.9")
  used <- function(...) {
    peerSweep("banksy", 1, apart = FALSE, ...)
    compute <- utils::tail(noted$computeBanksy, 1)[[1]]
    list(compute$compute_agf, as.numeric(compute$k_geom), utils::tail(noted$runBanksyPCA, 1)[[1]]$lambda)
  }
  expect_identical(used(k_geom = 18, lambda = 0.3), list(FALSE, 18, 0.3))
  expect_identical(used(agf = TRUE), list(TRUE, c(6, 18), 0.2))
  expect_identical(used(k_geom = c(8, 16)), list(TRUE, c(8, 16), 0.2))
  expect_identical(used(k_geom = 8, agf = TRUE), list(TRUE, c(8, 8), 0.2))
  expect_identical(used(coords = jittered, agf = FALSE), list(FALSE, 15, 0.8))
  expectArgumentError(peerSweep("banksy", k_geom = 1), "k_geom", "whole numbers")
  expectArgumentError(peerSweep("banksy", k_geom = 1:3), "k_geom")
  expectArgumentError(peerSweep("banksy", k_geom = c(6, 18), agf = FALSE), "k_geom", "agf")
  expectArgumentError(peerSweep("banksy", agf = 1), "agf")
})

test_that("Banksy computes each slice alone and gives back the order of the spots", {
  noted <- standInPackage(banksyFunctions, "0.99.9")
  mixed <- order(rep(1:90, 2))
  counts <- pair$counts[, mixed]
  slice <- factor(pair$slice[mixed])
  sweep <- function(slice) {
    stabilitySweep(
      counts, "banksy", seeds = 1, k = 3, coords = pair$coords[mixed, ], slice = slice, npcs = 5, apart = FALSE,
      verbose = FALSE
    )
  }
  sweep(slice)
  expect_identical(vapply(noted$computeBanksy, `[[`, 0L, "spots"), as.vector(table(slice)))
  expect_identical(noted$computeBanksy[[1]]$names, colnames(counts)[slice == levels(slice)[[1]]])
  expect_identical(noted$runBanksyPCA[[1]]$names, colnames(counts))
  expect_identical(noted$runBanksyPCA[[1]]$group, "slice")
  tiny <- factor(replace(as.character(slice), c(1, 3), "tiny"))
  expectArgumentError(sweep(tiny), "slice", "three spots")
})

test_that("neighbours of a hexagonal array are looked for on its true grid", {
  standInPackage(banksyFunctions, "0.99.9")
  columns <- 2 * rep(1:12, 12) + rep(1:12, each = 12) %% 2
  object <- starscape:::quietly(list(quiet = TRUE), starscape:::banksyFeatures(
    small$counts, cbind(columns, rep(1:12, each = 12)), factor(rep(1, 144)), list(agf = FALSE, k_geom = 6)
  ))
  distances <- as.matrix(stats::dist(as.matrix(SummarizedExperiment::colData(object)[c("sdimx", "sdimy")])))
  expect_equal(sort(distances[78, ])[2:7], rep(2, 6), ignore_attr = TRUE)
})

test_that("lattices are told from other places", {
  slice <- factor(rep(1, 144))
  expect_true(starscape:::onLattice(small$coords, slice))
  expect_true(starscape:::onLattice(small$coords * 68.5 + 0.3, slice))
  expect_true(starscape:::onLattice(cbind(rep(1:12, 12), rep(1:12, each = 12)), slice))
  expect_false(starscape:::onLattice(jittered, slice))
  halves <- rep(1:2, each = 72)
  part <- rbind(small$coords[halves == 1, ], jittered[halves == 2, ])
  expect_false(starscape:::onLattice(part, factor(halves)))
})

test_that("small data are clamped", {
  noted <- standInPackage(banksyFunctions, "0.99.9")
  few <- small$counts[1:8, 1:14]
  run <- function(method, ...) {
    suppressMessages(stabilitySweep(
      few, method, seeds = 1, k = 2, coords = small$coords[1:14, ], verbose = FALSE, ...
    ), "starscape_message")
  }
  expect_identical(run("banksy", k_geom = c(15, 30))$runs$status, "ok")
  expect_equal(noted$computeBanksy[[1]]$k_geom, c(13, 13))
  expect_equal(noted$runBanksyPCA[[1]]$npcs, 7)
  expect_equal(noted$clusterBanksy[[1]]$k_neighbors, 13)
  noted <- standInPackage(bayesspaceFunctions, "1.15.3")
  expect_identical(run("bayesspace")$runs$status, "ok")
  expect_equal(noted$spatialPreprocess[[1]][c("n.PCs", "n.HVGs")], list(n.PCs = 7, n.HVGs = 8))
})

test_that("BayesSpace fits once a seed and takes its settings", {
  noted <- standInPackage(bayesspaceFunctions, "1.15.3")
  sweep <- peerSweep("bayesspace", 1:3)
  expect_identical(sweep$runs$status, rep("ok", 3))
  expect_length(noted$spatialCluster, 3)
  expect_identical(unname(unlist(sweep$sources[2, -1])), c(1, 1, NA))
  expect_identical(sweep$sources[3, -1], sweep$sources[1, -1], ignore_attr = TRUE)
  expect_false(any(c("thin", "gamma", "init.method") %in% names(noted$spatialCluster[[1]])))
  peerSweep("bayesspace", 1, thin = 10, gamma = 2, init.method = "kmeans", nrep = 500, burnIn = 100)
  expect_true(all(c("thin", "gamma", "init.method") %in% names(utils::tail(noted$spatialCluster, 1)[[1]])))
})

test_that("settings are checked against the version of BayesSpace that is installed", {
  standInPackage(olderBayesspace, "1.8.0")
  expectArgumentError(peerSweep("bayesspace", platform = "VisiumHD"), "platform", "Visium")
  expectArgumentError(peerSweep("bayesspace", thin = 10), "thin", "BayesSpace 1.8.0 has no argument `thin`")
  expect_identical(peerSweep("bayesspace", 1, nrep = 100, burnIn = 10)$runs$status, "ok")
  standInPackage(bayesspaceFunctions, "1.15.3")
  expectArgumentError(peerSweep("bayesspace", nrep = 100, burnIn = 10), "nrep", "one in 100")
  expectArgumentError(peerSweep("bayesspace", nrep = 5000, thin = 3000), "thin", "one in 3000")
  expectArgumentError(peerSweep("bayesspace", nrep = 1000, burnIn = 1000), "burnIn", "nrep")
  expectArgumentError(peerSweep("bayesspace", init.method = "pam"), "init.method", "kmeans")
  expectArgumentError(peerSweep("bayesspace", gamma = -1), "gamma")
})

test_that("BayesSpace refuses places where hardly any spot has a neighbour", {
  standInPackage(bayesspaceFunctions, "1.15.3")
  expectArgumentError(peerSweep("bayesspace", coords = small$coords + 0.5), "coords", "no whole number for 144")
  expectArgumentError(peerSweep("bayesspace", coords = round(100 * small$coords)), "coords", "0 of 144 spots")
  expectArgumentError(peerSweep("bayesspace", platform = "ST"), "coords", "platform")
  square <- cbind(rep(1:12, 12), rep(1:12, each = 12))
  expect_true(all(starscape:::hasArrayNeighbour(square, "ST")))
  expect_identical(starscape:::hasArrayNeighbour(cbind(c(0, 2, 9), c(0, 0, 9)), "Visium"), c(TRUE, TRUE, FALSE))
  # Slices side by side are no neighbours.
  apart <- starscape:::separatePlaces(list(coords = cbind(c(0, 2), c(0, 0)), slice = factor(1:2)))
  expect_false(any(starscape:::hasArrayNeighbour(apart, "Visium")))
})

test_that("versions are refused by name, and are part of what a checkpoint is of", {
  standInPackage(banksyFunctions, "0.1.5")
  expectArgumentError(peerSweep("banksy"), "method", "Banksy from version 0.99.0 on, not 0.1.5")
  checkpoint <- withr::local_tempdir()
  standInPackage(bayesspaceFunctions, "1.8.0")
  peerSweep("bayesspace", 1, checkpoint = checkpoint)
  standInPackage(bayesspaceFunctions, "1.15.3")
  expectArgumentError(peerSweep("bayesspace", 1, checkpoint = checkpoint), "checkpoint", "other settings")
  ungrouped <- banksyFunctions
  formals(ungrouped$runBanksyPCA)$group <- NULL
  standInPackage(ungrouped, "0.99.0")
  expectArgumentError(
    stabilitySweep(pair$counts, "banksy", seeds = 1, k = 2, coords = pair$coords, slice = pair$slice), "slice", "group"
  )
})

test_that("peers are quiet, unless their user wants to hear them", {
  standInPackage(banksyFunctions, "0.99.9")
  expect_silent(suppressMessages(peerSweep("banksy", 1, verbose = FALSE), "starscape_message"))
  expect_output(
    expect_message(peerSweep("banksy", 1, verbose = TRUE, apart = FALSE), "Computing neighbors"), "Done"
  )
  # A method of the user's own says what it likes.
  expect_message(sweepSmall(function(x, seed) {
    message("Hello")
    noisyThirds(x, seed)
  }, 1, verbose = FALSE), "Hello")
})

test_that("a method whose embedding does not see the seed is divided once", {
  divided <- 0
  cluster <- function(embedding, k, seed) {
    divided <<- divided + 1
    replace(embedding, sample(144, 10), sample(3, 10, TRUE))
  }
  thirds <- function(x, seed) rep(1:3, each = 48)
  once <- sweepSmall(sweepMethod(thirds, cluster, embedSeeded = FALSE), 1:4, truth = small$labels)
  expect_identical(divided, 4)
  thrice <- sweepSmall(sweepMethod(thirds, cluster), 1:4, truth = small$labels)
  expect_identical(once$sources, thrice$sources)
  # The first seed is compared with no other, so that it may be another.
  both <- sweepSmall(sweepMethod(thirds, cluster, embedSeeded = FALSE), 6:7, previous = once)
  expect_identical(both$seeds, c(1:4, 6:7))
  expect_null(sweepSmall(sweepMethod(thirds, cluster, embedSeeded = FALSE), 1:2, apart = FALSE)$sources)
  expectArgumentError(sweepMethod(thirds, cluster, embedSeeded = 1), "embedSeeded")
})
