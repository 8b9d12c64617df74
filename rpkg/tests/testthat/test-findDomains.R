test_that("domains are a data frame ordered by size", {
  for (method in c("gmm", "kmeans", "hmrf")) {
    domains <- findDomains(quickFit, k = 3, method = method, verbose = FALSE)
    expect_s3_class(domains, "data.frame")
    expect_named(domains, c("domain", "confidence"))
    expect_identical(rownames(domains), colnames(small$counts))
    expect_identical(levels(domains$domain), c("1", "2", "3"))
    expect_false(is.unsorted(-as.vector(table(domains$domain))))
    expect_true(all(domains$confidence >= 0 & domains$confidence <= 1))
    expect_null(attr(domains, "choice"))
  }
})

test_that("simulated layers are found", {
  layers <- simulateSlices(rows = 30, columns = 40, genes = 500, domains = 5, seed = 1)
  fit <- runStarscape(layers$counts, layers$coords, latentDim = 10, epochs = 60, verbose = FALSE)
  domains <- findDomains(fit, k = 5, verbose = FALSE)
  expect_gt(clusterMetrics(layers$labels, domains$domain)[["ARI"]], 0.96)
})

test_that("k is chosen with a message and its criteria", {
  layers <- simulateSlices(rows = 25, columns = 25, genes = 300, domains = 4, seed = 1)
  fit <- runStarscape(layers$counts, layers$coords, latentDim = 10, epochs = 5, verbose = FALSE)
  expect_message(
    domains <- findDomains(fit, kRange = c(2, 5), verbose = FALSE), "Chose k", class = "starscape_message"
  )
  choice <- attr(domains, "choice")
  expect_named(choice, c("k", "logLik", "aic3", "bic", "icl", "stability"), ignore.order = TRUE)
  expect_true(nlevels(domains$domain) %in% choice$k)
  expect_true(all(choice$k %in% 2:5))
})

test_that("an embedding alone is enough", {
  domains <- findDomains(unname(quickFit$embedding), k = 3, verbose = FALSE)
  expect_identical(nrow(domains), 144L)
  prior <- cbind(quickFit$prior, quickFit$priorExtra)
  full <- findDomains(quickFit$embedding, k = 3, prior = prior, graph = quickFit$graph, verbose = FALSE)
  # A fit of an earlier version has no codes: its prior is where the search starts.
  expect_identical(full, findDomains(oneSpace(quickFit), k = 3, verbose = FALSE))
  graphs <- list(quickFit$graph, methods::as(quickFit$graph, "dMatrix"))
  field <- lapply(graphs, function(graph) {
    findDomains(quickFit$embedding, k = 3, method = "hmrf", graph = graph, verbose = FALSE)
  })
  expect_identical(field[[1]], field[[2]])
})

test_that("domains of a fit are what its views agree on", {
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  views <- attr(domains, "views")
  # 144 spots are too few for types.
  expect_identical(
    views$view, c("scores averaged 2 times", "scores averaged 4 times", "scores filtered", "embedding")
  )
  expect_equal(sum(views$weight), 1)
  expect_true(all(domains$confidence >= 1 / 3 & domains$confidence <= 1))
  # A view that shows something else counts for little, and where it decides nothing the domains stay.
  noise <- quickFit
  noise$embedding[] <- withr::with_seed(1, stats::rnorm(length(noise$embedding)))
  outvoted <- findDomains(noise, k = 3, verbose = FALSE)
  expect_lt(utils::tail(attr(outvoted, "views")$weight, 1), 0.05)
  expect_gt(clusterMetrics(domains$domain, outvoted$domain)[["ARI"]], 0.97)
})

