# Runs the R test suite on the installed package: Rscript tools/test-r.R LIBRARY
# Prints every skip with its reason and ends with 'N passed, N failed, N skipped'. The tests on real sections run beside
# the others, which wait for R itself most of the time.
library <- normalizePath(commandArgs(TRUE)[1])
.libPaths(c(library, .libPaths()))
cat(sprintf("== R tests on R %s, Seurat %s, testthat %s\n", getRversion(),
            if (requireNamespace("SeuratObject", quietly = TRUE)) packageVersion("Seurat") else "absent",
            packageVersion("testthat")))

# In a copy: tests may write beside themselves, and two stacks may run at once.
copy <- tempfile("package")
stopifnot(
  dir.create(file.path(copy, "tests"), recursive = TRUE),
  file.copy("rpkg/tests/testthat", file.path(copy, "tests"), recursive = TRUE),
  file.copy("rpkg/R", copy, recursive = TRUE)
)

half <- function(filter, folder) {
  as.data.frame(testthat::test_dir(
    folder, filter = filter, perl = TRUE, package = "starscape", load_package = "installed",
    reporter = testthat::SummaryReporter$new(max_reports = 50), stop_on_failure = FALSE, stop_on_warning = FALSE
  ))[c("passed", "failed", "error", "skipped")]
}
start <- function(filter) {
  callr::r_bg(
    half, list(filter, file.path(copy, "tests", "testthat")), libpath = .libPaths(), stdout = tempfile(tmpdir = copy),
    stderr = "2>&1"
  )
}
halves <- lapply(c("^real-", "^(?!real-)"), start)
results <- do.call(rbind, lapply(halves, function(half) {
  half$wait()
  writeLines(readLines(half$get_output_file()))
  half$get_result()
}))
failed <- sum(results$failed) + sum(results$error)
cat(sprintf("R %s: %d passed, %d failed, %d skipped\n", getRversion(), sum(results$passed), failed,
            sum(results$skipped)))
if (failed > 0 || nrow(results) == 0) quit(status = 1)
