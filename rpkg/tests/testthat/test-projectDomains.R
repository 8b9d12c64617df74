# Domains of spots that a fit does not know.

tissue <- simulateSlices(rows = 24, columns = 24, genes = 200, domains = 3, seed = 1)
sketch <- seq(1, 576, by = 2)
quietly <- function(code) suppressMessages(code, "starscape_message")
fit <- quick(tissue$counts[, sketch], tissue$coords[sketch, ], latentDim = 10)
domains <- findDomains(fit, k = 3, verbose = FALSE)
project <- function(..., coords = tissue$coords[-sketch, ], among = TRUE) {
  quietly(projectDomains(fit, ..., coords = coords, among = among, verbose = FALSE))
}
rest <- project(tissue$counts[, -sketch], domains)

test_that("spots among those of the fit and another section get its domains", {
  expect_named(rest, c("domain", "confidence", "nearest", "typical"))
  expect_identical(rownames(rest), colnames(tissue$counts)[-sketch])
  nearest <- apply(as.matrix(stats::dist(tissue$coords))[-sketch, sketch], 1, which.min)
  truth <- tissue$labels[-sketch]
  ari <- function(labels) clusterMetrics(truth, labels)[["ARI"]]
  expect_gt(ari(rest$nearest), ari(domains$domain[nearest]))
  expect_gt(ari(rest$nearest), 0.85)
  expect_gt(mean(rest$confidence[rest$nearest == rest$domain], na.rm = TRUE), 0.96)
  expect_lt(mean(is.na(rest$domain)), 0.05)
  for (level in c("own", "fit")) {
    apart <- project(tissue$counts[, -sketch], domains, among = FALSE, level = level)
    expect_gt(ari(apart$nearest), 0.89)
  }
})

test_that("every second spot of a lattice is told to lie in lines, and what is between these is not outside", {
  # The sketch of this file does.
  expect_message(
    runStarscape(tissue$counts[, sketch], tissue$coords[sketch, ], latentDim = 10, epochs = 1, verbose = FALSE),
    "1.9 neighbours on average"
  )
  expect_false(anyNA(rest$nearest))
  fourth <- seq(1, 576, by = 4)
  striped <- quick(tissue$counts[, fourth], tissue$coords[fourth, ], latentDim = 10)
  others <- quietly(projectDomains(
    striped, tissue$counts[, -fourth], findDomains(striped, k = 3, verbose = FALSE), coords = tissue$coords[-fourth, ],
    among = TRUE, verbose = FALSE
  ))
  # But for those beyond the last line, at the border.
  expect_lt(mean(is.na(others$nearest)), 0.06)
})

test_that("the fit's own scores come out again, and nothing hangs on order, threads or class", {
  counts <- tissue$counts[c(fit$features, setdiff(rownames(tissue$counts), fit$features)), sketch]
  again <- newScores(fit, list(counts = counts, used = rep(TRUE, 288)), list(level = "fit", threads = 1), NULL)
  expect_equal(again, unname(fit$scores), tolerance = 1e-12)
  order <- withr::with_seed(1, sample(288))
  genes <- withr::with_seed(2, sample(200))
  shuffled <- project(
    as.matrix(tissue$counts[genes, -sketch][, order]), domains[order, ],
    coords = tissue$coords[-sketch, ][rev(order), ], threads = 1
  )
  expect_equal(shuffled[rownames(rest), ], rest, tolerance = 1e-12)
})

test_that("places outside and spots without counts have no domain", {
  counts <- tissue$counts[, -sketch]
  counts[, 1] <- 0
  coords <- tissue$coords[-sketch, ]
  coords[2, ] <- c(900, 900)
  messages <- capture_messages(found <- projectDomains(fit, counts, domains, coords, among = TRUE, verbose = FALSE))
  expect_identical(is.na(found$nearest[1:3]), c(TRUE, TRUE, FALSE))
  expect_match(messages, "outside", all = FALSE)
  expect_false(anyNA(project(tissue$counts[, -sketch], domains, unknown = 0)$domain))
})

