#' @include gate.R
NULL

#' Genes that mark domains
#'
#' Tests every gene between domains, by the Wilcoxon rank-sum test on log-normalised expression or on sums over
#' replicates, with p-values that hold although the domains were found in the same data.
#'
#' Two things make the usual p-values of marker genes far too small. First, domains that were found in the counts are
#' made of spots that are alike by chance as well: a gene that has nothing to do with the tissue differs between them.
#' With `correct = "countsplit"`, each count is divided at random into two independent parts; domains are found again,
#' with the settings of the fit, in the one part, and genes are tested in the other. Counts that vary more than
#' molecules drawn at random are divided with their overdispersion, estimated within domains; a division that ignores it
#' would leave the parts dependent. Domains found again are matched with the given ones (Hungarian method) and take
#' their names. Second, neighbouring spots are alike, so that there are fewer independent ones than spots:
#' `spatial = TRUE` accounts for that, see below.
#'
#' Expression is log(1 + 10,000 x count / library size), as in `Seurat`. `logFC` is log2 of the ratio of the two means
#' of 10,000 x count / library size, each plus `pseudocount`: that of `Seurat` 4. `Seurat` 5 adds 1 / (number of spots)
#' instead, which makes the fold changes of rare genes depend on the size of the domain.
#'
#' @param x Counts: a matrix with genes as rows and spots as columns (as for [runStarscape()]), an object, or a list of
#'   slices.
#' @param domain Domain of each spot, NA for none: a factor or vector with one value per spot, or the result of
#'   [findDomains()]. For objects also the name of a column of the cell metadata.
#' @param ... For objects and lists: the arguments of the method for matrices.
#' @return A data frame of class `domain_markers` with one row per gene and comparison, by domain and rising p-value:
#'   * `gene`; `domain`, a factor; and `against`, what it is compared with: `"rest"` or another domain;
#'   * `logFC`: log2 fold change, positive where the gene is higher in the domain;
#'   * `auc`: probability that a spot of the domain has more of the gene than one outside, ties counted as half, from 0
#'     to 1; with `block`, of two spots of the same block;
#'   * `pct_in`, `pct_out`: share of the spots inside and outside that have counts of the gene, from 0 to 1;
#'   * `statistic`: standard normal (or t) under the null, positive where the gene is higher in the domain; and its
#'     two-sided `p_value`. NA for genes that do not vary and for domains of fewer than three spots, as
#'     given or as found again;
#'   * `fdr`: p-value adjusted by Benjamini and Hochberg over the genes of one comparison;
#'   * with `spatial = TRUE`, `n_effective`: the number of independent spots that would tell as much as those compared,
#'     which it never exceeds.
#'
#'   With `correct = "countsplit"` all columns are those of the second part of the counts, and the attribute `split` is
#'   a list of `ari`, the adjusted Rand index of the domains found again with those given; `domain`, the domains found
#'   again, under the given names, one per spot; `overdispersion`, one number per gene; and the `share` of the counts in
#'   the first part.
#' @section Neighbouring spots:
#' Any gene that varies smoothly over the tissue, for whatever reason, differs between domains, which lie together. With
#' `spatial = TRUE` a gene is tested against that: whether it differs between domains by more than its variation within
#' them lets expect. Tissue is cut into some 250 compact patches, and the gene's ranks, less the means of the domains,
#' are added up over each. Restricted likelihood compares covariances with smooth variation of ranges from one spot to
#' half the tissue (squared exponential or exponential) and any share of independent noise. The variance of the rank sum
#' is averaged over them by their likelihoods, and what is uncertain about it becomes degrees of freedom of a t
#' distribution. Slices are independent. Where smooth variation reaches as far as domains do, a section holds little
#' evidence of either, and p-values are large, as they should be. The covariance is taken to be the same all over the
#' tissue and to depend on distance only. Genes that vary in one domain and hardly in others do not fit that well; for
#' such the test is approximate.
#' @section Replicates:
#' With one section, spots are the units of the test, and the p-values speak of this section. With replicates (slices
#' or better donors as `block`), `test = "wilcoxon"` compares spots within blocks only, so that differences between
#' blocks do no harm; `test = "pseudobulk"` takes each domain of each block as one unit, so that p-values speak of
#' further donors. It needs two blocks or more and the package limma.
#' @section Other packages:
#' ClusterDE meets the same trouble of clusters found in the counts in another way: the clustering and the tests are
#' repeated on synthetic data that resemble the counts but have one cluster only, and the false discovery rate is
#' controlled by the contrast of real and synthetic p-values. That works with any clustering and any test; it gives no
#' p-values, and neighbouring spots are not what it is about. DESpace takes the clusters as given and looks for
#' spatially variable genes: by edgeR, genes that differ between any of them, or between one and the others. Its
#' p-values account neither for clusters that were found in the same counts nor for the likeness of neighbours within
#' them.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument: counts that
#' are not whole numbers or a missing fit for count splitting, a single replicate for pseudobulk. Domains of fewer than
#' three spots, genes without counts, and p-values that take the domains as known are told with a message of class
#' `starscape_message`.
#' @references
#' Neufeld, Gao, Popp, Battle and Witten (2024). Inference after latent variable estimation for single-cell RNA
#' sequencing data. Biostatistics 25, 270-287. \doi{10.1093/biostatistics/kxac047}
#'
#' Neufeld, Popp, Gao, Battle and Witten (2023). Negative binomial count splitting for single-cell RNA sequencing data.
#' <https://arxiv.org/abs/2307.12985>.
#'
#' van Elteren (1960). On the combination of independent two sample tests of Wilcoxon. Bulletin de l'Institut
#' International de Statistique 37, 351-361.
#'
#' Song, Li, Ge and Li (2023). ClusterDE: a post-clustering differential expression (DE) method robust to false-positive
#' inflation caused by double dipping. bioRxiv. \doi{10.1101/2023.07.21.550107}
#'
#' Cai, Robinson and Tiberi (2024). DESpace: spatially variable gene detection via differential expression testing of
#' spatial clusters. Bioinformatics 40, btae027. \doi{10.1093/bioinformatics/btae027}
#'
#' Law, Chen, Shi and Smyth (2014). voom: precision weights unlock linear model analysis tools for RNA-seq read counts.
#' Genome Biology 15, R29. \doi{10.1186/gb-2014-15-2-r29}
#'
#' Patterson and Thompson (1971). Recovery of inter-block information when block sizes are unequal. Biometrika 58,
#' 545-554: restricted likelihood.
#'
#' Clifford, Richardson and Hémon (1989). Assessing the significance of the correlation between two spatial processes.
#' Biometrics 45, 123-134; and Dutilleul (1993), Biometrics 49, 305-314: autocorrelation costs degrees of freedom.
#'
#' Conover and Iman (1981). Rank transformations as a bridge between parametric and nonparametric statistics. The
#' American Statistician 35, 124-129.
#'
#' Benjamini and Hochberg (1995). Controlling the false discovery rate. Journal of the Royal Statistical Society B 57,
#' 289-300.
#' @seealso [markerList()], [plotMarkerHeatmap()], [plotMarkerDots()], [plotMarkerVolcano()]; [plotDomains()] draws the
#'   expression of genes on the tissue.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' domains <- findDomains(fit, k = 3)
#' markers <- domainMarkers(slices$counts, domains, fit = fit)
#' markers
#' attr(markers, "split")$ari
#'
#' # Domains of another method: give the method.
#' components <- function(x, seed) {
#'   withr::with_seed(seed, stats::kmeans(stats::prcomp(t(as.matrix(log1p(x))), rank. = 5)$x, 3, nstart = 5)$cluster)
#' }
#' domainMarkers(slices$counts, components(slices$counts, 1), fit = components, coords = slices$coords)
#'
#' # Labels that do not come from the counts need no correction.
#' known <- domainMarkers(slices$counts, slices$labels, coords = slices$coords, correct = "none")
#' markerList(known, n = 3)
#' @export
domainMarkers <- function(x, domain = "domain", ...) {
  needArguments()
  UseMethod("domainMarkers")
}

