# A process that was started with SIGINT ignored, as in the background of some shells: R from 4.5 on keeps to that.
ignoresInterrupts <- function() {
  status <- "/proc/self/status"
  mask <- if (file.exists(status)) grep("^SigIgn:", readLines(status), value = TRUE)
  length(mask) == 1 && bitwAnd(strtoi(sub(".*(.)$", "\\1", mask), 16L), 2L) > 0
}

test_that("Ctrl-C stops a fit at once and leaves a working session", {
  skip_on_cran()
  skip_on_os("windows")
  skip_if_not_installed("processx")
  skip_if(ignoresInterrupts(), "SIGINT is ignored in this process")
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  writeLines(c(
    sprintf("library(starscape, lib.loc = %s)", deparse(dirname(find.package("starscape")))),
    "slices <- simulateSlices(rows = 40, columns = 40, genes = 300)",
    "run <- function(epochs) runStarscape(",
    "  slices$counts, slices$coords, epochs = epochs, stability = starControl(share = 1), verbose = FALSE",
    ")",
    "cat('ready\\n')",
    "stopped <- tryCatch({ run(1e6); NA }, interrupt = function(cnd) as.numeric(Sys.time()))",
    "cat(sprintf('stopped %.3f\\n', stopped))",
    "fit <- run(2)",
    "cat('again', nrow(fit$history), '\\n')"
  ), script)
  child <- processx::process$new(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = "|", stderr = "2>&1",
    env = c("current", R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
  )
  on.exit(child$kill(), add = TRUE)
  lines <- character()
  waitFor <- function(pattern) {
    end <- Sys.time() + 30
    while (!any(grepl(pattern, lines)) && Sys.time() < end && (child$is_alive() || child$is_incomplete_output())) {
      child$poll_io(100)
      lines <<- c(lines, child$read_output_lines())
    }
    grep(pattern, lines, value = TRUE)
  }
  expect_length(waitFor("^ready"), 1)
  Sys.sleep(1.5)
  pressed <- as.numeric(Sys.time())
  child$interrupt()
  stopped <- waitFor("^stopped")
  expect_length(stopped, 1)
  expect_lt(as.numeric(sub("stopped ", "", stopped)) - pressed, 0.5)
  expect_length(waitFor("^again 2"), 1)
})
