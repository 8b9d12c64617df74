#' Find tissue domains
#'
#' Divides the spots into `k` domains. No single space shows the domains of every tissue, so a fit is looked at in
#' several deterministic *views*, and its domains are what they agree on:
#' * component scores of Pearson residuals and of log counts side by side, averaged twice and four times over
#'   neighbours, and as far as the section itself asks for: each score by the best linear estimate of the part that
#'   neighbours share (kriging without the nugget);
#' * from 1000 spots on, the type of each spot by itself (20 types by k-means from fixed starts), its shares averaged in
#'   the same three ways: a mixture of two types is then not the same as a type between them;
#' * the embedding.
#'
#' Each view is divided by a Gaussian mixture. Its likelihood has several maxima, which are looked for by moving single
#' components to other places until that no longer helps; and as few spots settle which of several is the highest, each
#' counts by the share of 200 bootstrap draws of the tissue, patch by patch, in which it is. A partition also counts by
#' how far those of the other views agree with it (the square of its mean adjusted Rand index with them), and a spot
#' belongs to the domain into which most of the weight puts it. In sections of more than 5000 spots maxima are looked
#' for among so many of them.
#'
#' Domains differ in how much they vary, and few spots tell little of a covariance. So in every mixture each domain has
#' a covariance of its own, drawn towards the one of all domains, which counts as 60 further spots a dimension; and that
#' one is drawn towards a sphere, the mean variance of all spots shared out among the domains, which counts as 20.
#' `"kmeans"` and `"hmrf"` divide the embedding, from what the views agree on.
#'
#' Without `k` each number of domains in `kRange` is fitted to each view, and the one of largest mean `aic3` is taken.
#' Sections of more than 10,000 spots are judged as if they had so many: what varies smoothly within a domain makes any
#' criterion that counts all spots ask for the more domains the larger the section.
#' If it says less about the section than about tissue without domains, the answer is 1: eight Gaussian fields with the
#' autocorrelation of each score stand for such tissue, and the log-likelihood that this number of domains and ten gain
#' over one in the averaged views must, for one of the two, exceed theirs (gap statistic; prediction interval of
#' Student's t, 2.5 percent each). In a few hundred spots wide domains and smooth variation look alike, and 1 is
#' answered more often than it is true.
#'
#' @param x A `starscape_fit`, an embedding (numeric matrix, spots x dimensions), an object on which
#'   [runStarscape()] was run, or the list of objects it gave: these get joint domains.
#' @param k Number of domains, a whole number from 1 to the number of spots. `NULL` chooses it within `kRange`, or 1 for
#'   a section without domains, and a message tells the choice.
#' @param method `"gmm"` for the Gaussian mixture, `"kmeans"`, or `"hmrf"` for a mixture with one covariance refined by
#'   a Potts hidden Markov random field on the graph of neighbours.
#' @param kRange Smallest and largest `k` to try.
#' @param seed Whole number from 0 to 2147483647 for the subsamples behind `stability` in the choice of `k`. The domains
#'   themselves do not depend on it.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param ... For objects and lists: the arguments of the method for fits.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param name For objects and lists of them: the column of the cell metadata that takes the domains; their confidence
#'   goes to this name with `_confidence`. Several numbers of domains or settings can be kept under names of their own.
#'   A message tells when a column is replaced that findDomains() did not write.
#' @return For a fit or a matrix, a data frame with one row per spot: `domain`, a factor whose levels `"1"`, `"2"`, ...
#'   are ordered by size (there are fewer than `k` when the data do not support so many, which a message tells), and
#'   `confidence` from 0 to 1: for a fit the share of bootstrap draws of the views in which the spot stays in its
#'   domain, an estimate of how likely it is to lie there in another experiment on the same tissue (see below); for a
#'   matrix, a single view or with `"hmrf"` the probability of that domain; with `"kmeans"` one minus the ratio of the
#'   distances to the nearest and the second nearest centre. Spots without counts are NA. For a fit, the attribute
#'   `views` is a data frame of the views and their weights.
#'
#'   If `k` was chosen, the attribute `choice` is a data frame with one row per number tried: `k`, `logLik`, the
#'   criteria `aic3`, `bic` and `icl` (larger is better; the largest `aic3` wins), all with the spots counted as the
#'   smaller number of independent spots they are worth, and `stability`, the mean adjusted Rand index between the
#'   domains and those found again on subsamples; for fits all are means over the views. Its attribute `structure` has a
#'   row for the two numbers compared with tissue without domains: `k`, the `gain` in log-likelihood a spot, its mean in
#'   such tissue, `null`, and the `excess` in standard errors of prediction (more than 2.36 is structure). The choice is
#'   a guide; [plotChoice()] draws it. The attribute `settings` says how the domains were found.
#'
#'   For other objects, the object with `domain` and `domain_confidence` (or the `name` given) in the cell metadata, and
#'   the settings, the views and the choice as element `domains` of the stored fit.
#' @section Confidence:
#' The views at hand are a sample of those that could have been looked at. In each of 250 draws the weight of a view is
#' multiplied by two standard exponential variates, one for what it averages and one for how far, as views that share
#' one of these err together (bootstrap of crossed effects). On 17 sections of six technologies it was compared with the
#' other half of the counts: see `plotConfidence()`, which does the same with your own data. It speaks of chance in the
#' counts, not of whether domains are what a pathologist would draw.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Scrucca, Fop, Murphy and Raftery (2016). mclust 5: clustering, classification and density estimation using Gaussian
#' finite mixture models. The R Journal 8, 289-317. The common covariance is its model EEE.
#'
#' Friedman (1989). Regularized discriminant analysis. Journal of the American Statistical Association 84, 165-175.
#'
#' Fraley and Raftery (2007). Bayesian regularization for normal mixture estimation and model-based clustering. Journal
#' of Classification 24, 155-181. The prior of the covariance.
#'
#' Zhao, Hautamäki, Kärkkäinen and Fränti (2012). Random swap EM algorithm for Gaussian mixture models. Pattern
#' Recognition Letters 33, 2120-2126.
#'
#' Hornik (2005). A CLUE for CLUster Ensembles. Journal of Statistical Software 14(12). The consensus of partitions.
#'
#' Owen and Eckles (2012). Bootstrapping data arrays of arbitrary order. Annals of Applied Statistics 6, 895-927. The
#' confidence.
#'
#' Tibshirani, Walther and Hastie (2001). Estimating the number of clusters in a data set via the gap statistic. Journal
#' of the Royal Statistical Society B 63, 411-423.
#'
#' Bozdogan (1994). Mixture-model cluster analysis using model selection criteria. In: Proceedings of the first US/Japan
#' conference on the frontiers of statistical modeling, 69-113. The criterion `aic3`.
#'
#' Cressie (1993). Statistics for spatial data. Wiley. Kriging of the part without the nugget: section 3.2.1.
#' @seealso [plotDomains()], [plotChoice()], [plotConfidence()], [clusterMetrics()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' domains <- findDomains(fit, k = 3)
#' table(domains$domain, slices$labels)
#' @export
findDomains <- function(x, ...) {
  needArguments()
  UseMethod("findDomains")
}

