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
  expect_true(is.na(fit$history$prototype[[2]]) && is.finite(fit$history$prototype[[3]]))
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
  expect_match(conditionMessage(error), "share only [0-9]+ genes of 8?0?")
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
  expect_identical(names(fitted), names(objects))
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
