# Lints all R code by the rules of .lintr: Rscript tools/lint-r.R LIBRARY [FILE ...]
# LIBRARY has the installed package, whose functions the linter of unknown and unused names has to know.
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[[1]]), .libPaths()))
suppressPackageStartupMessages({
  library(starscape)
  library(testthat)
})
files <- arguments[-1]
if (length(files) == 0) {
  folders <- c("benches", "demo", "rpkg/R", "rpkg/tests", "site", "tools", "vignettes")
  files <- list.files(folders, "[.](R|Rmd)$", recursive = TRUE, full.names = TRUE)
}

# Scripts get functions and constants of other files by `source()`, and tests those of testthat's helpers. Here all know
# them.
shared <- attach(NULL, name = "shared")
for (file in c(
  list.files("rpkg/tests/testthat", "^(helper|test-real)-.*[.]R$", full.names = TRUE),
  list.files(c("benches", "benches/panel"), "[.]R$", full.names = TRUE),
  "rpkg/tests/testthat/test-cellTypeProportions.R",
  "tools/core-calls.R", "tools/fuzz-values.R"
)) {
  for (line in as.list(parse(file))) {
    if (!rlang::is_call(line, "<-") || !is.symbol(line[[2]])) next
    name <- as.character(line[[2]])
    if (rlang::is_call(line[[3]], "function")) {
      assign(name, eval(line[[3]], shared), shared)
    } else if (!exists(name, shared, inherits = FALSE)) {
      assign(name, NA, shared)
    }
  }
}

# The fuzzer hands this to its workers.
shared$material <- list()

# Names are in camelCase, except for methods and what other packages read or are given.
methods <- getNamespaceInfo("starscape", "S3methods")[, 3]
foreign <- c(
  "BPPARAM", "GeomSpot", "draw_panel", "init.method", "k_geom", "panel_params", "row.names", "show.legend",
  "source_expression"
)
nameLinter <- lintr::Linter(function(source_expression) {
  lints <- lintr::object_name_linter(c("camelCase", "symbols"))(source_expression)
  named <- vapply(lints, function(lint) substr(lint$line, lint$ranges[[1]][[1]], lint$ranges[[1]][[2]]), "")
  lints[!named %in% c(methods, foreign)]
}, name = "object_name_linter")

options(lintr.linter_file = normalizePath(".lintr"))
found <- parallel::mclapply(files, mc.cores = 2, mc.preschedule = FALSE, function(file) {
  c(lintr::lint(file), lintr::lint(file, linters = list(object_name_linter = nameLinter)))
})
lints <- unlist(found, recursive = FALSE)
for (lint in lints) {
  cat(sprintf(
    "%s:%d:%d: %s [%s]\n  %s\n", sub(paste0(getwd(), "/"), "", lint$filename, fixed = TRUE), lint$line_number,
    lint$column_number, lint$message, lint$linter, trimws(lint$line)
  ))
}
cat(sprintf("R code: %d files, %d lints\n", length(files), length(lints)))
if (length(lints) > 0) quit(status = 1)
