sections <- simulateSlices(slices = 2, rows = 14, columns = 14, genes = 150, domains = 3, seed = 5)
own <- sections$slice == "slice1"
borrowing <- function(x = sections$counts[, own], source = sections$counts[, !own], labels = sections$labels[!own], ...,
                      coords = sections$coords[own, ], nFactors = 4) {
  suppressMessages(
    runTransST(x, source, labels, coords = coords, nFactors = nFactors, ...), classes = "starscape_message"
  )
}
placed <- borrowing(sourceCoords = sections$coords[!own, ], k = 3)

test_that("labels of a section of the same tissue are borrowed and help", {
  expect_s3_class(placed, "transst_fit")
  expect_true(placed$borrowed)
  expect_gt(placed$predictedShare, 0.82)
  ari <- function(domain) clusterMetrics(sections$labels[own], domain)[["ARI"]]
  expect_gt(ari(placed$domain), ari(placed$targetOnly$domain))
  # By chance a third of the 196 spots is right.
  expect_gt(mean(placed$label == sections$labels[own]), 0.81)
  expect_equal(unname(rowSums(placed$posterior)), rep(1, sum(own)))
  expect_true(placed$convergence$converged)
  expect_lt(placed$convergence$gradient, 1e-10)
  expect_false(is.unsorted(placed$convergence$sourceLogLik))
  expect_true(all(diff(placed$convergence$bound) > -1e-6 * abs(placed$convergence$bound[[1]])))
  expect_output(print(placed), "labels borrowed")
})

test_that("a source that says nothing is left alone", {
  shuffled <- borrowing(labels = rev(sections$labels[!own])[order(sin(seq_len(sum(!own)) * 99))], k = 3)
  genes <- sections$counts[order(sin(seq_len(150) * 77)), !own]
  rownames(genes) <- rownames(sections$counts)
  for (fit in list(shuffled, borrowing(source = genes, k = 3))) {
    expect_false(fit$borrowed)
    expect_true(all(fit$label == "unknown"))
    expect_output(print(fit), "domains: 1, 2, 3$")
    expect_identical(fit$lambda, 0)
    expect_identical(fit$domain, fit$targetOnly$domain)
  }
  forced <- borrowing(k = 3, borrow = "always")
  expect_true(forced$borrowed)
  expect_false(borrowing(k = 3, borrow = "never")$borrowed)
})

test_that("seeds, threads and classes of input change nothing", {
  core <- c("domain", "posterior", "factors", "loadings", "lambda")
  same <- function(fit) expect_identical(unclass(fit)[core], unclass(placed)[core])
  given <- sections$coords[!own, ]
  same(borrowing(sourceCoords = given, k = 3, seed = 7, threads = 1))
  same(borrowing(source = as.matrix(sections$counts[, !own]), sourceCoords = given, k = 3))
  several <- list(sections$counts[, !own])
  same(borrowing(source = several, labels = list(sections$labels[!own]), sourceCoords = list(given), k = 3))
  sweep <- stabilitySweep(
    sections$counts[, own], "transst", seeds = 1:3, k = 3, coords = sections$coords[own, ], nFactors = 4,
    source = sections$counts[, !own], labels = sections$labels[!own], sourceCoords = given, verbose = FALSE
  )
  expect_identical(sweep$pairwise[upper.tri(sweep$pairwise)], rep(1, 3))
  # Runs with another source are not the same method's.
  expectArgumentError(stabilitySweep(
    sections$counts[, own], "transst", seeds = 1:4, k = 3, coords = sections$coords[own, ], nFactors = 4,
    source = sections$counts[, !own], labels = rev(sections$labels[!own]), sourceCoords = given, verbose = FALSE,
    previous = sweep
  ), "previous")
  # Lists go by their names, places by those of the cells.
  cells <- rev(which(!own))
  same(borrowing(
    source = list(a = sections$counts[, !own]), labels = list(a = sections$labels[!own]),
    sourceCoords = list(a = sections$coords[cells, ]), k = 3
  ))
})

