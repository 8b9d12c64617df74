twoSlices <- quick(pair$counts, pair$coords, slice = pair$slice)

# A section of clear layers and blobs, and the same section turned, shifted and cut at one side, with half the counts.
turnedPair <- function(degrees = 50) {
  sim <- simulateSlices(rows = 24, columns = 26, genes = 150, domains = 4, seed = 5)
  counts <- sim$counts
  half <- counts
  half@x <- floor(half@x / 2) + (seq_along(half@x) %% 2) * (half@x %% 2)
  keep <- sim$coords[, 1] > 8
  colnames(half) <- paste0("copy_", colnames(half))
  places <- cbind(sim$coords[, 1], sqrt(3) * sim$coords[, 2])
  turn <- degrees * pi / 180
  moved <- places %*% rbind(c(cos(turn), sin(turn)), c(-sin(turn), cos(turn))) + rep(c(40, -7), each = nrow(places))
  all <- cbind(counts, Matrix::drop0(half[, keep]))
  list(
    fit = quick(
      all, unname(rbind(places, moved[keep, ])), slice = rep(c("whole", "copy"), c(ncol(counts), sum(keep))),
      epochs = 20
    ),
    truth = places[keep, ], copy = ncol(counts) + seq_len(sum(keep)), labels = c(sim$labels, sim$labels[keep])
  )
}

test_that("a turned copy is laid on its original", {
  turned <- turnedPair()
  alignment <- alignSlices(turned$fit, verbose = FALSE)
  expect_s3_class(alignment, "slice_alignment", exact = TRUE)
  expect_identical(alignment$reference, "whole")
  map <- alignment$transforms$copy
  expect_lt(abs(map$angle + 50), 0.05)
  expect_equal(map$scale, 1)
  expect_false(map$reflected)
  error <- sqrt(rowSums((alignment$coords[turned$copy, ] - turned$truth)^2)) / 2
  expect_lt(median(error), 0.03)
  before <- alignment$before[turned$copy, ]
  expect_equal(
    unname(alignment$coords[turned$copy, ]), unname(sweep(before %*% t(map$matrix), 2, map$translation, "+"))
  )
  expect_identical(alignment$coords[-turned$copy, ], alignment$before[-turned$copy, ])
  expect_gt(alignment$summary$inlier_share, 3 * alignment$summary$chance_share)
  expect_lt(alignment$summary$residual, 3)
  carried <- transferLabels(alignment, turned$labels)
  expect_identical(which(is.na(carried$label)), setdiff(seq_len(nrow(carried)), turned$copy))
  expect_gt(clusterMetrics(turned$labels, carried$label)[["ARI"]], 0.97)
  expect_true(all(carried$support[turned$copy] > 0 & carried$support[turned$copy] <= 1))
})

test_that("a mirrored copy needs reflect", {
  turned <- turnedPair(20)
  mirrored <- turned$fit
  mirrored$coords[turned$copy, 1] <- -mirrored$coords[turned$copy, 1]
  for (transform in c("rigid", "similarity", "affine")) {
    alignment <- alignSlices(mirrored, transform = transform, reflect = TRUE, verbose = FALSE)
    expect_true(alignment$transforms$copy$reflected)
    error <- sqrt(rowSums((alignment$coords[turned$copy, ] - turned$truth)^2)) / 2
    expect_lt(median(error), 0.03)
  }
  refused <- suppressMessages(alignSlices(mirrored, verbose = FALSE))
  expect_false(refused$transforms$copy$reflected)
})

test_that("Visium positions are aligned in tissue proportions, and units are found on request", {
  alignment <- suppressMessages(alignSlices(twoSlices, verbose = FALSE))
  expect_equal(alignment$before, cbind(x = pair$coords[, 1], y = sqrt(3) * pair$coords[, 2]), ignore_attr = TRUE)
  turned <- turnedPair()
  pixels <- turned$fit
  # So large that no two places of the copy are as near to each other as all of the other section are: no map can agree.
  pixels$coords[turned$copy, ] <- 137 * pixels$coords[turned$copy, ]
  expectArgumentError(alignSlices(pixels, verbose = FALSE), "transform", "similarity")
  pixels$coords[turned$copy, ] <- turned$fit$coords[turned$copy, ] / 1.9
  expect_message(alignSlices(pixels, verbose = FALSE), "similarity", class = "starscape_message")
  pixels$coords[turned$copy, ] <- turned$fit$coords[turned$copy, ] * 13.7
  alignment <- alignSlices(pixels, transform = "similarity", verbose = FALSE)
  expect_equal(alignment$transforms$copy$scale, 1 / 13.7, tolerance = 0.02)
})

