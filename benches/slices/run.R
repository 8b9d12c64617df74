# Several slices together: accuracy, mixing, batch effects, alignment, order, over seeds.
#
#   Rscript benches/slices/run.R LIBRARY OUT SEEDS DRAWS
#
# Writes OUT/results.md. SEEDS are run for the defaults, three for the fits without the losses of several slices; DRAWS
# are the simulated batch effects. Needs the real sections (STARSCAPE_DATA).

arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[[1]]), .libPaths()))
library(starscape)
out <- arguments[[2]]
seeds <- seq_len(as.integer(arguments[[3]]))
draws <- seq_len(as.integer(arguments[[4]]))
dir.create(out, showWarnings = FALSE, recursive = TRUE)
source("rpkg/tests/testthat/helper-sections.R")
if (folder == "" || !dir.exists(folder)) stop("STARSCAPE_DATA is not set: there is nothing to measure.")

sets <- list("STARmap BZ5 + BZ9 + BZ14" = animals, "151673 + 151674" = cortexPair)
plain <- lossControl(prototype = 0, scale = 0)

# Measures of one fit -------------------------------------------------------------------------------------------------

measure <- function(fit, parts, space = "embedding") {
  domain <- jointDomains(fit, parts, space)
  list(values = jointAgreement(fit, parts, space, domain)[c("mean", "joint", "boundary", "mixing")], domain = domain)
}

pairwise <- function(domains) {
  if (length(domains) < 2) NA else {
    mean(utils::combn(length(domains), 2, function(pair) {
      clusterMetrics(domains[[pair[[1]]]], domains[[pair[[2]]]])[["ARI"]]
    }))
  }
}

# Fits of the defaults are used for several measures.
fitSeed <- function(names, seed) {
  once(paste(c("seed", seed, names), collapse = " "), fitTogether(readSections(names), seed = seed))
}

overSeeds <- function(names, seeds, fitted = fitSeed) {
  parts <- readSections(names)
  runs <- lapply(seeds, function(seed) measure(fitted(names, seed), parts))
  values <- vapply(runs, `[[`, runs[[1]]$values, "values")
  c(rowMeans(values), gap = diff(range(values["mean", ])), pairs = pairwise(lapply(runs, `[[`, "domain")))
}

# Batch effects -------------------------------------------------------------------------------------------------------

# Half of the genes of every section but the first: their counts are scaled by a factor between 1/3 and 3, and a
# background is added of up to their own mean.
withBatch <- function(parts, draw) {
  withr::with_seed(draw, {
    genes <- Reduce(intersect, lapply(parts, function(part) rownames(part$counts)))
    hit <- sample(genes, length(genes) %/% 2)
    for (name in names(parts)[-1]) {
      counts <- parts[[name]]$counts
      rows <- match(hit, rownames(counts))
      factor <- exp(stats::runif(length(rows), -log(3), log(3)))
      background <- Matrix::rowMeans(counts[rows, ]) * stats::runif(length(rows))
      old <- as.matrix(counts[rows, ])
      kept <- setdiff(seq_len(nrow(counts)), rows)
      # One value for each entry: thinned below 1, with further counts above.
      scale <- rep(factor, ncol(old))
      scaled <- stats::rbinom(length(old), old, pmin(scale, 1)) + stats::rpois(length(old), old * pmax(scale - 1, 0))
      changed <- old
      changed[] <- scaled + stats::rpois(length(old), background)
      parts[[name]]$counts <- rbind(counts[kept, ], methods::as(changed, "CsparseMatrix"))[rownames(counts), ]
    }
  })
  parts
}

