# Nothing but the tests themselves is told.
markersOf <- function(x = small$counts, domain = small$labels, ..., correct = "none", spatial = FALSE) {
  suppressMessages(
    domainMarkers(x, domain, ..., correct = correct, spatial = spatial, verbose = FALSE), "starscape_message"
  )
}
logShares <- function(counts) log1p(1e4 * t(t(as.matrix(counts)) / Matrix::colSums(counts)))
# Rows of one comparison in the order of the genes.
inOrder <- function(markers, domain, against = "rest", genes = rownames(small$counts)) {
  rows <- markers[markers$domain == domain & markers$against == against, ]
  rows[match(genes, rows$gene), ]
}
known <- markersOf()

test_that("some genes have the values that they have among all, with rates of their own", {
  run <- function(...) {
    suppressMessages(domainMarkers(
      small$counts, small$labels, coords = small$coords, correct = "none", verbose = FALSE, ...
    ))
  }
  all <- run()
  genes <- c("gene7", "gene3")
  some <- run(features = genes)
  expect_setequal(some$gene, genes)
  same <- all[match(paste(some$gene, some$domain), paste(all$gene, all$domain)), ]
  values <- setdiff(names(some), "fdr")
  expect_equal(as.data.frame(some)[values], as.data.frame(same)[values], ignore_attr = TRUE)
  first <- some$domain == "1"
  expect_equal(some$fdr[first], stats::p.adjust(some$p_value[first], "BH"))
  expectArgumentError(run(features = "none"), "features", "no row for")
})

test_that("every domain against the rest is the test of R, with the shares of Seurat", {
  expect_s3_class(known, c("domain_markers", "data.frame"), exact = TRUE)
  expect_named(known, c(
    "gene", "domain", "logFC", "auc", "pct_in", "pct_out", "statistic", "p_value", "fdr", "against"
  ))
  values <- logShares(small$counts)
  for (domain in levels(small$labels)) {
    rows <- inOrder(known, domain)
    inside <- small$labels == domain
    tests <- apply(values, 1, function(gene) stats::wilcox.test(gene[inside], gene[!inside], exact = FALSE))
    expect_equal(rows$p_value, unname(vapply(tests, `[[`, 0, "p.value")), tolerance = 1e-8)
    expect_equal(rows$auc, unname(vapply(tests, `[[`, 0, "statistic")) / sum(inside) / sum(!inside), tolerance = 1e-10)
    logFC <- log2(rowMeans(expm1(values[, inside])) + 1) - log2(rowMeans(expm1(values[, !inside])) + 1)
    expect_equal(rows$logFC, unname(logFC), tolerance = 1e-10)
    expect_identical(rows$pct_in, unname(rowMeans(values[, inside] > 0)))
    expect_equal(rows$pct_out, unname(rowMeans(values[, !inside] > 0)))
    expect_identical(rows$fdr, stats::p.adjust(rows$p_value, "BH"))
    expect_identical(sign(rows$statistic), sign(rows$auc - 0.5))
  }
  expect_false(is.unsorted(known$p_value[known$domain == "2"]))
})

test_that("pairs and groups are the same test on their spots alone", {
  pairs <- markersOf(compare = "pairs")
  expect_identical(nrow(pairs), 6L * 80L)
  two <- small$labels %in% c("1", "3")
  alone <- markersOf(small$counts[, two], droplevels(small$labels[two]))
  expect_equal(inOrder(pairs, "3", "1")[3:9], inOrder(alone, "3")[3:9], ignore_attr = TRUE)
  expect_equal(inOrder(pairs, "1", "3")$statistic, -inOrder(pairs, "3", "1")$statistic)
  one <- markersOf(compare = c("3", "1"))
  expect_equal(inOrder(one, "3", "1")[3:9], inOrder(pairs, "3", "1")[3:9], ignore_attr = TRUE)
  groups <- markersOf(compare = list(c("1", "3"), "2"))
  expect_equal(inOrder(groups, "1+3", "2")$auc, 1 - inOrder(known, "2")$auc)
})

