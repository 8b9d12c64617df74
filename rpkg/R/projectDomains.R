#' Domains of spots that a fit does not know
#'
#' Finds the domains of a fit in further spots: the rest of the cells where the fit was made from a part of them (a
#' sketch), or a section measured in the same way. The fit and its domains stay as they are.
#'
#' @details
#' The scores of a new spot are made with the loadings of the fit and averaged over its surroundings as those of the fit
#' were. Where the new spots lie among those of the fit (`among = TRUE`), these are the surroundings; otherwise the new
#' spots have each other. Domains are taken as normal in these averages, with one covariance (linear discriminants):
#' \deqn{P(d \mid i) \propto N(m_i; \mu_d, \Sigma)\, p_{id}}
#' where \eqn{p_{id}} is the share of domain \eqn{d} in the fit or, among its spots, in the neighbourhood of the spot,
#' with the shares of the fit counted as one more neighbour. What the network adds to an embedding takes no part.
#'
#' A spot is of no known domain where it lies further from the mean of its domain (in Mahalanobis distance) than all but
#' a share `unknown` of the domain's own spots; than all of them where the domain has fewer than 1 / `unknown`.
#'
#' Sections that were measured apart differ in the level of genes. `level = "own"` standardises each batch of the new
#' spots by itself, which takes them to be made of the same as the fit; `"fit"` takes the level of the fit. Where
#' neither holds, [runStarscape()] on a list of both sections tells level from composition, and is to be preferred
#' wherever the counts of both are at hand.
#'
#' @param x A `starscape_fit`, or an object on which [runStarscape()] was run.
#' @param newdata Counts of the new spots, genes x spots, with all genes of the fit: a matrix, or for objects an object;
#'   `NULL` for the cells of `x` that its fit does not know.
#' @param ... Arguments of the method for fits.
#' @return Data frame with a row for each new spot: `domain`, a factor with the levels of the domains of the fit, NA for
#'   spots of no known domain, spots outside of the tissue of the fit (`among = TRUE`) and spots without counts;
#'   `confidence`, the posterior probability of the nearest domain, times the confidence of the fit's spots of that
#'   domain around it, or of all, where `domain` has any; `nearest`, the domain that is nearest in any case; and
#'   `typical`, the share of that domain's own spots that are at least as far from its mean, above 0 and at most 1.
#'   Levels are the domains that hold spots of the fit. A domain of very few spots is hardly ever found: no other is as
#'   near. For objects, the object of the new spots with the columns `projected`, `projected_confidence`,
#'   `projected_nearest` and `projected_typical` in its cell metadata; cells of the fit keep their domains.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [runTransST()] for labels of a source that was measured in another way.
#' @examples
#' slices <- simulateSlices(rows = 24, columns = 24, genes = 200, domains = 3)
#' # At random: every second spot of a lattice, taken in its order, lies on lines.
#' sketch <- withr::with_seed(1, sort(sample(576, 288)))
#' fit <- runStarscape(slices$counts[, sketch], slices$coords[sketch, ])
#' domains <- findDomains(fit, k = 3)
#' rest <- projectDomains(
#'   fit, slices$counts[, -sketch], domain = domains, coords = slices$coords[-sketch, ], among = TRUE
#' )
#' clusterMetrics(slices$labels[-sketch], rest$domain)
#' @export
projectDomains <- function(x, newdata, ...) {
  needArguments("x")
  UseMethod("projectDomains")
}

#' @export
projectDomains.default <- function(x, newdata, ...) {
  storedFit(x)
}

#' @rdname projectDomains
#' @param domain Domains of the spots of the fit: the result of [findDomains()], or labels, matched by name. For objects
#'   also the name of a column of the cell metadata.
#' @param coords,slice Places of the new spots and the slice of each, as in [runStarscape()]; with `among = TRUE` in the
#'   system of coordinates and with the slices of the fit.
#' @param among Whether the new spots lie among those of the fit, on the same tissue.
#' @param level `"fit"` or `"own"`, see Details; `NULL` for that of the fit among its spots and the own otherwise.
#' @param unknown Share of each domain's own spots that is taken for unlike it, from 0 (no spot is unknown) to 0.5.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @export
projectDomains.starscape_fit <- function(x, newdata, domain, coords, slice = NULL, among = FALSE, level = NULL,
                                         unknown = 0.01, threads = 2, verbose = rlang::is_interactive(), ...) {
  needArguments()
  gateDots(...)
  x <- gateFit(x)
  checked <- gateTogether(
    settings = gateFields(
      list(among = among, level = level, unknown = unknown, threads = threads, verbose = verbose), projectChecks
    ),
    domain = gateProjected(domain, x), input = underNames(gateNewSpots(newdata, coords, slice, x), c(x = "newdata"))
  )
  settings <- checked$settings
  input <- checked$input
  input["slice"] <- list(gateNewSlice(input, x, settings$among))
  settings$level <- gateLevel(settings, input, x)
  progress <- progressBar(settings$verbose)
  scores <- newScores(x, input, settings, progress)
  found <- unwrap(core_project_domains(
    scores, unname(input$coords[input$used, , drop = FALSE]), newSliceNumbers(input, settings$among),
    knownSpots(x, checked$domain), c(
      x$params[c("graphMethod", "graphK", "graphRadius", "steps")],
      list(among = as.integer(settings$among), threads = settings$threads)
    ), progress
  ))
  projectedFrame(found, input, table(checked$domain$label), settings$unknown)
}

