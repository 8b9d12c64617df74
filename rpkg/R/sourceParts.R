# What a labelled source holds, whatever its class: counts, labels, places and slices of its cells.

sourceParts <- function(source, labels, coords) {
  if (methods::is(source, "Seurat")) {
    seuratSource(source, labels, coords)
  } else if (methods::is(source, "SummarizedExperiment")) {
    sceSource(source, labels, coords)
  } else {
    list(counts = source, labels = labels, coords = coords)
  }
}

seuratSource <- function(source, labels, coords) {
  needPackage("SeuratObject", "source")
  counts <- seuratCounts(source, NULL, "counts")
  metadata <- source[[]][colnames(counts), , drop = FALSE]
  found <- if (is.null(coords)) imagePlaces(source, colnames(counts), NULL)
  places <- if (!is.null(coords)) givenCoords(coords, metadata) else found$coords
  list(counts = counts, labels = givenLabels(labels, metadata), coords = places, slice = found$slice)
}

sceSource <- function(source, labels, coords) {
  needPackage("SingleCellExperiment", "source")
  metadata <- SummarizedExperiment::colData(source)
  places <- if (!is.null(coords)) {
    givenCoords(coords, metadata)
  } else if (methods::is(source, "SpatialExperiment")) {
    spatialPlaces(source, metadata)
  } else if ("spatial" %in% SingleCellExperiment::reducedDimNames(source)) {
    unname(as.matrix(SingleCellExperiment::reducedDim(source, "spatial")))
  }
  slice <- if (length(unique(metadata$sample_id)) > 1) metadata$sample_id
  list(counts = sceCounts(source, "counts"), labels = givenLabels(labels, metadata), coords = places, slice = slice)
}

# `labels` as the user gave them: the name of a column, or one value per cell.
givenLabels <- function(labels, metadata) {
  if (isString(labels) && nrow(metadata) > 1) {
    labels <- metadata[[gateKnown(labels, names(metadata), "labels", "columns of the source's cell metadata")]]
  }
  labels
}
