counts <- small$counts
coords <- small$coords
dense <- as.matrix(counts)

withValue <- function(value) {
  counts@x[[5]] <- value
  counts
}

test_that("counts must be finite and not negative", {
  expectArgumentError(quick(withValue(NA), coords), "x", "1 values that are NA")
  expectArgumentError(quick(withValue(NaN), coords), "x", "NaN")
  expectArgumentError(quick(withValue(Inf), coords), "x", "infinite")
  expectArgumentError(quick(withValue(-2), coords), "x", "negative.*-2")
  dense[1, 1] <- NA
  expectArgumentError(quick(dense, coords), "x", "NA")
})

test_that("counts need genes and spots", {
  expectArgumentError(quick(counts[0, ], coords), "x", "0 genes")
  expectArgumentError(quick(counts[, 0], coords[0, ]), "x", "0 spots")
  expectArgumentError(quick(counts * 0, coords), "x", "no counts at all")
})

test_that("the class of the counts is checked", {
  expectArgumentError(quick(as.data.frame(dense), coords), "x", "as.matrix")
  expectArgumentError(quick("counts.csv", coords), "x", "character")
  expectArgumentError(quick(list("counts.csv"), list(coords)), "x", "counts.csv")
  expectArgumentError(quick(dense[, 1], coords), "x", "numeric")
  expectArgumentError(quick(matrix("1", 4, 4), coords), "x")
})

test_that("counts that are not whole are used with a message", {
  expect_message(
    runStarscape(counts / 2, coords, latentDim = 5, epochs = 2, verbose = FALSE), "whole numbers",
    class = "starscape_message"
  )
})

test_that("counts that were normalised or logged are told as such", {
  depth <- Matrix::colSums(counts)
  scaled <- Matrix::t(Matrix::t(counts) / depth * 1e4)
  log2 <- function(counts) log1p(counts) / log(2)
  withValues <- function(values) methods::new("dgCMatrix", i = counts@i, p = counts@p, x = values, Dim = dim(counts))
  single <- function(counts) withValues(signif(counts@x, 7))
  kinds <- function(...) vapply(list(...), starscape:::kindOfParts, "")
  expect_identical(kinds(scaled, single(scaled), counts / 2), rep("normalised", 3))
  expect_identical(kinds(log1p(counts), log1p(scaled), single(log1p(scaled)), log2(scaled)), rep("logged", 4))
  noise <- withr::with_seed(1, withValues(counts@x + stats::runif(length(counts@x))))
  expect_null(starscape:::kindOfParts(noise))
  expect_null(starscape:::kindOfParts(sqrt(counts)))
  expect_message(
    starscape:::gateCounts(log1p(counts)), "not whole numbers: they look logged", class = "starscape_message"
  )
})

test_that("names are unique and complete, or made", {
  repeated <- counts
  colnames(repeated)[2] <- colnames(repeated)[1]
  expectArgumentError(quick(repeated, unname(coords)), "x", "column names that occur more than once")
  rownames(counts)[2] <- rownames(counts)[1]
  expectArgumentError(quick(counts, coords), "x", "row names that occur more than once")
  counts <- small$counts
  rownames(counts)[2] <- NA
  expectArgumentError(quick(counts, coords), "x", "missing row names")
  expect_message(
    expect_message(
      fit <- runStarscape(
        unname(dense), unname(coords), latentDim = 5, epochs = 5, stability = starControl(share = 1), verbose = FALSE
      ), "gene1 to gene80"
    ), "spot1 to spot144",
    class = "starscape_message"
  )
  expect_identical(rownames(fit$embedding)[[144]], "spot144")
  expect_identical(unname(fit$embedding), unname(quickFit$embedding))
})

