#' Draw domains on the tissue
#'
#' Every spot is a disc with its size on the tissue, so that neighbours nearly touch at any size of the figure. The
#' aspect of the tissue is kept, y points down as on the image, and array positions of a Visium slide are spread to its
#' true hexagonal grid. The colours of up to 20 domains stay apart for colour-blind readers; NA is grey.
#'
#' More than 50,000 spots are drawn as one image (see `raster`). It has the pixels of the device, but no more than 300
#' per inch, and 300 per inch in files of lines and text. A pixel has the colour and the opacity of the nearest spot, so
#' that spots do not cover each other and colours are never mixed. Discs are larger by an eighth of a millimetre, at
#' least a pixel, all around, which closes the gaps between spots that are too small to be told apart.
#'
#' @param x Coordinates (matrix or data frame, spots x 2 or 3, see [runStarscape()]), a `starscape_fit`, or an object
#'   with results.
#' @param domain What to show. For coordinates and fits: a vector with one value per spot, or the result of
#'   [findDomains()]. For objects also the name of a column of the cell metadata or of a gene. Factors, text and logical
#'   values are shown as domains, numbers on a continuous scale.
#' @param confidence Opacity of the spots: a numeric vector from 0 to 1 with one value per spot, or `TRUE` for the
#'   confidence of the domains shown (in objects the column of that name with `_confidence`), or `FALSE`. A legend says
#'   which opacity is which confidence. A pale colour can look like that of another domain: compare with the figure
#'   without `confidence`.
#' @param slice Slice of each spot; each gets a panel of its own.
#' @param palette Colours of the domains, or of the ends of the continuous scale; `NULL` for those of the package.
#' @param diameter Diameter of the discs as a share of the usual distance between neighbours, positive.
#' @param title Title of the legend; `NULL` for the name of what is shown. Genes whose values are all whole numbers are
#'   called counts.
#' @param limits Ends of the continuous scale, two rising numbers, for figures that are to be compared; values beyond
#'   are drawn like NA. `NULL` for the range of the values.
#' @param features Genes whose expression is drawn instead of `domain`, each in a panel of its own, on one scale. For
#'   objects their names; for coordinates and fits a numeric matrix, genes x spots, such as [imputeExpression()] gives.
#' @param raster Whether the spots are drawn as one image, which keeps files small and quick to open, instead of as
#'   discs; axes, legends and titles stay lines and text. `NULL` does so where more than 50,000 spots are drawn, in all
#'   panels together.
#' @param ... For objects and fits: arguments of the default method.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Okabe and Ito (2008). Color universal design. <https://jfly.uni-koeln.de/color/>.
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' plotDomains(slices$coords, slices$labels)
#' plotDomains(slices$coords, Matrix::colSums(slices$counts), title = "counts")
#' plotDomains(slices$coords, features = as.matrix(log1p(slices$counts[1:3, ])))
#' @export
plotDomains <- function(x, domain = "domain", ...) {
  needArguments()
  UseMethod("plotDomains")
}

#' @rdname plotDomains
#' @export
plotDomains.default <- function(x, domain = "domain", confidence = FALSE, slice = NULL, palette = NULL, diameter = 0.95,
                                title = NULL, limits = NULL, features = NULL, raster = NULL, ...) {
  gateDots(...)
  x <- plainTable(x)
  gateDrawn(x)
  names <- spotNames(x)
  slice <- gateSlice(perSpotVector(slice, names, "slice"), NROW(x))
  coords <- gateCoords(x, if (is.null(names)) as.character(seq_len(NROW(x))) else names, "x", slice = slice)
  coords <- unname(inPlane(coords))
  expression <- if (!is.null(features)) gateExpression(features, NROW(x), names)
  if (!is.null(expression)) domain <- list(value = expression[1, ], title = unitOf(expression))
  shown <- shownValues(x, domain, confidence, names)
  tellHidden(coords, slice)
  diameter <- realNumber(0, positive = TRUE)(diameter, "diameter")
  limits <- gateLimits(limits)
  palette <- gatePalette(palette)
  title <- gateTitle(title)
  places <- tissuePlaces(coords, slice)
  spots <- data.frame(x = places[, 1], y = places[, 2], value = shown$value, alpha = shown$alpha)
  if (!is.null(slice)) spots$slice <- slice
  if (!is.null(expression)) spots <- featurePanels(spots, expression)
  scale <- valueScale(spots$value, palette, limits)
  if (is.null(title)) title <- shown$title
  drawSpots(spots, diameter / 2 * spotDistance(places, slice), scale, title, raster, opacityScale(confidence))
}