test_that("blocks are compared within: van Elteren's test by its definition", {
  block <- rep(c("b", "a", "c"), 48)
  blocked <- inOrder(markersOf(block = block), "2")
  values <- logShares(small$counts)
  statistic <- apply(values, 1, function(gene) {
    parts <- vapply(unique(block), function(own) {
      inside <- small$labels[block == own] == "2"
      ranks <- rank(gene[block == own])
      n <- length(ranks)
      c(sum(ranks[inside] - mean(ranks)), sum(inside) * sum(!inside) / n * stats::var(ranks)) / (n + 1)^(1:2)
    }, numeric(2))
    sum(parts[1, ]) / sqrt(sum(parts[2, ]))
  })
  expect_equal(blocked$statistic, unname(statistic), tolerance = 1e-10)
  expect_equal(blocked$p_value, unname(2 * stats::pnorm(-abs(statistic))), tolerance = 1e-8)
  # A shift of one block is no difference of domains.
  shifted <- small$counts
  shifted[, block == "a"] <- shifted[, block == "a"] * 3
  expect_equal(inOrder(markersOf(shifted, block = block), "2")$statistic, blocked$statistic)
})

test_that("the class of the counts and the number of threads change nothing", {
  forms <- list(as.matrix(small$counts), methods::as(small$counts, "TsparseMatrix"))
  if (requireNamespace("DelayedArray", quietly = TRUE)) forms <- c(forms, DelayedArray::DelayedArray(small$counts))
  for (form in forms) expect_identical(markersOf(form), known)
  expect_identical(markersOf(threads = 1), known)
  split <- markersOf(domain = findDomains(quickFit, k = 3, verbose = FALSE), fit = quickFit, correct = "countsplit")
  again <- markersOf(
    domain = findDomains(quickFit, k = 3, verbose = FALSE), fit = quickFit, correct = "countsplit", threads = 1
  )
  expect_identical(again, split)
})

test_that("a function finds domains of any method again", {
  refit <- function(x, seed) {
    again <- quick(x, coords = small$coords[colnames(x), ], seed = seed)
    findDomains(again, k = 3, verbose = FALSE)
  }
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  expected <- markersOf(domain = domains, fit = quickFit, correct = "countsplit")
  expect_identical(markersOf(domain = domains, fit = refit, correct = "countsplit"), expected)
  transst <- function(x, seed) {
    runTransST(
      x, small$counts, small$labels, coords = small$coords, sourceCoords = small$coords, k = 3, nFactors = 5,
      verbose = FALSE
    )$domain
  }
  found <- suppressMessages(transst(small$counts, 1))
  markers <- markersOf(domain = found, fit = transst, correct = "countsplit", coords = small$coords, spatial = TRUE)
  expect_gt(attr(markers, "split")$ari, 0.93)
  pick <- function(...) markersOf(domain = domains, correct = "countsplit", ...)
  expectArgumentError(pick(fit = function(x, seed) 1:3), "fit", "144")
  expectArgumentError(pick(fit = function(x) 1:3), "fit", "2 arguments")
  expectArgumentError(pick(fit = function(x, seed) stop("no way")), "fit", "no way")
  drawn <- function(x, seed) sample(3, ncol(x), TRUE)
  expect_identical(pick(fit = drawn), pick(fit = drawn))
  # Many small domains do not agree with three just because each lies within one.
  many <- pick(fit = function(x, seed) as.integer(domains$domain) * 4L + seq_len(ncol(x)) %% 4L)
  expect_lt(attr(many, "split")$ari, 0.6)
  expectArgumentError(pick(fit = function(x, seed) rep("a", ncol(x))), "fit", "fewer than two")
  expectArgumentError(
    pick(fit = suppressMessages(runTransST(
      small$counts, small$counts, small$labels, coords = small$coords, k = 3, nFactors = 5, verbose = FALSE
    ))), "fit", "function"
  )
})

test_that("split counts are two whole parts, and domains are found again in the first", {
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  expect_message(
    markers <- domainMarkers(small$counts, domains, fit = quickFit, spatial = FALSE, verbose = FALSE), "found again"
  )
  split <- attr(markers, "split")
  expect_identical(split$ari, clusterMetrics(domains$domain, split$domain)[["ARI"]])
  expect_named(split$overdispersion, rownames(small$counts))
  parts <- starscape:::splitCounts(small$counts, split$overdispersion, list(split = 0.5, seed = 1, threads = 2), NULL)
  expect_equal(parts$first + parts$second, small$counts)
  expect_true(all(parts$first@x == round(parts$first@x)))
  expect_equal(sum(parts$first) / sum(small$counts), 0.5, tolerance = 0.05)
  again <- findDomains(
    quick(parts$first, coords = small$coords), k = 3, verbose = FALSE
  )
  expect_identical(clusterMetrics(again$domain, split$domain)[["ARI"]], 1)
  tested <- markersOf(parts$second, split$domain)
  expect_identical(markers$p_value, tested$p_value)
  other <- markersOf(domain = domains, fit = quickFit, correct = "countsplit", seed = 2)
  expect_false(identical(other$p_value, markers$p_value))
  expect_output(print(markers), "ARI")
})

