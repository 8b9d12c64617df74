#' Find domains with the help of a labelled source
#'
#' TransST fits a factor model to a section and lets it borrow from a labelled source: single cells with cell types, or
#' an annotated section. It borrows only what helps, and says what that was. Nothing in the fit is random.
#'
#' @details
#' With \eqn{x} the standardised expression of a spot (log counts at equal library size, unit variance in each slice):
#'
#' 1. **Source**: \eqn{x = W v + e}, \eqn{v | k \sim N(\mu_k, \Sigma_k)} for a cell of label \eqn{k},
#'   \eqn{e \sim N(0, \Lambda)} with a noise variance for each gene. Fitted by EM; cells without label take part, their
#'   label is a hidden variable.
#' 2. **Loadings**: those of the target span the leading eigenvectors of \eqn{(1 - \lambda) C + \lambda W_0 W_0^T},
#'   where \eqn{C} is the target's covariance and \eqn{W_0 W_0^T} the one that the source's factors explain. This
#'   minimises \eqn{||X - V W^T||^2 + \lambda' ||W - W_0||^2} over factors and loadings, with
#'   \eqn{\lambda' = n \lambda / (1 - \lambda)}. \eqn{\lambda} is the source's share: 0 ignores it, 1 takes its
#'   loadings as they are. It is chosen by five-fold cross-validation over tiles of tissue.
#' 3. **Domains**: factors, averaged over neighbouring spots, follow a Gaussian mixture with one covariance; the labels
#'   may follow a Potts model on the spatial graph. Domains that stand for a label of the source have a conjugate prior:
#'   the source's cells of that label count like further spots for their mean, up to an offset of all means, and for
#'   how many spots the domain has as far as the shares in the target are alike to the source's. A domain of less than
#'   3 % of the spots whose own spots, each by itself, do not find it again is a few outliers: domains are looked for
#'   without these, and they join the nearest.
#'
#' Borrowing across tissues can hurt. So the source's labels are first carried to the target by linear discriminants in
#' the target's own factor space, and the means of the spots of each label compared with those of the source's cells:
#' `predictedShare` is the share of the variation between the target's means that the source's predict (an
#' \eqn{R^2}, negative when they are worse than the overall mean, NA when all spots look like one label). Labels are
#' given by one half of the genes and means compared in the other, both ways: a source without any relation would
#' otherwise agree with the spots that it chose itself. With `borrow = "auto"` labels and loadings are borrowed when
#' `predictedShare` exceeds one half; otherwise, unless `lambda` is given, the result is the target's own. The target's
#' own fit is always in `targetOnly`.
#'
#' Source and target are each standardised about their own means, which differ where the labels' shares do. The
#' discriminants' means are therefore moved together until the labels' shares at the target and their means give the
#' target's overall mean.
#'
#' @param x A section: a matrix of counts, genes x spots, with `coords`, or a `Seurat`, `SingleCellExperiment` or
#'   `SpatialExperiment` object.
#' @param source The labelled source: a matrix of counts, genes x cells, a `Seurat` or `SingleCellExperiment` object, or
#'   a list of several. Genes are matched by name.
#' @param labels The cells' labels: a vector with one value a cell, NA where unknown, or the name of a column of the
#'   cell metadata. For a list of sources a list of these, or one column name for all.
#' @param ... Further arguments of the default method; for objects also `assay`, `layer` and `image` as in
#'   [runStarscape()].
#' @return For matrices a `transst_fit`: a list with
#'   * `domain`: the domain of each spot, a factor ordered by size, and `posterior`, spots x domains;
#'   * `factors`: spots x factors, of unit variance before they are averaged over neighbours; `loadings`: genes x
#'     factors, turned by varimax so that each factor has few genes of large loading, by falling explained variance; and
#'     `sourceLoadings`, turned nearest to them;
#'   * `lambda`: the source's share in the loadings; `validation`: the error of held-out spots along the shares, as a
#'     share of their sum of squares; `angles`: principal angles between the two sets of loadings, in degrees;
#'   * `composition`: proportions of the source's types where it is single cells, or NULL; read them with
#'     [cellTypeProportions()];
#'   * `borrowed`: whether labels inform the domains, and `predictedShare`;
#'   * `label`: the source's label of each spot. Where labels are not borrowed it is from the proportions, "unknown"
#'     where no type surely has most of the cells, and without proportions "unknown" for every spot; `labelPosterior`,
#'     spots x labels, from the discriminants, whether borrowed or not; `labelScores`, domains x labels, its mean in
#'     each domain; `domainLabel`, the label that informs each domain;
#'   * `beta`: the Potts interaction; `logLik`: mean-field log-likelihood of the factors; `criteria`: BIC, MBIC and HBIC
#'     for each number of domains tried;
#'   * `targetOnly`: domain, posterior, interaction, log-likelihood, criteria and (of factors) held-out error of the
#'     target without any source;
#'   * `convergence`, `features`, `coords`, `slice`, `graph` and `params`.
#'
#'   Objects come back with the factors as reduced dimension `transst`, the columns `domain`, `domain_confidence` and
#'   `transst_label`, proportions of types as the assay (Seurat) or alternative experiment `proportions`, types x spots,
#'   and the fit in `Misc(x, "transst")` or `metadata(x)$transst`.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument; a model
#' that cannot be fitted is one of class `starscape_error_numeric` or `starscape_error_not_converged`. Covariances
#' without an inverse (too few different cells of a label, or spots) are regularised, which is told with a message of
#' class `starscape_message`; so are empty domains, genes or spots without counts, and counts that are not whole
#' numbers.
#'
#' So are labels that differ by no more than case, white space, punctuation or a plural: they stay different types until
#' they are spelled alike. Where `x` and `source` share few genes, the error or message says whether their names differ
#' by case (mouse and human symbols), by versions of Ensembl ids, or are Ensembl ids on one side only.
#'
#' Labels of one or two cells are told and used: where the tissue holds such a type, proportions are nearer to the truth
#' with a profile of one cell of 500 counts or more than without the type, and about as near with fewer. Its own
#' covariance in the source's model is no more than the uncertainty of the cells' factors; labels of spots come from one
#' covariance of all labels. Intervals of its proportions are too narrow, as no cells are left that its profile does not
#' know.
#' @references
#' Liu, Wang, Chen, Rustgi, Yuan and Hu (2025). TransST: transfer learning embedded spatial factor modeling of spatial
#' transcriptomics data. BMC Bioinformatics. \doi{10.1186/s12859-025-06099-z}
#' @seealso [factorMarkers()] and [plotLoadings()] for the genes of the factors; [runStarscape()] without a source.
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 20, columns = 20, genes = 300, domains = 3)
#' target <- slices$slice == "slice1"
#' fit <- runTransST(
#'   slices$counts[, target], slices$counts[, !target], slices$labels[!target],
#'   coords = slices$coords[target, ], sourceCoords = slices$coords[!target, ], k = 3, nFactors = 5
#' )
#' fit
#' clusterMetrics(slices$labels[target], fit$domain)
#' @export
runTransST <- function(x, source, labels, ...) {
  needArguments()
  UseMethod("runTransST")
}

