two <- simulateSlices(slices = 2, rows = 14, columns = 16, genes = 80, domains = 3, seed = 4)
parts <- lapply(levels(two$slice), function(slice) {
  own <- two$slice == slice
  counts <- two$counts[, own]
  colnames(counts) <- paste0("spot", seq_len(sum(own)))
  list(counts = counts, coords = unname(two$coords[own, ]))
})
names(parts) <- levels(two$slice)
countsOf <- lapply(parts, `[[`, "counts")
coordsOf <- lapply(parts, `[[`, "coords")

joint <- function(x, ...) {
  suppressMessages(
    runStarscape(x, ..., latentDim = 5, epochs = 8, stability = starControl(share = 1)), classes = "starscape_message"
  )
}

test_that("a list of slices is fitted like one matrix with its slices", {
  together <- joint(two$counts, two$coords, slice = two$slice)
  expect_message(
    fit <- runStarscape(countsOf, coordsOf, latentDim = 5, epochs = 8, stability = starControl(share = 1)),
    "same names", class = "starscape_message"
  )
  expect_identical(unname(fit$embedding), unname(together$embedding))
  expect_identical(rownames(fit$embedding), paste0(two$slice, "_", unlist(lapply(countsOf, colnames))))
  expect_identical(as.character(fit$slice), as.character(two$slice))
  expect_true(is.na(fit$history$prototype[[2]]))
  expect_true(is.finite(fit$history$prototype[[3]]))
  expect_identical(unname(joint(countsOf, rev(coordsOf))$coords), unname(fit$coords))
  repeated <- two$counts
  colnames(repeated) <- unlist(lapply(countsOf, colnames))
  expect_identical(rownames(joint(repeated, two$coords, slice = two$slice)$embedding), rownames(fit$embedding))
})

test_that("slices keep the genes they share", {
  fewer <- countsOf
  fewer$slice2 <- fewer$slice2[-(1:5), ][75:1, ]
  expect_message(fit <- runStarscape(fewer, coordsOf, latentDim = 5, epochs = 2), "5 genes are not in every slice")
  expect_false(any(paste0("gene", 1:5) %in% fit$features))
  fewer$slice2 <- fewer$slice2[1:30, ]
  fewer$slice1 <- fewer$slice1[1:60, ]
  error <- expect_error(runStarscape(fewer, coordsOf), class = "starscape_error_argument")
  genes <- lapply(fewer, rownames)
  both <- sprintf("share only %d genes of %d", length(Reduce(intersect, genes)), length(Reduce(union, genes)))
  expect_match(conditionMessage(error), both)
})

test_that("one slice is a plain fit, and what is no slice is refused", {
  plain <- joint(countsOf[[1]], coordsOf[[1]])
  expect_message(
    alone <- runStarscape(countsOf[1], coordsOf[1], latentDim = 5, epochs = 8, stability = starControl(share = 1)),
    "one slice"
  )
  expect_identical(alone$embedding, plain$embedding)
  same <- rep("a", ncol(countsOf[[1]]))
  expect_message(runStarscape(countsOf[[1]], coordsOf[[1]], slice = same, latentDim = 5, epochs = 1), "plain fit")
  refused <- function(argument, ...) {
    error <- expect_error(runStarscape(...), class = "starscape_error_argument")
    expect_identical(error$argument, argument)
  }
  refused("x", list())
  refused("x", list(countsOf[[1]], "counts"), coordsOf)
  refused("x", list(a = countsOf[[1]][, 0], b = countsOf[[2]]), coordsOf)
  refused("x", stats::setNames(countsOf, c("a", "a")), coordsOf)
  refused("coords", countsOf, coordsOf[1])
  refused("coords", countsOf)
})

test_that("slices of very different size are trained together", {
  small <- two$slice == "slice1" | seq_along(two$slice) %% 20 == 0
  fit <- joint(two$counts[, small], two$coords[small, ], slice = two$slice[small])
  expect_true(all(is.finite(fit$embedding)))
  domains <- findDomains(fit, k = 3)
  expect_identical(nrow(domains), sum(small))
})

