# Stability of starscape, of its parts and of what R users run today, over seeds and over perturbed data.
#
#   Rscript benches/stability/run.R LIBRARY OUT SEEDS PARTS PEERS DRAWS [SECTION ...]
#
# Writes into OUT: results.md (tables), runs.csv (every run) and pictures. SEEDS are run for starscape, PARTS for other
# settings of it, PEERS for other methods, DRAWS data sets of each kind of perturbation, on all sections or those named.
# Finished seeds are kept in build/stability/, or in OUT/kept/ where the tables go elsewhere, so that a run that was
# stopped goes on. Without the real sections (STARSCAPE_DATA) a simulated one is measured.

source("benches/common.R")
counts <- as.integer(arguments[3:6])
names(counts) <- c("seeds", "parts", "peers", "draws")
workers <- BiocParallel::MulticoreParam(2, progressbar = FALSE)

# Sections ------------------------------------------------------------------------------------------------------------

source("rpkg/tests/testthat/helper-sections.R")

readSections <- function() {
  if (folder == "" || !dir.exists(folder)) {
    message("STARSCAPE_DATA is not set: the real sections are not measured, a simulated one is.")
    drawn <- simulateSlices(rows = 25, columns = 25, genes = 300, domains = 4)
    return(list(simulated = list(counts = drawn$counts, coords = drawn$coords, labels = drawn$labels)))
  }
  wanted <- if (length(arguments) > 6) arguments[-(1:6)] else names(sections)
  lapply(sections[wanted], function(section) section$read(file.path(folder, section$path)))
}

# Methods -------------------------------------------------------------------------------------------------------------

# From the bare network to the one that is on offer, one term after the other; then that with a term that is off. All
# have the network all of the way, which held-out tiles grant it on none of these sections.
whole <- function(...) starControl(share = 1, ...)
bare <- function(...) whole(averaging = 0, ...)
untied <- lossControl(telescope = 0)
ablations <- list(
  "network, random start" = list(stability = bare("random", damping = 1e-8), loss = untied),
  "+ deterministic start" = list(stability = bare(damping = 1e-8), loss = untied),
  "+ damped steps" = list(stability = bare(), loss = untied),
  "+ telescope" = list(stability = bare()),
  "+ averaged weights: network" = list(stability = whole()),
  "network and sharpness-aware steps" = list(stability = whole(sharpness = 0.02)),
  "network and consistency" = list(stability = whole(), loss = lossControl(consistency = 10)),
  "network and four perturbed instances" = list(stability = whole(members = 4))
)

peers <- c("k-means on PCs", "mclust on PCs", "Seurat Louvain")

# The prior without the consensus of views as its start: the simplest baseline.
plainPrior <- function(data) {
  sweepMethod(
    function(x, seed) runStarscape(x, data$coords, epochs = 1, threads = 1, verbose = FALSE)$prior,
    function(embedding, k, seed) findDomains(embedding, k = k, threads = 1, verbose = FALSE)$domain,
    name = "prior, one start", seeded = FALSE
  )
}

methods <- c(
  list(
    "starscape" = list(method = "starscape", seeds = counts[["seeds"]]),
    "prior alone, best-likelihood start" = list(method = plainPrior, seeds = 2),
    "prior alone" = list(method = "starscape_prior", seeds = 2)
  ),
  lapply(ablations, function(settings) list(method = "starscape", seeds = counts[["parts"]], settings = settings)),
  list(
    "k-means on PCs" = list(method = "kmeans", seeds = counts[["peers"]]),
    "mclust on PCs" = list(method = "mclust", seeds = counts[["peers"]]),
    # Its search for the resolution is long; once a seed is enough.
    "Seurat Louvain" = list(method = "seurat", seeds = counts[["peers"]], settings = list(apart = FALSE))
  )
)

# Seeds are kept for the very build that ran them, and not among the tables of the repository.
kept <- if (dirname(out) == "benches") file.path("build", "stability") else file.path(out, "kept")
build <- substr(rlang::hash(unname(tools::md5sum(c(
  list.files(system.file("libs", package = "starscape"), full.names = TRUE),
  system.file("R", "starscape.rdb", package = "starscape")
)))), 1, 12)

