# Places of the spots.

# Coordinates as a double matrix, spots x 2 or, with a depth that differs, spots x 3, in the order of the spots.
gateCoords <- function(coords, spots, argument = "coords", depth = NULL) {
  if (is.null(coords)) {
    stopArgument(argument, "is missing", "Give a matrix with one row per spot and the columns x and y.")
  }
  coords <- plainTable(coords)
  rows <- rowsOfSpots(spotNames(coords, spots, argument), spots, argument)
  places <- placeAxes(coords, argument, depth)
  if (!is.null(rows)) places <- places[rows, , drop = FALSE]
  if (nrow(places) != length(spots)) {
    stopArgument(argument, sprintf("has %d rows for %d spots", nrow(places), length(spots)), "Give one row per spot.")
  }
  if (!all(is.finite(places))) {
    stopArgument(
      argument, sprintf("is NA or infinite for %d spots", sum(rowSums(!is.finite(places)) > 0)),
      "Give every spot a place, or leave these spots out of `x`."
    )
  }
  extent <- max(apply(places, 2, function(axis) diff(range(axis))))
  if (extent > 0 && extent < narrowest) {
    stopArgument(argument, sprintf("lies within %g for all spots", extent), "Give places in a smaller unit.")
  }
  if (any(abs(places) > farthest)) {
    stopArgument(
      argument, sprintf("lies beyond %g for %d spots", farthest, sum(rowSums(abs(places) > farthest) > 0)),
      "Give places in a unit in which spots can be told apart."
    )
  }
  dimnames(places) <- list(spots, c("x", "y", "z")[seq_len(ncol(places))])
  places
}

# Beyond this, numbers are no longer told apart by one.
farthest <- 1e15

# Within this, squares of distances are no longer told from 0.
narrowest <- 1e-100

# The columns of places that say by their names which is x and which is y, with a depth that differs, or as `depth`
# says; the columns of numbers where these are two.
placeAxes <- function(coords, argument = "coords", depth = NULL) {
  coords <- plainTable(coords)
  pair <- namedPair(colnames(coords), argument)
  third <- if (is.data.frame(coords) || is.matrix(coords)) depthOf(coords)
  if (is.null(depth)) depth <- length(unique(third$values)) > 1
  axes <- c(pair, if (!is.null(pair) && depth) third$name)
  if (is.data.frame(coords)) {
    numbers <- names(coords)[vapply(coords, is.numeric, NA) & !tolower(names(coords)) %in% nameColumns]
    coords <- as.matrix(coords[if (is.null(pair)) numbers else axes])
  } else if (is.matrix(coords) && !is.null(pair)) {
    coords <- coords[, axes, drop = FALSE]
  }
  if (!is.matrix(coords) || !is.numeric(coords) || ncol(coords) != max(2, length(axes))) {
    shape <- if (is.matrix(coords)) sprintf("a %s matrix with %d columns", typeof(coords), ncol(coords))
    given <- if (is.null(shape)) describe(coords) else shape
    stopArgument(
      argument, paste("must be numeric with two columns, x and y, not", given),
      if (is.matrix(coords) && ncol(coords) == 3) "Name three columns x, y and z if the last is a depth."
    )
  }
  storage.mode(coords) <- "double"
  unname(coords)
}

# Places as they are drawn.
inPlane <- function(coords) {
  if (ncol(coords) > 2) {
    tell("`coords`: spots are drawn by x and y, as seen along z.")
  }
  coords[, 1:2, drop = FALSE]
}

# x and y before the names that readers give them; NULL where no pair is among the names.
knownPair <- function(names) {
  pairs <- c(list(c("x", "y"), c("X", "Y")), placeColumns)
  known <- Filter(function(pair) all(pair %in% names), pairs)
  if (length(known) > 0) known[[1]]
}

# The same, told where it is not plain.
namedPair <- function(names, argument) {
  pair <- knownPair(names)
  if (!is.null(pair) && !identical(pair, c("x", "y"))) {
    tell("`", argument, "`: x is the column \"", pair[[1]], "\", y is \"", pair[[2]], "\".")
  }
  pair
}

