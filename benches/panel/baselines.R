# What ten lines of R reach on a section: components of log counts with k-means, the same averaged over neighbours, and
# that with a mixture of one covariance. Adjusted Rand index with the labels, mean of three seeds.

variableComponents <- function(counts, dimensions = 20, genes = 2000) {
  sizes <- Matrix::colSums(counts)
  counts@x <- log1p(counts@x * rep(stats::median(sizes) / sizes, diff(counts@p)))
  variance <- Matrix::rowMeans(counts^2) - Matrix::rowMeans(counts)^2
  best <- utils::head(order(-variance), min(genes, sum(variance > 0)))
  values <- pmin(scale(t(as.matrix(counts[best, ]))), 10)
  values[, seq_len(ncol(values))] %*% svd(values, 0, min(dimensions, dim(values) - 1))$v
}

averagedTwice <- function(scores, coords, neighbours) {
  distances <- as.matrix(stats::dist(coords))
  nearest <- apply(distances, 1, function(row) order(row)[seq_len(min(neighbours + 1, length(row)))])
  for (round in 1:2) {
    scores <- Reduce(`+`, lapply(seq_len(nrow(nearest)), function(rank) scores[nearest[rank, ], ])) / nrow(nearest)
  }
  scores
}

baselines <- function(section, array) {
  components <- variableComponents(section$counts)
  averaged <- averagedTwice(components, section$coords, if (array) 6 else 10)
  ari <- function(labels) clusterMetrics(section$labels, labels)[["ARI"]]
  means <- function(scores, seed) {
    ari(withr::with_seed(seed, stats::kmeans(scores, section$k, nstart = 20, iter.max = 200)$cluster))
  }
  # Mclust() looks for this function where it was called from.
  mclustBIC <- mclust::mclustBIC # nolint: object_usage_linter.
  tied <- mclust::Mclust(averaged, G = section$k, modelNames = "EEE", verbose = FALSE)
  c(
    plain = mean(vapply(1:3, function(seed) means(components, seed), 0)),
    averaged = mean(vapply(1:3, function(seed) means(averaged, seed), 0)),
    mixture = if (is.null(tied)) NA else ari(tied$classification)
  )
}
