# Methods of other packages, as their users run them today, for sweeps over seeds. Each takes `x`, a list of counts,
# coords and slice, and hands every seed on, so that nothing hidden is fixed.

#' @include sweepMethod.R
NULL

# An exported function of a suggested package.
exported <- function(package, name) getExportedValue(package, name)

needMethod <- function(package) needPackage(package, "method", "choose another `method`")

adapter <- function(embed, cluster, name, settings, ...) {
  newMethod(embed, cluster, name, settings = settings, own = FALSE, ...)
}

componentChecks <- list(nFeatures = wholeNumber(2, largestInteger), npcs = wholeNumber(2, 1000))

seuratMethod <- function(nFeatures = 2000, npcs = 20, neighbours = 20) {
  needMethod("Seurat")
  settings <- gateFields(mget(c("nFeatures", "npcs", "neighbours")), c(
    componentChecks, neighbours = wholeNumber(2, 1000)
  ))
  adapter(
    seuratEmbedding(settings), function(embedding, k, seed) louvain(embedding, k, seed, settings$neighbours), "seurat",
    settings
  )
}

kmeansMethod <- function(nFeatures = 2000, npcs = 20) {
  needMethod("Seurat")
  settings <- gateFields(mget(c("nFeatures", "npcs")), componentChecks)
  cluster <- function(embedding, k, seed) stats::kmeans(embedding, k, iter.max = 100)$cluster
  adapter(seuratEmbedding(settings), cluster, "kmeans", settings)
}

mclustMethod <- function(nFeatures = 2000, npcs = 20) {
  needMethod("Seurat")
  needMethod("mclust")
  settings <- gateFields(mget(c("nFeatures", "npcs")), componentChecks)
  adapter(seuratEmbedding(settings), function(embedding, k, seed) tiedMixture(embedding, k), "mclust", settings)
}

bayesspaceMethod <- function(nFeatures = 2000, npcs = 15, platform = "Visium", nrep = 50000, burnIn = 1000) {
  needMethod("BayesSpace")
  settings <- gateFields(mget(c("nFeatures", "npcs", "platform", "nrep", "burnIn")), c(
    componentChecks, platform = oneOf(c("Visium", "VisiumHD", "ST")), nrep = wholeNumber(100, 1e7),
    burnIn = wholeNumber(10, 1e7)
  ))
  gateBurnIn(settings)
  cluster <- function(embedding, k, seed) {
    found <- exported("BayesSpace", "spatialCluster")(
      embedding, q = k, d = settings$npcs, platform = settings$platform, nrep = settings$nrep,
      burn.in = settings$burnIn
    )
    SummarizedExperiment::colData(found)$spatial.cluster
  }
  adapter(
    function(x, seed) bayesspaceObject(x, settings), cluster, "bayesspace", settings, placed = TRUE,
    gate = function(tissue) gateArray(tissue$coords[tissue$used, ])
  )
}

banksyMethod <- function(nFeatures = 2000, npcs = 20, lambda = 0.8, neighbours = 50) {
  needMethod("Banksy")
  settings <- gateFields(mget(c("nFeatures", "npcs", "lambda", "neighbours")), c(
    componentChecks, lambda = realNumber(0, 1), neighbours = wholeNumber(2, 1000)
  ))
  cluster <- function(embedding, k, seed) banksyClusters(embedding, k, seed, settings)
  adapter(function(x, seed) banksyObject(x, seed, settings), cluster, "banksy", settings, placed = TRUE)
}