test_that("a domain that the fit does not know is unknown, and so is another tissue on the level of the fit", {
  known <- tissue$labels != "2"
  part <- quick(tissue$counts[, known], tissue$coords[known, ], latentDim = 20)
  parts <- findDomains(part, k = 2, verbose = FALSE)
  unknown <- function(new, level) {
    is.na(quietly(projectDomains(part, new$counts, parts, new$coords, level = level, verbose = FALSE))$domain)
  }
  for (level in c("own", "fit")) {
    found <- tapply(unknown(tissue, level), tissue$labels == "2", mean)
    expect_lt(found[["FALSE"]], 0.05)
    expect_gt(found[["TRUE"]], 0.5)
  }
  other <- simulateSlices(rows = 12, columns = 12, genes = 200, domains = 3, seed = 9)
  expect_gt(mean(unknown(other, "fit")), 0.97)
})

test_that("slices and batches are those of the fit", {
  two <- simulateSlices(slices = 2, rows = 16, columns = 16, genes = 150, domains = 3, batch = 0.5, seed = 2)
  known <- seq(1, 512, by = 2)
  joint <- quick(two$counts[, known], two$coords[known, ], slice = two$slice[known], latentDim = 10)
  jointDomains <- findDomains(joint, k = 3, verbose = FALSE)
  found <- quietly(projectDomains(
    joint, two$counts[, -known], jointDomains, two$coords[-known, ],
    slice = two$slice[-known], among = TRUE, verbose = FALSE
  ))
  of <- function(spots, labels) clusterMetrics(two$labels[spots], labels)[["ARI"]]
  expect_gt(of(-known, found$nearest), of(known, jointDomains$domain) - 0.1)
  refused <- function(..., domain = rep(1:2, 128)) {
    projectDomains(joint, two$counts[, -known], domain, two$coords[-known, ], ...)
  }
  expectArgumentError(refused(among = TRUE), "slice", "missing")
  expectArgumentError(refused(among = TRUE, slice = rep(c("slice1", "x"), 128)), "slice", "\"x\"")
  expectArgumentError(refused(level = "fit"), "level", "several batches")
  expectArgumentError(refused(domain = rep(1, 256)), "domain", "one domain")
})

test_that("a part of a fit has the level and the scale of the whole", {
  two <- simulateSlices(slices = 2, rows = 16, columns = 16, genes = 150, domains = 3, batch = 0.5, seed = 2)
  joint <- quick(two$counts, two$coords, slice = two$slice, latentDim = 10)
  for (part in list(which(two$slice == "slice2"), seq(1, 512, by = 4))) {
    own <- subsetFit(joint, colnames(two$counts)[part])
    counts <- two$counts[c(own$features, setdiff(rownames(two$counts), own$features)), part]
    input <- list(counts = counts, slice = two$slice[part], used = rep(TRUE, length(part)))
    expect_equal(
      newScores(own, input, list(level = "fit", threads = 1), NULL), unname(own$scores), tolerance = 1e-12
    )
    # A gene's own part is on the same scale.
    impute <- function(fit) imputeExpression(two$counts[, part], own$features[1:3], fit = fit, verbose = FALSE)
    expect_true(all(is.finite(impute(own))))
  }
})