#' @rdname plotDomains
#' @export
plotDomains.starscape_fit <- function(x, domain = "domain", ..., slice = x$slice) {
  x <- gateFit(x)
  plotDomains.default(x$coords, domain, slice = slice, ...)
}

#' @rdname plotDomains
#' @param coords,image For objects: where the spots are, as in [runStarscape()]. `NULL` takes the places that the object
#'   has now, as its image lies if that was turned; or else those of the fit, if places were given apart from the object
#'   or it does not know all of them any more.
#' @param assay,layer Where the values of a gene are taken from; `NULL` for the log-normalised ones, or else the counts.
#' @param reduction For objects the name of the fit whose places and slices are drawn, where there are several.
#' @export
plotDomains.Seurat <- function(x, domain = "domain", confidence = FALSE, slice = NULL, coords = NULL, image = NULL,
                               assay = NULL, layer = NULL, features = NULL, reduction = "starscape", ...) {
  drawObject(x, domain, confidence, shownPlaces(x, coords, slice, image, reduction), assay, layer, features, ...)
}

#' @rdname plotDomains
#' @export
plotDomains.SingleCellExperiment <- function(x, domain = "domain", confidence = FALSE, slice = NULL, coords = NULL,
                                             assay = NULL, features = NULL, reduction = "starscape", ...) {
  drawObject(x, domain, confidence, shownPlaces(x, coords, slice, NULL, reduction), assay, NULL, features, ...)
}

# Stops at what has places within it, or none: it would be taken for places by its size.
gateDrawn <- function(x) {
  if (is.list(x) && !is.data.frame(x)) {
    hint <- if (is.null(x$coords)) {
      "Give the places of the spots, a fit or one object."
    } else {
      domain <- if (is.null(x$domain)) "domains of its spots" else "x$domain"
      sprintf("Give x$coords as `x`, and %s as `domain`.", domain)
    }
    stopArgument("x", if (is.object(x)) paste("is of class", class(x)[[1]]) else "is a list", hint)
  }
  if (identical(names(x), c("domain", "confidence"))) {
    stopArgument("x", "is the result of findDomains()", "Give the fit or the places as `x`, and this as `domain`.")
  }
  if (!is.data.frame(x) && !is.matrix(x)) {
    stopArgument(
      "x", paste("must be the places of the spots, a fit or an object, not", describe(x)),
      "Give a matrix or data frame with one row per spot and the columns x and y."
    )
  }
}

# Where the spots are: as the user says, as the object knows, or in the fit; and their names.
shownPlaces <- function(x, coords, slice, image, reduction) {
  needObject(x)
  spots <- colnames(x)
  own <- function() {
    places <- objectPlaces(x, spots, coords, slice, image, drawn = TRUE)
    if (is.null(places$spots)) places["spots"] <- list(spots)
    places
  }
  known <- function() unlessUnknown(own(), FALSE)
  fit <- shownFit(x, gateReduction(reduction), known)
  if (is.null(fit) || (is.null(coords) && !is.null(image))) {
    return(own())
  }
  # A fit may speak of some of the spots only.
  whole <- nrow(fit$embedding) == length(spots) || is.null(spots)
  if (is.null(coords) && !whole) {
    found <- known()
    if (!is.null(found$coords)) return(found)
    tell("Drawn are the ", nrow(fit$embedding), " cells of the fit: `x` does not know where the others are.")
  }
  if (is.null(coords) || whole) spots <- rownames(fit$embedding)
  metadata <- objectMetadata(x, spots)
  list(
    coords = if (is.null(coords)) currentPlaces(x, fit) else givenCoords(coords, metadata),
    slice = if (!is.null(slice)) givenColumn(slice, metadata, "slice") else if (is.null(coords) || whole) fit$slice,
    spots = spots
  )
}

# The fit whose places are drawn. Without one an object is drawn all the same, and so it is where the one that it has
# knows its spots no more, if it knows their places itself.
shownFit <- function(x, reduction, known) {
  if (reduction != "starscape") {
    return(objectFit(x, reduction))
  }
  tryCatch(objectFit(x, needed = FALSE), starscape_error_argument = function(error) {
    if (is.null(known()$coords)) rlang::cnd_signal(error)
  })
}

drawObject <- function(x, domain, confidence, places, assay, layer, features, ...) {
  metadata <- objectMetadata(x, places$spots)
  gene <- function(gene, argument = "domain") objectGene(x, gene, places$spots, assay, layer, argument)
  value <- if (is.null(features)) objectValues(domain, metadata, gene)
  features <- objectFeatures(features, gene)
  if (isTRUE(confidence)) confidence <- storedConfidence(domain, metadata)
  plotDomains.default(places$coords, value, confidence, slice = places$slice, features = features, ...)
}