#' @rdname domainMarkers
#' @param fit What finds domains again, needed for `correct = "countsplit"`: the `starscape_fit` of these counts, whose
#'   settings are used and whose spots are matched by name (objects hold it); or, for domains of any other method, a
#'   function of counts and a seed (`seed`) that returns one label per spot, as for [stabilitySweep()]; R's own
#'   generator is set to the seed, too, and put back. The counts are a sparse matrix, genes x those spots of `x` that
#'   have counts, for instance
#'   `function(x, seed) runTransST(x, source, labels, coords = coords[colnames(x), ])$domain`.
#' @param coords,slice Places and slices of the spots for `spatial = TRUE`, as in [runStarscape()]; `NULL` for those of
#'   the fit, or that the object knows.
#' @param compare `"rest"` for each domain against all others, `"pairs"` for every two domains, or two (groups of)
#'   domains: `c("a", "b")` or `list(c("a", "b"), "c")`, the first against the second.
#' @param test `"wilcoxon"`, or `"pseudobulk"` for sums of each domain in each `block`, tested by limma (voom) with
#'   block as a covariate. With `compare = "rest"` a domain is then compared with the mean of the others.
#' @param correct `"countsplit"` for p-values that hold for domains found in these counts, `"none"` for domains that
#'   come from elsewhere, such as an annotation.
#' @param spatial Whether to account for the likeness of neighbouring spots, which needs their places. Takes no part in
#'   `"pseudobulk"`.
#' @param block Replicate (slice or donor) of each spot, one value per spot, or `NULL`. For objects also the name of a
#'   column of the cell metadata.
#' @param features Names of the genes to show, `NULL` for all. Library sizes, overdispersion and the spatial null are
#'   those of all counts; false discovery rates those of the genes shown.
#' @param split Share of the counts in which domains are found again, between 0 and 1; the others are tested.
#' @param pseudocount Added to both means before the fold change, positive.
#' @param seed Whole number from 0 to 2147483647 from which the division of the counts is drawn.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @export
domainMarkers.default <- function(x, domain = "domain", fit = NULL, coords = NULL, slice = NULL, compare = "rest",
                                  test = c("wilcoxon", "pseudobulk"), correct = c("countsplit", "none"),
                                  spatial = TRUE, block = NULL, split = 0.5, pseudocount = 1, seed = 1, threads = 2,
                                  verbose = rlang::is_interactive(), features = NULL, ...) {
  gateDots(...)
  given <- mget(names(markerChecks))
  checked <- gateTogether(settings = gateFields(given, markerChecks), names = {
    input <- gateMarkerInput(x, domain, fit, coords, slice, block, soundFields(given, markerChecks))
    genes <- rownames(input$counts)
    gateTogether(compare = gateCompare(compare, input$domain), shown = gateGenes(features, genes, genes) + 1L)
  })
  settings <- checked$settings
  shown <- checked$names$shown
  progress <- progressBar(settings$verbose)
  if (settings$correct == "countsplit") {
    input <- splitInput(input, settings, progress)
  } else {
    tell("The domains are taken as known: for domains that were found in these counts the p-values are too small.")
  }
  plan <- gateCompare(compare, input$domain)
  sums <- rankSums(input$counts, plan, input$block, settings$threads, progress)
  tested <- if (settings$test == "pseudobulk") {
    pseudobulkTest(input, plan, sums)
  } else {
    null <- spatialNull(input, plan, sums, settings, progress)
    continuity <- rep(ifelse(sums$strata == 1, 0.5, 0), each = nrow(sums$shift))
    c(rankSumTest(sums$shift, sums$sd, continuity, null$inflation, null$df), null["n_effective"])
  }
  markers <- markerTable(sums, tested, plan, rownames(input$counts), settings$pseudocount, shown)
  attr(markers, "split") <- input$split
  markers
}

