#' Measure how much domains change with the seed
#'
#' Runs a method, starscape or any other, once for every seed and measures how far the runs agree: which pairs of runs,
#' which spots and which domains change, and what all runs have in common. No truth is needed.
#'
#' @param x Counts: a matrix with genes as rows and spots as columns, or a `Seurat`, `SingleCellExperiment` or
#'   `SpatialExperiment` object, as for [runStarscape()].
#' @param method What is run:
#'   * `"starscape"`: [runStarscape()], then [findDomains()]; `"starscape_prior"`: its deterministic prior alone,
#'     without the network;
#'   * `"seurat"`: log-normalisation, variable features, scaling, principal components and Louvain clustering by Seurat;
#'     for every seed the resolution is found by bisection that gives `k` clusters, or the number nearest to it;
#'   * `"kmeans"` and `"mclust"`: k-means from one random start, or a Gaussian mixture with tied covariance by mclust,
#'     on the same components;
#'   * `"bayesspace"`: BayesSpace, whose `coords` must be positions in the array (whole numbers);
#'   * `"banksy"`: Banksy from version 0.99 on, with Leiden clustering and the resolution found as for Seurat. Each
#'     slice is computed and scaled alone;
#'   * `"transst"`: [runTransST()] with a labelled source;
#'   * a function `(x, seed)` that returns a label for every spot, or a [sweepMethod()], both of which are given `x` as
#'     it is.
#' @param seeds Whole numbers from 0 to 2147483647, each once.
#' @param k Number of domains, a whole number from 2 to the number of spots with counts. The method is asked for so
#'   many, and the consensus has at most so many.
#' @param truth Known labels, one per spot, NA where unknown, or `NULL`. For objects also the name of a column of the
#'   cell metadata.
#' @param BPPARAM Back end of the package BiocParallel that runs seeds in parallel, or `NULL` to run one after the
#'   other. The result is the same. For several workers a message of class `starscape_message` tells beforehand how much
#'   memory each needs, about.
#' @param ... For objects: further arguments of the default method. Others are settings of the method. For `"starscape"`
#'   those of [runStarscape()] (for `"starscape_prior"` all but `epochs`); `nFeatures` (2000 variable genes) and `npcs`
#'   (components: 20, for BayesSpace 15) for the others, and `neighbours` (of the graph: 20) for `"seurat"`; `source`
#'   and `labels`, and the arguments of [runTransST()], for `"transst"`, whose result has nothing random. Those of
#'   `"bayesspace"` and `"banksy"` are in a section below.
#' @return A list of class `stability_sweep`:
#'   * `labels`: whole numbers, spots x seeds that succeeded, in the labels of the consensus: the groups of every run
#'     are matched with the consensus domains one to one (Hungarian method), and groups that are left over take the
#'     domain that holds most of their spots;
#'   * `runs`: data frame with one row per seed: `seed`; `status`, `"ok"` or `"failed"`, and the `message` of the
#'     failure; `k`, the number of labels; `ari`, the adjusted Rand index with `truth`, or NA; `agreement`, its mean
#'     with the other seeds; `seconds` of this run; and `memory_mb`, see below;
#'   * `pairwise`: adjusted Rand index of every two seeds, at most 1;
#'   * `spots`: data frame with one row per spot: `consensus` (factor, largest domain first); `support`, the share of
#'     runs that agree, in these labels; `entropy` of the spot's labels in nats, where all
#'     groups that a run has left over count as one label more; `stability`, 1 - entropy / the largest that so many
#'     labels and runs allow, from 0 to 1; and `consistency`, the element-centric consistency, from 0 to 1 (NA for a
#'     single seed);
#'   * `domains`: data frame with one row per consensus domain: `domain`, its number of `spots`, and `stability`, the
#'     mean over the runs of the Jaccard index with the most similar group of the run, and the `lowest` of these, from 0
#'     to 1;
#'   * `sources`: data frame with the rows `total` (both stages see the seed), `embedding` (the second stage sees the
#'     first seed only) and `clustering` (the embedding of the first seed is divided with every seed): the mean and
#'     lowest ARI of two runs, `mean_ari` and `min_ari`, and the `gap` between the best and the worst ARI with `truth`.
#'     Seeds for which one stage alone fails are left out of its row, and with fewer than two left it is NA. `NULL` for
#'     a method in one stage or without `apart`;
#'   * `truth` (factor or `NULL`), `coords` (spots x 2 or 3, or `NULL`), `slice` (factor or `NULL`), and `method`, `k`,
#'     `seeds` and `settings` as given.
#'
#'   Spots without counts, and for methods that look at places the cells of a `Seurat` object that are on no image, are
#'   NA and take part in no measure. `memory_mb` is the peak of the resident memory of the
#'   process that ran the seed, since that process began (the line `VmHWM` of `/proc/self/status`); where the system
#'   does not tell, that of R's heap ([gc()]). Runs in one process share it; to measure runs apart give a back end whose
#'   workers each run one seed.
#' @section Seeds that fail:
#' A run that stops with an error, or gives a wrong number of labels, NA for a spot with counts, or one label for all
#' spots, is recorded with its message, and the others stand. If a worker of `BPPARAM` dies, all seeds that ran at the
#' same time are recorded as failed (their `seconds` and `memory_mb` are NA), and new workers run the others. A new call
#' with the `checkpoint` or the result as `previous` runs failed seeds again.
#' @section Settings of BayesSpace and Banksy:
#' Of `"bayesspace"`: `platform` (`"Visium"`, `"ST"` or, in newer versions, `"VisiumHD"`), `nrep` (50000 iterations),
#' `burnIn` (1000 of them left out), and `thin`, `gamma` and `init.method`, which BayesSpace chooses itself for `NULL`.
#'
#' Of `"banksy"`: `lambda`, the weight of the surroundings from 0 to 1; `agf`, whether their gradient takes part;
#' `k_geom`, the number of spots around a spot, or two numbers, the second for the gradient; and `neighbours` (50, of
#' the graph that Leiden divides). For `NULL`, spots on a lattice (Visium, square arrays) get what Banksy's author
#' advises for Visium: `lambda = 0.2`, `agf = FALSE` and `k_geom = 6`, the spots next to a spot (`c(6, 18)` with `agf =
#' TRUE`; 18 takes the next ring as well). Other places get what is advised for domains of single cells: `lambda = 0.8`,
#' `agf = TRUE` and `k_geom = c(15, 30)`.
#'
#' Both take fewer components and neighbours where the data are small. What the version that is installed does not know
#' is refused before the first run.
#' @section Random numbers:
#' Every stage runs with R's generator set from the seed, and the generator is afterwards as it was before, also if a
#' method calls `set.seed()`.
#' @section Stopping and going on:
#' With a `checkpoint`, every finished seed is a small file in that directory. A new call with the same data, method and
#' settings reads them and runs only the seeds that are missing or failed; of functions, the code is compared and not
#' the values they refer to; of other packages that a built-in method runs, the version. Where both stages of a method
#' depend on the seed, the first of the `seeds` must be the same, too, unless `apart` is `FALSE`, as all others are
#' compared with it. In parallel, seeds are kept when all that run at the same time are finished; the jobs of a
#' cluster keep their own. Ctrl-C returns what is finished with a warning of class `starscape_warning_interrupted`; give
#' it as `previous` to go on. It ends the workers, too, and calls off the jobs of a cluster. A seed that cannot be
#' written is a warning of class `starscape_warning`.
#' @section On a cluster:
#' Each worker needs the package and as many threads as `threads` says. A `checkpoint`, and the folder of the jobs
#' (`registryargs`), have to be where all machines see them. For Slurm, with a template file of the package batchtools:
#'
#' ```
#' cluster <- BiocParallel::BatchtoolsParam(
#'   workers = 20, cluster = "slurm", template = "slurm.tmpl",
#'   resources = list(ncpus = 1, memory = 8000, walltime = 3600)
#' )
#' sweep <- stabilitySweep(counts, coords = coords, k = 7, seeds = 1:100, BPPARAM = cluster, checkpoint = "sweep")
#' ```
#'
#' Functions of your own find on such workers, and on those of `SnowParam()`, only what they load themselves. The
#' vignette "Many cells, many runs" shows a template file, and runs on one machine in the same way.
#' @section Errors:
#' Unusable input, a package that is missing for the `method`, a `checkpoint` of another sweep or with a file that
#' cannot be read, and a method that fails for all seeds are errors of class `starscape_error_argument` whose field
#' `argument` names the argument.
#' @references
#' Gates, Wood, Hetrick and Ahn (2019). Element-centric clustering comparison unifies overlaps and hierarchy. Scientific
#' Reports 9, 8574. \doi{10.1038/s41598-019-44892-y}
#'
#' Hennig (2007). Cluster-wise assessment of cluster stability. Computational Statistics & Data Analysis 52, 258-271.
#' \doi{10.1016/j.csda.2006.11.025}
#'
#' Hornik (2005). A CLUE for CLUster Ensembles. Journal of Statistical Software 14(12). The consensus.
#' @seealso [consensusDomains()] for the domains, [sweepMethod()] for methods of your own.
#' @examples
#' slices <- simulateSlices(rows = 12, columns = 12, genes = 100, domains = 3)
#' sweep <- stabilitySweep(
#'   slices$counts, coords = slices$coords, seeds = 1:3, k = 3, truth = slices$labels, latentDim = 5, epochs = 5
#' )
#' sweep
#' summary(sweep)
#' sweep$runs
#'
#' ownMethod <- function(x, seed) stats::kmeans(t(as.matrix(log1p(x))), 3)$cluster
#' stabilitySweep(slices$counts, ownMethod, seeds = 1:5, k = 3)
#' @export
stabilitySweep <- function(x, method = "starscape", seeds = 1:20, k, truth = NULL, BPPARAM = NULL, ...) {
  needArguments()
  UseMethod("stabilitySweep")
}

