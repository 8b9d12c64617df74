# From counts to domains on one section, as a user of Seurat does it.
#
#   Rscript demo/run.R [DATA] [K]
#
# DATA is a directory as Space Ranger writes it; without it a section is simulated. Known labels are used to judge the
# result, never to find it: labels.tsv in DATA (barcode, label), or the domains of the simulation.
# K is the number of domains; by default the number of labels, and without labels it is chosen. Results: demo/out/.

suppressPackageStartupMessages(library(Seurat))
library(starscape)
options(width = 120) # whole tables on a line

# One of the files a Space Ranger version writes: before 2.0 without a header.
readPositions <- function(folder) {
  file <- file.path(folder, c("tissue_positions.csv", "tissue_positions_list.csv"))
  file <- file[file.exists(file)][1]
  if (is.na(file)) stop("no tissue_positions.csv or tissue_positions_list.csv in ", folder, call. = FALSE)
  header <- startsWith(readLines(file, 1), "barcode")
  positions <- read.csv(file, header = header)
  names(positions) <- c("barcode", "in_tissue", "array_row", "array_col", "pxl_row", "pxl_col")
  positions
}

readSpaceRanger <- function(folder) {
  matrix <- file.path(folder, "filtered_feature_bc_matrix")
  if (!dir.exists(matrix)) stop("no filtered_feature_bc_matrix/ in ", folder, call. = FALSE)
  counts <- Read10X(matrix, gene.column = 1)
  if (is.list(counts)) counts <- counts[["Gene Expression"]]
  positions <- readPositions(file.path(folder, "spatial"))
  positions <- positions[match(colnames(counts), positions$barcode), ]
  if (anyNA(positions$barcode)) stop("some barcodes have no position in ", folder, call. = FALSE)
  labels <- file.path(folder, "labels.tsv")
  if (file.exists(labels)) {
    labels <- read.delim(labels)
    labels <- labels[[2]][match(colnames(counts), labels[[1]])]
  } else {
    labels <- NULL
  }
  list(counts = counts, coords = positions[c("array_col", "array_row")], labels = labels)
}

simulated <- function() {
  section <- simulateSlices(rows = 40, columns = 50, genes = 1000, domains = 5, seed = 1)
  coords <- data.frame(array_col = section$coords[, "x"], array_row = section$coords[, "y"])
  list(counts = section$counts, coords = coords, labels = section$labels)
}

arguments <- commandArgs(TRUE)
data <- if (length(arguments) >= 1 && nzchar(arguments[1])) arguments[1]
k <- if (length(arguments) >= 2 && nzchar(arguments[2])) as.integer(arguments[2])
section <- if (is.null(data)) simulated() else readSpaceRanger(data)
labels <- section$labels
if (is.null(k) && !is.null(labels)) k <- length(unique(na.omit(labels)))

metadata <- section$coords
rownames(metadata) <- colnames(section$counts)
metadata$label <- labels
obj <- CreateSeuratObject(section$counts, meta.data = metadata)
cat(sprintf("%s: %d genes x %d spots\n", if (is.null(data)) "simulated section" else data, nrow(obj), ncol(obj)))

# What a user types. -------------------------------------------------------------------------------------------------

seconds <- system.time({
  obj <- runStarscape(obj, coords = c("array_col", "array_row"), seed = 1)
  obj <- findDomains(obj, k = k)
})[["elapsed"]]

# Results. -----------------------------------------------------------------------------------------------------------

out <- file.path("demo", "out")
dir.create(out, recursive = TRUE, showWarnings = FALSE)
unlink(list.files(out, full.names = TRUE))
record <- function(name, writer) {
  writer(file.path(out, name))
  cat("wrote", file.path(out, name), "\n")
}
writeTable <- function(name, table) record(name, function(file) write.csv(table, file, row.names = FALSE))
writePlot <- function(name, plot, width = 7, height = 6) {
  record(name, function(file) ggplot2::ggsave(file, plot, width = width, height = height, dpi = 150, bg = "white"))
}

fit <- Misc(obj, "starscape")
found <- obj$domain
rows <- split(seq_along(found), found)
# A statistic of each domain over its spots.
perDomain <- function(values, statistic) vapply(rows, function(i) statistic(values[i]), 0, USE.NAMES = FALSE)
domains <- data.frame(
  domain = names(rows),
  spots = lengths(rows, use.names = FALSE),
  mean_confidence = perDomain(obj$domain_confidence, mean),
  median_library_size = perDomain(obj$nCount_RNA, median),
  median_genes = perDomain(obj$nFeature_RNA, median)
)
if (!is.null(labels)) {
  shares <- prop.table(table(found, labels), 1)
  domains$main_label <- colnames(shares)[max.col(shares, ties.method = "first")]
  domains$main_label_share <- apply(shares, 1, max)
}

record("object.rds", function(file) saveRDS(obj, file))
writePlot("domains.png", plotDomains(obj))
if (nrow(Misc(obj, "starscape")$history) > 0) writePlot("history.png", plotHistory(obj), width = 9)
writeTable("domains.csv", domains)

if (!is.null(labels)) {
  # The same with the prior alone shows what the network adds.
  priorDomains <- findDomains(fit, k = nlevels(found), space = "prior")$domain
  metrics <- rbind(
    starscape = clusterMetrics(labels, found, fit$embedding),
    prior = clusterMetrics(labels, priorDomains, fit$prior)
  )
  writePlot("labels.png", plotDomains(obj, "label"))
  writeTable("metrics.csv", data.frame(method = rownames(metrics), metrics))
}

cat(sprintf("\n%d domains in %.1f s\n", nlevels(found), seconds))
print(domains, digits = 3, row.names = FALSE)
if (!is.null(labels)) {
  cat("\nagreement with the labels\n")
  print(round(metrics, 3))
}
