# Counts without domains: independent spots, negative binomial.
withoutDomains <- function(seed, genes = 60, side = 20) {
  withr::with_seed(seed, {
    spots <- side^2
    overdispersion <- stats::runif(genes, 0.1, 1)
    mean <- outer(exp(stats::rnorm(genes)), 10 * exp(stats::rnorm(spots, 0, 0.3)))
    counts <- matrix(stats::rnbinom(genes * spots, mu = mean, size = 1 / overdispersion), genes)
    dimnames(counts) <- list(paste0("g", seq_len(genes)), paste0("s", seq_len(spots)))
    places <- cbind(rep(seq_len(side), side), rep(seq_len(side), each = side))
    list(counts = methods::as(counts, "CsparseMatrix"), coords = places, overdispersion = overdispersion)
  })
}

test_that("p-values of domains that are not there are uniform with count splitting, and not without", {
  draws <- lapply(1:8, function(seed) {
    sim <- withoutDomains(seed)
    fit <- quick(sim$counts, sim$coords, stability = starControl())
    markers <- function(fit, correct) {
      suppressMessages(domainMarkers(
        sim$counts, findDomains(fit, k = 3, verbose = FALSE), fit = fit, correct = correct, spatial = FALSE,
        verbose = FALSE
      ), "starscape_message")
    }
    split <- markers(fit, "countsplit")
    list(
      none = markers(fit, "none")$p_value, follows = markers(oneSpace(fit), "none")$p_value, split = split$p_value,
      ratio = attr(split, "split")$overdispersion / sim$overdispersion
    )
  })
  pooled <- function(name) stats::na.omit(unlist(lapply(draws, `[[`, name)))
  # A domain of a few spots that is not there need not be found again: it has no p-values then.
  expect_gt(length(pooled("split")), 0.9 * 8 * 180)
  # Those of one draw depend on each other, so that the share moves more than that of 1440 coins.
  expect_lt(mean(pooled("split") < 0.05), 0.07)
  expect_gt(mean(pooled("split") < 0.5), 0.44)
  expect_lt(mean(pooled("split") < 0.5), 0.56)
  # Domains of one space follow the noise of the counts; what several views agree on follows it less, but does.
  expect_gt(mean(pooled("follows") < 0.05), 0.15)
  expect_gt(mean(pooled("none") < 0.05), 0.1)
  expect_equal(stats::median(pooled("ratio")), 1, tolerance = 0.1)
})

test_that("domains found again take the names they share most spots with", {
  domain <- factor(c("b", "b", "a", "a", "c", NA))
  found <- factor(c(1, 1, 2, 2, 3, 3))
  expect_identical(starscape:::takeNames(found, domain), factor(c("b", "b", "a", "a", "c", "c")))
  # One domain was not found again; a spot without counts has none.
  fewer <- factor(c(1, 1, 1, 2, NA, 2))
  expect_identical(starscape:::takeNames(fewer, domain), factor(c("b", "b", "b", "a", NA, "a"), c("a", "b", "c")))
})

test_that("the settings of the fit and of its domains are used again", {
  fit <- quick(small$counts, coords = small$coords, nFeatures = 40, seed = 3, graph = graphControl("knn", k = 5))
  again <- starscape:::findAgain(
    fit, small$counts, list(k = 3, method = "kmeans", seed = 1L, space = "prior"), threads = 1
  )
  expected <- findDomains(fit, k = 3, method = "kmeans", space = "prior", verbose = FALSE)
  expect_identical(as.character(again), as.character(expected$domain))
  chosen <- suppressMessages(findDomains(fit, kRange = c(2, 4), method = "kmeans", verbose = FALSE))
  found <- starscape:::foundSettings(chosen, fit, nlevels(chosen$domain))
  expect_identical(found[c("method", "k")], list(method = "kmeans", k = nlevels(chosen$domain)))
})

test_that("spots that have no domain stay without one", {
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  domains$domain[1:5] <- NA
  markers <- suppressMessages(
    domainMarkers(small$counts, domains, fit = quickFit, spatial = FALSE, verbose = FALSE), "starscape_message"
  )
  expect_identical(which(is.na(attr(markers, "split")$domain)), 1:5, ignore_attr = TRUE)
})
