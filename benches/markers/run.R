# Markers of domains: exactness and speed against Seurat, p-values under the null, power, known genes of the cortex.
#
#   Rscript benches/markers/run.R LIBRARY OUT DRAWS
#
# Writes OUT/results.md. DRAWS are the simulated sections of the null and of the power study. Needs the real section
# 151673 (STARSCAPE_DATA) and Seurat; without one of them its tables are left out.

source("benches/common.R")
draws <- seq_len(as.integer(arguments[[3]]))
source("rpkg/tests/testthat/helper-sections.R")

markersOf <- function(..., spatial = FALSE) quiet(domainMarkers(..., spatial = spatial, verbose = FALSE))
core <- function(name) getFromNamespace(name, "starscape")

# Simulated sections --------------------------------------------------------------------------------------------------

# Negative binomial counts of independent spots on a hexagonal array. `effects` are log2 fold changes, genes x domains;
# the domains are layers.
section <- function(draw, effects, rows = 25, columns = 25, depth = 3000) {
  withr::with_seed(draw, {
    spots <- rows * columns
    genes <- nrow(effects)
    labels <- factor(ceiling(ncol(effects) * seq_len(rows) / rows))[rep(seq_len(rows), each = columns)]
    baseline <- stats::rnorm(genes, 0, 1.2)
    overdispersion <- stats::runif(genes, 0.1, 1)
    size <- depth * exp(stats::rnorm(spots, 0, 0.3))
    share <- exp(baseline + log(2) * effects)
    mean <- sweep(sweep(share, 2, colSums(share), "/")[, as.integer(labels)], 2, size, "*")
    counts <- matrix(stats::rnbinom(genes * spots, mu = mean, size = 1 / overdispersion), genes)
    dimnames(counts) <- list(paste0("g", seq_len(genes)), paste0("s", seq_len(spots)))
    row <- rep(seq_len(rows), each = columns)
    list(
      counts = methods::as(counts, "CsparseMatrix"), coords = cbind(2 * rep(seq_len(columns), rows) + row %% 2, row),
      labels = labels, overdispersion = overdispersion
    )
  })
}

fitOf <- function(sim) {
  quiet(runStarscape(sim$counts, unname(sim$coords), latentDim = 10, epochs = 30, verbose = FALSE))
}

# Markers from counts split with a given overdispersion.
splitWith <- function(sim, fit, k, overdispersion) {
  parts <- core("splitCounts")(sim$counts, overdispersion, list(split = 0.5, seed = 1, threads = 2), NULL)
  found <- list(k = k, method = "gmm", seed = 1L, space = "embedding")
  markersOf(parts$second, quiet(core("findAgain")(fit, parts$first, found, 2L)), correct = "none")
}

# No domains: what share of the p-values is below 0.05, and of the genes below a false discovery rate of 5 %.
nullDraw <- function(draw, genes) {
  sim <- section(draw, matrix(0, genes, 1))
  fit <- fitOf(sim)
  domains <- findDomains(fit, k = 3, verbose = FALSE)
  results <- list(
    "none" = markersOf(sim$counts, domains, correct = "none"),
    "count splitting, Poisson" = splitWith(sim, fit, 3, 0 * sim$overdispersion),
    "count splitting" = markersOf(sim$counts, domains, fit = fit),
    "count splitting, true overdispersion" = splitWith(sim, fit, 3, sim$overdispersion)
  )
  vapply(results, function(markers) {
    c(p = mean(markers$p_value < 0.05, na.rm = TRUE), fdr = mean(markers$fdr < 0.05, na.rm = TRUE))
  }, numeric(2))
}

nullTable <- function(genes) {
  all <- vapply(draws, nullDraw, matrix(0, 2, 4), genes = genes)
  mean <- apply(all, 1:2, mean)
  data.frame(
    genes = genes, correction = colnames(mean), "p < 0.05" = mean[1, ],
    "standard error" = apply(all[1, , , drop = FALSE], 2, stats::sd) / sqrt(length(draws)), "FDR < 0.05" = mean[2, ],
    check.names = FALSE, row.names = NULL
  )
}

