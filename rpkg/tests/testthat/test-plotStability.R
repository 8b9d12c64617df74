few <- fakeSweep(c(1, 7, 42, 123, 2024), failed = 42)

# What the strips of a landscape say.
strips <- function(plot) {
  unlist(plot$facet$params$labeller(data.frame(method = levels(plot$data$method))), use.names = FALSE)
}

test_that("a landscape has the scores of all seeds, best first", {
  plot <- plotSeedLandscape(few)
  build <- built(plot)
  expect_identical(plot$labels$y, "ARI with known labels")
  line <- build$data[[2]]
  expect_equal(as.numeric(line$x), 1:4)
  expect_equal(line$y, sort(few$runs$ari, decreasing = TRUE))
  expect_equal(unlist(build$data[[1]][c("ymin", "ymax")], use.names = FALSE), range(few$runs$ari, na.rm = TRUE))
  expect_equal(build$layout$panel_params[[1]]$y.range, c(-0.03, 1.03))
  agreement <- sprintf("agreement %.3f", mean(few$runs$agreement, na.rm = TRUE))
  expect_identical(strips(plot), sprintf("starscape\ngap %.3f\n%s", diff(range(few$runs$ari, na.rm = TRUE)), agreement))
})

test_that("failed seeds are crosses at the end or in their place, and counted", {
  sorted <- plotSeedLandscape(few)
  expect_match(sorted$labels$caption, "failed (starscape 1)", fixed = TRUE)
  expect_equal(as.numeric(built(sorted)$data[[4]]$x), 5)
  own <- plotSeedLandscape(few, order = "seed")
  build <- built(own)
  expect_equal(as.numeric(build$data[[4]]$x), 3)
  expect_equal(as.numeric(build$layout$panel_params[[1]]$x$get_labels()), few$runs$seed)
  expect_null(plotSeedLandscape(fakeSweep())$labels$caption)
})

test_that("a thousand seeds and eight methods are drawn", {
  many <- lapply(seq(0.02, 0.72, 0.1), function(spread) fakeSweep(1:1000, spread = spread, failed = c(3, 500)))
  names(many) <- c("a method whose name is long", letters[2:8])
  for (order in c("score", "seed")) {
    build <- built(plotSeedLandscape(many, order = order))
    expect_identical(nlevels(build$data[[1]]$PANEL), 8L)
    expect_identical(max(build$layout$layout$COL), 3L)
  }
  expect_match(strips(plotSeedLandscape(many))[[1]], "^a method whose\nname is long\ngap 0.0")
  ranges <- lapply(built(plotSeedLandscape(list(few = few, many = many[[1]])))$layout$panel_scales_x, function(scale) {
    as.numeric(scale$range$range)
  })
  expect_equal(ranges, list(c(1, 5), c(1, 1000)))
  built(plotSeedLandscape(fakeSweep(5)))
  built(plotSeedLandscape(fakeSweep(1:3, failed = 2:3)))
  expect_identical(starscape:::placeBreaks(1), 1L)
  expect_equal(starscape:::placeBreaks(1000), c(1, 500, 1000))
})

test_that("without known labels the agreement is shown", {
  unknown <- fakeSweep(known = FALSE, method = "other")
  expect_match(plotSeedLandscape(unknown)$labels$y, "other seeds")
  both <- list(few, unknown)
  expect_match(plotSeedLandscape(both)$labels$y, "other seeds")
  expect_identical(levels(plotSeedLandscape(both)$data$method), c("starscape", "other"))
  expectArgumentError(plotSeedLandscape(both, "ari"), "score", "other")
  seconds <- built(plotSeedLandscape(few, "seconds"))$data[[2]]$y
  expect_equal(seconds, sort(few$runs$seconds[-3]))
})

test_that("stability is drawn on the tissue between fixed ends", {
  for (value in c("stability", "support", "consistency", "entropy")) {
    plot <- plotDomainStability(few, value)
    build <- built(plot)
    scale <- build$plot$scales$get_scales("fill")
    # Three domains, and one label for groups that have none.
    largest <- if (value == "entropy") log(4) else 1
    expect_equal(scale$get_limits(), c(0, largest))
    expect_identical(plot$labels$fill, value)
    expect_identical(scale$map(if (value == "entropy") largest else 0), grDevices::hcl.colors(64, "viridis")[[1]])
  }
  # Spots without counts.
  few$spots[1:3, ] <- NA
  attr(few, "records") <- lapply(attr(few, "records"), function(record) {
    if (record$status == "ok") record$labels <- record$labels[-(1:3)]
    record
  })
  expect_identical(built(plotDomainStability(few))$data[[1]]$fill[1:3], rep(starscape:::missingColour, 3))
  few$spots$entropy[[4]] <- 1.3
  built(plotDomainStability(few, "entropy", palette = c("white", "black"), title = "nats", diameter = 0.5))
})

