# What a labelled source holds, whatever its class: counts, labels, places and slices of its cells.

sourceParts <- function(source, labels, coords, slice) {
  if (methods::is(source, "Seurat")) {
    seuratSource(source, labels, coords, slice)
  } else if (methods::is(source, "SummarizedExperiment")) {
    sceSource(source, labels, coords, slice)
  } else {
    list(counts = source, labels = labels, coords = coords, slice = slice)
  }
}

seuratSource <- function(source, labels, coords, slice) {
  needPackage("SeuratObject", "source")
  counts <- seuratCounts(source, NULL, "counts")
  metadata <- source[[]][colnames(counts), , drop = FALSE]
  # Single cells have no places.
  found <- unlessUnknown(seuratPlaces(source, colnames(counts), coords, slice, NULL), !is.null(coords))
  slice <- if (is.null(found)) givenColumn(slice, metadata, "slice") else found$slice
  list(counts = counts, labels = givenColumn(labels, metadata, "labels"), coords = found$coords, slice = slice)
}

sceSource <- function(source, labels, coords, slice) {
  needPackage("SingleCellExperiment", "source")
  metadata <- SummarizedExperiment::colData(source)
  places <- if (!is.null(coords)) {
    givenCoords(coords, metadata)
  } else {
    find <- if (methods::is(source, "SpatialExperiment")) spatialPlaces else sceCoords
    # Single cells have no places.
    if (methods::is(source, "SingleCellExperiment")) unlessUnknown(find(source, metadata), FALSE)
  }
  slice <- if (!is.null(slice)) {
    givenColumn(slice, metadata, "slice")
  } else if (length(unique(metadata$sample_id)) > 1) {
    metadata$sample_id
  }
  labels <- givenColumn(labels, metadata, "labels")
  list(counts = sceCounts(source, "counts"), labels = labels, coords = places, slice = slice)
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