# Power ---------------------------------------------------------------------------------------------------------------

sizes <- c(0.25, 0.5, 1, 1.5, 2)

# The score test of a negative binomial mean that knows the labels and the overdispersion.
scoreTest <- function(sim) {
  counts <- as.matrix(sim$counts)
  size <- colSums(counts)
  phi <- sim$overdispersion
  share <- rowSums(counts) / sum(size)
  for (step in 1:20) {
    mean <- outer(share, size)
    weight <- 1 / (1 + phi * mean)
    share <- rowSums(counts * weight) / rowSums(sweep(weight, 2, size, "*"))
  }
  mean <- outer(share, size)
  score <- (counts - mean) / (1 + phi * mean)
  information <- mean / (1 + phi * mean)
  do.call(rbind, lapply(levels(sim$labels), function(domain) {
    inside <- sim$labels == domain
    own <- rowSums(information[, inside])
    z <- rowSums(score[, inside]) / sqrt(own - own^2 / rowSums(information))
    p <- 2 * stats::pnorm(-abs(z))
    data.frame(gene = rownames(counts), domain = domain, fdr = stats::p.adjust(p, "BH"))
  }))
}

# Three layers; ten genes of each size mark each layer, 350 mark none.
powerDraw <- function(draw) {
  effects <- matrix(0, 500, 3)
  place <- cbind(seq_len(150), rep(1:3, 50))
  effects[place] <- rep(sizes, each = 30)
  sim <- section(1000 + draw, effects, rows = 40, columns = 50)
  fit <- fitOf(sim)
  domains <- findDomains(fit, k = 3, verbose = FALSE)
  # Domains take the names of the layers they are most like.
  domains$domain <- core("takeNames")(domains$domain, sim$labels)
  results <- list(
    "count splitting" = markersOf(sim$counts, domains, fit = fit),
    "count splitting, 30 % for domains" = markersOf(sim$counts, domains, fit = fit, split = 0.3),
    "none" = markersOf(sim$counts, domains, correct = "none"),
    "true labels, rank sum" = markersOf(sim$counts, sim$labels, correct = "none"), "true model" = scoreTest(sim)
  )
  found <- vapply(results, function(markers) {
    row <- match(paste0("g", place[, 1], place[, 2]), paste0(markers$gene, markers$domain))
    c(tapply(markers$fdr[row] < 0.05, rep(sizes, each = 30), mean))
  }, numeric(5))
  rbind(found, all = colMeans(found))
}

powerTable <- function() {
  found <- vapply(draws, powerDraw, matrix(0, 6, 5))
  mean <- apply(found, 1:2, mean)
  data.frame(correction = colnames(mean), t(mean), check.names = FALSE, row.names = NULL)
}

# Replicates ----------------------------------------------------------------------------------------------------------

# Four donors with levels of their own and three known domains, of which no gene marks any on average; `sd` is by how
# much (in logs) a domain's expression differs from donor to donor. Shares of p-values below 0.05.
replicateDraw <- function(draw, sd, genes = 300, spots = 1200) {
  labels <- factor(rep(1:3, each = spots / 3))
  donor <- rep(rep(1:4, each = spots / 12), 3)
  counts <- withr::with_seed(2000 + draw, {
    level <- stats::rnorm(genes) + matrix(stats::rnorm(genes * 4, 0, 0.5), genes)
    own <- matrix(stats::rnorm(genes * 12, 0, sd), genes)
    share <- exp(level[, donor] + own[, as.integer(labels) + 3 * (donor - 1)])
    stats::rnbinom(genes * spots, mu = 2000 * sweep(share, 2, colSums(share), "/"), size = 2)
  })
  counts <- matrix(counts, genes, dimnames = list(paste0("g", seq_len(genes)), paste0("s", seq_len(spots))))
  counts <- methods::as(counts, "CsparseMatrix")
  below <- function(...) mean(markersOf(counts, labels, correct = "none", ...)$p_value < 0.05, na.rm = TRUE)
  c(
    "rank sum" = below(), "rank sum within donors" = below(block = donor),
    "pseudobulk" = below(block = donor, test = "pseudobulk")
  )
}

