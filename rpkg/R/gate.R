# Every check of what users pass in. Methods call these before any work is done; a check either returns the value in
# the form the core takes, or stops with an error that names the argument, what was given and what to do.

# Single values ---------------------------------------------------------------------------------------------------

# Each of these makes a check: function(value, argument) -> value.

wholeNumber <- function(min, max) {
  function(value, argument) {
    if (!isNumber(value) || value != round(value) || value < min || value > max) {
      whole <- isNumber(value) && value == round(value)
      stopArgument(
        argument, paste(if (whole) "is out of range:" else "must be one whole number, not", describe(value)),
        sprintf("Give a whole number from %s to %s.", format(min, scientific = FALSE), format(max, scientific = FALSE))
      )
    }
    as.integer(value)
  }
}

oddNumber <- function(min, max) {
  function(value, argument) {
    value <- wholeNumber(min, max)(value, argument)
    if (value %% 2 == 0) stopArgument(argument, paste("must be odd, not", value), "Add or take away one.")
    value
  }
}

realNumber <- function(min, max = Inf, optional = FALSE, positive = FALSE) {
  function(value, argument) {
    if (optional && is.null(value)) {
      return(NULL)
    }
    if (!isNumber(value) || value < min || value > max || (positive && value == 0)) {
      range <- if (positive) "a positive number" else sprintf("a number from %s", format(min))
      stopArgument(
        argument, paste(if (isNumber(value)) "is out of range:" else "must be one number, not", describe(value)),
        paste0("Give ", range, if (is.finite(max)) sprintf(" to %s", format(max)), if (optional) ", or NULL", ".")
      )
    }
    as.double(value)
  }
}

oneOf <- function(choices) {
  function(value, argument) {
    if (identical(value, choices)) {
      return(choices[[1]])
    }
    if (!isString(value) || !value %in% choices) {
      stopArgument(
        argument, paste("must be one of the known choices, not", describe(value)),
        paste0("Give one of ", quoted(choices), ".")
      )
    }
    value
  }
}

yesOrNo <- function(value, argument) {
  if (!isTRUE(value) && !isFALSE(value)) {
    stopArgument(argument, paste("must be TRUE or FALSE, not", describe(value)))
  }
  value
}

isNumber <- function(value) is.numeric(value) && length(value) == 1 && is.finite(value)

isString <- function(value) is.character(value) && length(value) == 1 && !is.na(value)

quoted <- function(values, most = 8) {
  shown <- paste0("\"", utils::head(values, most), "\"", collapse = ", ")
  if (length(values) > most) paste0(shown, ", ...") else shown
}

# Shows a value in an error message.
describe <- function(value) {
  if (is.null(value)) {
    "NULL"
  } else if (is.character(value) && length(value) > 0 && length(value) <= 3) {
    quoted(value)
  } else if (is.atomic(value) && length(value) == 1) {
    format(value)
  } else if (is.atomic(value) && length(value) <= 5 && length(value) > 0) {
    paste0("c(", paste(format(value, trim = TRUE), collapse = ", "), ")")
  } else {
    sprintf("an object of class %s and length %d", class(value)[[1]], length(value))
  }
}

# Applies a table of checks to a list of values of the same names.
gateFields <- function(values, checks) {
  for (name in names(checks)) {
    # Keeps an element that is NULL.
    values[name] <- list(checks[[name]](values[[name]], name))
  }
  values
}

# Stops at a misspelled argument, which would otherwise be ignored.
gateDots <- function(...) {
  if (...length() > 0) {
    name <- ...names()[[1]]
    given <- if (is.null(name) || is.na(name) || name == "") "..." else name
    stopArgument(given, "is not an argument of this method", "See the help page for the arguments there are.")
  }
}

# Counts, coordinates, slices -------------------------------------------------------------------------------------

# The largest seed, thread count and so on that the core's integers hold.
largestInteger <- .Machine$integer.max

# Settings that most operations have.
threadCount <- wholeNumber(1, 1024)
seedNumber <- wholeNumber(0, largestInteger)

# Everything the core needs of counts and places, without spots and genes that have no counts. `used` says which of
# the spots given are left, and `spots` names them all. Places may be left out where `placed` is FALSE.
gateInput <- function(x, coords, slice, placed = TRUE) {
  counts <- gateCounts(x)
  slice <- gateSlice(perSpot(slice, colnames(counts), "slice"), ncol(counts))
  if (!is.null(coords)) gateOrientation(counts, coords)
  sections <- sectionsByDepth(coords, slice, colnames(counts))
  slice <- sections$slice
  coords <- sections$coords
  renamed <- spotsOfSlices(counts, coords, slice)
  counts <- gateNames(renamed$counts)
  spots <- colnames(counts)
  if (placed || !is.null(coords)) coords <- gateCoords(renamed$coords, spots)
  usedSpots <- gateEmpty(Matrix::colSums(counts) > 0, "spot", "They stay in the result as NA.")
  gateSliceSizes(slice, usedSpots)
  if (!is.null(coords)) gatePlaces(coords[usedSpots, , drop = FALSE], slice[usedSpots])
  usedGenes <- gateEmpty(Matrix::rowSums(counts) > 0, "gene", "They are left out.")
  if (!all(usedSpots) || !all(usedGenes)) {
    counts <- counts[usedGenes, usedSpots, drop = FALSE]
  }
  list(counts = counts, coords = coords, slice = slice, used = usedSpots, spots = spots)
}

gateCounts <- function(x) {
  counts <- asCounts(x)
  if (any(dim(counts) == 0)) {
    stopArgument(
      "x", sprintf("has %d genes and %d spots", nrow(counts), ncol(counts)), "Give genes as rows, spots as columns."
    )
  }
  if (!all(is.finite(counts@x))) {
    stopArgument(
      "x", sprintf("has %d values that are NA, NaN or infinite", sum(!is.finite(counts@x))),
      "Give raw counts; remove or repair these values first."
    )
  }
  if (any(counts@x < 0)) {
    stopArgument(
      "x", sprintf("has %d negative values, the smallest %s", sum(counts@x < 0), format(min(counts@x))),
      "Give raw counts, not scaled or centred values."
    )
  }
  if (any(counts@x != trunc(counts@x))) {
    tell("`x` has values that are not whole numbers. They are used as they are; raw counts are expected.")
  }
  counts
}

gateNames <- function(counts) {
  rownames(counts) <- gateNamesOf(rownames(counts), nrow(counts), "gene", "row")
  colnames(counts) <- gateNamesOf(colnames(counts), ncol(counts), "spot", "column")
  counts
}

# Spots of different slices may have one name, as barcodes do: they are told apart by their slice.
spotsOfSlices <- function(counts, coords, slice) {
  spots <- colnames(counts)
  if (is.null(slice) || anyDuplicated(spots) == 0 || anyNA(spots) || anyDuplicated(data.frame(spots, slice)) > 0) {
    return(list(counts = counts, coords = coords))
  }
  if (identical(rownames(coords), spots)) rownames(coords) <- NULL
  colnames(counts) <- jointNames(spots, slice)
  list(counts = counts, coords = coords)
}

