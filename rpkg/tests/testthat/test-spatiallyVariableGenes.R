variable <- function(x = small$counts, coords = small$coords, ...) {
  spatiallyVariableGenes(x, coords, ..., verbose = FALSE)
}
found <- variable()

# Index, expectation and variance of one gene from a matrix of weights, as in the book of Cliff and Ord.
byDefinition <- function(values, w, statistic) {
  n <- length(values)
  x <- values - mean(values)
  kurtosis <- n * sum(x^4) / sum(x^2)^2
  s0 <- sum(w)
  s1 <- sum((w + t(w))^2) / 2
  s2 <- sum((rowSums(w) + colSums(w))^2)
  if (statistic == "moran") {
    index <- n / s0 * sum(w * outer(x, x)) / sum(x^2)
    mean <- -1 / (n - 1)
    second <- (n * ((n^2 - 3 * n + 3) * s1 - n * s2 + 3 * s0^2) - kurtosis * ((n^2 - n) * s1 - 2 * n * s2 + 6 * s0^2)) /
      ((n - 1) * (n - 2) * (n - 3) * s0^2)
    return(c(index, mean, second - mean^2))
  }
  index <- (n - 1) / (2 * s0) * sum(w * outer(x, x, `-`)^2) / sum(x^2)
  variance <- ((n - 1) * s1 * (n^2 - 3 * n + 3 - (n - 1) * kurtosis) -
    (n - 1) * s2 * (n^2 + 3 * n - 6 - (n^2 - n + 2) * kurtosis) / 4 +
    s0^2 * (n^2 - 3 - (n - 1)^2 * kurtosis)) / (n * (n - 2) * (n - 3) * s0^2)
  c(index, 1, variance)
}

test_that("indices and their moments are those of the definition", {
  weights <- as.matrix(quickFit$graph)
  shares <- t(t(as.matrix(small$counts)) / Matrix::colSums(small$counts))
  for (statistic in c("moran", "geary")) {
    logs <- variable(normalisation = "log", statistic = statistic)
    for (gene in c(1, 17, 80)) {
      expected <- byDefinition(log1p(1e4 * shares[gene, ]), weights, statistic)
      row <- logs[logs$gene == rownames(small$counts)[[gene]], ]
      expect_equal(unlist(row[2:4], use.names = FALSE), expected, tolerance = 1e-10)
      z <- (expected[[1]] - expected[[2]]) / sqrt(expected[[3]]) * if (statistic == "moran") 1 else -1
      expect_equal(row$p_value, stats::pnorm(-z), tolerance = 1e-8)
    }
  }
})

test_that("genes come by falling z, with adjusted p-values", {
  expect_named(found, c("gene", "statistic", "expectation", "variance", "z", "p_value", "fdr"))
  expect_setequal(found$gene, rownames(small$counts))
  expect_false(is.unsorted(-found$z))
  expect_identical(found$fdr, stats::p.adjust(found$p_value, "BH"))
  expect_gt(mean(found$fdr < 0.05), 0.42)
})

test_that("p-values are uniform where spots are permuted", {
  tissue <- simulateSlices(rows = 16, columns = 16, genes = 400, domains = 3, seed = 2)
  order <- withr::with_seed(1, sample(256))
  for (statistic in c("moran", "geary")) {
    p <- variable(tissue$counts[, order], unname(tissue$coords), statistic = statistic)$p_value
    expect_lt(abs(mean(p) - 0.5), 0.05)
    expect_lt(abs(mean(p < 0.05) - 0.05), 0.035)
  }
})

test_that("threads and classes do not change the result", {
  expect_identical(variable(threads = 1), found)
  expect_identical(variable(as.matrix(small$counts)), found)
  counts <- small$counts
  counts[5, ] <- 0
  expect_message(part <- variable(counts), "1 gene has no counts", class = "starscape_message")
  expect_identical(nrow(part), 79L)
  skip_if_not_installed("SingleCellExperiment")
  expect_identical(spatiallyVariableGenes(sceSmall(), verbose = FALSE), found)
  skip_if_not_installed("SeuratObject")
  expect_identical(spatiallyVariableGenes(seuratSmall(), verbose = FALSE), found)
})

test_that("slices are centred on their own and never neighbours", {
  joint <- variable(pair$counts, pair$coords, slice = pair$slice)
  shifted <- pair$coords + 1000 * (as.integer(pair$slice) - 1)
  expect_equal(variable(pair$counts, shifted, slice = pair$slice), joint)
  # Each slice has an expectation of -1 / (n - 1).
  expect_equal(joint$expectation, rep(-1 / 89, nrow(joint)), tolerance = 1e-8)
})

test_that("bad input names the argument", {
  expectArgumentError(variable(coords = NULL), "coords", "missing")
  expectArgumentError(variable(coords = small$coords[-1, ]), "coords")
  expectArgumentError(variable(statistic = "join"), "statistic")
  expectArgumentError(variable(normalisation = "none"), "normalisation")
  expectArgumentError(variable(slice = 1:3), "slice")
  expectArgumentError(variable(graph = 3), "graph")
  expectArgumentError(variable(thread = 1, k = 2), "k")
  expectArgumentError(variable(-small$counts), "x", "negative")
})