#' @rdname findDomains
#' @export
findDomains.starscape_fit <- function(x, k = NULL, method = c("gmm", "kmeans", "hmrf"), kRange = c(2, 15), seed = 1,
                                      threads = 2, verbose = rlang::is_interactive(),
                                      space = c("embedding", "prior"), view = NULL, ...) {
  gateDots(...)
  x <- gateFit(x)
  if (is.null(x$codes)) tell("`x` has no codes of views. Domains are those of its embedding alone.")
  used <- usedSpots(x)
  checked <- gateTogether(
    view = gateView(view, x), space = oneOf(c("embedding", "prior"))(space, "space"),
    division = gateDivision(k, kRange, list(method = method, seed = seed, threads = threads, verbose = verbose), used)
  )
  space <- checked$space
  view <- checked$view
  # A copy of what is as long as the spots costs as much as the rest.
  rowsUsed <- function(table) if (is.null(table) || all(used)) table else table[used, , drop = FALSE]
  found <- divideSpots(
    rowsUsed(x[[space]]), checked$division,
    gateGraph(if (all(used)) x$graph else x$graph[used, used, drop = FALSE], sum(used)),
    prior = if (is.null(x$codes)) rowsUsed(cbind(x$prior, x$priorExtra)), codes = rowsUsed(x$codes), view = view
  )
  rows <- match(seq_along(used), which(used))
  domains <- data.frame(
    domain = found$domain[rows], confidence = found$confidence[rows], row.names = rownames(x$embedding)
  )
  for (kept in c("choice", "views")) attr(domains, kept) <- attr(found, kept)
  settings <- replace(attr(found, "settings"), "space", space)
  attr(domains, "settings") <- c(settings, if (!is.null(view)) list(view = view))
  domains
}

