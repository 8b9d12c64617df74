# Methods of other packages, as their users run them today, for sweeps over seeds. Each takes `x`, a list of counts,
# coords and slice, and hands every seed on, so that nothing hidden is fixed.

#' @include sweepMethod.R sweepBanksy.R sweepBayesspace.R
NULL

# An exported function of a suggested package.
exported <- function(package, name) getExportedValue(package, name)

peerVersion <- function(package) utils::packageVersion(package)

# Needs a package for the method, from a version on.
needMethod <- function(package, least = NULL) {
  needPackage(package, "method", "choose another `method`")
  if (!is.null(least) && peerVersion(package) < least) {
    stopArgument(
      "method", sprintf("needs %s from version %s on, not %s", package, least, format(peerVersion(package))),
      "Install a newer one, or choose another `method`."
    )
  }
}

# Of settings the user gave, named by those and each an argument of a peer's function, the first that is not known to
# the version that is installed is refused.
gatePeerArguments <- function(arguments, package, name) {
  known <- names(formals(exported(package, name)))
  unknown <- if (!"..." %in% known) arguments[!arguments %in% known]
  if (length(unknown) > 0) {
    stopArgument(
      names(unknown)[[1]], sprintf(
        "cannot be used: %s() of %s %s has no argument `%s`", name, package, format(peerVersion(package)), unknown[[1]]
      ), "Leave it out, or install another version."
    )
  }
}

# `packages` are those whose versions the result depends on.
adapter <- function(embed, cluster, name, settings, packages = character(), ...) {
  versions <- vapply(packages, function(package) format(peerVersion(package)), "")
  newMethod(embed, cluster, name, settings = settings, own = FALSE, versions = versions, ...)
}

# As many components as are wanted and the data have.
componentCount <- function(wanted, genes, spots) min(wanted, genes - 1, spots - 1)

orNothing <- function(check) function(value, argument) if (!is.null(value)) check(value, argument)

componentChecks <- list(nFeatures = wholeNumber(2, largestInteger), npcs = wholeNumber(2, 1000))

seuratMethod <- function(nFeatures = 2000, npcs = 20, neighbours = 20) {
  needMethod("Seurat")
  settings <- gateFields(mget(c("nFeatures", "npcs", "neighbours")), c(
    componentChecks, neighbours = wholeNumber(2, 1000)
  ))
  adapter(
    seuratEmbedding(settings), function(embedding, k, seed) louvain(embedding, k, seed, settings$neighbours), "seurat",
    settings, "Seurat"
  )
}

kmeansMethod <- function(nFeatures = 2000, npcs = 20) {
  needMethod("Seurat")
  settings <- gateFields(mget(c("nFeatures", "npcs")), componentChecks)
  cluster <- function(embedding, k, seed) stats::kmeans(embedding, k, iter.max = 100)$cluster
  adapter(seuratEmbedding(settings), cluster, "kmeans", settings, "Seurat")
}

mclustMethod <- function(nFeatures = 2000, npcs = 20) {
  needMethod("Seurat")
  needMethod("mclust")
  settings <- gateFields(mget(c("nFeatures", "npcs")), componentChecks)
  cluster <- function(embedding, k, seed) tiedMixture(embedding, k)
  adapter(seuratEmbedding(settings), cluster, "mclust", settings, c("Seurat", "mclust"))
}

