# What objects know, what of theirs is replaced, and what they refuse.

quietly <- function(code) suppressMessages(code, "starscape_message")
sceOf <- function(...) {
  testthat::skip_if_not_installed("SingleCellExperiment")
  object <- SingleCellExperiment::SingleCellExperiment(list(counts = small$counts))
  places <- list(...)
  for (name in names(places)) object[[name]] <- places[[name]]
  object
}
x <- unname(small$coords[, 1]) * 1
y <- unname(small$coords[, 2]) * 1
told <- function(code) {
  messages <- character()
  withCallingHandlers(code, starscape_message = function(message) {
    messages <<- c(messages, conditionMessage(message))
    rlang::cnd_muffle(message)
  })
  messages
}
fitted <- function(object, ...) S4Vectors::metadata(quick(object, ...))$starscape
loud <- function(object, ...) {
  runStarscape(object, ..., latentDim = 5, epochs = 2, stability = starControl(share = 1), verbose = FALSE)
}

test_that("places of the metadata are taken as their columns are called, and told", {
  expect_identical(fitted(sceOf(x = x, y = y))$graph, quickFit$graph)
  expect_match(told(loud(sceOf(x = x, y = y, x_centroid = x, y_centroid = y))), "not \"x_centroid\"", all = FALSE)
  expect_identical(levels(fitted(sceOf(x = x, y = y, z = rep(1:2, 72)))$slice), c("z1", "z2"))
  turned <- sceOf(array_col = x, array_row = y)
  expect_identical(fitted(turned, coords = c("array_row", "array_col"))$graph, quickFit$graph)
  object <- sceOf()
  SingleCellExperiment::reducedDim(object, "spatial") <- cbind(y = y, x = x)
  expect_identical(fitted(object)$graph, quickFit$graph)
  zeros <- sceOf(array_col = 0 * x, array_row = 0 * y, pxl_col_in_fullres = 9 * x, pxl_row_in_fullres = 9 * y)
  expect_match(told(loud(zeros)), "Pixels are taken", all = FALSE)
  expect_equal(unname(fitted(zeros)$coords), cbind(9 * x, 9 * y))
})

test_that("what is the user's is not replaced without a word", {
  object <- quick(sceOf(x = x, y = y))
  object$domain <- "mine"
  object$pseudotime <- 1
  said <- told(object <- findDomains(object, k = 3))
  expect_match(said, "`domain`", all = FALSE)
  said <- told(object <- findDomains(object, k = 3))
  expect_length(said, 0)
  object$domain <- paste0("Layer", object$domain)
  said <- told(object <- findDomains(object, k = 3))
  expect_match(said, "`domain`", all = FALSE)
  said <- told(object <- domainPseudotime(object, "1"))
  expect_match(said, "`pseudotime`", all = FALSE)
  expect_length(told(domainPseudotime(object, "1")), 0)
  expect_match(
    told(runTransST(object, small$counts, small$labels, k = 3, verbose = FALSE)), "`domain` and `domain_confidence`",
    all = FALSE
  )
  SingleCellExperiment::altExp(object, "imputed") <- object[1:5, ]
  said <- told(object <- imputeExpression(object, rownames(object)[1:2]))
  expect_match(said, "imputed", all = FALSE)
  expect_length(told(imputeExpression(object, rownames(object)[1:2])), 0)
  other <- sceOf(x = x, y = y)
  SingleCellExperiment::reducedDim(other, "starscape") <- small$coords
  S4Vectors::metadata(other)$starscape <- "notes"
  expect_match(told(loud(other)), "something else", all = FALSE)
  other$lab <- small$labels
  expect_s3_class(plotDomains(other, "lab"), "ggplot")
})

