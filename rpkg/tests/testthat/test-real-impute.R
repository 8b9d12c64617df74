# Hidden entries of a real section: imputed against true values.

logShares <- function(counts, sizes) as.matrix(log1p(1e4 * Matrix::t(Matrix::t(counts) / sizes)))

# The best approximation of rank 20 to centred rows, by subspace iteration. Without centring it is no better.
rank20 <- function(values) {
  basis <- withr::with_seed(1, matrix(stats::rnorm(nrow(values) * 25), ncol = 25))
  for (pass in 1:3) basis <- qr.Q(qr(values %*% crossprod(values, basis)))
  parts <- svd(crossprod(values, basis), nu = 20, nv = 20)
  basis %*% parts$v %*% (parts$d[1:20] * t(parts$u))
}

# Correlations over all hidden entries, and the mean of those within a gene with ten or more of them.
correlations <- function(values, hidden, truth) {
  pairs <- split(data.frame(value = values[hidden], truth), hidden[, 1])
  within <- function(method) {
    each <- vapply(pairs[vapply(pairs, nrow, 0L) >= 10], function(pair) {
      if (stats::sd(pair$value) > 0) stats::cor(pair$value, pair$truth, method = method) else 0
    }, 0)
    mean(each)
  }
  c(
    pearson = stats::cor(values[hidden], truth), spearman = stats::cor(values[hidden], truth, method = "spearman"),
    pearson_within = within("pearson"), spearman_within = within("spearman")
  )
}

test_that("hidden expression is found better than by neighbours and by components", {
  needSections("imputation on a real section")
  data <- readSection("151673")
  shown <- data$counts
  shown@x[withr::with_seed(1, sample(length(shown@x), length(shown@x) %/% 10))] <- 0
  fit <- suppressMessages(runStarscape(shown, unname(data$coords), verbose = FALSE), "starscape_message")
  genes <- fit$features
  hidden <- which(as.matrix(data$counts[genes, ]) > 0 & as.matrix(shown[genes, ]) == 0, arr.ind = TRUE)
  truth <- logShares(data$counts[genes, ], Matrix::colSums(data$counts))[hidden]
  seen <- logShares(shown[genes, ], Matrix::colSums(shown))
  graph <- methods::as(fit$graph, "dMatrix")
  around <- t(as.matrix(graph %*% t(seen)))
  found <- list(
    starscape = imputeExpression(shown, fit = fit, verbose = FALSE),
    neighbours = t(t(around) / pmax(Matrix::rowSums(graph), 1)),
    with_self = t(t(around + seen) / (Matrix::rowSums(graph) + 1)),
    rank_20 = rowMeans(seen) + rank20(seen - rowMeans(seen)),
    gene_mean = matrix(rowMeans(seen), nrow(seen), ncol(seen))
  )
  reached <- vapply(found, correlations, numeric(4), hidden = hidden, truth = truth)
  cat("\nCorrelation with hidden entries:\n")
  print(round(reached, 3))
  for (other in names(found)[-1]) {
    expect_true(all(reached[, "starscape"] > reached[, other] + 0.01), label = other)
  }
})