test_that("spots and genes without counts are dropped and come back as NA", {
  empty <- c(3, 70)
  counts[, empty] <- 0
  counts[11, ] <- 0
  expect_message(
    expect_message(
      fit <- runStarscape(
        counts, coords, latentDim = 5, epochs = 5, stability = starControl(share = 1), verbose = FALSE
      ), "2 spots have no counts",
      class = "starscape_message"
    ), "1 gene has no counts"
  )
  expect_true(all(is.na(fit$embedding[empty, ])))
  expect_true(all(is.na(fit$prior[empty, ])))
  expect_false(anyNA(fit$embedding[-empty, ]))
  expect_false("gene11" %in% fit$features)
  expect_equal(sum(fit$graph[empty, ]), 0)
  expect_identical(
    fit$embedding[-empty, ], quick(counts[-11, -empty], coords[-empty, ])$embedding
  )
  domains <- findDomains(fit, k = 3, verbose = FALSE)
  expect_identical(rownames(domains), colnames(counts))
  expect_identical(which(is.na(domains$domain)), c(3L, 70L))
  expect_identical(which(is.na(domains$confidence)), c(3L, 70L))
  expect_output(print(fit), "2 spots without counts")
  expect_s3_class(plotDomains(fit, domains, confidence = TRUE), "ggplot")
})

test_that("coordinates are complete", {
  expectArgumentError(quick(counts), "coords", "missing")
  expectArgumentError(quick(counts, coords[-1, ]), "coords", "no row named")
  expectArgumentError(quick(counts, unname(coords[-1, ])), "coords", "143 rows for 144 spots")
  expectArgumentError(quick(counts, coords[, 1]), "coords", "two columns")
  expectArgumentError(quick(counts, cbind(unname(coords), 1)), "coords", "3 columns")
})

test_that("coordinates are finite and lie apart", {
  expectArgumentError(quick(counts, replace(coords, 7, NA)), "coords", "NA or infinite for 1 spots")
  expectArgumentError(quick(counts, replace(coords, 7, Inf)), "coords", "infinite")
  expectArgumentError(quick(counts, coords * 0), "coords", "same place")
  expectArgumentError(quick(counts, "somewhere"), "coords", "somewhere")
  coords[5, ] <- coords[4, ]
  expect_message(
    runStarscape(counts, coords, latentDim = 5, epochs = 2, verbose = FALSE), "share their place",
    class = "starscape_message"
  )
  # Places of different slices are not shared. As one batch, since what is told of batches is another matter.
  expect_no_message(
    runStarscape(
      pair$counts, pair$coords, slice = pair$slice, batch = FALSE, latentDim = 5, epochs = 2,
      stability = starControl(share = 1), verbose = FALSE
    )
  )
})

test_that("coordinates are matched by name", {
  expect_identical(quick(counts, coords[144:1, ])$embedding, quickFit$embedding)
  more <- rbind(coords, other = c(100, 100))
  expect_identical(quick(counts, data.frame(cell = rownames(more), more))$embedding, quickFit$embedding)
  expect_identical(quick(counts, data.frame(unname(coords)))$embedding, quickFit$embedding)
})

test_that("what is given per spot is matched by its names, and refused where they fit nothing", {
  shuffled <- withr::with_seed(1, sample(ncol(counts)))
  table <- data.frame(barcode = colnames(counts), unname(coords))[shuffled, ]
  names(table)[2:3] <- c("x", "y")
  rownames(table) <- NULL
  expect_identical(quick(counts, table)$embedding, quickFit$embedding)
  table$barcode[[3]] <- table$barcode[[4]]
  expectArgumentError(quick(counts, table), "coords")
  named <- stats::setNames(as.character(pair$slice), colnames(pair$counts))
  joint <- quick(pair$counts, pair$coords, slice = pair$slice)
  expect_identical(quick(pair$counts, pair$coords, slice = rev(named))$embedding, joint$embedding)
  expectArgumentError(quick(counts, coords, slice = stats::setNames(rep("a", 144), 1:144)), "slice", "no row named")
  labels <- stats::setNames(as.character(small$labels), colnames(counts))
  markers <- function(...) suppressMessages(domainMarkers(counts, coords = coords, correct = "none", ...))
  plain <- markers(unname(labels))
  expect_identical(markers(labels[shuffled]), plain)
  domains <- data.frame(domain = factor(labels), row.names = names(labels))
  expect_identical(markers(domains[shuffled, , drop = FALSE]), plain)
  expectArgumentError(markers(stats::setNames(labels, rev(toupper(names(labels))))), "domain", "no row named")
  block <- stats::setNames(rep(c("a", "b"), 72), colnames(counts))
  expect_identical(markers(labels, block = block[shuffled]), markers(labels, block = unname(block)))
  expect_equal(clusterMetrics(labels, labels[shuffled])[["ARI"]], 1)
  drawn <- function(...) ggplot2::ggplot_build(plotDomains(coords, ...))$data[[1]]
  expect_identical(drawn(labels[shuffled]), drawn(unname(labels)))
  inTable <- function(domain) ggplot2::ggplot_build(plotDomains(as.data.frame(coords), domain))$data[[1]]
  expect_identical(inTable(domains[shuffled, , drop = FALSE]), inTable(domains))
  time <- function(domain) domainPseudotime(quickFit, "1", domain, neighbours = 5, verbose = FALSE)$pseudotime
  expect_identical(time(labels[shuffled]), time(unname(labels)))
})