# TransST with a labelled source. All of it is the second stage, which depends on the seed with an embedding only.
transstMethod <- function(source, labels, nFactors = 15, lambda = NULL, borrow = "auto", nFeatures = 2000,
                          normalisation = "log", steps = 4, interaction = "auto", embedding = "factors",
                          graph = graphControl(), sourceCoords = NULL, sourceSlice = NULL, threads = 2) {
  needArguments()
  known <- gateSource(source, labels, sourceCoords, sourceSlice)
  names <- c(
    "nFactors", "lambda", "borrow", "nFeatures", "normalisation", "steps", "interaction", "embedding", "threads"
  )
  single <- gateFields(mget(names), transstChecks[names])
  gateControl(graph, "graphControl")
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
    function(x, seed) x, cluster, "transst", settings, seeded = single$embedding != "factors", placed = TRUE
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
    npcs <- min(settings$npcs, length(SeuratObject::VariableFeatures(object)) - 1, ncol(object) - 1)
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
  mclustBIC <- mclust::mclustBIC
  mclust::Mclust(embedding, G = k, modelNames = "EEE", verbose = FALSE)$classification
}

bayesspaceObject <- function(x, settings) {
  places <- separatePlaces(x)
  # The positions have had both names.
  columns <- S4Vectors::DataFrame(
    row = places[, 2], col = places[, 1], array_row = places[, 2], array_col = places[, 1]
  )
  object <- SingleCellExperiment::SingleCellExperiment(list(counts = x$counts), colData = columns)
  exported("BayesSpace", "spatialPreprocess")(
    object, platform = settings$platform, n.PCs = settings$npcs, n.HVGs = settings$nFeatures, log.normalize = TRUE
  )
}

banksyObject <- function(x, seed, settings) {
  totals <- Matrix::colSums(x$counts)
  values <- log1p(Matrix::t(Matrix::t(x$counts) * (stats::median(totals) / totals)))
  means <- Matrix::rowMeans(values)
  variances <- Matrix::rowMeans(values^2) - means^2
  kept <- utils::head(order(variances, decreasing = TRUE), settings$nFeatures)
  places <- separatePlaces(x)
  object <- SingleCellExperiment::SingleCellExperiment(
    list(logcounts = values[kept, , drop = FALSE]),
    colData = S4Vectors::DataFrame(sdimx = places[, 1], sdimy = places[, 2])
  )
  object <- exported("Banksy", "computeBanksy")(
    object, assay_name = "logcounts", coord_names = c("sdimx", "sdimy"), compute_agf = TRUE, k_geom = c(15, 30)
  )
  exported("Banksy", "runBanksyPCA")(
    object, use_agf = TRUE, lambda = settings$lambda, npcs = settings$npcs, seed = seed
  )
}

banksyClusters <- function(embedding, k, seed, settings) {
  nearestPartition(k, function(resolution) {
    found <- exported("Banksy", "clusterBanksy")(
      embedding, use_agf = TRUE, lambda = settings$lambda, npcs = settings$npcs, algo = "leiden",
      k_neighbors = settings$neighbours, resolution = resolution, seed = seed
    )
    column <- utils::tail(exported("Banksy", "clusterNames")(found), 1)
    as.vector(SummarizedExperiment::colData(found)[[column]])
  })
}

# Places with the slices side by side, too far from each other to be neighbours.
separatePlaces <- function(x) {
  if (is.null(x$slice)) {
    return(x$coords)
  }
  width <- ceiling(2 * diff(range(x$coords[, 1])) + 10)
  # An even shift keeps the rows of a hexagonal array in step.
  x$coords[, 1] <- x$coords[, 1] + (as.integer(x$slice) - 1) * (width + width %% 2)
  x$coords
}

gateBurnIn <- function(settings) {
  if (settings$burnIn >= settings$nrep) {
    stopArgument(
      "burnIn", sprintf("is %d, no less than `nrep`, which is %d", settings$burnIn, settings$nrep),
      "Give fewer iterations to leave out than there are."
    )
  }
}

# Places that count the rows and columns of an array.
gateArray <- function(coords) {
  between <- sum(rowSums(coords != round(coords)) > 0)
  if (between > 0) {
    stopArgument(
      "coords", sprintf("must be positions in the array for this method, and is no whole number for %d spots", between),
      "Give the columns array_col and array_row."
    )
  }
}
