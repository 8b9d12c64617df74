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
  expect_gt(clusterMetrics(layers$labels, domains$domain)[["ARI"]], 0.85)
})

test_that("k is chosen with a message and its criteria", {
  expect_message(
    domains <- findDomains(quickFit, kRange = c(2, 5), verbose = FALSE), "Chose k", class = "starscape_message"
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
  expect_identical(full, findDomains(quickFit, k = 3, verbose = FALSE))
  graphs <- list(quickFit$graph, methods::as(quickFit$graph, "dMatrix"))
  field <- lapply(graphs, function(graph) {
    findDomains(quickFit$embedding, k = 3, method = "hmrf", graph = graph, verbose = FALSE)
  })
  expect_identical(field[[1]], field[[2]])
})

test_that("runs and threads give the same domains", {
  for (method in c("gmm", "kmeans", "hmrf")) {
    first <- findDomains(quickFit, k = 3, method = method, threads = 1, verbose = FALSE)
    for (threads in c(1, 4)) {
      expect_identical(findDomains(quickFit, k = 3, method = method, threads = threads, verbose = FALSE), first)
    }
  }
})