test_that("arguments that a class does not have are refused by name", {
  object <- quick(sceOf(x = x, y = y))
  expectArgumentError(imputeExpression(object, fit = quickFit), "fit", "objects")
  expectArgumentError(factorMarkers(object, fit = quickFit), "fit", "objects")
  expectArgumentError(quick(list(object, object), slice = 1:2), "slice", "list")
  misspelled <- structure(c(starControl(), Share = 1), class = "starControl")
  expectArgumentError(quick(object, stability = misspelled), "stability", "`Share`")
  expectArgumentError(runTransST(object, sceOf(label = small$labels), "labels"), "labels", "`source`")
  expectArgumentError(domainMarkers(object, small$labels, slice = "nope", correct = "none"), "slice", "nope")
  expectArgumentError(quick(object, graph = graphControl("radius", radius = 0.1)), "graph", "no two spots")
  expectArgumentError(
    domainShares(small$labels, rep(1:4, 36), group = c("1" = "a", "2" = "b")), "group", "sample \"3\""
  )
  donors <- lapply(list(1:72, 73:144), function(own) {
    half <- object[, own]
    half$donor <- rep(c("p", "q"), 36)
    half
  })
  expect_identical(levels(S4Vectors::metadata(quick(donors, batch = "donor")[[1]])$starscape$batch), c("p", "q"))
})

test_that("a fit is taken by the names of its spots wherever it comes from", {
  object <- findDomains(quick(sceOf(x = x, y = y)), k = 3, verbose = FALSE)
  order <- withr::with_seed(1, sample(144))
  markers <- function(object, ...) quietly(domainMarkers(object, ..., correct = "none", verbose = FALSE))
  expected <- markers(small$counts, object$domain, fit = quickFit)
  expect_equal(markers(object[, order], fit = quickFit)$p_value, expected$p_value)
  expect_identical(markers(object[, order])$p_value, markers(object[, order], fit = quickFit)$p_value)
  lists <- list(a = small$counts[, 1:72], b = small$counts[, 73:144])
  places <- list(a = small$coords[1:72, ], b = small$coords[73:144, ] * 1.7)
  joint <- function(coords) markers(lists, object$domain, coords = coords)$p_value
  expect_identical(joint(list(a = places$a[72:1, ], b = places$b)), joint(places))
  expect_identical(joint(rev(places)), joint(places))
})

# Whatever draws or tells of a fit takes the second one, `wide`, of an object as it takes an only one.
expectSecondFit <- function(both, object) {
  shown <- function(plot) ggplot2::ggplot_build(plot)$data
  only <- domainPseudotime(findDomains(quick(object, latentDim = 8), k = 3, verbose = FALSE), "1", verbose = FALSE)
  expect_identical(shown(plotPseudotime(both, reduction = "wide")), shown(plotPseudotime(only)))
  expect_identical(shown(plotDomainConnectivity(both, reduction = "wide")), shown(plotDomainConnectivity(only)))
  expectArgumentError(plotPseudotime(both), "x", "no pseudotime")
  expect_identical(shown(plotHistory(both, reduction = "wide")), shown(plotHistory(only)))
  expect_identical(lossSurface(both, 3, points = 3, reduction = "wide"), lossSurface(only, 3, points = 3))
  chosen <- quietly(findDomains(both, kRange = c(2, 3), name = "chosen", reduction = "wide", verbose = FALSE))
  expect_s3_class(plotChoice(chosen, reduction = "wide"), "ggplot")
  expectArgumentError(plotChoice(chosen), "x", "no choice")
  expect_identical(nlevels(factorMarkers(both, "wide", draws = 2, verbose = FALSE)$factor), 8L)
  expect_s3_class(plotDomains(both, "other", reduction = "wide"), "ggplot")
  expectArgumentError(plotDomains(both, "other", reduction = "none"), "x", "no starscape fit")
  projected <- quietly(projectDomains(both, object, domain = "other", reduction = "wide", verbose = FALSE))
  expect_true("wide_projected" %in% names(objectMetadata(projected)))
}