projectChecks <- list(
  among = yesOrNo, level = function(value, argument) if (!is.null(value)) oneOf(c("fit", "own"))(value, argument),
  unknown = realNumber(0, 0.5), threads = threadCount, verbose = yesOrNo
)

# The domain of each spot of the fit, and how sure that is, 1 where it is not known.
gateProjected <- function(domain, fit) {
  spots <- rownames(fit$embedding)
  domain <- perSpot(domain, spots, "domain")
  sure <- if (is.data.frame(domain)) domain[["confidence"]]
  if (!is.null(sure) && (!is.numeric(sure) || any(sure < 0 | sure > 1, na.rm = TRUE))) {
    stopArgument("domain", "has a column `confidence` that is not from 0 to 1", "Give the result of findDomains().")
  }
  label <- gateDomain(domain, length(spots))
  if (is.null(label)) stopArgument("domain", "is NULL", "Give the domains of the fit, from findDomains().")
  label <- droplevels(replace(label, !usedSpots(fit), NA))
  if (nlevels(label) < 2) stopArgument("domain", "has one domain only", "Give labels of two or more domains.")
  list(label = label, confidence = if (is.null(sure)) rep(1, length(spots)) else replace(sure, is.na(sure), 1))
}

# Counts with the genes of the fit first, and places, of the new spots. What z is, the fit has decided.
gateNewSpots <- function(newdata, coords, slice, fit) {
  if (!isMatrix(newdata)) {
    stopArgument("newdata", paste("must be a matrix of counts, not", describe(newdata)), "Give genes x spots.")
  }
  counts <- gateNames(readCounts(newdata))
  gateOrientation(counts, coords)
  spots <- colnames(counts)
  checked <- gateTogether(
    counts = gateValues(counts), genes = gateFittedGenes(rownames(counts), fit),
    places = gateNewPlaces(coords, slice, spots, fit)
  )
  counts <- checked$counts
  coords <- checked$places$coords
  slice <- checked$places$slice
  used <- gateEmpty(Matrix::colSums(counts) > 0, "spot", "Their domain is NA.")
  first <- match(fit$features, rownames(counts))
  order <- c(first, setdiff(seq_len(nrow(counts)), first))
  if (!all(used) || !identical(order, seq_len(nrow(counts)))) counts <- counts[order, used, drop = FALSE]
  list(counts = counts, coords = coords, slice = slice, used = used, spots = spots)
}

gateFittedGenes <- function(genes, fit) {
  lost <- setdiff(fit$features, genes)
  if (length(lost) > 0) {
    stopArgument(
      "newdata", sprintf("has no row for %d genes of the fit: %s", length(lost), quoted(lost, 3)),
      "Give counts of all genes that the fit was made from."
    )
  }
}

gateNewPlaces <- function(coords, slice, spots, fit) {
  slice <- gateSlice(perSpotVector(slice, spots, "slice"), length(spots))
  if (is.null(slice)) slice <- slicesByDepth(coords, spots, fit)
  unused <- is.null(slice) && ncol(fit$coords) == 2 && any(c("z", "Z") %in% colnames(coords))
  if (unused) tell("`coords`: \"z\" is not used, as the fit has no depth.")
  coords <- gateCoords(coords, spots, depth = ncol(fit$coords) == 3, slice = slice)
  if (ncol(coords) != ncol(fit$coords)) stopArgument("coords", "has no depth z, and the fit has", "Give x, y and z.")
  list(coords = coords, slice = slice)
}

# Sections of the fit that were made from z are called by it.
slicesByDepth <- function(coords, spots, fit) {
  coords <- plainTable(coords)
  depth <- if (is.matrix(coords) || is.data.frame(coords)) depthOf(coords)
  if (is.null(depth) || ncol(fit$coords) == 3) {
    return(NULL)
  }
  values <- unname(perSpot(stats::setNames(depth$values, spotNames(coords, spots)), spots, "coords"))
  slice <- paste0(depth$name, values)
  if (any(slice %in% levels(fit$slice))) factor(slice, levels = unique(slice))
}

