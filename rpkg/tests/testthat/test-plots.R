domains <- findDomains(quickFit, k = 3, verbose = FALSE)

test_that("domains are drawn from coordinates, fits and data frames", {
  spots <- built(plotDomains(small$coords, small$labels))$data[[1]]
  expect_identical(nrow(spots), 144L)
  expect_setequal(unique(spots$fill), starscape:::domainColours[1:3])
  built(plotDomains(quickFit, domains))
  built(plotDomains(quickFit, small$labels))
  built(plotDomains(data.frame(small$coords, layer = small$labels), "layer"))
  built(plotDomains(unname(small$coords), c(TRUE, FALSE)[1 + (small$labels == 1)]))
})

test_that("Visium positions become a true hexagonal grid, y down", {
  spots <- built(plotDomains(small$coords, small$labels))$data[[1]]
  near <- apply(as.matrix(dist(spots[c("x", "y")])) + diag(Inf, 144), 1, min)
  expect_equal(near, rep(2, 144), ignore_attr = TRUE)
  expect_equal(spots$y, -sqrt(3) * small$coords[, 2], ignore_attr = TRUE)
  square <- as.matrix(expand.grid(1:10, 1:10))
  expect_false(starscape:::isHexagonal(square))
})

test_that("discs nearly touch at every scale", {
  radius <- function(plot) plot$layers[[1]]$geom_params$radius
  expect_equal(radius(plotDomains(small$coords, small$labels)), 0.95)
  expect_equal(radius(plotDomains(small$coords * 70 + 0.5, small$labels)), 0.95 / 2 * 70 * sqrt(2))
  expect_equal(radius(plotDomains(small$coords, small$labels, diameter = 0.5)), 0.5)
})

test_that("confidence is opacity and NA is grey", {
  spots <- built(plotDomains(quickFit, domains, confidence = TRUE))$data[[1]]
  expect_equal(spots$alpha, 0.15 + 0.85 * domains$confidence)
  # A legend says what pale means, where there is anything pale.
  opacity <- function(...) plotDomains(quickFit, domains, ...)$scales$get_scales("alpha")
  expect_identical(opacity()$guide, "none")
  expect_equal(opacity(confidence = TRUE)$get_breaks(), 0.15 + 0.85 * c(1, 0.75, 0.5, 0.25), ignore_attr = TRUE)
  expect_identical(opacity(confidence = rep(0.9, 144))$get_labels(), c("1.00", "0.75", "0.50", "0.25"))
  expect_identical(opacity(confidence = TRUE)$name, "confidence")
  labels <- replace(small$labels, 5, NA)
  expect_identical(built(plotDomains(small$coords, labels))$data[[1]]$fill[[5]], starscape:::missingColour)
  expectArgumentError(plotDomains(small$coords, labels, confidence = TRUE), "confidence")
  expectArgumentError(plotDomains(small$coords, labels, confidence = rep(2, 144)), "confidence")
})

test_that("numbers are drawn on a continuous scale", {
  built(plotDomains(small$coords, Matrix::colSums(small$counts), title = "counts"))
  built(plotDomains(small$coords, replace(seq_len(144), 4, NA), palette = c("white", "black")))
})

test_that("slices are panels that share an origin", {
  build <- built(plotDomains(pair$coords + 50 * (pair$slice == "slice2"), pair$labels, slice = pair$slice))
  expect_identical(nlevels(build$data[[1]]$PANEL), 2L)
  built(plotDomains(quick(pair$counts, pair$coords, slice = pair$slice), pair$labels))
})