gateNamesOf <- function(names, n, what, side) {
  if (is.null(names)) {
    tell("`x` has no ", side, " names: ", what, "s are called ", what, "1 to ", what, n, ".")
    return(paste0(what, seq_len(n)))
  }
  if (anyNA(names) || any(names == "")) {
    stopArgument("x", sprintf("has missing %s names", side), sprintf("Give every %s a name of its own.", what))
  }
  if (anyDuplicated(names) > 0) {
    repeated <- unique(names[duplicated(names)])
    stopArgument(
      "x", sprintf("has %d %s names that occur more than once: %s", length(repeated), side, quoted(repeated, 3)),
      sprintf("Give every %s a name of its own, for instance with make.unique().", what)
    )
  }
  names
}

gateEmpty <- function(used, what, consequence) {
  if (!any(used)) {
    stopArgument("x", "has no counts at all", "Give a matrix of raw counts.")
  }
  if (!all(used)) {
    count <- sum(!used)
    tell(count, " ", what, if (count == 1) " has" else "s have", " no counts. ", consequence)
  }
  used
}

# Coordinates as a double matrix (spots x 2), in the order of the spots.
gateCoords <- function(coords, spots, argument = "coords") {
  if (is.null(coords)) {
    stopArgument(argument, "is missing", "Give a matrix with one row per spot and the columns x and y.")
  }
  places <- twoColumns(withSpotNames(coords, spots), argument)
  places <- places[matchSpots(places, spots, argument), , drop = FALSE]
  if (!all(is.finite(places))) {
    stopArgument(
      argument, sprintf("is NA or infinite for %d spots", sum(rowSums(!is.finite(places)) > 0)),
      "Give every spot a place, or leave these spots out of `x`."
    )
  }
  dimnames(places) <- list(spots, c("x", "y"))
  places
}

# A table without row names but with a column that holds the names of the spots, of most at least, has these as row
# names.
withSpotNames <- function(coords, spots) {
  if (!is.data.frame(coords) || .row_names_info(coords) > 0) {
    return(coords)
  }
  holds <- vapply(coords, function(column) !is.numeric(column) && mean(spots %in% column) > 0.5, NA)
  if (!any(holds)) {
    return(coords)
  }
  names <- as.character(coords[[which(holds)[[1]]]])
  coords <- coords[!holds]
  # A name that is there twice is refused where spots are matched, which a data frame could not hold.
  coords <- as.matrix(coords[vapply(coords, is.numeric, NA)])
  rownames(coords) <- names
  coords
}

# The columns of places that say by their names which is x and which is y; the first two where there are only two.
twoColumns <- function(coords, argument = "coords") {
  if (is.data.frame(coords) || is.matrix(coords)) gateThirdDimension(coords, argument)
  pair <- namedPair(colnames(coords), argument)
  if (is.data.frame(coords)) {
    rows <- if (.row_names_info(coords) > 0) rownames(coords)
    coords <- as.matrix(if (is.null(pair)) coords else coords[pair])
    rownames(coords) <- rows
  } else if (is.matrix(coords) && !is.null(pair)) {
    coords <- coords[, pair, drop = FALSE]
  }
  if (!is.matrix(coords) || !is.numeric(coords) || ncol(coords) != 2) {
    shape <- if (is.matrix(coords)) sprintf("a %s matrix with %d columns", typeof(coords), ncol(coords))
    given <- if (is.null(shape)) describe(coords) else shape
    stopArgument(argument, paste("must be numeric with two columns, x and y, not", given))
  }
  storage.mode(coords) <- "double"
  coords
}

# x and y before the names that readers give them; NULL where no pair is among the names.
namedPair <- function(names, argument) {
  pairs <- c(list(c("x", "y")), placeColumns)
  known <- Filter(function(pair) all(pair %in% names), pairs)
  if (length(known) == 0) {
    return(NULL)
  }
  if (!identical(known[[1]], c("x", "y"))) {
    tell("`", argument, "`: x is the column \"", known[[1]][[1]], "\", y is \"", known[[1]][[2]], "\".")
  }
  known[[1]]
}

# Sections that lie above each other are no neighbours; what z means otherwise only the user knows.
gateThirdDimension <- function(coords, argument) {
  depth <- depthOf(coords)
  if (length(unique(depth$values)) > 1) {
    stopArgument(
      argument, sprintf("has a third dimension, \"%s\", of %d values", depth$name, length(unique(depth$values))),
      "Give x and y, and say with `slice` which spots lie on one section, for instance slice = cut(z, 10)."
    )
  }
}

# The third dimension of places, by its name.
depthOf <- function(coords) {
  third <- intersect(c("z", "Z"), colnames(coords))
  if (length(third) > 0) {
    list(name = third[[1]], values = unlist(as.data.frame(coords)[third[[1]]], use.names = FALSE))
  }
}

# A third dimension of few values is the section that a spot lies on, unless `slice` says so.
sectionsByDepth <- function(coords, slice, spots) {
  depth <- if (is.matrix(coords) || is.data.frame(coords)) depthOf(coords)
  if (is.null(depth)) {
    return(list(coords = coords, slice = slice))
  }
  named <- withSpotNames(coords, spots)
  rows <- if (is.matrix(named) || .row_names_info(named) > 0) rownames(named)
  values <- unname(perSpot(stats::setNames(depth$values, rows), spots, "coords"))
  flat <- coords[, colnames(coords) != depth$name, drop = FALSE]
  if (anyNA(values)) {
    stopArgument(
      "coords", sprintf("has no \"%s\" for %d spots", depth$name, sum(is.na(values))),
      "Give every spot a place, or leave these spots out of `x`."
    )
  }
  sections <- sort(unique(values), method = "radix")
  if (!is.null(slice) && length(sections) > 1) {
    tell("`coords`: \"", depth$name, "\" is not used, as `slice` says which spots lie on one section.")
  }
  if (!is.null(slice) || length(sections) < 2) {
    return(list(coords = flat, slice = slice))
  }
  if (min(table(values)) < fewestOnSection) {
    return(list(coords = coords, slice = NULL))
  }
  tell("`coords`: spots of one \"", depth$name, "\" are taken for a section. There are ", length(sections), ".")
  list(coords = flat, slice = factor(values, levels = sections, labels = paste0(depth$name, sections)))
}

# Fewer spots at one depth are no section: the depth is measured.
fewestOnSection <- 10

# Spots as rows are seen by the names, or else by the number, of the places.
gateOrientation <- function(counts, coords) {
  if (!is.matrix(coords) && !is.data.frame(coords)) {
    return()
  }
  names <- if (is.matrix(coords) || .row_names_info(coords) > 0) rownames(coords)
  fits <- function(own) if (is.null(names)) nrow(coords) == length(own) else length(own) > 0 && all(own %in% names)
  sides <- if (is.null(names)) lapply(dim(counts), seq_len) else dimnames(counts)
  if (fits(sides[[1]]) && !fits(sides[[2]])) {
    stopArgument("x", "has the spots as rows: the places in `coords` fit its rows, not its columns", "Give t(x).")
  }
}

