# What is standardised together.

# What is standardised together, a factor, or NULL for one batch. `spots` are the names that the user knows.
gateBatch <- function(batch, input, spots) {
  if (isFALSE(batch)) {
    return(NULL)
  }
  if (is.null(batch)) {
    return(batchOfSlices(input))
  }
  batch <- gateSlice(perSpotVector(batch, spots, "batch"), length(input$used), "batch")
  sizes <- table(batch[input$used])
  if (any(sizes < 2)) {
    stopArgument(
      "batch",
      sprintf(
        "has %d batches of fewer than two spots with counts: %s", sum(sizes < 2), quoted(names(sizes)[sizes < 2], 3)
      ),
      "Join them with others, or give batch = FALSE."
    )
  }
  batch
}

# Slices are batches, unless nothing but their composition could be taken out.
batchOfSlices <- function(input) {
  slice <- input$slice
  if (nlevels(slice) < 2) {
    return(slice)
  }
  if (lieSideBySide(input$coords[input$used, , drop = FALSE], slice[input$used])) {
    tell("The slices lie side by side in one system of coordinates: they are taken for parts of one tissue, and ",
         "differences between them are kept. If they were measured apart, give `batch`.")
    return(NULL)
  }
  small <- levels(slice)[table(slice[input$used]) < fewestSpots]
  if (length(small) > 1) {
    tell(length(small), " slices have fewer than ", fewestSpots, " spots: they are standardised together.")
    joined <- factor(ifelse(slice %in% small, "small slices", as.character(slice)))
    return(if (nlevels(joined) > 1) joined)
  }
  slice
}

# Whether slices are next to each other without lying on each other, and all hang together: the boxes around them are
# apart by at most three spacings of spots and share less than a twentieth of the smaller one. A slice in one row has a
# box as wide as its spots are apart.
lieSideBySide <- function(coords, slice) {
  boxes <- vapply(split(seq_along(slice), slice, drop = TRUE), function(rows) {
    own <- coords[rows, 1:2, drop = FALSE]
    sides <- apply(own, 2, function(axis) diff(range(axis)))
    spacing <- max(sqrt(prod(sides) / length(rows)), if (any(sides == 0)) sum(sides) / length(rows))
    wide <- ifelse(sides == 0, spacing / 2, 0)
    c(range(own[, 1]) + c(-1, 1) * wide[[1]], range(own[, 2]) + c(-1, 1) * wide[[2]], spacing = spacing)
  }, c(left = 0, right = 0, top = 0, bottom = 0, spacing = 0))
  near <- 3 * stats::median(boxes["spacing", ])
  count <- ncol(boxes)
  gap <- function(low, high) outer(boxes[low, ], boxes[high, ], "-")
  apart <- pmax(gap(1, 2), t(gap(1, 2)), gap(3, 4), t(gap(3, 4)))
  shared <- function(low, high) pmax(-pmax(gap(low, high), t(gap(low, high))), 0)
  area <- (boxes[2, ] - boxes[1, ]) * (boxes[4, ] - boxes[3, ])
  overlap <- shared(1, 2) * shared(3, 4) > 0.05 * outer(area, area, pmin)
  diag(overlap) <- FALSE
  !any(overlap) && hangTogether(apart <= near, count)
}

# Whether all can be reached from the first.
hangTogether <- function(linked, count) {
  reached <- 1L
  repeat {
    further <- which(rowSums(linked[, reached, drop = FALSE]) > 0)
    if (length(further) == length(reached)) {
      return(length(reached) == count)
    }
    reached <- further
  }
}