test_that("columns that say what they are are taken so, and a third dimension is not passed over", {
  rowCol <- data.frame(row = coords[, 2], col = coords[, 1])
  expect_message(
    fit <- runStarscape(counts, rowCol, latentDim = 5, epochs = 5, verbose = FALSE), "x is the column \"col\""
  )
  expect_identical(fit$graph, quickFit$graph)
  expect_identical(unname(fit$coords), unname(quickFit$coords))
  expectArgumentError(quick(counts, unname(cbind(coords, seq_len(144)))), "coords", "Name three columns")
  expectArgumentError(quick(counts, cbind(coords, z = c(NA, rep(1:2, 72)[-1]))), "coords", "no \"z\" for 1 spots")
  sections <- rep(1:2, 72)
  loud <- function(...) runStarscape(counts, ..., latentDim = 5, epochs = 5, stability = starControl(share = 1))
  expect_message(byDepth <- loud(cbind(coords, z = sections)), "taken for a section")
  expect_identical(levels(byDepth$slice), c("z1", "z2"))
  expect_identical(byDepth$embedding, quick(counts, coords, slice = sections)$embedding)
  shuffled <- data.frame(cell = colnames(counts), coords, z = sections, row.names = NULL)[rev(seq_len(144)), ]
  rownames(shuffled) <- NULL
  expect_identical(quick(counts, shuffled)$slice, byDepth$slice)
  expect_message(given <- loud(cbind(coords, z = sections), slice = sections), "is not used")
  expect_identical(given$embedding, byDepth$embedding)
  expect_identical(quick(counts, cbind(coords, z = 1))$embedding, quickFit$embedding)
})

test_that("a depth that is measured is a third dimension of space", {
  depth <- withr::with_seed(1, stats::runif(144, 0, 2))
  places <- cbind(coords, z = depth)
  expect_message(
    fit <- runStarscape(counts, places, latentDim = 5, epochs = 2, graph = graphControl(k = 4)), "neighbours are looked"
  )
  apart <- as.matrix(stats::dist(places))
  nearest <- vapply(seq_len(144), function(spot) seq_len(144) %in% order(apart[spot, ])[2:5], logical(144))
  expect_identical(unname(as.matrix(fit$graph)), nearest | t(nearest))
  expect_identical(fit$coords, places)
  shuffled <- data.frame(id = rownames(places), places, row.names = NULL)[144:1, ]
  expect_identical(quick(counts, shuffled, graph = graphControl(k = 4))$graph, fit$graph)
  expectArgumentError(quick(counts, places, graph = graphControl(method = "delaunay")), "method", "plane")
  domains <- findDomains(fit, k = 3, verbose = FALSE)
  expect_message(plotDomains(fit, domains), "as seen along z")
  expectArgumentError(domainMarkers(counts, domains, fit = fit), "spatial", "depth")
  expect_s3_class(domainMarkers(counts, domains, fit = fit, spatial = FALSE, verbose = FALSE), "data.frame")
  expectArgumentError(alignSlices(fit), "x", "depth")
  expect_identical(dim(runTransST(counts, counts, small$labels, coords = places, verbose = FALSE)$factors)[[1]], 144L)
  # Slices keep their own depths.
  both <- quick(counts, places, slice = rep(1:2, 72))
  expect_identical(dim(both$coords), c(144L, 3L))
  expect_true(all(both$graph[c(TRUE, FALSE), c(FALSE, TRUE)] == 0))
})

