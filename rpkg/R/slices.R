# Lists of slices: joined for one fit, and taken apart again.

# Counts, places and, for a slice that has slices itself, which of them each spot is on.
sliceInput <- function(x, coords, assay, layer, image) {
  input <- if (isObject(x)) objectInput(x, coords, NULL, assay, layer, image) else list(counts = x, coords = coords)
  input$counts <- gateNames(asCounts(input$counts))
  input$coords <- gateCoords(input$coords, colnames(input$counts))
  input
}

sliceCounts <- function(x, assay, layer) gateNames(asCounts(objectCounts(x, assay, layer)))

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
