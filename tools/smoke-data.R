# Simulated sections in the layout of the real ones that the benches read: Rscript tools/smoke-data.R LIBRARY FOLDER
# They are just large enough for every part of a bench to have something to measure.
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[[1]]), .libPaths()))
library(starscape)
folder <- arguments[[2]]

# A folder in the folder, made where it is missing.
inFolder <- function(...) {
  path <- file.path(folder, ...)
  dir.create(path, showWarnings = FALSE, recursive = TRUE)
  path
}

zipped <- function(lines, path) {
  connection <- gzfile(path, "w")
  writeLines(lines, connection)
  close(connection)
}

table <- function(..., path) utils::write.table(data.frame(...), path, sep = "\t", quote = FALSE, row.names = FALSE)

writeCounts <- function(counts, path) {
  Matrix::writeMM(counts, file.path(path, "matrix.mtx"))
  zipped(readLines(file.path(path, "matrix.mtx")), file.path(path, "matrix.mtx.gz"))
  unlink(file.path(path, "matrix.mtx"))
  zipped(paste(rownames(counts), rownames(counts), "Gene Expression", sep = "\t"), file.path(path, "features.tsv.gz"))
  zipped(colnames(counts), file.path(path, "barcodes.tsv.gz"))
}

# A list of sections of one tissue, whose domains have these names.
sectionsOf <- function(slices, rows, columns, genes, domains, seed) {
  drawn <- simulateSlices(
    slices = slices, rows = rows, columns = columns, genes = length(genes), domains = length(domains), seed = seed
  )
  rownames(drawn$counts) <- genes
  lapply(split(seq_along(drawn$slice), drawn$slice), function(own) {
    counts <- drawn$counts[, own]
    colnames(counts) <- paste0("spot", seq_along(own))
    list(counts = counts, coords = drawn$coords[own, ], labels = domains[drawn$labels[own]])
  })
}

writeVisium <- function(section, name) {
  spots <- colnames(section$counts)
  writeCounts(section$counts, inFolder("dlpfc", name, "filtered_feature_bc_matrix"))
  # Some spots of a real section have no label.
  labels <- replace(section$labels, 1:3, NA)
  table(barcode = spots, layer = labels, path = file.path(folder, "dlpfc", name, "labels.tsv"))
  places <- data.frame(spots, 1, section$coords[, 2:1], 100 * section$coords[, 2:1])
  utils::write.table(
    places, file.path(inFolder("dlpfc", name, "spatial"), "tissue_positions_list.csv"), sep = ",", quote = FALSE,
    row.names = FALSE, col.names = FALSE
  )
}

# Cells lie anywhere.
writeCells <- function(section, ..., labelled = TRUE) {
  path <- inFolder(...)
  writeCounts(section$counts, path)
  spots <- ncol(section$counts)
  places <- 20 * section$coords + withr::with_seed(1, matrix(stats::runif(2 * spots, -5, 5), spots))
  cells <- data.frame(cell = colnames(section$counts), x = places[, 1], y = places[, 2])
  if (labelled) cells$domain <- section$labels
  table(cells, path = file.path(path, "cells.tsv"))
}

# Of arrays the row names are the positions, and what is labelled lies beside them.
writeTumour <- function(section, name) {
  path <- inFolder("her2st", name)
  positions <- paste0(section$coords[, 1], "x", section$coords[, 2])
  counts <- as.matrix(Matrix::t(section$counts))
  lines <- paste(positions, apply(counts, 1, paste, collapse = "\t"), sep = "\t")
  zipped(c(paste0("\t", paste(colnames(counts), collapse = "\t")), lines), file.path(path, "counts.tsv.gz"))
  table(
    x = section$coords[, 1] + 0.02, y = section$coords[, 2] - 0.02, label = section$labels,
    path = file.path(path, "labeled_coordinates.tsv")
  )
}

# Cells of as many types as the tissue has domains.
writeReference <- function(section, name) {
  path <- inFolder(name, "reference")
  writeCounts(section$counts, path)
  table(cell = colnames(section$counts), cell_type = section$labels, path = file.path(path, "cells.tsv"))
}

# The benches look for these genes of the cortex.
known <- c(
  "ENSG00000197971", "ENSG00000168314", "ENSG00000123560", "ENSG00000183036", "ENSG00000115756", "ENSG00000111249",
  "ENSG00000125869", "ENSG00000189056", "ENSG00000171885"
)
cortex <- sectionsOf(2, 25, 26, c(known, sprintf("ENSG%011d", seq_len(111))), c(paste0("L", 1:6), "WM"), 1)
invisible(Map(writeVisium, cortex, c("151673", "151674")))
genes <- paste0("gene", seq_len(80))
animals <- sectionsOf(3, 16, 16, genes, c("L1", "L2/3", "L5", "L6"), 2)
invisible(Map(writeCells, animals, "starmap_mpfc", c("BZ5", "BZ9", "BZ14")))
others <- c(
  "starmap_v1", "osmfish", "merfish_hypothalamus_1", "merfish_hypothalamus_2", "mob12", "cosmx_lung", "xenium_breast",
  "slideseq_cerebellum"
)
unlabelled <- c("cosmx_lung", "xenium_breast", "slideseq_cerebellum")
tissues <- sectionsOf(length(others), 16, 16, genes, paste("layer", 1:4), 3)
invisible(Map(writeCells, tissues, "panel", others, labelled = !others %in% unlabelled))
tumours <- sectionsOf(4, 14, 14, genes, c("invasive cancer", "adipose tissue", "connective tissue"), 4)
invisible(Map(writeTumour, tumours, c("A1", "B1", "C1", "D1")))
references <- sectionsOf(2, 16, 16, genes, paste0("type", 1:5), 5)
invisible(Map(writeReference, references, c("lymph_node", "pdac")))
