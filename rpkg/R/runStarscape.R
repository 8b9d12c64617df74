#' Learn a spatial embedding
#'
#' Embeds the spots of one or several tissue slices. The spatial prior is deterministic: the leading components of
#' normalised expression, smoothed over the graph of neighbouring spots. A graph variational autoencoder adds what it
#' learns about spots from their surroundings, as far as it is to be trusted.
#'
#' The network never sees the spot that it tells of: it bends the components of each neighbour, averages them over rings
#' of one to four steps, bends that again, and is trained to foretell the spot's own components better than the best
#' linear function of the same rings (ridge regression). A fifth of the tissue, by tiles of 25 spots, is held out. The
#' embedding goes from the prior towards the network by the share that has the least squared error there, if that saves
#' 0.5 % of the error of what is linear and at least two standard errors; else it is the prior, and training ends after
#' 20 epochs. Printing the fit tells which. On most tissue the network saves a few tenths of a percent, which moves no
#' domain; in dense sections of cells with many genes (Xenium) 1 to 2 %.
#'
#' A sparse matrix is never made dense, and a `DelayedMatrix` is read by blocks of columns. The same counts give the
#' same result, bit for bit, from every class of object and with every number of threads.
#'
#' @param x Counts: a matrix with genes as rows and spots as columns (dense, any class of the Matrix package, or a
#'   `DelayedMatrix`), or a `Seurat` (version 4 or 5), `SingleCellExperiment` or `SpatialExperiment` object; or a list
#'   of these, one element a slice.
#' @param ... For objects and lists: arguments of the default method, such as `seed` or `epochs`; for lists also
#'   `assay`, `layer` and `image`.
#' @return For a matrix, a `starscape_fit`: a list with
#'   * `embedding`: spots x `latentDim`; spots without counts are NA;
#'   * `prior`: the spatial prior that the embedding starts from, of the same shape, and `priorExtra`: its next
#'     `latentDim / 2` components;
#'   * `network`: a list with its `share` in the embedding, from 0 to 1, and what the held-out tiles say: the `gain`,
#'     the part of the squared error of what is linear that the network saves, with its standard `error` over tiles, and
#'     the part of the components' variance that is `explained` by what is linear; NA where it was not tried. `epochs`
#'     is the length of the last training;
#'   * `codes`: what [findDomains()] makes its views from: component scores of each spot by itself, of Pearson residuals
#'     and of log counts (up to 20 each, of root mean square 0.5 and 1), and in the last column, `type`, the spot's
#'     type, 0 in sections of fewer than 1000 spots. Genes are those that neighbours share beyond chance;
#'   * `scores`: what the network was given, the scaled scores of the leading components, spots x `latentDim`, and
#'     `weights`, the tensors of the trained network, both for [lossSurface()];
#'   * `history`: data frame with one row per epoch of the last training: `epoch`, `total` loss and its terms
#'     `reconstruction`, `kl`, `telescope`, `consistency`, `prototype` and `scale`, NA where a term is not used;
#'   * `params`: the settings used;
#'   * `graph`: the neighbours, a sparse symmetric matrix, spots x spots, and `graphMethod`, how they were found;
#'   * `features`: names of the genes used; `loadings` of the components, these genes x `latentDim`; and their
#'     `singularValues`;
#'   * `levels`: what genes were standardised by, the `share`, `mean` and `deviation` of each in each batch, the
#'     number of `spots` of these, and the `rootMeanSquare` that scores were divided by;
#'   * `coords` (spots x 2, or 3 with a depth), `slice` and `batch` (factors, or `NULL`), and with several batches
#'     `sharedTypes`, the type of each spot by which they were compared (spots x 1).
#'
#'   For other objects, the object with the embedding as reduced dimension `name` (in `Seurat` with key `STAR_` where
#'   that is `"starscape"`) and the fit under the same name in `metadata(x)` or `Misc(x)`. For a list of matrices, the
#'   joint fit; for a list of objects, the list of these objects, each with its own part of the joint fit.
#'   [findDomains()] takes that list.
#'
#'   A message tells when there are fewer than 50 spots or a median of fewer than 20 counts a spot; when there are too
#'   few spots to try the network (fewer than 25 tiles, some 625 spots); and how many spots without neighbours do not
#'   get the part in the embedding that it has.
#' @section Several slices:
#' With `slice`, or with a list of slices, all slices are fitted together: with the genes they share; with neighbours
#' inside slices only; with the level and the spread of a gene taken out for each `batch`, by default the slice; and
#' with one network for all, which has two further losses, see `prototype` and `scale` in [lossControl()]. A domain then
#' has the same label on every slice. Spots of different slices that have one name are called `slice_name` in the joint
#' fit; in objects they keep their names. With one slice this is a plain fit.
#' @section Batches:
#' The level of a gene in a batch hangs on how it was measured, which is to be taken out, and on what the batch is made
#' of, which is not: a section that lacks half of the domains is not to be stretched over all of them. So spots are
#' grouped into at most 15 types within each batch; types of different batches are found to be the same where the
#' logarithms of their genes' shares differ by one vector for the whole batch (the vector under which most types fall on
#' others, with short ones preferred); and the model value = batch + type + rest, or for expected counts library size x
#' share of the type x factor of the batch, tells the two apart. A batch gets the mean, the variance and the shares that
#' it would have if it were made of the types as all batches together are. The prior, worth 20 spots, says that batches
#' are made of the same: a batch with no type in common with others keeps its own mean and variance, and a message says
#' so. Assumed is that effects of a batch are the same in all types, and that at least two batches share some types.
#' @section Long fits:
#' [estimateResources()] tells beforehand how long a fit takes and how much memory. With `checkpoint`, the stages of a
#' fit are kept in that directory when they are done: after an interruption, or the end of R, the same call goes on from
#' the last of them, with the same result as if nothing had happened. A directory is for one fit: other data or settings
#' are refused (other `threads` are not). A stage that cannot be written, for want of space, is told by a warning of
#' class `starscape_warning`, and the fit goes on. Delete the directory when the fit is stored elsewhere.
#'
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument. Spots and
#' genes without counts, places shared by several spots, missing names and counts that are not whole numbers are
#' accepted with a message of class `starscape_message`.
#' @references
#' Spotscape: global context in spatial transcriptomics. ICML 2025, <https://arxiv.org/abs/2506.15698>.
#'
#' Lause, Berens and Kobak (2021). Analytic Pearson residuals for normalization of single-cell RNA-seq UMI data.
#' Genome Biology 22, 258. \doi{10.1186/s13059-021-02451-7}
#' @seealso [findDomains()] for domains, [plotHistory()] for the course of training.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' fit
#'
#' # The network is used where it foretells spots better than a linear function; with `share` in any case:
#' network <- runStarscape(
#'   slices$counts, coords = slices$coords, latentDim = 10, epochs = 30, stability = starControl(share = 1)
#' )
#' head(network$history)
#' @export
runStarscape <- function(x, ...) {
  needArguments()
  UseMethod("runStarscape")
}

