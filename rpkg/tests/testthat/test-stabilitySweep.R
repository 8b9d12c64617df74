counts <- small$counts
coords <- small$coords

expectContract <- function(sweep, seeds) {
  expect_s3_class(sweep, "stability_sweep")
  expect_named(sweep, c(
    "labels", "runs", "pairwise", "spots", "domains", "sources", "truth", "coords", "slice", "method", "k", "seeds",
    "settings"
  ))
  ok <- as.character(sweep$runs$seed[sweep$runs$status == "ok"])
  expect_identical(sweep$runs$seed, seeds)
  expect_identical(dimnames(sweep$labels), list(colnames(counts), ok))
  expect_identical(dimnames(sweep$pairwise), list(ok, ok))
  expect_identical(unname(diag(sweep$pairwise)), rep(1, length(ok)))
  expect_named(sweep$runs, c("seed", "status", "message", "k", "ari", "agreement", "seconds", "memory_mb"))
  expect_named(sweep$spots, c("consensus", "support", "entropy", "stability", "consistency"))
  expect_named(sweep$domains, c("domain", "spots", "stability", "lowest"))
  expect_identical(rownames(sweep$spots), colnames(counts))
  expect_identical(as.vector(table(sweep$spots$consensus)), sweep$domains$spots)
  expect_true(all(sweep$labels %in% seq_len(sweep$k), na.rm = TRUE))
  shares <- unlist(sweep$spots[c("support", "stability", "consistency")])
  expect_true(all(shares >= 0 & shares <= 1, na.rm = TRUE))
  expect_equal(sweep$spots$support, unname(rowMeans(sweep$labels == as.integer(sweep$spots$consensus))))
}

test_that("a sweep of starscape has all parts", {
  sweep <- starSweep(truth = small$labels)
  expectContract(sweep, 1:4)
  labels <- findDomains(quick(counts, coords, seed = 2), k = 3, verbose = FALSE)$domain
  expect_equal(clusterMetrics(labels, sweep$labels[, "2"])[["ARI"]], 1)
  expect_equal(sweep$runs$ari[[2]], clusterMetrics(small$labels, labels)[["ARI"]])
  expect_equal(sweep$pairwise[1, 2], clusterMetrics(sweep$labels[, 1], sweep$labels[, 2])[["ARI"]])
  expect_equal(sweep$runs$agreement[[1]], mean(sweep$pairwise[1, -1]))
  expect_identical(sweep$sources$source, c("total", "embedding", "clustering"))
  expect_identical(unname(unlist(sweep$sources[3, -1])), c(1, 1, 0))
  expect_identical(sweep$coords, coords)
  expect_identical(sweep$settings, list(latentDim = 5, epochs = 5))
  numbers <- summary(sweep)
  expect_equal(numbers[["mean_ari"]], mean(sweep$pairwise[upper.tri(sweep$pairwise)]))
  expect_equal(numbers[["gap"]], diff(range(sweep$runs$ari)))
  expect_output(print(sweep), "starscape, 4 seeds, 144 spots, k = 3")
  prior <- sweepSmall("starscape_prior", 1:2, coords = coords, latentDim = 5)
  expect_identical(prior$pairwise[[1, 2]], 1)
})

test_that("a function is given what the user gave, and unstable spots are found", {
  seen <- NULL
  sweep <- sweepSmall(function(x, seed) {
    seen <<- x
    labels <- rep(1:3, each = 48)
    replace(labels, 1:6, 1 + seed %% 3)
  })
  expect_identical(seen, counts)
  expectContract(sweep, 1:6)
  expect_null(sweep$sources)
  expect_null(sweep$coords)
  expect_true(all(sweep$spots$stability[1:6] < 0.1))
  expect_true(all(sweep$spots$support[7:144] == 1))
  shares <- starscape:::coassignment(sweep, 144)
  expect_identical(dim(shares$matrix), c(144L, 144L))
  expect_false(is.unsorted(shares$domain))
  order <- order(sweep$spots$consensus, -sweep$spots$stability)
  expect_equal(shares$matrix[1, 144], mean(sweep$labels[order[[1]], ] == sweep$labels[order[[144]], ]))
  expect_identical(nrow(starscape:::coassignment(sweep, 50)$matrix), 50L)
})

test_that("the user's generator is left alone and its state does not matter", {
  careless <- function(x, seed) {
    set.seed(99)
    noisyThirds(x, seed)
  }
  withr::with_seed(5, {
    before <- get(".Random.seed", globalenv())
    first <- sweepSmall()
    expect_identical(sweepSmall(careless)$spots$support, rep(1, 144))
    expect_identical(get(".Random.seed", globalenv()), before)
  })
  withr::with_seed(6, second <- sweepSmall(), .rng_kind = "L'Ecuyer-CMRG")
  expect_identical(withoutCosts(first), withoutCosts(second))
})

