# Cells of one section as the source, squares of cells of another as spots whose mixture is known, on another platform.
mixed <- local({
  tissue <- simulateSlices(
    slices = 2, rows = 36, columns = 36, genes = 200, domains = 3, layout = "potts", librarySize = 150,
    markerShare = 0.2, logFoldChange = 1.2, seed = 3
  )
  cells <- tissue$slice == "slice1"
  places <- apply(tissue$coords[!cells, ], 2, function(axis) (match(axis, sort(unique(axis))) - 1) %/% 3)
  square <- factor(paste(places[, 1], places[, 2], sep = "x"))
  seen <- exp(0.7 * sin(seq_len(nrow(tissue$counts))))
  spots <- round(Matrix::t(Matrix::fac2sparse(square) %*% Matrix::t(tissue$counts[, !cells])) * seen)
  places <- do.call(rbind, lapply(strsplit(levels(square), "x"), as.numeric))
  type <- paste0("type", tissue$labels)
  list(
    spots = methods::as(spots, "CsparseMatrix"), coords = places, cells = tissue$counts[, cells], type = type[cells],
    truth = unclass(as.matrix(prop.table(table(square, type[!cells]), 1)))
  )
})

fitMixed <- function(..., source = mixed$cells, labels = mixed$type, coords = mixed$coords, k = 3) {
  suppressMessages(classes = "starscape_message", runTransST(
    mixed$spots, source, labels, coords = coords, k = k, nFactors = 5, cellsPerSpot = 9, ...
  ))
}
mixedFit <- fitMixed()

# The simplest baseline: non-negative least squares on the types' mean shares, by multiplicative updates, with or
# without a factor for each gene between all spots and all cells.
leastSquares <- function(spots, cells, type, scaled) {
  shares <- function(counts) as.matrix(counts) %*% diag(1 / Matrix::colSums(counts))
  known <- Matrix::rowSums(cells) > 0
  spots <- spots[known, ]
  cells <- cells[known, ]
  profiles <- vapply(sort(unique(type)), function(own) rowMeans(shares(cells[, type == own])), numeric(nrow(cells)))
  spots <- shares(spots)
  if (scaled) profiles <- profiles * (rowMeans(spots) / rowMeans(shares(cells)))
  weights <- matrix(1 / ncol(profiles), ncol(profiles), ncol(spots))
  for (step in 1:500) weights <- weights * crossprod(profiles, spots) / (crossprod(profiles) %*% weights)
  t(weights) / colSums(weights)
}

test_that("proportions are nearer to the truth than least squares, and intervals hold it", {
  found <- cellTypeProportions(mixedFit)
  types <- colnames(mixed$truth)
  off <- function(values) sqrt(mean((values - mixed$truth)^2))
  expect_true(found$evidence$used)
  expect_equal(unname(rowSums(found$proportions)), rep(1, ncol(mixed$spots)))
  expect_gt(min(diag(cor(found$proportions[, types], mixed$truth))), 0.9)
  expect_lt(off(found$proportions[, types]), 0.08)
  for (scaled in c(FALSE, TRUE)) {
    expect_lt(off(found$proportions[, types]), off(leastSquares(mixed$spots, mixed$cells, mixed$type, scaled)))
  }
  inside <- mean(mixed$truth >= found$lower[, types] & mixed$truth <= found$upper[, types])
  expect_gt(inside, 0.8)
  expect_lt(inside, 0.98)
  narrow <- cellTypeProportions(mixedFit, level = 0.5)
  expect_true(all(narrow$upper <= found$upper))
  expect_true(all(narrow$lower >= found$lower))
  expect_true(all(found$lower <= found$proportions[, types] & found$proportions[, types] <= found$upper))
})

test_that("a spot has a label when most of its cells are surely of one type", {
  majority <- cellTypeProportions(mixedFit)$majority
  right <- mixed$truth[cbind(seq_len(nrow(majority)), as.integer(majority$type))] > 0.5
  expect_identical(levels(majority$type), colnames(mixed$truth))
  # Calibrated: 144 spots.
  expect_lt(abs(mean(majority$probability) - mean(right)), 0.03)
  label <- fitMixed(borrow = "never")$label
  labelled <- label != "unknown"
  expect_identical(labelled, majority$probability > 0.9)
  expect_gt(mean(right[labelled]), 0.97)
  expect_identical(as.character(label)[labelled], as.character(majority$type)[labelled])
})

test_that("slices of other platforms have factors of their own, small ones share them", {
  expect_identical(starscape:::compositionParts(NULL, 3), rep("all", 3))
  sizes <- rep(c("a", "b", "c", "d"), c(120, 100, 40, 30))
  expect_identical(unique(starscape:::compositionParts(sizes, 290)), c("a", "b", "others"))
  expect_identical(unique(starscape:::compositionParts(sizes[221:290], 70)), "all")
  # The same spots once more, seen by a platform that sees every gene differently.
  other <- round(mixed$spots * exp(0.8 * cos(3 * seq_len(nrow(mixed$spots)))))
  both <- cbind(mixed$spots, other)
  slice <- rep(c("first", "second"), each = ncol(other))
  fit <- suppressMessages(runTransST(
    both, mixed$cells, mixed$type, coords = rbind(mixed$coords, mixed$coords), slice = slice, k = 3, nFactors = 5,
    cellsPerSpot = 9, verbose = FALSE
  ))
  found <- cellTypeProportions(fit)
  expect_identical(rownames(found$evidence), c("first", "second"))
  expect_true(all(found$evidence$used))
  expect_output(print(fit), "predicts [0-9.]+, [0-9.]+ of")
  own <- slice == "first"
  types <- colnames(mixed$truth)
  for (rows in list(own, !own)) expect_lt(sqrt(mean((found$proportions[rows, types] - mixed$truth)^2)), 0.1)
  expect_lt(abs(cor(fit$composition$platform)[1, 2]), 0.8)
})

