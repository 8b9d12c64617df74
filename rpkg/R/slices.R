# Lists of slices: joined for one fit, and taken apart again.

# Counts, places and, for a slice that has slices itself, which of them each spot is on.
sliceInput <- function(x, coords, assay, layer, image) {
  if (isObject(x)) needObject(x)
  counts <- gateNames(asCounts(objectCounts(x, assay, layer)))
  gateOrientation(counts, coords)
  places <- placesOfSlice(x, coords, colnames(counts), image)
  c(list(counts = placedCounts(counts, places)), places)
}

placesOfSlice <- function(x, coords, spots, image) {
  places <- objectPlaces(x, spots, coords, NULL, image)
  if (is.null(places$coords)) stopArgument("coords", "is missing", "Give a list with the places of each slice.")
  places$coords <- gateCoords(places$coords, if (is.null(places$spots)) spots else places$spots)
  places
}

# The counts of each slice, of the spots of the fits that objects hold where these are given.
countsOfSlices <- function(x, assay, layer, fits = NULL) {
  Map(function(slice, fit) {
    counts <- objectCounts(slice, assay, layer)
    gateNames(asCounts(if (is.null(fit)) counts else fittedCounts(slice, counts, fit)))
  }, x, if (is.null(fits)) list(NULL) else fits)
}

# A column of the cell metadata of each object, of the spots named, one after the other; or else what was given for all.
columnOfObjects <- function(value, x, spots, argument) {
  if (!isString(value) || isMatrix(x[[1]])) {
    return(value)
  }
  columns <- Map(function(object, own) givenColumn(value, objectMetadata(object, own), argument), unname(x), spots)
  # Factors keep the order of their levels.
  if (all(vapply(columns, is.factor, NA))) do.call(c, columns) else unlist(lapply(columns, as.character))
}

joinSlices <- function(slices) {
  counts <- joinCounts(lapply(slices, `[[`, "counts"))
  coords <- joinPlaces(lapply(unname(slices), `[[`, "coords"), "coords")
  rownames(coords) <- colnames(counts)
  sizes <- vapply(slices, function(slice) ncol(slice$counts), 0L)
  list(
    counts = counts, coords = coords, slice = sliceFactor(slices, sizes), from = rep(seq_along(slices), sizes)
  )
}

# Places of several slices or sources, with a depth in all or in none.
joinPlaces <- function(places, argument) {
  if (length(unique(vapply(places, ncol, 0L))) > 1) {
    stopArgument(argument, "has a depth for some only", "Give z for all, or say with `slice` what lies on one section.")
  }
  do.call(rbind, places)
}

# One matrix over the genes that all slices have.
joinCounts <- function(counts) {
  genes <- lapply(counts, rownames)
  shared <- Reduce(intersect, genes)
  gateShared(length(shared), genes)
  gateStored(sum(vapply(counts, function(slice) as.numeric(length(slice@x)), 0)))
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
  renameSpots(subsetFit(fit, rownames(fit$embedding)[rows]), spots)
}

# The parts that objects hold, as one fit: from which object each spot is, and the names that spots have there.
joinedFit <- function(x, reduction = "starscape") joinFits(lapply(gateSlices(x), objectFit, gateReduction(reduction)))

joinFits <- function(parts) {
  marks <- vapply(parts, function(part) if (is.null(part$joint)) "" else part$joint, "")
  if (any(marks == "") || length(unique(marks)) > 1) {
    stopArgument("x", "holds objects that were not fitted together", "Run runStarscape() on the list first.")
  }
  spots <- unlist(lapply(parts, function(part) rownames(part$embedding)), use.names = FALSE)
  from <- rep(seq_along(parts), vapply(parts, function(part) nrow(part$embedding), 0L))
  fit <- parts[[1]]
  joint <- suppressMessages(jointNames(spots, names(parts)[from]), "starscape_message")
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
  listByName(coords, names(x), "coords", "slices")
}

# Slices are compared by the genes they share; `genes` are the names of each slice's genes.
gateShared <- function(shared, genes) {
  all <- length(unique(unlist(genes)))
  cause <- causeWithFirst(genes, "x")
  least <- min(leastShared, lengths(genes))
  if (shared < least) {
    stopFewShared("x", sprintf("has slices that share only %d genes of %d", shared, all), cause, "slices", least)
  }
  if (shared < all) tell(all - shared, " genes are not in every slice. They are left out.", causeText(cause))
}

stopFewShared <- function(argument, problem, cause, what, least) {
  if (!is.null(cause)) stopArgument(argument, paste0(problem, "; ", cause$seen), cause$hint)
  stopArgument(argument, problem, sprintf("Give %s with at least %d genes of the same names.", what, least))
}

leastShared <- 50
