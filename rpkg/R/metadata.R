# Places and slices that lie in the cell metadata of an object.

# Pairs of columns that hold places, as common readers name them; array positions first, because the grid is recognised
# from them exactly.
placeColumns <- list(
  c("array_col", "array_row"), c("col", "row"), c("x", "y"), c("imagecol", "imagerow"),
  c("pxl_col_in_fullres", "pxl_row_in_fullres"), c("x_centroid", "y_centroid"),
  c("CenterX_global_px", "CenterY_global_px"), c("x_slide_mm", "y_slide_mm"),
  c("CenterX_local_px", "CenterY_local_px")
)

# `coords` as the user gave it: the names of two columns, or the places themselves.
givenCoords <- function(coords, metadata) {
  if (!is.character(coords)) {
    return(coords)
  }
  if (!length(coords) %in% 2:3) {
    stopArgument("coords", paste("must name two columns, x and y, or three with a depth, not", describe(coords)))
  }
  for (name in coords) gateKnown(name, names(metadata), "coords", "columns of the cell metadata")
  numbers <- vapply(coords, function(name) is.numeric(metadata[[name]]), NA)
  if (!all(numbers)) {
    column <- coords[!numbers][[1]]
    stopArgument("coords", sprintf("names the column \"%s\", which holds %s", column, describe(metadata[[column]])))
  }
  columnsToCoords(inOrder(coords), metadata)
}

# Names of x and y that were given as y and x.
inOrder <- function(names) {
  turned <- identical(pairOf(names[1:2]), names[2:1])
  if (turned) tellAxes(names[2:1], names)
  if (turned) c(names[2:1], names[-(1:2)]) else names
}

# Places from well-known columns, or NULL: those of the first pair that is complete, with what is next to `x` and `y` as
# `z`. Array positions and pixels of one reader are chosen between; of other pairs that differ the one taken is told.
knownCoords <- function(metadata, pairs = placeColumns, drawn = FALSE, told = !drawn) {
  complete <- Filter(function(pair) {
    all(pair %in% names(metadata)) &&
      all(vapply(pair, function(name) is.numeric(metadata[[name]]) && all(is.finite(metadata[[name]])), NA))
  }, pairs)
  if (length(complete) == 0) {
    return(NULL)
  }
  pair <- complete[[1]]
  pixels <- Filter(isPixels, complete)
  others <- setdiff(complete, c(list(pair), if (grepl("^array_|^col$", pair[[1]])) pixels))
  if (length(others) > 0) {
    tell("Places are the columns ", quoted(pair), ", not ", quoted(unlist(others)), ". Give `coords` for others.")
  } else if (told) {
    tellAxes(pair, pair)
  }
  depth <- if (identical(pair, c("x", "y")) && is.numeric(metadata[["z"]]) && !anyNA(metadata[["z"]])) "z"
  places <- columnsToCoords(c(pair, depth), metadata)
  if (!is.null(depth) || length(pixels) == 0 || identical(pair, pixels[[1]])) {
    return(places)
  }
  arrayOrPixels(places, columnsToCoords(pixels[[1]], metadata), metadata[["sample_id"]], drawn)
}

# Array positions, from which the grid is recognised exactly, unless more spots of a slice share them than share pixels:
# two capture areas under one name, or positions that a reader filled with zeros. Pixels are drawn where the image lies
# otherwise than the array: images are turned, arrays are not.
arrayOrPixels <- function(array, pixels, slice = NULL, drawn = FALSE) {
  if (is.null(array) || is.null(pixels) || !all(is.finite(pixels))) {
    return(if (is.null(array)) pixels else array)
  }
  lost <- sum(rowSums(!is.finite(array)) > 0)
  if (lost > 0) {
    tell(lost, " spots have no array position. Pixels are taken for places.")
    return(pixels)
  }
  if (is.null(slice)) slice <- rep(1L, nrow(array))
  shared <- function(places) sum(duplicated(data.frame(slice, places[, 1], places[, 2])))
  if (shared(array) <= shared(pixels)) {
    return(if (drawn && isTurned(array, pixels, slice)) pixels else array)
  }
  tell(shared(array), " spots share their array position with another spot. Pixels are taken for places.")
  pixels
}

# Whether the image of a slice was turned or mirrored: the linear map from its array to its pixels tells.
isTurned <- function(array, pixels, slice) {
  any(vapply(split(seq_along(slice), slice, drop = TRUE), function(rows) {
    from <- scale(spreadRows(array[rows, , drop = FALSE]), scale = FALSE)
    to <- scale(pixels[rows, , drop = FALSE], scale = FALSE)
    map <- tryCatch(solve(crossprod(from), crossprod(from, to)), error = function(error) NULL)
    # Spots in one row tell nothing, and pixels may be of something else.
    known <- !is.null(map) && sum((to - from %*% map)^2) < 0.01 * sum(to^2)
    known && (map[1, 1] <= abs(map[2, 1]) || map[2, 2] <= abs(map[1, 2]))
  }, NA))
}

# An object without places: what is missing, or which well-known columns cannot be used.
stopPlaces <- function(metadata, problem, hint) {
  for (name in intersect(unlist(placeColumns), names(metadata))) {
    column <- metadata[[name]]
    lost <- if (is.numeric(column)) sum(!is.finite(column)) else 0
    if (lost > 0) {
      rejected <- sprintf("the column \"%s\" of the cell metadata is NA or infinite for %d spots", name, lost)
      stopArgument(
        "coords", paste("is missing, and", rejected), "Give every spot a place, or leave these spots out of `x`."
      )
    }
  }
  stopArgument("coords", problem, hint)
}

# The places an object knows; NULL if it knows none and they are not needed.
unlessUnknown <- function(places, needed) {
  tryCatch(places, starscape_error_argument = function(error) {
    if (needed || error$argument != "coords") rlang::cnd_signal(error)
  })
}

columnsToCoords <- function(axes, metadata) {
  places <- vapply(axes, function(name) as.double(metadata[[name]]), numeric(nrow(metadata)))
  matrix(places, ncol = length(axes), dimnames = list(NULL, c("x", "y", "z")[seq_along(axes)]))
}

# What is given per spot of an object as the user gave it: the name of a column, or one value per spot.
givenColumn <- function(value, metadata, argument, of = "x") {
  if (isString(value) && nrow(metadata) > 1) {
    # Checked before `[[`, whose S4 dispatch would wrap the error in its own.
    column <- gateColumn(value, names(metadata), argument, of = of)
    return(metadata[[column]])
  }
  value
}
