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
#' A spot is of no known domain where it lies further from the mean of its domain (in Mahalanobis distance) than all but a
#' share `unknown` of the domain's own spots; than all of them where the domain has fewer than 1 / `unknown`.
#'
#' Sections that were measured apart differ in the level of genes. `level = "own"` standardises each batch of the new spots
#' by itself, which takes them to be made of the same as the fit; `"fit"` takes the level of the fit. Where neither holds,
#' [runStarscape()] on a list of both sections tells level from composition, and is to be preferred wherever the counts of
#' both are at hand.
#'
#' @param x A `starscape_fit`, or an object on which [runStarscape()] was run.
#' @param newdata Counts of the new spots, genes x spots, with all genes of the fit: a matrix, or for objects an object;
#'   `NULL` for the cells of `x` that its fit does not know.
#' @param ... Arguments of the method for fits.
#' @return Data frame with a row for each new spot: `domain`, a factor with the levels of the domains of the fit, NA for
#'   spots of no known domain, spots outside of the tissue of the fit (`among = TRUE`) and spots without counts;
#'   `confidence`, the posterior probability of the nearest domain, times the confidence of the fit's spots of that domain
#'   around it, or of all, where `domain` has any; `nearest`, the domain that is nearest in any case; and
#'   `typical`, the share of that domain's own spots that are at least as far from its mean, above 0 and at most 1.
#'   For objects, the object of the new spots with the columns `projected`, `projected_confidence`, `projected_nearest`
#'   and `projected_typical` in its cell metadata; cells of the fit keep their domains.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [runTransST()] for labels of a source that was measured in another way.
#' @examples
#' slices <- simulateSlices(rows = 24, columns = 24, genes = 200, domains = 3)
#' sketch <- seq(1, 576, by = 2)
#' fit <- runStarscape(slices$counts[, sketch], slices$coords[sketch, ])
#' domains <- findDomains(fit, k = 3)
#' rest <- projectDomains(
#'   fit, slices$counts[, -sketch], domain = domains, coords = slices$coords[-sketch, ], among = TRUE
#' )
#' clusterMetrics(slices$labels[-sketch], rest$domain)
#' @export
projectDomains <- function(x, newdata, ...) {
  UseMethod("projectDomains")
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
  gateDots(...)
  settings <- gateFields(
    list(among = among, level = level, unknown = unknown, threads = threads, verbose = verbose), projectChecks
  )
  if (missing(newdata)) stopArgument("newdata", "is missing", "Give the counts of the new spots.")
  if (missing(coords)) stopArgument("coords", "is missing", "Give the places of the new spots.")
  if (missing(domain)) stopArgument("domain", "is missing", "Give the domains of the fit, from findDomains().")
  if (is.null(x$levels)) stopArgument("x", "was made by an earlier version of the package", "Run runStarscape() again.")
  confidence <- knownConfidence(domain, x)
  domain <- gateProjected(domain, x)
  input <- gateNewSpots(newdata, coords, slice, x)
  if (is.null(settings$level)) settings$level <- if (settings$among) "fit" else "own"
  input$slice <- gateNewSlice(input, x, settings$among)
  progress <- progressBar(settings$verbose)
  scores <- newScores(x, input, settings, progress)
  found <- unwrap(core_project_domains(
    scores, unname(input$coords[input$used, , drop = FALSE]), newSliceNumbers(input, x, settings$among),
    knownSpots(x, domain, confidence), c(
      x$params[c("graphMethod", "graphK", "graphRadius", "steps")],
      list(among = as.integer(settings$among), threads = settings$threads)
    ), progress
  ))
  projectedFrame(found, input, table(domain[usedSpots(x)]), settings$unknown)
}

projectChecks <- list(
  among = yesOrNo, level = function(value, argument) if (!is.null(value)) oneOf(c("fit", "own"))(value, argument),
  unknown = realNumber(0, 0.5), threads = threadCount, verbose = yesOrNo
)