#' @rdname runStarscape
#' @param coords Where the spots are: a numeric matrix or data frame with one row per spot and the columns x (to the
#'   right) and y (down), matched by row names where there are any, or by a column that holds the names of the spots.
#'   What readers call x and y (`col` and `row`, `imagecol` and `imagerow`, `x_centroid` and `y_centroid` ...) is
#'   recognised, and so is any name that says its axis by a word (`x_location`, `spot_row`, `xPos` ...); other names are
#'   taken in their order. A message tells which column is x. A third column `z` of few values, each of ten spots or
#'   more, is taken for the slice; any other is a depth in the unit of x and y, and neighbours are looked for in space
#'   (with `graphControl()` methods `"auto"`, `"knn"` and `"radius"`). For objects also the names of two or three
#'   columns of the cell metadata; `NULL` takes the places the object knows, array positions before pixels.
#' @param slice Which slice each spot lies on: a vector with one value per spot, matched by name where it has names, or
#'   `NULL` for one slice. For objects also the name of a column of the cell metadata; `NULL` takes images (`Seurat`,
#'   less those that show cells of other images only) or `sample_id` (`SpatialExperiment`) where there are several.
#'   Spots of different slices are never neighbours.
#' @param nFeatures Number of genes to use, a whole number from 2; all if there are fewer.
#' @param normalisation `"pearson"` for analytic Pearson residuals, `"log"` for log counts at equal library size: what
#'   the network is given. The views of [findDomains()] take both.
#' @param featureSelection Genes are chosen by Moran's I on the spatial graph (`"moran"`) or by variance (`"variance"`).
#' @param features Names of the genes to use, instead of choosing.
#' @param latentDim Number of dimensions of the embedding, a whole number from 2.
#' @param epochs Number of training epochs at most, a whole number from 1.
#' @param seed Whole number from 0 to 2147483647 from which all random numbers are drawn.
#' @param stability,loss,graph Settings from [starControl()], [lossControl()] and [graphControl()].
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param batch What differs for technical reasons and is taken out, gene by gene, in level and spread: a vector with
#'   one value per spot, matched by name where it has names; `FALSE` for nothing; or `NULL` to have it found: each slice
#'   is a batch of its own, but slices that lie side by side in one system of coordinates, such as fields of view of one
#'   scan, are one batch, and so are slices of fewer than 50 spots, which are too small to be compared. Messages tell of
#'   both. See *Batches*. For objects also the name of a column of the cell metadata.
#' @param checkpoint Directory that keeps the stages of the fit, or `NULL`: nothing is written. See *Long fits*.
#' @export
runStarscape.default <- function(x, coords = NULL, slice = NULL, nFeatures = 2000,
                                 normalisation = c("pearson", "log"), featureSelection = c("moran", "variance"),
                                 features = NULL, latentDim = 20, epochs = 120, seed = 1, stability = starControl(),
                                 loss = lossControl(), graph = graphControl(), threads = 2,
                                 verbose = rlang::is_interactive(), batch = NULL, checkpoint = NULL, ...) {
  gateDots(...)
  checked <- gateTogether(
    settings = gateFields(mget(names(runChecks)), runChecks), stability = gateControl(stability, "starControl"),
    loss = gateControl(loss, "lossControl"), graph = gateControl(graph, "graphControl"),
    data = gateRunInput(x, coords, slice, batch, features),
    checkpoint = if (!is.null(checkpoint)) openCheckpoint(checkpoint)
  )
  settings <- checked$settings
  controls <- flattenControls(checked$stability, checked$loss, checked$graph)
  input <- checked$data$input
  if (nlevels(input$slice) == 1) tell("`slice` has one value. This is a plain fit of one slice.")
  gateMemory(ncol(input$counts))
  tellNeighbours(checked$graph, input)
  tellScarce(input$counts)
  given <- list(givenFeatures = checked$data$features)
  gateLatentDim(settings$latentDim, featureCount(settings, given, input), ncol(input$counts))
  parameters <- c(settings[names(settings) != "verbose"], given, controls)
  fit <- newFit(fitCounts(input, parameters, progressBar(settings$verbose), checkpoint), input, parameters)
  tellAlone(fit)
  tellLines(fit)
  tellBatches(fit)
  tellNetwork(fit)
  fit
}