# What is given for each spot, in the order of the spots: by name where a vector or the rows of a table have names and
# the spots have, too; by position otherwise.
perSpot <- function(value, spots, argument) {
  names <- if (!is.data.frame(value)) names(value) else if (.row_names_info(value) > 0) rownames(value)
  if (is.null(names) || is.null(spots) || identical(names, spots) || anyDuplicated(spots) > 0) {
    return(value)
  }
  rows <- namedRows(names, spots, argument)
  if (is.data.frame(value)) value[rows, , drop = FALSE] else value[rows]
}

# Which row of the coordinates belongs to each spot: by name where both have names, otherwise by position.
matchSpots <- function(places, spots, argument) {
  if (!is.null(rownames(places)) && !identical(rownames(places), spots)) {
    return(namedRows(rownames(places), spots, argument))
  }
  if (nrow(places) != length(spots)) {
    stopArgument(argument, sprintf("has %d rows for %d spots", nrow(places), length(spots)), "Give one row per spot.")
  }
  seq_along(spots)
}

# Where each spot is among the names of what was given; each must be there once.
namedRows <- function(names, spots, argument) {
  twice <- intersect(names[duplicated(names)], spots)
  if (length(twice) > 0) {
    stopArgument(
      argument, sprintf("has %d rows whose name is not unique, for instance \"%s\"", length(twice), twice[[1]]),
      "Give one row per spot."
    )
  }
  rows <- match(spots, names)
  if (anyNA(rows)) {
    lost <- spots[is.na(rows)]
    stopArgument(
      argument, sprintf("has no row named like %d of the spots, for instance \"%s\"", length(lost), lost[[1]]),
      "Name the rows like the columns of `x`, or remove the row names if both are in the same order."
    )
  }
  rows
}

# Slices as a factor with levels in order of appearance, which does not depend on the locale; NULL means one slice.
gateSlice <- function(slice, spots, argument = "slice") {
  if (is.null(slice)) {
    return(NULL)
  }
  if (!is.atomic(slice) || length(slice) != spots) {
    stopArgument(
      argument, sprintf("must have one value for each of the %d spots, not %s", spots, describe(slice)),
      "Give a vector that says which slice each spot lies on."
    )
  }
  if (anyNA(slice)) {
    stopArgument(
      argument, sprintf("is NA for %d spots", sum(is.na(slice))), "Say for every spot which slice it lies on."
    )
  }
  if (is.factor(slice)) droplevels(slice) else factor(slice, levels = unique(slice))
}

# What is standardised together, a factor, or NULL for one batch. `spots` are the names that the user knows.
gateBatch <- function(batch, input, spots) {
  if (isFALSE(batch)) {
    return(NULL)
  }
  if (is.null(batch)) {
    return(batchOfSlices(input))
  }
  batch <- gateSlice(perSpot(batch, spots, "batch"), length(input$used), "batch")
  sizes <- table(batch[input$used])
  if (any(sizes < 2)) {
    stopArgument(
      "batch",
      sprintf(
        "has %d batches of fewer than two spots with counts: %s", sum(sizes < 2), quoted(names(sizes)[sizes < 2], 3)
      ),
      "Join them with others, or give batch = FALSE."
    )
  }
  batch
}

# Slices are batches, unless nothing but their composition could be taken out.
batchOfSlices <- function(input) {
  slice <- input$slice
  if (nlevels(slice) < 2) {
    return(slice)
  }
  if (lieSideBySide(input$coords[input$used, , drop = FALSE], slice[input$used])) {
    tell("The slices lie side by side in one system of coordinates: they are taken for parts of one tissue, and ",
         "differences between them are kept. If they were measured apart, give `batch`.")
    return(NULL)
  }
  small <- levels(slice)[table(slice[input$used]) < fewestSpots]
  if (length(small) > 1) {
    tell(length(small), " slices have fewer than ", fewestSpots, " spots: they are standardised together.")
    joined <- factor(ifelse(slice %in% small, "small slices", as.character(slice)))
    return(if (nlevels(joined) > 1) joined)
  }
  slice
}

# Whether slices are next to each other without lying on each other, and all hang together: the boxes around them are
# apart by at most three spacings of spots and share less than a twentieth of the smaller one.
lieSideBySide <- function(coords, slice) {
  boxes <- vapply(split(seq_along(slice), slice, drop = TRUE), function(rows) {
    own <- coords[rows, , drop = FALSE]
    sides <- apply(own, 2, function(axis) diff(range(axis)))
    c(range(own[, 1]), range(own[, 2]), spacing = sqrt(prod(sides) / length(rows)))
  }, c(left = 0, right = 0, top = 0, bottom = 0, spacing = 0))
  near <- 3 * stats::median(boxes["spacing", ])
  count <- ncol(boxes)
  gap <- function(low, high) outer(boxes[low, ], boxes[high, ], "-")
  apart <- pmax(gap(1, 2), t(gap(1, 2)), gap(3, 4), t(gap(3, 4)))
  shared <- function(low, high) pmax(-pmax(gap(low, high), t(gap(low, high))), 0)
  area <- (boxes[2, ] - boxes[1, ]) * (boxes[4, ] - boxes[3, ])
  overlap <- shared(1, 2) * shared(3, 4) > 0.05 * outer(area, area, pmin)
  diag(overlap) <- FALSE
  !any(overlap) && hangTogether(apart <= near, count)
}

# Whether all can be reached from the first.
hangTogether <- function(linked, count) {
  reached <- 1L
  repeat {
    further <- which(rowSums(linked[, reached, drop = FALSE]) > 0)
    if (length(further) == length(reached)) {
      return(length(reached) == count)
    }
    reached <- further
  }
}

# A list of slices, each with a name; all matrices or all objects.
gateSlices <- function(x) {
  if (length(x) == 0) stopArgument("x", "is an empty list", "Give one element per slice.")
  matrices <- vapply(x, isMatrix, NA)
  objects <- vapply(x, isObject, NA)
  if (!all(matrices) && !all(objects)) {
    other <- which(!matrices & !objects)
    problem <- if (length(other) == 0) {
      "holds matrices and objects"
    } else {
      sprintf("holds %s at position %d", describe(x[[other[[1]]]]), other[[1]])
    }
    stopArgument(
      "x", problem, "Give a list of count matrices, or of Seurat, SingleCellExperiment or SpatialExperiment objects."
    )
  }
  empty <- which(vapply(x, ncol, 0) == 0)
  if (length(empty) > 0) {
    stopArgument("x", sprintf("has no spots at position %d", empty[[1]]), "Leave this slice out.")
  }
  if (is.null(names(x))) names(x) <- paste0("slice", seq_along(x))
  if (anyNA(names(x)) || any(names(x) == "") || anyDuplicated(names(x)) > 0) {
    stopArgument("x", paste("must have a name of its own for each slice, not", quoted(names(x))))
  }
  if (length(x) == 1) tell("`x` holds one slice. This is a plain fit.")
  x
}