test_that("fits stand side by side under names of their own", {
  for (object in list(sceOf(x = x, y = y), if (requireNamespace("SeuratObject", quietly = TRUE)) seuratSmall())) {
    if (is.null(object)) next
    both <- quick(quick(object), name = "wide", latentDim = 8)
    expect_identical(ncol(objectFit(both)$embedding), 5L)
    expect_identical(ncol(objectFit(both, "wide")$embedding), 8L)
    expect_true(all(c("starscape", "wide") %in% objectReductions(both)))
    both <- findDomains(both, k = 3, reduction = "wide", name = "other", verbose = FALSE)
    both <- findDomains(both, k = 3, verbose = FALSE)
    direct <- findDomains(objectFit(both, "wide"), k = 3, verbose = FALSE)
    expect_identical(as.character(objectMetadata(both)$other), as.character(direct$domain))
    markers <- function(...) quietly(domainMarkers(both, ..., verbose = FALSE))
    expect_equal(
      markers("other", reduction = "wide")$p_value,
      quietly(domainMarkers(small$counts, direct, fit = objectFit(both, "wide"), verbose = FALSE))$p_value
    )
    expectArgumentError(findDomains(both, k = 3, reduction = "none"), "x", "no starscape fit")
    expectArgumentError(quick(object, name = "transst"), "name", "transst")
    expectArgumentError(quick(object, name = "spatial"), "name", "something else")
    turned <- domainPseudotime(both, "1", domain = "other", reduction = "wide", verbose = FALSE)
    expect_true("wide_pseudotime" %in% names(objectMetadata(turned)))
    expectArgumentError(findDomains(both, reduction = 3), "reduction")
    expectSecondFit(turned, object)
  }
})

test_that("all that is refused is said at once, of matrices, objects and lists", {
  all <- function(x, ..., arguments) {
    error <- expect_error(quick(x, nFeatures = 0, seed = "a", ...), class = "starscape_error_argument")
    expect_identical(error$arguments, c("nFeatures", "seed", arguments))
    for (argument in error$arguments) expect_match(conditionMessage(error), paste0("`", argument, "`"), fixed = TRUE)
  }
  all(small$counts, small$coords[1:9, ], arguments = "coords")
  all(sceOf(x = x), arguments = "coords")
  all(list(small$counts, small$counts), list(small$coords), arguments = "coords")
  all(small$counts, small$coords, batch = 1:3, features = "nope", arguments = c("batch", "features"))
  all(replace(as.matrix(small$counts), 1, NA), small$coords[1:9, ], slice = 1:3, arguments = c("x", "slice", "coords"))
  all(sceOf(x = x), assay = "nope", name = "2bad", arguments = c("name", "assay"))
  all(list(small$counts, small$counts), list(small$coords), name = "2bad", arguments = c("name", "coords"))
})

test_that("other functions say all that is refused at once, too", {
  refused <- function(code, arguments) {
    error <- expect_error(code, class = "starscape_error_argument")
    expect_identical(error$arguments, arguments)
  }
  refused(findDomains(quickFit, k = 0, seed = "a", method = "x", space = "z"), c("space", "method", "seed", "k"))
  refused(findDomains(quickFit$embedding, k = 0, seed = "a", graph = 3), c("seed", "k", "graph"))
  few <- small$coords[1:3, ]
  refused(
    domainMarkers(small$counts, small$labels[1:3], coords = few, seed = "a", correct = "none"),
    c("seed", "domain", "coords")
  )
  refused(
    domainMarkers(small$counts, small$labels, coords = small$coords, correct = "none", compare = "x", features = "y"),
    c("compare", "features")
  )
  refused(
    runTransST(small$counts, small$counts, small$labels[1:3], coords = few, k = 0, seed = "a"),
    c("seed", "coords", "labels", "k")
  )
  refused(
    projectDomains(quickFit, replace(as.matrix(small$counts), 1, NA), small$labels, coords = few, unknown = 2),
    c("unknown", "newdata", "coords")
  )
  refused(imputeExpression(small$counts[, 1:3], "nope", fit = quickFit, threads = 0), c("threads", "x", "features"))
  refused(spatiallyVariableGenes(small$counts, few, threads = 0), c("threads", "coords"))
})