#' @rdname domainMarkers
#' @param assay,layer,image For objects: where the raw counts and the places are, as in [runStarscape()].
#' @param reduction For objects the name of the fit that the domains come from, as in [findDomains()].
#' @export
domainMarkers.Seurat <- function(x, domain = "domain", fit = NULL, coords = NULL, slice = NULL, spatial = TRUE,
                                 block = NULL, assay = NULL, layer = "counts", image = NULL, reduction = "starscape",
                                 ...) {
  markersOfObject(x, domain, fit, list(coords, slice, image), spatial, block, assay, layer, reduction, ...)
}

#' @rdname domainMarkers
#' @export
domainMarkers.SingleCellExperiment <- function(x, domain = "domain", fit = NULL, coords = NULL, slice = NULL,
                                               spatial = TRUE, block = NULL, assay = "counts",
                                               reduction = "starscape", ...) {
  markersOfObject(x, domain, fit, list(coords, slice, NULL), spatial, block, assay, NULL, reduction, ...)
}

# `given` are coords, slice and image.
markersOfObject <- function(x, domain, fit, given, spatial, block, assay, layer, reduction, ...) {
  needObject(x)
  reduction <- gateReduction(reduction)
  counts <- objectCounts(x, assay, layer)
  own <- is.null(fit) && hasFit(x, reduction)
  if (own) counts <- fittedCounts(x, counts, objectFit(x, reduction))
  metadata <- objectMetadata(x, colnames(counts))
  domain <- givenColumn(domain, metadata, "domain")
  block <- givenColumn(block, metadata, "block")
  if (own) fit <- fitOfDomains(objectFit(x, reduction), objectResult(x, "transst"), domain)
  fitted <- inherits(fit, "starscape_fit")
  # The fit knows the places, unless others are asked for.
  places <- if (isTRUE(spatial) && (!fitted || !is.null(given[[1]]) || !is.null(given[[3]]))) {
    objectPlaces(x, colnames(counts), given[[1]], given[[2]], given[[3]])
  } else {
    list(slice = givenColumn(given[[2]], metadata, "slice"))
  }
  spots <- colnames(counts)
  domainMarkers.default(
    placedCounts(counts, places), placedValues(domain, spots, places), fit = fit, coords = places$coords,
    slice = places$slice, spatial = spatial,
    block = placedValues(block, spots, places), ...
  )
}