test_that("the embedding of both can take the place of the factors", {
  given <- sections$coords[!own, ]
  fit <- borrowing(sourceCoords = given, k = 3, embedding = "starscape")
  expect_true(fit$borrowed)
  expect_gt(mean(fit$label == sections$labels[own]), 0.8)
  expect_output(print(fit), "labels borrowed")
  # Target and source are batches also where they lie side by side.
  beside <- given
  beside[, 1] <- given[, 1] - min(given[, 1]) + max(sections$coords[own, 1]) + 1
  expect_identical(borrowing(sourceCoords = beside, k = 3, embedding = "starscape")$domain, fit$domain)
  expectArgumentError(factorMarkers(fit), "x", "no loadings")
  expectArgumentError(borrowing(k = 3, embedding = "starscape"), "sourceCoords")
})

test_that("objects come back with the factors", {
  skip_if_not_installed("SingleCellExperiment")
  part <- function(keep) {
    sim <- list(counts = sections$counts[, keep], coords = sections$coords[keep, ], slice = sections$slice[keep])
    object <- sceSmall(sim)
    object$layer <- as.character(sections$labels[keep])
    object
  }
  found <- suppressMessages(runTransST(part(own), part(!own), "layer", k = 3, nFactors = 4))
  expect_identical(unname(as.integer(found$domain)), as.integer(S4Vectors::metadata(found)$transst$domain))
  expect_identical(dim(SingleCellExperiment::reducedDim(found, "transst")), c(sum(own), 4L))
  skip_if_not_installed("SeuratObject")
  seurat <- function(keep) {
    object <- suppressWarnings(SeuratObject::CreateSeuratObject(sections$counts[, keep]))
    SeuratObject::AddMetaData(object, data.frame(sections$coords[keep, ], layer = as.character(sections$labels[keep])))
  }
  found <- suppressWarnings(suppressMessages(runTransST(seurat(own), seurat(!own), "layer", k = 3, nFactors = 4)))
  expect_identical(dim(SeuratObject::Embeddings(found, "transst")), c(sum(own), 4L))
  expect_s3_class(SeuratObject::Misc(found, "transst"), "transst_fit")
  expect_true("transst_label" %in% names(found[[]]))
})

test_that("missing labels, few cells and a choice of k are taken", {
  labels <- as.character(sections$labels[!own])
  labels[seq(1, length(labels), 3)] <- NA
  partly <- borrowing(labels = labels, sourceCoords = sections$coords[!own, ], k = 3)
  expect_gt(mean(partly$label == sections$labels[own]), 0.8)
  labels[labels == "3" & cumsum(labels %in% "3") > 3] <- NA
  expect_message(
    runTransST(
      sections$counts[, own], sections$counts[, !own], labels,
      coords = sections$coords[own, ], k = 3, nFactors = 4
    ),
    "within the labels \"3\".*regularised", class = "starscape_message"
  )
  # Cells and spots that repeat each other have covariances without an inverse.
  again <- function(counts) {
    counts <- counts[, rep(1:4, length.out = ncol(counts))]
    `colnames<-`(counts, paste0("spot", seq_len(ncol(counts))))
  }
  singular <- function(x, source) {
    runTransST(
      x, source, rep(c("a", "b"), length.out = ncol(source)), coords = unname(sections$coords[own, ]), k = 2,
      nFactors = 4
    )
  }
  expect_message(
    repeated <- singular(sections$counts[, own], again(sections$counts[, !own])), "\"a\", \"b\".*regularised",
    class = "starscape_message"
  )
  expect_false(anyNA(repeated$loadings))
  expect_message(
    repeated <- singular(again(sections$counts[, own]), sections$counts[, !own]), "different spots.*regularised",
    class = "starscape_message"
  )
  expect_false(anyNA(repeated$loadings))
  chosen <- borrowing(kRange = c(2, 5), steps = 0)
  expect_identical(chosen$criteria$k, 2:5)
  expect_identical(nlevels(chosen$domain), chosen$criteria$k[[which.min(chosen$criteria$BIC)]])
  expect_gt(chosen$beta, 0)
  more <- borrowing(k = 5)
  expect_identical(sum(is.na(more$domainLabel)), 2L)
})