#' @rdname stabilitySweep
#' @param coords,slice Where the spots are and which slice each lies on, as in [runStarscape()]. Methods that do not
#'   look at places, and your own, need no `coords`, and objects for them no places.
#' @param apart Whether to tell the two stages of a method apart, which takes two more divisions a seed if both depend
#'   on it, as of `"seurat"`, `"kmeans"`, `"mclust"` and `"banksy"`, and else none.
#' @param checkpoint Directory that keeps every finished seed, or `NULL`: nothing is written.
#' @param previous A sweep of the same data, method and settings to go on with: the result has its seeds and then those
#'   of `seeds` that it lacks. Only seeds that failed in it are run again.
#' @param threads Number of threads of a starscape run and of the measures, a whole number from 1; `NULL` takes 1 where
#'   `BPPARAM` has several workers and 2 otherwise. It does not change the result.
#' @param verbose Whether to show progress, and what built-in methods of other packages print and tell.
#' @export
stabilitySweep.default <- function(x, method = "starscape", seeds = 1:20, k, truth = NULL, BPPARAM = NULL,
                                   coords = NULL, slice = NULL, apart = TRUE, checkpoint = NULL, previous = NULL,
                                   threads = NULL, verbose = rlang::is_interactive(), ...) {
  input <- function(placed) gateInput(x, coords, slice, placed = placed)
  sweepCounts(
    x, input, truth, method, seeds, k, BPPARAM,
    apart = apart, checkpoint = checkpoint, previous = previous, threads = threads, verbose = verbose, ...
  )
}

