# Time and memory by the number of cells.
#
#   Rscript benches/scale/run.R LIBRARY OUT LARGEST
#
# Writes OUT/results.md. Simulated tissue of 1,024 cells and four times as many each time, up to LARGEST, as imaging
# platforms give it (500 genes, a quarter of the entries filled) and as bins do (2,000 genes, 3 %). Every measurement runs
# in a fresh R process; memory is the peak of that process, its input included.

arguments <- commandArgs(TRUE)
library <- normalizePath(arguments[[1]])
out <- arguments[[2]]
largest <- as.numeric(arguments[[3]])
dir.create(out, showWarnings = FALSE, recursive = TRUE)
source("benches/tables.R")

shapes <- list(imaging = list(genes = 500, librarySize = 210), bins = list(genes = 2000, librarySize = 60))
sides <- 2^(5:10)
sides <- sides[sides^2 <= largest]

# What is timed, in this order, each a function of the tissue and of what came before.
fitted <- list(
  fit = function(x, done, threads) starscape::runStarscape(x$counts, x$coords, threads = threads, verbose = FALSE),
  domains = function(x, done, threads) starscape::findDomains(done$fit, k = 8, threads = threads, verbose = FALSE)
)
tested <- list(
  markers = function(x, done, threads) {
    starscape::domainMarkers(
      x$counts, x$labels, coords = x$coords, correct = "none", threads = threads, verbose = FALSE
    )
  },
  variableGenes = function(x, done, threads) {
    starscape::spatiallyVariableGenes(x$counts, x$coords, threads = threads, verbose = FALSE)
  }
)

# Runs in the fresh process.
simulate <- function(library, side, shape, file) {
  .libPaths(c(library, .libPaths()))
  tissue <- starscape::simulateSlices(
    rows = side, columns = side, genes = shape$genes, domains = 8, librarySize = shape$librarySize, seed = 1
  )
  saveRDS(tissue[c("counts", "coords", "labels")], file, compress = FALSE)
  length(tissue$counts@x) / prod(dim(tissue$counts))
}

measure <- function(library, file, operations, threads) {
  .libPaths(c(library, .libPaths()))
  tissue <- readRDS(file)
  done <- list()
  seconds <- c()
  for (name in names(operations)) {
    time <- system.time(suppressMessages(done[[name]] <- operations[[name]](tissue, done, threads)))
    seconds[[name]] <- time[["elapsed"]]
  }
  status <- readLines("/proc/self/status")
  peak <- as.numeric(sub("VmHWM:\\s*([0-9]+) kB", "\\1", grep("^VmHWM", status, value = TRUE)))
  c(unlist(seconds), peakGB = peak / 2^20)
}

rows <- list()
for (name in names(shapes)) {
  for (side in sides) {
    file <- tempfile(fileext = ".rds")
    filled <- callr::r(simulate, list(library, side, shapes[[name]], file))
    for (threads in 2:1) {
      found <- callr::r(measure, list(library, file, fitted, threads))
      others <- callr::r(measure, list(library, file, tested, threads))
      rows[[length(rows) + 1]] <- data.frame(
        shape = name, cells = side^2, filled = filled, threads = threads, t(found), markers = others[["markers"]],
        variableGenes = others[["variableGenes"]], peakTestsGB = others[["peakGB"]]
      )
      print(rows[[length(rows)]])
    }
    unlink(file)
  }
}
table <- do.call(rbind, rows)

# Slope of the log of a measure on the log of cells, from 16,384 cells on where there are three sizes, else from all.
growth <- function(own, column) {
  large <- own[own$cells >= 16384, ]
  if (nrow(large) < 3) large <- own
  if (nrow(large) < 2) return(NA)
  stats::coef(stats::lm(log(large[[column]]) ~ log(large$cells)))[[2]]
}
measures <- c("fit", "domains", "peakGB", "markers", "variableGenes", "peakTestsGB")
exponents <- do.call(rbind, lapply(split(table, list(table$shape, table$threads), drop = TRUE), function(own) {
  data.frame(
    shape = own$shape[[1]], threads = own$threads[[1]], as.list(vapply(measures, function(m) growth(own, m), 0))
  )
}))

three <- function(values) formatC(values, digits = 3, format = "fg", big.mark = ",")
titles <- c("fit, s", "domains, s", "peak, GB", "markers, s", "variable genes, s", "peak of these, GB")
names(table) <- c("tissue", "cells", "filled", "threads", titles)
names(exponents) <- c("tissue", "threads", titles)
processor <- sub("model name\\s*: ", "", grep("^model name", readLines("/proc/cpuinfo"), value = TRUE)[[1]])
writeLines(c(
  "# Time and memory by the number of cells", "",
  sprintf("R %s, starscape %s, %s.", getRversion(), utils::packageVersion("starscape", lib.loc = library), processor),
  "Defaults; eight domains are asked for. The peak is that of the R process, the input included.", "",
  tableLines(table, three), "", "## Growth", "",
  "Exponent of cells, fitted from 16,384 cells on (from all where these are fewer than three).", "",
  tableLines(exponents, three)
), file.path(out, "results.md"))
