# Lists of slices: joined for one fit, and taken apart again.

#' @rdname runStarscape
#' @export
runStarscape.list <- function(x, coords = NULL, ..., assay = NULL, layer = "counts", image = NULL) {
  x <- gateSlices(x)
  slices <- Map(sliceInput, x, gatePlacesOf(coords, x), list(assay), list(layer), list(image))
  joined <- joinSlices(slices)
  fit <- runStarscape.default(joined$counts, coords = joined$coords, slice = joined$slice, ...)
  if (isMatrix(x[[1]])) {
    return(fit)
  }
  fit$joint <- rlang::hash(fit$embedding)
  rows <- split(seq_along(joined$from), joined$from)
  Map(function(object, rows, slice) storeFit(object, fitPart(fit, rows, colnames(slice$counts))), x, rows, slices)
}

#' @rdname findDomains
#' @export
findDomains.list <- function(x, ...) {
  joined <- joinedFit(x)
  domains <- findDomains.starscape_fit(joined$fit, ...)
  parts <- lapply(split(seq_along(joined$from), joined$from), function(rows) {
    part <- domains[rows, ]
    rownames(part) <- joined$spots[rows]
    attr(part, "choice") <- attr(domains, "choice")
    part
  })
  Map(storeDomains, x, unname(parts))
}

# Counts, places and, for a slice that has slices itself, which of them each spot is on.
sliceInput <- function(x, coords, assay, layer, image) {
  sceAssay <- if (is.null(assay)) "counts" else assay
  input <- if (methods::is(x, "Seurat")) {
    seuratInput(x, coords, NULL, assay, layer, image)
  } else if (methods::is(x, "SpatialExperiment")) {
    spatialInput(x, coords, NULL, sceAssay)
  } else if (methods::is(x, "SingleCellExperiment")) {
    sceInput(x, coords, NULL, sceAssay)
  } else {
    list(counts = x, coords = coords)
  }
  input$counts <- gateNames(asCounts(input$counts))
  input$coords <- gateCoords(input$coords, colnames(input$counts))
  input
}

# One matrix over the genes that all slices have.
joinSlices <- function(slices) {
  genes <- lapply(slices, function(slice) rownames(slice$counts))
  shared <- Reduce(intersect, genes)
  gateShared(length(shared), genes)
  sizes <- vapply(slices, function(slice) ncol(slice$counts), 0L)
  from <- rep(seq_along(slices), sizes)
  spots <- unlist(lapply(slices, function(slice) colnames(slice$counts)), use.names = FALSE)
  counts <- do.call(cbind, lapply(unname(slices), function(slice) slice$counts[shared, , drop = FALSE]))
  coords <- do.call(rbind, lapply(unname(slices), `[[`, "coords"))
  colnames(counts) <- rownames(coords) <- if (anyDuplicated(spots) > 0) spotsBySlice(spots, names(slices)[from]) else spots
  list(counts = counts, coords = coords, slice = sliceFactor(slices, sizes), from = from)
}

spotsBySlice <- function(spots, slice) {
  tell("Spots of different slices have the same names. In the joint fit they are called slice_name.")
  make.unique(paste0(slice, "_", spots))
}

sliceFactor <- function(slices, sizes) {
  names <- Map(function(slice, name, size) {
    if (is.null(slice$slice)) rep(name, size) else paste0(name, "_", slice$slice)
  }, slices, names(slices), sizes)
  names <- unlist(names, use.names = FALSE)
  factor(names, levels = unique(names))
}

# The rows of a joint fit that belong to one object, under the object's own names.
fitPart <- function(fit, rows, spots) {
  part <- subsetFit(fit, rownames(fit$embedding)[rows])
  for (field in c("embedding", "prior", "priorExtra", "scores", "coords")) rownames(part[[field]]) <- spots
  dimnames(part$graph) <- list(spots, spots)
  part
}

# The parts that objects hold, as one fit.
joinedFit <- function(x) {
  x <- gateSlices(x)
  parts <- lapply(x, objectFit)
  marks <- vapply(parts, function(part) if (is.null(part$joint)) "" else part$joint, "")
  if (any(marks == "") || length(unique(marks)) > 1) {
    stopArgument("x", "holds objects that were not fitted together", "Run runStarscape() on the list first.")
  }
  spots <- unlist(lapply(parts, function(part) rownames(part$embedding)), use.names = FALSE)
  from <- rep(seq_along(parts), vapply(parts, function(part) nrow(part$embedding), 0L))
  fit <- parts[[1]]
  joint <- if (anyDuplicated(spots) > 0) make.unique(paste0(names(x)[from], "_", spots)) else spots
  for (field in c("embedding", "prior", "priorExtra", "scores", "coords")) {
    fit[[field]] <- do.call(rbind, lapply(unname(parts), `[[`, field))
    rownames(fit[[field]]) <- joint
  }
  fit$graph <- Matrix::bdiag(lapply(unname(parts), `[[`, "graph"))
  dimnames(fit$graph) <- list(joint, joint)
  slice <- unlist(lapply(unname(parts), function(part) as.character(part$slice)))
  fit$slice <- if (length(slice) > 0) factor(slice, levels = unique(slice))
  list(fit = fit, from = from, spots = spots)
}

objectFit <- function(x) if (methods::is(x, "Seurat")) seuratFit(x) else sceFit(x)

storeFit <- function(x, fit) if (methods::is(x, "Seurat")) seuratStoreFit(x, fit, NULL) else sceStoreFit(x, fit)

storeDomains <- function(x, domains) {
  if (methods::is(x, "Seurat")) seuratStoreDomains(x, domains) else sceStoreDomains(x, domains)
}
