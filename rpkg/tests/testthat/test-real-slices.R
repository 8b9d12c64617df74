# Several real sections together, with the settings a user gets.

# Adjusted Rand index of each slice, of all together, and how far true domains fall apart into slices.
together <- function(fit, parts, space = "embedding") {
  labels <- knownLabels(parts)
  k <- length(unique(stats::na.omit(labels)))
  domain <- findDomains(fit, k = k, space = space, verbose = FALSE)$domain
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

test_that("sections of three animals get joint domains", {
  needSections("joint domains of animals")
  parts <- readSections(animals)
  fit <- fitSections(animals)
  reached <- rbind(network = together(fit, parts), prior = together(fit, parts, "prior"))
  cat("\nThree sections of cortex together:\n")
  print(round(reached, 4))
  expect_gte(reached["network", "mean"], 0.82)
  expect_gte(reached["network", "joint"], 0.82)
  expect_lte(reached["network", "mixing"], 0.05)
  expect_gt(reached["network", "mean"], reached["prior", "mean"])
})

test_that("neighbouring sections get joint domains", {
  needSections("joint domains of neighbouring sections")
  parts <- readSections(cortexPair)
  fit <- fitSections(cortexPair)
  reached <- rbind(network = together(fit, parts), prior = together(fit, parts, "prior"))
  cat("\nTwo neighbouring sections together:\n")
  print(round(reached, 4))
  expect_gte(reached["network", "mean"], 0.625)
  expect_gte(reached["network", "joint"], 0.62)
  expect_lte(reached["network", "mixing"], 0.05)
})