sweep <- function(name, method, section, data) {
  folder <- file.path(kept, build, gsub("[^A-Za-z0-9]+", "-", name), section)
  dir.create(folder, showWarnings = FALSE, recursive = TRUE)
  begin <- proc.time()[["elapsed"]]
  before <- length(list.files(folder))
  result <- suppressMessages(rlang::inject(stabilitySweep(
    data$counts, if (is.function(method$method)) method$method(data) else method$method,
    coords = data$coords, truth = data$labels, seeds = seq_len(method$seeds),
    k = length(unique(stats::na.omit(data$labels))), BPPARAM = workers, threads = 1, checkpoint = folder,
    verbose = FALSE, !!!method$settings
  )), "starscape_message")
  # What was kept took no time now.
  attr(result, "elapsed") <- if (before == 0) proc.time()[["elapsed"]] - begin else NA
  message(sprintf("%-36s %-8s %s", name, section, paste(sprintf("%.3f", summary(result)[1:3]), collapse = " ")))
  result
}

# Perturbed data ------------------------------------------------------------------------------------------------------

# Nine spots of ten, or eight counts of ten; each with the domains found.
perturbed <- function(data, draw, kind) {
  withr::with_seed(draw, {
    kept <- seq_len(ncol(data$counts))
    counts <- data$counts
    if (kind == "spots") {
      kept <- sort(sample(ncol(counts), round(0.9 * ncol(counts))))
      counts <- counts[, kept]
    } else {
      counts@x <- as.numeric(stats::rbinom(length(counts@x), counts@x, 0.8))
      counts <- Matrix::drop0(counts)
    }
  })
  fit <- runStarscape(counts, data$coords[kept, ], threads = 1, verbose = FALSE)
  k <- length(unique(stats::na.omit(data$labels)))
  labels <- rep(NA_integer_, ncol(data$counts))
  labels[kept] <- as.integer(findDomains(fit, k = k, threads = 1, verbose = FALSE)$domain)
  labels
}

# Mean and lowest ARI of two draws on the spots that both have, and the ARI with the annotation.
perturbation <- function(data, kind) {
  draw <- function(draw) quiet(perturbed(data, draw, kind))
  labels <- BiocParallel::bplapply(seq_len(counts[["draws"]]), draw, BPPARAM = workers)
  pairs <- utils::combn(length(labels), 2, function(pair) {
    agreement(labels[[pair[[1]]]], labels[[pair[[2]]]])
  })
  truth <- vapply(labels, function(labels) agreement(data$labels, labels), 0)
  c(mean = mean(pairs), lowest = min(pairs), ari = mean(truth), gap = diff(range(truth)))
}

# Tables --------------------------------------------------------------------------------------------------------------

# Methods x sections: mean ARI with the annotation (gap) and agreement of two seeds.
sweepTable <- function(sweeps) {
  cells <- function(own, value) vapply(own, function(sweep) value(sweep, summary(sweep)), "")
  rows <- lapply(names(sweeps), function(name) {
    own <- sweeps[[name]]
    figure <- cells(own, function(sweep, figures) {
      sprintf(
        "%s (%s) %s", number(mean(sweep$runs$ari, na.rm = TRUE)), number(figures[["gap"]]),
        number(figures[["mean_ari"]], 4)
      )
    })
    aris <- vapply(own, function(sweep) mean(sweep$runs$ari, na.rm = TRUE), 0)
    gaps <- vapply(own, function(sweep) summary(sweep)[["gap"]], 0)
    agreements <- vapply(own, function(sweep) summary(sweep)[["mean_ari"]], 0)
    seconds <- vapply(own, function(sweep) summary(sweep)[["seconds"]], 0)
    data.frame(
      method = name, seeds = as.character(length(own[[1]]$seeds)), rbind(figure), mean = number(mean(aris)),
      "worst gap" = number(max(gaps)), "worst agreement" = number(min(agreements), 4),
      "s a run" = number(mean(seconds), 1), check.names = FALSE, row.names = NULL
    )
  })
  do.call(rbind, rows)
}

sourceTable <- function(sweeps) {
  rows <- lapply(names(sweeps), function(name) {
    figures <- vapply(sweeps[[name]], function(sweep) number(sweep$sources$mean_ari), character(3))
    data.frame(method = name, caused.by = c("both", "embedding", "clustering"), figures, check.names = FALSE)
  })
  do.call(rbind, rows)
}