test_that("matches, partners and summary fit together", {
  alignment <- suppressMessages(alignSlices(twoSlices, verbose = FALSE))
  expect_named(
    alignment$matches, c("slice", "spot", "reference_spot", "weight", "residual", "inlier")
  )
  expect_true(all(alignment$matches$weight > 0.36 & alignment$matches$weight <= 1))
  expect_true(all(alignment$matches$spot %in% colnames(pair$counts)[pair$slice == "slice2"]))
  expect_true(all(alignment$matches$reference_spot %in% colnames(pair$counts)[pair$slice == "slice1"]))
  expect_identical(alignment$params$tolerance, sqrt(90) / 4)
  expect_identical(alignment$matches$inlier, alignment$matches$residual <= sqrt(90) / 4)
  sums <- Matrix::rowSums(alignment$partners)
  expect_true(all(abs(sums * (sums - 1)) < 1e-12))
  expect_identical(alignment$summary$overlap, mean(sums[pair$slice == "slice2"] > 0))
  expect_output(print(alignment), "onto \"slice1\"")
  reversed <- suppressMessages(alignSlices(twoSlices, "slice1", reference = "slice2", verbose = FALSE))
  expect_named(reversed$transforms, "slice1")
})

test_that("runs and threads give the same alignment", {
  aligned <- function(...) suppressMessages(alignSlices(twoSlices, verbose = FALSE, ...))
  for (transform in c("rigid", "affine")) {
    first <- aligned(transform = transform)
    again <- aligned(transform = transform, threads = 1)
    again$params$threads <- first$params$threads
    expect_identical(again, first)
  }
})

test_that("three slices are laid on one, or on what was asked for", {
  three <- simulateSlices(slices = 3, rows = 9, columns = 10, genes = 60, domains = 3, seed = 3)
  fit <- quick(three$counts, three$coords, slice = three$slice)
  all <- suppressMessages(alignSlices(fit, verbose = FALSE))
  expect_identical(all$summary$slice, c("slice2", "slice3"))
  one <- suppressMessages(alignSlices(fit, "slice3", verbose = FALSE))
  expect_identical(one$transforms$slice3, all$transforms$slice3)
  expect_identical(one$coords[three$slice == "slice2", ], one$before[three$slice == "slice2", ])
  expect_identical(levels(all$matches$slice), c("slice2", "slice3"))
})

test_that("spots without counts move with their slice and have no match", {
  counts <- pair$counts
  empty <- which(pair$slice == "slice2")[[5]]
  counts[, empty] <- 0
  fit <- quick(counts, pair$coords, slice = pair$slice)
  alignment <- suppressMessages(alignSlices(fit, verbose = FALSE))
  expect_false(anyNA(alignment$coords))
  expect_false(colnames(counts)[[empty]] %in% alignment$matches$spot)
  expect_true(is.na(transferLabels(alignment, pair$labels)$label[[empty]]))
})

test_that("Seurat objects hold the same alignment", {
  skip_if_not_installed("SeuratObject")
  expected <- suppressMessages(alignSlices(twoSlices, verbose = FALSE))
  object <- quick(seuratSmall(pair), slice = "batch")
  object <- suppressMessages(alignSlices(object, verbose = FALSE))
  expect_identical(unname(object$aligned_x), unname(expected$coords[, 1]))
  expect_identical(unname(object$aligned_y), unname(expected$coords[, 2]))
  held <- SeuratObject::Misc(object, "starscape")$alignment
  expect_identical(held[names(held) != "slice"], expected[names(expected) != "slice"])
  expect_identical(transferLabels(object, "truth"), transferLabels(expected, as.vector(pair$labels)))
  expectArgumentError(transferLabels(object, "layer"), "labels", "layer")
  built(plotAlignment(object))
  part <- object[, seq(1, ncol(object), by = 2)]
  carried <- transferLabels(part, "truth")
  expect_identical(rownames(carried), colnames(part))
  built(plotAlignment(part))
  expectArgumentError(transferLabels(quick(seuratSmall(pair), slice = "batch"), "truth"), "x", "alignSlices")
})