test_that("small domains and genes without counts are NA", {
  labels <- as.character(small$labels)
  labels[1:2] <- "tiny"
  labels[3] <- NA
  counts <- rbind(small$counts, silent = 0)
  expect_message(
    markers <- domainMarkers(counts, labels, correct = "none", spatial = FALSE, verbose = FALSE), "\"tiny\""
  )
  expect_true(all(is.na(markers$p_value[markers$domain == "tiny" | markers$gene == "silent"])))
  expect_false(anyNA(markers$p_value[markers$domain != "tiny" & markers$gene != "silent"]))
  expect_true(all(markers$auc[markers$gene == "silent"] == 0.5))
  # Spots of no domain take no part.
  expect_equal(inOrder(markers, "2"), inOrder(markersOf(counts[, -3], labels[-3]), "2"), ignore_attr = TRUE)
  empty <- cbind(small$counts, empty = 0)
  expect_identical(markersOf(empty, c(as.character(small$labels), "2"))$p_value, known$p_value)
})

test_that("pseudobulk is limma on sums of domains and replicates", {
  skip_if_not_installed("limma")
  sim <- simulateSlices(slices = 3, rows = 10, columns = 10, genes = 60, domains = 3, batch = 0.3, seed = 2)
  markers <- markersOf(sim$counts, sim$labels, test = "pseudobulk", block = sim$slice)
  group <- interaction(sim$labels, sim$slice, lex.order = TRUE)
  sums <- vapply(levels(group), function(own) Matrix::rowSums(sim$counts[, group == own]), numeric(60))
  samples <- data.frame(domain = gl(3, 3), slice = gl(3, 1, 9))
  design <- stats::model.matrix(~ 0 + domain + slice, samples)
  enough <- rowSums(sums) >= 10
  fitted <- limma::lmFit(limma::voom(sums[enough, ], design), design)
  expected <- limma::eBayes(limma::contrasts.fit(fitted, c(-0.5, 1, -0.5, 0, 0)))
  rows <- inOrder(markers, "2", genes = rownames(sums)[enough])
  expect_equal(rows$p_value, unname(expected$p.value[, 1]))
  expect_equal(rows$logFC, unname(expected$coefficients[, 1]))
  pairs <- markersOf(sim$counts, sim$labels, test = "pseudobulk", block = sim$slice, compare = "pairs")
  expect_equal(inOrder(pairs, "1", "2")$statistic, -inOrder(pairs, "2", "1")$statistic)
  alone <- replace(as.character(sim$slice), sim$labels == "1", "slice1")
  expect_message(
    lone <- domainMarkers(
      sim$counts, sim$labels, test = "pseudobulk", block = alone, correct = "none", spatial = FALSE, verbose = FALSE
    ),
    "fewer than two blocks are not tested: \"1\"", class = "starscape_message"
  )
  expect_true(all(is.na(lone$p_value[lone$domain == "1"])))
  expect_false(all(is.na(lone$p_value[lone$domain == "2"])))
  expectArgumentError(markersOf(test = "pseudobulk"), "block", "missing")
  expectArgumentError(markersOf(test = "pseudobulk", block = rep("a", 144)), "block", "single replicate")
  expectArgumentError(markersOf(test = "pseudobulk", block = small$labels), "block")
})

test_that("objects give what their matrix gives", {
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  expected <- markersOf(domain = domains, fit = quickFit, correct = "countsplit")
  pick <- function(object, ...) {
    object <- findDomains(quick(object), k = 3, verbose = FALSE)
    expect_identical(markersOf(object, "domain", correct = "countsplit"), expected)
    expect_identical(markersOf(object, "domain", block = "batch"), markersOf(domain = domains$domain))
    expectArgumentError(markersOf(object, "layer"), "domain", "layer")
    expectArgumentError(markersOf(object, "Domain"), "domain", "There are: \"domain\"")
    expectArgumentError(markersOf(object, block = "donor"), "block", "donor")
  }
  skip_if_not_installed("SingleCellExperiment")
  pick(sceSmall())
  skip_if_not_installed("SeuratObject")
  pick(seuratSmall())
  bare <- seuratSmall()
  expectArgumentError(markersOf(bare, "domain"), "domain", "Run findDomains")
  expectArgumentError(domainShares(bare, "truth"), "domain", "Run findDomains")
  expectArgumentError(plotDomains(bare), "domain", "Run findDomains.*the columns: .*the genes: \"gene1\"")
  expect_equal(markersOf(bare, "truth"), known)
  expectArgumentError(markersOf(bare, "truth", correct = "countsplit"), "correct", "no fit")
  expect_equal(markersOf(bare, "truth", spatial = TRUE), markersOf(coords = small$coords, spatial = TRUE))
})

