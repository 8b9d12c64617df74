# Seeds, perturbations and sections on the workers of BiocParallel.

needWorkers <- function() {
  skip_on_cran()
  skip_on_os("windows")
  skip_if_not_installed("BiocParallel")
  skipFromSources()
}

test_that("all back ends give the same and leave the user's generator alone", {
  needWorkers()
  serial <- withoutCosts(starSweep())
  backEnds <- list(BiocParallel::SerialParam(), BiocParallel::MulticoreParam(2), BiocParallel::SnowParam(2))
  set.seed(1)
  before <- get(".Random.seed", globalenv())
  for (backEnd in backEnds) {
    expect_identical(withoutCosts(starSweep(BPPARAM = backEnd)), serial)
    expect_false(BiocParallel::bpisup(backEnd))
  }
  expect_identical(get(".Random.seed", globalenv()), before)
  expect_identical(withoutCosts(sweepSmall(BPPARAM = backEnds[[2]])), withoutCosts(sweepSmall()))
})

test_that("jobs of all local back ends give the same and keep their own records", {
  needWorkers()
  skip_if_not_installed("batchtools")
  skip_if_not_installed("snow")
  serial <- withoutCosts(starSweep())
  here <- list.files()
  for (cluster in c("multicore", "socket", "interactive")) {
    backEnd <- localJobs(cluster, if (cluster == "interactive") 1 else 2)
    checkpoint <- withr::local_tempdir()
    capture.output(sweep <- starSweep(BPPARAM = backEnd, checkpoint = checkpoint))
    expect_identical(withoutCosts(sweep), serial)
    expect_length(list.files(checkpoint), 4)
    expect_false(BiocParallel::bpisup(backEnd))
    expect_false(dir.exists(backEnd$registryargs$file.dir))
    # Nothing is left to be run.
    expect_identical(starSweep(checkpoint = checkpoint)$runs, sweep$runs)
  }
  expect_identical(list.files(), here)
})

test_that("perturbations are the same on workers", {
  needWorkers()
  # Half of the counts, and places that moved.
  perturbed <- function(x, seed) {
    counts <- SummarizedExperiment::assay(x)
    counts@x <- as.double(stats::rbinom(length(counts@x), counts@x, 0.5))
    places <- as.matrix(as.data.frame(SummarizedExperiment::colData(x))[c("x", "y")])
    fit <- starscape::runStarscape(
      counts, places + stats::rnorm(length(places), sd = 0.1), latentDim = 5, threads = 1, verbose = FALSE
    )
    starscape::findDomains(fit, k = 3, threads = 1, verbose = FALSE)$domain
  }
  environment(perturbed) <- globalenv()
  skip_if_not_installed("SingleCellExperiment")
  run <- function(...) {
    suppressMessages(stabilitySweep(sceSmall(), perturbed, seeds = 1:4, k = 3, verbose = FALSE, ...))
  }
  serial <- withoutCosts(run())
  expect_lt(serial$pairwise[[1, 2]], 1)
  expect_identical(withoutCosts(run(BPPARAM = BiocParallel::MulticoreParam(2))), serial)
})

test_that("sections that are fitted one by one are the same on workers", {
  needWorkers()
  skip_if_not_installed("SingleCellExperiment")
  sections <- lapply(split(seq_len(ncol(pair$counts)), pair$slice), function(own) {
    sceSmall(list(coords = pair$coords[own, ], slice = pair$slice[own]), pair$counts[, own])
  })
  fits <- function(apply, ...) {
    fitted <- suppressMessages(apply(sections, runStarscape, latentDim = 5, threads = 1, verbose = FALSE, ...))
    lapply(fitted, SingleCellExperiment::reducedDim, "starscape")
  }
  expect_identical(fits(BiocParallel::bplapply, BPPARAM = BiocParallel::MulticoreParam(2)), fits(lapply))
})

test_that("the memory of workers is told beforehand", {
  run <- function(method, ..., verbose = FALSE) {
    stabilitySweep(small$counts, method, seeds = 1:3, k = 3, coords = small$coords, verbose = verbose, ...)
  }
  expect_no_message(run("kmeans", npcs = 5))
  expect_message(run("starscape_prior", verbose = TRUE, latentDim = 5), "run needs about [0-9.]+ MB of memory[.]")
  expect_message(run(noisyThirds, verbose = TRUE), "beyond its input", class = "starscape_message")
  needWorkers()
  told <- capture_messages(run(noisyThirds, BPPARAM = BiocParallel::MulticoreParam(2)))
  expect_match(told, "^Each of 2 workers needs about [0-9.]+ MB .*[0-9.]+ MB together.* beyond its input[.]")
  # What a fit needs grows with the spots, and what is sent counts twice.
  job <- function(spots, own = FALSE) list(x = numeric(1e6), used = rep(TRUE, spots), method = list(own = own))
  memory <- function(...) starscape:::workerMemory(job(...))
  expect_equal(memory(2e5) - memory(1e5), 1e5 * starscape:::bytesOf$domains)
  expect_equal(memory(1e5, own = TRUE) / 1e6, 250 + 16, tolerance = 1e-4)
})

