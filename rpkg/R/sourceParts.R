# What a labelled source holds, whatever its class: counts, labels, places and slices of its cells.

sourceParts <- function(source, labels, coords, slice) {
  if (!isObject(source)) {
    return(list(counts = source, labels = labels, coords = coords, slice = slice))
  }
  needObject(source, "source")
  counts <- objectCounts(source, layer = "counts")
  # Single cells have no places.
  places <- objectPlaces(source, colnames(counts), coords, slice, needed = FALSE)
  labels <- givenColumn(labels, objectMetadata(source, colnames(counts)), "labels")
  slice <- if (is.null(places$slice)) objectSamples(source) else places$slice
  list(counts = counts, labels = labels, coords = places$coords, slice = slice)
}

joinSources <- function(parts) {
  genes <- lapply(parts, function(part) rownames(part$counts))
  shared <- Reduce(intersect, genes)
  if (length(shared) < min(leastShared, lengths(genes))) {
    stopArgument(
      "source", sprintf("is a list of %d sources that share only %d genes", length(parts), length(shared)),
      sprintf("Give sources with at least %d genes of the same names.", leastShared)
    )
  }
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
    coords = if (all(placed)) do.call(rbind, lapply(parts, `[[`, "coords")),
    slice = unlist(Map(function(part, name) paste0(name, part$slice), parts, names), use.names = FALSE)
  )
}
