# Fits that go on from where they were interrupted.

fitIn <- function(folder, ..., seed = 1) {
  runStarscape(
    small$counts, small$coords, latentDim = 5, epochs = 5, seed = seed, stability = starControl(share = 1),
    checkpoint = folder, verbose = FALSE, ...
  )
}

test_that("a fit goes on from each of its stages with the same bits", {
  folder <- withr::local_tempdir()
  whole <- fitIn(NULL)
  expect_identical(fitIn(folder), whole)
  expect_setequal(list.files(folder), c("stage.rds", "fit.rds"))
  expect_message(expect_identical(fitIn(folder, threads = 1)$embedding, whole$embedding), "goes on from the fit")
  unlink(file.path(folder, "fit.rds"))
  expect_message(expect_identical(fitIn(folder), whole), "goes on from the stage")
})

test_that("several batches go on as well", {
  folder <- withr::local_tempdir()
  run <- function(checkpoint) {
    runStarscape(
      pair$counts, pair$coords, slice = pair$slice, batch = pair$slice, latentDim = 4, epochs = 4,
      checkpoint = checkpoint, verbose = FALSE
    )
  }
  whole <- run(folder)
  expect_identical(whole, run(NULL))
  unlink(file.path(folder, "fit.rds"))
  expect_identical(run(folder), whole)
})

test_that("stages of others and damaged ones are refused", {
  folder <- withr::local_tempdir()
  fitIn(folder)
  expectArgumentError(fitIn(folder, seed = 2), "checkpoint", "other data or settings")
  writeLines("no stage", file.path(folder, "fit.rds"))
  expectArgumentError(fitIn(folder), "checkpoint", "cannot be read")
  # A file cut short, as after a crash of the machine.
  stage <- file.path(folder, "stage.rds")
  unlink(file.path(folder, "fit.rds"))
  writeBin(readBin(stage, "raw", file.size(stage) / 2), stage)
  expectArgumentError(fitIn(folder), "checkpoint", "cannot be read")
  expectArgumentError(fitIn(3), "checkpoint", "must be the name of a directory")
  expectArgumentError(fitIn(""), "checkpoint", "must be the name of a directory")
  file <- withr::local_tempfile(lines = "a file")
  expectArgumentError(fitIn(file.path(file, "below")), "checkpoint", "cannot be made")
})

test_that("a stage that cannot be written is told and the fit goes on", {
  folder <- withr::local_tempdir()
  input <- list(counts = small$counts, coords = small$coords, used = rep(TRUE, ncol(small$counts)))
  kept <- starscape:::fitCheckpoint(folder, input, list(seed = 1))
  # Gone stands for a disk without space.
  unlink(folder, recursive = TRUE)
  expect_warning(expect_identical(kept("stage", 5), 5), "cannot be written", class = "starscape_warning")
  # Errors of the work are its own.
  expect_error(kept("stage", starscape:::stopArgument("x", "is refused")), class = "starscape_error_argument")
})