isMatrix <- function(x) is.matrix(x) || methods::is(x, "Matrix") || methods::is(x, "DelayedMatrix")

# The places of each slice in a list, or NULL where the object is to know them.
gatePlacesOf <- function(coords, x) {
  if (is.null(coords) || is.character(coords)) {
    return(rep(list(coords), length(x)))
  }
  if (is.data.frame(coords) || !is.list(coords) || length(coords) != length(x)) {
    stopArgument(
      "coords", sprintf("must be a list with an element for each of the %d slices, not %s", length(x), describe(coords))
    )
  }
  if (!is.null(names(coords)) && setequal(names(coords), names(x))) coords[names(x)] else coords
}

# Slices are compared by the genes they share; `genes` are the names of each slice's genes.
gateShared <- function(shared, genes) {
  all <- length(unique(unlist(genes)))
  if (shared < min(leastShared, lengths(genes))) {
    stopArgument(
      "x", sprintf("has slices that share only %d genes of %d", shared, all),
      sprintf("Give slices with at least %d genes of the same names.", leastShared)
    )
  }
  if (shared < all) tell(all - shared, " genes are not in every slice. They are left out.")
}

leastShared <- 50

# A slice of one spot has no neighbours and no variance; as many slices as spots is a column taken by mistake.
gateSliceSizes <- function(slice, used) {
  if (is.null(slice)) {
    return()
  }
  sizes <- table(slice[used])
  lone <- names(sizes)[sizes == 1]
  if (length(lone) > 0) {
    stopArgument(
      "slice", sprintf("has %d slices of a single spot with counts, for instance \"%s\"", length(lone), lone[[1]]),
      "Say which slice each spot lies on, or leave these spots out."
    )
  }
}