test_that("views can be asked for by name", {
  find <- function(view, ...) findDomains(quickFit, k = 3, view = view, verbose = FALSE, ...)
  all <- attr(findDomains(quickFit, k = 3, verbose = FALSE), "views")$view
  expect_identical(find(all), find(rev(all)), ignore_attr = "settings")
  expect_equal(find(all), findDomains(quickFit, k = 3, verbose = FALSE), ignore_attr = "settings")
  for (one in all) {
    domains <- find(one)
    expect_identical(attr(domains, "views"), data.frame(view = one, weight = 1))
    expect_identical(attr(domains, "settings")$view, one)
  }
  two <- attr(find(all[2:3], method = "kmeans"), "views")
  expect_identical(two$view, all[2:3])
  # Without the averages there is no tissue without domains to compare with.
  expect_message(chosen <- findDomains(quickFit, kRange = c(2, 3), view = "scores filtered", verbose = FALSE), "Chose")
  expect_null(attr(attr(chosen, "choice"), "structure"))
  expectArgumentError(find("types filtered"), "view", "\"scores filtered\"")
  for (bad in list(3, character(), NA_character_)) expectArgumentError(find(bad), "view", "names of views")
  expectArgumentError(findDomains(oneSpace(quickFit), k = 3, view = "embedding"), "view", "again")
})

test_that("types of spots are seen where shares of types are all that differs", {
  for (seed in 3:1) {
    niches <- simulateSlices(
      rows = 40, columns = 40, genes = 200, domains = 3, model = "niche", separation = 0.6, seed = seed
    )
    fit <- runStarscape(niches$counts, niches$coords, epochs = 20, verbose = FALSE)
    views <- attr(domains <- findDomains(fit, k = 3, verbose = FALSE), "views")
    expect_gt(clusterMetrics(niches$labels, domains$domain)[["ARI"]], 0.9)
  }
  expect_gt(sum(views$weight[startsWith(views$view, "types")]), 0.6)
  # Averaged scores alone do not show them.
  fit$codes[, "type"] <- 0
  expect_lt(clusterMetrics(niches$labels, findDomains(fit, k = 3, verbose = FALSE)$domain)[["ARI"]], 0.2)
})

test_that("tissue without domains is one domain, and tissue with three has about three", {
  chosen <- function(domains, seed) {
    tissue <- simulateSlices(rows = 30, columns = 30, genes = 300, domains = domains, seed = seed)
    fit <- runStarscape(tissue$counts, tissue$coords, epochs = 5, verbose = FALSE)
    suppressMessages(findDomains(fit, kRange = c(2, 5), verbose = FALSE), "starscape_message")
  }
  for (seed in 1:3) {
    one <- chosen(1, seed)
    expect_identical(levels(one$domain), "1")
    expect_true(all(one$confidence == 1))
  }
  structure <- attr(attr(one, "choice"), "structure")
  expect_true(all(structure$excess < 2.365))
  three <- chosen(3, 1)
  expect_true(nlevels(three$domain) %in% 2:4)
  expect_identical(attr(attr(three, "choice"), "chosen"), nlevels(three$domain))
  expect_gt(max(attr(attr(three, "choice"), "structure")$excess), 2.365)
  expect_match(plotChoice(one)$labels$subtitle, "no more structure")
  expect_s3_class(ggplot2::ggplot_build(plotChoice(three)), "ggplot_built")
  expectArgumentError(plotChoice(findDomains(quickFit, k = 1, verbose = FALSE)), "x", "findDomains")
})

test_that("without any view the number is that of the embedding, and choices of earlier versions are drawn", {
  flat <- quickFit
  flat$codes[] <- 0
  found <- suppressMessages(findDomains(flat, kRange = c(2, 4), verbose = FALSE), "starscape_message")
  choice <- attr(found, "choice")
  expect_true(nlevels(found$domain) %in% 2:4)
  expect_null(attr(choice, "structure"))
  attr(attr(found, "choice"), "chosen") <- NULL
  expect_match(plotChoice(found)$labels$subtitle, paste(choice$k[[which.max(choice$aic3)]], "chosen"))
})

test_that("fewer domains than asked for are told", {
  few <- quickFit
  few$embedding[] <- few$codes[] <- as.numeric(small$labels == small$labels[[1]])
  few$codes[, "type"] <- 0
  expect_message(domains <- findDomains(few, k = 6, verbose = FALSE), "of the 6 domains", class = "starscape_message")
  expect_lt(nlevels(domains$domain), 6)
})

test_that("runs and threads give the same domains", {
  for (method in c("gmm", "kmeans", "hmrf")) {
    first <- findDomains(quickFit, k = 3, method = method, threads = 1, verbose = FALSE)
    for (threads in c(1, 4)) {
      expect_identical(findDomains(quickFit, k = 3, method = method, threads = threads, verbose = FALSE), first)
    }
  }
})