test_that("the message names the cause", {
  expectArgumentError(quick(Matrix::t(counts), coords), "x", "spots as rows")
  expectArgumentError(quick(unname(as.matrix(Matrix::t(counts)))[, 1:80], unname(coords)), "x", "spots as rows")
  twice <- rbind(coords[1:72, ], coords[1:72, ])
  rownames(twice) <- rownames(coords)
  expect_message(runStarscape(counts, twice, latentDim = 5, epochs = 2, verbose = FALSE), "say with `slice`")
})

test_that("spots as rows are the cause that is named by every function", {
  turned <- Matrix::t(counts)
  first <- pair$slice == "slice1"
  lists <- list(Matrix::t(pair$counts[, first]), Matrix::t(pair$counts[, !first]))
  places <- list(pair$coords[first, ], pair$coords[!first, ])
  expectArgumentError(quick(lists, places), "x", "spots as rows: `coords`")
  expectArgumentError(quick(turned, coords, slice = rep(1:2, 72)), "x", "spots as rows")
  mark <- function(...) domainMarkers(..., correct = "none", verbose = FALSE)
  expectArgumentError(mark(turned, small$labels, coords = coords), "x", "spots as rows")
  expectArgumentError(mark(turned, small$labels, spatial = FALSE), "x", "spots as rows: `domain`")
  expectArgumentError(mark(turned, factor(1:3), fit = quickFit), "x", "spots as rows: `fit`")
  expectArgumentError(mark(lists, pair$labels, coords = places), "x", "spots as rows")
  borrow <- function(x, source, ...) runTransST(x, source, small$labels, coords = coords, k = 3, verbose = FALSE, ...)
  expectArgumentError(borrow(turned, counts), "x", "spots as rows")
  expectArgumentError(borrow(counts, turned), "source", "spots as rows: `labels`.*t\\(source\\)")
  expectArgumentError(imputeExpression(turned, fit = quickFit), "x", "spots as rows: `fit`")
  expectArgumentError(imputeExpression(list(turned), fit = quickFit), "x", "spots as rows: `fit`")
  expectArgumentError(factorMarkers(turned, fit = quickFit), "x", "spots as rows: `fit`")
  expectArgumentError(projectDomains(quickFit, turned, small$labels, coords = coords), "newdata", "spots as rows")
})

test_that("slices have one known value per spot", {
  expectArgumentError(quick(counts, coords, slice = 1:3), "slice", "144 spots")
  expectArgumentError(quick(counts, coords, slice = list(1)), "slice")
  expectArgumentError(quick(counts, coords, slice = replace(rep("a", 144), 9, NA)), "slice", "NA for 1 spots")
  expectArgumentError(
    quick(pair$counts, pair$coords * (pair$slice == "slice2"), slice = pair$slice), "coords", "same place"
  )
})

test_that("numbers are whole and in range", {
  expectArgumentError(quick(counts, coords, epochs = 2.5), "epochs", "2.5")
  expectArgumentError(quick(counts, coords, epochs = 0), "epochs")
  expectArgumentError(quick(counts, coords, latentDim = 1), "latentDim")
  expectArgumentError(quick(counts, coords, latentDim = 81), "latentDim", "80 genes")
  expectArgumentError(quick(counts, coords, latentDim = NULL), "latentDim", "NULL")
  expectArgumentError(quick(counts, coords, threads = 0), "threads")
  expectArgumentError(quick(counts, coords, threads = NA), "threads")
  expectArgumentError(quick(counts, coords, seed = -1), "seed")
  expectArgumentError(quick(counts, coords, seed = 2^31), "seed")
  expectArgumentError(quick(counts, coords, seed = 0.5), "seed")
  expectArgumentError(quick(counts, coords, seed = "1"), "seed")
  expectArgumentError(quick(counts, coords, nFeatures = 1:2), "nFeatures")
  expectArgumentError(quick(counts, coords, nFeatures = -10), "nFeatures")
  expectArgumentError(quick(counts, coords, verbose = "no"), "verbose")
  expect_s3_class(quick(counts, coords, seed = 2^31 - 1, epochs = 1), "starscape_fit")
})

