# A labelled source: what it holds, whatever its class, and how the core takes it.

# Counts, label, data set and place of the cells of one source or a list of several, over the genes they share.
gateSource <- function(source, labels, coords, slice) {
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
    listByName(value, names(source), argument, "sources")
  }
  joinSources(Map(
    oneSource, source, several(labels, "labels"), several(coords, "sourceCoords"), several(slice, "sourceSlice")
  ))
}

# Checks know what the source is and has by other names.
oneSource <- function(source, labels, coords, slice) {
  underNames(
    sourceCells(source, labels, coords, slice), c(x = "source", coords = "sourceCoords", slice = "sourceSlice")
  )
}

sourceCells <- function(source, labels, coords, slice) {
  found <- sourceParts(source, labels, coords, slice)
  if (!isMatrix(found$counts)) {
    stopArgument(
      "source", paste("must be a matrix of counts or an object, not", describe(source)),
      "Give counts, genes x cells, a Seurat or a SingleCellExperiment object, or a list of these."
    )
  }
  counts <- readCounts(found$counts)
  cells <- colnames(counts)
  gateOrientation(counts, found$labels, "labels")
  gateOrientation(counts, found$coords)
  own <- NULL
  checked <- gateTogether(
    counts = gateSourceCounts(counts), labels = gateSourceLabels(found$labels, counts),
    slice = own <- gateSlice(perSpotVector(found$slice, cells, "sourceSlice"), ncol(counts), "sourceSlice"),
    coords = gateSourceCoords(found$coords, counts, own)
  )
  slice <- if (is.null(own)) rep("1", ncol(counts)) else as.character(own)
  list(counts = checked$counts, labels = checked$labels, coords = checked$coords, slice = slice)
}

gateSourceCounts <- function(counts) {
  counts <- gateValues(counts)
  gateGeneNames(rownames(counts), "source")
  counts
}

gateSourceLabels <- function(labels, counts) {
  labels <- perSpotVector(labels, colnames(counts), "labels")
  if (!is.atomic(labels) || length(labels) != ncol(counts)) {
    stopArgument(
      "labels",
      sprintf("must have one value for each of the %d cells of the source, not %s", ncol(counts), describe(labels))
    )
  }
  replace(as.character(labels), is.na(labels), NA)
}

# Cells that have no names of their own are matched by position.
gateSourceCoords <- function(coords, counts, slice) {
  if (is.null(coords)) {
    return(NULL)
  }
  cells <- colnames(counts)
  if (is.null(cells) || anyDuplicated(cells) > 0) {
    rowsOfSpots(spotNames(plainTable(coords), cells, "sourceCoords"), cells, "sourceCoords")
    cells <- paste0("cell", seq_len(ncol(counts)))
    coords <- withoutNames(coords)
  }
  coords <- gateCoords(coords, cells, "sourceCoords", slice = slice)
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
  cause <- nameCause(genes, known, c("`x`", "`source`"))
  least <- min(leastShared, length(genes), length(known))
  if (length(shared) < least) {
    stopFewShared(
      "source",
      sprintf("shares only %d genes with `x` (%d and %d genes)", length(shared), length(known), length(genes)), cause,
      "a source", least
    )
  }
  if (length(shared) < max(length(genes), length(known))) {
    tell(
      length(shared), " genes are shared by `x` (", length(genes), ") and `source` (", length(known), "). ",
      "The others are left out.", causeText(cause)
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
  levels <- gateTypes(labels)
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

# Counts, labels, places and slices of its cells.
sourceParts <- function(source, labels, coords, slice) {
  if (!isObject(source)) {
    return(list(counts = source, labels = labels, coords = coords, slice = slice))
  }
  needObject(source, "source")
  counts <- tryCatch(objectCounts(source, layer = "counts"), starscape_error_argument = function(error) {
    # Another place cannot be named for a source.
    if (!error$argument %in% c("assay", "layer")) rlang::cnd_signal(error)
    stopArgument("source", "has no raw counts under the name \"counts\"", "Give them as a matrix.")
  })
  # Single cells have no places.
  places <- objectPlaces(source, colnames(counts), coords, slice, needed = FALSE)
  labels <- givenColumn(labels, objectMetadata(source, colnames(counts)), "labels", "source")
  slice <- if (is.null(places$slice)) objectSamples(source) else places$slice
  list(counts = counts, labels = labels, coords = places$coords, slice = slice)
}

joinSources <- function(parts) {
  genes <- lapply(parts, function(part) rownames(part$counts))
  shared <- Reduce(intersect, genes)
  cause <- causeWithFirst(genes, "source")
  least <- min(leastShared, lengths(genes))
  if (length(shared) < least) {
    stopFewShared(
      "source", sprintf("is a list of %d sources that share only %d genes", length(parts), length(shared)), cause,
      "sources", least
    )
  }
  if (!is.null(cause)) tell("The sources share ", length(shared), " genes.", causeText(cause))
  placed <- !vapply(parts, function(part) is.null(part$coords), NA)
  if (any(placed) && !all(placed)) {
    tell("Only some sources have places. No factors of the source are averaged over neighbours.")
  }
  names <- paste0(seq_along(parts), ":")
  # The names of the cells may repeat each other.
  counts <- do.call(cbind, lapply(parts, function(part) part$counts[shared, , drop = FALSE]))
  dimnames(counts) <- list(shared, NULL)
  list(
    counts = counts,
    labels = unlist(lapply(parts, `[[`, "labels"), use.names = FALSE),
    coords = if (all(placed)) joinPlaces(lapply(parts, `[[`, "coords"), "sourceCoords"),
    slice = unlist(Map(function(part, name) paste0(name, part$slice), parts, names), use.names = FALSE)
  )
}
