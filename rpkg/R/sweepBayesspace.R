# BayesSpace for sweeps over seeds: components of Bioconductor's log counts, divided by a Markov chain on the array.

#' @include sweepMethod.R
NULL

bayesspaceMethod <- function(nFeatures = 2000, npcs = 15, platform = "Visium", nrep = 50000, burnIn = 1000,
                             thin = NULL, gamma = NULL, init.method = NULL) {
  needMethod("BayesSpace")
  settings <- gateFields(mget(names(formals())), bayesspaceChecks())
  gateChain(settings)
  cluster <- function(embedding, k, seed) bayesspaceClusters(embedding, k, settings)
  adapter(
    function(x, seed) bayesspaceObject(x, settings), cluster, "bayesspace", settings, "BayesSpace",
    embedSeeded = FALSE, placed = TRUE, gate = function(tissue) gateArray(usedPlaces(tissue), settings$platform)
  )
}

# The settings of the chain that are handed on only if they were given, as versions differ in what they have.
chainSettings <- c("thin", "gamma", "init.method")

bayesspaceChecks <- function() {
  c(componentChecks, list(
    platform = oneOf(bayesspaceChoices("platform", c("Visium", "ST"))), nrep = wholeNumber(100, 1e7),
    burnIn = wholeNumber(10, 1e7), thin = orNothing(wholeNumber(1, 1e6)),
    gamma = realNumber(0, optional = TRUE),
    init.method = orNothing(oneOf(bayesspaceChoices("init.method", c("mclust", "kmeans"))))
  ))
}

# What the installed version allows for an argument: older ones do not know "VisiumHD".
bayesspaceChoices <- function(argument, usual) {
  choices <- bayesspaceDefault(argument)
  if (is.character(choices)) choices else usual
}

bayesspaceDefault <- function(argument) {
  cluster <- exported("BayesSpace", "spatialCluster")
  orNull(eval(formals(cluster)[[argument]], environment(cluster)))
}

# The chain of the installed version leaves something to take the labels from.
gateChain <- function(settings) {
  given <- chainSettings[lengths(settings[chainSettings]) > 0]
  gatePeerArguments(stats::setNames(given, given), "BayesSpace", "spatialCluster")
  gateBurnIn(settings)
  thin <- c(settings$thin, bayesspaceDefault("thin"), 1)[[1]]
  kept <- settings$nrep %/% thin - settings$burnIn %/% thin
  if (kept < 2) {
    argument <- if (is.null(settings$thin)) "nrep" else "thin"
    stopArgument(
      argument, sprintf(
        "leaves fewer than two iterations: one in %s is kept, of %d without the first %d", format(thin), settings$nrep,
        settings$burnIn
      ), "Give a larger `nrep`, or a smaller `burnIn` or `thin`."
    )
  }
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
gateArray <- function(places, platform) {
  between <- sum(rowSums(places != round(places)) > 0)
  hint <- "Give the columns array_col and array_row"
  if (between > 0) {
    stopArgument(
      "coords", sprintf("must be positions in the array for this method, and is no whole number for %d spots", between),
      paste0(hint, ".")
    )
  }
  beside <- sum(hasArrayNeighbour(places, platform))
  # Even of a tenth of an array half the spots have a neighbour, of pixels next to none.
  if (beside < 0.1 * nrow(places)) {
    stopArgument(
      "coords", sprintf(
        "must be positions in the array for this method: %d of %d spots have a neighbour on the platform \"%s\"",
        beside, nrow(places), platform
      ), paste0(hint, ", or another `platform`.")
    )
  }
}

# Which places have another one where BayesSpace looks for neighbours: six of them in a hexagonal array, whose columns
# are numbered by twos, and four in others.
hasArrayNeighbour <- function(places, platform) {
  points <- complex(real = places[, 1], imaginary = places[, 2])
  offsets <- if (platform == "Visium") c(2 + 0i, -2 + 0i, 1 + 1i, 1 - 1i, -1 + 1i, -1 - 1i) else c(1, -1, 1i, -1i)
  Reduce(`|`, lapply(offsets, function(offset) (points + offset) %in% points))
}

# The places of the spots that have counts, as the method is given them.
usedPlaces <- function(tissue) {
  used <- tissue$used
  separatePlaces(list(coords = tissue$coords[used, , drop = FALSE], slice = tissue$slice[used]))
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

bayesspaceObject <- function(x, settings) {
  places <- separatePlaces(x)
  # The positions have had both names.
  columns <- S4Vectors::DataFrame(
    row = places[, 2], col = places[, 1], array_row = places[, 2], array_col = places[, 1]
  )
  object <- SingleCellExperiment::SingleCellExperiment(list(counts = x$counts), colData = columns)
  features <- min(settings$nFeatures, nrow(x$counts))
  exported("BayesSpace", "spatialPreprocess")(
    object, platform = settings$platform, n.PCs = componentCount(settings$npcs, features, ncol(x$counts)),
    n.HVGs = features, log.normalize = TRUE
  )
}

bayesspaceClusters <- function(embedding, k, settings) {
  given <- Filter(length, settings[chainSettings])
  components <- ncol(SingleCellExperiment::reducedDim(embedding, "PCA"))
  found <- rlang::inject(exported("BayesSpace", "spatialCluster")(
    embedding, q = k, d = min(settings$npcs, components), platform = settings$platform, nrep = settings$nrep,
    burn.in = settings$burnIn, !!!given
  ))
  SummarizedExperiment::colData(found)$spatial.cluster
}
