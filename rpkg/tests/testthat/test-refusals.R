# What cannot be used is refused by the name of the user's argument, whatever the function.

required <- function(call) {
  setdiff(names(Filter(function(default) identical(default, rlang::missing_arg()), formals(call))), "...")
}

test_that("a required argument that is missing is named by every function", {
  for (name in grep("^[.]", getNamespaceExports("starscape"), value = TRUE, invert = TRUE)) {
    call <- getExportedValue("starscape", name)
    # What is new to the methods of a generic is tried below.
    for (argument in setdiff(required(call), if (name == "projectDomains") "newdata")) {
      others <- setdiff(required(call), argument)
      arguments <- stats::setNames(rep(list(NULL), length(others)), others)
      expectArgumentError(do.call(call, arguments), argument, "is missing")
    }
  }
  places <- small$coords
  expectArgumentError(projectDomains(quickFit, domain = small$labels, coords = places), "newdata", "is missing")
  expectArgumentError(projectDomains(quickFit, small$counts, coords = places), "domain", "is missing")
  expectArgumentError(projectDomains(quickFit, small$counts, small$labels), "coords", "is missing")
  expectArgumentError(projectDomains(3, small$counts), "x")
  expectArgumentError(imputeExpression(small$counts), "fit", "is missing")
  expectArgumentError(domainShares(small$labels), "sample", "is missing")
  sweep <- function(...) stabilitySweep(small$counts, "transst", k = 3, coords = places, ...)
  expectArgumentError(sweep(labels = small$labels), "source", "is missing")
})

test_that("an argument that a function does not have is named by every function", {
  without <- function(name) !"..." %in% names(formals(getExportedValue("starscape", name)))
  functions <- grep("^[.]", getNamespaceExports("starscape"), value = TRUE, invert = TRUE)
  expect_identical(Filter(without, functions), character())
  sweep <- fakeSweep()
  expectArgumentError(simulateSlices(nGenes = 100), "nGenes", "is not an argument")
  expectArgumentError(plotHistory(quickFit, size = 1), "size", "is not an argument")
  expectArgumentError(consensusDomains(sweep, size = 1), "size", "is not an argument")
  expectArgumentError(clusterMetrics(small$labels, small$labels, size = 1), "size", "is not an argument")
})

# A result without each of its fields, and with each of them a row or a value longer.
damagedForms <- function(result, fields) {
  longer <- function(value) if (length(dim(value)) == 2) value[c(1, seq_len(nrow(value))), ] else c(value, value[1])
  forms <- lapply(fields, function(field) {
    list(`[[<-`(result, field, NULL), `[[<-`(result, field, longer(result[[field]])))
  })
  do.call(c, forms)
}

test_that("results that were changed are refused where they are read", {
  refused <- function(result, fields, read, argument = "x") {
    read(result)
    for (damaged in damagedForms(result, fields)) expectArgumentError(read(damaged), argument, "was changed")
  }
  refused(quickFit, c("embedding", "prior", "scores", "loadings", "singularValues"), summary, "object")
  expectArgumentError(summary(replace(quickFit, "asked", 3)), "object", "was changed")
  refused(fakeSweep(), c("labels", "pairwise", "runs", "spots"), plotCoassignment)
  fit <- quick(pair$counts, pair$coords, slice = pair$slice)
  alignment <- suppressMessages(alignSlices(fit, verbose = FALSE))
  refused(alignment, c("coords", "before", "partners", "slice", "reference"), plotAlignment)
  time <- domainPseudotime(quickFit, "1", small$labels, verbose = FALSE)
  refused(time, c("pseudotime", "connectivity", "domains"), plotPseudotime)
  markers <- suppressMessages(domainMarkers(
    small$counts, small$labels, coords = small$coords, correct = "none", spatial = FALSE, verbose = FALSE
  ))
  for (column in c("gene", "domain", "p_value")) {
    expectArgumentError(plotMarkerVolcano(markers[names(markers) != column]), "markers", "was changed")
  }
  expectArgumentError(plotStabilitySurface(replace(fakeSurface(), "loss", NULL)), "x", "was changed")
  shares <- domainShares(small$labels, rep(1:4, 36), c("1" = "a", "2" = "a", "3" = "b", "4" = "b"))
  refused(shares, c("spots", "shares", "group"), as.data.frame)
  choice <- suppressMessages(findDomains(quickFit, kRange = c(2, 3), verbose = FALSE))
  attr(choice, "choice")$aic3 <- NULL
  expectArgumentError(plotChoice(choice), "x", "was changed")
  method <- sweepMethod(function(x, seed) x, function(embedding, k, seed) embedding)
  expectArgumentError(print(replace(method, "embed", 3)), "x", "was changed")
  source <- pair$slice == "slice2"
  transst <- suppressMessages(runTransST(
    pair$counts[, !source], pair$counts[, source], pair$labels[source], pair$coords[!source, ], k = 3, nFactors = 2,
    verbose = FALSE
  ))
  read <- function(x) plotLoadings(x, draws = 0)
  refused(transst, c("factors", "posterior", "labelScores", "features", "convergence"), read)
})

