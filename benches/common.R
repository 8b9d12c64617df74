# What the benches share: their first arguments LIBRARY OUT, the package without its messages, agreement of labels,
# tables, and what the tests measure with.

arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[[1]]), .libPaths()))
library(starscape)
source("benches/tables.R")
out <- arguments[[2]]
dir.create(out, showWarnings = FALSE, recursive = TRUE)

quiet <- function(code) suppressMessages(code, "starscape_message")
agreement <- function(first, second) clusterMetrics(first, second)[["ARI"]]
versions <- function() sprintf("starscape %s, R %s.", utils::packageVersion("starscape"), getRversion())

# Of a file of tests its functions and constants, all or those named, not the tests.
fromTests <- function(file, names = NULL) {
  for (line in as.list(parse(file.path("rpkg/tests/testthat", file)))) {
    if (rlang::is_call(line, "<-") && (is.null(names) || as.character(line[[2]]) %in% names)) eval(line, globalenv())
  }
}
