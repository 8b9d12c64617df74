# Time and memory by the number of cells.
#
#   Rscript benches/scale/run.R LIBRARY OUT LARGEST
#
# Writes OUT/results.md. Simulated tissue of 1,024 cells and four times as many each time, up to LARGEST, as imaging
# platforms give it (500 genes, a quarter of the entries filled) and as bins do (2,000 genes, 3 %). Every measurement
# runs in a fresh R process; memory is the peak of that process, its input included.
#
# What costs several fits (TransST, joint fits, the choice of k) and imputation end at MODEST cells.

arguments <- commandArgs(TRUE)
library <- normalizePath(arguments[[1]])
out <- arguments[[2]]
largest <- as.numeric(arguments[[3]])
modest <- 65536
dir.create(out, showWarnings = FALSE, recursive = TRUE)
source("benches/tables.R")

shapes <- list(imaging = list(genes = 500, librarySize = 210), bins = list(genes = 2000, librarySize = 60))
sides <- 2^(5:10)
sides <- sides[sides^2 <= largest]

# What is timed, in this order, each a function of the tissue and of what came before. What is in one list is timed in
# one process.
processes <- list(
  fitted = list(
    fit = function(x, done, threads) starscape::runStarscape(x$counts, x$coords, threads = threads, verbose = FALSE),
    domains = function(x, done, threads) starscape::findDomains(done$fit, k = 8, threads = threads, verbose = FALSE)
  ),
  tested = list(
    markers = function(x, done, threads) {
      starscape::domainMarkers(
        x$counts, x$labels, coords = x$coords, correct = "none", threads = threads, verbose = FALSE
      )
    },
    variableGenes = function(x, done, threads) {
      starscape::spatiallyVariableGenes(x$counts, x$coords, threads = threads, verbose = FALSE)
    }
  ),
  further = list(
    fit = function(x, done, threads) starscape::runStarscape(x$counts, x$coords, threads = threads, verbose = FALSE),
    chosen = function(x, done, threads) starscape::findDomains(done$fit, threads = threads, verbose = FALSE),
    imputed = function(x, done, threads) {
      starscape::imputeExpression(
        x$counts, fit = done$fit, features = rownames(x$counts)[1:50], threads = threads, verbose = FALSE
      )
    },
    joint = function(x, done, threads) {
      half <- rep(1:2, each = ncol(x$counts) / 2)
      starscape::runStarscape(x$counts, x$coords, slice = half, batch = half, threads = threads, verbose = FALSE)
    },
    transST = function(x, done, threads) {
      some <- seq_len(ncol(x$counts) / 4)
      starscape::runTransST(
        x$counts[, -some], source = x$counts[, some], labels = as.character(x$labels[some]),
        coords = x$coords[-some, ], k = 8, threads = threads, verbose = FALSE
      )
    }
  )
)

# Runs in the fresh process.
simulate <- function(library, side, shape, file) {
  .libPaths(c(library, .libPaths()))
  # No more than 2e9 entries can be simulated: the largest tissue of 2,000 genes is a little smaller.
  rows <- min(side, floor(2e9 / (side * shape$genes)))
  tissue <- starscape::simulateSlices(
    rows = rows, columns = side, genes = shape$genes, domains = 8, librarySize = shape$librarySize, seed = 1
  )
  saveRDS(tissue[c("counts", "coords", "labels")], file, compress = FALSE)
  c(cells = ncol(tissue$counts), filled = length(tissue$counts@x) / prod(dim(tissue$counts)))
}

measure <- function(library, file, operations, threads) {
  .libPaths(c(library, .libPaths()))
  tissue <- readRDS(file)
  done <- list()
  seconds <- numeric()
  for (name in names(operations)) {
    time <- system.time(suppressMessages(done[[name]] <- operations[[name]](tissue, done, threads)))
    seconds[[name]] <- time[["elapsed"]]
  }
  status <- readLines("/proc/self/status")
  peak <- as.numeric(sub("VmHWM:\\s*([0-9]+) kB", "\\1", grep("^VmHWM", status, value = TRUE)))
  c(unlist(seconds), peakGB = peak / 2^20)
}

# A table of one list of operations: a row for each tissue, size and number of threads.
timed <- function(operations, sides, threads) {
  rows <- list()
  for (name in names(shapes)) {
    for (side in sides) {
      file <- tempfile(fileext = ".rds")
      size <- callr::r(simulate, list(library, side, shapes[[name]], file))
      for (count in threads) {
        found <- callr::r(measure, list(library, file, operations, count))
        rows[[length(rows) + 1]] <- data.frame(tissue = name, t(size), threads = count, t(found))
        print(rows[[length(rows)]])
      }
      unlink(file)
    }
  }
  do.call(rbind, rows)
}
# Half a million cells and more are timed with two threads alone.
few <- sides[sides^2 <= 262144]
several <- rbind(timed(processes$fitted, few, 2:1), timed(processes$fitted, setdiff(sides, few), 2))
tables <- list(
  `Fit and domains` = several, `Markers and variable genes` = timed(processes$tested, sides, 2),
  `Further operations` = timed(processes$further, sides[sides^2 <= modest], 2)
)

# Slope of the log of a measure on the log of cells, from 16,384 cells on where there are three sizes, else from all.
growth <- function(own, column) {
  large <- own[own$cells >= 16384, ]
  if (nrow(large) < 3) large <- own
  if (nrow(large) < 2) return(NA)
  stats::coef(stats::lm(log(large[[column]]) ~ log(large$cells)))[[2]]
}
exponents <- function(table) {
  measures <- setdiff(names(table), c("tissue", "cells", "filled", "threads"))
  do.call(rbind, lapply(split(table, list(table$tissue, table$threads), drop = TRUE), function(own) {
    data.frame(
      tissue = own$tissue[[1]], threads = own$threads[[1]], as.list(vapply(measures, function(m) growth(own, m), 0))
    )
  }))
}

three <- function(values) formatC(values, digits = 3, format = "fg", big.mark = ",")
titles <- c(
  fit = "fit, s", domains = "domains, s", peakGB = "peak, GB", markers = "markers, s",
  variableGenes = "variable genes, s", chosen = "domains, k found, s", imputed = "50 genes imputed, s",
  joint = "two batches, s", transST = "TransST, s"
)
titled <- function(table) {
  known <- names(table) %in% names(titles)
  stats::setNames(table, ifelse(known, titles[names(table)], names(table)))
}
processor <- sub("model name\\s*: ", "", grep("^model name", readLines("/proc/cpuinfo"), value = TRUE)[[1]])
sections <- unlist(Map(function(name, table) {
  c(
    paste("##", name), "", tableLines(titled(table), three), "", "Exponents of cells:", "",
    tableLines(titled(exponents(table)), three), ""
  )
}, names(tables), tables))
writeLines(c(
  "# Time and memory by the number of cells", "",
  sprintf("R %s, starscape %s, %s.", getRversion(), utils::packageVersion("starscape", lib.loc = library), processor),
  "Defaults; eight domains are asked for. The peak is that of the R process, the input included. Exponents are fitted",
  "from 16,384 cells on (from all where these are fewer than three).", "", sections
), file.path(out, "results.md"))
