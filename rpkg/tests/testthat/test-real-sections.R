# Accuracy on real sections, with the settings a user gets.

# Adjusted Rand index of the domains, and of the network and its prior by themselves.
accuracy <- function(name) {
  data <- readSection(name)
  k <- length(unique(stats::na.omit(data$labels)))
  ari <- function(fit, space) {
    clusterMetrics(data$labels, findDomains(fit, k = k, space = space, verbose = FALSE)$domain)[["ARI"]]
  }
  fit <- fitSection(name)
  c(domains = ari(fit, "embedding"), network = ari(oneSpace(fit), "embedding"), prior = ari(oneSpace(fit), "prior"))
}

test_that("domains of real sections agree with the annotation", {
  needSections("accuracy on real sections")
  reached <- vapply(names(sections), accuracy, c(domains = 0, network = 0, prior = 0))
  cat("\nARI of real sections:\n")
  print(round(cbind(reached, mean = rowMeans(reached)), 3))
  for (name in names(sections)) expect_gte(reached["domains", name], sections[[name]]$least, label = name)
  expect_gte(mean(reached["domains", ]), 0.76)
  expect_gte(mean(reached["network", ]), mean(reached["prior", ]))
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

test_that("domains of real sections hold when a tenth of the spots is left out", {
  needSections("perturbed real sections")
  draw <- function(name, seed) {
    data <- readSection(name)
    kept <- withr::with_seed(seed, sort(sample(ncol(data$counts), round(0.9 * ncol(data$counts)))))
    fit <- runStarscape(data$counts[, kept], unname(data$coords[kept, ]), verbose = FALSE)
    domain <- rep(NA_integer_, ncol(data$counts))
    domain[kept] <- findDomains(fit, k = length(unique(stats::na.omit(data$labels))), verbose = FALSE)$domain
    domain
  }
  agreement <- function(name) {
    labels <- suppressMessages(lapply(1:4, function(seed) draw(name, seed)), "starscape_message")
    mean(utils::combn(4, 2, function(pair) clusterMetrics(labels[[pair[[1]]]], labels[[pair[[2]]]])[["ARI"]]))
  }
  agreed <- vapply(c("BZ5", "BZ9", "BZ14"), agreement, 0)
  cat("\nAgreement of four draws of 90 % of the spots:\n")
  print(round(agreed, 3))
  expect_gte(mean(agreed), 0.90)
})
