#' @include gate.R whole.R
NULL

#' Pseudotime across domains
#'
#' Orders the spots along the gradients of the tissue. Each spot is joined to its nearest neighbours in the embedding
#' and to its neighbours on the tissue; a random walk on these links, freed of the density of spots, gives diffusion
#' coordinates, and the pseudotime of a spot is its distance from the root in them. Nothing in it is random.
#'
#' A step from one spot to another is as likely as their locally scaled Gaussian kernel tells, with the distance to the
#' last of the nearest neighbours as reach. Ten diffusion components are used. Spots that no chain of links joins to the
#' root have no place on its scale: their pseudotime is NA, and a message tells how many they are.
#'
#' @param x A `starscape_fit`, an embedding (numeric matrix, spots x dimensions), an object on which
#'   [runStarscape()] was run, or the list of objects it gave.
#' @param root Where pseudotime starts: one of the domains, or the name of a spot. A name that is both is the domain. In
#'   a domain, it starts at its far end: in the middle of the tenth of its spots that is farthest, in diffusion
#'   coordinates, from the mean of the spots outside.
#' @param domain Domain of each spot, NA for none: a factor or vector with one value per spot, or the result of
#'   [findDomains()]. For objects also the name of a column of the cell metadata. `NULL` for no domains; the root is
#'   then a spot, and there is no connectivity.
#' @param neighbours Number of nearest neighbours in the embedding, a whole number from 1.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param ... For objects and lists: the arguments of the method for fits.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @return For a fit or a matrix, a list of class `domain_pseudotime` with
#'   * `pseudotime`: from 0 at the root to 1, named by spot; NA for spots without counts and for those without links to
#'     the root;
#'   * `connectivity`: links between two domains in the embedding as a share of those expected by chance, from 0 to 1; a
#'     symmetric matrix, domains x domains, with 0 on the diagonal, or `NULL` without domains;
#'   * `root`: name of the spot where pseudotime starts (its number where spots have no names);
#'   * `domains`: data frame with one row per domain: `domain`, number of `spots`, mean `pseudotime`, and the place `x`,
#'     `y` of the spot nearest to the domain's centre, NA without coordinates or with several slices;
#'   * `coords` and `slice` of a fit, for the figures.
#'
#'   For other objects, the object with the column `pseudotime` in the cell metadata, and `connectivity`, `root` and
#'   `domains` as element `pseudotime` of the stored fit.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Haghverdi, Buettner, Wolf, Buettner and Theis (2016). Diffusion pseudotime robustly reconstructs lineage branching.
#' Nature Methods 13, 845-848. \doi{10.1038/nmeth.3971}
#'
#' Wolf, Hamey, Plass, Solana, Dahlin, Gottgens, Rajewsky, Simon and Theis (2019). PAGA: graph abstraction reconciles
#' clustering with trajectory inference through a topology preserving map of single cells. Genome Biology 20, 59.
#' \doi{10.1186/s13059-019-1663-x}
#' @seealso [plotPseudotime()], [plotDomainConnectivity()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' time <- domainPseudotime(fit, root = "1", domain = findDomains(fit, k = 3))
#' time
#' plotPseudotime(time)
#' plotDomainConnectivity(time)
#' @export
domainPseudotime <- function(x, root, ...) {
  needArguments()
  UseMethod("domainPseudotime")
}

#' @rdname domainPseudotime
#' @export
domainPseudotime.starscape_fit <- function(x, root, domain = NULL, neighbours = 15, threads = 2,
                                           verbose = rlang::is_interactive(), ...) {
  gateDots(...)
  checked <- gateTogether(settings = gateFields(mget(names(pseudotimeChecks)), pseudotimeChecks), start = {
    x <- gateFit(x)
    used <- usedSpots(x)
    gateStart(root, domain, x$graph[used, used, drop = FALSE], rownames(x$embedding), used)
  })
  found <- pseudotimeOfSpots(
    x$embedding[used, , drop = FALSE], used, rownames(x$embedding), checked$start, checked$settings
  )
  found$domains <- placeDomains(found$domains, checked$start$domain, x$coords, x$slice)
  found[c("coords", "slice")] <- list(x$coords, x$slice)
  found
}

#' @rdname domainPseudotime
#' @param graph Neighbours of the spots on the tissue, a sparse symmetric matrix, spots x spots, whose links are added;
#'   `NULL` for none.
#' @export
domainPseudotime.default <- function(x, root, domain = NULL, neighbours = 15, threads = 2,
                                     verbose = rlang::is_interactive(), graph = NULL, ...) {
  gateDots(...)
  checked <- gateTogether(settings = gateFields(mget(names(pseudotimeChecks)), pseudotimeChecks), start = {
    embedding <- gateEmbedding(x, "x")
    spots <- rownames(embedding)
    used <- rep(TRUE, nrow(embedding))
    gateStart(root, domain, perSpotPairs(graph, spots, "graph"), spots, used)
  })
  pseudotimeOfSpots(embedding, used, spots, checked$start, checked$settings)
}

