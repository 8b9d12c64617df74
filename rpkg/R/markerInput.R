# What domainMarkers() compares: counts, domains, replicates and places of the spots.

# Counts of all genes, domains, blocks and what there is to find domains again with, for the spots that have counts. Of
# the settings those are NULL that are refused elsewhere.
gateMarkerInput <- function(x, domain, fit, coords, slice, block, settings) {
  if (inherits(x, "starscape_fit")) stopArgument("x", "is a fit", "Give the counts as `x`, and the fit as `fit`.")
  counts <- gateNames(readCounts(x))
  gateOrientation(counts, coords)
  gateOrientation(counts, domain, "domain")
  if (inherits(fit, "starscape_fit")) gateFitOrientation(counts, fit)
  spots <- colnames(counts)
  own <- NULL
  # Checked before they are handed on: S4 dispatch on a part would wrap the errors in its own.
  input <- gateTogether(
    counts = gateValues(counts), domain = gateTwoDomains(domain, spots), fit = gateFinder(fit, spots, settings),
    block = gateBlock(perSpotVector(block, spots, "block"), length(spots), settings$test),
    slice = own <- gateSlice(perSpotVector(slice, spots, "slice"), length(spots)),
    coords = gateMarkerCoords(coords, spots, fit, own, settings)
  )
  input[c("fit", "finder")] <- list(input$fit$fit, input$fit$finder)
  input$found <- foundSettings(domain, input$fit, nlevels(input$domain))
  held <- unwrap(core_count_summary(input$counts))
  gateEmpty(held$usedGenes, "gene", "Their p-values are NA.")
  gateEmpty(held$usedSpots, "spot", "They are left out.")
  input <- gateMarkerPlaces(input, settings)
  usedInput(input)
}

gateTwoDomains <- function(domain, spots) {
  needDomain(domain, length(spots))
  factors <- gateDomain(perSpot(domain, spots, "domain"), length(spots))
  if (is.null(factors)) stopArgument("domain", "is missing", "Give one label per spot.")
  factors <- droplevels(factors)
  if (nlevels(factors) < 2) stopArgument("domain", "has one domain only", "Give labels of two or more domains.")
  factors
}

# What finds domains again: a function, or the part of a fit.
gateFinder <- function(fit, spots, settings) {
  finder <- if (is.function(fit)) gateFunction(fit, "fit", 2)
  fit <- if (is.null(finder) && !is.null(fit)) subsetFit(gateMarkerFit(fit), spots)
  if (identical(settings$correct, "countsplit") && is.null(fit) && is.null(finder)) {
    stopArgument(
      "correct", "is \"countsplit\", and there is no fit to find the domains again with",
      paste(
        "Give the `fit` they come from or a function that finds them, or correct = \"none\" for labels that do not",
        "come from these counts."
      )
    )
  }
  list(fit = fit, finder = finder)
}

gateMarkerFit <- function(fit) {
  if (inherits(fit, "transst_fit")) {
    stopArgument(
      "fit", "is a TransST fit, which does not hold its source",
      "Give a function: fit = function(x, seed) runTransST(x, source, labels, ...)$domain."
    )
  }
  storedFit(fit, "fit")
}

gateBlock <- function(block, spots, test) {
  if (is.null(block)) {
    if (identical(test, "pseudobulk")) {
      stopArgument("block", "is missing, and test \"pseudobulk\" needs it", "Say which replicate each spot comes from.")
    }
    return(NULL)
  }
  if (!is.atomic(block) || length(block) != spots) {
    stopArgument("block", sprintf("must have one value for each of the %d spots, not %s", spots, describe(block)))
  }
  if (anyNA(block)) stopArgument("block", sprintf("is NA for %d spots", sum(is.na(block))), "Leave these spots out.")
  block <- asFactor(block, unique(block))
  if (identical(test, "pseudobulk") && nlevels(block) < 2) {
    stopArgument("block", "has a single replicate", "Give two or more, or test = \"wilcoxon\".")
  }
  block
}

# Whether the test of markers asks for places.
needsPlaces <- function(settings) isTRUE(settings$spatial) && identical(settings$test, "wilcoxon")

# The places that are given for such a test, or NULL for those of the fit.
gateMarkerCoords <- function(coords, spots, fit, slice, settings) {
  if (!needsPlaces(settings)) {
    return(NULL)
  }
  if (is.null(coords) && (is.null(fit) || is.function(fit))) {
    stopArgument(
      "coords", "is missing, and `spatial` is TRUE",
      "Give the places of the spots, the `fit` that knows them, or spatial = FALSE."
    )
  }
  if (!is.null(coords)) gateCoords(coords, spots, slice = slice)
}

# Places and slices of the spots, given or those of the fit.
gateMarkerPlaces <- function(input, settings) {
  if (!needsPlaces(settings)) {
    return(input[names(input) != "coords"])
  }
  if (is.null(input$slice)) input$slice <- input$fit$slice
  if (is.null(input$coords)) {
    input$coords <- gateCoords(`rownames<-`(input$fit$coords, NULL), colnames(input$counts))
  }
  if (ncol(input$coords) > 2) {
    stopArgument(
      "spatial", "is TRUE, and the places have a depth: how neighbours repeat each other is known for sections only",
      "Give x and y as `coords` and say with `slice` which spots lie on a section, for instance slice = cut(z, 10)."
    )
  }
  gateSliceSizes(input$slice, Matrix::colSums(input$counts) > 0)
  gatePlaces(input$coords, input$slice)
  input
}

# Which domains are compared: the domains as the core takes them, with which comparison, and whether the other direction
# of each comparison is asked for, too.
gateCompare <- function(compare, domain) {
  if (identical(compare, "rest")) {
    return(list(domain = domain, comparison = "rest", mirror = FALSE))
  }
  if (identical(compare, "pairs")) {
    return(list(domain = domain, comparison = "pairs", mirror = TRUE))
  }
  plain <- is.atomic(compare) || is.list(compare) && all(vapply(compare, is.atomic, NA))
  sides <- if (plain) lapply(as.list(compare), as.character)
  if (length(sides) != 2 || any(lengths(sides) == 0) || length(intersect(sides[[1]], sides[[2]])) > 0) {
    stopArgument(
      "compare", paste("must be \"rest\", \"pairs\" or two different (groups of) domains, not", describe(compare)),
      "Give for instance c(\"1\", \"2\") or list(c(\"1\", \"2\"), \"3\")."
    )
  }
  for (one in unlist(sides)) gateKnown(one, levels(domain), "compare", "domains")
  names <- vapply(sides, paste, "", collapse = "+")
  side <- ifelse(domain %in% sides[[1]], names[[1]], ifelse(domain %in% sides[[2]], names[[2]], NA))
  list(domain = factor(side, names), comparison = "pairs", mirror = FALSE)
}

# The domains that are too small to be tested.
gateDomainSizes <- function(domain) {
  small <- which(tabulate(domain, nlevels(domain)) < leastSpots)
  if (length(small) > 0) {
    tell("Domains of fewer than ", leastSpots, " spots are not tested: ", quoted(levels(domain)[small]), ".")
  }
  small
}

# Fewest spots of a domain that can be tested.
leastSpots <- 3

# The fit that an object holds, unless the domains are those of its TransST fit, which finds them in its own way.
fitOfDomains <- function(fit, transst, domain) {
  same <- !is.null(transst) && is.atomic(domain) && identical(as.character(domain), as.character(transst$domain))
  if (same) NULL else fit
}
