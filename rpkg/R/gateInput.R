# Counts and slices of the spots.

# Everything the core needs of counts and places, without spots and genes that have no counts. `used` says which of
# the spots given are left, and `spots` names them all. Places may be left out where `placed` is FALSE. `depth` says
# whether a third column is one, where a fit has decided that; otherwise it may be a section.
gateInput <- function(x, coords, slice, placed = TRUE, depth = NULL) {
  counts <- readCounts(x)
  gateOrientation(counts, coords)
  if (is.null(colnames(counts)) && !is.null(spotNames(slice))) {
    tell("`slice` has names and the spots of `x` have none. It is taken in their order.")
  }
  checked <- gateTogether(
    counts = gateValues(counts), spots = gateSpots(dim(counts), dimnames(counts), coords, slice, placed, depth)
  )
  counts <- checked$counts
  dimnames(counts) <- checked$spots$names
  coords <- checked$spots$coords
  slice <- checked$spots$slice
  held <- unwrap(core_count_summary(counts))
  usedSpots <- gateEmpty(held$usedSpots, "spot", "They stay in the result as NA.")
  gateSliceSizes(slice, usedSpots)
  if (!is.null(coords)) gatePlaces(coords[usedSpots, , drop = FALSE], slice[usedSpots])
  usedGenes <- gateEmpty(held$usedGenes, "gene", "They are left out.")
  if (!all(usedSpots) || !all(usedGenes)) {
    counts <- counts[usedGenes, usedSpots, drop = FALSE]
  }
  list(counts = counts, coords = coords, slice = slice, used = usedSpots, spots = checked$spots$names[[2]])
}

# Slices and places of the spots, and the names of genes and spots, of counts of this size and these names.
gateSpots <- function(size, names, coords, slice, placed = TRUE, depth = NULL) {
  own <- NULL
  # Spots of slices that are not known cannot be told apart by them.
  known <- function() is.null(slice) || !is.null(own) || anyDuplicated(names[[2]]) == 0
  gateTogether(
    slice = own <- gateSlice(perSpotVector(slice, names[[2]], "slice"), size[[2]]),
    places = if (known()) gateSpotPlaces(size, names, coords, own, placed, depth)
  )$places
}

gateSpotPlaces <- function(size, names, coords, slice, placed, depth) {
  if (is.null(depth)) {
    sections <- sectionsByDepth(coords, slice, names[[2]])
    slice <- sections$slice
    coords <- sections$coords
  }
  renamed <- spotsOfSlices(names[[2]], coords, slice)
  names <- list(
    gateNamesOf(names[[1]], size[[1]], "gene", "row"), gateNamesOf(renamed$spots, size[[2]], "spot", "column")
  )
  coords <- renamed$coords
  if (placed || !is.null(coords)) coords <- gateCoords(coords, names[[2]], depth = depth, slice = slice)
  list(names = names, coords = coords, slice = slice)
}

gateCounts <- function(x) gateValues(readCounts(x))

readCounts <- function(x) {
  counts <- asCounts(x)
  if (any(dim(counts) == 0)) {
    stopArgument(
      "x", sprintf("has %d genes and %d spots", nrow(counts), ncol(counts)), "Give genes as rows, spots as columns."
    )
  }
  counts
}

# Counts that can be used, without stored zeros.
gateValues <- function(counts) {
  # Looked at by the core: each comparison in R would make a vector as long as the counts.
  found <- unwrap(core_count_summary(counts))
  if (found$notFinite > 0) {
    stopArgument(
      "x", sprintf("has %.0f values that are NA, NaN or infinite", found$notFinite),
      "Give raw counts; remove or repair these values first."
    )
  }
  if (found$negative > 0) {
    stopArgument(
      "x", sprintf("has %.0f negative values, the smallest %s", found$negative, format(found$smallest)),
      "Give raw counts, not scaled or centred values."
    )
  }
  if (length(counts@x) > 0 && max(counts@x) > largestCount) {
    stopArgument(
      "x", sprintf("has %d values beyond %g, which count nothing", sum(counts@x > largestCount), largestCount),
      "Give raw counts."
    )
  }
  if (found$parts > 0) {
    tellParts("`x`", kind = kindOfParts(counts))
  }
  # A stored zero is no count; without it all classes give the core the same bits.
  if (found$zeros > 0) Matrix::drop0(counts) else counts
}