#' @rdname domainPseudotime
#' @export
domainPseudotime.Seurat <- function(x, root, domain = "domain", ..., reduction = "starscape") {
  needObject(x)
  # Both are looked at where the method for fits checks its arguments, the fit first.
  delayedAssign("fit", objectFit(x, gateReduction(reduction)))
  found <- domainPseudotime.starscape_fit(
    fit, root, givenColumn(domain, objectMetadata(x, rownames(fit$embedding)), "domain"), ...
  )
  storePseudotime(x, found, reduction)
}

#' @rdname domainPseudotime
#' @export
domainPseudotime.SingleCellExperiment <- domainPseudotime.Seurat

#' @rdname domainPseudotime
#' @export
domainPseudotime.list <- function(x, root, domain = "domain", ..., reduction = "starscape") {
  # Looked at as by the method for objects.
  delayedAssign("joined", joinedFit(x, reduction))
  found <- domainPseudotime.starscape_fit(
    joined$fit, root, columnOfObjects(domain, x, split(joined$spots, joined$from), "domain"), ...
  )
  Map(function(object, rows) {
    part <- found
    part$pseudotime <- stats::setNames(found$pseudotime[rows], joined$spots[rows])
    storePseudotime(object, part, reduction)
  }, x, unname(split(seq_along(joined$from), joined$from)))
}

storePseudotime <- function(x, found, reduction = "starscape") {
  columns <- data.frame(found$pseudotime, row.names = names(found$pseudotime))
  names(columns) <- ofReduction("pseudotime", reduction)
  tellColumns(x, columns, if (!is.null(storedFit(x, name = reduction)$pseudotime)) names(columns))
  found["root"] <- list(rootAs(found$root, "stored", objectFit(x, reduction)))
  storeWithFit(x, "pseudotime", found[c("connectivity", "root", "domains")], columns, reduction)
}

# The root by the name that it has in the fit as it was `stored`, or has `now`; one that is not among the spots keeps
# its own.
rootAs <- function(root, when, fit) {
  names <- list(stored = fit$storedNames, now = rownames(fit$embedding))
  from <- names[[setdiff(names(names), when)]]
  if (root %in% from) names[[when]][[match(root, from)]] else root
}

# `embedding` holds the spots that are `used`, `spots` names all of them.
pseudotimeOfSpots <- function(embedding, used, spots, start, settings) {
  domain <- start$domain
  labels <- if (is.null(domain)) integer(length(used)) else as.integer(domain)
  labels[is.na(labels)] <- 0L
  found <- unwrap(core_domain_pseudotime(
    unname(embedding), start$graph, labels[used], c(settings[c("neighbours", "threads")], start$root),
    progressBar(settings$verbose)
  ))
  pseudotime <- stats::setNames(rep(NA_real_, length(used)), spots)
  pseudotime[used] <- found$pseudotime
  lost <- sum(is.na(found$pseudotime))
  if (lost > 0) tell(lost, " spots have no link to the root. Their pseudotime is NA.")
  rootSpot <- which(used)[[found$root]]
  structure(
    list(
      pseudotime = pseudotime,
      connectivity = if (!is.null(domain)) namedConnectivity(found$connectivity, levels(domain)),
      root = if (is.null(spots)) rootSpot else spots[[rootSpot]],
      domains = if (!is.null(domain)) summariseDomains(pseudotime, replace(domain, !used, NA))
    ),
    class = "domain_pseudotime"
  )
}

pseudotimeChecks <- list(
  neighbours = wholeNumber(1, 1e6), threads = threadCount, verbose = yesOrNo
)

# The core knows of no level beyond the last one that has spots.
namedConnectivity <- function(found, levels) {
  connectivity <- matrix(0, length(levels), length(levels), dimnames = list(levels, levels))
  own <- seq_len(nrow(found))
  connectivity[own, own] <- found
  connectivity
}

summariseDomains <- function(pseudotime, domain) {
  means <- vapply(split(unname(pseudotime), domain), mean, 0, na.rm = TRUE, USE.NAMES = FALSE)
  data.frame(
    domain = factor(levels(domain), levels = levels(domain)), spots = tabulate(domain, nlevels(domain)),
    pseudotime = orNA(means)
  )
}

# Where each domain is on the tissue: at the one of its spots that is nearest to their centre.
placeDomains <- function(domains, domain, coords, slice) {
  if (is.null(domain)) {
    return(NULL)
  }
  domains[c("x", "y")] <- NA_real_
  if (nlevels(slice) > 1) {
    return(domains)
  }
  for (own in which(domains$spots > 0)) {
    places <- coords[which(as.integer(domain) == own), , drop = FALSE]
    middle <- which.min(colSums((t(places) - colMeans(places))^2))
    domains[own, c("x", "y")] <- places[middle, 1:2]
  }
  domains
}