test_that("two stages are told apart", {
  components <- function(x, seed) cbind(rep(1:3, each = 48), stats::rnorm(144))
  exact <- sweepMethod(components, function(embedding, k, seed) embedding[, 1] + 5, "exact")
  expect_equal(sweepSmall(exact)$sources$min_ari, c(1, 1, 1))
  noisy <- sweepMethod(
    function(x, seed) rep(1:3, each = 48),
    function(embedding, k, seed) replace(embedding, sample(144, 10), sample(3, 10, TRUE)), "noisy"
  )
  sources <- sweepSmall(noisy, truth = small$labels)$sources
  expect_lt(sources$mean_ari[[1]], 1)
  expect_identical(sources$mean_ari[[2]], 1)
  expect_identical(sources[3, -1], sources[1, -1], ignore_attr = TRUE)
  expect_null(sweepSmall(noisy, apart = FALSE)$sources)
})

test_that("failed seeds are recorded and the others stand", {
  sweep <- sweepSmall(function(x, seed) {
    if (seed == 2) stop("out of luck")
    if (seed == 3) return(1:5)
    if (seed == 4) return(rep(1, 144))
    if (seed == 5) return(c(NA, rep(1:3, length.out = 143)))
    noisyThirds(x, seed)
  })
  expectContract(sweep, 1:6)
  expect_identical(sweep$runs$status, rep(c("ok", "failed", "ok"), c(1, 4, 1)))
  expect_match(sweep$runs$message[2:5], "luck|5|same label|NA for 1")
  expect_identical(is.na(sweep$runs$agreement), sweep$runs$status == "failed")
  expect_identical(summary(sweep)[["failed"]], 4)
  expect_output(print(sweep), "4 failed")
  expectArgumentError(sweepSmall(function(x, seed) stop("no luck")), "method", "all 6 seeds, for seed 1 with: no luck")
})

test_that("spots without counts are NA for every seed", {
  counts[, c(3, 70)] <- 0
  sweep <- suppressMessages(
    stabilitySweep(counts, coords = coords, seeds = 1:2, k = 3, latentDim = 5, epochs = 2), "starscape_message"
  )
  expect_identical(which(is.na(sweep$spots$support)), c(3L, 70L))
  expect_true(all(is.na(sweep$labels[c(3, 70), ])))
  expect_false(anyNA(sweep$labels[-c(3, 70), ]))
  expect_identical(sum(sweep$domains$spots), 142L)
  own <- function(x, seed) replace(rep(1:3, 48), c(3, 70), NA)
  expect_message(expect_s3_class(
    stabilitySweep(counts, own, 1:2, k = 3, verbose = FALSE), "stability_sweep"
  ), class = "starscape_message")
})

test_that("a checkpoint is read, and refused for another sweep", {
  checkpoint <- withr::local_tempdir()
  calls <- 0
  counted <- function(x, seed) {
    calls <<- calls + 1
    rep(1:3, 48)
  }
  first <- sweepSmall(counted, 1:3, checkpoint = checkpoint)
  expect_identical(list.files(checkpoint), sprintf("seed-%d.rds", 1:3))
  more <- sweepSmall(counted, 1:5, checkpoint = checkpoint)
  expect_identical(calls, 5)
  expect_identical(more$runs[1:3, ], first$runs)
  expectArgumentError(sweepSmall(counted, k = 2, checkpoint = checkpoint), "checkpoint", "other settings")
  expectArgumentError(sweepSmall(checkpoint = checkpoint), "checkpoint", "another method")
})

test_that("a sweep goes on after its process was killed", {
  skip_on_cran()
  skip_if_not_installed("callr")
  skipFromSources()
  checkpoint <- withr::local_tempdir()
  slow <- function(x, seed) {
    Sys.sleep(0.2)
    sample(rep(1:3, 48))
  }
  environment(slow) <- globalenv()
  run <- function(counts, slow, checkpoint) {
    starscape::stabilitySweep(counts, slow, seeds = 1:6, k = 3, checkpoint = checkpoint, verbose = FALSE)
  }
  child <- callr::r_bg(run, list(counts, slow, checkpoint), libpath = .libPaths())
  end <- Sys.time() + 30
  while (length(list.files(checkpoint, "^seed")) < 2 && Sys.time() < end) Sys.sleep(0.05)
  child$kill()
  kept <- length(list.files(checkpoint, "^seed"))
  expect_gte(kept, 2)
  expect_lt(kept, 6)
  expect_identical(withoutCosts(run(counts, slow, checkpoint)), withoutCosts(sweepSmall(slow)))
})

