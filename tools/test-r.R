# Runs the R test suite on the installed package: Rscript tools/test-r.R LIBRARY
# Prints every skip with its reason and ends with 'N passed, N failed, N skipped'.
library <- commandArgs(TRUE)[1]
.libPaths(c(normalizePath(library), .libPaths()))
cat(sprintf("== R tests on R %s, Seurat %s, testthat %s\n", getRversion(),
            if (requireNamespace("SeuratObject", quietly = TRUE)) packageVersion("Seurat") else "absent",
            packageVersion("testthat")))

# In a copy: tests may write beside themselves, and two stacks may run at once.
copy <- tempfile("tests")
stopifnot(dir.create(copy), file.copy("rpkg/tests/testthat", copy, recursive = TRUE))
results <- as.data.frame(testthat::test_dir(
  file.path(copy, "testthat"), package = "starscape", load_package = "installed",
  reporter = testthat::SummaryReporter$new(max_reports = 50), stop_on_failure = FALSE, stop_on_warning = FALSE
))
failed <- sum(results$failed) + sum(results$error)
cat(sprintf("R %s: %d passed, %d failed, %d skipped\n", getRversion(), sum(results$passed), failed,
            sum(results$skipped)))
if (failed > 0 || nrow(results) == 0) quit(status = 1)