test_that("objects of a list keep their names and get joint domains", {
  skip_if_not_installed("SingleCellExperiment")
  objects <- lapply(parts, function(part) {
    SingleCellExperiment::SingleCellExperiment(
      list(counts = part$counts), colData = data.frame(x = part$coords[, 1], y = part$coords[, 2])
    )
  })
  fitted <- joint(objects)
  expect_named(fitted, names(objects))
  expect_identical(colnames(fitted[[2]]), colnames(objects[[2]]))
  fit <- joint(countsOf, coordsOf)
  expected <- findDomains(fit, k = 3)
  found <- findDomains(fitted, k = 3)
  expect_identical(as.character(unlist(lapply(found, function(x) x$domain))), as.character(expected$domain))
  expect_identical(levels(found[[1]]$domain), levels(found[[2]]$domain))
  expect_error(findDomains(objects, k = 3), class = "starscape_error_argument")
  alone <- joint(objects[[1]])
  expect_error(findDomains(list(alone, fitted[[2]]), k = 3), "not fitted together", class = "starscape_error_argument")
})

test_that("Seurat objects of a list get joint domains", {
  skip_if_not_installed("SeuratObject")
  objects <- lapply(parts, function(part) {
    object <- suppressWarnings(SeuratObject::CreateSeuratObject(part$counts))
    object$x <- part$coords[, 1]
    object$y <- part$coords[, 2]
    object
  })
  found <- findDomains(joint(objects), k = 3)
  expected <- findDomains(joint(countsOf, coordsOf), k = 3)
  expect_identical(unname(unlist(lapply(found, function(x) as.character(x$domain)))), as.character(expected$domain))
})

test_that("alignment, pseudotime and imputation take lists of objects", {
  skip_if_not_installed("SingleCellExperiment")
  objects <- lapply(parts, function(part) {
    SingleCellExperiment::SingleCellExperiment(
      list(counts = part$counts), colData = data.frame(x = part$coords[, 1], y = part$coords[, 2])
    )
  })
  fitted <- findDomains(joint(objects), k = 3)
  fit <- joint(countsOf, coordsOf)
  domain <- findDomains(fit, k = 3)$domain
  quiet <- function(value) suppressMessages(value, classes = "starscape_message")
  expect_identical(quiet(alignSlices(fitted))$coords, quiet(alignSlices(fit))$coords)

  timed <- quiet(domainPseudotime(fitted, root = "1"))
  expected <- quiet(domainPseudotime(fit, root = "1", domain = domain))
  expect_identical(unname(unlist(lapply(timed, function(x) x$pseudotime))), unname(expected$pseudotime))
  expect_s3_class(plotPseudotime(timed[[2]]), "ggplot")

  imputed <- quiet(imputeExpression(fitted, c("gene2", "gene7")))
  values <- quiet(imputeExpression(countsOf, c("gene2", "gene7"), fit = fit))
  found <- SummarizedExperiment::assay(SingleCellExperiment::altExp(imputed[[2]], "imputed"), "logcounts")
  expect_identical(unname(found), unname(values[, two$slice == "slice2"]))
  expect_identical(colnames(found), colnames(objects[[2]]))
})

# One tissue as four fields of view: parts of it that differ in their composition.
whole <- simulateSlices(rows = 30, columns = 30, genes = 200, domains = 3, seed = 2)
fields <- paste(whole$coords[, 1] > mean(whole$coords[, 1]), whole$coords[, 2] > mean(whole$coords[, 2]))
ofFields <- function(...) quick(whole$counts, whole$coords, slice = fields, stability = starControl(), ...)

test_that("fields of one tissue are one batch, and their composition is kept", {
  expect_message(
    fit <- runStarscape(whole$counts, whole$coords, slice = fields, latentDim = 5, verbose = FALSE),
    "side by side", class = "starscape_message"
  )
  expect_null(fit$batch)
  expect_identical(nlevels(fit$slice), 4L)
  expect_identical(fit$embedding, ofFields(batch = FALSE)$embedding)
  own <- ofFields(batch = fields)
  expect_identical(levels(own$batch), levels(own$slice))
  agreement <- function(fit) clusterMetrics(whole$labels, findDomains(fit, k = 3, verbose = FALSE)$domain)[["ARI"]]
  expect_gt(agreement(fit), 0.9)
  expect_gt(agreement(fit), agreement(own) + 0.1)
  # Neighbours lie on the same field in both.
  expect_identical(fit$graph, own$graph)
  named <- stats::setNames(fields, colnames(whole$counts))
  expect_identical(ofFields(batch = rev(named))$embedding, own$embedding)
})