test_that("a worker that dies takes only the seeds along that run beside it", {
  needWorkers()
  deadly <- function(x, seed) {
    if (seed == 3) tools::pskill(Sys.getpid(), 9)
    rep(1:3, each = 48)
  }
  environment(deadly) <- globalenv()
  for (backEnd in list(BiocParallel::MulticoreParam(2), BiocParallel::SnowParam(2))) {
    sweep <- sweepSmall(deadly, BPPARAM = backEnd)
    expect_identical(sweep$runs$status, rep(c("ok", "failed", "ok"), each = 2))
    expect_match(sweep$runs$message[3:4], "worker, which may have died")
    expect_identical(is.na(summary(sweep)), is.na(summary(sweepSmall(noisyThirds))))
    expect_false(BiocParallel::bpisup(backEnd))
  }
})

test_that("a job that dies takes only the seeds of its job along", {
  needWorkers()
  skip_if_not_installed("batchtools")
  deadly <- function(x, seed) {
    if (seed == 3) tools::pskill(Sys.getpid(), 9)
    rep(1:3, each = 48)
  }
  environment(deadly) <- globalenv()
  backEnd <- localJobs("multicore")
  sweep <- suppressWarnings(sweepSmall(deadly, BPPARAM = backEnd, checkpoint = withr::local_tempdir()))
  expect_identical(sweep$runs$status[[3]], "failed")
  # Each of two jobs has three of the seeds.
  expect_lte(sum(sweep$runs$status == "failed"), 3)
  expect_false(BiocParallel::bpisup(backEnd))
  expect_false(dir.exists(backEnd$registryargs$file.dir))
})

# A process that still runs: one that has ended stays in the table until somebody asks for it.
runs <- function(pid) {
  status <- file.path("/proc", pid, "status")
  file.exists(status) && !any(grepl("^State:\\s+Z", readLines(status)))
}

test_that("Ctrl-C ends the workers, too, and keeps what is finished", {
  needWorkers()
  skip_if_not_installed("processx")
  skip_if_not_installed("batchtools")
  skip_if_not(dir.exists("/proc/self"), "what runs is not known")
  skip_if(ignoresInterrupts(), "SIGINT is ignored in this process")
  settings <- withr::local_tempfile(lines = "sleep = 0.1")
  jobs <- sprintf("BatchtoolsParam(2, cluster = '%%s', registryargs = batchtoolsRegistryargs(
    file.dir = tempfile(), conf.file = '%s'))", settings)
  backEnds <- c("MulticoreParam(2)", "SnowParam(2)", sprintf(jobs, c("multicore", "socket")))
  for (backEnd in backEnds) {
    desk <- withr::local_tempdir()
    child <- startChild(c(
      "library(BiocParallel)", "slices <- simulateSlices(rows = 12, columns = 12, genes = 80, domains = 3)",
      sprintf("slow <- eval(parse(text = \"function(x, seed) {
        if (seed > 2) { file.create(file.path('%s', Sys.getpid())); Sys.sleep(60) }
        sample(rep(1:3, 48))
      }\"), globalenv())", desk),
      sprintf("backEnd <- %s", backEnd),
      "sweep <- suppressWarnings(stabilitySweep(",
      "  slices$counts, slow, seeds = 1:6, k = 3, BPPARAM = backEnd, checkpoint = tempfile(), verbose = FALSE", "))",
      "cat('stopped', sweep$seeds, bpisup(backEnd), '\\n')", "Sys.sleep(60)"
    ))
    end <- Sys.time() + 30
    while (length(list.files(desk)) < 2 && Sys.time() < end) Sys.sleep(0.05)
    workers <- list.files(desk)
    expect_identical(vapply(workers, runs, NA, USE.NAMES = FALSE), c(TRUE, TRUE))
    pressed <- Sys.time()
    child$process$interrupt()
    expect_identical(trimws(child$waitFor("^stopped")), "stopped 1 2 FALSE")
    expect_lt(as.numeric(Sys.time() - pressed, units = "secs"), 10)
    while (any(vapply(workers, runs, NA)) && Sys.time() < pressed + 10) Sys.sleep(0.05)
    expect_false(any(vapply(workers, runs, NA)))
    expect_true(child$process$is_alive())
  }
})