test_that("a message names the user's argument, not what was made from it", {
  # Points whose likelihood is beyond the finite numbers.
  expectArgumentError(findDomains(matrix(1e120, 30, 2), k = 2), "x", "values beyond")
  few <- c(1, 40, 80)
  expectArgumentError(
    suppressMessages(domainMarkers(small$counts[, few], small$labels[few], fit = quickFit, verbose = FALSE)), "fit",
    "`fit` has 5 dimensions, too many for 79 genes and 3 spots"
  )
  loss <- replace(lossControl(), "unknown", 1)
  expectArgumentError(runStarscape(small$counts, small$coords, loss = loss), "loss", "`unknown`")
  layout <- function(...) simulateSlices(rows = 4, columns = 5, genes = 10, layout = "potts", ...)
  expectArgumentError(layout(domains = 5), "domains", "too many")
  expectArgumentError(layout(domains = 2, logFoldChange = 1e9), "logFoldChange", "overflow")
})

test_that("colours, titles and names of slices that are none are refused", {
  for (palette in list("no colour", 1:3, NA, c("red", NA), list("red"), factor("red"), mean)) {
    expectArgumentError(plotDomains(small$coords, small$labels, palette = palette), "palette")
  }
  expectArgumentError(plotDomainStability(fakeSweep(), palette = "no colour"), "palette")
  for (title in list(list(1), mean, c("a", "b"), NA)) {
    expectArgumentError(plotDomains(small$coords, small$labels, title = title), "title")
  }
  built(plotDomains(small$coords, small$labels, title = expression(sigma^2)))
  expectArgumentError(plotDomains(small$coords, small$coords[, 1], limits = c(0, Inf)), "limits")
  fit <- quick(pair$counts, pair$coords, slice = pair$slice)
  alignment <- suppressMessages(alignSlices(fit, verbose = FALSE))
  for (slice in list("other", mean, list("slice2"), character(), NA)) {
    expectArgumentError(plotAlignment(alignment, slice = slice), "slice")
  }
  expectArgumentError(plotAlignment(alignment, palette = c("red", "none")), "palette")
  time <- domainPseudotime(quickFit, "1", small$labels, verbose = FALSE)
  expectArgumentError(plotDomainConnectivity(time, palette = c("red", "blue")), "palette", "2 colours for 3")
})

test_that("numbers that are none are NA, and those beyond all bounds are refused", {
  constant <- small$counts
  constant[1:2, ] <- 1
  dimensions <- suppressMessages(factorMarkers(constant, fit = quickFit, draws = 2, verbose = FALSE))
  tested <- suppressMessages(domainMarkers(
    constant, small$labels, coords = small$coords, correct = "none", verbose = FALSE
  ))
  for (table in list(dimensions, tested)) {
    values <- unlist(table[vapply(table, is.numeric, NA)])
    expect_false(any(is.nan(values) | is.infinite(values)))
  }
  expectArgumentError(quick(small$counts * 1e300, small$coords), "x", "beyond")
  expectArgumentError(quick(small$counts, small$coords * 1e300), "coords", "beyond")
  embedding <- quickFit$embedding * 1e200
  expectArgumentError(clusterMetrics(small$labels, small$labels, embedding), "embedding", "beyond")
})

test_that("arguments that are refused together go by the user's names as well", {
  refused <- function() {
    starscape:::gateTogether(
      one = starscape:::stopArgument("x", "is bad"), other = starscape:::stopArgument("coords", "are bad")
    )
  }
  error <- expect_error(starscape:::underNames(refused(), c(x = "newdata")), class = "starscape_error_argument")
  expect_identical(error$argument, "newdata")
  expect_identical(error$arguments, c("newdata", "coords"))
  expect_identical(vapply(error$errors, function(own) own$argument, ""), c("newdata", "coords"))
  expect_match(conditionMessage(error), "`newdata` is bad")
})

