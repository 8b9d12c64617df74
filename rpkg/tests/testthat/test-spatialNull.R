# Tests of markers that account for the likeness of neighbouring spots.
spatialOf <- function(x = small$counts, domain = small$labels, ..., correct = "none") {
  suppressMessages(domainMarkers(x, domain, ..., correct = correct, verbose = FALSE), "starscape_message")
}
known <- spatialOf(coords = small$coords)

# Counts whose rates are waves of random directions about as long as the tissue is wide times `length`, spots in a
# square of 24 x 24 and three layers that mean nothing.
places <- as.matrix(expand.grid(x = 1:24, y = 1:24))
layers <- (places[, 2] - 1) %/% 8 + 1
waves <- function(genes, length) {
  withr::with_seed(1, {
    rate <- vapply(seq_len(genes), function(gene) {
      turn <- matrix(stats::rnorm(60), 2) / (24 * length)
      if (length == 0) return(rep(1, 576))
      exp(0.9 * rowMeans(cos(places %*% turn + rep(stats::runif(30, 0, 2 * pi), each = 576))) * sqrt(60))
    }, numeric(576))
    counts <- matrix(stats::rpois(length(rate), 4 * t(rate)), genes)
  })
  dimnames(counts) <- list(paste0("gene", seq_len(genes)), paste0("spot", 1:576))
  counts
}

test_that("p-values hold for smooth genes and layers that mean nothing", {
  small <- function(markers) mean(markers$p_value < 0.05)
  for (length in c(0, 0.05, 0.15)) {
    counts <- waves(120, length)
    naive <- small(spatialOf(counts, layers, spatial = FALSE))
    spatial <- small(spatialOf(counts, layers, coords = places))
    if (length > 0) expect_gt(naive, 0.3) else expect_gt(spatial, 0.01)
    expect_lt(spatial, 0.08)
  }
})

test_that("domains that mean something are still found", {
  counts <- waves(120, 0.05)
  counts[1:20, layers == 2] <- 4L * counts[1:20, layers == 2]
  markers <- spatialOf(counts, layers, coords = places)
  true <- markers$domain == "2" & markers$gene %in% rownames(counts)[1:20]
  expect_gt(mean(markers$fdr[true] < 0.05), 0.87)
})

test_that("the statistic is the one without neighbours, less sure of itself", {
  naive <- spatialOf(spatial = FALSE)
  expect_named(known, c(names(naive), "n_effective"))
  naive <- naive[order(naive$gene, naive$domain), ]
  spatial <- known[order(known$gene, known$domain), ]
  expect_identical(spatial$auc, naive$auc)
  ratio <- naive$statistic / spatial$statistic
  expect_true(all(ratio > 0.5 & spatial$n_effective > 0 & spatial$n_effective <= 144))
  expect_gt(stats::cor(ratio^2, 144 / spatial$n_effective, method = "spearman"), 0.92)
})

test_that("threads, classes and the fit's places do not change the result", {
  expect_identical(spatialOf(coords = small$coords, threads = 1), known)
  expect_identical(spatialOf(as.matrix(small$counts), coords = as.data.frame(small$coords)), known)
  expect_identical(spatialOf(fit = quickFit), known)
  skip_if_not_installed("SingleCellExperiment")
  object <- sceSmall()
  object$truth <- small$labels
  expect_identical(spatialOf(object, "truth"), known)
  skip_if_not_installed("SeuratObject")
  expect_identical(spatialOf(seuratSmall(), "truth"), known)
})

test_that("pairs, blocks and slices are accounted for", {
  pairs <- spatialOf(coords = small$coords, compare = "pairs")
  expect_true(all(pairs$n_effective <= tabulate(small$labels)[pairs$domain] + tabulate(small$labels)[
    match(pairs$against, levels(small$labels))
  ]))
  own <- small$labels %in% c("1", "2")
  alone <- spatialOf(small$counts[, own], droplevels(small$labels[own]), coords = small$coords[own, ])
  both <- pairs[pairs$domain == "1" & pairs$against == "2", ]
  # What the third domain adds is a better estimate of the covariance.
  expect_gt(stats::cor(both$statistic[match(alone$gene[1:80], both$gene)], alone$statistic[1:80]), 0.97)
  joint <- function(...) spatialOf(pair$counts, pair$labels, coords = pair$coords, slice = pair$slice, ...)
  expect_true(all(is.finite(joint()$p_value)))
  blocked <- joint(block = pair$slice)
  expect_true(all(blocked$n_effective <= 180 & is.finite(blocked$p_value)))
  listed <- spatialOf(
    lapply(split(1:180, pair$slice), function(spots) pair$counts[, spots]), pair$labels,
    coords = lapply(split(1:180, pair$slice), function(spots) pair$coords[spots, ])
  )
  expect_equal(listed$p_value, joint()$p_value)
})

test_that("domains without spots and genes that do not vary are NA", {
  labels <- factor(small$labels, levels = c("0", levels(small$labels)))
  counts <- small$counts
  counts[3, ] <- 0
  markers <- spatialOf(counts, labels, coords = small$coords)
  silent <- markers[markers$gene == rownames(counts)[[3]], ]
  expect_true(all(is.na(silent$p_value) & is.na(silent$n_effective)))
  expect_false(anyNA(markers$p_value[markers$gene != rownames(counts)[[3]]]))
})

test_that("bad input names the argument", {
  expectArgumentError(spatialOf(), "coords", "missing")
  expectArgumentError(spatialOf(coords = small$coords[-1, ]), "coords")
  expectArgumentError(spatialOf(coords = 0 * small$coords), "coords", "same place")
  expectArgumentError(spatialOf(coords = small$coords, spatial = NA), "spatial")
  few <- rep(c("1", "2", NA), c(3, 3, 138))
  expectArgumentError(spatialOf(domain = few, coords = small$coords), "domain", "too few")
})