test_that("a fit follows its spots under new names, and two fits in one object are refused", {
  object <- quick(sceOf(x = x, y = y))
  object$true <- small$labels
  turned <- object[, 144:1]
  colnames(turned) <- colnames(object)
  markers <- function(domain) quietly(domainMarkers(turned, domain, correct = "none", verbose = FALSE))
  expect_equal(markers(stats::setNames(turned$true, colnames(turned)))$p_value, markers("true")$p_value)
  expect_identical(unname(objectFit(turned)$coords), unname(small$coords[144:1, ] * 1))
  expect_identical(rownames(objectFit(turned)$coords), colnames(turned))
  other <- quick(sceOf(x = x, y = y), seed = 2)
  other$true <- small$labels
  mixed <- SingleCellExperiment::cbind(object[, 1:72], other[, 73:144])
  expectArgumentError(findDomains(mixed, k = 3), "x", "72 spots")
})

test_that("run-length encoded columns are plain ones", {
  object <- sceOf(x = x, y = y)
  sections <- S4Vectors::Rle(factor(rep(c("a", "b"), each = 72)))
  object$section <- sections
  expect_identical(levels(fitted(object, slice = "section")$slice), c("a", "b"))
})

test_that("fits that were changed are refused where they are read", {
  damaged <- list(
    without = quickFit[names(quickFit) != "graph"],
    renamed = stats::setNames(quickFit, sub("^coords$", "places", names(quickFit))),
    short = utils::modifyList(quickFit, list(scores = quickFit$scores[-1, ])),
    turned = utils::modifyList(quickFit, list(codes = quickFit$codes[144:1, ])),
    sliced = utils::modifyList(quickFit, list(slice = factor(1:3)))
  )
  for (fit in lapply(damaged, structure, class = "starscape_fit")) {
    expectArgumentError(findDomains(fit, k = 3), "x", "another version")
    expectArgumentError(domainPseudotime(fit, "1", small$labels), "x", "another version")
    expectArgumentError(plotDomains(fit, small$labels), "x", "another version")
    expectArgumentError(imputeExpression(small$counts, "gene1", fit = fit), "fit", "another version")
    expectArgumentError(print(fit), "x", "another version")
  }
  expect_message(findDomains(oneSpace(quickFit), k = 3, verbose = FALSE), "no codes")
})

test_that("an object is drawn also where its fit knows its spots no more, and a fit of another name is named", {
  object <- quick(sceOf(x = x, y = y))
  object$true <- small$labels
  expect_s3_class(plotDomains(SingleCellExperiment::cbind(object, object), "true"), "ggplot")
  apart <- quick(sceOf(), coords = small$coords)
  apart$true <- small$labels
  expectArgumentError(plotDomains(SingleCellExperiment::cbind(apart, apart), "true"), "x", "144 spots")
  wide <- quick(sceOf(x = x, y = y), name = "wide")
  for (use in list(findDomains, plotHistory, plotPseudotime)) expectArgumentError(use(wide), "x", "\"wide\"")
  expectArgumentError(projectDomains(small$counts), "x", "runStarscape")
})

test_that("a fit is cut down to a single spot, and follows renamed spots without counts", {
  counts <- small$counts
  counts[, c(3, 9, 20)] <- 0
  object <- quick(sceSmall(counts = counts))
  expect_identical(dim(objectFit(object[, 1])$graph), c(1L, 1L))
  part <- object[, 60:1]
  colnames(part) <- colnames(object)[1:60]
  domain <- findDomains(part, k = 2, verbose = FALSE)$domain
  expect_identical(which(is.na(domain)), 61L - c(20L, 9L, 3L))
  expect_identical(domain, findDomains(object[, 60:1], k = 2, verbose = FALSE)$domain)
})