test_that("choices and features are known", {
  expectArgumentError(quick(counts, coords, normalisation = "sqrt"), "normalisation", "pearson")
  expectArgumentError(quick(counts, coords, featureSelection = NULL), "featureSelection")
  expectArgumentError(quick(counts, coords, features = c("gene1", "TP53")), "features", "TP53")
  expectArgumentError(quick(counts, coords, features = 1:10), "features")
  expectArgumentError(quick(counts, coords, features = paste0("gene", 1:4)), "latentDim", "4 genes")
})

test_that("a misspelled argument is not ignored", {
  expectArgumentError(quick(counts, coords, epcohs = 10), "epcohs")
  expectArgumentError(findDomains(quickFit, k = 3, methods = "gmm"), "methods")
})

test_that("the number of domains fits the spots", {
  embedding <- quickFit$embedding
  expectArgumentError(findDomains(quickFit, k = 0), "k")
  expectArgumentError(findDomains(quickFit, k = 2.2), "k")
  expectArgumentError(findDomains(quickFit, k = 145), "k", "144 spots")
  expectArgumentError(findDomains(quickFit, kRange = c(1, 5)), "kRange")
  expectArgumentError(findDomains(quickFit, kRange = 5), "kRange")
  expectArgumentError(findDomains(quickFit, kRange = c(9, 4)), "kRange")
  expectArgumentError(findDomains(embedding[1:3, ], kRange = c(4, 6)), "kRange")
  expectArgumentError(findDomains(quickFit, k = 3, method = "ward"), "method")
  expectArgumentError(findDomains(quickFit, k = 3, seed = -1), "seed")
  expectArgumentError(findDomains(quickFit, k = 3, threads = 1.5), "threads")
  expectArgumentError(findDomains(replace(embedding, 3, NA), k = 3), "x", "NA")
  expectArgumentError(findDomains(as.data.frame(embedding), k = 3), "x", "numeric matrix")
  expectArgumentError(findDomains(embedding, k = 3, method = "hmrf"), "graph", "needs it")
  expectArgumentError(findDomains(embedding, k = 3, graph = diag(144)), "graph", "sparse")
  expectArgumentError(findDomains(embedding, k = 3, graph = quickFit$graph[1:9, 1:9]), "graph")
  expectArgumentError(findDomains(embedding, k = 3, prior = embedding[1:9, ]), "prior", "9 rows")
})

test_that("slices, coordinates and graphs taken by mistake are refused by name", {
  names <- colnames(small$counts)
  expectArgumentError(quick(small$counts, coords = small$coords, slice = names), "slice", "single spot")
  twice <- rbind(small$coords[1, , drop = FALSE] + 9, small$coords)
  expectArgumentError(quick(small$counts, coords = twice), "coords", "not unique")
  graph <- quickFit$graph
  graph <- methods::as(graph, "dMatrix")
  graph@x[[1]] <- NA
  expectArgumentError(findDomains(quickFit$embedding, k = 3, graph = graph), "graph", "NA")
  embedding <- quickFit$embedding
  rownames(embedding)[[2]] <- rownames(embedding)[[1]]
  expectArgumentError(findDomains(embedding, k = 3), "x", "not unique")
  control <- graphControl()
  control$k <- NULL
  expectArgumentError(quick(small$counts, coords = small$coords, graph = control), "k", "missing")
  expectArgumentError(simulateSlices(rows = 40000, columns = 50000, genes = 10), "rows")
})

test_that("a slice that loses all its spots leaves the others as they were", {
  counts <- cbind(small$counts, small$counts)
  colnames(counts) <- paste0("spot", seq_len(ncol(counts)))
  counts[, seq_len(ncol(small$counts))] <- 0
  slice <- rep(c("empty", "full"), each = ncol(small$counts))
  fit <- suppressMessages(quick(counts, coords = unname(rbind(small$coords, small$coords)), slice = slice))
  expect_identical(fit$graphMethod, quickFit$graphMethod)
  expect_identical(unname(fit$embedding[slice == "full", ]), unname(quickFit$embedding))
})