test_that("Ctrl-C returns what is finished, and `previous` goes on", {
  stopped <- TRUE
  stopping <- function(x, seed) {
    if (seed == 4 && stopped) rlang::interrupt()
    noisyThirds(x, seed)
  }
  expect_warning(part <- sweepSmall(stopping), "3 of 6 seeds", class = "starscape_warning_interrupted")
  expectContract(part, 1:3)
  stopped <- FALSE
  whole <- sweepSmall(stopping, previous = part)
  expectContract(whole, 1:6)
  expect_identical(whole$runs$seconds[1:3], part$runs$seconds)
  expect_identical(withoutCosts(whole), withoutCosts(sweepSmall(stopping)))
  expectArgumentError(sweepSmall(stopping, k = 2, previous = part), "previous", "other data")
  stopped <- TRUE
  expect_identical(tryCatch(sweepSmall(stopping, 4:6), interrupt = function(condition) "interrupt"), "interrupt")
})

test_that("objects are unpacked", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SingleCellExperiment")
  matrixSweep <- withoutCosts(starSweep(truth = small$labels))
  seurat <- suppressWarnings(
    stabilitySweep(seuratSmall(), seeds = 1:4, k = 3, truth = "truth", latentDim = 5, epochs = 5, verbose = FALSE)
  )
  expect_identical(withoutCosts(seurat)[c("labels", "runs", "spots")], matrixSweep[c("labels", "runs", "spots")])
  object <- sceSmall()
  object$known <- small$labels
  sce <- stabilitySweep(object, seeds = 1:4, k = 3, truth = "known", latentDim = 5, epochs = 5, verbose = FALSE)
  expect_identical(withoutCosts(sce)$runs, matrixSweep$runs)
  expectArgumentError(stabilitySweep(object, seeds = 1:4, k = 3, truth = "unknown"), "truth", "known")
  own <- stabilitySweep(object, function(x, seed) x$known, seeds = 1:2, k = 3)
  expect_identical(own$pairwise[[1, 2]], 1)
})

test_that("methods of other packages run, and are needed", {
  skip_if_not_installed("Seurat")
  for (method in c("seurat", "kmeans", if (rlang::is_installed("mclust")) "mclust")) {
    sweep <- sweepSmall(method, 1:2, npcs = 5)
    expectContract(sweep, 1:2)
    expect_identical(sweep$method, method)
    expect_identical(sweep$runs$k, c(3L, 3L))
    expect_identical(nrow(sweep$sources), 3L)
  }
  for (package in c("BayesSpace", "Banksy")) {
    if (!rlang::is_installed(package)) {
      expectArgumentError(sweepSmall(tolower(package), coords = coords), "method", package)
    }
  }
  found <- starscape:::nearestPartition(5, function(resolution) rep_len(seq_len(as.integer(1 + 4 * resolution^2)), 40))
  expect_identical(max(found), 5L)
  jumping <- starscape:::nearestPartition(5, function(resolution) rep_len(seq_len(if (resolution < 3) 4 else 7), 40))
  expect_identical(max(jumping), 4L)
  breaking <- function(resolution) if (resolution > 3) stop("too many") else rep_len(seq_len(1 + resolution), 40)
  expect_identical(max(starscape:::nearestPartition(9, breaking)), 4L)
  expect_error(starscape:::nearestPartition(5, function(resolution) stop("never")), "never")
})

test_that("the consensus can have fewer domains", {
  sweep <- sweepSmall()
  domains <- consensusDomains(sweep)
  expect_identical(domains$domain, sweep$spots$consensus)
  expect_gt(clusterMetrics(rep(1:3, each = 48), domains$domain)[["ARI"]], 0.9)
  fewer <- consensusDomains(sweep, k = 2)
  expect_identical(nlevels(fewer$domain), 2L)
  expect_true(all(fewer$support > 0.5))
  expect_identical(rownames(fewer), colnames(counts))
  expectArgumentError(consensusDomains(sweep, k = 4), "k", "most groups")
  expectArgumentError(consensusDomains(sweep$labels), "sweep")
})