# Places within slices: not all the same; shared ones are told.
gatePlaces <- function(coords, slice, argument = "coords") {
  slice <- if (is.null(slice)) rep(1L, nrow(coords)) else as.integer(slice)
  order <- order(slice, coords[, 1], coords[, 2])
  sorted <- cbind(slice, coords)[order, , drop = FALSE]
  steps <- sorted[-1, , drop = FALSE] != sorted[-nrow(sorted), , drop = FALSE]
  sameSlice <- !steps[, 1]
  shared <- sameSlice & !steps[, 2] & !steps[, 3]
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

# Arguments of the operations -------------------------------------------------------------------------------------

# Row numbers (from 0) of the genes the user wants, or NULL.
gateFeatures <- function(features, genes) {
  if (is.null(features)) {
    return(NULL)
  }
  if (!is.character(features) || length(features) < 2 || anyNA(features)) {
    stopArgument("features", paste("must be two or more gene names, not", describe(features)))
  }
  rows <- match(unique(features), genes)
  if (anyNA(rows)) {
    lost <- unique(features)[is.na(rows)]
    stopArgument(
      "features", sprintf("has %d names without counts in `x`: %s", length(lost), quoted(lost, 3)),
      "Give names among the rows of `x` that have counts."
    )
  }
  sort(rows) - 1L
}

# Row numbers (from 0) of the genes whose expression the user wants, in the order given; those of the fit for NULL.
gateGenes <- function(features, fitted, genes) {
  argument <- if (is.null(features)) "x" else "features"
  if (is.null(features)) features <- fitted
  if (!is.character(features) || length(features) == 0 || anyNA(features)) {
    stopArgument("features", paste("must be gene names, not", describe(features)))
  }
  lost <- setdiff(features, genes)
  if (length(lost) > 0) {
    what <- if (argument == "x") {
      "has no row for %d genes of the fit: %s"
    } else {
      "has %d names that `x` has no row for: %s"
    }
    stopArgument(argument, sprintf(what, length(lost), quoted(lost, 3)), "Give names among the rows of `x`.")
  }
  match(unique(features), genes) - 1L
}

# The columns of the counts that are the spots of a fit, in its order.
gateFittedSpots <- function(counts, spots) {
  columns <- match(spots, colnames(counts))
  if (anyNA(columns)) {
    lost <- spots[is.na(columns)]
    stopArgument(
      "x", sprintf("has no column for %d spots of the fit, for instance \"%s\"", length(lost), lost[[1]]),
      "Give the counts that the fit was made from."
    )
  }
  if (identical(columns, seq_len(ncol(counts)))) counts else counts[, columns, drop = FALSE]
}

gateControl <- function(control, class) {
  if (!inherits(control, class)) {
    argument <- c(starControl = "stability", lossControl = "loss", graphControl = "graph")[[class]]
    stopArgument(argument, paste("must come from", paste0(class, "(), not"), describe(control)))
  }
  fields <- controlFields[[class]]
  # A setting whose default is NULL vanishes when it is assigned NULL.
  lost <- setdiff(names(Filter(function(field) !is.null(field$default), fields)), names(control))
  if (length(lost) > 0) {
    stopArgument(lost[[1]], sprintf("is missing from the settings of %s()", class), "Make the settings anew.")
  }
  values <- stats::setNames(lapply(names(fields), function(name) control[[name]]), names(fields))
  structure(gateFields(values, lapply(fields, `[[`, "check")), class = class(control))
}

# The embedding cannot have more dimensions than the components of the data.
gateLatentDim <- function(latentDim, genes, spots) {
  most <- min(genes, spots - 1)
  if (latentDim > most) {
    stopArgument(
      "latentDim", sprintf("is %d, too many for %d genes and %d spots with counts", latentDim, genes, spots),
      sprintf("Give at most %d.", most)
    )
  }
}

# A numeric matrix with one row per spot; `spots` is how many there must be, if known.
gateEmbedding <- function(embedding, argument, spots = nrow(embedding), missing = FALSE) {
  if (!is.matrix(embedding) || !is.numeric(embedding) || any(dim(embedding) == 0)) {
    stopArgument(argument, paste("must be a numeric matrix, spots x dimensions, not", describe(embedding)))
  }
  if (nrow(embedding) != spots) {
    stopArgument(argument, sprintf("has %d rows for %d spots", nrow(embedding), spots), "Give one row per spot.")
  }
  whole <- rowSums(!is.finite(embedding)) == 0
  if (!missing && !all(whole) || !any(whole)) {
    stopArgument(argument, sprintf("has %d rows with NA or infinite values", sum(!whole)), "Remove these spots first.")
  }
  spotNames <- rownames(embedding)
  if (anyNA(spotNames) || anyDuplicated(spotNames) > 0) {
    stopArgument(argument, "has row names that are missing or not unique", "Name each spot once, or no spot.")
  }
  storage.mode(embedding) <- "double"
  embedding
}

gateK <- function(k, spots, least = 2) {
  if (is.null(k)) {
    return(NULL)
  }
  k <- wholeNumber(least, largestInteger)(k, "k")
  if (k > spots) {
    stopArgument("k", sprintf("is %d, more than the %d spots", k, spots), "Give at most as many domains as spots.")
  }
  k
}

gateKRange <- function(kRange, spots) {
  if (!is.numeric(kRange) || length(kRange) != 2 || !all(is.finite(kRange)) || any(kRange != round(kRange)) ||
    kRange[[1]] < 2 || kRange[[2]] < kRange[[1]]) {
    stopArgument(
      "kRange", paste("must be the smallest and the largest k to try, not", describe(kRange)),
      "Give two whole numbers from 2, for instance c(2, 15)."
    )
  }
  if (kRange[[1]] > spots) {
    stopArgument("kRange", sprintf("starts at %d, more than the %d spots", kRange[[1]], spots))
  }
  as.integer(pmin(kRange, spots))
}

# A graph of neighbours as the core takes it: the start of each spot's list, and the lists (numbers from 0).
gateGraph <- function(graph, spots) {
  if (is.null(graph)) {
    return(NULL)
  }
  if (!methods::is(graph, "sparseMatrix") || !identical(dim(graph), c(spots, spots))) {
    stopArgument(
      "graph", paste("must be a sparse matrix, spots x spots, not", describe(graph)),
      "Give the `graph` of a fit, or NULL."
    )
  }
  dimnames(graph) <- list(NULL, NULL)
  if (!Matrix::isSymmetric(graph)) {
    stopArgument("graph", "must be symmetric", "Give the `graph` of a fit, or NULL.")
  }
  lists <- Matrix::drop0(methods::as(methods::as(graph, "generalMatrix"), "CsparseMatrix"))
  if (methods::.hasSlot(lists, "x") && anyNA(lists@x)) {
    stopArgument("graph", "has entries that are NA", "Give the `graph` of a fit, or NULL.")
  }
  list(offsets = lists@p, neighbours = lists@i)
}

# Labels as whole numbers from 1, NA kept.
gateLabels <- function(labels, argument, spots = length(labels)) {
  if (!is.atomic(labels) || is.null(labels) || length(labels) == 0) {
    stopArgument(argument, paste("must be a vector or factor of labels, not", describe(labels)))
  }
  if (length(labels) != spots) {
    stopArgument(argument, sprintf("has %d labels for %d spots", length(labels), spots), "Give one label per spot.")
  }
  match(labels, unique(labels[!is.na(labels)]))
}

# Domains as a factor, or NULL: labels of the spots, or the result of findDomains().
gateDomain <- function(domain, spots, argument = "domain") {
  if (is.data.frame(domain)) domain <- domain[[gateKnown("domain", names(domain), argument, "the column `domain`")]]
  if (is.null(domain)) {
    return(NULL)
  }
  if (all(is.na(gateLabels(domain, argument, spots)))) {
    stopArgument(argument, "is NA for all spots")
  }
  # The radix order is the same in every locale.
  if (is.factor(domain)) domain else factor(domain, levels = sort(unique(domain), method = "radix"))
}

# Domains with their confidence, as findDomains() gives them.
gateConfidentDomains <- function(x) {
  if (!is.data.frame(x) || !is.factor(x$domain) || !is.numeric(x$confidence)) {
    stopArgument("x", paste("must be a data frame of domains, not", describe(x)), "Give the result of findDomains().")
  }
  x
}

# One domain or spot, as text.
gateRoot <- function(root) {
  if (missing(root)) stopArgument("root", "is missing", "Give one of the domains, or the name of a spot.")
  if (!is.atomic(root) || length(root) != 1 || is.na(root)) {
    stopArgument("root", paste("must be one of the domains or the name of a spot, not", describe(root)))
  }
  as.character(root)
}

# Where pseudotime starts, as the core takes it: a domain, or a spot among those that are used.
gateStart <- function(root, domain, spots, used) {
  if (root %in% domain[used]) {
    return(list(rootDomain = match(root, levels(domain))))
  }
  if (is.null(spots)) spots <- as.character(seq_along(used))
  row <- match(root, spots)
  if (is.na(row)) {
    have <- if (is.null(domain)) "Spots" else paste0("Domains are ", quoted(levels(domain)), "; spots")
    stopArgument(
      "root", sprintf("is neither a domain with spots nor a spot of `x`: \"%s\"", root),
      paste0(have, " are named like ", quoted(spots, 2), ".")
    )
  }
  if (!used[[row]]) stopArgument("root", sprintf("is the spot \"%s\", which has no counts", root))
  list(rootSpot = sum(used[seq_len(row)]))
}

# The name of an assay, a column and so on among those that an object has.
gateKnown <- function(name, known, argument, what) {
  if (!isString(name) || !name %in% known) {
    have <- if (length(known) == 0) "There is none." else paste0("There are: ", quoted(known), ".")
    stopArgument(argument, sprintf("must name %s of `x`, not %s", what, describe(name)), have)
  }
  name
}

# The ends of a continuous scale, or NULL.
gateLimits <- function(limits) {
  if (!is.null(limits) && (!is.numeric(limits) || length(limits) != 2 || !isTRUE(limits[[1]] < limits[[2]]))) {
    stopArgument(
      "limits", paste("must be the smallest and the largest value of the scale, not", describe(limits)),
      "Give two rising numbers, or NULL."
    )
  }
  limits
}

# Alignment of slices ----------------------------------------------------------------------------------------------

# The slices to move and the one they are laid on, among those that have spots with counts.
gateAlignment <- function(slice, reference, known) {
  if (length(known) < 2) {
    stopArgument(
      "x", "has one slice only", "Run runStarscape() on two or more slices together, and say which with its `slice`."
    )
  }
  # Slices may be numbered.
  name <- function(value) if (is.factor(value) || is.numeric(value)) as.character(value) else value
  reference <- if (is.null(reference)) known[[1]] else gateKnown(name(reference), known, "reference", "a slice")
  if (is.null(slice)) {
    return(list(slice = setdiff(known, reference), reference = reference))
  }
  slice <- unique(name(slice))
  if (length(slice) == 0) stopArgument("slice", "names no slice", "Name one or more, or give NULL for all others.")
  for (one in slice) gateKnown(one, known, "slice", "slices")
  if (reference %in% slice) {
    stopArgument(
      "slice", sprintf("has \"%s\", which is the reference", reference), "Name other slices, or another `reference`."
    )
  }
  list(slice = slice, reference = reference)
}

# Sweeps over seeds ------------------------------------------------------------------------------------------------

gateSeeds <- function(seeds) {
  whole <- is.numeric(seeds) && all(is.finite(seeds)) && all(seeds == round(seeds))
  if (!whole || length(seeds) == 0 || any(seeds < 0) || any(seeds > largestInteger)) {
    stopArgument(
      "seeds", paste("must be whole numbers, not", describe(seeds)),
      sprintf("Give one or more whole numbers from 0 to %d.", largestInteger)
    )
  }
  if (anyDuplicated(seeds) > 0) {
    stopArgument("seeds", sprintf("has %d twice or more", seeds[duplicated(seeds)][[1]]), "Give each seed once.")
  }
  as.integer(seeds)
}

# Known labels as a factor, or NULL; `used` says which spots have counts.
gateTruth <- function(truth, used) {
  if (is.null(truth)) {
    return(NULL)
  }
  if (all(is.na(gateLabels(truth, "truth", length(used))[used]))) {
    stopArgument("truth", "is NA for all spots that have counts")
  }
  if (is.factor(truth)) droplevels(truth) else factor(truth)
}

# How many runs a back end of BiocParallel works on at a time.
gateWorkers <- function(BPPARAM) {
  if (is.null(BPPARAM)) {
    return(1L)
  }
  needPackage("BiocParallel", "BPPARAM", "leave `BPPARAM` out and run one seed after the other")
  if (!methods::is(BPPARAM, "BiocParallelParam")) {
    stopArgument(
      "BPPARAM", paste("must be a back end of BiocParallel, not", describe(BPPARAM)),
      "Give for instance BiocParallel::MulticoreParam(4), or NULL."
    )
  }
  as.integer(BiocParallel::bpnworkers(BPPARAM))
}

# Settings of a method: those it knows, by their names.
gateSettings <- function(settings, known, name) {
  given <- if (is.null(names(settings))) rep("", length(settings)) else names(settings)
  unknown <- setdiff(given, known)
  if (length(unknown) > 0) {
    have <- if (length(known) == 0) "It has none." else paste0("It has: ", paste(known, collapse = ", "), ".")
    argument <- if (unknown[[1]] == "") "..." else unknown[[1]]
    stopArgument(argument, sprintf("is not a setting of the method \"%s\"", name), have)
  }
  settings
}

gateBurnIn <- function(settings) {
  if (settings$burnIn >= settings$nrep) {
    stopArgument(
      "burnIn", sprintf("is %d, no less than `nrep`, which is %d", settings$burnIn, settings$nrep),
      "Give fewer iterations to leave out than there are."
    )
  }
}

# Places that count the rows and columns of an array.
gateArray <- function(coords) {
  between <- sum(rowSums(coords != round(coords)) > 0)
  if (between > 0) {
    stopArgument(
      "coords", sprintf("must be positions in the array for this method, and is no whole number for %d spots", between),
      "Give the columns array_col and array_row."
    )
  }
}

gateFunction <- function(value, argument, count) {
  if (!is.function(value) || (!is.primitive(value) && !takes(value, count))) {
    stopArgument(argument, sprintf("must be a function of %d arguments, not %s", count, describe(value)))
  }
  value
}

takes <- function(value, count) "..." %in% names(formals(value)) || length(formals(value)) >= count

# The result of stabilitySweep().
gateSweep <- function(sweep, argument = "sweep") {
  if (!inherits(sweep, "stability_sweep")) {
    stopArgument(argument, paste("must come from stabilitySweep(), not", describe(sweep)))
  }
  sweep
}

# One sweep or several, as a list with a name for each.
gateSweeps <- function(x) {
  sweeps <- if (inherits(x, "stability_sweep")) list(x) else x
  if (!is.list(sweeps) || length(sweeps) == 0 || !all(vapply(sweeps, inherits, NA, "stability_sweep"))) {
    stopArgument("x", paste("must be the result of stabilitySweep() or a list of them, not", describe(x)))
  }
  titles <- names(sweeps)
  if (is.null(titles)) titles <- vapply(sweeps, function(sweep) sweep$method, "")
  if (anyNA(titles) || any(titles == "") || anyDuplicated(titles) > 0) {
    stopArgument(
      "x", paste("must have a name of its own for each sweep, not", quoted(titles)), "Give a list with such names."
    )
  }
  stats::setNames(sweeps, titles)
}

# The score of seeds to show, and the one that suits the sweeps if none is given.
gateScore <- function(score, sweeps) {
  labelled <- vapply(sweeps, function(sweep) any(!is.na(sweep$runs$ari)), NA)
  if (is.null(score)) {
    return(if (all(labelled)) "ari" else "agreement")
  }
  score <- oneOf(c("ari", "agreement", "seconds"))(score, "score")
  if (score == "ari" && !all(labelled)) {
    unlabelled <- quoted(names(sweeps)[!labelled])
    stopArgument(
      "score", sprintf("cannot be \"ari\", as the known labels of %s were not given", unlabelled),
      "Give `truth` to stabilitySweep(), or take \"agreement\"."
    )
  }
  score
}

# A surface on a regular grid around the fitted model.
gateSurface <- function(x, value) {
  columns <- c("alpha", "beta", value)
  if (!inherits(x, "loss_surface") || !all(columns %in% names(x)) || !all(vapply(x[columns], is.numeric, NA))) {
    stopArgument("x", paste("must be the result of lossSurface(), not", describe(x)))
  }
  sides <- length(unique(x$alpha)) * length(unique(x$beta))
  if (nrow(x) != sides || anyDuplicated(x[c("alpha", "beta")]) > 0) {
    stopArgument("x", sprintf("has %d points where its grid has %d", nrow(x), sides), "Give all points, each once.")
  }
  centre <- x[[value]][fittedPoint(x)]
  if (length(centre) != 1 || !is.finite(centre) || centre <= 0) {
    stopArgument("x", sprintf("has no positive %s at the fitted model, where `alpha` and `beta` are 0", value))
  }
  x
}

# Markers ----------------------------------------------------------------------------------------------------------

# Fewest spots of a domain that can be tested.
leastSpots <- 3

# Counts of all genes, domains, blocks and what there is to find domains again with, for the spots that have counts.
gateMarkerInput <- function(x, domain, fit, coords, slice, block, settings) {
  if (inherits(x, "starscape_fit")) stopArgument("x", "is a fit", "Give the counts as `x`, and the fit as `fit`.")
  counts <- gateNames(gateCounts(x))
  spots <- colnames(counts)
  factors <- gateDomain(perSpot(domain, spots, "domain"), length(spots))
  if (is.null(factors)) stopArgument("domain", "is missing", "Give one label per spot.")
  factors <- droplevels(factors)
  if (nlevels(factors) < 2) stopArgument("domain", "has one domain only", "Give labels of two or more domains.")
  finder <- if (is.function(fit)) gateFunction(fit, "fit", 2)
  fit <- if (is.null(finder) && !is.null(fit)) subsetFit(gateMarkerFit(fit), colnames(counts))
  if (settings$correct == "countsplit" && is.null(fit) && is.null(finder)) {
    stopArgument(
      "correct", "is \"countsplit\", and there is no fit to find the domains again with",
      paste(
        "Give the `fit` they come from or a function that finds them, or correct = \"none\" for labels that do not",
        "come from these counts."
      )
    )
  }
  gateEmpty(Matrix::rowSums(counts) > 0, "gene", "Their p-values are NA.")
  gateEmpty(Matrix::colSums(counts) > 0, "spot", "They are left out.")
  # Checked here: S4 dispatch on a part would wrap the errors in its own.
  input <- list(
    counts = counts, domain = factors, fit = fit, finder = finder,
    block = gateBlock(perSpot(block, spots, "block"), length(spots), settings$test),
    found = foundSettings(domain, fit, nlevels(factors)),
    slice = gateSlice(perSpot(slice, spots, "slice"), length(spots))
  )
  input <- gateMarkerPlaces(input, coords, settings)
  usedInput(input)
}

gateMarkerFit <- function(fit) {
  if (inherits(fit, "transst_fit")) {
    stopArgument(
      "fit", "is a TransST fit, which does not hold its source",
      "Give a function: fit = function(x, seed) runTransST(x, source, labels, ...)$domain."
    )
  }
  storedFit(fit, "fit")
}

gateBlock <- function(block, spots, test) {
  if (is.null(block)) {
    if (test == "pseudobulk") {
      stopArgument("block", "is missing, and test \"pseudobulk\" needs it", "Say which replicate each spot comes from.")
    }
    return(NULL)
  }
  if (!is.atomic(block) || length(block) != spots) {
    stopArgument("block", sprintf("must have one value for each of the %d spots, not %s", spots, describe(block)))
  }
  if (anyNA(block)) stopArgument("block", sprintf("is NA for %d spots", sum(is.na(block))), "Leave these spots out.")
  block <- factor(block, levels = unique(block))
  if (test == "pseudobulk" && nlevels(block) < 2) {
    stopArgument("block", "has a single replicate", "Give two or more, or test = \"wilcoxon\".")
  }
  block
}

# Which domains are compared: the domains as the core takes them, with which comparison, and whether the other direction
# of each comparison is asked for, too.
gateCompare <- function(compare, domain) {
  if (identical(compare, "rest")) {
    return(list(domain = domain, comparison = "rest", mirror = FALSE))
  }
  if (identical(compare, "pairs")) {
    return(list(domain = domain, comparison = "pairs", mirror = TRUE))
  }
  sides <- lapply(as.list(compare), as.character)
  if (length(sides) != 2 || any(lengths(sides) == 0) || length(intersect(sides[[1]], sides[[2]])) > 0) {
    stopArgument(
      "compare", paste("must be \"rest\", \"pairs\" or two different (groups of) domains, not", describe(compare)),
      "Give for instance c(\"1\", \"2\") or list(c(\"1\", \"2\"), \"3\")."
    )
  }
  for (one in unlist(sides)) gateKnown(one, levels(domain), "compare", "domains")
  names <- vapply(sides, paste, "", collapse = "+")
  side <- ifelse(domain %in% sides[[1]], names[[1]], ifelse(domain %in% sides[[2]], names[[2]], NA))
  list(domain = factor(side, names), comparison = "pairs", mirror = FALSE)
}

# The domains that are too small to be tested.
gateDomainSizes <- function(domain) {
  small <- which(tabulate(domain, nlevels(domain)) < leastSpots)
  if (length(small) > 0) {
    tell("Domains of fewer than ", leastSpots, " spots are not tested: ", quoted(levels(domain)[small]), ".")
  }
  small
}

gateWholeCounts <- function(counts) {
  parts <- sum(counts@x != trunc(counts@x))
  if (parts > 0) {
    stopArgument(
      "x", sprintf("has %d values that are not whole numbers, and count splitting divides molecules", parts),
      "Give raw counts, or correct = \"none\"."
    )
  }
}

# The result of domainMarkers(), or rows of it.
gateMarkers <- function(markers) {
  columns <- c("gene", "domain", "logFC", "auc", "pct_in", "pct_out", "statistic", "p_value", "fdr", "against")
  if (!is.data.frame(markers) || !all(columns %in% names(markers))) {
    stopArgument("markers", paste("must be the result of domainMarkers(), not", describe(markers)))
  }
  markers
}

# Expression to draw, genes x spots, dense: a few genes.
gateExpression <- function(features, spots) {
  if (!isMatrix(features) || ncol(features) != spots || nrow(features) == 0) {
    stopArgument(
      "features", sprintf("must be a numeric matrix, genes x %d spots, not %s", spots, describe(features)),
      "For objects give the names of genes."
    )
  }
  features <- as.matrix(features)
  if (!is.numeric(features)) stopArgument("features", sprintf("must be numbers, not %s", typeof(features)))
  rownames(features) <- make.unique(if (is.null(rownames(features))) {
    paste0("gene", seq_len(nrow(features)))
  } else {
    rownames(features)
  })
  features
}

# Spatial tests ----------------------------------------------------------------------------------------------------

# The places and slices of the spots, given or those of the fit, where a test of markers asks for them.
gateMarkerPlaces <- function(input, coords, settings) {
  if (!settings$spatial || settings$test == "pseudobulk") {
    return(input)
  }
  if (is.null(coords) && is.null(input$fit)) {
    stopArgument(
      "coords", "is missing, and `spatial` is TRUE",
      "Give the places of the spots, the `fit` that knows them, or spatial = FALSE."
    )
  }
  if (is.null(coords)) coords <- unname(input$fit$coords)
  if (is.list(coords) && !is.data.frame(coords)) coords <- unname(do.call(rbind, lapply(unname(coords), twoColumns)))
  if (is.null(input$slice)) input$slice <- input$fit$slice
  input$coords <- gateCoords(coords, colnames(input$counts))
  gateSliceSizes(input$slice, Matrix::colSums(input$counts) > 0)
  gatePlaces(input$coords, input$slice)
  input
}

# A labelled source ---------------------------------------------------------------------------------------------------

# Counts, label, data set and place of the cells of one source or a list of several, over the genes they share.
gateSource <- function(source, labels, coords, slice) {
  if (missing(source)) stopArgument("source", "is missing", "Give counts of labelled cells, or an object with them.")
  if (missing(labels)) stopArgument("labels", "is missing", "Give the label of each cell of the source.")
  if (!is.list(source) || is.data.frame(source)) {
    return(oneSource(source, labels, coords, slice))
  }
  if (length(source) == 0) stopArgument("source", "is an empty list", "Give at least one labelled source.")
  several <- function(value, argument) {
    if (is.null(value) || isString(value)) {
      return(rep(list(value), length(source)))
    }
    if (!is.list(value) || is.data.frame(value) || length(value) != length(source)) {
      stopArgument(argument, sprintf("must be a list with an element for each of the %d sources", length(source)))
    }
    # By name where both have names.
    if (!is.null(names(value)) && setequal(names(value), names(source))) value[names(source)] else value
  }
  joinSources(Map(
    oneSource, source, several(labels, "labels"), several(coords, "sourceCoords"), several(slice, "sourceSlice")
  ))
}

oneSource <- function(source, labels, coords, slice) {
  found <- sourceParts(source, labels, coords, slice)
  if (!methods::is(found$counts, "Matrix") && !is.matrix(found$counts) && !methods::is(found$counts, "DelayedMatrix")) {
    stopArgument(
      "source", paste("must be a matrix of counts or an object, not", describe(source)),
      "Give counts, genes x cells, a Seurat or a SingleCellExperiment object, or a list of these."
    )
  }
  counts <- tryCatch(gateCounts(found$counts), starscape_error_argument = function(error) {
    stopArgument("source", "cannot be read as counts", conditionMessage(error))
  })
  gateGeneNames(rownames(counts), "source")
  labels <- perSpot(found$labels, colnames(counts), "labels")
  if (!is.atomic(labels) || length(labels) != ncol(counts)) {
    stopArgument(
      "labels",
      sprintf("must have one value for each of the %d cells of the source, not %s", ncol(counts), describe(labels))
    )
  }
  slice <- gateSlice(perSpot(found$slice, colnames(counts), "sourceSlice"), ncol(counts), "sourceSlice")
  coords <- gateSourceCoords(found$coords, counts, slice)
  slice <- if (is.null(slice)) rep("1", ncol(counts)) else as.character(slice)
  list(counts = counts, labels = replace(as.character(labels), is.na(labels), NA), coords = coords, slice = slice)
}

# Cells that have no names of their own are matched by position.
gateSourceCoords <- function(coords, counts, slice) {
  if (is.null(coords)) {
    return(NULL)
  }
  cells <- colnames(counts)
  if (is.null(cells) || anyDuplicated(cells) > 0) {
    cells <- paste0("cell", seq_len(ncol(counts)))
    rownames(coords) <- NULL
  }
  coords <- gateCoords(coords, cells, "sourceCoords")
  gatePlaces(coords, slice, "sourceCoords")
  coords
}

gateGeneNames <- function(genes, argument) {
  if (is.null(genes)) {
    other <- if (argument == "x") "source" else "x"
    stopArgument(argument, "has no row names", sprintf("Name its genes as those of `%s`.", other))
  }
  if (anyNA(genes) || !all(nzchar(genes))) stopArgument(argument, "has genes without a name", "Name all of them.")
  if (anyDuplicated(genes) > 0) stopArgument(argument, "has gene names that occur more than once", "Make them unique.")
}

# The genes that target and source share, in the target's order.
gateSharedGenes <- function(genes, known) {
  gateGeneNames(genes, "x")
  shared <- intersect(genes, known)
  if (length(shared) < min(leastShared, length(genes), length(known))) {
    stopArgument(
      "source",
      sprintf("shares only %d genes with `x` (%d and %d genes)", length(shared), length(known), length(genes)),
      sprintf("Give a source with at least %d genes of the same names.", leastShared)
    )
  }
  if (length(shared) < max(length(genes), length(known))) {
    tell(
      length(shared), " genes are shared by `x` (", length(genes), ") and `source` (", length(known), "). ",
      "The others are left out."
    )
  }
  shared
}

# The source's cells as the core takes them: the target's genes, cells with counts, labels and data sets as numbers.
gateSourceCells <- function(known, genes) {
  counts <- known$counts[genes, , drop = FALSE]
  used <- Matrix::colSums(counts) > 0
  if (!any(used)) stopArgument("source", "has no counts in the genes it shares with `x`")
  if (!all(used)) tell(sum(!used), " cells of the source have no counts in the shared genes. They are left out.")
  labels <- known$labels[used]
  levels <- sort(unique(labels[!is.na(labels)]), method = "radix")
  if (length(levels) < 2) {
    stopArgument(
      "labels",
      sprintf("must name at least two different labels, not %s", if (length(levels) == 0) "none" else quoted(levels)),
      "Without labels, use runStarscape()."
    )
  }
  slice <- factor(known$slice[used], levels = unique(known$slice[used]))
  single <- tapply(labels, slice, function(own) length(unique(own[!is.na(own)])) == 1)
  if (nlevels(slice) > 1 && any(single)) {
    tell(
      sum(single), " data sets of the source have cells of one label only. Each is standardised on its own, which ",
      "takes off what such a label differs by."
    )
  }
  list(
    counts = counts[, used, drop = FALSE],
    coords = if (!is.null(known$coords)) unname(known$coords[used, , drop = FALSE]),
    label = ifelse(is.na(labels), 0L, match(labels, levels)), levels = levels, slice = as.integer(slice) - 1L
  )
}

# Dimensions of an embedding have no loadings that could be borrowed, and need places of all cells.
gateCommonEmbedding <- function(settings, known) {
  if (settings$embedding == "factors") {
    return(invisible())
  }
  if (!is.null(settings$lambda)) {
    stopArgument("lambda", "is given, and embedding \"starscape\" has no loadings", "Use embedding = \"factors\".")
  }
  if (settings$nFactors < 2) {
    stopArgument("nFactors", "is 1, and embedding \"starscape\" has two dimensions or more")
  }
  if (is.null(known$coords)) {
    stopArgument("sourceCoords", "is missing, and embedding \"starscape\" needs it", "Use embedding = \"factors\".")
  }
}

gateFactors <- function(settings, target, known) {
  most <- min(settings$nFeatures, nrow(target$counts), ncol(target$counts) - 1, ncol(known$counts) - 1)
  if (settings$nFactors > most) {
    stopArgument(
      "nFactors", sprintf(
        "is %d, too many for %d genes, %d spots and %d cells of the source", settings$nFactors,
        min(settings$nFeatures, nrow(target$counts)), ncol(target$counts), ncol(known$counts)
      ), sprintf("Give at most %d.", max(most, 1))
    )
  }
}

# A fit of runTransST(), or an object that has one.
gateTransst <- function(x) {
  fit <- objectResult(x, "transst")
  if (!inherits(fit, "transst_fit")) {
    stopArgument(
      "x", "is not a fit of runTransST() and has none",
      "Run runTransST() first; for the dimensions of runStarscape(), give counts as `x` and the fit as `fit`."
    )
  }
  if (is.null(fit$loadings)) {
    stopArgument("x", "was fitted with embedding \"starscape\", which has no loadings", "Use embedding = \"factors\".")
  }
  fit
}

# Factors to draw, by default the first six.
gateFactorNumbers <- function(factors, count) {
  if (is.null(factors)) {
    return(seq_len(min(6, count)))
  }
  if (!is.numeric(factors) || length(factors) == 0 || anyNA(factors) || any(!factors %in% seq_len(count))) {
    stopArgument("factors", sprintf("must be numbers of factors from 1 to %d, not %s", count, describe(factors)))
  }
  unique(factors)
}

# Draws of the bootstrap behind intervals that can be left out.
gateOptionalDraws <- function(draws) {
  draws <- wholeNumber(0, 1e6)(draws, "draws")
  if (draws == 1) stopArgument("draws", "is 1, and one draw has no spread", "Give 0 for no intervals, or 2 or more.")
  draws
}

# Which reduction the genes are wanted for.
factorReduction <- function(reduction, transst) {
  if (is.null(reduction)) {
    return(if (transst) "transst" else "starscape")
  }
  oneOf(c("transst", "starscape"))(reduction, "reduction")
}