test_that("lists of slices are tested together", {
  slices <- split(seq_along(pair$slice), pair$slice)
  counts <- lapply(slices, function(rows) pair$counts[, rows])
  coords <- lapply(slices, function(rows) pair$coords[rows, ])
  joint <- markersOf(pair$counts, pair$labels, block = pair$slice)
  expect_equal(markersOf(counts, pair$labels, block = pair$slice), joint)
  fit <- quick(counts, coords)
  domains <- findDomains(fit, k = 3, verbose = FALSE)
  expected <- markersOf(counts, domains, fit = fit, correct = "countsplit")
  skip_if_not_installed("SingleCellExperiment")
  objects <- lapply(slices, function(rows) {
    sceSmall(list(counts = pair$counts[, rows], coords = pair$coords[rows, ], slice = pair$slice[rows]))
  })
  objects <- findDomains(quick(objects), k = 3, verbose = FALSE)
  expect_equal(markersOf(objects, "domain", correct = "countsplit")$p_value, expected$p_value)
  bare <- lapply(objects, function(object) {
    S4Vectors::metadata(object)$starscape <- NULL
    object
  })
  expect_equal(
    markersOf(bare, "domain", spatial = TRUE)$p_value, markersOf(counts, domains, fit = fit, spatial = TRUE)$p_value
  )
  skip_if_not_installed("SeuratObject")
  objects <- lapply(slices, function(rows) {
    seuratSmall(list(
      counts = pair$counts[, rows], coords = pair$coords[rows, ], slice = pair$slice[rows], labels = pair$labels[rows]
    ))
  })
  expect_equal(markersOf(objects, "truth")$p_value, markersOf(counts, pair$labels)$p_value)
})

test_that("markers become lists of tables", {
  best <- markerList(known, n = 4)
  expect_named(best, levels(small$labels))
  expect_identical(vapply(best, nrow, 0L), c("1" = 4L, "2" = 4L, "3" = 4L))
  expect_true(all(best[["2"]]$auc > 0.5))
  expect_false(is.unsorted(best[["2"]]$p_value))
  expect_true(all(unlist(lapply(markerList(known, direction = "down"), `[[`, "auc")) < 0.5))
  expect_true(all(unlist(lapply(markerList(known, fdr = 0.01), `[[`, "fdr")) <= 0.01))
  expect_named(markerList(markersOf(compare = c("3", "1"))), "3 vs 1")
  expect_false(is.unsorted(-markerList(known, by = "auc")[["2"]]$auc))
  expect_false(is.unsorted(-abs(markerList(known, by = "logFC", direction = "any")[["1"]]$logFC)))
  expectArgumentError(markerList(3), "markers")
  expectArgumentError(markerList(known, n = 0), "n")
})

test_that("bad input names the argument", {
  expectArgumentError(markersOf(correct = "countsplit"), "correct", "no fit")
  expectArgumentError(markersOf(small$counts / 2, fit = quickFit, correct = "countsplit"), "x", "whole numbers")
  expectArgumentError(markersOf(domain = small$labels[-1]), "domain")
  expectArgumentError(markersOf(domain = rep("a", 144)), "domain", "one domain")
  expectArgumentError(domainMarkers(small$counts, correct = "none"), "domain")
  expectArgumentError(markersOf(quickFit), "x", "counts")
  expectArgumentError(markersOf(compare = "all"), "compare")
  expectArgumentError(markersOf(compare = c("1", "9")), "compare", "9")
  expectArgumentError(markersOf(compare = c("1", "1")), "compare")
  expectArgumentError(markersOf(block = 1:3), "block")
  expectArgumentError(markersOf(block = replace(rep("a", 144), 1, NA)), "block", "NA for 1")
  expectArgumentError(markersOf(coords = small$coords, slice = 1:144, spatial = TRUE), "slice", "single spot")
  expectArgumentError(markersOf(fit = 3), "fit")
  expectArgumentError(markersOf(split = 0), "split")
  expectArgumentError(markersOf(pseudocount = 0), "pseudocount")
  expectArgumentError(markersOf(test = "t"), "test")
  expectArgumentError(markersOf(tests = 1), "tests")
})

test_that("domains that were not given are named as such", {
  expectArgumentError(domainMarkers(small$counts), "domain", "is missing")
  expectArgumentError(domainMarkers(small$counts, quickFit), "domain", "is a fit")
})