#' @rdname runTransST
#' @param coords,slice Places of the spots and the slice of each, as in [runStarscape()].
#' @param k Number of domains; `NULL` chooses it from `kRange` by `criterion`.
#' @param nFactors Number of factors, a whole number from 1.
#' @param lambda Share of the source in the loadings, from 0 to 1; `NULL` chooses it.
#' @param borrow `"auto"` borrows where the source predicts more than half of the variation between domains; `"always"`;
#'   or `"never"` (labels are not borrowed, and loadings only with a `lambda`).
#' @param nFeatures Number of shared genes to use, chosen by Moran's I in the target.
#' @param normalisation `"log"` or `"pearson"`, as in [runStarscape()].
#' @param kRange Smallest and largest number of domains to try.
#' @param criterion What chooses the number of domains. Spots are counted as the fewer independent ones they are worth,
#'   so it tends to few domains; MBIC and HBIC to still fewer. Take it as a guide.
#' @param steps How many times factors are averaged over neighbouring spots, from 0 to 64. An embedding is not averaged
#'   again.
#' @param interaction Whether neighbouring labels follow a Potts model, its strength by maximum pseudo-likelihood:
#'   `"potts"`, `"none"`, or `"auto"`: only for factors that are not averaged, because averages hold what the neighbours
#'   say already.
#' @param embedding What domains are found in: `"factors"`, or the embedding that [runStarscape()] gives target and
#'   source together, which needs places of the source. Its dimensions have no loadings and no halves of genes: all of
#'   them give the labels and the means that `predictedShare` compares, and there is no `lambda`.
#' @param sourceCoords Places of the source's cells where it is a tissue section: its factors are then averaged in the
#'   same way; or the names of two columns of the cell metadata. For a list of sources a list. Objects know theirs.
#' @param sourceSlice Section or data set of each cell of the source, or the name of a column of the cell metadata; each
#'   is standardised on its own, and so is each element of a list of sources, for which this is a list. `NULL` for those
#'   that objects know.
#' @param cellsPerSpot The fewest and the most cells that a spot holds, for the intervals of [cellTypeProportions()]; 1
#'   where spots are single cells; `NULL` for no proportions. They are estimated where the source has no places and
#'   `embedding` is `"factors"`.
#' @param graph Settings of the spatial graph from [graphControl()]; its `steps` is used for `embedding = "starscape"`
#'   only.
#' @param seed Whole number from 0 to 2147483647 from which the random numbers of `embedding = "starscape"` and of the
#'   checks of proportions (shuffled labels, spots put together) are drawn; otherwise nothing is random.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @export
runTransST.default <- function(x, source, labels, coords = NULL, slice = NULL, k = NULL, nFactors = 15, lambda = NULL,
                               borrow = c("auto", "always", "never"), nFeatures = 2000,
                               normalisation = c("log", "pearson"), kRange = c(2, 10),
                               criterion = c("BIC", "MBIC", "HBIC"), steps = 4,
                               interaction = c("auto", "potts", "none"), embedding = c("factors", "starscape"),
                               sourceCoords = NULL, sourceSlice = NULL, cellsPerSpot = c(2, 10),
                               graph = graphControl(), seed = 1, threads = 2, verbose = rlang::is_interactive(), ...) {
  gateDots(...)
  # What is not whole is told of both together, below.
  quietly <- function(code) suppressMessages(code, classes = "starscape_message_parts")
  checked <- quietly(gateTogether(
    settings = gateFields(mget(names(transstChecks)), transstChecks), graph = gateControl(graph, "graphControl"),
    x = gateTarget(x, coords, slice), known = gateSource(source, labels, sourceCoords, sourceSlice),
    cells = gateCellsPerSpot(cellsPerSpot), k = gateTargetK(k, kRange, x)
  ))
  settings <- checked$settings
  controls <- flattenControls(checked$graph)
  known <- checked$known
  shared <- gateSharedGenes(rownames(x), rownames(known$counts))
  target <- quietly(gateInput(x[shared, , drop = FALSE], coords, slice))
  tellNeighbours(checked$graph, target)
  known <- gateSourceCells(known, rownames(target$counts))
  cells <- gateProportions(checked$cells, target, known, settings$embedding)
  gateFactors(settings, target, known)
  gateCommonEmbedding(settings, known)
  k <- gateK(k, ncol(target$counts))
  range <- if (is.null(k)) gateKRange(kRange, ncol(target$counts)) else c(2L, 2L)
  parameters <- c(
    settings[setdiff(names(settings), "verbose")], controls[names(controls) != "steps"],
    list(k = k, kLow = range[[1]], kHigh = range[[2]])
  )
  if (settings$embedding == "starscape") {
    embedded <- embedTogether(target, known, graph, settings)
    found <- fitEmbedding(embedded, known, parameters, progressBar(settings$verbose))
    return(newEmbeddedFit(found, embedded, target, known, parameters))
  }
  found <- fitTransst(target, known, parameters, progressBar(settings$verbose))
  result <- fitComposition(target, known, found, parameters, cells, progressBar(settings$verbose))
  composition <- if (!is.null(result)) newComposition(result, target, known, cells)
  newTransstFit(found, target, known, parameters, composition)
}