test_that("objects are drawn by column, gene or vector", {
  skip_if_not_installed("SeuratObject")
  object <- findDomains(quick(seuratSmall()), k = 3, verbose = FALSE)
  for (what in list("domain", "gene3", "truth", small$labels)) built(plotDomains(object, what))
  built(plotDomains(object, confidence = TRUE))
  # The confidence goes with the column that is drawn.
  object <- findDomains(object, k = 2, name = "two", verbose = FALSE)
  opacities <- function(...) built(plotDomains(object, ..., confidence = TRUE))$data[[1]]$alpha
  expect_equal(opacities("two"), 0.15 + 0.85 * object$two_confidence, ignore_attr = TRUE)
  expectArgumentError(plotDomains(object, "truth", confidence = TRUE), "confidence", "truth_confidence")
  expect_output(print(SeuratObject::Misc(object, "starscape")), "domains: 2, on which . of 4 views agree")
  built(plotDomains(seuratSmall(), "truth"))
  expectArgumentError(plotDomains(object, "nothing"), "domain", "nothing")
  built(plotHistory(object))
  skip_if_not_installed("SingleCellExperiment")
  object <- findDomains(quick(sceSmall()), k = 3, verbose = FALSE)
  for (what in list("domain", "gene3", "batch", small$labels)) built(plotDomains(object, what))
  built(plotDomains(object, confidence = TRUE))
  built(plotDomains(sceSmall(), "batch"))
  expectArgumentError(plotDomains(object, "nothing"), "domain", "nothing")
  built(plotHistory(object))
})

test_that("what cannot be drawn is named", {
  expectArgumentError(plotDomains(small$coords, small$labels[-1]), "domain")
  expectArgumentError(plotDomains(small$coords), "domain", "is missing")
  expectArgumentError(plotDomains(quickFit), "domain", "is missing.*findDomains")
  expectArgumentError(plotDomains(small$coords, quickFit), "domain", "is a fit")
  expectArgumentError(plotDomains(small$coords, rep(1i, 144)), "domain", "one value for each")
  expectArgumentError(plotDomains(small$counts), "x", "dgCMatrix")
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  expectArgumentError(plotDomains(domains), "x", "is the result of findDomains")
  expectArgumentError(plotDomains(data.frame(a = letters, b = 1)), "x", "a data frame with 2 columns: \"a\", \"b\"")
  source <- structure(list(coords = small$coords, domain = small$labels), class = "transst_fit")
  expectArgumentError(plotDomains(source), "x", "transst_fit.*Give x.coords as `x`, and x.domain as `domain`")
  expectArgumentError(plotDomains(small$coords, small$labels, palette = "red"), "palette", "3 domains")
  expectArgumentError(plotDomains(small$coords, small$labels, diameter = 0), "diameter")
  expectArgumentError(plotDomains(small$coords, small$labels, size = 3), "size")
})

test_that("the history has a panel for each term used", {
  build <- built(plotHistory(quickFit))
  used <- vapply(quickFit$history, function(term) !all(is.na(term)), NA)
  expect_identical(nlevels(build$data[[1]]$PANEL), sum(used) - 1L)
  expectArgumentError(plotHistory(1), "x")
})

test_that("twenty colours stay apart for all kinds of sight", {
  # Machado, Oliveira and Fernandes (2009), complete deficiency: protan, deutan, tritan; linear light.
  sight <- list(
    diag(3),
    rbind(c(0.152286, 1.052583, -0.204868), c(0.114503, 0.786281, 0.099216), c(-0.003882, -0.048116, 1.051998)),
    rbind(c(0.367322, 0.860646, -0.227968), c(0.280085, 0.672501, 0.047413), c(-0.011820, 0.042940, 0.968881)),
    rbind(c(1.255528, -0.076749, -0.178779), c(-0.078411, 0.930809, 0.147602), c(0.004733, 0.691367, 0.303900))
  )
  colours <- c(starscape:::domainColours, "#FFFFFF")
  expect_identical(anyDuplicated(colours), 0L)
  srgb <- t(grDevices::col2rgb(colours)) / 255
  linear <- ifelse(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055)^2.4)
  for (matrix in sight) {
    seen <- pmin(pmax(linear %*% t(matrix), 0), 1)
    seen <- ifelse(seen <= 0.0031308, 12.92 * seen, 1.055 * seen^(1 / 2.4) - 0.055)
    expect_gt(min(dist(grDevices::convertColor(seen, "sRGB", "Lab"))), 8)
  }
  expect_length(starscape:::domainPalette(33), 33)
})