test_that("slices lie side by side where boxes touch and hang together", {
  square <- expand.grid(x = 0:5, y = 0:5)
  beside <- function(...) {
    offsets <- list(...)
    places <- do.call(rbind, lapply(offsets, function(by) cbind(square$x + by[[1]], square$y + by[[2]])))
    starscape:::lieSideBySide(places, factor(rep(seq_along(offsets), each = nrow(square))))
  }
  expect_true(beside(c(0, 0), c(6, 0), c(6, 6)))
  expect_true(beside(c(0, 0), c(7.5, 1)))
  expect_false(beside(c(0, 0), c(0, 0)))
  expect_false(beside(c(0, 0), c(3, 0)))
  expect_false(beside(c(0, 0), c(60, 0)))
  expect_false(beside(c(0, 0), c(6, 0), c(60, 0), c(66, 0)))
})

test_that("slices too small to tell composition from technique are standardised together", {
  rows <- c(which(two$slice == "slice1"), which(two$slice == "slice2")[1:60])
  slice <- as.character(two$slice)[rows]
  slice[two$slice[rows] == "slice2"] <- rep(c("a", "b"), each = 30)
  expect_message(
    fit <- runStarscape(two$counts[, rows], two$coords[rows, ], slice = slice, latentDim = 5, verbose = FALSE),
    "2 slices have fewer than 50", class = "starscape_message"
  )
  expect_setequal(levels(fit$batch), c("slice1", "small slices"))
  expectArgumentError(quick(two$counts, two$coords, slice = two$slice, batch = 1:3), "batch", "448 spots")
  alone <- c("one", rep("rest", 447))
  expectArgumentError(quick(two$counts, two$coords, slice = two$slice, batch = alone), "batch", "fewer than two")
})

test_that("what keeps no fit is refused, not taken for an object of another class", {
  expectArgumentError(findDomains(list(small$counts, small$counts), k = 2), "x", "dgCMatrix")
  expectArgumentError(domainShares(list(small$counts, small$counts)), "x", "dgCMatrix")
  skip_if_not_installed("SummarizedExperiment")
  bare <- SummarizedExperiment::SummarizedExperiment(list(counts = small$counts))
  expectArgumentError(findDomains(list(bare, bare), k = 2), "x", "SummarizedExperiment")
  expectArgumentError(quick(list(bare, bare), coords = list(small$coords, small$coords)), "x", "SummarizedExperiment")
  expectArgumentError(transferLabels(bare, "labels"), "x", "SummarizedExperiment")
})

# What functions of lists make of objects whose fit speaks of `counts` alone, against this fit.
expectPart <- function(objects, fit, counts, ...) {
  quiet <- function(value) suppressMessages(value, classes = "starscape_message")
  column <- function(objects, name) {
    unlist(lapply(names(objects), function(slice) {
      value <- as.character(objects[[slice]][[name, drop = TRUE]])
      cells <- colnames(objects[[slice]])
      if (is.null(cells)) value else value[match(colnames(counts[[slice]]), cells)]
    }))
  }
  objects <- quiet(findDomains(objects, k = 3, verbose = FALSE, ...))
  domain <- quiet(findDomains(fit, k = 3, verbose = FALSE))$domain
  expect_identical(column(objects, "domain"), as.character(domain))
  timed <- quiet(domainPseudotime(objects, root = "1", verbose = FALSE, ...))
  known <- quiet(domainPseudotime(fit, root = "1", domain = domain, verbose = FALSE))
  expect_equal(as.numeric(column(timed, paste0(if (...length() > 0) "wide_", "pseudotime"))), unname(known$pseudotime))
  align <- function(x, ...) unname(quiet(alignSlices(x, verbose = FALSE, ...))$coords)
  expect_identical(align(objects, ...), align(fit))
  markers <- function(x, ...) quiet(domainMarkers(x, ..., correct = "none", verbose = FALSE))$p_value
  expect_equal(markers(objects, ...), markers(counts, domain, fit = fit, slice = fit$slice))
  impute <- function(x, ...) quiet(imputeExpression(x, c("gene2", "gene7"), verbose = FALSE, ...))
  imputed <- lapply(unname(impute(objects, ...)), function(object) {
    if (!methods::is(object, "Seurat")) {
      return(SummarizedExperiment::assay(SingleCellExperiment::altExp(object, "imputed")))
    }
    as.matrix(SeuratObject::GetAssayData(object[["imputed"]], "data"))
  })
  expect_equal(unname(do.call(cbind, imputed)), unname(impute(counts, fit = fit)[, ]))
  expect_identical(rowSums(domainShares(objects)$spots), vapply(counts, ncol, 0) * 1)
}