replicateTable <- function() {
  rows <- lapply(c(0, 0.3), function(sd) rowMeans(vapply(draws, replicateDraw, numeric(3), sd = sd)))
  data.frame("donors differ by" = c(0, 0.3), do.call(rbind, rows), check.names = FALSE)
}

# The real section ----------------------------------------------------------------------------------------------------

symbols <- c(
  MBP = "ENSG00000197971", MOBP = "ENSG00000168314", PLP1 = "ENSG00000123560", PCP4 = "ENSG00000183036",
  HPCAL1 = "ENSG00000115756", CUX2 = "ENSG00000111249", LAMP5 = "ENSG00000125869", RELN = "ENSG00000189056",
  AQP4 = "ENSG00000171885"
)
layers <- list(
  MBP = "WM", MOBP = "WM", PLP1 = "WM", PCP4 = "L5", HPCAL1 = "L2", CUX2 = c("L2", "L3"), LAMP5 = c("L2", "L3"),
  RELN = "L1", AQP4 = "L1"
)

timed <- function(code) {
  start <- proc.time()
  value <- force(code)
  list(value = value, seconds = (proc.time() - start)[["elapsed"]])
}

# All genes in all layers, by Seurat and here, in one run.
againstSeurat <- function(data) {
  known <- !is.na(data$labels)
  object <- suppressWarnings(Seurat::CreateSeuratObject(data$counts[, known]))
  object <- Seurat::NormalizeData(object, verbose = FALSE)
  Seurat::Idents(object) <- data$labels[known]
  logMean <- function(x) log2(Matrix::rowMeans(expm1(x)) + 1)
  theirs <- timed(Seurat::FindAllMarkers(
    object, test.use = "wilcox", logfc.threshold = 0, min.pct = 0, return.thresh = 1.1, mean.fxn = logMean,
    verbose = FALSE
  ))
  usual <- timed(Seurat::FindAllMarkers(object, test.use = "wilcox", verbose = FALSE))
  ours <- timed(markersOf(data$counts[, known], data$labels[known], correct = "none", threads = 2))
  # The first call of a package loads it; the median of five is what a user sees.
  seconds <- stats::median(vapply(1:5, function(run) {
    timed(markersOf(data$counts[, known], data$labels[known], correct = "none", threads = 2))$seconds
  }, 0))
  rows <- match(paste(theirs$value$gene, theirs$value$cluster), paste(ours$value$gene, ours$value$domain))
  mine <- ours$value[rows, ]
  relative <- abs(mine$p_value / theirs$value$p_val - 1)
  data.frame(
    what = c(
      "tests compared", "largest relative difference of p-values above 1e-300", "largest difference of logFC",
      "largest difference of detection (theirs is rounded to 3 digits)", "seconds, Seurat, all genes",
      "seconds, Seurat, its default filters", "seconds, domainMarkers()", "times faster, all genes",
      "times faster, its default filters"
    ),
    value = c(
      sum(!is.na(relative)), max(relative[theirs$value$p_val > 1e-300], na.rm = TRUE),
      max(abs(mine$logFC - theirs$value$avg_log2FC)), max(abs(mine$pct_in - theirs$value$pct.1)), theirs$seconds,
      usual$seconds, seconds, theirs$seconds / seconds, usual$seconds / seconds
    )
  )
}