test_that("what is wrong with counts is said of the argument that they were given as", {
  counts <- function(value) replace(as.matrix(small$counts), 1, value)
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  project <- function(newdata, ...) projectDomains(quickFit, newdata, domains, small$coords, verbose = FALSE)
  borrow <- function(source, labels = small$labels, ...) {
    runTransST(small$counts, source, labels, coords = small$coords, k = 3, nFactors = 4, verbose = FALSE, ...)
  }
  for (given in list(list(project, "newdata"), list(borrow, "source"))) {
    take <- given[[1]]
    for (value in c(NA, -1, Inf)) expectArgumentError(take(counts(value)), given[[2]])
    expectArgumentError(take(data.frame(counts(1))), given[[2]], "matrix")
    expectArgumentError(take(0 * small$counts), given[[2]], "no counts")
    expect_message(take(counts(0.5)), paste0("^`", given[[2]], "` has values that are not whole"))
    error <- expect_error(take(`dimnames<-`(counts(1), NULL)), class = "starscape_error_argument")
    expect_false(grepl("`x` has", conditionMessage(error), fixed = TRUE))
  }
  expectArgumentError(borrow(list(small$counts, counts(-1)), list(small$labels, small$labels)), "source", "negative")
  skip_if_not_installed("SingleCellExperiment")
  bare <- sceSmall()
  expectArgumentError(borrow(bare, sourceCoords = c("x", "down")), "sourceCoords", "`source`, not \"down\"")
  expectArgumentError(borrow(bare, sourceSlice = "nope"), "sourceSlice", "`source`")
  SummarizedExperiment::assayNames(bare) <- "logcounts"
  expectArgumentError(borrow(bare), "source", "\"counts\"")
  object <- findDomains(quick(sceSmall()), k = 3, verbose = FALSE)
  expectArgumentError(projectDomains(object, bare, verbose = FALSE), "assay", "`newdata`")
  bare$x <- NULL
  expectArgumentError(projectDomains(object, bare, assay = "logcounts", verbose = FALSE), "coords", "`newdata`")
})

test_that("dates, and numbers that differ in their last bit, are labels like any", {
  day <- as.Date("2020-01-01") + as.integer(small$labels)
  expect_identical(as.integer(starscape:::gateDomain(day, 144)), as.integer(small$labels))
  expect_identical(as.character(starscape:::gateSlice(as.POSIXct(day, tz = "UTC"), 144)), as.character(day))
  near <- 0.1 * 3 + c(0, 2^-54)[rep(1:2, 72)]
  expect_false(anyNA(starscape:::gateSlice(near, 144)))
  expect_identical(nlevels(plotDomains(small$coords, day)$data$value), 3L)
})

test_that("columns of places are one for each axis, and tables say what they hold", {
  expectArgumentError(quick(counts, cbind(coords, coords)), "coords", "several columns of the name \"x\", \"y\"")
  positions <- data.frame(
    V1 = rownames(coords), V2 = 1, V3 = coords[, 2], V4 = coords[, 1], V5 = coords[, 2] * 9, V6 = coords[, 1] * 9
  )
  expectArgumentError(quick(counts, positions), "coords", "data frame with 6 columns: \"V1\".*pxl_col_in_fullres")
  expectArgumentError(quick(list(counts, counts)), "coords", "Give a list")
  withNames <- data.frame(gene = rownames(counts), dense)
  expectArgumentError(quick(withNames, coords), "x", "all columns but \"gene\"")
})

test_that("more neighbours than there are spots are told", {
  expect_message(
    runStarscape(counts, coords, latentDim = 5, epochs = 1, graph = graphControl("knn", k = 200), verbose = FALSE),
    "200, and there are 144 spots", class = "starscape_message"
  )
})

test_that("what is given per spot says what is asked for", {
  expectArgumentError(quick(counts, coords, batch = TRUE), "batch", "give FALSE for one batch, or NULL")
  sample <- rep(c("a", "b", "c", "d"), 36)
  expectArgumentError(domainShares(small$labels, sample, c("x", "x", "y", "y")), "group", "named by sample")
  expectArgumentError(domainShares(small$labels, replace(sample, 1, NA)), "sample", "which sample")
  named <- c(a = "x", b = "x", c = "y", d = NA)
  expectArgumentError(domainShares(small$labels, sample, named), "group", "is NA for sample \"d\"")
})