# Counts and places with their batches, and the genes that are given.
gateRunInput <- function(x, coords, slice, batch, features) {
  input <- gateInput(x, coords, slice)
  checked <- gateTogether(
    batch = gateBatch(batch, input, colnames(x)), features = gateFeatures(features, rownames(input$counts))
  )
  input["batch"] <- list(checked$batch)
  list(input = input, features = checked$features)
}

#' @rdname runStarscape
#' @param assay Assay with the counts. For `Seurat` its name, `NULL` for the default assay; otherwise its name in
#'   `assayNames(x)`.
#' @param layer Layer (in version 4: slot) with the raw counts. Split layers, such as `counts.1` and `counts.2`, are
#'   joined over the genes they share.
#' @param image Names of the images (fields of view) with the places of the spots; `NULL` for all.
#' @param name For objects the name of the reduction and of the fit that is kept with it, so that several can stand
#'   side by side: `reduction` of [findDomains()] and the others says which one is meant.
#' @export
runStarscape.Seurat <- function(x, coords = NULL, slice = NULL, assay = NULL, layer = "counts", image = NULL,
                                batch = NULL, name = "starscape", ...) {
  fitObject(x, objectInput(x, coords, slice, assay, layer, image), batch, assay, name, askedFor(coords, image), ...)
}

#' @rdname runStarscape
#' @export
runStarscape.SingleCellExperiment <- function(x, coords = NULL, slice = NULL, assay = "counts", batch = NULL,
                                              name = "starscape", ...) {
  fitObject(x, objectInput(x, coords, slice, assay), batch, assay, name, askedFor(coords), ...)
}

fitObject <- function(x, input, batch, assay, name, asked, ...) {
  # All of these are looked at where the default method checks its arguments.
  fit <- runStarscape.default(
    gateTogether(name = gateNewReduction(x, name), counts = input$counts)$counts, coords = input$coords,
    slice = input$slice,
    batch = givenColumn(batch, objectMetadata(x, colnames(input$counts)), "batch"), ...
  )
  storeFit(x, fit, asked, assay, name)
}