test_that("few new spots take the level of the fit, and what z is the fit has decided", {
  one <- function(coords = tissue$coords[2, , drop = FALSE], ...) {
    quietly(projectDomains(fit, tissue$counts[, 2, drop = FALSE], domains, coords, verbose = FALSE, ...))
  }
  expect_identical(one(among = TRUE)$nearest, rest$nearest[1])
  expect_message(projectDomains(fit, tissue$counts[, 2:9], domains, tissue$coords[2:9, ]), "too few for a level")
  expectArgumentError(one(level = "own"), "level", "1 new spots")
  depth <- seq_len(288) / 40
  deep <- quick(tissue$counts[, sketch], cbind(tissue$coords[sketch, ], z = depth), latentDim = 10)
  found <- quietly(projectDomains(
    deep, tissue$counts[, c(2, 4)], domains, cbind(tissue$coords[c(2, 4), ], z = 0.1), among = TRUE, verbose = FALSE
  ))
  expect_identical(dim(found), c(2L, 4L))
  expectArgumentError(
    projectDomains(deep, tissue$counts[, 2:9], domains, tissue$coords[2:9, ], among = TRUE), "coords", "depth"
  )
  planes <- rep(1:2, 144)
  sections <- quick(
    tissue$counts[, sketch], cbind(tissue$coords[sketch, ], z = planes), latentDim = 10, batch = FALSE
  )
  on <- function(z) {
    places <- unname(tissue$coords[sketch[planes == 1][1:8], ])
    quietly(projectDomains(
      sections, tissue$counts[, 2:9], domains, cbind(x = places[, 1], y = places[, 2], z = z), among = TRUE,
      verbose = FALSE
    ))
  }
  expect_false(anyNA(on(1)$nearest))
  expectArgumentError(on(3), "slice", "missing")
})

test_that("what does not fit is refused by name", {
  counts <- tissue$counts[, -sketch]
  expectArgumentError(project(counts[-match(fit$features[[3]], rownames(counts)), ], domains), "newdata", "1 genes")
  expectArgumentError(project("counts", domains), "newdata", "matrix")
  expectArgumentError(project(replace(counts, 5, NA), domains), "newdata", "NA")
  expectArgumentError(project(counts, domains[-1, ]), "domain")
  expectArgumentError(project(counts, domains, unknown = 1), "unknown")
  expectArgumentError(project(counts, domains, level = "both"), "level")
  deep <- cbind(tissue$coords[-sketch, ], z = seq_len(288))
  expect_message(projectDomains(fit, counts, domains, deep, among = TRUE, verbose = FALSE), "\"z\" is not used")
  old <- fit
  old$levels <- NULL
  expectArgumentError(projectDomains(old, counts, domains, tissue$coords[-sketch, ]), "x", "another version")
})

test_that("objects get columns, and the other cells of a sketch their domains", {
  skip_if_not_installed("SingleCellExperiment")
  sce <- function(spots) {
    object <- SingleCellExperiment::SingleCellExperiment(list(counts = tissue$counts[, spots]))
    SingleCellExperiment::reducedDim(object, "spatial") <- unname(tissue$coords[spots, ])
    object
  }
  object <- findDomains(quick(sce(sketch), latentDim = 10), k = 3, verbose = FALSE)
  found <- quietly(projectDomains(object, sce(-sketch), among = TRUE, verbose = FALSE))
  expect_identical(found$projected, rest$domain)
  named <- stats::setNames(object$domain, colnames(object))[288:1]
  again <- quietly(projectDomains(object, sce(-sketch), domain = named, among = TRUE, verbose = FALSE))
  expect_identical(again$projected, rest$domain)
  expect_identical(found$projected_typical, rest$typical)
  expectArgumentError(projectDomains(object), "newdata", "all cells")
  skip_if_not_installed("SeuratObject", "5.0.0")
  whole <- SeuratObject::CreateSeuratObject(tissue$counts, meta.data = data.frame(tissue$coords))
  whole[["part"]] <- SeuratObject::CreateAssay5Object(tissue$counts[, sketch])
  whole <- findDomains(quick(whole, assay = "part", latentDim = 10), k = 3, verbose = FALSE)
  whole <- quietly(projectDomains(whole, assay = "RNA", verbose = FALSE))
  expect_identical(unname(whole$projected[-sketch]), rest$domain)
  expect_identical(as.character(whole$projected[sketch]), as.character(domains$domain))
})
