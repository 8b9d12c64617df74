# Seurat objects, versions 4 and 5: what the methods unpack and store.

#' @rdname runStarscape
#' @param assay Assay with the counts. For `Seurat` its name, `NULL` for the default assay; otherwise its name in
#'   `assayNames(x)`.
#' @param layer Layer (in version 4: slot) with the raw counts. Split layers, such as `counts.1` and `counts.2`, are
#'   joined over the genes they share.
#' @param image Names of the images (fields of view) with the places of the spots; `NULL` for all.
#' @export
runStarscape.Seurat <- function(x, coords = NULL, slice = NULL, assay = NULL, layer = "counts", image = NULL,
                                batch = NULL, ...) {
  input <- seuratInput(x, coords, slice, assay, layer, image)
  batch <- givenColumn(batch, x[[]][colnames(input$counts), , drop = FALSE], "batch")
  fit <- runStarscape.default(input$counts, coords = input$coords, slice = input$slice, batch = batch, ...)
  seuratStoreFit(x, fit, assay)
}

#' @rdname findDomains
#' @export
findDomains.Seurat <- function(x, ..., name = "domain") {
  needPackage("SeuratObject")
  name <- gateColumnName(name)
  seuratStoreDomains(x, findDomains.starscape_fit(seuratFit(x), ...), name)
}

seuratStoreDomains <- function(x, domains, name) {
  columns <- domainColumns(domains, name)
  tellReplaced(names(columns), names(x[[]]), x@misc$starscape$domains)
  x <- SeuratObject::AddMetaData(x, columns)
  x@misc$starscape$domains <- domainRecord(domains, name, x@misc$starscape$domains)
  x
}

#' @rdname alignSlices
#' @export
alignSlices.Seurat <- function(x, slice = NULL, reference = NULL, ...) {
  needPackage("SeuratObject")
  seuratStoreAlignment(x, alignSlices.starscape_fit(seuratFit(x), slice, reference, ...))
}

seuratStoreAlignment <- function(x, alignment) {
  columns <- data.frame(
    aligned_x = alignment$coords[, 1], aligned_y = alignment$coords[, 2], row.names = rownames(alignment$coords)
  )
  x <- SeuratObject::AddMetaData(x, columns)
  x@misc$starscape$alignment <- alignment
  x
}

seuratInput <- function(x, coords, slice, assay, layer, image) {
  needPackage("SeuratObject")
  counts <- seuratCounts(x, assay, layer)
  places <- seuratPlaces(x, colnames(counts), coords, slice, image)
  list(counts = counts, coords = places$coords, slice = places$slice)
}

#' @rdname domainPseudotime
#' @export
domainPseudotime.Seurat <- function(x, root, domain = "domain", ...) {
  needPackage("SeuratObject")
  seuratStorePseudotime(x, domainPseudotime.starscape_fit(seuratFit(x), root, givenColumn(domain, x[[]], "domain"), ...))
}

seuratStorePseudotime <- function(x, found) {
  x <- SeuratObject::AddMetaData(x, found$pseudotime, "pseudotime")
  x@misc$starscape$pseudotime <- found[c("connectivity", "root", "domains")]
  x
}

#' @rdname imputeExpression
#' @param assay,layer For objects: where the raw counts are, as in [runStarscape()].
#' @export
imputeExpression.Seurat <- function(x, features = NULL, assay = NULL, layer = "counts", ...) {
  needPackage("SeuratObject")
  seuratStoreImputed(
    x, imputeExpression.default(seuratCounts(x, assay, layer), features, fit = seuratFit(x), ...)
  )
}

seuratStoreImputed <- function(x, imputed) {
  explained <- attr(imputed, "explained")
  attr(imputed, "explained") <- NULL
  holder <- SeuratObject::CreateAssayObject(data = imputed, check.matrix = FALSE)
  holder <- SeuratObject::AddMetaData(holder, unname(explained), "explained")
  SeuratObject::Key(holder) <- "imputed_"
  # Version 5 looks for counts to add up and warns that there are none.
  suppressWarnings(x[["imputed"]] <- holder)
  x
}

#' @rdname domainMarkers
#' @param assay,layer,image For objects: where the raw counts and the places are, as in [runStarscape()].
#' @export
domainMarkers.Seurat <- function(x, domain = "domain", fit = NULL, coords = NULL, slice = NULL, spatial = TRUE,
                                 block = NULL, assay = NULL, layer = "counts", image = NULL, ...) {
  needPackage("SeuratObject")
  counts <- seuratCounts(x, assay, layer)
  metadata <- x[[]][colnames(counts), , drop = FALSE]
  domain <- givenColumn(domain, metadata, "domain")
  if (is.null(fit)) fit <- fitOfDomains(SeuratObject::Misc(x, "starscape"), SeuratObject::Misc(x, "transst"), domain)
  block <- givenColumn(block, metadata, "block")
  # The fit knows the places.
  places <- if (isTRUE(spatial) && (!inherits(fit, "starscape_fit") || !is.null(coords))) {
    seuratPlaces(x, colnames(counts), coords, slice, image)
  }
  domainMarkers.default(
    counts, domain, fit = fit, coords = places$coords, slice = places$slice, spatial = spatial, block = block, ...
  )
}

