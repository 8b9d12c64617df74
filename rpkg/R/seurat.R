# Seurat objects, versions 4 and 5.

#' @exportS3Method
#' @noRd
objectPackage.Seurat <- function(x) "SeuratObject"

#' @exportS3Method
#' @noRd
objectCounts.Seurat <- function(x, assay = NULL, layer = NULL) {
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

# A fit may speak of some of the cells: a sketch, or those of another assay.
#' @exportS3Method
#' @noRd
fittedCounts.Seurat <- function(x, counts, fit) {
  known <- colnames(counts) %in% rownames(fit$embedding)
  # Where none is known, what is given is another object's, and is refused where it is matched.
  if (all(known) || !any(known)) {
    return(counts)
  }
  tell(sum(!known), " cells of `x` are not in its fit. They are left out.")
  counts[, known, drop = FALSE]
}

#' @exportS3Method
#' @noRd
objectMetadata.Seurat <- function(x, spots = NULL) if (is.null(spots)) x[[]] else x[[]][spots, , drop = FALSE]

#' @exportS3Method
#' @noRd
objectPlaces.Seurat <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE, drawn = FALSE) {
  found <- unlessUnknown(seuratPlaces(x, spots, coords, slice, image, drawn), needed || !is.null(coords))
  unknown <- is.null(found) || (!needed && !is.null(found$spots))
  if (unknown) list(coords = NULL, slice = givenColumn(slice, objectMetadata(x, spots), "slice")) else found
}

#' @exportS3Method
#' @noRd
objectResult.Seurat <- function(x, name) SeuratObject::Misc(x, name)

#' @exportS3Method
#' @noRd
objectReductions.Seurat <- function(x) SeuratObject::Reductions(x)

#' @exportS3Method
#' @noRd
reservedNames.Seurat <- function(x) c("spatial", SeuratObject::Assays(x))

# Of the cells that its reduction holds: those of the assay or the images it was made from.
#' @exportS3Method
#' @noRd
objectFit.Seurat <- function(x, name = "starscape", needed = TRUE) {
  if (!needed && !hasFit(x, name)) {
    return(NULL)
  }
  fit <- storedFit(x, name = name)
  if (!name %in% SeuratObject::Reductions(x)) {
    if (!all(colnames(x) %in% rownames(fit$embedding))) {
      stopArgument(
        "x", sprintf("has lost the reduction \"%s\", by which a fit knows cells under new names", name),
        "Run runStarscape() again."
      )
    }
    fit <- subsetFit(fit, colnames(x))
    fit$storedNames <- colnames(x)
    return(fit)
  }
  embedding <- fittedRows(SeuratObject::Embeddings(x, name), fit, colnames(x))
  # Version 5 leaves the old names as names of the new ones.
  fitOfReduction(fit, embedding, unname(rownames(embedding)))
}

#' @exportS3Method
#' @noRd
objectGene.Seurat <- function(x, gene, spots, assay = NULL, layer = NULL, argument = "domain") {
  gateGene(gene, rownames(seuratAssay(x, assay)), x, argument)
  values <- if (!is.null(layer)) {
    objectCounts(x, assay, layer)
  } else {
    tryCatch(objectCounts(x, assay, "data"), starscape_error_argument = function(cnd) objectCounts(x, assay, "counts"))
  }
  # Layers may not have all genes of the assay.
  gateKnown(gene, rownames(values), argument, "a gene of all layers")
  # An assay may hold some of the cells.
  geneOf(values, gene, match(spots, colnames(values)))
}