# TransST with a labelled source. All of it is the second stage, which depends on the seed with an embedding only.
transstMethod <- function(source, labels, nFactors = 15, lambda = NULL, borrow = "auto", nFeatures = 2000,
                          normalisation = "log", steps = 4, interaction = "auto", embedding = "factors",
                          graph = graphControl(), sourceCoords = NULL, sourceSlice = NULL, threads = 2) {
  needArguments()
  names <- c(
    "nFactors", "lambda", "borrow", "nFeatures", "normalisation", "steps", "interaction", "embedding", "threads"
  )
  # Nothing is kept twice, as workers are sent what is here.
  gateTogether(
    known <- gateSource(source, labels, sourceCoords, sourceSlice),
    single <- gateFields(mget(names), transstChecks[names]), gateControl(graph, "graphControl")
  )
  gateCommonEmbedding(single, known)
  cluster <- function(tissue, k, seed) {
    suppressMessages(classes = "starscape_message", rlang::inject(runTransST.default(
      tissue$counts, known$counts, known$labels, tissue$coords, tissue$slice, k = k, sourceCoords = known$coords,
      sourceSlice = known$slice, graph = graph, seed = seed, verbose = FALSE, !!!single
    )))$domain
  }
  # Sweeps with another source are another method.
  settings <- c(single[names(single) != "threads"], list(graph = graph, source = contentHash(known)))
  adapter(
    function(x, seed) x, cluster, "transst", settings, seeded = single$embedding != "factors", embedSeeded = FALSE,
    placed = TRUE
  )
}

builtMethods <- list(
  starscape = starscapeMethod,
  starscape_prior = function(settings, threads) starscapeMethod(settings, threads, space = "prior"),
  seurat = seuratMethod, kmeans = kmeansMethod, mclust = mclustMethod, bayesspace = bayesspaceMethod,
  banksy = banksyMethod, transst = transstMethod
)

# Seurat's log-normalised, scaled principal components, spots x components.
seuratEmbedding <- function(settings) {
  force(settings)
  function(x, seed) {
    # Seurat writes "-" for "_" in the names of genes and warns.
    object <- suppressWarnings(SeuratObject::CreateSeuratObject(x$counts))
    object <- Seurat::NormalizeData(object, verbose = FALSE)
    object <- Seurat::FindVariableFeatures(object, nfeatures = settings$nFeatures, verbose = FALSE)
    object <- Seurat::ScaleData(object, verbose = FALSE)
    npcs <- componentCount(settings$npcs, length(SeuratObject::VariableFeatures(object)), ncol(object))
    # Small data make its decomposition warn that all components were asked for.
    object <- suppressWarnings(Seurat::RunPCA(object, npcs = npcs, seed.use = seed, verbose = FALSE))
    SeuratObject::Embeddings(object, "pca")
  }
}

# Louvain communities of the graph of shared neighbours.
louvain <- function(embedding, k, seed, neighbours) {
  graph <- Seurat::FindNeighbors(embedding, k.param = min(neighbours, nrow(embedding) - 1), verbose = FALSE)$snn
  nearestPartition(k, function(resolution) {
    found <- Seurat::FindClusters(graph, resolution = resolution, random.seed = seed, verbose = FALSE)
    as.vector(found[[1]])
  })
}

# The partition whose number of groups comes nearest to k, by bisection of the resolution; the first found on ties. An
# error is the method's own at the first resolution; later it means that the resolution is too high.
nearestPartition <- function(k, partition, attempts = 12) {
  low <- 0
  high <- Inf
  resolution <- 1
  best <- NULL
  off <- Inf
  for (attempt in seq_len(attempts)) {
    labels <- if (is.null(best)) partition(resolution) else orNull(partition(resolution))
    groups <- if (is.null(labels)) Inf else length(unique(labels))
    if (abs(groups - k) < off) {
      best <- labels
      off <- abs(groups - k)
    }
    if (off == 0) break
    if (groups < k) low <- resolution else high <- resolution
    resolution <- if (is.infinite(high)) 2 * resolution else (low + high) / 2
  }
  best
}

# A Gaussian mixture with tied covariance, from mclust's hierarchical start on a random subset of the spots.
tiedMixture <- function(embedding, k) {
  # Mclust() looks for this function where it was called from.
  mclustBIC <- mclust::mclustBIC # nolint: object_usage_linter.
  mclust::Mclust(embedding, G = k, modelNames = "EEE", verbose = FALSE)$classification
}