test_that("genes are panels on one scale", {
  values <- as.matrix(log1p(small$counts[1:3, ]))
  build <- built(plotDomains(small$coords, features = values))
  expect_identical(nlevels(build$data[[1]]$PANEL), 3L)
  expect_identical(nrow(build$data[[1]]), 3L * 144L)
  built(plotDomains(pair$coords, features = pair$counts[1:2, ], slice = pair$slice))
  expectArgumentError(plotDomains(small$coords, features = values[, -1]), "features", "144 spots")
  # Counts are called by their name.
  expect_identical(plotDomains(small$coords, features = values)$labels$fill, "expression")
  expect_identical(plotDomains(small$coords, features = small$counts[1:2, ])$labels$fill, "counts")
  expect_identical(plotDomains(small$coords, features = 0 * values)$labels$fill, "expression")
  skip_if_not_installed("SeuratObject")
  expect_identical(nlevels(built(plotDomains(seuratSmall(), features = c("gene1", "gene9")))$data[[1]]$PANEL), 2L)
  expectArgumentError(plotDomains(seuratSmall(), features = "none"), "features", "none")
  expect_identical(plotDomains(seuratSmall(), features = "gene1")$labels$fill, "counts")
  expect_identical(plotDomains(seuratSmall(), "gene1")$labels$fill, "gene1\ncounts")
  skip_if_not_installed("SingleCellExperiment")
  built(plotDomains(sceSmall(), features = "gene1"))
})

test_that("confidence is drawn against what becomes of the spots", {
  known <- factor(rep(c("a", "b"), each = 50))
  shown <- data.frame(domain = known, confidence = rep(c(0.95, 0.55), each = 50))
  # All sure spots keep their domain, 30 of the 50 others do.
  other <- replace(known, 51:70, "a")
  plot <- plotConfidence(shown, other)
  expect_equal(plot$data, data.frame(confidence = c(0.55, 0.95), kept = c(0.6, 1), spots = c(50L, 50L)))
  expect_match(plot$labels$subtitle, "0.050")
  built(plot)
  expect_equal(plotConfidence(shown, list(other, rev(other)))$data$spots, c(100L, 100L))
  # Known labels are not kept but had; a replicate is.
  expect_match(plot$labels$y, "have the label")
  replicate <- data.frame(domain = other, confidence = 1)
  expect_match(plotConfidence(shown, replicate)$labels$y, "keep their domain")
  expect_match(plotConfidence(shown, list(replicate, replicate))$labels$y, "keep their domain")
  expect_match(plotConfidence(shown, list(replicate, other))$labels$y, "have the label")
  # Few spots are a point that is seen.
  rare <- transform(shown, confidence = replace(confidence, 1, 0.15))
  sizes <- built(plotConfidence(rare, other))$data[[3]]$size
  expect_gt(min(sizes), 1)
  expectArgumentError(plotConfidence(shown, list(other, data.frame(domain = rep(1i, 100)))), "against", "labels")
  built(plotConfidence(domains, small$labels))
  expectArgumentError(plotConfidence(known, known), "x", "findDomains")
  expectArgumentError(plotConfidence(shown["domain"], known), "x", "findDomains")
  expectArgumentError(plotConfidence(shown, known[-1]), "against")
  expectArgumentError(plotConfidence(shown, list()), "against")
  expectArgumentError(plotConfidence(shown, known, bins = 1), "bins")
})

test_that("sections that are drawn on each other are told", {
  expect_message(plotDomains(pair$coords, pair$labels), "90 spots are hidden.*`slice`", class = "starscape_message")
  expect_no_message(plotDomains(pair$coords, pair$labels, slice = pair$slice), class = "starscape_message")
  expect_no_message(plotDomains(rbind(small$coords, small$coords[1, ]), rep(1, 145)), class = "starscape_message")
})

test_that("a palette that is named by domains has a colour for each", {
  fills <- function(palette) ggplot2::layer_data(plotDomains(small$coords, small$labels, palette = palette))$fill
  turned <- c("3" = "red", "1" = "blue", "2" = "green")
  expect_identical(fills(turned), unname(turned[as.character(small$labels)]))
  expectArgumentError(fills(c("3" = "red", "1" = "blue", x = "green")), "palette", "no colour for \"2\"")
  # Names of the colours themselves.
  expect_identical(fills(c(a = "red", b = "blue", c = "green")), fills(c("red", "blue", "green")))
})