#' @exportS3Method
#' @noRd
storeResult.Seurat <- function(x, name, result, columns = NULL, reduction = NULL, assay = NULL) {
  odd <- names(columns) != make.names(names(columns))
  if (any(odd)) {
    stopArgument(
      "name", sprintf("is \"%s\", which Seurat takes for no name of a column", names(columns)[odd][[1]]),
      sprintf("Give for instance \"%s\".", make.names(names(columns)[odd][[1]]))
    )
  }
  if (!is.null(reduction)) x[[name]] <- seuratReduction(x, name, reduction, assay)
  if (!is.null(columns)) x <- SeuratObject::AddMetaData(x, rowsOfCells(columns, colnames(x)))
  # Misc<- would strip the class of the fit.
  x@misc[[name]] <- result
  x
}

#' @exportS3Method
#' @noRd
storeExpression.Seurat <- function(x, imputed) {
  explained <- attr(imputed, "explained")
  attr(imputed, "explained") <- NULL
  if ("imputed" %in% SeuratObject::Assays(x) && !"explained" %in% names(x[["imputed"]][[]])) tellImputed()
  holder <- SeuratObject::CreateAssayObject(data = imputed, check.matrix = FALSE)
  holder <- SeuratObject::AddMetaData(holder, unname(explained), "explained")
  SeuratObject::Key(holder) <- "imputed_"
  # Version 5 looks for counts to add up and warns that there are none.
  suppressWarnings(x[["imputed"]] <- holder)
  x
}

#' @exportS3Method
#' @noRd
storeProportions.Seurat <- function(x, proportions, earlier) {
  if ("proportions" %in% SeuratObject::Assays(x) && !earlier) tellProportions()
  # An assay has all cells of the object, and names without underscores.
  types <- gsub("_", "-", rownames(proportions))
  all <- matrix(NA_real_, nrow(proportions), ncol(x), dimnames = list(types, colnames(x)))
  all[, colnames(proportions)] <- proportions
  holder <- SeuratObject::CreateAssayObject(data = all, check.matrix = FALSE)
  SeuratObject::Key(holder) <- "proportions_"
  suppressWarnings(x[["proportions"]] <- holder)
  x
}

seuratReduction <- function(x, name, reduction, assay) {
  embedding <- reduction$embedding
  if (utils::packageVersion("SeuratObject") < "5") {
    embedding <- rowsOfCells(embedding, colnames(x))
    if (name != "transst" && anyNA(embedding[, 1])) {
      tell("The reduction \"", name, "\" is NA for spots without counts or places, which RunUMAP() and ",
           "FindNeighbors() do not take. Leave these spots out with subset() first.")
    }
  } else if (name != "transst") {
    # It need not hold all cells; what has no values would stop RunUMAP() and others.
    embedding <- embedding[!is.na(embedding[, 1]), , drop = FALSE]
  }
  SeuratObject::CreateDimReducObject(
    embeddings = embedding, loadings = reduction$loadings, key = reduction$key,
    assay = if (is.null(assay)) SeuratObject::DefaultAssay(x) else assay
  )
}

# A matrix or a table with a row for every cell, NA for those that have none.
rowsOfCells <- function(table, cells) {
  if (identical(rownames(table), cells)) {
    return(table)
  }
  table <- table[match(cells, rownames(table)), , drop = FALSE]
  rownames(table) <- cells
  table
}

# What a reduction holds of the spots of a fit. In version 5 spots without counts are not in it; before, other cells
# are, without values. Cells that all have other names now are told from these by their number alone.
fittedRows <- function(embedding, fit, cells) {
  used <- usedSpots(fit)
  known <- rownames(fit$embedding)
  absent <- setdiff(intersect(cells, known[!used]), rownames(embedding))
  if (length(absent) > 0) {
    blank <- matrix(NA_real_, length(absent), ncol(embedding), dimnames = list(absent, NULL))
    embedding <- rbind(embedding, blank)
    embedding <- embedding[order(match(rownames(embedding), cells)), , drop = FALSE]
  }
  blank <- is.na(embedding[, 1])
  named <- rownames(embedding) %in% known
  other <- which(blank & !named)
  if (!any(named)) other <- other[-seq_len(min(sum(!used), length(other)))]
  if (length(other) > 0) embedding[-other, , drop = FALSE] else embedding
}

