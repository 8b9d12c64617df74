# Accuracy on real sections, with the settings a user gets.

# Adjusted Rand index of the network and of its prior alone.
accuracy <- function(name) {
  data <- readSection(name)
  fit <- fitSection(name)
  k <- length(unique(stats::na.omit(data$labels)))
  ari <- function(space) {
    clusterMetrics(data$labels, findDomains(fit, k = k, space = space, verbose = FALSE)$domain)[["ARI"]]
  }
  c(network = ari("embedding"), prior = ari("prior"))
}

test_that("domains of real sections agree with the annotation", {
  needSections("accuracy on real sections")
  reached <- vapply(names(sections), accuracy, c(network = 0, prior = 0))
  cat("\nARI of real sections:\n")
  print(round(cbind(reached, mean = rowMeans(reached)), 3))
  for (name in names(sections)) expect_gte(reached["network", name], sections[[name]]$least, label = name)
  expect_gte(mean(reached["network", ]), 0.73)
  expect_gt(mean(reached["network", ]), mean(reached["prior", ]))
})

test_that("domains of real sections do not depend on the seed", {
  needSections("stability on real sections")
  stability <- function(name) {
    data <- readSection(name)
    sweep <- suppressMessages(stabilitySweep(
      data$counts, coords = unname(data$coords), truth = data$labels, seeds = 1:3,
      k = length(unique(stats::na.omit(data$labels))), verbose = FALSE
    ), "starscape_message")
    summary(sweep)[c("mean_ari", "gap")]
  }
  measured <- vapply(names(sections), stability, c(mean_ari = 0, gap = 0))
  cat("\nStability of real sections over three seeds:\n")
  print(round(measured, 4))
  expect_true(all(measured["mean_ari", ] >= 0.99))
  expect_true(all(measured["gap", ] <= 0.01))
})