test_that("lists of objects go by the cells of their fits: those of another assay, and a sketch", {
  skip_if_not_installed("SeuratObject", "5.0.0")
  objects <- lapply(parts, function(part) {
    fine <- SeuratObject::CreateSeuratObject(part$counts, assay = "fine")
    others <- part$counts[, 1:20]
    colnames(others) <- paste0("coarse", 1:20)
    both <- merge(SeuratObject::CreateSeuratObject(others, assay = "coarse"), fine)
    places <- data.frame(x = part$coords[, 1], y = part$coords[, 2], row.names = colnames(part$counts))
    SeuratObject::AddMetaData(both, places)
  })
  plain <- joint(countsOf, coordsOf)
  both <- joint(joint(objects, assay = "fine", seed = 2), assay = "fine", name = "wide")
  for (own in seq_along(both)) SeuratObject::DefaultAssay(both[[own]]) <- "fine"
  expectPart(both, plain, countsOf, reduction = "wide")
  rows <- lapply(countsOf, function(counts) seq(1, ncol(counts), by = 2))
  some <- Map(function(counts, rows) counts[, rows], countsOf, rows)
  sketches <- Map(function(object, some) {
    object[["sketch"]] <- SeuratObject::CreateAssay5Object(some)
    object
  }, objects, some)
  fit <- joint(some, Map(function(coords, rows) coords[rows, ], coordsOf, rows))
  fitted <- joint(sketches, assay = "sketch")
  for (own in seq_along(fitted)) SeuratObject::DefaultAssay(fitted[[own]]) <- "fine"
  expectPart(fitted, fit, some)
})

test_that("lists of objects whose cells have no names go by the cells of their fits", {
  skip_if_not_installed("SingleCellExperiment")
  objects <- lapply(parts, function(part) {
    places <- S4Vectors::DataFrame(x = part$coords[, 1], y = part$coords[, 2])
    `colnames<-`(SingleCellExperiment::SingleCellExperiment(list(counts = part$counts), colData = places), NULL)
  })
  rows <- lapply(countsOf, function(counts) rev(seq(1, ncol(counts), by = 2)))
  chosen <- Map(function(object, rows) object[, rows], joint(objects), rows)
  some <- Map(function(counts, rows) counts[, rows], countsOf, rows)
  fit <- joint(countsOf, coordsOf)
  names <- unlist(Map(paste0, paste0(names(some), "_"), lapply(some, colnames)), use.names = FALSE)
  expectPart(chosen, starscape:::subsetFit(fit, names), some)
})

test_that("what is given per spot of a list of objects is matched by the names of the joint fit", {
  skip_if_not_installed("SingleCellExperiment")
  objects <- lapply(parts, function(part) {
    object <- SingleCellExperiment::SingleCellExperiment(list(counts = part$counts))
    object$domain <- rep(c("1", "2"), ncol(object) / 2)
    object
  })
  spots <- paste0(two$slice, "_", unlist(lapply(countsOf, colnames)))
  donor <- stats::setNames(rep(c("p", "q"), length(spots) / 2), spots)
  expect_identical(domainShares(objects, rev(donor))$spots, domainShares(objects, donor)$spots)
  expect_identical(unname(domainShares(objects, donor)$shares), diag(2))
})

test_that("slices whose genes have names of another kind are told so", {
  upper <- countsOf
  rownames(upper$slice2) <- toupper(rownames(upper$slice2))
  expectArgumentError(joint(upper, coordsOf), "x", "match where upper and lower case.*`x..2..`")
})