#' @rdname runTransST
#' @param assay,layer,image For objects: where the raw counts and places of `x` are, as in [runStarscape()].
#' @export
runTransST.Seurat <- function(x, source, labels, coords = NULL, slice = NULL, assay = NULL, layer = "counts",
                              image = NULL, ...) {
  input <- objectInput(x, coords, slice, assay, layer, image)
  fit <- runTransST.default(input$counts, source, labels, coords = input$coords, slice = input$slice, ...)
  storeTransst(x, fit, assay)
}

#' @rdname runTransST
#' @export
runTransST.SingleCellExperiment <- function(x, source, labels, coords = NULL, slice = NULL, assay = "counts", ...) {
  input <- objectInput(x, coords, slice, assay)
  fit <- runTransST.default(input$counts, source, labels, coords = input$coords, slice = input$slice, ...)
  storeTransst(x, fit, assay)
}

storeTransst <- function(x, fit, assay) {
  reduction <- list(
    embedding = fit$factors, loadings = if (is.null(fit$loadings)) matrix(0, 0, 0) else fit$loadings, key = "TST_"
  )
  tellKept(x, "transst", "transst_fit")
  columns <- transstColumns(fit)
  before <- objectResult(x, "transst")
  tellColumns(x, columns, if (inherits(before, "transst_fit")) names(columns))
  if (!is.null(fit$composition)) {
    shares <- t(cellTypeProportions(fit)$proportions)
    x <- storeProportions(x, shares, earlier = inherits(before, "transst_fit") && !is.null(before$composition))
  }
  storeResult(x, "transst", fit, columns, reduction, assay)
}