# The third dimension of places, by its name.
depthOf <- function(coords) {
  third <- intersect(c("z", "Z"), colnames(coords))
  if (length(third) > 0 && ncol(coords) > 2 && !all(is.na(coords[, third[[1]]]))) {
    list(name = third[[1]], values = unlist(as.data.frame(coords)[third[[1]]], use.names = FALSE))
  }
}

# A third dimension of few values is the section that a spot lies on, unless `slice` says so. Any other is a depth.
sectionsByDepth <- function(coords, slice, spots) {
  coords <- plainTable(coords)
  depth <- if (is.matrix(coords) || is.data.frame(coords)) depthOf(coords)
  if (is.null(depth)) {
    return(list(coords = coords, slice = slice))
  }
  values <- unname(perSpot(stats::setNames(depth$values, spotNames(coords, spots)), spots, "coords"))
  if (anyNA(values)) {
    stopArgument(
      "coords", sprintf("has no \"%s\" for %d spots", depth$name, sum(is.na(values))),
      "Give every spot a place, or leave these spots out of `x`."
    )
  }
  if (!is.numeric(values)) {
    stopArgument("coords", sprintf("has \"%s\" as %s, not as numbers", depth$name, typeof(values)))
  }
  sections <- sort(unique(values), method = "radix")
  flat <- coords[, colnames(coords) != depth$name, drop = FALSE]
  if (length(sections) < 2) {
    return(list(coords = flat, slice = slice))
  }
  if (min(table(values)) < fewestOnSection) {
    tell("`coords`: \"", depth$name, "\" is a depth in the unit of x and y: neighbours are looked for in space.")
    return(list(coords = coords, slice = slice))
  }
  if (!is.null(slice)) {
    tell("`coords`: \"", depth$name, "\" is not used, as `slice` says which spots lie on one section.")
    return(list(coords = flat, slice = slice))
  }
  tell("`coords`: spots of one \"", depth$name, "\" are taken for a section. There are ", length(sections), ".")
  list(coords = flat, slice = factor(values, levels = sections, labels = paste0(depth$name, sections)))
}

# Fewer spots at one depth are no section: the depth is measured.
fewestOnSection <- 10

# Spots as rows are seen by the names, or else by the number, of the places.
gateOrientation <- function(counts, coords) {
  coords <- plainTable(coords)
  if (!is.matrix(coords) && !is.data.frame(coords)) {
    return()
  }
  names <- spotNames(coords)
  fits <- function(own) if (is.null(names)) nrow(coords) == length(own) else length(own) > 0 && all(own %in% names)
  sides <- if (is.null(names)) lapply(dim(counts), seq_len) else dimnames(counts)
  if (fits(sides[[1]]) && !fits(sides[[2]])) {
    stopArgument("x", "has the spots as rows: the places in `coords` fit its rows, not its columns", "Give t(x).")
  }
}

# Places within slices: not all the same; shared ones are told.
gatePlaces <- function(coords, slice, argument = "coords") {
  slice <- if (is.null(slice)) rep(1L, nrow(coords)) else as.integer(slice)
  order <- do.call(order, unname(c(list(slice), as.data.frame(coords))))
  sorted <- cbind(slice, coords)[order, , drop = FALSE]
  steps <- sorted[-1, , drop = FALSE] != sorted[-nrow(sorted), , drop = FALSE]
  shared <- rowSums(steps) == 0
  sizes <- tabulate(slice)
  stuck <- which(sizes > 1 & tabulate(sorted[-1, 1][shared], length(sizes)) == sizes - 1)
  if (length(stuck) > 0) {
    stopArgument(argument, "is the same place for all spots of a slice", "Give each spot its own place on the tissue.")
  }
  if (any(shared)) {
    several <- 3 * sum(shared) > nrow(coords)
    tell(
      sum(shared), " spots share their place with another spot. They are kept.",
      if (several) " If these are several sections, say with `slice` which spots lie on which."
    )
  }
}