# The spots once for each gene.
featurePanels <- function(spots, expression) {
  # Column by column: rows of a table get names of their own, which takes longer than all else.
  panels <- data.frame(lapply(spots, rep, nrow(expression)))
  panels$value <- as.vector(t(expression))
  panels$feature <- factor(rep(rownames(expression), each = nrow(spots)), rownames(expression))
  panels
}

# What to show ----------------------------------------------------------------------------------------------------

# The confidence that findDomains() stored beside the domains shown.
storedConfidence <- function(domain, metadata) {
  column <- paste0(if (isString(domain)) domain else "domain", "_confidence")
  if (!column %in% colnames(metadata)) {
    stopArgument("confidence", sprintf("is TRUE, but the cell metadata have no column `%s`", column))
  }
  metadata[[column]]
}

# Values, opacity and legend title of what the user gave.
shownValues <- function(coords, domain, confidence, spots) {
  title <- "domain"
  domain <- plainTable(domain)
  if (!"domain" %in% colnames(coords)) needDomain(domain, nrow(coords))
  if (is.data.frame(coords) && isString(domain) && nrow(coords) != 1) {
    title <- gateKnown(domain, names(coords), "domain", "a column")
    domain <- coords[[domain]]
  } else if (is.data.frame(domain)) {
    domain <- perSpot(domain, spots, "domain")
    if (isTRUE(confidence)) confidence <- domain[["confidence"]]
    domain <- domain[[gateKnown("domain", names(domain), "domain", "the column `domain`")]]
  } else if (is.list(domain)) {
    title <- domain$title
    domain <- domain$value
  }
  n <- NROW(coords)
  domain <- perSpot(domain, spots, "domain")
  if (!isFALSE(confidence)) confidence <- perSpotVector(confidence, spots, "confidence")
  if (!areLabels(domain) || length(domain) != n) {
    stopArgument("domain", paste("must have one value for each of the", n, "spots, not", describe(domain)))
  }
  if (!is.numeric(domain) && !is.factor(domain)) {
    # The radix order is the same in every locale.
    domain <- asFactor(domain, sort(unique(domain), method = "radix"))
  }
  list(value = domain, alpha = opacity(confidence, n), title = title)
}

opacity <- function(confidence, n) {
  if (isFALSE(confidence)) {
    return(1)
  }
  if (!is.numeric(confidence) || length(confidence) != n || any(confidence < 0 | confidence > 1, na.rm = TRUE)) {
    stopArgument(
      "confidence", paste("must have one value from 0 to 1 for each of the", n, "spots, not", describe(confidence)),
      "Give such a vector, or TRUE after findDomains()."
    )
  }
  # The least confident spot is still seen; one without a domain is plain grey.
  ifelse(is.na(confidence), 1, opacityOf(confidence))
}

opacityOf <- function(confidence) 0.15 + 0.85 * confidence

# Opacity with a legend, where it says something: a pale colour can look like another one.
opacityScale <- function(confidence) {
  if (isFALSE(confidence)) {
    return(ggplot2::scale_alpha_identity())
  }
  shown <- c(1, 0.75, 0.5, 0.25)
  ggplot2::scale_alpha_identity(
    name = "confidence", breaks = opacityOf(shown), labels = format(shown), limits = opacityOf(c(0, 1)),
    guide = ggplot2::guide_legend(order = 2)
  )
}

# A column of the metadata or a gene by its name, with that name as title; a vector as it is.
objectValues <- function(domain, metadata, gene) {
  if (!isString(domain) || nrow(metadata) == 1) {
    return(domain)
  }
  if (domain %in% names(metadata)) {
    return(list(value = metadata[[domain]], title = domain))
  }
  value <- gene(domain)
  list(value = value, title = if (areCounts(value)) paste0(domain, "\ncounts") else domain)
}

# What values of genes are, for the legend: those of an object that is not normalised are its counts.
unitOf <- function(values) if (areCounts(values)) "counts" else "expression"

areCounts <- function(values) all(values == round(values), na.rm = TRUE) && any(values > 0, na.rm = TRUE)

# Genes x spots of the genes named, or NULL.
objectFeatures <- function(features, gene) {
  if (is.null(features)) {
    return(NULL)
  }
  if (!is.character(features) || length(features) == 0 || anyNA(features)) {
    stopArgument("features", paste("must be gene names, not", describe(features)))
  }
  values <- lapply(unique(features), gene, "features")
  matrix(unlist(values), length(values), byrow = TRUE, dimnames = list(unique(features), NULL))
}

