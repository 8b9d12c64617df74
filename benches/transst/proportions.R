# Proportions of cell types beside least squares, in spots put together of held-out single cells.
#
#   Rscript benches/transst/proportions.R LIBRARY OUT DRAWS
#
# Writes OUT/proportions.md: DRAWS sets of spots for each reference and depth, and as many in which one type of the
# cells is missing from the reference. Without the references (STARSCAPE_DATA) it ends and says so.

source("benches/common.R")
draws <- seq_len(as.integer(arguments[[3]]))

fromTests("helper-sections.R")
fromTests("test-cellTypeProportions.R", "leastSquares")

references <- c("lymph node" = "lymph_node", pancreas = "pdac")
depths <- c(300, 2000)

# Pseudo-spots --------------------------------------------------------------------------------------------------------

readReference <- function(name) {
  path <- file.path(folder, references[[name]], "reference")
  counts <- readMatrix(path)
  cells <- utils::read.delim(file.path(path, "cells.tsv"))
  list(counts = counts, type = cells$cell_type[match(colnames(counts), cells$cell)])
}

# Half of the cells of each type make spots, the others are the source. Spots are 2 to 10 cells of at most `mixed`
# types, whose counts are added, with a factor of each gene (log standard deviation 0.5), as Poisson counts around the
# depth.
drawSpots <- function(reference, depth, mixed, seed, spots = 200) {
  withr::local_seed(seed)
  type <- factor(reference$type)
  held <- unlist(lapply(split(seq_along(type), type), function(own) {
    own[sample.int(length(own), length(own) %/% 2)]
  }), use.names = FALSE)
  platform <- exp(stats::rnorm(nrow(reference$counts), sd = 0.5))
  cells <- lapply(seq_len(spots), function(spot) {
    present <- sample(levels(type), min(mixed, nlevels(type)))
    possible <- held[type[held] %in% present]
    possible[sample.int(length(possible), sample(2:10, 1), replace = TRUE)]
  })
  expected <- vapply(cells, function(own) Matrix::rowSums(reference$counts[, own]), platform) * platform
  expected <- t(t(expected) / colSums(expected)) * depth
  counts <- matrix(
    stats::rpois(length(expected), expected), nrow(expected),
    dimnames = list(rownames(reference$counts), paste0("spot", seq_len(spots)))
  )
  truth <- t(vapply(cells, function(own) prop.table(table(type[own])), numeric(nlevels(type))))
  list(
    counts = methods::as(counts, "CsparseMatrix"), truth = truth,
    coords = unname(as.matrix(expand.grid(seq_len(20), seq_len(spots / 20)))),
    source = reference$counts[, -held], type = reference$type[-held]
  )
}

# Ours -----------------------------------------------------------------------------------------------------------------

proportionsOf <- function(spots, kept = rep(TRUE, length(spots$type))) {
  cellTypeProportions(quiet(runTransST(
    spots$counts, spots$source[, kept], spots$type[kept], coords = spots$coords, k = 3, verbose = FALSE
  )))
}

# Mean correlation over the types that differ between spots, and root mean square error.
errors <- function(found, truth) {
  varies <- apply(truth, 2, stats::sd) > 0
  correlation <- vapply(which(varies), function(type) {
    if (stats::sd(found[, type]) > 0) stats::cor(found[, type], truth[, type]) else 0
  }, 0)
  c(correlation = mean(correlation), error = sqrt(mean((found - truth)^2)))
}

compare <- function(...) {
  spots <- drawSpots(...)
  types <- colnames(spots$truth)
  ours <- proportionsOf(spots)
  inside <- spots$truth >= ours$lower[, types] & spots$truth <= ours$upper[, types]
  baseline <- function(scaled) errors(leastSquares(spots$counts, spots$source, spots$type, scaled), spots$truth)
  c(
    ours = errors(ours$proportions[, types], spots$truth), plain = baseline(FALSE), scaled = baseline(TRUE),
    inside = mean(inside)
  )
}

# How much "other" rises when the type of the median share is not in the source, and what share it had.
leaveOut <- function(...) {
  spots <- drawSpots(...)
  shares <- sort(colMeans(spots$truth), decreasing = TRUE)
  missing <- names(shares)[[ceiling(length(shares) / 4)]]
  other <- function(...) mean(proportionsOf(spots, ...)$proportions[, "other"])
  c("share left out" = shares[[missing]], "rise of other" = other(spots$type != missing) - other())
}

# Report --------------------------------------------------------------------------------------------------------------

settings <- expand.grid(depth = depths, mixed = c(4, Inf), reference = names(references), stringsAsFactors = FALSE)

# Values x draws of each setting.
overDraws <- function(measure) {
  Map(function(depth, mixed, name) {
    message(name, ", ", depth, " counts, types a spot: ", mixed)
    reference <- readReference(name)
    do.call(cbind, lapply(draws, function(seed) measure(reference, depth, mixed, seed)))
  }, settings$depth, settings$mixed, settings$reference)
}

settingOf <- function(depth, mixed, name) {
  data.frame(
    reference = name, "types a spot" = if (is.finite(mixed)) paste("at most", mixed) else "any",
    "counts a spot" = as.character(depth), check.names = FALSE
  )
}

# "mean (least-most)" of a row of values.
spread <- function(values) sprintf("%.3f (%.3f-%.3f)", mean(values), min(values), max(values))

mainRow <- function(depth, mixed, name, values) {
  pair <- function(method) {
    sprintf("%.3f, %.3f", mean(values[paste0(method, ".correlation"), ]), mean(values[paste0(method, ".error"), ]))
  }
  better <- function(method) {
    values["ours.correlation", ] > values[paste0(method, ".correlation"), ] &
      values["ours.error", ] < values[paste0(method, ".error"), ]
  }
  data.frame(
    settingOf(depth, mixed, name), starscape = pair("ours"), "least squares" = pair("plain"),
    "scaled by gene" = pair("scaled"),
    "better than both" = sprintf("%d of %d", sum(better("plain") & better("scaled")), ncol(values)),
    "truth in 90 % intervals" = spread(values["inside", ]), check.names = FALSE
  )
}

leftRow <- function(depth, mixed, name, values) {
  data.frame(
    settingOf(depth, mixed, name), "share left out" = spread(values["share left out", ]),
    "rise of other" = spread(values["rise of other", ]), check.names = FALSE
  )
}

if (folder == "" || !dir.exists(file.path(folder, "pdac"))) {
  message("STARSCAPE_DATA has no single-cell references: proportions of cell types are not measured")
  quit(status = 0)
}
tableOf <- function(row, values) {
  tableLines(do.call(rbind, Map(row, settings$depth, settings$mixed, settings$reference, values)))
}
writeLines(c(
  "# What spots are made of", "", "Made by `make transst`.", "",
  versions(), "",
  "Half of the cells of a reference make 200 spots of 2 to 10 cells, with a factor of each gene (log standard",
  sprintf("deviation 0.5); the others are the source; %d draws. Least squares are non-negative, on the", length(draws)),
  "types' means.", "",
  "Mean correlation over types and root mean square error, of proportions of cells.", "",
  tableOf(mainRow, overDraws(compare)), "", "## A type that the source lacks", "",
  "Its share of the cells, and by how much `other` rises without it.", "", tableOf(leftRow, overDraws(leaveOut))
), file.path(out, "proportions.md"))