# The best rank of a gene among the genes that are higher in one of its domains.
ranks <- function(markers, names, ...) {
  best <- markerList(markers, ...)
  vapply(names(symbols), function(symbol) {
    wanted <- names(best) %in% names[layers[[symbol]]]
    rank <- vapply(best[wanted], function(table) match(symbols[[symbol]], rownames(table)), 0L)
    if (all(is.na(rank))) NA else min(rank, na.rm = TRUE)
  }, 0L)
}

# Each layer goes with the domain that holds most of it.
partners <- function(labels, domain) {
  cross <- table(labels, domain)
  stats::setNames(colnames(cross)[max.col(cross, "first")], rownames(cross))
}

knownGenes <- function(data) {
  fit <- quiet(runStarscape(data$counts, unname(data$coords), verbose = FALSE))
  domains <- findDomains(fit, k = 7, verbose = FALSE)
  own <- stats::setNames(nm = sort(unique(stats::na.omit(data$labels))))
  known <- lapply(c(FALSE, TRUE), function(spatial) {
    markersOf(data$counts, data$labels, coords = data$coords, correct = "none", spatial = spatial)
  })
  split <- lapply(c(FALSE, TRUE), function(spatial) markersOf(data$counts, domains, fit = fit, spatial = spatial))
  again <- partners(data$labels, attr(split[[1]], "split")$domain)
  found <- data.frame(
    gene = names(symbols), layer = vapply(layers, paste, "", collapse = ", "),
    "true layers" = ranks(known[[1]], own), "true layers, spatial" = ranks(known[[2]], own),
    "true layers, spatial, by AUC" = ranks(known[[2]], own, by = "auc", fdr = 0.05),
    "found, not corrected" = ranks(
      markersOf(data$counts, domains, correct = "none"), partners(data$labels, domains$domain)
    ),
    "found, counts split" = ranks(split[[1]], again), "found, counts split, spatial" = ranks(split[[2]], again),
    "found, counts split, spatial, by AUC" = ranks(split[[2]], again, by = "auc", fdr = 0.05), check.names = FALSE
  )
  list(table = found, ari = attr(split[[1]], "split")$ari)
}

# Report --------------------------------------------------------------------------------------------------------------

figures <- function(table) tableLines(table, function(values) sprintf("%.3g", values))

report <- c(
  "# Markers of domains", "",
  sprintf("Made by `make markers`; %d draws of each simulation, two threads, R %s.", length(draws), getRversion()), ""
)
say <- function(...) {
  report <<- c(report, ..., "")
  cat(..., "", sep = "\n")
}

say(
  "## No domains", "",
  "625 independent spots, negative binomial counts (overdispersion 0.1 to 1), three domains found and tested. Shares",
  "over all genes and domains, mean over the draws.", "", figures(do.call(rbind, lapply(c(300, 50), nullTable)))
)
say(
  "## Power", "",
  "2000 spots in three layers, 500 genes, 150 of which mark one layer. Share of these found at a false discovery rate",
  "of 5 %, by log2 fold change.", "", figures(powerTable())
)
say(
  "## Replicates", "",
  "Four donors, three known domains that no gene marks on average, spots independent. Shares of p-values below 0.05,",
  "by how much a domain differs from donor to donor (standard deviation of log expression).", "",
  figures(replicateTable())
)
if (folder != "" && dir.exists(folder)) {
  data <- readSection("151673")
  genes <- knownGenes(data)
  say(
    "## Known genes of the cortex", "",
    "Section 151673: rank by p-value, or by AUC at a false discovery rate of 5 %, among the genes that are higher in",
    "the layer, or in the domain that holds most of it. Domains found again in half of the counts have ARI",
    sprintf("%.2f with those of all.", genes$ari), "",
    figures(genes$table)
  )
  if (requireNamespace("Seurat", quietly = TRUE)) {
    say(
      "## Against Seurat", "",
      sprintf("Section 151673, layers against the rest, Seurat %s with limma.", utils::packageVersion("Seurat")), "",
      figures(againstSeurat(data))
    )
  }
}
writeLines(report, file.path(out, "results.md"))
