# What a plot draws in its first panel, one for each layer of spots.
drawn <- function(plot) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  layers <- which(vapply(plot$layers, function(layer) inherits(layer$geom, "GeomSpot"), NA))
  vapply(layers, function(layer) class(ggplot2::layer_grob(plot, layer)[[1]])[[1]], "")
}

test_that("many spots are drawn as an image, few as discs", {
  expect_identical(drawn(plotDomains(small$coords, small$labels)), "circle")
  expect_identical(drawn(plotDomains(small$coords, small$labels, raster = TRUE)), "starscape_spots")
  many <- as.matrix(expand.grid(1:250, 1:201))
  expect_identical(drawn(plotDomains(many, many[, 1])), "starscape_spots")
  expect_identical(drawn(plotDomains(many, many[, 1], raster = FALSE)), "circle")
  expect_false(starscape:::drawsRaster(NULL, 50000))
  # Spots count once for each gene.
  values <- matrix(1, 2, 30000, dimnames = list(c("a", "b"), NULL))
  expect_identical(drawn(plotDomains(many[1:30000, ], features = values)), "starscape_spots")
  expectArgumentError(plotDomains(small$coords, small$labels, raster = "yes"), "raster")
})

test_that("all plots of spots can draw an image", {
  image <- "starscape_spots"
  expect_identical(drawn(plotDomains(quickFit, small$labels, raster = TRUE)), image)
  expect_identical(drawn(plotDomainStability(fakeSweep(), raster = TRUE)), image)
  time <- domainPseudotime(quickFit, root = rownames(quickFit$embedding)[[1]], domain = small$labels)
  expect_identical(drawn(plotPseudotime(time, raster = TRUE)), image)
  expect_identical(drawn(plotDomainConnectivity(time, raster = TRUE)), image)
  expect_identical(drawn(plotDomainConnectivity(time)), "circle")
})

test_that("an image has the same places, colours, opacity, scales and panels as discs", {
  sure <- seq(0, 1, length.out = length(pair$labels))
  labels <- replace(pair$labels, 3, NA)
  plots <- lapply(c(FALSE, TRUE), function(raster) {
    plotDomains(pair$coords, labels, confidence = sure, slice = pair$slice, raster = raster)
  })
  builds <- lapply(plots, built)
  expect_identical(builds[[1]]$data, builds[[2]]$data)
  expect_identical(builds[[1]]$layout$layout, builds[[2]]$layout$layout)
  boxes <- lapply(builds, function(build) {
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    table <- ggplot2::ggplot_gtable(build)$layout
    table[c("t", "l", "name")]
  })
  expect_identical(boxes[[1]], boxes[[2]])
})

test_that("the image is painted at the resolution of the device, y down", {
  grDevices::pdf(NULL, 2, 2)
  on.exit(grDevices::dev.off())
  expect_identical(starscape:::deviceResolution(), 300)
  places <- rbind(c(0, 0), c(0, 10), c(10, 10), c(10, 0))
  colours <- c("#FF0000", "#00FF00", "#0000FF", "#FFFF00")
  plot <- plotDomains(places, letters[1:4], confidence = c(1, 1, 1, 0), palette = colours, raster = TRUE)
  image <- grid::makeContent(ggplot2::layer_grob(plot)[[1]])$children[[1]]$raster
  expect_identical(dim(image), c(600L, 600L))
  # Places are halves of a disc and a margin from the edges.
  quarter <- as.matrix(image)[c(150, 450), c(150, 450)]
  expect_identical(substr(quarter, 1, 7), matrix(colours[c(1, 2, 4, 3)], 2))
  expect_identical(unique(c(as.matrix(image))[1]), "transparent")
  expect_identical(as.matrix(image)[150, 450], ggplot2::alpha("#FFFF00", 0.15))
  skip_if_not(capabilities("png"))
  grDevices::png(file <- tempfile(fileext = ".png"), 100, 100, res = 96)
  own <- starscape:::deviceResolution()
  grDevices::dev.off()
  unlink(file)
  expect_equal(own, 96, tolerance = 0.02)
})

test_that("a pixel shows the nearest spot within reach", {
  painted <- starscape:::paintedSpots(c(2.5, 5.5), c(1.5, 1.5), 2.2, c(9, 3))
  expect_identical(painted[2, ], c(1L, 1L, 1L, 1L, 2L, 2L, 2L, 2L, 0L))
  # What lies beyond the panel is left out, and small spots leave no gaps.
  expect_identical(starscape:::paintedSpots(c(-5, 1.5), c(1.5, 1.5), 1, c(3, 3))[2, ], c(2L, 2L, 2L))
  grid <- as.matrix(expand.grid(seq(0, 50, 1.7), seq(0, 50, 1.7)))
  expect_false(any(starscape:::paintedSpots(grid[, 1], grid[, 2], 1 + 0.475 * 1.7, c(50, 50)) == 0))
})