#' @rdname domainMarkers
#' @export
domainMarkers.list <- function(x, domain = "domain", ..., fit = NULL, coords = NULL, slice = NULL, spatial = TRUE,
                               block = NULL, assay = NULL, layer = "counts", image = NULL, reduction = "starscape") {
  x <- gateSlices(x)
  reduction <- gateReduction(reduction)
  matrices <- isMatrix(x[[1]])
  fits <- if (!matrices && is.null(fit) && all(vapply(x, hasFit, NA, reduction))) lapply(x, objectFit, reduction)
  counts <- countsOfSlices(x, assay, layer, fits)
  Map(gateOrientation, counts, gatePlacesOf(coords, x))
  if (inherits(fit, "starscape_fit")) lapply(counts, gateFitOrientation, fit)
  spots <- lapply(counts, colnames)
  if (!is.null(fits)) fit <- joinFits(Map(subsetFit, fits, spots))$fit
  # The fit knows the places, unless others are asked for.
  if (isTRUE(spatial) && (!is.null(coords) || !matrices && !inherits(fit, "starscape_fit"))) {
    places <- tellOnce(Map(placesOfSlice, x, gatePlacesOf(coords, x), spots, list(image)))
    counts <- Map(placedCounts, counts, places)
    spots <- lapply(counts, colnames)
    coords <- `rownames<-`(joinPlaces(lapply(unname(places), `[[`, "coords"), "coords"), NULL)
    if (is.null(slice)) slice <- sliceFactor(places, lengths(spots))
  }
  if (is.null(slice) && is.null(fits)) slice <- rep(names(x), lengths(spots))
  domainMarkers.default(
    joinCounts(counts), columnOfObjects(domain, x, spots, "domain"), fit = fit, coords = coords, slice = slice,
    spatial = spatial, block = columnOfObjects(block, x, spots, "block"), ...
  )
}

markerChecks <- list(
  test = oneOf(c("wilcoxon", "pseudobulk")), correct = oneOf(c("countsplit", "none")), spatial = yesOrNo,
  split = realNumber(0.01, 0.99), pseudocount = realNumber(0, positive = TRUE), seed = seedNumber,
  threads = threadCount, verbose = yesOrNo
)