machine <- function() {
  cpu <- grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[[1]]
  versions <- vapply(c("starscape", "Seurat", "mclust", "BiocParallel"), function(package) {
    paste(package, if (requireNamespace(package, quietly = TRUE)) utils::packageVersion(package) else "absent")
  }, "")
  paste0(
    sub(".*: ", "", cpu), ", 2 workers of one thread each; ", R.version.string, "; ", paste(versions, collapse = ", "),
    "; ", Sys.Date()
  )
}

# Run -----------------------------------------------------------------------------------------------------------------

data <- readSections()
sweeps <- lapply(stats::setNames(names(methods), names(methods)), function(name) {
  mapply(function(section, data) sweep(name, methods[[name]], section, data), names(data), data, SIMPLIFY = FALSE)
})
perturbations <- do.call(rbind, lapply(c("spots", "counts"), function(kind) {
  figures <- t(vapply(data, perturbation, c(mean = 0, lowest = 0, ari = 0, gap = 0), kind = kind))
  data.frame(
    section = rownames(figures), perturbation = c(spots = "90 % of the spots", counts = "80 % of the counts")[[kind]],
    draws = as.character(counts[["draws"]]), "mean ARI of two draws" = number(figures[, "mean"]),
    lowest = number(figures[, "lowest"]), "ARI with annotation" = number(figures[, "ari"]),
    gap = number(figures[, "gap"]), check.names = FALSE, row.names = NULL
  )
}))

runs <- do.call(rbind, lapply(names(sweeps), function(name) {
  do.call(rbind, lapply(names(data), function(section) {
    data.frame(method = name, section = section, sweeps[[name]][[section]]$runs)
  }))
}))
utils::write.csv(runs, file.path(out, "runs.csv"), row.names = FALSE)

elapsed <- attr(sweeps$starscape[[1]], "elapsed")
wall <- if (is.na(elapsed)) "" else sprintf(
  "%d seeds of %s, with two workers: %.0f s.", counts[["seeds"]], names(data)[[1]], elapsed
)
meanAri <- function(name) mean(vapply(sweeps[[name]], function(sweep) mean(sweep$runs$ari, na.rm = TRUE), 0))
gain <- sprintf(
  "The network all of the way adds %s to the mean ARI of the defaults (%s).",
  number(meanAri("+ averaged weights: network") - meanAri("starscape"), 4), number(meanAri("starscape"), 4)
)
agreed <- sprintf(
  "Mean agreement of two draws: %s.", number(mean(as.numeric(perturbations[["mean ARI of two draws"]])))
)
writeLines(c(
  "# Stability over seeds and perturbed data", "",
  "Made by `make stability`. Cells: mean ARI with the annotation (worst-to-best gap) mean pairwise ARI of two seeds.",
  "", machine(), "", "## Methods and parts of the model", "", tableLines(sweepTable(sweeps)), "", gain, wall, "",
  "## Where the change comes from: mean pairwise ARI", "",
  tableLines(sourceTable(sweeps[c("starscape", peers[1:2])])), "",
  "## Perturbed data, starscape", "", tableLines(perturbations), "", agreed
), file.path(out, "results.md"))

picture <- function(plot, name, width = 180, height = 120) {
  suppressMessages(ggplot2::ggsave(file.path(out, name), plot, width = width, height = height, units = "mm", dpi = 150))
}
for (section in names(data)) {
  shown <- lapply(sweeps[c("starscape", peers)], `[[`, section)
  picture(plotSeedLandscape(shown), sprintf("seeds-%s.png", section))
}
first <- names(data)[[1]]
picture(plotDomainStability(sweeps$starscape[[first]]), "map-starscape.png", 120, 100)
picture(plotDomainStability(sweeps[["k-means on PCs"]][[first]]), "map-kmeans.png", 120, 100)
picture(plotCoassignment(sweeps$starscape[[first]]), "coassignment-starscape.png", 120, 100)
picture(plotCoassignment(sweeps[["k-means on PCs"]][[first]]), "coassignment-kmeans.png", 120, 100)
fit <- quiet(runStarscape(data[[1]]$counts, data[[1]]$coords, stability = whole(), verbose = FALSE))
surface <- lossSurface(fit, k = length(unique(stats::na.omit(data[[1]]$labels))), verbose = FALSE)
picture(plotStabilitySurface(surface), "surface-loss.png", 110, 90)
picture(plotStabilitySurface(surface, "agreement"), "surface-agreement.png", 110, 90)
message("written to ", out)