# Among the spots of the fit a slice is one of its slices.
gateNewSlice <- function(input, fit, among) {
  if (!among) {
    return(input$slice)
  }
  if (nlevels(fit$slice) < 2) {
    if (!is.null(input$slice)) tell("`slice` is not used: the fit has one slice.")
    return(NULL)
  }
  if (is.null(input$slice)) {
    stopArgument("slice", "is missing, and the fit has several slices", "Say for each new spot on which it lies.")
  }
  lost <- setdiff(levels(input$slice), levels(fit$slice))
  if (length(lost) > 0) {
    stopArgument("slice", sprintf("has %s, which the fit does not know", quoted(lost, 3)), "Give slices of the fit.")
  }
  factor(as.character(input$slice), levels = levels(fit$slice))
}

newSliceNumbers <- function(input, among) {
  slice <- input$slice[input$used]
  if (is.null(input$slice)) NULL else as.integer(if (among) slice else droplevels(slice)) - 1L
}

# The level of the fit, or their own, by which genes of the new spots are standardised. Few spots have none of their
# own.
gateLevel <- function(settings, input, fit) {
  few <- sum(input$used) < fewestSpots
  if (identical(settings$level, "own") && few) {
    stopArgument(
      "level", sprintf("is \"own\", and %d new spots with counts have none", sum(input$used)), "Give level = \"fit\"."
    )
  }
  if (!is.null(settings$level)) {
    return(settings$level)
  }
  if (!settings$among && few) {
    tell("The ", sum(input$used), " new spots are too few for a level of their own. They take that of the fit.")
  }
  if (settings$among || few) "fit" else "own"
}

# Scores in the components of the fit, of each batch on its level.
newScores <- function(fit, input, settings, progress) {
  groups <- levelGroups(fit, input, settings)
  scores <- matrix(0, ncol(input$counts), ncol(fit$loadings))
  for (group in unique(groups)) {
    rows <- which(groups == group)
    known <- settings$level == "fit"
    parameters <- list(
      spots = if (known) fit$levels$spots[[group]] else length(rows), rootMeanSquare = fit$levels$rootMeanSquare,
      normalisation = fit$params$normalisation, threads = settings$threads
    )
    levels <- if (known) {
      unname(do.call(rbind, lapply(fit$levels[c("share", "mean", "deviation")], function(level) level[group, ])))
    }
    own <- if (length(rows) == ncol(input$counts)) input$counts else input$counts[, rows, drop = FALSE]
    scores[rows, ] <- unwrap(core_component_scores(own, unname(fit$loadings), levels, parameters, progress))
  }
  scores
}

# What is standardised together: batches of the fit, or of the new spots.
levelGroups <- function(fit, input, settings) {
  spots <- sum(input$used)
  if (settings$level == "own") {
    batch <- batchOfSlices(input)
    return(if (is.null(batch)) rep("all", spots) else as.character(batch[input$used]))
  }
  known <- names(fit$levels$spots)
  if (nlevels(fit$batch) < 2) {
    # A part of a fit may have one of its batches.
    own <- intersect(levels(fit$batch), known)
    return(rep(c(own, known)[[1]], spots))
  }
  single <- vapply(split(fit$batch, fit$slice), function(own) {
    if (length(unique(own)) == 1) as.character(own[[1]]) else NA_character_
  }, "")
  batches <- if (!is.null(input$slice)) unname(single[as.character(input$slice[input$used])])
  if (is.null(batches) || anyNA(batches)) {
    if (spots < fewestSpots) {
      stopArgument(
        "newdata", sprintf("has %d spots, too few for a level of their own, and the fit has several", spots),
        "Give more spots at once, or fit them together with the others."
      )
    }
    stopArgument("level", "is \"fit\", which has several batches", "Give level = \"own\".")
  }
  batches
}

# The spots of the fit, as the core takes them.
knownSpots <- function(fit, domain) {
  used <- usedSpots(fit)
  list(
    scores = unname(fit$scores[used, , drop = FALSE]),
    graph = gateGraph(fit$graph[used, used, drop = FALSE], sum(used)),
    coords = unname(fit$coords[used, , drop = FALSE]),
    slice = if (nlevels(fit$slice) > 1) as.integer(fit$slice[used]) - 1L, domain = as.integer(domain$label)[used],
    confidence = domain$confidence[used], count = nlevels(domain$label)
  )
}

