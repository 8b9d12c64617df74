# Real sections that tests and benchmarks read where they are. They are not part of the package: the environment
# variable STARSCAPE_DATA names the folder that holds dlpfc/ and starmap_mpfc/.

folder <- Sys.getenv("STARSCAPE_DATA")

readMatrix <- function(path) {
  lines <- function(file) {
    connection <- gzfile(file.path(path, file))
    on.exit(close(connection))
    sub("\t.*", "", readLines(connection))
  }
  counts <- Matrix::readMM(gzfile(file.path(path, "matrix.mtx.gz")))
  dimnames(counts) <- list(lines("features.tsv.gz"), lines("barcodes.tsv.gz"))
  methods::as(counts, "CsparseMatrix")
}

readVisium <- function(path) {
  counts <- readMatrix(file.path(path, "filtered_feature_bc_matrix"))
  places <- utils::read.csv(file.path(path, "spatial", "tissue_positions_list.csv"), header = FALSE, row.names = 1)
  labels <- utils::read.delim(file.path(path, "labels.tsv"))
  list(
    counts = counts, coords = as.matrix(places[colnames(counts), 3:2]),
    labels = labels$layer[match(colnames(counts), labels$barcode)]
  )
}

readStarmap <- function(path) {
  counts <- readMatrix(path)
  cells <- utils::read.delim(file.path(path, "cells.tsv"))
  cells <- cells[match(colnames(counts), cells$cell), ]
  list(counts = counts, coords = cbind(cells$x, cells$y), labels = cells$domain)
}

sections <- list(
  "151673" = list(read = readVisium, path = "dlpfc/151673", least = 0.63),
  "151674" = list(read = readVisium, path = "dlpfc/151674", least = 0.64),
  BZ5 = list(read = readStarmap, path = "starmap_mpfc/BZ5", least = 0.86),
  BZ9 = list(read = readStarmap, path = "starmap_mpfc/BZ9", least = 0.80),
  BZ14 = list(read = readStarmap, path = "starmap_mpfc/BZ14", least = 0.85)
)

# Every section is read once, and fitted once with each seed.
kept <- new.env()

once <- function(key, value) {
  if (is.null(kept[[key]])) assign(key, value, kept)
  kept[[key]]
}

readSection <- function(name) {
  once(name, sections[[name]]$read(file.path(folder, sections[[name]]$path)))
}

fitSection <- function(name, seed = 1) {
  once(paste("fit", name, seed), suppressMessages(
    runStarscape(readSection(name)$counts, unname(readSection(name)$coords), seed = seed, verbose = FALSE),
    "starscape_message"
  ))
}

# Several sections together, as a list of what they are made of.
fitTogether <- function(parts, ...) {
  suppressMessages(runStarscape(
    lapply(parts, `[[`, "counts"), lapply(parts, function(part) unname(part$coords)), verbose = FALSE, ...
  ), "starscape_message")
}

cortexPair <- c("151673", "151674")
animals <- c("BZ5", "BZ9", "BZ14")

fitSections <- function(names) once(paste(c("fit", names), collapse = " "), fitTogether(readSections(names)))

readSections <- function(names) sapply(names, readSection, simplify = FALSE)

knownLabels <- function(parts) unlist(lapply(parts, `[[`, "labels"), use.names = FALSE)

needSections <- function(what) {
  testthat::skip_if(folder == "", paste("STARSCAPE_DATA is not set:", what, "is not tested"))
  testthat::skip_if_not(dir.exists(file.path(folder, "dlpfc")), "the folder STARSCAPE_DATA has no real sections")
}

jointDomains <- function(fit, parts, space = "embedding") {
  k <- length(unique(stats::na.omit(knownLabels(parts))))
  findDomains(fit, k = k, space = space, verbose = FALSE)$domain
}

# Adjusted Rand index of each slice, of all together, and how far true domains fall apart into slices.
jointAgreement <- function(fit, parts, space = "embedding", domain = jointDomains(fit, parts, space)) {
  labels <- knownLabels(parts)
  each <- vapply(levels(fit$slice), function(name) {
    rows <- fit$slice == name
    clusterMetrics(labels[rows], domain[rows])[["ARI"]]
  }, 0)
  all <- clusterMetrics(labels, domain, graph = fit$graph)
  c(
    each, mean = mean(each), joint = all[["ARI"]], boundary = all[["boundaryCA"]],
    mixing = mixing(fit[[space]], fit, labels)
  )
}

# Silhouette of the slices within each true domain, averaged over its spots: 0 where slices lie on each other.
mixing <- function(values, fit, labels) {
  widths <- vapply(split(seq_along(labels), labels), function(rows) {
    clusterMetrics(fit$slice[rows], fit$slice[rows], values[rows, ])[["silhouette"]]
  }, 0)
  stats::weighted.mean(widths, table(labels))
}
