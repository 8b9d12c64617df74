# Banksy for sweeps over seeds: genes beside the means of them around each spot, divided by Leiden.

#' @include sweepMethod.R
NULL

# The first version with the functions that are called here.
firstBanksy <- "0.99.0"

banksyMethod <- function(nFeatures = 2000, npcs = 20, lambda = NULL, k_geom = NULL, agf = NULL, neighbours = 50) {
  needMethod("Banksy", firstBanksy)
  gatePeerArguments(c(k_geom = "k_geom", agf = "compute_agf"), "Banksy", "computeBanksy")
  settings <- gateFields(mget(names(formals())), c(
    componentChecks, lambda = realNumber(0, 1, optional = TRUE), k_geom = aroundSpot, agf = orNothing(yesOrNo),
    neighbours = wholeNumber(2, 1000)
  ))
  if (isFALSE(settings$agf) && length(settings$k_geom) == 2) {
    stopArgument(
      "k_geom", "has a second number, which is for `agf` alone, and that is FALSE", "Give one number, or `agf = TRUE`."
    )
  }
  embed <- function(x, seed) banksyObject(x, seed, settings)
  cluster <- function(embedding, k, seed) banksyClusters(embedding, k, seed, settings$neighbours)
  adapter(embed, cluster, "banksy", settings, "Banksy", placed = TRUE, gate = gateBanksySlices)
}

# Numbers of spots around a spot: for the mean and, if there are two, for the gradient.
aroundSpot <- function(value, argument) {
  if (is.null(value)) {
    return(NULL)
  }
  whole <- is.numeric(value) && length(value) %in% 1:2 && all(is.finite(value)) && all(value == round(value))
  if (!whole || any(value < 2) || any(value > 1000)) {
    stopArgument(
      argument, paste("must be one or two whole numbers, not", describe(value)), "Give numbers from 2 to 1000, or NULL."
    )
  }
  as.integer(value)
}

# Each slice is computed alone, and its genes are scaled alone.
gateBanksySlices <- function(tissue) {
  if (is.null(tissue$slice)) {
    return(invisible())
  }
  sizes <- table(droplevels(tissue$slice[tissue$used]))
  if (length(sizes) > 1) gatePeerArguments(c(slice = "group"), "Banksy", "runBanksyPCA")
  if (any(sizes < 3)) {
    stopArgument(
      "slice", sprintf("has %d slices of fewer than three spots, too few for this method", sum(sizes < 3)),
      "Leave these spots out."
    )
  }
}

# Whether the spots of all slices are as far from their nearest as those of a lattice: by the same rule as the graph of
# a fit, but from some of the spots.
onLattice <- function(places, slice) {
  groups <- split(seq_len(nrow(places)), slice)
  for (rows in groups) places[rows, ] <- spreadRows(places[rows, , drop = FALSE])
  regular <- function(distances) mean(abs(distances / stats::median(distances) - 1) <= 0.25) >= 0.9
  all(vapply(nearestDistances(places, slice), function(distances) isTRUE(regular(distances)), NA))
}

# What the user left open, by what the places are: on a lattice what Banksy's author advises for Visium, the spots next
# to a spot and little weight on them, else what is advised for domains of single cells.
banksyChoices <- function(places, slice, settings) {
  usual <- if (onLattice(places, slice)) {
    list(lambda = 0.2, agf = FALSE, k_geom = c(6, 18))
  } else {
    list(lambda = 0.8, agf = TRUE, k_geom = c(15, 30))
  }
  if (length(settings$k_geom) == 2) usual$agf <- TRUE
  chosen <- utils::modifyList(usual, Filter(length, settings))
  chosen$k_geom <- rep_len(chosen$k_geom, 1 + chosen$agf)
  chosen
}

# The object with its components, and what they were made with.
banksyObject <- function(x, seed, settings) {
  slice <- if (is.null(x$slice)) factor(rep("1", ncol(x$counts))) else x$slice
  chosen <- banksyChoices(x$coords, slice, settings)
  values <- banksyValues(x$counts, slice, settings$nFeatures)
  parts <- split(seq_len(ncol(values)), slice)
  objects <- lapply(parts, function(spots) {
    banksyFeatures(values[, spots, drop = FALSE], x$coords[spots, , drop = FALSE], slice[spots], chosen)
  })
  object <- if (length(parts) == 1) {
    objects[[1]]
  } else {
    do.call(SummarizedExperiment::cbind, unname(objects))[, order(unlist(parts))]
  }
  chosen$npcs <- componentCount(settings$npcs, nrow(values), ncol(values))
  # Genes are scaled in each slice alone.
  group <- if (length(parts) > 1) list(group = "slice")
  object <- rlang::inject(exported("Banksy", "runBanksyPCA")(
    object, use_agf = chosen$agf, lambda = chosen$lambda, npcs = chosen$npcs, seed = seed, !!!group
  ))
  list(object = object, chosen = chosen)
}

# Log counts of the most variable genes. A gene that is constant in a slice cannot be scaled there.
banksyValues <- function(counts, slice, nFeatures) {
  totals <- Matrix::colSums(counts)
  values <- log1p(Matrix::t(Matrix::t(counts) * (stats::median(totals) / totals)))
  variances <- geneVariances(values)
  varies <- lapply(split(seq_along(totals), slice), function(spots) geneVariances(values[, spots, drop = FALSE]) > 0)
  variances[!Reduce(`&`, varies, variances > 0)] <- NA
  kept <- utils::head(order(variances, decreasing = TRUE, na.last = NA), nFeatures)
  if (length(kept) < 2) rlang::abort("Fewer than two genes vary in every slice.")
  values[kept, , drop = FALSE]
}

geneVariances <- function(values) Matrix::rowMeans(values^2) - Matrix::rowMeans(values)^2

# One slice with its genes and their means around each spot.
banksyFeatures <- function(values, places, slice, chosen) {
  places <- spreadRows(places)
  object <- SingleCellExperiment::SingleCellExperiment(
    list(logcounts = values),
    colData = S4Vectors::DataFrame(sdimx = places[, 1], sdimy = places[, 2], slice = as.character(slice))
  )
  exported("Banksy", "computeBanksy")(
    object, assay_name = "logcounts", coord_names = c("sdimx", "sdimy"), compute_agf = chosen$agf,
    k_geom = pmin(chosen$k_geom, ncol(values) - 1)
  )
}

banksyClusters <- function(embedding, k, seed, neighbours) {
  chosen <- embedding$chosen
  neighbours <- min(neighbours, ncol(embedding$object) - 1)
  nearestPartition(k, function(resolution) {
    found <- exported("Banksy", "clusterBanksy")(
      embedding$object, use_agf = chosen$agf, lambda = chosen$lambda, npcs = chosen$npcs, algo = "leiden",
      k_neighbors = neighbours, resolution = resolution, seed = seed
    )
    column <- utils::tail(exported("Banksy", "clusterNames")(found), 1)
    as.vector(SummarizedExperiment::colData(found)[[column]])
  })
}