test_that("objects hold an alignment for each fit, which follows renamed cells", {
  skip_if_not_installed("SingleCellExperiment")
  object <- quick(quick(sceSmall(pair), slice = "batch"), slice = "batch", name = "wide", latentDim = 8)
  object$truth <- pair$labels
  object <- suppressMessages(alignSlices(object, reduction = "wide"))
  shown <- function(object) ggplot2::ggplot_build(plotAlignment(object, reduction = "wide"))$data
  expectArgumentError(plotAlignment(object), "x", "not an alignment")
  expectArgumentError(transferLabels(object, "truth"), "x", "not an alignment")
  carried <- transferLabels(object, "truth", reduction = "wide")
  renamed <- `colnames<-`(object, rev(colnames(object)))
  expect_identical(shown(renamed)[[1]], shown(object)[[1]])
  expect_identical(unname(transferLabels(renamed, "truth", reduction = "wide")$support), unname(carried$support))
  expect_identical(rownames(transferLabels(renamed, "truth", reduction = "wide")), colnames(renamed))
  first <- object$batch == "slice1"
  expectArgumentError(plotAlignment(object[, first], reduction = "wide"), "x", "were moved")
  expectArgumentError(plotAlignment(object[, !first], reduction = "wide"), "x", "reference \"slice1\"")
  expectArgumentError(transferLabels(object[, !first], "truth", reduction = "wide"), "x", "reference \"slice1\"")
  again <- suppressMessages(alignSlices(renamed, reduction = "wide"))
  expect_identical(shown(again), shown(renamed))
})

test_that("SingleCellExperiment objects hold the same alignment", {
  skip_if_not_installed("SingleCellExperiment")
  expected <- suppressMessages(alignSlices(twoSlices, verbose = FALSE))
  object <- suppressMessages(alignSlices(quick(sceSmall(pair), slice = "batch"), verbose = FALSE))
  expect_identical(object$aligned_x, unname(expected$coords[, 1]))
  expect_identical(S4Vectors::metadata(object)$starscape$alignment$matches, expected$matches)
  expect_identical(transferLabels(object, pair$labels), transferLabels(expected, pair$labels))
  built(plotAlignment(object[, c(1:60, 100:170)]))
})

test_that("alignments are drawn before and after", {
  alignment <- suppressMessages(alignSlices(twoSlices, verbose = FALSE))
  build <- built(plotAlignment(alignment, lines = 20))
  expect_identical(nrow(build$data[[1]]), 2L * 180L)
  expect_setequal(unique(build$data[[1]]$fill), starscape:::domainColours[1:2])
  expect_lte(nrow(build$data[[2]]), 40)
  expect_identical(nlevels(build$data[[1]]$PANEL), 2L)
  built(plotAlignment(alignment, lines = 0))
  # In an image the reference is seen through the moved slice: each is a layer.
  expect_length(plotAlignment(alignment)$layers, 2)
  image <- plotAlignment(alignment, raster = TRUE)
  expect_length(image$layers, 3)
  legend <- built(image)$plot$scales$get_scales("fill")
  expect_identical(c(legend$get_labels()), c("reference", "moved"))
  expect_identical(nrow(built(image)$data[[1]]) + nrow(built(image)$data[[2]]), nrow(build$data[[1]]))
  expectArgumentError(plotAlignment(alignment, slice = "slice1"), "slice", "slice2")
  expectArgumentError(plotAlignment(alignment, lines = -1), "lines")
  expectArgumentError(plotAlignment(alignment, palette = "red"), "palette")
  expectArgumentError(plotAlignment(twoSlices), "x", "alignSlices")
})

test_that("bad input names the argument", {
  expectArgumentError(alignSlices(quickFit), "x", "one slice")
  expectArgumentError(alignSlices(1), "x", "runStarscape")
  expectArgumentError(alignSlices(twoSlices, "slice9"), "slice", "slice9")
  expectArgumentError(alignSlices(twoSlices, "slice1"), "slice", "reference")
  expectArgumentError(alignSlices(twoSlices, character()), "slice", "must name")
  expectArgumentError(alignSlices(twoSlices, reference = "slice9"), "reference", "slice9")
  expectArgumentError(alignSlices(twoSlices, transform = "spline"), "transform", "rigid")
  expectArgumentError(alignSlices(twoSlices, reflect = NA), "reflect")
  expectArgumentError(alignSlices(twoSlices, nNeighbours = 0), "nNeighbours")
  expectArgumentError(alignSlices(twoSlices, tolerance = 0), "tolerance")
  expectArgumentError(alignSlices(twoSlices, seed = -1), "seed")
  expectArgumentError(alignSlices(twoSlices, threads = 0), "threads")
  expectArgumentError(alignSlices(twoSlices, scale = TRUE), "scale")
  alignment <- suppressMessages(alignSlices(twoSlices, verbose = FALSE))
  expectArgumentError(transferLabels(alignment, 1:3), "labels", "3 labels")
  expectArgumentError(transferLabels(alignment, ifelse(pair$slice == "slice1", NA, "a")), "labels", "NA for all")
  expectArgumentError(transferLabels(twoSlices, pair$labels), "x", "alignSlices")
})