# The rows of all comparisons, of the genes that are `shown`. `tested` holds genes x comparisons; of two domains, both
# directions are rows.
markerTable <- function(sums, tested, plan, genes, pseudocount, shown) {
  small <- gateDomainSizes(plan$domain)
  sides <- data.frame(own = sums$own, other = sums$other, at = seq_along(sums$own), sign = 1)
  if (plan$mirror) {
    sides <- rbind(sides, data.frame(own = sides$other, other = sides$own, at = sides$at, sign = -1))
    sides <- sides[order(sides$own, sides$other), ]
  }
  rows <- lapply(seq_len(nrow(sides)), function(row) {
    markerRows(sums, tested, sides[row, ], plan$domain, small, genes, pseudocount, shown)
  })
  markers <- do.call(rbind, rows)
  rownames(markers) <- NULL
  class(markers) <- c("domain_markers", "data.frame")
  markers
}

# The rows of one comparison, the clearest first.
markerRows <- function(sums, tested, side, domain, small, genes, pseudocount, shown) {
  sizes <- tabulate(domain, nlevels(domain))
  outside <- if (side$other == 0) setdiff(seq_along(sizes), side$own) else side$other
  part <- function(values, of, count) rowSums(values[, of, drop = FALSE]) / count
  sizes <- c(sizes[[side$own]], sum(sizes[outside]))
  tested <- lapply(Filter(Negate(is.null), tested), function(values) values[, side$at])
  if (any(c(side$own, side$other) %in% small)) tested <- lapply(tested, function(values) replace(values, TRUE, NA))
  logFC <- log2(part(sums$sum, side$own, sizes[[1]]) + pseudocount) -
    log2(part(sums$sum, outside, sizes[[2]]) + pseudocount)
  auc <- sums$auc[, side$at]
  rows <- data.frame(
    gene = genes, domain = factor(levels(domain)[[side$own]], levels(domain)),
    logFC = if (is.null(tested$logFC)) logFC else side$sign * tested$logFC,
    auc = if (side$sign > 0) auc else 1 - auc, pct_in = part(sums$detected, side$own, sizes[[1]]),
    pct_out = part(sums$detected, outside, sizes[[2]]), statistic = side$sign * tested$statistic,
    p_value = tested$p_value, fdr = NA_real_,
    against = c("rest", levels(domain))[[side$other + 1]]
  )
  rows$n_effective <- tested$n_effective
  # Of an empty domain there are no means, and of a gene that does not vary no tests.
  values <- vapply(rows, is.numeric, NA)
  rows[values] <- lapply(rows[values], orNA)
  rows <- rows[shown, ]
  rows$fdr <- stats::p.adjust(rows$p_value, "BH")
  rows[order(rows$p_value, -abs(rows$statistic)), ]
}

#' @method print domain_markers
#' @export
print.domain_markers <- function(x, n = 3, ...) {
  if (!all(c("gene", "domain", "against") %in% names(x))) {
    return(NextMethod())
  }
  sets <- split(seq_len(nrow(x)), list(x$against, x$domain), drop = TRUE)
  cat(sprintf(
    "Markers: %d genes, %d comparison%s", length(unique(x$gene)), length(sets), if (length(sets) == 1) "" else "s"
  ))
  split <- attr(x, "split")
  if (!is.null(split)) cat(sprintf("; counts split, domains found again with ARI %.2f", split$ari))
  cat(sprintf("\nThe first %d of each:\n", n))
  print.data.frame(x[unlist(lapply(unname(sets), utils::head, n)), ], digits = 3, row.names = FALSE)
  invisible(x)
}

# How the domains were found: by the result of findDomains(), by what an object stores, or by default.
foundSettings <- function(domain, fit, domains) {
  found <- attr(domain, "settings")
  # An object's column with another number of domains is not the stored one.
  if (is.null(found) && identical(fit$domains$k, domains)) found <- fit$domains$settings
  if (is.null(found)) found <- list(method = "gmm", seed = 1L, space = "embedding")
  if (is.null(found$k)) found$k <- domains
  found
}