#' @rdname spatiallyVariableGenes
#' @param assay,layer,image For objects: where the raw counts and the places are, as in [runStarscape()].
#' @export
spatiallyVariableGenes.Seurat <- function(x, coords = NULL, slice = NULL, assay = NULL, layer = "counts", image = NULL,
                                          ...) {
  input <- seuratInput(x, coords, slice, assay, layer, image)
  spatiallyVariableGenes.default(input$counts, coords = input$coords, slice = input$slice, ...)
}

seuratCounts <- function(x, assay, layer) {
  if (!isString(layer)) stopArgument("layer", paste("must be the name of a layer, not", describe(layer)))
  holder <- seuratAssay(x, assay)
  if (inherits(holder, "Assay")) {
    slots <- setdiff(c("counts", "data", "scale.data"), emptySlots(holder))
    return(methods::slot(holder, gateKnown(layer, slots, "layer", "a filled layer")))
  }
  # These two came with SeuratObject 5, the only one that has assays of this kind.
  layers <- getExportedValue("SeuratObject", "Layers")(holder)
  layerData <- getExportedValue("SeuratObject", "LayerData")
  parts <- if (layer %in% layers) layer else layers[startsWith(layers, paste0(layer, "."))]
  if (length(parts) == 0) gateKnown(layer, layers, "layer", "a layer")
  joinLayers(lapply(parts, function(part) layerData(holder, layer = part)), colnames(x))
}

# Checks run before `[[`, whose S4 dispatch would wrap their errors in its own.
seuratAssay <- function(x, assay) {
  if (is.null(assay)) assay <- SeuratObject::DefaultAssay(x)
  gateKnown(assay, SeuratObject::Assays(x), "assay", "an assay")
  x[[assay]]
}

emptySlots <- function(holder) {
  Filter(function(name) length(methods::slot(holder, name)) == 0, c("counts", "data", "scale.data"))
}

# Split layers side by side, over the genes all of them have, in the order of the cells. A gene that one layer lacks was
# not measured there; filling it with zeros would make a difference between slices.
joinLayers <- function(parts, cells) {
  if (length(parts) == 1) {
    return(parts[[1]])
  }
  shared <- Reduce(intersect, lapply(parts, rownames))
  lost <- length(unique(unlist(lapply(parts, rownames)))) - length(shared)
  if (lost > 0) tell(lost, " genes are not in every layer. They are left out.")
  joined <- do.call(cbind, lapply(parts, function(part) asCounts(part[shared, , drop = FALSE])))
  joined[, intersect(cells, colnames(joined)), drop = FALSE]
}

seuratPlaces <- function(x, spots, coords, slice, image) {
  metadata <- x[[]][spots, , drop = FALSE]
  found <- if (is.null(coords)) imagePlaces(x, spots, image)
  coords <- if (!is.null(coords)) {
    givenCoords(coords, metadata)
  } else if (!is.null(found)) {
    found$coords
  } else {
    knownCoords(metadata)
  }
  if (is.null(coords)) {
    stopPlaces(
      metadata, "is missing, and `x` has no image",
      "Give a matrix of places, or the names of two columns of the cell metadata."
    )
  }
  list(coords = coords, slice = if (is.null(slice)) found$slice else givenColumn(slice, metadata, "slice"))
}

# Places of the spots from the images of an object, and the image of each where there are several; NULL without images.
imagePlaces <- function(x, spots, image) {
  images <- SeuratObject::Images(x)
  if (!is.null(image)) {
    for (name in image) gateKnown(name, images, "image", "images")
    images <- image
  }
  if (length(images) == 0) {
    return(NULL)
  }
  places <- distinctImages(lapply(stats::setNames(images, images), function(name) imageCoords(x[[name]])), spots)
  images <- names(places)
  source <- rep(images, vapply(places, nrow, 0L))
  places <- do.call(rbind, places)
  rows <- match(spots, rownames(places))
  if (anyNA(rows)) {
    stopArgument(
      "coords", sprintf("is missing for %d spots that are on no image", sum(is.na(rows))),
      "Leave these spots out with subset(), choose another `image`, or give `coords`."
    )
  }
  list(coords = places[rows, , drop = FALSE], slice = if (length(images) > 1) source[rows])
}

# The images that are slices: one that shows only cells which others show, such as a crop, is none. The image with most
# cells comes first, of equal ones the first.
distinctImages <- function(places, spots) {
  shown <- lapply(places, function(own) intersect(rownames(own), spots))
  covered <- character()
  again <- character()
  for (name in names(places)[order(-lengths(shown))]) {
    new <- setdiff(shown[[name]], covered)
    if (length(new) == 0) {
      again <- c(again, name)
    } else if (length(new) < length(shown[[name]])) {
      stopArgument(
        "image", sprintf("\"%s\" shares %d cells with other images", name, length(shown[[name]]) - length(new)),
        "Name the images whose cells are to be used, each cell on one."
      )
    }
    covered <- c(covered, new)
  }
  if (length(again) > 0) tell("Images that show cells of other images only are not used: ", quoted(again), ".")
  places[setdiff(names(places), again)]
}