gateProjected <- function(domain, fit) {
  domain <- gateDomain(perSpot(domain, rownames(fit$embedding), "domain"), nrow(fit$embedding))
  if (is.null(domain)) stopArgument("domain", "is NULL", "Give the domains of the fit, from findDomains().")
  domain <- droplevels(replace(domain, !usedSpots(fit), NA))
  if (nlevels(domain) < 2) stopArgument("domain", "has one domain only", "Give labels of two or more domains.")
  domain
}

# How sure the domains are, 1 where that is not known.
knownConfidence <- function(domain, fit) {
  confidence <- if (is.data.frame(domain)) perSpot(domain, rownames(fit$embedding), "domain")$confidence
  if (!is.numeric(confidence)) confidence <- rep(1, nrow(fit$embedding))
  replace(confidence, is.na(confidence), 1)
}

# Counts with the genes of the fit first, and places, of the new spots.
gateNewSpots <- function(newdata, coords, slice, fit) {
  if (!isMatrix(newdata)) {
    stopArgument("newdata", paste("must be a matrix of counts, not", describe(newdata)), "Give genes x spots.")
  }
  input <- tryCatch(gateInput(newdata, coords, slice), starscape_error_argument = function(error) {
    # The gate calls counts `x`.
    if (error$argument != "x") rlang::cnd_signal(error)
    stopArgument("newdata", "cannot be used", conditionMessage(error))
  })
  lost <- setdiff(fit$features, rownames(newdata))
  if (length(lost) > 0) {
    stopArgument(
      "newdata", sprintf("has no row for %d genes of the fit: %s", length(lost), quoted(lost, 3)),
      "Give counts of all genes that the fit was made from."
    )
  }
  if (ncol(input$coords) != ncol(fit$coords)) {
    stopArgument("coords", sprintf("has %d axes, and the fit %d", ncol(input$coords), ncol(fit$coords)))
  }
  whole <- asCounts(newdata)[, input$used, drop = FALSE]
  others <- setdiff(seq_len(nrow(whole)), match(fit$features, rownames(whole)))
  input$counts <- whole[c(match(fit$features, rownames(whole)), others), , drop = FALSE]
  input
}

# Among the spots of the fit a slice is one of its slices.
gateNewSlice <- function(input, fit, among) {
  if (!among || nlevels(fit$slice) < 2) {
    return(if (!among) input$slice)
  }
  if (is.null(input$slice)) {
    stopArgument("slice", "is missing, and the fit has several slices", "Say for each new spot on which of them it lies.")
  }
  lost <- setdiff(levels(input$slice), levels(fit$slice))
  if (length(lost) > 0) {
    stopArgument("slice", sprintf("has %s, which the fit does not know", quoted(lost, 3)), "Give slices of the fit.")
  }
  factor(as.character(input$slice), levels = levels(fit$slice))
}

newSliceNumbers <- function(input, fit, among) {
  slice <- input$slice[input$used]
  if (is.null(input$slice)) NULL else if (among) as.integer(slice) - 1L else as.integer(droplevels(slice)) - 1L
}

# Scores in the components of the fit, of each batch on its level.
newScores <- function(fit, input, settings, progress) {
  used <- usedSpots(fit)
  rootMeanSquare <- sqrt(sum(fit$singularValues^2) / (sum(used) * length(fit$singularValues)))
  groups <- levelGroups(fit, input, settings)
  scores <- matrix(0, ncol(input$counts), ncol(fit$loadings))
  for (group in unique(groups)) {
    rows <- which(groups == group)
    size <- if (settings$level == "own") length(rows) else if (nlevels(fit$batch) < 2) sum(used) else {
      sum(fit$batch[used] == group)
    }
    parameters <- list(
      spots = size, rootMeanSquare = if (rootMeanSquare > 0) rootMeanSquare else 1,
      normalisation = fit$params$normalisation, threads = settings$threads
    )
    levels <- if (settings$level == "fit") unname(do.call(rbind, lapply(fit$levels, function(level) level[group, ])))
    scores[rows, ] <- unwrap(core_component_scores(
      input$counts[, rows, drop = FALSE], unname(fit$loadings), levels, parameters, progress
    ))
  }
  scores
}