#' @rdname runStarscape
#' @export
runStarscape.list <- function(x, coords = NULL, ..., batch = NULL, assay = NULL, layer = "counts", image = NULL,
                              name = "starscape") {
  refuseGiven(...names(), "slice", "is not an argument for a list, whose elements are the slices", "Name the elements.")
  x <- gateSlices(x)
  # Looked at where the default method checks its arguments.
  delayedAssign("slices", tellOnce(
    Map(sliceInput, x, gatePlacesOf(coords, x), list(assay), list(layer), list(image))
  ))
  delayedAssign("joined", joinSlices(slices))
  fit <- runStarscape.default(
    gateTogether(name = for (slice in x) gateNewReduction(slice, name), counts = joined$counts)$counts,
    coords = joined$coords, slice = joined$slice,
    batch = columnOfObjects(batch, x, lapply(slices, function(slice) colnames(slice$counts)), "batch"), ...
  )
  if (isMatrix(x[[1]])) {
    return(fit)
  }
  fit$joint <- rlang::hash(fit$embedding)
  rows <- split(seq_along(joined$from), joined$from)
  Map(function(object, rows, slice, coords) {
    storeFit(object, fitPart(fit, rows, colnames(slice$counts)), askedFor(coords, image), assay, name)
  }, x, rows, slices, gatePlacesOf(coords, x))
}

storeFit <- function(x, fit, asked, assay, name) {
  tellKept(x, name, "starscape_fit")
  fit$asked <- asked
  fit$domains <- keptColumns(objectResult(x, name))
  key <- if (name == "starscape") "STAR_" else paste0(gsub("[^A-Za-z0-9]", "", name), "_")
  reduction <- list(embedding = fit$embedding, loadings = fit$loadings, key = key)
  storeResult(x, name, fit, reduction = reduction, assay = assay)
}

# Batches that nothing can be compared with.
tellBatches <- function(fit) {
  common <- typesInCommon(fit)
  alone <- names(common)[common == 0]
  if (length(alone) > 0) {
    tell("`batch`: no type of spot of ", quoted(alone, 3), " is like one of another batch. All that differs there is ",
         "taken for technical; batch = FALSE keeps it.")
  }
}

# Spots without neighbours are known by their own counts only.
tellAlone <- function(fit) {
  used <- usedSpots(fit)
  alone <- sum(Matrix::rowSums(fit$graph)[used] == 0)
  if (alone > 0.05 * sum(used)) {
    tell(alone, " of ", sum(used), " spots have no neighbours. Their domains are those of their own counts, not of ",
         "tissue.")
  }
}

# Every second or fourth spot of a lattice, taken in its order, has neighbours along a line only.
tellLines <- function(fit) {
  neighbours <- Matrix::rowSums(fit$graph != 0)[usedSpots(fit)]
  if (fit$graphMethod == "grid" && length(neighbours) >= fewestSpots && stats::median(neighbours) <= 2) {
    tell("`coords` lie in lines: spots have ", format(mean(neighbours), digits = 2), " neighbours on average, and ",
         "nothing is averaged across the lines. Take spots at random, or graphControl(\"knn\").")
  }
}

# The network needs surroundings, and tiles that it is not trained on.
tellNetwork <- function(fit) {
  if (is.null(fit$params$share) && is.na(fit$network$gain)) {
    tell("`x` has too few spots to try the network on tiles that it was not trained on. The embedding is the spatial ",
         "prior.")
  }
  alone <- sum(Matrix::rowSums(fit$graph)[usedSpots(fit)] == 0)
  if (fit$network$share > 0 && alone > 0) {
    tell("`x` has ", alone, " spots without neighbours. Their embedding is the spatial prior, which the network ",
         "cannot add to.")
  }
}

# From fewer spots or counts there is a fit like any other, but chance has a large part in its domains.
fewestSpots <- 50
fewestCounts <- 20

tellScarce <- function(counts) {
  depth <- stats::median(Matrix::colSums(counts))
  scarce <- c(
    if (ncol(counts) < fewestSpots) sprintf("%d spots", ncol(counts)),
    if (depth < fewestCounts) sprintf("a median of %s counts a spot", format(depth, digits = 3))
  )
  if (length(scarce) > 0) {
    tell("`x` has only ", paste(scarce, collapse = " and "), ". Chance has a large part in domains of so little: see ",
         "whether they come again in one half of the counts.")
  }
}

runChecks <- list(
  nFeatures = wholeNumber(2, largestInteger), normalisation = oneOf(c("pearson", "log")),
  featureSelection = oneOf(c("moran", "variance")), latentDim = wholeNumber(2, 1000),
  epochs = wholeNumber(1, 1e6), seed = seedNumber, threads = threadCount,
  verbose = yesOrNo
)

featureCount <- function(settings, given, input) {
  if (is.null(given$givenFeatures)) min(settings$nFeatures, nrow(input$counts)) else length(given$givenFeatures)
}

# Numbers from 0; slices whose spots were all left out have none.
sliceNumbers <- function(slice, used) if (!is.null(slice)) as.integer(droplevels(slice[used])) - 1L
