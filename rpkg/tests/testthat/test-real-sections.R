# Accuracy on real sections, with the settings a user gets.

# Adjusted Rand index of the network and of its prior alone.
accuracy <- function(section) {
  data <- section$read(file.path(folder, section$path))
  fit <- suppressMessages(runStarscape(data$counts, unname(data$coords), verbose = FALSE), "starscape_message")
  k <- length(unique(stats::na.omit(data$labels)))
  ari <- function(space) {
    clusterMetrics(data$labels, findDomains(fit, k = k, space = space, verbose = FALSE)$domain)[["ARI"]]
  }
  c(network = ari("embedding"), prior = ari("prior"))
}

test_that("domains of real sections agree with the annotation", {
  skip_if(folder == "", "STARSCAPE_DATA is not set: accuracy on real sections is not tested")
  skip_if_not(dir.exists(file.path(folder, "dlpfc")), "the folder STARSCAPE_DATA has no real sections")
  reached <- vapply(sections, accuracy, c(network = 0, prior = 0))
  cat("\nARI of real sections:\n")
  print(round(cbind(reached, mean = rowMeans(reached)), 3))
  for (name in names(sections)) expect_gte(reached["network", name], sections[[name]]$least, label = name)
  expect_gte(mean(reached["network", ]), 0.73)
  expect_gt(mean(reached["network", ]), mean(reached["prior", ]))
})

test_that("domains of real sections do not depend on the seed", {
  skip_if(folder == "", "STARSCAPE_DATA is not set: stability on real sections is not tested")
  skip_if_not(dir.exists(file.path(folder, "dlpfc")), "the folder STARSCAPE_DATA has no real sections")
  stability <- function(section) {
    data <- section$read(file.path(folder, section$path))
    sweep <- suppressMessages(stabilitySweep(
      data$counts, coords = unname(data$coords), truth = data$labels, seeds = 1:3,
      k = length(unique(stats::na.omit(data$labels))), verbose = FALSE
    ), "starscape_message")
    summary(sweep)[c("mean_ari", "gap")]
  }
  measured <- vapply(sections, stability, c(mean_ari = 0, gap = 0))
  cat("\nStability of real sections over three seeds:\n")
  print(round(measured, 4))
  expect_true(all(measured["mean_ari", ] >= 0.99))
  expect_true(all(measured["gap", ] <= 0.01))
})