# `also` is what comes of it, `kind` what the values look like.
tellParts <- function(sides, also = "", kind = NULL) {
  tell(
    paste(sides, collapse = " and "), if (length(sides) == 1) " has" else " have", " values that are not whole ",
    "numbers", if (!is.null(kind)) paste0(": they look ", kind), ". They are used as they are; raw counts are expected",
    also, ".", class = "starscape_message_parts"
  )
}

# What was done to counts, where it is seen in most of some spots spread over all: the values of a spot, or what they
# are logarithms of, are whole multiples of the smallest, which is a single count; NULL where it is not.
kindOfParts <- function(counts) {
  spots <- unique(round(seq(1, ncol(counts), length.out = 50)))
  values <- lapply(spots, function(spot) {
    own <- counts@x[seq_len(diff(counts@p[spot + 0:1])) + counts@p[[spot]]]
    own[own > 0]
  })
  # Spots of few values, or of one, tell nothing.
  values <- Filter(function(own) length(own) >= 5 && length(unique(own)) > 1, values)
  if (length(values) == 0) {
    return(NULL)
  }
  # Values that were kept in single precision are whole to four digits.
  whole <- function(own) all(abs(own / min(own) - round(own / min(own))) < 1e-4 * own / min(own))
  # Exponents beyond this are no logarithms of counts.
  logged <- function(own, base) max(own) < 50 && whole(base^own - 1)
  if (mean(vapply(values, whole, NA)) > 0.5) {
    "normalised"
  } else if (mean(vapply(values, function(own) logged(own, exp(1)) || logged(own, 2), NA)) > 0.5) {
    "logged"
  }
}

# Beyond this, one more is no longer told from none.
largestCount <- 1e15

gateNames <- function(counts) {
  rownames(counts) <- gateNamesOf(rownames(counts), nrow(counts), "gene", "row")
  colnames(counts) <- gateNamesOf(colnames(counts), ncol(counts), "spot", "column")
  counts
}

# Spots of different slices may have one name, as barcodes do: they are told apart by their slice. Places under the same
# names in the same order go with them.
spotsOfSlices <- function(spots, coords, slice) {
  if (is.null(slice) || anyDuplicated(spots) == 0 || anyNA(spots) || anyDuplicated(data.frame(spots, slice)) > 0) {
    return(list(spots = spots, coords = coords))
  }
  names <- spotNames(plainTable(coords), spots)
  if (!is.null(names) && all(spots %in% names)) {
    rowsOfSpots(names, spots, "coords")
    coords <- withoutNames(coords)
  }
  list(spots = jointNames(spots, slice), coords = coords)
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

# Slices as a factor with levels in order of appearance, which does not depend on the locale; NULL means one slice.
gateSlice <- function(slice, spots, argument = "slice") {
  if (is.null(slice)) {
    return(NULL)
  }
  if (!is.atomic(slice) || length(slice) != spots) {
    stopArgument(
      argument, sprintf("must have one value for each of the %d spots, not %s", spots, describe(slice)),
      sliceHints[[argument]]
    )
  }
  if (anyNA(slice)) stopArgument(argument, sprintf("is NA for %d spots", sum(is.na(slice))), sliceHints[[argument]])
  if (is.factor(slice)) droplevels(slice) else asFactor(slice, unique(slice))
}

# What is to be given per spot, or in its stead.
sliceHints <- c(
  slice = "Say of every spot which slice it lies on.",
  sourceSlice = "Say of every cell of the source which section or data set it is from.",
  batch = "Say of every spot which batch it is from, or give FALSE for one batch, or NULL for the slices.",
  sample = "Say of every spot which sample it is from.",
  group = "Say of every spot which group it belongs to, or of every sample in a vector named by sample."
)

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