# What is standardised together: batches of the fit, or of the new spots.
levelGroups <- function(fit, input, settings) {
  if (settings$level == "own") {
    batch <- batchOfSlices(input)
    return(if (is.null(batch)) rep("all", sum(input$used)) else as.character(batch[input$used]))
  }
  if (nlevels(fit$batch) < 2) {
    return(rep(rownames(fit$levels$share)[[1]], sum(input$used)))
  }
  batches <- if (!is.null(input$slice)) split(fit$batch, fit$slice)[as.character(input$slice[input$used])]
  single <- vapply(batches, function(own) length(unique(own)) == 1, NA)
  if (is.null(batches) || !all(single)) {
    stopArgument("level", "is \"fit\", which has several batches", "Give level = \"own\".")
  }
  vapply(batches, function(own) as.character(own[[1]]), "", USE.NAMES = FALSE)
}

# The spots of the fit, as the core takes them.
knownSpots <- function(fit, domain, confidence) {
  used <- usedSpots(fit)
  list(
    scores = unname(fit$scores[used, , drop = FALSE]), graph = gateGraph(fit$graph[used, used], sum(used)),
    coords = unname(fit$coords[used, , drop = FALSE]),
    slice = if (nlevels(fit$slice) > 1) as.integer(fit$slice[used]) - 1L, domain = as.integer(domain)[used],
    confidence = confidence[used], count = nlevels(domain)
  )
}

# `sizes` are the numbers of the fit's spots by domain. In a small domain nothing is rarer than one spot of it.
projectedFrame <- function(found, input, sizes, unknown) {
  levels <- names(sizes)
  all <- function(values) replace(rep(values[NA_integer_], length(input$used)), input$used, values)
  nearest <- factor(levels[all(replace(found$domain, found$domain == 0, NA))], levels = levels)
  typical <- all(found$typical)
  outside <- is.na(nearest) & input$used
  rare <- if (unknown > 0) pmax(unknown, 1 / (as.vector(sizes) + 1))[as.integer(nearest)] else 0
  strange <- !is.na(nearest) & typical <= rare
  if (any(outside)) tell("Spots outside of the tissue of the fit: ", sum(outside), ". Their domain is NA.")
  if (any(strange)) tell("Spots unlike those of every domain: ", sum(strange), ". Their domain is NA.")
  confidence <- replace(all(found$confidence), outside, NA)
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
  known <- rownames(fit$embedding)
  metadata <- objectMetadata(x, known)
  sure <- if (isString(domain)) metadata[[paste0(domain, "_confidence")]]
  domain <- gateDomain(givenColumn(domain, metadata, "domain"), length(known))
  domain <- data.frame(domain = domain, confidence = if (is.numeric(sure)) sure else 1, row.names = known)
  if (isMatrix(newdata)) {
    return(projectDomains.starscape_fit(fit, newdata, domain, coords, slice, ...))
  }
  target <- if (is.null(newdata)) x else newdata
  if (!isObject(target)) stopArgument("newdata", paste("must be an object or counts, not", describe(newdata)))
  input <- objectInput(target, coords, slice, assay, layer, image)
  if (!is.null(newdata)) {
    found <- projectDomains.starscape_fit(fit, input$counts, domain, input$coords, input$slice, ...)
    return(storeProjected(target, found))
  }
  rest <- which(!colnames(input$counts) %in% known)
  if (length(rest) == 0) {
    stopArgument("newdata", "is NULL, and the fit knows all cells of `x`", "Give counts or an object of new spots.")
  }
  refuseGiven(...names(), "among", "is not to be given for the other cells of `x`, which lie among those of its fit")
  found <- projectDomains.starscape_fit(
    fit, input$counts[, rest, drop = FALSE], domain, placesOf(input$coords, rest), input$slice[rest], among = TRUE, ...
  )
  own <- data.frame(domain, nearest = domain$domain, typical = 1)
  storeProjected(target, rbind(own, found))
}

placesOf <- function(coords, rows) coords[rows, , drop = FALSE]

storeProjected <- function(x, found) {
  columns <- stats::setNames(found, c("projected", paste0("projected_", names(found)[-1])))
  tellColumns(x, columns, if (!is.null(objectResult(x, "starscape_projected"))) names(columns))
  storeResult(x, "starscape_projected", TRUE, columns)
}