batchTable <- function(name) {
  parts <- readSections(sets[[name]])
  affected <- lapply(draws, function(draw) withBatch(parts, draw))
  settings <- list(
    "defaults" = lossControl(), "without scale matching" = lossControl(scale = 0), "without both" = plain
  )
  rows <- lapply(names(settings), function(setting) {
    ari <- function(parts) measure(fitTogether(parts, loss = settings[[setting]]), parts)$values[c("mean", "mixing")]
    before <- ari(parts)
    after <- rowMeans(vapply(affected, ari, before))
    data.frame(
      sections = name, losses = setting, "without effect" = before[["mean"]], "with effect" = after[["mean"]],
      fall = before[["mean"]] - after[["mean"]], mixing = after[["mixing"]], check.names = FALSE
    )
  })
  do.call(rbind, rows)
}

# Alignment and order -------------------------------------------------------------------------------------------------

alignmentOver <- function(seeds) {
  labels <- knownLabels(readSections(cortexPair))
  ari <- vapply(seeds, function(seed) {
    alignment <- alignSlices(fitSeed(cortexPair, seed), seed = seed, verbose = FALSE)
    own <- alignment$slice == "151674"
    clusterMetrics(labels[own], transferLabels(alignment, labels)$label[own])[["ARI"]]
  }, 0)
  data.frame(what = "151674 on 151673, ARI of labels carried over", mean = mean(ari), gap = diff(range(ari)))
}

orderOver <- function(seeds) {
  data <- readSection("151673")
  rank <- match(data$labels, c("WM", paste0("L", 6:1)))
  tau <- vapply(seeds, function(seed) {
    fit <- suppressMessages(
      runStarscape(data$counts, unname(data$coords), seed = seed, verbose = FALSE), "starscape_message"
    )
    domains <- findDomains(fit, k = 7, verbose = FALSE)
    root <- names(which.max(tapply(rank == 1, domains$domain, mean, na.rm = TRUE)))
    time <- domainPseudotime(fit, root, domain = domains, verbose = FALSE)$pseudotime
    stats::cor(time, rank, method = "kendall", use = "complete.obs")
  }, 0)
  data.frame(what = "pseudotime of 151673 from white matter, Kendall's tau", mean = mean(tau), gap = diff(range(tau)))
}

# Report --------------------------------------------------------------------------------------------------------------

markdown <- function(table) {
  numbers <- vapply(table, is.numeric, NA)
  table[numbers] <- lapply(table[numbers], function(column) ifelse(is.na(column), "-", sprintf("%.4f", column)))
  lines <- apply(rbind(names(table), "---", as.matrix(table)), 1, function(row) {
    paste0("| ", paste(row, collapse = " | "), " |")
  })
  paste(lines, collapse = "\n")
}

together <- do.call(rbind, lapply(names(sets), function(name) {
  parts <- readSections(sets[[name]])
  withoutLosses <- function(names, seed) fitTogether(readSections(names), seed = seed, loss = plain)
  rows <- rbind(
    c(measure(fitSeed(sets[[name]], seeds[[1]]), parts, "prior")$values, gap = 0, pairs = 1),
    overSeeds(sets[[name]], utils::head(seeds, 3), withoutLosses), overSeeds(sets[[name]], seeds)
  )
  message(name)
  data.frame(sections = name, model = c("prior alone", "without the two losses", "defaults"), rows)
}))
names(together)[3:8] <- c("mean ARI", "joint ARI", "boundary accuracy", "mixing", "gap of ARI", "pairwise ARI")
message("batch effects")
batches <- do.call(rbind, lapply(names(sets), batchTable))
message("alignment and order")
further <- rbind(alignmentOver(seeds), orderOver(seeds))
version <- sprintf("starscape %s, R %s.", utils::packageVersion("starscape"), getRversion())
writeLines(c(
  "# Several slices together", "", "Made by `make slices`. Mixing: silhouette of the slices within true domains.", "",
  version, "", sprintf("## Over %d seeds", length(seeds)), "", markdown(together), "",
  sprintf("## Batch effects, mean of %d draws", length(draws)), "", markdown(batches), "",
  "## Alignment and order, over the same seeds", "", markdown(further)
), file.path(out, "results.md"))