test_that("a seed stands where a stage alone fails", {
  # The embeddings of seeds 3 and 4 can be divided with their own seed only, and nothing with seed 5 but its own.
  picky <- sweepMethod(
    function(x, seed) seed,
    function(embedding, k, seed) {
      if (seed != embedding && (embedding %in% 3:4 || seed == 5)) stop("not with this seed")
      replace(rep(1:3, each = 48), embedding, 1)
    }, "picky"
  )
  sweep <- sweepSmall(picky)
  expect_identical(sweep$runs$status, rep("ok", 6))
  expect_false(anyNA(sweep$sources$mean_ari))
  parts <- function(name) lengths(lapply(unname(attr(sweep, "records")), `[[`, name)) > 0
  expect_identical(parts("embedding"), 1:6 %in% c(1, 2, 5, 6))
  expect_identical(parts("clustering"), 1:6 != 5)
  expect_true(all(is.na(sweepSmall(picky, c(1, 3, 4))$sources[2, -1])))
})

test_that("equal data, settings and code are the same sweep, other ones are not", {
  asMethod <- function(code) starscape:::gateMethod(code, list(), 1)
  print <- function(counts, settings = list(), x = NULL, method = asMethod(noisyThirds)) {
    method$settings <- settings
    starscape:::sweepFingerprint(x, starscape:::gateInput(counts, NULL, NULL, placed = FALSE), method, 3L, TRUE, 1L)
  }
  reference <- print(counts)
  copy <- counts
  colnames(copy) <- as.character(as.list(colnames(copy)))
  copy@i <- copy@i + 0L
  compact <- counts
  colnames(compact) <- as.character(1:144)
  spelled <- counts
  colnames(spelled) <- vapply(1:144, function(spot) paste0(spot), "")
  file <- withr::local_tempfile()
  saveRDS(compact, file)
  expect_identical(print(copy), reference)
  expect_identical(print(spelled), print(compact))
  nchar(colnames(compact))
  expect_identical(print(compact), print(readRDS(file)))
  expect_false(print(compact) == reference)
  expect_identical(print(counts, list(b = 5L, a = 1)), print(counts, list(a = 1, b = 5)))
  expect_false(print(counts, list(b = 6L)) == print(counts, list(b = 5L)))
  expect_identical(print(counts, x = 1:3), print(counts, x = c(1L, 2L, 3L)))
  expect_false(print(counts, x = 1) == print(counts, x = 2))
  commented <- eval(parse(text = c("function(x, seed) {", "# a comment", "rep(1:3, 48)", "}"), keep.source = TRUE))
  bare <- eval(parse(text = "function(x, seed) { rep(1:3, 48) }", keep.source = FALSE))
  expect_identical(print(counts, method = asMethod(commented)), print(counts, method = asMethod(bare)))
})

test_that("a generator without a state stays without one and of its kind", {
  withr::with_seed(5, .rng_kind = "L'Ecuyer-CMRG", {
    rm(".Random.seed", envir = globalenv())
    sweepSmall()
    expect_false(exists(".Random.seed", globalenv(), inherits = FALSE))
    expect_identical(RNGkind()[[1]], "L'Ecuyer-CMRG")
  })
})

test_that("the consensus and shared domains come from the labels that the runs gave", {
  # Four groups, of which a sweep for three domains merges two.
  sweep <- sweepSmall(function(x, seed) rep(c(1:4, seed), c(36, 36, 36, 34, 2)), 1:4)
  expect_identical(max(sweep$labels), 3L)
  expect_identical(nlevels(consensusDomains(sweep, k = 4)$domain), 4L)
  shares <- starscape:::coassignment(sweep, 144)$matrix
  expect_equal(sum(shares == 1), 3 * 36^2 + 34^2 + 2^2)
})

test_that("failed seeds are run again", {
  unlucky <- TRUE
  flaky <- function(x, seed) {
    if (seed == 2 && unlucky) stop("out of luck.")
    noisyThirds(x, seed)
  }
  checkpoint <- withr::local_tempdir()
  first <- sweepSmall(flaky, 1:3, checkpoint = checkpoint)
  expect_identical(first$runs$status, c("ok", "failed", "ok"))
  expectArgumentError(sweepSmall(flaky, 2), "method", "for seed 2 with: out of luck[.]$")
  unlucky <- FALSE
  expect_identical(sweepSmall(flaky, 1:3, checkpoint = checkpoint)$runs$status, rep("ok", 3))
  again <- sweepSmall(flaky, 4, previous = first)
  expect_identical(again$seeds, 1:4)
  expect_identical(again$runs$status, rep("ok", 4))
  expect_identical(again$runs$seconds[[1]], first$runs$seconds[[1]])
})

