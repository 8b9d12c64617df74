# Renders the vignettes with the installed package: Rscript tools/vignettes.R LIBRARY OUT
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[1]), .libPaths()))
files <- list.files("vignettes", "[.]Rmd$", full.names = TRUE)
if (length(files) == 0) stop("no vignettes found")
out <- arguments[2]
dir.create(out, recursive = TRUE, showWarnings = FALSE)
# Rendered from copies, each in its own process: a vignette leaves nothing in the clone and nothing to the next one.
source <- tempfile("vignettes")
stopifnot(dir.create(source), file.copy(list.files("vignettes", full.names = TRUE), source, recursive = TRUE))
for (file in basename(files)) {
  cat("== vignette", file, "\n")
  seconds <- system.time(callr::r(
    function(input, out) rmarkdown::render(input, output_dir = out, quiet = TRUE),
    list(file.path(source, file), normalizePath(out)), libpath = .libPaths()
  ))[["elapsed"]]
  cat(sprintf("built in %.0f s\n", seconds))
}
