# Names of columns decide which is x and which is y.

told <- function(code) {
  messages <- character()
  withCallingHandlers(code, starscape_message = function(message) {
    messages <<- c(messages, conditionMessage(message))
    rlang::cnd_muffle(message)
  })
  messages
}
quietly <- function(code) suppressMessages(code, "starscape_message")
spots <- colnames(small$counts)
across <- unname(small$coords[, 1]) * 1
down <- unname(small$coords[, 2]) * 1
turned <- function(x, y) stats::setNames(data.frame(down, across, row.names = spots), c(y, x))
spoken <- list(
  c("x_location", "y_location"), c("spot_col", "spot_row"), c("pos.X", "pos.Y"), c("spotColumn", "spotRow"),
  c("XCoord", "YCoord"), c("xcoord", "ycoord"), c("Column", "Row"), c("x_mm", "other"), c("other", "rowNumber")
)

test_that("a name that says its axis by a word decides, in tables and matrices", {
  for (names in spoken) {
    table <- turned(names[[1]], names[[2]])
    for (held in list(table, as.matrix(table))) {
      said <- told(places <- gateCoords(held, spots))
      expect_identical(places, small$coords * 1, label = names[[1]])
      expect_match(said, sprintf("x is the column \"%s\", y is \"%s\"", names[[1]], names[[2]]), fixed = TRUE)
    }
  }
  more <- data.frame(turned("px_x", "px_y"), total = 1, barcode = spots)
  expect_identical(quietly(gateCoords(more, spots)), small$coords * 1)
})

test_that("names that say nothing are taken by position, and told", {
  for (names in list(c("spatial_1", "spatial_2"), c("first", "second"), c("x_1", "x_2"), c("row_col", "col_row"))) {
    table <- stats::setNames(data.frame(across, down, row.names = spots), names)
    expect_match(told(places <- gateCoords(table, spots)), "in their order")
    expect_identical(places, small$coords * 1)
  }
  expect_silent(gateCoords(unname(small$coords), spots))
  expect_silent(gateCoords(small$coords, spots))
})

test_that("a depth may be called as x and y are", {
  places <- cbind(turned("x_um", "y_um"), z_um = seq_len(144))
  expect_identical(quietly(gateCoords(places, spots)), cbind(small$coords * 1, z = seq_len(144)))
})

test_that("columns of objects that are named go by their names as well", {
  skip_if_not_installed("SingleCellExperiment")
  object <- sceSmall()
  object$y_location <- object$y
  object$x_location <- object$x
  expect_match(told(found <- givenCoords(c("y_location", "x_location"), objectMetadata(object))), "\"x_location\", y")
  expect_identical(found, unname(small$coords) * 1, ignore_attr = TRUE)
  object$x <- object$y <- NULL
  SingleCellExperiment::reducedDim(object, "spatial") <- as.matrix(turned("x_location", "y_location"))
  expect_match(told(places <- objectPlaces(object, spots)), "reduced dimension \"spatial\"")
  expect_identical(quietly(gateCoords(places$coords, spots)), small$coords * 1)
  skip_if_not_installed("SpatialExperiment")
  object <- SpatialExperiment::SpatialExperiment(
    list(counts = small$counts), spatialCoords = as.matrix(turned("x_location", "y_location"))
  )
  expect_match(told(places <- objectPlaces(object, spots)), "\"x_location\", y")
  expect_identical(quietly(gateCoords(places$coords, spots)), small$coords * 1)
})

test_that("array positions that are shared give way to pixels in a table as in an object", {
  second <- pair$slice == "slice2"
  table <- data.frame(
    barcode = colnames(pair$counts), array_row = pair$coords[, 2], array_col = pair$coords[, 1],
    pxl_row_in_fullres = pair$coords[, 2] * 118.6, pxl_col_in_fullres = pair$coords[, 1] * 68.5 + 4000 * second
  )
  spots <- table$barcode
  pixels <- cbind(x = table$pxl_col_in_fullres, y = table$pxl_row_in_fullres)
  for (held in list(table, table[rev(seq_along(spots)), ])) {
    expect_match(told(places <- gateCoords(held, spots)), "Pixels are taken", all = FALSE)
    expect_identical(unname(places), unname(pixels))
  }
  # Nothing is shared within slices.
  array <- pair$coords * 1
  expect_identical(quietly(gateCoords(table, spots, slice = pair$slice)), array, ignore_attr = TRUE)
  lost <- transform(table, array_row = replace(array_row, 3, NA))
  expect_identical(unname(quietly(gateCoords(lost, spots, slice = pair$slice))), unname(pixels))
  zeros <- transform(table, array_row = 0, array_col = 0)
  expect_identical(quick(pair$counts, zeros)$coords, quick(pair$counts, table)$coords)
})