#' @rdname stabilitySweep
#' @param assay,layer,image Where `x` has the counts and the places, as in [runStarscape()].
#' @export
stabilitySweep.Seurat <- function(x, method = "starscape", seeds = 1:20, k, truth = NULL, BPPARAM = NULL,
                                  coords = NULL, slice = NULL, assay = NULL, layer = "counts", image = NULL, ...) {
  sweepObject(x, method, seeds, k, truth, BPPARAM, list(coords, slice, image), assay, layer, ...)
}

#' @rdname stabilitySweep
#' @export
stabilitySweep.SingleCellExperiment <- function(x, method = "starscape", seeds = 1:20, k, truth = NULL, BPPARAM = NULL,
                                                coords = NULL, slice = NULL, assay = "counts", ...) {
  sweepObject(x, method, seeds, k, truth, BPPARAM, list(coords, slice, NULL), assay, NULL, ...)
}

#' @rdname stabilitySweep
#' @export
stabilitySweep.SpatialExperiment <- stabilitySweep.SingleCellExperiment

# `given` are coords, slice and image.
sweepObject <- function(x, method, seeds, k, truth, BPPARAM, given, assay, layer, ...) {
  needObject(x)
  # Looked at where the arguments are checked.
  delayedAssign("counts", objectCounts(x, assay, layer))
  input <- function(placed) {
    places <- objectPlaces(x, colnames(counts), given[[1]], given[[2]], given[[3]], needed = placed)
    tissue <- gateInput(placedCounts(counts, places), places$coords, places$slice, placed = placed)
    if (is.null(places$spots)) tissue else withUnplaced(tissue, colnames(counts))
  }
  sweepCounts(
    x, input, givenColumn(truth, objectMetadata(x, colnames(counts)), "truth"), method, seeds, k, BPPARAM, ...
  )
}

# The spots of an object whose places are known among all its `spots`: the others take no part.
withUnplaced <- function(tissue, spots) {
  rows <- match(spots, tissue$spots)
  tissue$used <- !is.na(rows) & tissue$used[rows]
  tissue$coords <- `rownames<-`(tissue$coords[rows, , drop = FALSE], spots)
  if (!is.null(tissue$slice)) tissue$slice <- tissue$slice[rows]
  tissue$spots <- spots
  tissue
}