test_that("all arguments that are refused are named at once", {
  named <- function(code, arguments) {
    error <- tryCatch(suppressMessages(code, "starscape_message"), starscape_error_argument = identity)
    expect_s3_class(error, "starscape_error_argument")
    expect_setequal(error$arguments, arguments)
    for (argument in arguments) expect_match(conditionMessage(error), sprintf("`%s`", argument), fixed = TRUE)
  }
  counts <- small$counts
  spots <- colnames(counts)
  named(factorMarkers(counts - 1, fit = 3, features = "none", draws = 1), c("x", "fit", "draws"))
  named(factorMarkers(counts, fit = quickFit, features = "none", seed = -1), c("features", "seed"))
  named(factorMarkers(quickFit, threads = 0), c("x", "threads"))
  named(clusterMetrics(mean, 1:3, matrix("a"), 3, 0), c("truth", "embedding", "graph", "threads"))
  named(clusterMetrics(1:3, 1:2, matrix(1, 2, 2), threads = 0), c("labels", "embedding", "threads"))
  named(domainPseudotime(quickFit, "none", small$labels, neighbours = 0), c("root", "neighbours"))
  named(domainPseudotime(quickFit, NA, small$labels[-1]), c("root", "domain"))
  named(domainPseudotime(3, "1", verbose = 2), c("x", "verbose"))
  named(domainPseudotime(quickFit$embedding, spots[[1]], 1:3, graph = 3), c("domain", "graph"))
  sweep <- function(..., x = counts, k = 3) stabilitySweep(x, k = k, verbose = FALSE, ...)
  named(sweep(seeds = "a", k = 1, coords = 3, truth = 1, apart = 2), c("seeds", "k", "coords", "apart"))
  named(sweep(method = "none", coords = small$coords, truth = 1:3), c("method", "truth"))
  named(sweep(x = 3, k = NULL, epochs = 0, loss = 3, previous = 3), c("x", "k", "epochs", "loss", "previous"))
  named(sweep(coords = small$coords, latentDim = 1000, checkpoint = 3, truth = NA), c(
    "latentDim", "checkpoint", "truth"
  ))
  fit <- quick(pair$counts, pair$coords, slice = pair$slice)
  named(alignSlices(fit, "one", "two", reflect = 3), c("slice", "reference", "reflect"))
  named(alignSlices(quickFit, seed = -1), c("x", "seed"))
  named(consensusDomains(fakeSweep(), k = 1000, threads = 0), c("k", "threads"))
  named(consensusDomains(3, k = 1), c("sweep", "k"))
})

test_that("arguments that objects hold are refused with the others", {
  skip_if_not_installed("SingleCellExperiment")
  refused <- function(code) tryCatch(code, starscape_error_argument = function(error) error$arguments)
  object <- quick(sceSmall())
  expect_setequal(refused(factorMarkers(object, reduction = "no", assay = "no", draws = 1)), c("x", "assay", "draws"))
  expect_setequal(refused(domainPseudotime(object, NA, domain = "none")), c("root", "domain"))
  expect_setequal(refused(domainPseudotime(object, "1", reduction = 3, threads = 0)), c("reduction", "threads"))
  expect_setequal(refused(alignSlices(object, reduction = 3, threads = 0)), c("reduction", "threads"))
  expect_setequal(refused(stabilitySweep(object, k = 1, truth = "none")), c("k", "truth"))
  expect_setequal(refused(stabilitySweep(object, k = 1, assay = "none")), c("k", "assay"))
})

# The same section in every class that is there.
sectionOf <- function(sim) {
  spatial <- function() {
    SpatialExperiment::SpatialExperiment(list(counts = sim$counts), spatialCoords = sim$coords * 1)
  }
  there <- function(package) requireNamespace(package, quietly = TRUE)
  list(
    matrix = sim$counts, Seurat = if (there("SeuratObject")) seuratSmall(sim),
    SingleCellExperiment = if (there("SingleCellExperiment")) sceSmall(sim),
    SpatialExperiment = if (there("SpatialExperiment")) spatial()
  )
}

test_that("the same input is refused by the same words in every class", {
  damaged <- function(value) utils::modifyList(small, list(counts = replace(small$counts, cbind(3, 5), value)))
  refused <- list(
    list("x", "NA, NaN or infinite", damaged(NA)), list("x", "negative", damaged(-1)),
    list("x", "no counts at all", utils::modifyList(small, list(counts = small$counts * 0))),
    list("coords", "same place", small, coords = 0 * small$coords), list("coords", "no row named", small,
      coords = small$coords[-1, ]
    ), list("coords", "NA or infinite for 1 spots", small, coords = replace(small$coords, 7, NA)),
    list("slice", "144 spots", small, slice = 1:3), list("slice", "single spot", small, slice = paste0("s", 1:144)),
    list("batch", "144 spots", small, batch = 1:3), list("features", "without counts", small, features = c("a", "b")),
    list("seed", "whole number", small, seed = "a"), list("latentDim", "too many", small, latentDim = 500)
  )
  for (one in refused) {
    objects <- Filter(Negate(is.null), suppressWarnings(sectionOf(one[[3]])))
    for (name in names(objects)) {
      given <- utils::modifyList(list(coords = small$coords, verbose = FALSE), one[-(1:3)])
      expectArgumentError(
        suppressMessages(do.call(runStarscape, c(list(objects[[name]]), given))), one[[1]], one[[2]]
      )
    }
  }
  for (object in Filter(Negate(is.null), sectionOf(small)[-1])) {
    expectArgumentError(quick(object, assay = "nope"), "assay", "nope")
    expectArgumentError(quick(object, coords = c("nope", "y")), "coords", "nope")
    expectArgumentError(quick(object, slice = "nope"), "slice", "nope")
    expectArgumentError(findDomains(object), "x", "runStarscape")
  }
})