test_that("slices and other places are drawn", {
  expect_identical(nlevels(built(plotDomainStability(fakeSweep(sim = pair)))$data[[1]]$PANEL), 2L)
  places <- few$coords
  few$coords <- NULL
  expectArgumentError(plotDomainStability(few), "coords", "missing")
  expect_identical(nrow(built(plotDomainStability(few, coords = places[144:1, ]))$data[[1]]), 144L)
  expectArgumentError(plotDomainStability(few, coords = places[-1, ]), "coords")
})

test_that("a heat map has square cells, strips and a fixed scale", {
  shares <- matrix(c(1, 0.9, 0.2, 0.9, 1, 0, 0.2, 0, 1), 3)
  domain <- factor(c(1, 1, 3), levels = 1:3)
  build <- built(starscape:::drawCoassignment(list(matrix = shares, domain = domain, spots = letters[1:3])))
  expect_identical(nrow(build$data[[1]]), 9L)
  colours <- starscape:::domainColours[c(1, 3)]
  for (strip in 2:3) expect_identical(build$data[[strip]]$fill, colours)
  expect_equal(build$data[[2]]$xmax - build$data[[2]]$xmin, c(2, 1))
  expect_equal(build$plot$scales$get_scales("fill")$get_limits(), c(0, 1))
  expect_equal(build$plot$coordinates$ratio, 1)
  many <- list(matrix = diag(300), domain = factor(rep(1:25, each = 12)), spots = seq_len(300))
  built(starscape:::drawCoassignment(many))
})

test_that("surfaces are drawn flat, steep and with holes", {
  flat <- built(plotStabilitySurface(fakeSurface(0.01)))
  expect_equal(flat$plot$scales$get_scales("fill")$get_limits(), c(0, 1))
  expect_length(flat$data, 2)
  steep <- fakeSurface(9)
  steep$loss[2:4] <- c(NA, Inf, NaN)
  build <- built(plotStabilitySurface(steep))
  expect_identical(build$data[[1]]$fill[2:4], rep(starscape:::missingColour, 3))
  expect_length(build$data, 3)
  steep$agreement[[1]] <- -0.2
  limits <- built(plotStabilitySurface(steep, "agreement"))$plot$scales$get_scales("fill")$get_limits()
  expect_equal(limits, c(-0.2, 1))
  better <- fakeSurface(2)
  better$loss[[1]] <- 0.5
  built(plotStabilitySurface(better))
})

test_that("the levels of the loss are round, few and hold the fitted model", {
  expect_equal(starscape:::lossLevels(c(1, 10)), c(1, 1.5, 2, 3, 5, 10))
  expect_equal(starscape:::lossLevels(c(0.5, 30)), c(0.5, 1, 2, 5, 10, 20))
  for (end in 10^c(1, 2, 3, 7, 13, 40)) {
    levels <- starscape:::lossLevels(c(1, end))
    expect_true(1 %in% levels)
    expect_lte(length(levels), 8)
    expect_gte(length(levels), 3)
  }
})

test_that("what cannot be drawn is named", {
  expectArgumentError(plotSeedLandscape(1), "x", "stabilitySweep")
  expectArgumentError(plotSeedLandscape(list()), "x", "stabilitySweep")
  expectArgumentError(plotSeedLandscape(list(few, few)), "x", "\"starscape\", \"starscape\"")
  expectArgumentError(plotSeedLandscape(few, "loss"), "score", "loss")
  expectArgumentError(plotSeedLandscape(few, order = "time"), "order", "time")
  expectArgumentError(plotSeedLandscape(few, size = 2), "size")
  expectArgumentError(plotDomainStability(quickFit), "x", "stabilitySweep")
  expectArgumentError(plotDomainStability(few, "ari"), "value", "ari")
  expectArgumentError(plotDomainStability(few, size = 2), "size")
  expectArgumentError(plotCoassignment(1), "x", "stabilitySweep")
  expectArgumentError(plotCoassignment(few, most = 1), "most")
  expectArgumentError(plotCoassignment(few, size = 2), "size")
  surface <- fakeSurface()
  expectArgumentError(plotStabilitySurface(data.frame(surface)[1:2]), "x", "lossSurface")
  expectArgumentError(plotStabilitySurface(surface, "seconds"), "value", "seconds")
  expectArgumentError(plotStabilitySurface(surface[-1, ]), "x", "440 points where its grid has 441")
  expectArgumentError(plotStabilitySurface(surface[surface$alpha > 0, ]), "x", "fitted model")
  expectArgumentError(plotStabilitySurface(surface, size = 2), "size")
  expectArgumentError(plotDomains(small$coords, small$labels, limits = 1), "limits")
})