#' @rdname findDomains
#' @param space For fits, what is divided beside the views: the embedding or the deterministic prior it starts
#'   from. The difference between the two results is what the network adds, nothing where it has no share.
#' @param view For fits, names of the views to look at, as in the attribute `views` of domains found without it (such as
#'   `"types averaged 4 times"`, `"scores filtered"` or `"embedding"`); `NULL` looks at all. A single view is divided by
#'   itself.
#' @param graph Neighbours of the spots, a sparse symmetric matrix, spots x spots; needed by `"hmrf"`.
#' @param prior Numeric matrix, spots x components by falling importance, from whose partition the search starts; `NULL`
#'   starts from the best-likelihood partition of the embedding itself. Four views of it are divided (the first as many
#'   components as the embedding has dimensions, and all of them, each as it is and averaged over neighbours twice
#'   more), and the search starts from their consensus or from a decisively better one.
#' @export
findDomains.default <- function(x, k = NULL, method = c("gmm", "kmeans", "hmrf"), kRange = c(2, 15), seed = 1,
                                threads = 2, verbose = rlang::is_interactive(), graph = NULL, prior = NULL, ...) {
  gateDots(...)
  embedding <- gateEmbedding(x, "x")
  spots <- rownames(embedding)
  settings <- list(method = method, seed = seed, threads = threads, verbose = verbose)
  checked <- gateTogether(
    division = gateDivision(k, kRange, settings, rep(TRUE, nrow(embedding))),
    graph = gateGraph(perSpotPairs(graph, spots, "graph"), nrow(embedding)),
    prior = if (!is.null(prior)) gateEmbedding(perSpotRows(prior, spots, "prior"), "prior", nrow(embedding))
  )
  if (checked$division$settings$method == "hmrf" && is.null(checked$graph)) {
    stopArgument("graph", "is missing, and method \"hmrf\" needs it", "Give the `graph` of a fit.")
  }
  divideSpots(embedding, checked$division, checked$graph, checked$prior)
}

#' @rdname findDomains
#' @export
findDomains.Seurat <- function(x, ..., name = "domain", reduction = "starscape") {
  needObject(x)
  checked <- gateTogether(name = gateColumnName(name), fit = objectFit(x, gateReduction(reduction)))
  storeDomains(x, findDomains.starscape_fit(checked$fit, ...), name, reduction)
}

#' @rdname findDomains
#' @export
findDomains.SingleCellExperiment <- findDomains.Seurat

#' @rdname findDomains
#' @export
findDomains.list <- function(x, ..., name = "domain", reduction = "starscape") {
  name <- gateColumnName(name)
  joined <- joinedFit(x, reduction)
  domains <- findDomains.starscape_fit(joined$fit, ...)
  parts <- lapply(split(seq_along(joined$from), joined$from), function(rows) {
    part <- domains[rows, ]
    rownames(part) <- joined$spots[rows]
    for (kept in c("choice", "settings", "views")) attr(part, kept) <- attr(domains, kept)
    part
  })
  Map(storeDomains, x, unname(parts), name, reduction)
}

storeDomains <- function(x, domains, name, reduction = "starscape") {
  before <- storedFit(x, name = reduction)$domains
  columns <- domainColumns(domains, name)
  tellColumns(x, columns, ownColumns(x, before), "Give another `name` to keep both.")
  storeWithFit(x, "domains", domainRecord(domains, name, before), columns, reduction)
}

# How the spots that are `used` are to be divided.
gateDivision <- function(k, kRange, settings, used) {
  gateTogether(
    settings = gateFields(settings, domainChecks), k = gateK(k, sum(used), least = 1),
    kRange = if (is.null(k)) gateKRange(kRange, sum(used))
  )
}

