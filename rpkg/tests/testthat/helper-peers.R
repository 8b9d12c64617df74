# Stand-ins for Banksy and BayesSpace: functions of their names and arguments that do something like it in little time
# and note what they were called with.

# Puts values in the place of some of the package's own, until the test ends.
standIn <- function(..., frame = parent.frame()) {
  values <- list(...)
  home <- asNamespace("starscape")
  old <- mget(names(values), home)
  put <- function(values) for (name in names(values)) utils::assignInNamespace(name, values[[name]], home)
  withr::defer(put(old), frame)
  put(values)
}

# A package of such functions, at some version. Returns an environment with all calls, as lists of arguments by the name
# of the function.
standInPackage <- function(functions, version, frame = parent.frame()) {
  noted <- new.env()
  noting <- lapply(stats::setNames(nm = names(functions)), function(name) {
    note <- function(call) noted[[name]] <- c(noted[[name]], list(call))
    `environment<-`(functions[[name]], list2env(list(note = note), parent = environment(functions[[name]])))
  })
  standIn(
    exported = function(package, name) noting[[name]], peerVersion = function(package) package_version(version),
    needPackage = function(...) NULL, frame = frame
  )
  noted
}

banksyFunctions <- list(
  computeBanksy = function(se, assay_name, coord_names = NULL, compute_agf = FALSE, k_geom = 15) {
    note(list(compute_agf = compute_agf, k_geom = k_geom, spots = ncol(se), names = colnames(se)))
    message("Computing neighbors...")
    print("Done")
    places <- as.matrix(SummarizedExperiment::colData(se)[coord_names])
    near <- apply(as.matrix(stats::dist(places)), 1, function(far) order(far)[1 + seq_len(k_geom[[1]])])
    values <- as.matrix(SummarizedExperiment::assay(se, assay_name))
    means <- vapply(seq_len(ncol(se)), function(spot) rowMeans(values[, near[, spot], drop = FALSE]), values[, 1])
    SummarizedExperiment::assay(se, "H0", withDimnames = FALSE) <- means
    se
  },
  runBanksyPCA = function(se, use_agf = FALSE, lambda = 0.2, npcs = 20L, group = NULL, seed = NULL) {
    note(list(use_agf = use_agf, lambda = lambda, npcs = npcs, group = group, seed = seed, names = colnames(se)))
    both <- rbind(
      sqrt(1 - lambda) * as.matrix(SummarizedExperiment::assay(se, "logcounts")),
      sqrt(lambda) * as.matrix(SummarizedExperiment::assay(se, "H0"))
    )
    SingleCellExperiment::reducedDim(se, "PCA") <- stats::prcomp(t(both), rank. = npcs)$x
    se
  },
  clusterBanksy = function(se, use_agf = FALSE, lambda = 0.2, npcs = 20L, algo = "leiden", k_neighbors = 50,
                           resolution = 1, seed = NULL) {
    note(list(use_agf = use_agf, lambda = lambda, npcs = npcs, k_neighbors = k_neighbors, seed = seed))
    groups <- stats::kmeans(SingleCellExperiment::reducedDim(se, "PCA"), max(1, round(2 * resolution)))
    SummarizedExperiment::colData(se)$clust <- factor(groups$cluster)
    se
  },
  clusterNames = function(se) "clust"
)

bayesspaceFunctions <- list(
  spatialPreprocess = function(sce, platform = c("Visium", "ST"), n.PCs = 15, n.HVGs = 2000, log.normalize = TRUE) {
    note(list(platform = platform, n.PCs = n.PCs, n.HVGs = n.HVGs))
    values <- t(log1p(as.matrix(SummarizedExperiment::assay(sce, "counts"))))
    SingleCellExperiment::reducedDim(sce, "PCA") <- stats::prcomp(values, rank. = n.PCs)$x
    sce
  },
  spatialCluster = function(sce, q, d = 15, platform = c("Visium", "VisiumHD", "ST"),
                            init.method = c("mclust", "kmeans"), nrep = 50000, burn.in = 1000, thin = 100,
                            gamma = NULL) {
    note(as.list(match.call())[-(1:2)])
    message("Neighbors were identified")
    sce$spatial.cluster <- stats::kmeans(SingleCellExperiment::reducedDim(sce, "PCA")[, seq_len(d)], q)$cluster
    sce
  }
)

# The older version, without some arguments and platforms.
olderBayesspace <- bayesspaceFunctions
formals(olderBayesspace$spatialCluster)[c("thin", "gamma")] <- NULL
formals(olderBayesspace$spatialCluster)$platform <- quote(c("Visium", "ST"))