#' Print a pseudotime
#'
#' @param x The result of [domainPseudotime()].
#' @param ... Not used.
#' @return `x`, invisibly.
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 10)
#' print(domainPseudotime(fit, root = rownames(fit$embedding)[[1]]))
#' @method print domain_pseudotime
#' @export
print.domain_pseudotime <- function(x, ...) {
  x <- storedPseudotime(x)
  known <- sum(!is.na(x$pseudotime))
  cat(sprintf("pseudotime of %d spots (%d NA) from root %s\n", known, length(x$pseudotime) - known, x$root))
  if (!is.null(x$domains)) {
    order <- order(x$domains$pseudotime)
    cat("  mean of each domain:\n")
    print(x$domains[order, c("domain", "spots", "pseudotime")], row.names = FALSE, digits = 3)
    cat("  connectivity:\n")
    print(x$connectivity[order, order], digits = 2)
  }
  invisible(x)
}

# The result that x is, or the one that was stored in it.
storedPseudotime <- function(x, reduction = "starscape") {
  if (inherits(x, "domain_pseudotime")) {
    return(gateWhole(x, pseudotimeShapes, "x", "domainPseudotime", isWholePseudotime))
  }
  fit <- storedFit(x, name = gateReduction(reduction))
  own <- if (isObject(x)) objectFit(x, reduction)
  column <- if (isObject(x)) objectMetadata(x, rownames(own$embedding))[[ofReduction("pseudotime", reduction)]]
  if (is.null(fit$pseudotime) || !is.numeric(column)) {
    stopArgument("x", "has no pseudotime", "Run domainPseudotime() on it first.")
  }
  now <- currentPlaces(x, own)
  found <- c(list(pseudotime = stats::setNames(as.numeric(column), rownames(own$embedding))), fit$pseudotime)
  if (isObject(x) && isString(found$root)) found$root <- rootAs(found$root, "now", own)
  stored <- structure(c(found, list(coords = own$coords, slice = own$slice)), class = "domain_pseudotime")
  stored <- gateWhole(stored, pseudotimeShapes, "x", "domainPseudotime", isWholePseudotime)
  stored$domains <- moveDomains(stored$domains, stored$coords, now)
  stored["coords"] <- list(now)
  stored
}

# Domains are drawn at the place of one of their spots: where it is now.
moveDomains <- function(domains, before, now) {
  for (own in which(!is.na(domains$x))) {
    spot <- which.min((before[, 1] - domains$x[[own]])^2 + (before[, 2] - domains$y[[own]])^2)
    domains[own, c("x", "y")] <- now[spot, 1:2]
  }
  domains
}

pseudotimeShapes <- list(
  pseudotime = series("spots"), connectivity = orNone(numbers("domains", "domains")),
  root = single(function(value) isString(value) || isNumber(value)),
  domains = orNone(frame("domains", list(domain = is.factor, spots = is.numeric, pseudotime = is.numeric))),
  coords = orNone(numbers("spots", "places")), slice = orNone(series("spots", is.factor))
)

isWholePseudotime <- function(found) {
  places <- found$domains[intersect(c("x", "y"), names(found$domains))]
  identical(is.null(found$connectivity), is.null(found$domains)) &&
    (is.null(found$coords) || identical(rownames(found$coords), names(found$pseudotime))) &&
    (is.null(found$domains) || identical(rownames(found$connectivity), as.character(found$domains$domain))) &&
    all(vapply(places, is.numeric, NA)) && !all(is.na(found$pseudotime)) &&
    all(found$pseudotime >= 0 & found$pseudotime <= 1, na.rm = TRUE)
}

# One domain or spot, as text.
gateRoot <- function(root) {
  if (!is.atomic(root) || length(root) != 1 || is.na(root)) {
    stopArgument("root", paste("must be one of the domains or the name of a spot, not", describe(root)))
  }
  as.character(root)
}

# The domains, the graph of the spots that are `used`, and where among them pseudotime starts.
gateStart <- function(root, domain, graph, spots, used) {
  sound <- FALSE
  gateTogether(
    domain = {
      domain <- gateDomain(perSpot(domain, spots, "domain"), length(used))
      sound <- TRUE
      domain
    },
    graph = gateGraph(graph, sum(used)),
    root = {
      root <- gateRoot(root)
      # Without the domains nobody knows whether it is one.
      if (sound) startOf(root, domain, spots, used)
    }
  )
}

# A root as the core takes it: a domain, or a spot.
startOf <- function(root, domain, spots, used) {
  if (root %in% domain[used]) {
    return(list(rootDomain = match(root, levels(domain))))
  }
  if (is.null(spots)) spots <- as.character(seq_along(used))
  row <- match(root, spots)
  if (is.na(row)) {
    have <- if (is.null(domain)) "Spots" else paste0("Domains are ", quoted(levels(domain)), "; spots")
    stopArgument(
      "root", sprintf("is neither a domain with spots nor a spot of `x`: \"%s\"", root),
      paste0(have, " are named like ", quoted(spots, 2), ".")
    )
  }
  if (!used[[row]]) stopArgument("root", sprintf("is the spot \"%s\", which has no counts", root))
  list(rootSpot = sum(used[seq_len(row)]))
}