# Places and slices are looked at again, and told of, with the genes that the source has.
gateTarget <- function(x, coords, slice) {
  if (!isMatrix(x)) {
    stopArgument(
      "x", paste("must be a matrix of counts or an object, not", describe(x)),
      "Give one section, genes x spots; several sections side by side with `slice`."
    )
  }
  gateOrientation(x, coords)
  suppressMessages(gateSpots(dim(x), list(rownames(x), colnames(x)), coords, slice), "starscape_message")
}

# Against the number of spots with counts once these are known.
gateTargetK <- function(k, kRange, x) {
  spots <- if (isMatrix(x)) ncol(x) else Inf
  if (is.null(gateK(k, spots))) gateKRange(kRange, spots)
}

transstChecks <- list(
  nFactors = wholeNumber(1, 1000), lambda = realNumber(0, 1, optional = TRUE),
  borrow = oneOf(c("auto", "always", "never")), nFeatures = wholeNumber(2, largestInteger),
  normalisation = oneOf(c("log", "pearson")), criterion = oneOf(c("BIC", "MBIC", "HBIC")), steps = wholeNumber(0, 64),
  interaction = oneOf(c("auto", "potts", "none")), embedding = oneOf(c("factors", "starscape")),
  seed = seedNumber,
  threads = threadCount, verbose = yesOrNo
)

fitTransst <- function(target, known, parameters, progress) {
  coords <- unname(target$coords[target$used, , drop = FALSE])
  unwrap(core_run_trans_st(
    target$counts, coords, sliceNumbers(target$slice, target$used), known$counts, known$coords, known$slice,
    known$label, length(known$levels), parameters, progress
  ))
}

fitEmbedding <- function(embedded, known, parameters, progress) {
  unwrap(core_trans_st_embedding(
    embedded$target, embedded$source, embedded$neighbours, known$label, length(known$levels), parameters, progress
  ))
}

# The embedding of target and source fitted together, with the target's graph.
embedTogether <- function(target, known, graph, settings) {
  spots <- ncol(target$counts)
  counts <- cbind(target$counts, known$counts)
  colnames(counts) <- paste0("spot", seq_len(ncol(counts)))
  own <- if (is.null(target$slice)) rep(1L, spots) else as.integer(target$slice[target$used])
  slice <- c(paste0("target", own), paste0("source", known$slice))
  places <- list(`rownames<-`(target$coords[target$used, , drop = FALSE], NULL), known$coords)
  coords <- joinPlaces(places, "sourceCoords")
  fit <- suppressMessages(classes = "starscape_message", runStarscape.default(
    counts, coords, slice, batch = slice,
    latentDim = settings$nFactors, nFeatures = settings$nFeatures, normalisation = settings$normalisation,
    graph = graph, seed = settings$seed, threads = settings$threads, verbose = settings$verbose
  ))
  list(
    target = unname(fit$embedding[seq_len(spots), , drop = FALSE]),
    source = unname(fit$embedding[-seq_len(spots), , drop = FALSE]),
    neighbours = gateGraph(fit$graph[seq_len(spots), seq_len(spots)], spots)
  )
}

# Dimensions of an embedding have no loadings that could be borrowed, and need places of all cells.
gateCommonEmbedding <- function(settings, known) {
  if (settings$embedding == "factors") {
    return(invisible())
  }
  if (!is.null(settings$lambda)) {
    stopArgument("lambda", "is given, and embedding \"starscape\" has no loadings", "Use embedding = \"factors\".")
  }
  if (settings$nFactors < 2) {
    stopArgument("nFactors", "is 1, and embedding \"starscape\" has two dimensions or more")
  }
  if (is.null(known$coords)) {
    stopArgument("sourceCoords", "is missing, and embedding \"starscape\" needs it", "Use embedding = \"factors\".")
  }
}

gateFactors <- function(settings, target, known) {
  most <- min(settings$nFeatures, nrow(target$counts), ncol(target$counts) - 1, ncol(known$counts) - 1)
  if (settings$nFactors > most) {
    stopArgument(
      "nFactors", sprintf(
        "is %d, too many for %d genes, %d spots and %d cells of the source", settings$nFactors,
        min(settings$nFeatures, nrow(target$counts)), ncol(target$counts), ncol(known$counts)
      ), sprintf("Give at most %d.", max(most, 1))
    )
  }
}