# Expression to draw, genes x spots, dense: a few genes.
gateExpression <- function(features, spots, names) {
  features <- perSpotColumns(features, names, "features")
  if (!isMatrix(features) || ncol(features) != spots || nrow(features) == 0) {
    stopArgument(
      "features", sprintf("must be a numeric matrix, genes x %d spots, not %s", spots, describe(features)),
      "For objects give the names of genes."
    )
  }
  features <- if (is.matrix(features)) features else as.matrix(underNames(asCounts(features), c(x = "features")))
  if (!is.numeric(features)) stopArgument("features", sprintf("must be numbers, not %s", typeof(features)))
  rownames(features) <- make.unique(if (is.null(rownames(features))) {
    paste0("gene", seq_len(nrow(features)))
  } else {
    rownames(features)
  })
  features
}

# The ends of a continuous scale, or NULL.
gateLimits <- function(limits) {
  if (!is.null(limits) && (!is.numeric(limits) || length(limits) != 2 || !all(is.finite(limits)) ||
    limits[[1]] >= limits[[2]])) {
    stopArgument(
      "limits", paste("must be the smallest and the largest value of the scale, not", describe(limits)),
      "Give two rising numbers, or NULL."
    )
  }
  limits
}

# Colours of what is shown.
valueScale <- function(value, palette, limits) {
  if (is.numeric(value)) {
    if (is.null(palette)) palette <- grDevices::hcl.colors(64, "viridis")
    return(ggplot2::scale_fill_gradientn(
      colours = palette, limits = limits, na.value = missingColour, guide = ggplot2::guide_colourbar(order = 1)
    ))
  }
  n <- nlevels(value)
  if (is.null(palette)) palette <- domainPalette(n)
  palette <- paletteOf(palette, levels(value))
  if (length(palette) < n) {
    stopArgument("palette", sprintf("has %d colours for %d domains", length(palette), n), "Give one colour per domain.")
  }
  ggplot2::scale_fill_manual(
    values = stats::setNames(palette[seq_len(n)], levels(value)), na.value = missingColour, drop = FALSE,
    guide = ggplot2::guide_legend(ncol = ceiling(n / 12), order = 1)
  )
}

# Colours in the order of the domains, where they are named by these. Names that are those of no domain, as
# palette.colors() gives them, are those of the colours.
paletteOf <- function(palette, domains) {
  if (!any(domains %in% names(palette))) {
    return(palette)
  }
  lost <- setdiff(domains, names(palette))
  if (length(lost) > 0) {
    stopArgument(
      "palette", sprintf("is named by domains, and has no colour for %s", quoted(lost)),
      "Name a colour for each domain, or give colours without names."
    )
  }
  palette[domains]
}

# Where to draw it ------------------------------------------------------------------------------------------------

# Places in tissue proportions, each slice from its own origin so that panels share their scales.
tissuePlaces <- function(coords, slice) {
  groups <- if (is.null(slice)) rep(1L, nrow(coords)) else as.integer(slice)
  for (group in unique(groups)) {
    rows <- groups == group
    places <- spreadRows(coords[rows, , drop = FALSE])
    coords[rows, ] <- sweep(places, 2, apply(places, 2, min))
  }
  coords
}

# Places of one slice in tissue proportions: the rows of a Visium array are spread to its true hexagonal grid.
spreadRows <- function(places) {
  if (isHexagonal(places)) places[, 2] <- places[, 2] * sqrt(3)
  places
}

# Visium numbers its columns so that only every second one occurs in a row, alternating by row.
isHexagonal <- function(places) {
  all(places == round(places)) && nrow(places) > 3 && length(unique(places[, 2])) > 1 &&
    length(unique((places[, 1] + places[, 2]) %% 2)) == 1 && min(diff(sort(unique(places[, 2])))) == 1
}

# The usual distance to the nearest spot.
spotDistance <- function(places, slice) {
  distances <- unlist(nearestDistances(places, slice))
  if (length(distances) == 0) 1 else stats::median(distances)
}

# Distances to the nearest spot of at most 200 spots spread over each slice, one vector a slice.
nearestDistances <- function(places, slice) {
  groups <- split(seq_len(nrow(places)), if (is.null(slice)) rep(1L, nrow(places)) else slice)
  lapply(groups, function(rows) {
    x <- places[rows, 1]
    y <- places[rows, 2]
    sample <- unique(round(seq(1, length(rows), length.out = 200)))
    distances <- vapply(sample, function(spot) {
      squared <- (x - x[[spot]])^2 + (y - y[[spot]])^2
      sqrt(min(squared[squared > 0], Inf))
    }, 0)
    distances[is.finite(distances)]
  })
}
