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
findDomains.list <- function(x, ..., name = "domain") {
  name <- gateColumnName(name)
  joined <- joinedFit(x)
  domains <- findDomains.starscape_fit(joined$fit, ...)
  parts <- lapply(split(seq_along(joined$from), joined$from), function(rows) {
    part <- domains[rows, ]
    rownames(part) <- joined$spots[rows]
    for (kept in c("choice", "settings", "views")) attr(part, kept) <- attr(domains, kept)
    part
  })
  Map(storeDomains, x, unname(parts), name)
}

#' @rdname alignSlices
#' @export
alignSlices.list <- function(x, slice = NULL, reference = NULL, ...) {
  alignSlices.starscape_fit(joinedFit(x)$fit, slice, reference, ...)
}

#' @rdname domainPseudotime
#' @export
domainPseudotime.list <- function(x, root, domain = "domain", ...) {
  joined <- joinedFit(x)
  if (isString(domain)) {
    domain <- unlist(lapply(unname(x), function(object) {
      as.character(givenColumn(domain, cellMetadata(object), "domain"))
    }))
  }
  found <- domainPseudotime.starscape_fit(joined$fit, root, domain, ...)
  Map(function(object, rows) {
    part <- found
    part$pseudotime <- stats::setNames(found$pseudotime[rows], joined$spots[rows])
    if (methods::is(object, "Seurat")) seuratStorePseudotime(object, part) else sceStorePseudotime(object, part)
  }, x, unname(split(seq_along(joined$from), joined$from)))
}

#' @rdname imputeExpression
#' @export
imputeExpression.list <- function(x, features = NULL, ..., fit = NULL, assay = NULL, layer = "counts") {
  x <- gateSlices(x)
  counts <- joinCounts(lapply(x, sliceCounts, assay = assay, layer = layer))
  if (isMatrix(x[[1]])) {
    return(imputeExpression.default(counts, features, fit = fit, ...))
  }
  joined <- joinedFit(x)
  imputed <- imputeExpression.default(counts, features, fit = joined$fit, ...)
  Map(function(object, rows) {
    part <- imputed[, rows, drop = FALSE]
    colnames(part) <- joined$spots[rows]
    attr(part, "explained") <- attr(imputed, "explained")
    if (methods::is(object, "Seurat")) seuratStoreImputed(object, part) else sceStoreImputed(object, part)
  }, x, unname(split(seq_along(joined$from), joined$from)))
}

#' @rdname domainMarkers
#' @export
domainMarkers.list <- function(x, domain = "domain", ..., fit = NULL, coords = NULL, slice = NULL, spatial = TRUE,
                               block = NULL, assay = NULL, layer = "counts", image = NULL) {
  x <- gateSlices(x)
  counts <- joinCounts(lapply(x, sliceCounts, assay = assay, layer = layer))
  matrices <- isMatrix(x[[1]])
  if (!matrices && is.null(fit) && !any(vapply(x, hasNoFit, NA))) fit <- joinedFit(x)$fit
  if (is.null(slice)) slice <- rep(names(x), vapply(x, ncol, 0L))
  fitted <- inherits(fit, "starscape_fit")
  if (!matrices && fitted) colnames(counts) <- rownames(fit$embedding)
  if (isTRUE(spatial) && !matrices && !fitted && is.null(coords)) {
    coords <- lapply(x, function(object) sliceInput(object, NULL, assay, layer, image)$coords)
  }
  column <- function(value, argument) {
    if (matrices || !isString(value)) value else unlist(lapply(unname(x), function(object) {
      as.character(givenColumn(value, cellMetadata(object), argument))
    }))
  }
  domainMarkers.default(
    counts, column(domain, "domain"), fit = fit, coords = coords, slice = slice, spatial = spatial,
    block = column(block, "block"), ...
  )
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

sliceCounts <- function(x, assay, layer) {
  counts <- if (methods::is(x, "Seurat")) {
    seuratCounts(x, assay, layer)
  } else if (isMatrix(x)) {
    x
  } else {
    sceCounts(x, if (is.null(assay)) "counts" else assay)
  }
  gateNames(asCounts(counts))
}

cellMetadata <- function(x) if (methods::is(x, "Seurat")) x[[]] else SummarizedExperiment::colData(x)

joinSlices <- function(slices) {
  counts <- joinCounts(lapply(slices, `[[`, "counts"))
  coords <- do.call(rbind, lapply(unname(slices), `[[`, "coords"))
  rownames(coords) <- colnames(counts)
  sizes <- vapply(slices, function(slice) ncol(slice$counts), 0L)
  list(
    counts = counts, coords = coords, slice = sliceFactor(slices, sizes), from = rep(seq_along(slices), sizes)
  )
}

# One matrix over the genes that all slices have.
joinCounts <- function(counts) {
  genes <- lapply(counts, rownames)
  shared <- Reduce(intersect, genes)
  gateShared(length(shared), genes)
  spots <- unlist(lapply(counts, colnames), use.names = FALSE)
  joined <- do.call(cbind, lapply(unname(counts), function(slice) slice[shared, , drop = FALSE]))
  colnames(joined) <- jointNames(spots, rep(names(counts), vapply(counts, ncol, 0L)))
  joined
}

# Names of spots over all slices.
jointNames <- function(spots, slice) {
  if (anyDuplicated(spots) == 0) {
    return(spots)
  }
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
  for (table in tablesOf(part)) rownames(part[[table]]) <- spots
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
  joint <- suppressMessages(jointNames(spots, names(x)[from]), "starscape_message")
  for (table in tablesOf(fit)) {
    fit[[table]] <- do.call(rbind, lapply(unname(parts), `[[`, table))
    rownames(fit[[table]]) <- joint
  }
  fit$graph <- Matrix::bdiag(lapply(unname(parts), `[[`, "graph"))
  dimnames(fit$graph) <- list(joint, joint)
  for (name in c("slice", "batch")) {
    own <- unlist(lapply(unname(parts), function(part) as.character(part[[name]])))
    fit[name] <- list(if (length(own) > 0) factor(own, levels = unique(own)))
  }
  list(fit = fit, from = from, spots = spots)
}

hasNoFit <- function(x) {
  is.null(if (methods::is(x, "Seurat")) SeuratObject::Misc(x, "starscape") else S4Vectors::metadata(x)$starscape)
}

objectFit <- function(x) if (methods::is(x, "Seurat")) seuratFit(x) else sceFit(x)

storeFit <- function(x, fit) if (methods::is(x, "Seurat")) seuratStoreFit(x, fit, NULL) else sceStoreFit(x, fit)

storeDomains <- function(x, domains, name) {
  if (methods::is(x, "Seurat")) seuratStoreDomains(x, domains, name) else sceStoreDomains(x, domains, name)
}