# `x` as the user gave it. `input` gives the counts that it holds, and their places, as gateInput() does; it is told
# whether the method needs the places.
sweepCounts <- function(x, input, truth, method, seeds, k, BPPARAM, apart = TRUE, checkpoint = NULL,
                        previous = NULL, threads = NULL, verbose = rlang::is_interactive(), ...) {
  options <- NULL
  runs <- NULL
  checked <- gateTogether(
    seeds = gateSeeds(seeds), previous = if (!is.null(previous)) gateSweep(previous, "previous")$seeds,
    options = options <- gateOptions(apart, threads, verbose, BPPARAM),
    method = runs <- gateMethod(method, list(...), if (is.null(options)) 1L else options$threads),
    tissue = gateTissue(input, runs, truth, k), checkpoint = if (!is.null(checkpoint)) openCheckpoint(checkpoint)
  )
  seeds <- union(checked$previous, checked$seeds)
  tissue <- checked$tissue$input
  tissue$truth <- checked$tissue$truth
  job <- sweepJob(x, tissue, runs, seeds, checked$tissue$k, options$apart)
  job$quiet <- !runs$own && !options$verbose
  records <- c(previousRecords(previous, job$fingerprint), storedRecords(checkpoint, job$fingerprint))
  records <- keepingGenerator(runSeeds(job, seeds, records, BPPARAM, checkpoint, options$verbose))
  newSweep(records, tissue, job, options)
}

# How the seeds are run.
gateOptions <- function(apart, threads, verbose, BPPARAM) {
  workers <- 1L
  gateTogether(
    BPPARAM = workers <- gateWorkers(BPPARAM),
    options = {
      if (is.null(threads)) threads <- if (workers > 1) 1 else 2
      gateFields(list(apart = apart, threads = threads, verbose = verbose), sweepChecks)
    }
  )$options
}

# The spots with their truth, and the number of domains. Where the method is refused, nothing asks for places.
gateTissue <- function(input, method, truth, k) {
  tissue <- NULL
  gateTogether(
    input = tissue <- input(isTRUE(method$placed)),
    truth = if (!is.null(tissue)) gateTruth(perSpotVector(truth, tissue$spots, "truth"), tissue$used),
    k = {
      if (is.null(k)) stopArgument("k", "must be one whole number, not NULL")
      gateK(k, if (is.null(tissue)) Inf else sum(tissue$used))
    },
    method = if (!is.null(tissue) && !is.null(method)) method$gate(tissue)
  )
}

sweepChecks <- list(apart = yesOrNo, threads = threadCount, verbose = yesOrNo)

# All that a worker has to know.
sweepJob <- function(x, tissue, method, seeds, k, apart) {
  used <- tissue$used
  apart <- apart && !is.null(method$cluster)
  job <- list(
    x = x, used = used, spots = tissue$spots, method = method, k = k, apart = apart, first = seeds[[1]],
    fingerprint = sweepFingerprint(x, tissue, method, k, apart, seeds[[1]])
  )
  if (!method$own) {
    job$x <- list(
      counts = tissue$counts, coords = tissue$coords[used, , drop = FALSE],
      slice = if (!is.null(tissue$slice)) droplevels(tissue$slice[used])
    )
    job$used <- rep(TRUE, sum(used))
    job$spots <- job$spots[used]
  }
  job
}

previousRecords <- function(previous, fingerprint) {
  if (is.null(previous)) {
    return(list())
  }
  if (!identical(attr(previous, "fingerprint"), fingerprint)) {
    stopArgument("previous", "is a sweep of other data, another method, other settings or another first seed")
  }
  succeeded(attr(previous, "records"))
}

gateSeeds <- function(seeds) {
  whole <- is.numeric(seeds) && all(is.finite(seeds)) && all(seeds == round(seeds))
  if (!whole || length(seeds) == 0 || any(seeds < 0) || any(seeds > largestInteger)) {
    stopArgument(
      "seeds", paste("must be whole numbers, not", describe(seeds)),
      sprintf("Give one or more whole numbers from 0 to %d.", largestInteger)
    )
  }
  if (anyDuplicated(seeds) > 0) {
    stopArgument("seeds", sprintf("has %d twice or more", seeds[duplicated(seeds)][[1]]), "Give each seed once.")
  }
  as.integer(seeds)
}

# Known labels as a factor, or NULL; `used` says which spots have counts.
gateTruth <- function(truth, used) {
  if (is.null(truth)) {
    return(NULL)
  }
  if (all(is.na(gateLabels(truth, "truth", length(used))[used]))) {
    stopArgument("truth", "is NA for all spots that have counts")
  }
  if (is.factor(truth)) droplevels(truth) else factor(truth)
}

# How many runs a back end of BiocParallel works on at a time.
gateWorkers <- function(BPPARAM) {
  if (is.null(BPPARAM)) {
    return(1L)
  }
  needPackage("BiocParallel", "BPPARAM", "leave `BPPARAM` out and run one seed after the other")
  if (!methods::is(BPPARAM, "BiocParallelParam")) {
    stopArgument(
      "BPPARAM", paste("must be a back end of BiocParallel, not", describe(BPPARAM)),
      "Give for instance BiocParallel::MulticoreParam(4), or NULL."
    )
  }
  as.integer(BiocParallel::bpnworkers(BPPARAM))
}