# `sizes` are the numbers of the fit's spots by domain. In a small domain nothing is rarer than one spot of it.
projectedFrame <- function(found, input, sizes, unknown) {
  levels <- names(sizes)
  ofAll <- function(values) replace(rep(values[NA_integer_], length(input$used)), input$used, values)
  nearest <- factor(levels[ofAll(replace(found$domain, found$domain == 0, NA))], levels = levels)
  typical <- ofAll(found$typical)
  outside <- is.na(nearest) & input$used
  rare <- if (unknown > 0) pmax(unknown, 1 / (as.vector(sizes) + 1))[as.integer(nearest)] else 0
  strange <- !is.na(nearest) & typical <= rare
  if (any(outside)) tell("Spots outside of the tissue of the fit: ", sum(outside), ". Their domain is NA.")
  if (any(strange)) tell("Spots unlike those of every domain: ", sum(strange), ". Their domain is NA.")
  confidence <- replace(ofAll(found$confidence), outside, NA)
  data.frame(
    domain = replace(nearest, strange, NA), confidence = confidence, nearest = nearest,
    typical = replace(typical, outside, NA), row.names = input$spots
  )
}

#' @rdname projectDomains
#' @param assay,layer,image For objects: where the raw counts and the places of the new spots are, as in
#'   [runStarscape()].
#' @param reduction For objects the name of the fit, as in [findDomains()].
#' @export
projectDomains.Seurat <- function(x, newdata = NULL, domain = "domain", coords = NULL, slice = NULL, assay = NULL,
                                  layer = "counts", image = NULL, reduction = "starscape", ...) {
  projectObject(x, newdata, domain, coords, slice, assay, layer, image, reduction, ...)
}

#' @rdname projectDomains
#' @export
projectDomains.SingleCellExperiment <- function(x, newdata = NULL, domain = "domain", coords = NULL, slice = NULL,
                                                assay = "counts", reduction = "starscape", ...) {
  projectObject(x, newdata, domain, coords, slice, assay, NULL, NULL, reduction, ...)
}

projectObject <- function(x, newdata, domain, coords, slice, assay, layer, image, reduction, ...) {
  needObject(x)
  fit <- objectFit(x, gateReduction(reduction))
  domain <- domainsOfObject(x, domain, rownames(fit$embedding))
  if (isMatrix(newdata)) {
    return(projectDomains.starscape_fit(fit, newdata, domain, coords, slice, ...))
  }
  if (is.null(newdata)) {
    return(projectRest(x, fit, domain, objectInput(x, coords, slice, assay, layer, image), reduction, ...))
  }
  if (!isObject(newdata)) stopArgument("newdata", paste("must be an object or counts, not", describe(newdata)))
  input <- underNames(objectInput(newdata, coords, slice, assay, layer, image), c(x = "newdata"))
  found <- projectDomains.starscape_fit(fit, input$counts, domain, input$coords, input$slice, ...)
  storeProjected(newdata, found, reduction)
}

# Domains with their confidence where the name of a column is given.
domainsOfObject <- function(x, domain, spots) {
  if (!isString(domain)) {
    return(domain)
  }
  metadata <- objectMetadata(x, spots)
  sure <- metadata[[paste0(domain, "_confidence")]]
  data.frame(
    domain = givenColumn(domain, metadata, "domain"), confidence = if (is.numeric(sure)) sure else 1, row.names = spots
  )
}

# The cells of an object that its fit does not know.
projectRest <- function(x, fit, domain, input, reduction, ...) {
  refuseGiven(...names(), "among", "is not to be given for the other cells of `x`, which lie among those of its fit")
  cells <- colnames(input$counts)
  known <- rownames(fit$embedding)
  rest <- which(!cells %in% known)
  if (length(rest) == 0) {
    stopArgument("newdata", "is NULL, and the fit knows all cells of `x`", "Give counts or an object of new spots.")
  }
  coords <- gateCoords(input$coords, cells, depth = ncol(fit$coords) == 3)[rest, , drop = FALSE]
  slice <- perSpotVector(input$slice, cells, "slice")[rest]
  found <- underNames(projectDomains.starscape_fit(
    fit, input$counts[, rest, drop = FALSE], domain, coords, slice, among = TRUE, ...
  ), c(newdata = "x"))
  own <- gateProjected(domain, fit)
  old <- data.frame(
    domain = own$label, confidence = own$confidence, nearest = own$label, typical = 1, row.names = known
  )
  storeProjected(x, rbind(old, found), reduction)
}

storeProjected <- function(x, found, reduction) {
  columns <- stats::setNames(found, ofReduction(c("projected", paste0("projected_", names(found)[-1])), reduction))
  kept <- paste0(reduction, "_projected")
  tellColumns(x, columns, if (!is.null(objectResult(x, kept))) names(columns))
  storeResult(x, kept, TRUE, columns)
}
