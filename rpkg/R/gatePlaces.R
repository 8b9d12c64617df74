# Places of the spots.

# Coordinates as a double matrix, spots x 2 or, with a depth that differs, spots x 3, in the order of the spots. `slice`
# says within which array positions may not be shared.
gateCoords <- function(coords, spots, argument = "coords", depth = NULL, slice = NULL) {
  if (is.null(coords)) {
    stopArgument(argument, "is missing", "Give a matrix with one row per spot and the columns x and y.")
  }
  coords <- plainTable(coords)
  rows <- rowsOfSpots(spotNames(coords, spots, argument), spots, argument)
  ofSpots <- function(places) if (is.null(rows)) places else places[rows, , drop = FALSE]
  places <- ofSpots(placeAxes(coords, argument, depth))
  if (nrow(places) == 0) stopArgument(argument, "has no spots", "Give a place for each spot.")
  if (nrow(places) != length(spots)) {
    stopArgument(argument, sprintf("has %d rows for %d spots", nrow(places), length(spots)), "Give one row per spot.")
  }
  pixels <- pixelsBeside(coords)
  if (!is.null(pixels) && ncol(places) == 2) places <- arrayOrPixels(places, ofSpots(pixels), slice)
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

# Places as they are drawn.
inPlane <- function(coords) {
  if (ncol(coords) > 2) {
    tell("`coords`: spots are drawn by x and y, as seen along z.")
  }
  coords[, 1:2, drop = FALSE]
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

# Spots as rows are seen by the names, or else by the number, of what is `given` per spot: a table, a matrix or, unless
# it is places, a vector.
gateOrientation <- function(counts, given, argument = "coords") {
  given <- plainTable(given)
  table <- length(dim(given)) == 2
  if (is.null(given) || (!table && (argument == "coords" || !is.atomic(given)))) {
    return(invisible())
  }
  names <- spotNames(given)
  size <- if (table) nrow(given) else length(given)
  fits <- function(own) {
    if (is.null(names)) size == length(own) else length(own) > 0 && (all(own %in% names) || all(names %in% own))
  }
  sides <- if (is.null(names)) lapply(dim(counts), seq_len) else dimnames(counts)
  if (fits(sides[[1]]) && !fits(sides[[2]])) {
    stopArgument(
      "x", sprintf("has the spots as rows: `%s` fits its rows, not its columns", argument), "Give t(x)."
    )
  }
}

# The same, seen by the names of the spots of a fit.
gateFitOrientation <- function(counts, fit) {
  spots <- rownames(fit$embedding)
  gateOrientation(counts, stats::setNames(seq_along(spots), spots), "fit")
}

# Places within slices: not all the same; shared ones are told.
gatePlaces <- function(coords, slice, argument = "coords") {
  slice <- if (is.null(slice)) rep(1L, nrow(coords)) else as.integer(slice)
  shared <- sharedPlaces(coords, slice)
  sizes <- tabulate(slice)
  stuck <- which(sizes > 1 & tabulate(shared, length(sizes)) == sizes - 1)
  if (length(stuck) > 0) {
    stopArgument(argument, "is the same place for all spots of a slice", "Give each spot its own place on the tissue.")
  }
  if (length(shared) > 0) {
    sections <- if (mayBeSections(shared, coords)) paste0(" ", saySections)
    tell(length(shared), " spots share their place with another spot. They are kept.", sections)
  }
}

# The slices of the spots that share their place with one before.
sharedPlaces <- function(coords, slice) {
  order <- do.call(order, unname(c(list(slice), as.data.frame(coords))))
  sorted <- cbind(slice, coords)[order, , drop = FALSE]
  steps <- sorted[-1, , drop = FALSE] != sorted[-nrow(sorted), , drop = FALSE]
  sorted[-1, 1][rowSums(steps) == 0]
}

# So many as sections that were laid on each other.
mayBeSections <- function(shared, coords) 3 * length(shared) > nrow(coords)

saySections <- "If these are several sections, say with `slice` which spots lie on which."

# Sections drawn on each other hide each other.
tellHidden <- function(coords, slice) {
  shared <- sharedPlaces(coords, if (is.null(slice)) rep(1L, nrow(coords)) else as.integer(slice))
  if (mayBeSections(shared, coords)) {
    tell(length(shared), " spots are hidden by others at the same place. ", saySections)
  }
}

# A spot has all others of its slice as neighbours where these are no more than were asked for.
tellNeighbours <- function(graph, input) {
  slice <- input$slice[input$used]
  fewest <- if (is.null(slice)) ncol(input$counts) else min(table(droplevels(slice)))
  if (graph$method == "knn" && graph$k >= fewest) {
    tell(
      "`k` of graphControl() is ", graph$k, ", and ", if (is.null(slice)) "there are " else "a slice has ", fewest,
      " spots: all of them are neighbours of each other."
    )
  }
}
