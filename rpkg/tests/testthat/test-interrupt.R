test_that("Ctrl-C stops a fit at once and leaves a working session", {
  skip_on_cran()
  skip_on_os("windows")
  skip_if_not_installed("processx")
  skipFromSources()
  skip_if(ignoresInterrupts(), "SIGINT is ignored in this process")
  child <- startChild(c(
    "slices <- simulateSlices(rows = 40, columns = 40, genes = 300)",
    "run <- function(epochs) runStarscape(",
    "  slices$counts, slices$coords, epochs = epochs, stability = starControl(share = 1), verbose = FALSE",
    ")",
    "cat('ready\\n')",
    "stopped <- tryCatch({ run(1e6); NA }, interrupt = function(cnd) as.numeric(Sys.time()))",
    "cat(sprintf('stopped %.3f\\n', stopped))",
    "fit <- run(2)",
    "cat('again', nrow(fit$history), '\\n')"
  ))
  expect_length(child$waitFor("^ready"), 1)
  Sys.sleep(1.5)
  pressed <- as.numeric(Sys.time())
  child$process$interrupt()
  stopped <- child$waitFor("^stopped")
  expect_length(stopped, 1)
  expect_lt(as.numeric(sub("stopped ", "", stopped)) - pressed, 0.5)
  expect_length(child$waitFor("^again 2"), 1)
})