test_that("a source that says nothing is told, and what it lacks is other", {
  shuffled <- mixed$type[order(sin(seq_along(mixed$type) * 99))]
  expect_message(
    useless <- runTransST(
      mixed$spots, mixed$cells, shuffled, coords = mixed$coords, k = 3, nFactors = 5, verbose = FALSE
    ),
    "does not tell what the spots hold"
  )
  found <- cellTypeProportions(useless)
  expect_false(found$evidence$used)
  expect_identical(unname(found$proportions[, "other"]), rep(1, ncol(mixed$spots)))
  expect_true(all(is.na(found$lower)))
  expect_true(all(useless$label == "unknown"))
  expect_identical(useless$domain, useless$targetOnly$domain)

  known <- mixed$type != "type1"
  lacking <- fitMixed(source = mixed$cells[, known], labels = mixed$type[known])
  other <- cellTypeProportions(lacking)$proportions[, "other"]
  expect_lt(abs(mean(other) - mean(mixed$truth[, "type1"])), 0.15)
  expect_gt(cor(other, mixed$truth[, "type1"]), 0.9)
})

test_that("proportions do not depend on threads, classes, or the order of genes and cells", {
  reversed <- rev(seq_len(ncol(mixed$cells)))
  shares <- function(fit) fit$composition$proportions
  expect_identical(shares(fitMixed(threads = 1)), shares(mixedFit))
  expect_identical(shares(fitMixed(source = as.matrix(mixed$cells))), shares(mixedFit))
  expect_equal(
    shares(fitMixed(source = mixed$cells[, reversed], labels = mixed$type[reversed])), shares(mixedFit),
    tolerance = 1e-6
  )
})

test_that("objects keep proportions, and plots draw them", {
  skip_if_not_installed("SingleCellExperiment")
  object <- SingleCellExperiment::SingleCellExperiment(list(counts = mixed$spots))
  fitted <- suppressMessages(runTransST(
    object, mixed$cells, mixed$type, coords = mixed$coords, k = 3, nFactors = 5, cellsPerSpot = 9, verbose = FALSE
  ))
  expect_equal(
    unname(cellTypeProportions(fitted)$proportions), unname(cellTypeProportions(mixedFit)$proportions)
  )
  kept <- SummarizedExperiment::assay(SingleCellExperiment::altExp(fitted, "proportions"))
  expect_identical(unname(t(kept)), unname(cellTypeProportions(fitted)$proportions))
  frequent <- names(which.max(colMeans(cellTypeProportions(mixedFit)$proportions)))
  expect_identical(levels(plotCellTypes(fitted)$data$feature)[[1]], frequent)
  expect_identical(nlevels(plotCellTypes(mixedFit, types = c("type2", "other"))$data$feature), 2L)
})

test_that("a Seurat object has proportions as an assay, and other data of that name are told of", {
  skip_if_not_installed("SeuratObject")
  counts <- mixed$spots
  colnames(counts) <- paste0("spot", seq_len(ncol(counts)))
  object <- SeuratObject::CreateSeuratObject(counts)
  run <- function(object) {
    runTransST(
      object, mixed$cells, sub("type", "type_", mixed$type), coords = mixed$coords, k = 3, nFactors = 5,
      cellsPerSpot = 9, verbose = FALSE
    )
  }
  fitted <- suppressMessages(run(object))
  kept <- as.matrix(SeuratObject::GetAssayData(fitted[["proportions"]]))
  expect_identical(rownames(kept), c("type-1", "type-2", "type-3", "other"))
  expect_equal(unname(t(kept)), unname(cellTypeProportions(fitted)$proportions))
  expect_false(any(grepl("other data", testthat::capture_messages(run(fitted)))))
  object[["proportions"]] <- SeuratObject::CreateAssayObject(counts)
  expect_message(run(object), "other data under the name \"proportions\"")
})

test_that("what has no proportions and what cannot be drawn is refused", {
  none <- suppressMessages(runTransST(
    mixed$spots, mixed$cells, mixed$type, coords = mixed$coords, k = 3, nFactors = 5, cellsPerSpot = NULL
  ))
  expect_null(none$composition)
  expectArgumentError(cellTypeProportions(none), "x", "no proportions")
  expectArgumentError(fitMixed(seed = "a"), "seed", "whole number")
  expectArgumentError(
    runTransST(mixed$spots, mixed$cells, mixed$type, coords = mixed$coords, cellsPerSpot = c(9, 2)), "cellsPerSpot",
    "fewest"
  )
  expectArgumentError(cellTypeProportions(mixedFit, level = 1), "level", "1")
  expectArgumentError(plotCellTypes(mixedFit, types = "type9"), "types", "type9")
  # One message for one cause, whatever has it, and whatever comes of it.
  told <- function(spots, cells, labels = mixed$type, ...) {
    messages <- testthat::capture_messages(fit <- runTransST(
      spots, cells, labels, coords = mixed$coords, k = 3, nFactors = 5, verbose = FALSE, ...
    ))
    expect_null(fit$composition)
    grep("whole|proportions", messages, value = TRUE)
  }
  expect_match(told(mixed$spots / 2, mixed$cells), "^`x` has values.*there are no proportions")
  twice <- rep(list(mixed$type), 2)
  expect_match(
    told(mixed$spots / 2, list(mixed$cells / 3, mixed$cells / 2), twice), "^`x` and `source` have .*no proportions"
  )
  expect_match(told(mixed$spots, mixed$cells / 3, cellsPerSpot = NULL), "^`source` has values.* expected[.]\\s*$")
})