# Domains of an embedding, in the views made from `codes` (those named by `view`), or started from a `prior`.
divideSpots <- function(embedding, division, neighbours, prior = NULL, codes = NULL, view = NULL) {
  embedding <- gateEmbedding(embedding, "x")
  if (!is.null(prior)) prior <- gateEmbedding(prior, "prior", nrow(embedding))
  settings <- division$settings
  k <- division$k
  parameters <- c(list(k = k, kRange = division$kRange, view = view), settings[c("method", "seed", "threads")])
  found <- unwrap(core_find_domains(embedding, prior, codes, neighbours, parameters, progressBar(settings$verbose)))
  domains <- domainFrame(found, rownames(embedding), k)
  # How to find them again.
  attr(domains, "settings") <- c(list(k = k), settings[c("method", "seed")], list(space = "embedding"))
  domains
}

# Names of views; which there are the core knows.
gateView <- function(view, fit) {
  if (is.null(view)) {
    return(NULL)
  }
  if (is.null(fit$codes)) {
    stopArgument("view", "cannot be chosen, as the fit is of a version without views", "Run runStarscape() again.")
  }
  if (!is.character(view) || length(view) == 0 || anyNA(view)) {
    stopArgument("view", paste("must be names of views, not", describe(view)))
  }
  view
}

domainChecks <- list(
  method = oneOf(c("gmm", "kmeans", "hmrf")), seed = seedNumber,
  threads = threadCount, verbose = yesOrNo
)

domainFrame <- function(found, spots, k) {
  domains <- data.frame(domain = factor(found$domain, levels = seq_len(found$k)), confidence = found$confidence)
  if (!is.null(spots)) rownames(domains) <- spots
  if (length(found$views$view) > 0) attr(domains, "views") <- as.data.frame(found$views)
  if (is.null(k)) {
    tellChoice(found$choice$chosen, found$k)
    choice <- as.data.frame(found$choice[!names(found$choice) %in% c("chosen", "structure")])
    attr(choice, "chosen") <- found$choice$chosen
    if (length(found$choice$structure$k) > 0) attr(choice, "structure") <- as.data.frame(found$choice$structure)
    attr(domains, "choice") <- choice
  } else if (found$k < k) {
    tell("Only ", found$k, " of the ", k, " domains hold spots: the section does not support so many.")
  }
  domains
}

tellChoice <- function(chosen, used) {
  if (chosen == 1) {
    tell("Chose k = 1: no more structure than in tissue without domains. Give `k` to divide the section all the same.")
    return(invisible())
  }
  empty <- if (used < chosen) paste0("; ", used, " of them hold spots")
  tell("Chose k = ", chosen, " domains", empty, ".")
}

# What an object keeps of the domains beside the labels: how the last ones were found, and all columns that hold some.
domainRecord <- function(domains, name, before = NULL) {
  list(
    choice = attr(domains, "choice"), k = nlevels(domains$domain), settings = attr(domains, "settings"),
    views = attr(domains, "views"), name = name, columns = union(before$columns, name)
  )
}

# A new fit of an object has no domains yet, but the columns of the fit before are still no annotation of the user's.
keptColumns <- function(before) {
  if (inherits(before, "starscape_fit") && !is.null(before$domains)) before$domains["columns"]
}

# The columns that domains become in the cell metadata.
domainColumns <- function(domains, name) {
  columns <- data.frame(domains$domain, domains$confidence, row.names = rownames(domains))
  stats::setNames(columns, c(name, paste0(name, "_confidence")))
}

gateColumnName <- function(name) {
  if (!isString(name) || !nzchar(name)) stopArgument("name", paste("must be the name of a column, not", describe(name)))
  name
}

# The columns with domains that the package wrote and nobody changed since: domains are numbers, and whoever renames
# them makes an annotation of his own. `before` is what was recorded of earlier domains.
ownColumns <- function(x, before) {
  # Versions that recorded no names wrote this one.
  names <- if (!is.null(before) && is.null(before$columns)) "domain" else before$columns
  metadata <- objectMetadata(x)
  numbered <- vapply(names, function(name) all(grepl("^[0-9]+$", stats::na.omit(as.character(metadata[[name]])))), NA)
  kept <- names[as.logical(numbered)]
  c(kept, if (length(names) > 0) paste0(names, "_confidence"))
}