seuratPlaces <- function(x, spots, coords, slice, image, drawn) {
  metadata <- objectMetadata(x, spots)
  if (!is.null(image)) image <- gateNamed(image, SeuratObject::Images(x), "image", "images")
  if (!is.null(image) && !is.null(coords)) tell("`image` is not used, as `coords` says where the spots are.")
  found <- if (is.null(coords)) imagePlaces(x, spots, image, drawn)
  coords <- if (!is.null(coords)) {
    givenCoords(coords, metadata)
  } else if (!is.null(found)) {
    found$coords
  } else {
    knownCoords(metadata, drawn = drawn)
  }
  if (is.null(coords)) coords <- reductionPlaces(x, spots, drawn)
  if (is.null(coords)) {
    none <- if (length(SeuratObject::Images(x)) > 0) "no image of `x` shows its cells" else "`x` has no image"
    stopPlaces(
      metadata, paste("is missing, and", none),
      "Give a matrix of places, or the names of two columns of the cell metadata."
    )
  }
  if (!is.null(found$spots)) metadata <- objectMetadata(x, found$spots)
  slice <- if (is.null(slice)) found$slice else givenColumn(slice, metadata, "slice")
  list(coords = coords, slice = slice, spots = found$spots)
}

# Places that readers of other formats keep as a reduction, of which Seurat asks that its columns have numbers.
reductionPlaces <- function(x, spots, drawn) {
  places <- if ("spatial" %in% SeuratObject::Reductions(x)) SeuratObject::Embeddings(x, "spatial")
  if (is.null(places) || ncol(places) < 2 || !all(spots %in% rownames(places))) {
    return(NULL)
  }
  if (!drawn) tell("Places are the reduction \"spatial\".")
  unname(places[spots, , drop = FALSE])
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
  twice <- sum(duplicated(colnames(joined)))
  if (twice > 0) {
    stopArgument("layer", sprintf("is in parts that have %d cells in common", twice), "Name one of the layers.")
  }
  joined[, intersect(cells, colnames(joined)), drop = FALSE]
}

# Places of the spots from the images of an object, and the image of each where there are several; `spots` where these
# are some of them. NULL without images of the spots.
imagePlaces <- function(x, spots, image, drawn) {
  images <- if (is.null(image)) SeuratObject::Images(x) else image
  places <- lapply(stats::setNames(images, images), function(name) imageCoords(x[[name]], drawn))
  places <- distinctImages(places, spots)
  images <- names(places)
  if (length(images) == 0) {
    if (!is.null(image)) stopArgument("image", paste("shows none of the cells:", quoted(image)), "Name another one.")
    return(NULL)
  }
  source <- rep(images, vapply(places, nrow, 0L))
  places <- do.call(rbind, unname(places))
  rows <- match(spots, rownames(places))
  on <- !is.na(rows)
  list(
    coords = places[rows[on], , drop = FALSE], slice = if (length(images) > 1) source[rows[on]],
    spots = if (!all(on)) spots[on]
  )
}

# The images that are slices: one that shows only cells which others show, such as a crop, or none of the cells, such as
# that of another resolution, is none. The image with most cells comes first, of equal ones the first.
distinctImages <- function(places, spots) {
  shown <- lapply(places, function(own) intersect(rownames(own), spots))
  other <- names(places)[lengths(shown) == 0]
  covered <- character()
  again <- character()
  for (name in setdiff(names(places)[order(-lengths(shown))], other)) {
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
  if (length(other) > 0) tell("Images that show none of the cells are not used: ", quoted(other), ".")
  places[setdiff(names(places), c(again, other))]
}

# Places on one image, x to the right and y down, with the names of the cells.
imageCoords <- function(image, drawn) {
  if (inherits(image, "VisiumV1")) {
    table <- methods::slot(image, "coordinates")
    places <- knownCoords(table, drawn = drawn, told = FALSE)
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