# Places on one image, x to the right and y down, with the names of the cells.
imageCoords <- function(image) {
  if (inherits(image, "VisiumV1")) {
    table <- methods::slot(image, "coordinates")
    places <- arrayOrPixels(knownCoords(table), knownCoords(table, list(c("imagecol", "imagerow"))))
    return(matrix(places, ncol = 2, dimnames = list(rownames(table), c("x", "y"))))
  }
  scale <- if (inherits(image, "VisiumV2")) list(scale = NULL)
  table <- do.call(SeuratObject::GetTissueCoordinates, c(list(image), scale))
  cells <- c(intersect(c("cell", "cells"), names(table)), NA)[[1]]
  cells <- if (is.na(cells)) rownames(table) else as.character(table[[cells]])
  axes <- if (all(c("x", "y") %in% names(table))) c("x", "y") else names(table)[1:2]
  # Visium images of version 5 call the row x, unless they say that x is horizontal.
  horizontal <- methods::.hasSlot(image, "coords_x_orientation") &&
    identical(methods::slot(image, "coords_x_orientation"), "horizontal")
  if (inherits(image, "VisiumV2") && !horizontal) axes <- rev(axes)
  places <- cbind(x = table[[axes[[1]]]], y = table[[axes[[2]]]])
  if (anyDuplicated(cells) > 0) outlineCentres(places, cells) else `rownames<-`(places, cells)
}

# A segmented cell has a row for each corner of its outline, the first one twice where the outline is closed.
outlineCentres <- function(places, cells) {
  corner <- !duplicated(data.frame(cells, places))
  sums <- rowsum(places[corner, , drop = FALSE], cells[corner], reorder = FALSE)
  sums / as.vector(table(factor(cells[corner], levels = rownames(sums))))
}

seuratStoreFit <- function(x, fit, assay) {
  if (!all(usedSpots(fit))) {
    tell("The reduction \"starscape\" is NA for spots without counts, which RunUMAP() and FindNeighbors() do not take. ",
         "Leave these spots out with subset() first.")
  }
  x[["starscape"]] <- SeuratObject::CreateDimReducObject(
    embeddings = fit$embedding, loadings = fit$loadings, key = "STAR_",
    assay = if (is.null(assay)) SeuratObject::DefaultAssay(x) else assay
  )
  fit$domains <- keptColumns(x@misc$starscape)
  # Misc<- would strip the class of the fit.
  x@misc$starscape <- fit
  x
}

# The fit of the cells that its reduction holds: those of the assay it was made from, which in version 5 need not be all.
seuratFit <- function(x) {
  reduced <- "starscape" %in% SeuratObject::Reductions(x)
  cells <- if (reduced) rownames(SeuratObject::Embeddings(x, "starscape")) else colnames(x)
  subsetFit(SeuratObject::Misc(x, "starscape"), cells)
}

#' @rdname runTransST
#' @param assay,layer,image For objects: where the raw counts and places of `x` are, as in [runStarscape()].
#' @export
runTransST.Seurat <- function(x, source, labels, coords = NULL, slice = NULL, assay = NULL, layer = "counts",
                              image = NULL, ...) {
  input <- seuratInput(x, coords, slice, assay, layer, image)
  fit <- runTransST.default(input$counts, source, labels, coords = input$coords, slice = input$slice, ...)
  seuratStoreTransst(x, fit, assay)
}

seuratStoreTransst <- function(x, fit, assay) {
  x[["transst"]] <- SeuratObject::CreateDimReducObject(
    embeddings = fit$factors, loadings = if (is.null(fit$loadings)) matrix(0, 0, 0) else fit$loadings, key = "TST_",
    assay = if (is.null(assay)) SeuratObject::DefaultAssay(x) else assay
  )
  x <- SeuratObject::AddMetaData(x, transstColumns(fit))
  x@misc$transst <- fit
  x
}

#' @rdname factorMarkers
#' @param reduction `"transst"` or `"starscape"`; `NULL` takes the first of them that the object has.
#' @param assay,layer For dimensions, where the raw counts are, as in [runStarscape()].
#' @export
factorMarkers.Seurat <- function(x, reduction = NULL, features = NULL, assay = NULL, layer = "counts", ...) {
  needPackage("SeuratObject")
  if (factorReduction(reduction, !is.null(SeuratObject::Misc(x, "transst"))) == "transst") {
    return(factorMarkers.default(gateTransst(x), ...))
  }
  factorMarkers.default(seuratCounts(x, assay, layer), fit = seuratFit(x), features = features, ...)
}
