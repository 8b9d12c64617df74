# The result of alignSlices() and what it can do.

#' @include whole.R gate.R
NULL

# Builds an alignment from the core's results, one for each moved slice.
newAlignment <- function(found, slice, used, places, reference, parameters) {
  spots <- rownames(places)
  numbers <- function(name) which(used & slice == name)
  onto <- numbers(reference)
  moved <- names(found)
  coords <- places
  for (name in moved) {
    rows <- slice == name
    map <- found[[name]]
    coords[rows, ] <- sweep(places[rows, , drop = FALSE] %*% t(map$matrix), 2, map$translation, "+")
  }
  matches <- lapply(moved, function(name) {
    result <- found[[name]]
    data.frame(
      slice = factor(name, levels = moved), spot = spots[numbers(name)[result$spot]],
      reference_spot = spots[onto[result$reference]], weight = result$weight, residual = result$residual,
      inlier = result$residual <= parameters$tolerance
    )
  })
  matches <- do.call(rbind, matches)
  alignment <- structure(
    list(
      coords = coords, before = places, transforms = lapply(found, movedBy), matches = matches,
      partners = partnerMatrix(found, numbers, onto, spots), summary = alignmentSummary(found, matches, reference),
      slice = slice, reference = reference, params = parameters
    ),
    class = "slice_alignment"
  )
  tellDoubts(alignment, found)
  alignment
}

movedBy <- function(result) {
  list(
    matrix = result$matrix, translation = result$translation, angle = result$angle,
    scale = sqrt(prod(result$stretches)), reflected = result$reflected
  )
}

partnerMatrix <- function(found, numbers, onto, spots) {
  from <- lapply(names(found), function(name) rep(numbers(name), found[[name]]$partner_count))
  Matrix::sparseMatrix(
    unlist(from), onto[unlist(lapply(found, `[[`, "partner"))],
    x = unlist(lapply(found, `[[`, "partner_weight")), dims = rep(length(spots), 2), dimnames = list(spots, spots)
  )
}

alignmentSummary <- function(found, matches, reference) {
  number <- function(value) vapply(found, value, 0, USE.NAMES = FALSE)
  inliers <- as.vector(table(matches$slice[matches$inlier]))
  count <- number(function(result) length(result$spot))
  data.frame(
    slice = names(found), reference = reference, spots = number(function(result) length(result$partner_count)),
    overlap = number(function(result) mean(result$partner_count > 0)), matches = count, inliers = inliers,
    inlier_share = inliers / count, chance_share = number(function(result) result$chance),
    residual = vapply(names(found), function(name) {
      stats::median(matches$residual[matches$inlier & matches$slice == name])
    }, 0, USE.NAMES = FALSE),
    angle = number(function(result) result$angle)
  )
}

# Tells what makes an alignment doubtful.
tellDoubts <- function(alignment, found) {
  for (row in seq_len(nrow(alignment$summary))) {
    part <- alignment$summary[row, ]
    if (part$inlier_share < 2 * part$chance_share) {
      tell(sprintf(
        "%.0f %% of the matches of slice \"%s\" agree with its place, and %.0f %% would by chance. Do not rely on it.",
        100 * part$inlier_share, part$slice, 100 * part$chance_share
      ))
    }
    ratio <- found[[row]]$spacings[[2]] / found[[row]]$spacings[[1]]
    if (alignment$params$transform == "rigid" && (ratio > 1.5 || ratio < 1 / 1.5)) {
      tell(sprintf(
        "Spots of \"%s\" lie %.3g times as far apart as those of \"%s\". %s",
        part$reference, ratio, part$slice, "Use transform = \"similarity\" if their units differ."
      ))
    }
  }
}

#' @rdname alignSlices
#' @method print slice_alignment
#' @export
print.slice_alignment <- function(x, ...) {
  x <- storedAlignment(x)
  cat(sprintf("slice alignment (%s) onto \"%s\"\n", x$params$transform, x$reference))
  shown <- x$summary[c("slice", "angle", "overlap", "matches", "inlier_share", "chance_share", "residual")]
  print(shown, digits = 3, row.names = FALSE)
  cat("residual: median distance of agreeing matches, in spacings of the reference\n")
  invisible(x)
}

alignmentShapes <- list(
  coords = numbers("spots", "places"), before = numbers("spots", "places"),
  transforms = function(value) {
    if (is.list(value) && all(vapply(value, function(map) is.list(map) && is.matrix(map$matrix), NA))) {
      c(moved = length(value))
    }
  },
  matches = frame("matches", list(
    slice = is.factor, spot = is.character, reference_spot = is.character, weight = is.numeric, residual = is.numeric,
    inlier = is.logical
  )),
  partners = pairTable("spots"), summary = frame("moved", list(slice = is.character)),
  slice = series("spots", is.factor), reference = single(isString),
  params = fieldsOf(list(transform = single(isString)))
)

isWholeAlignment <- function(alignment) {
  spots <- rownames(alignment$coords)
  columns <- c("slice", "angle", "overlap", "matches", "inlier_share", "chance_share", "residual")
  !is.null(spots) && identical(rownames(alignment$before), spots) && !anyNA(alignment$slice) &&
    identical(dimnames(alignment$partners), list(spots, spots)) && all(columns %in% names(alignment$summary)) &&
    all(is.finite(alignment$coords)) && all(is.finite(alignment$before)) && is.numeric(alignment$partners@x) &&
    all(c(names(alignment$transforms), alignment$reference) %in% levels(alignment$slice)) &&
    identical(names(alignment$transforms), alignment$summary$slice)
}

# The alignment an object holds, of the spots it has now, under the names that they have now.
storedAlignment <- function(x, reduction = "starscape") {
  fit <- if (isObject(x)) objectFit(x, gateReduction(reduction))
  alignment <- if (is.null(fit)) x else fit$alignment
  if (!inherits(alignment, "slice_alignment")) {
    stopArgument("x", "is not an alignment of slices and has none", "Run alignSlices() first.")
  }
  alignment <- gateWhole(alignment, alignmentShapes, "x", "alignSlices", isWholeAlignment)
  if (!is.null(fit)) {
    alignment <- renameAlignment(subsetAlignment(alignment, fit$storedNames), rownames(fit$embedding))
  }
  if (!alignment$reference %in% alignment$slice) {
    stopArgument("x", sprintf("has no spots of the reference \"%s\" any more", alignment$reference))
  }
  alignment
}

subsetAlignment <- function(alignment, spots) {
  rows <- match(spots, rownames(alignment$coords))
  if (anyNA(rows)) {
    stopArgument("x", "has an alignment that was made before, of other spots", "Run alignSlices() again.")
  }
  alignment$coords <- alignment$coords[rows, , drop = FALSE]
  alignment$before <- alignment$before[rows, , drop = FALSE]
  alignment$partners <- alignment$partners[rows, rows, drop = FALSE]
  alignment$slice <- alignment$slice[rows]
  known <- alignment$matches$spot %in% spots & alignment$matches$reference_spot %in% spots
  alignment$matches <- alignment$matches[known, , drop = FALSE]
  alignment
}

renameAlignment <- function(alignment, spots) {
  before <- rownames(alignment$coords)
  for (side in c("spot", "reference_spot")) {
    alignment$matches[[side]] <- spots[match(alignment$matches[[side]], before)]
  }
  rownames(alignment$coords) <- rownames(alignment$before) <- spots
  dimnames(alignment$partners) <- list(spots, spots)
  alignment
}