test_that("a checkpoint that cannot be read or written is told", {
  checkpoint <- withr::local_tempdir()
  sweepSmall(seeds = 1:2, checkpoint = checkpoint)
  file <- file.path(checkpoint, "seed-2.rds")
  whole <- readBin(file, "raw", 1e5)
  writeBin(utils::head(whole, -20), file)
  expect_no_warning(expectArgumentError(sweepSmall(checkpoint = checkpoint), "checkpoint", "cannot be read.*seed-2"))
  saveRDS(1:3, file)
  expectArgumentError(sweepSmall(checkpoint = checkpoint), "checkpoint", "cannot be read.*seed-2")
  vanishing <- function(x, seed) {
    unlink(checkpoint, recursive = TRUE)
    noisyThirds(x, seed)
  }
  unlink(checkpoint, recursive = TRUE)
  warnings <- capture_warnings(sweep <- sweepSmall(vanishing, checkpoint = checkpoint))
  expect_match(warnings, "cannot be written")
  expect_length(warnings, 1)
  expect_identical(sweep$runs$status, rep("ok", 6))
})

test_that("objects without places are swept by methods that need none", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SingleCellExperiment")
  bareSce <- SingleCellExperiment::SingleCellExperiment(list(counts = counts))
  bareSeurat <- suppressWarnings(SeuratObject::CreateSeuratObject(counts))
  own <- function(x, seed) rep(1:3, each = 48)
  for (object in list(bareSce, bareSeurat)) {
    expect_null(stabilitySweep(object, own, seeds = 1:2, k = 3)$coords)
    expectArgumentError(stabilitySweep(object, seeds = 1:2, k = 3), "coords", "missing")
    expectArgumentError(stabilitySweep(object, own, seeds = 1:2, k = 3, coords = c("u", "v")), "coords")
  }
  expect_null(stabilitySweep(bareSce, "kmeans", seeds = 1:2, k = 3, npcs = 5)$coords)
  slice <- rep(c("a", "b"), each = 72)
  expect_identical(levels(stabilitySweep(bareSeurat, own, seeds = 1:2, k = 3, slice = slice)$slice), c("a", "b"))
  expect_identical(stabilitySweep(sceSmall(), own, seeds = 1:2, k = 3)$coords, coords)
})

test_that("input is checked before anything runs", {
  expectArgumentError(sweepSmall(seeds = integer()), "seeds")
  expectArgumentError(sweepSmall(seeds = c(1, 2, 1)), "seeds", "1 twice")
  expectArgumentError(sweepSmall(seeds = c(1, -1)), "seeds")
  expectArgumentError(sweepSmall(seeds = "1"), "seeds")
  expectArgumentError(stabilitySweep(counts, noisyThirds), "k", "missing")
  expectArgumentError(sweepSmall(k = NULL), "k")
  expectArgumentError(sweepSmall(k = 1), "k")
  expectArgumentError(sweepSmall(k = 145), "k", "144 spots")
  expectArgumentError(sweepSmall("leiden"), "method", "starscape_prior")
  expectArgumentError(sweepSmall(function(x) 1), "method", "2 arguments")
  expectArgumentError(sweepSmall("starscape"), "coords", "missing")
  expectArgumentError(starSweep(epcohs = 5), "epcohs", "latentDim")
  expectArgumentError(sweepSmall("starscape", coords = coords, epochs = 0), "epochs")
  expectArgumentError(starSweep(loss = 3), "loss", "lossControl")
  expectArgumentError(starSweep(stability = list()), "stability")
  expectArgumentError(starSweep(graph = starControl()), "graph")
  expectArgumentError(starSweep(features = c("gene1", "none")), "features", "none")
  expectArgumentError(sweepSmall("starscape_prior", coords = coords, latentDim = 200), "latentDim")
  expectArgumentError(sweepSmall(epochs = 5), "epochs", "has none")
  expectArgumentError(sweepSmall(truth = 1:3), "truth", "144 spots")
  empty <- counts
  empty[, 1] <- 0
  unknown <- replace(rep(NA, 144), 1, "a")
  expectArgumentError(
    suppressMessages(stabilitySweep(empty, noisyThirds, k = 3, truth = unknown), "starscape_message"), "truth", "counts"
  )
  expectArgumentError(sweepSmall(BPPARAM = 4), "BPPARAM")
  expectArgumentError(sweepSmall(apart = NA), "apart")
  expectArgumentError(sweepSmall(checkpoint = 3), "checkpoint")
  expectArgumentError(sweepSmall(previous = list()), "previous")
  expectArgumentError(sweepMethod(1, noisyThirds), "embed")
  expectArgumentError(sweepMethod(noisyThirds, noisyThirds), "cluster", "3 arguments")
})