test_that("what cannot be used is named", {
  other <- sections$counts[, !own]
  renamed <- `rownames<-`(other, paste0("no", seq_len(150)))
  expectArgumentError(borrowing(source = renamed, k = 3), "source", "shares only 0")
  expectArgumentError(borrowing(labels = rep("a", sum(!own)), k = 3), "labels", "two different")
  expectArgumentError(borrowing(labels = 1:3, k = 3), "labels", "one value for each")
  expectArgumentError(borrowing(nFactors = 151, k = 3), "nFactors", "at most")
  expectArgumentError(borrowing(k = 1000), "k", "spots")
  expectArgumentError(borrowing(lambda = 2), "lambda")
  expectArgumentError(borrowing(source = "a"), "source")
  expectArgumentError(borrowing(source = list()), "source", "empty")
  bad <- other
  bad@x[[1]] <- NaN
  expectArgumentError(borrowing(source = bad, k = 3), "source", "counts")
  constant <- sections$counts
  constant[1:3, ] <- 1
  fit <- borrowing(x = constant[, own], source = constant[, !own], k = 3)
  expect_false(anyNA(fit$loadings))
  expectArgumentError(factorMarkers(1), "x", "runTransST")
  places <- sections$coords[!own, ]
  expectArgumentError(borrowing(sourceCoords = 1:3, k = 3), "sourceCoords", "two columns")
  expectArgumentError(borrowing(sourceCoords = places[-1, ], k = 3), "sourceCoords", "no row named")
  expectArgumentError(borrowing(sourceCoords = replace(places, 3, NA), k = 3), "sourceCoords", "NA or infinite")
  expectArgumentError(borrowing(sourceCoords = 0 * places, k = 3), "sourceCoords", "same place")
  expectArgumentError(borrowing(sourceSlice = 1:3, k = 3), "sourceSlice", "one value")
  expectArgumentError(borrowing(list(other), k = 3), "x", "list")
  few <- which(own)[1:8]
  expectArgumentError(borrowing(sections$counts[, few], coords = sections$coords[few, ], k = 2), "x", "few")
  expectArgumentError(borrowing(source = list(other, renamed), labels = list(1, 2), k = 3), "labels", "one value")
  twice <- rep(list(sections$labels[!own]), 2)
  expectArgumentError(borrowing(source = list(other, renamed), labels = twice, k = 3), "source", "share only 0")
  nameless <- `rownames<-`(other, c("", rownames(other)[-1]))
  expectArgumentError(borrowing(source = nameless, k = 3), "source", "without a name")
  several <- function(...) borrowing(source = list(other, other), labels = list(1, 2), k = 3, ...)
  expectArgumentError(several(), "labels", "one value for each")
  expectArgumentError(several(sourceSlice = 1:3), "sourceSlice", "list")
  embedded <- function(...) borrowing(k = 3, embedding = "starscape", ...)
  expectArgumentError(embedded(), "sourceCoords", "missing")
  expectArgumentError(embedded(sourceCoords = places, lambda = 0.5), "lambda", "no loadings")
  expectArgumentError(plotLoadings(placed, draws = 1), "draws")
  expectArgumentError(plotLoadings(placed, factors = 9), "factors")
})

test_that("loadings have errors, and factors of noise have none to show", {
  markers <- factorMarkers(placed, draws = 40, verbose = FALSE)
  expect_identical(nrow(markers), 600L)
  expect_identical(markers, factorMarkers(placed, draws = 40, threads = 1, verbose = FALSE))
  expect_true(all(markers$lower <= markers$loading & markers$loading <= markers$upper))
  expect_true(all(markers$fdr >= markers$p_value))
  expect_gt(stats::cor(abs(markers$loading), markers$sign_stability, method = "spearman"), 0.7)
  plot <- plotLoadings(placed, factors = 1:2, top = 5, draws = 10)
  expect_identical(nrow(plot$data), 10L)
  expect_s3_class(ggplot2::ggplot_build(plot), "ggplot_built")
})
