# Several slices together: accuracy, mixing, batch effects, alignment, order and imputation, over seeds.
#
#   Rscript benches/slices/run.R LIBRARY OUT SEEDS DRAWS SIDE
#
# Writes OUT/results.md. SEEDS are run for the defaults, three for the fits without the losses of several slices; DRAWS
# are the simulated batch effects, the first of them with all these seeds and the others with the first seed only.
# Simulated sections have SIDE of their sides, 1 for the table. Needs the real sections (STARSCAPE_DATA).

source("benches/common.R")
seeds <- seq_len(as.integer(arguments[[3]]))
few <- utils::head(seeds, 3)
draws <- seq_len(as.integer(arguments[[4]]))
side <- round(36 * as.numeric(arguments[[5]]))

for (file in c("helper-sections.R", "test-real-alignment.R", "test-real-pseudotime.R", "test-real-impute.R")) {
  fromTests(file)
}
if (folder == "" || !dir.exists(folder)) stop("STARSCAPE_DATA is not set: there is nothing to measure.")

sets <- list("STARmap BZ5 + BZ9 + BZ14" = animals, "151673 + 151674" = cortexPair)
# What held-out tiles make of the network, and the network all of the way with its losses between slices and without.
network <- function(...) list(stability = starControl(share = 1), loss = lossControl(...))
settings <- list(
  "defaults" = list(), "network" = network(), "network without scale matching" = network(scale = 0),
  "network without both losses" = network(prototype = 0, scale = 0)
)

# Measures over seeds -------------------------------------------------------------------------------------------------

gap <- function(values) diff(range(values))

# The defaults are run with all seeds, other settings with a few.
seedsOf <- function(setting) if (setting == "defaults") seeds else few

# Fits without a batch effect are used for several measures.
fitSeed <- function(names, seed, setting = "defaults") {
  once(
    paste(c("seed", seed, setting, names), collapse = " "),
    rlang::inject(fitTogether(readSections(names), seed = seed, !!!settings[[setting]]))
  )
}

measure <- function(fit, parts, space = "embedding") {
  domain <- jointDomains(fit, parts, space)
  list(values = jointAgreement(fit, parts, space, domain)[c("mean", "joint", "boundary", "mixing")], domain = domain)
}

pairwise <- function(domains) {
  if (length(domains) < 2) {
    return(NA_real_)
  }
  mean(utils::combn(length(domains), 2, function(pair) {
    agreement(domains[[pair[[1]]]], domains[[pair[[2]]]])
  }))
}

# Values x seeds of one setting, and how far its domains agree.
overSeeds <- function(names, setting = "defaults", space = "embedding", seeds = seedsOf(setting)) {
  once(paste(c("measured", setting, space, seeds, names), collapse = " "), {
    parts <- readSections(names)
    runs <- lapply(seeds, function(seed) measure(fitSeed(names, seed, setting), parts, space))
    list(values = vapply(runs, `[[`, runs[[1]]$values, "values"), pairs = pairwise(lapply(runs, `[[`, "domain")))
  })
}

togetherRow <- function(name, model, ...) {
  runs <- overSeeds(sets[[name]], ...)
  gaps <- apply(runs$values, 1, gap)
  data.frame(
    sections = name, model = model, seeds = as.character(ncol(runs$values)), "mean ARI" = mean(runs$values["mean", ]),
    gap = gaps[["mean"]], "joint ARI" = mean(runs$values["joint", ]),
    "boundary accuracy" = mean(runs$values["boundary", ]), gap = gaps[["boundary"]],
    mixing = mean(runs$values["mixing", ]), gap = gaps[["mixing"]], "pairwise ARI" = runs$pairs, check.names = FALSE
  )
}

togetherTable <- function(name) {
  rbind(
    togetherRow(name, "prior alone", space = "prior", seeds = few),
    togetherRow(name, "defaults"), togetherRow(name, "network all of the way", "network"),
    togetherRow(name, "the same without its two losses", "network without both losses")
  )
}

# Batch effects -------------------------------------------------------------------------------------------------------

# Half of the genes of every section but the first: their counts are scaled by a factor between 1/3 and 3, and a
# background is added of up to their own mean.
withBatch <- function(parts, draw) {
  withr::with_seed(draw, {
    genes <- Reduce(intersect, lapply(parts, function(part) rownames(part$counts)))
    hit <- sample(genes, length(genes) %/% 2)
    for (name in names(parts)[-1]) {
      counts <- parts[[name]]$counts
      rows <- match(hit, rownames(counts))
      factor <- exp(stats::runif(length(rows), -log(3), log(3)))
      background <- Matrix::rowMeans(counts[rows, ]) * stats::runif(length(rows))
      old <- as.matrix(counts[rows, ])
      kept <- setdiff(seq_len(nrow(counts)), rows)
      # One value for each entry: thinned below 1, with further counts above.
      scale <- rep(factor, ncol(old))
      scaled <- stats::rbinom(length(old), old, pmin(scale, 1)) + stats::rpois(length(old), old * pmax(scale - 1, 0))
      changed <- old
      changed[] <- scaled + stats::rpois(length(old), background)
      parts[[name]]$counts <- rbind(counts[kept, ], methods::as(changed, "CsparseMatrix"))[rownames(counts), ]
    }
  })
  parts
}

affectedSections <- function(names, draw) {
  once(paste(c("draw", draw, names), collapse = " "), withBatch(readSections(names), draw))
}

# Agreement under effects, a column for each pair of a draw and a seed.
underEffect <- function(names, setting, draws, seeds) {
  values <- mapply(function(draw, seed) {
    parts <- affectedSections(names, draw)
    measure(rlang::inject(fitTogether(parts, seed = seed, !!!settings[[setting]])), parts)$values
  }, draws, seeds)
  values[c("mean", "mixing"), , drop = FALSE]
}

batchRow <- function(name, setting) {
  before <- overSeeds(sets[[name]], setting)$values["mean", ]
  after <- underEffect(sets[[name]], setting, draws[[1]], seedsOf(setting))
  further <- if (length(draws) > 1) underEffect(sets[[name]], setting, draws[-1], seeds[[1]])
  falls <- before[[1]] - cbind(after[, 1], further)["mean", ]
  data.frame(
    sections = name, losses = setting, seeds = as.character(length(before)), "without effect" = mean(before),
    "with effect" = mean(after["mean", ]), gap = gap(after["mean", ]), fall = mean(before) - mean(after["mean", ]),
    mixing = mean(after["mixing", ]), gap = gap(after["mixing", ]), "fall, mean of effects" = mean(falls),
    "largest fall" = max(falls), "mixing, mean of effects" = mean(cbind(after[, 1], further)["mixing", ]),
    check.names = FALSE
  )
}

batchTable <- function(name) do.call(rbind, lapply(names(settings), function(setting) batchRow(name, setting)))

# Composition ---------------------------------------------------------------------------------------------------------

# Two simulated sections of four layers: both whole, the second with two of the layers, each without one of its own.
# Half of the genes of the second are moved by `effect` standard deviations of the log.
simulatedPair <- function(seed, kind, effect) {
  drawn <- simulateSlices(
    slices = 2, rows = side, columns = side, genes = 300, domains = 4, batch = effect, gradient = 0, seed = seed
  )
  second <- drawn$slice == levels(drawn$slice)[[2]]
  layer <- as.integer(drawn$labels)
  keep <- switch(kind, "the same layers" = TRUE, "two of four" = !second | layer < 3,
                 "three each" = ifelse(second, layer > 1, layer < 4))
  keep <- which(rep_len(keep, length(layer)))
  list(counts = drawn$counts[, keep], coords = drawn$coords[keep, ], slice = drawn$slice[keep], layer = layer[keep])
}

# Agreement of joint domains with the layers, and the silhouette of the sections within layers that both have.
ofPair <- function(pair, ...) {
  fit <- quiet(runStarscape(pair$counts, pair$coords, slice = pair$slice, verbose = FALSE, ...))
  domain <- quiet(findDomains(fit, k = 4, verbose = FALSE)$domain)
  shared <- names(which(apply(table(pair$layer, pair$slice) > 0, 1, all)))
  mixing <- vapply(shared, function(layer) {
    own <- which(pair$layer == layer)
    section <- as.character(pair$slice[own])
    clusterMetrics(section, section, embedding = fit$embedding[own, ])[["silhouette"]]
  }, 0)
  c(agreement(pair$layer, domain), mean(mixing))
}

compositionTable <- function(seeds) {
  cases <- expand.grid(effect = c(0, 0.3, 1), layers = c("the same layers", "two of four", "three each"))
  rows <- lapply(seq_len(nrow(cases)), function(case) {
    values <- vapply(seeds, function(seed) {
      pair <- simulatedPair(seed, as.character(cases$layers[[case]]), cases$effect[[case]])
      c(ofPair(pair), ofPair(pair, batch = FALSE)[[1]])
    }, numeric(3))
    data.frame(
      layers = cases$layers[[case]], effect = cases$effect[[case]], "mean ARI" = mean(values[1, ]),
      worst = min(values[1, ]), mixing = mean(values[2, ]), "as one batch" = mean(values[3, ]), check.names = FALSE
    )
  })
  do.call(rbind, rows)
}

# Alignment and order -------------------------------------------------------------------------------------------------

overview <- function(what, values, worst = min) {
  data.frame(what = what, mean = mean(values), worst = worst(values), gap = gap(values))
}

transferOver <- function(seeds) {
  labels <- knownLabels(readSections(cortexPair))
  ari <- vapply(seeds, function(seed) {
    alignment <- alignSlices(fitSeed(cortexPair, seed), seed = seed, verbose = FALSE)
    own <- alignment$slice == "151674"
    agreement(labels[own], transferLabels(alignment, labels)$label[own])
  }, 0)
  overview("151674 on 151673: ARI of labels carried over", ari)
}

# A copy turned by 37 degrees and shifted, without a fifth of the spots and half of the counts.
copyOver <- function(seeds) {
  section <- readSection("151673")
  copy <- copyOf(section, 37, cut = 0.2, thinned = 0.5)
  section$coords <- spread(section$coords)
  errors <- vapply(seeds, function(seed) {
    fit <- fitTogether(list(section = section, copy = copy), seed = seed)
    alignment <- alignSlices(fit, seed = seed, verbose = FALSE)
    # Neighbours in a row are two units apart.
    distance <- sqrt(rowSums((alignment$coords[fit$slice == "copy", ] - copy$truth)^2)) / 2
    c(abs(alignment$transforms$copy$angle + 37), stats::median(distance), max(distance))
  }, numeric(3))
  rbind(
    overview("copy of 151673 on 151673: error of the angle, degrees", errors[1, ], max),
    overview("the same: median error, spot spacings", errors[2, ], max),
    overview("the same: largest error, spot spacings", errors[3, ], max)
  )
}

orderOver <- function(seeds) {
  tau <- vapply(seeds, function(seed) layerOrder("151673", cortex, seed), 0)
  overview("pseudotime of 151673 from white matter: Kendall's tau", tau)
}

# Imputation ----------------------------------------------------------------------------------------------------------

# The same tenth of the non-zero entries is hidden for every seed, and none of the rivals has a seed.
imputationTable <- function(seeds) {
  data <- readSection("151673")
  shown <- data$counts
  shown@x[withr::with_seed(1, sample(length(shown@x), length(shown@x) %/% 10))] <- 0
  fits <- lapply(seeds, function(seed) {
    quiet(runStarscape(shown, unname(data$coords), seed = seed, verbose = FALSE))
  })
  genes <- fits[[1]]$features
  hidden <- which(as.matrix(data$counts[genes, ]) > 0 & as.matrix(shown[genes, ]) == 0, arr.ind = TRUE)
  truth <- logShares(data$counts[genes, ], Matrix::colSums(data$counts))[hidden]
  reach <- function(values) correlations(values, hidden, truth)[c("pearson", "pearson_within")]
  own <- vapply(fits, function(fit) reach(imputeExpression(shown, genes, fit = fit, verbose = FALSE)), numeric(2))
  rivals <- lapply(rivalValues(logShares(shown[genes, ], Matrix::colSums(shown)), fits[[1]]$graph), reach)
  rows <- lapply(c(list(starscape = own), rivals), function(values) {
    values <- as.matrix(values)
    data.frame(
      "Pearson correlation" = mean(values[1, ]), worst = min(values[1, ]), gap = gap(values[1, ]),
      "within genes" = mean(values[2, ]), gap = gap(values[2, ]), check.names = FALSE
    )
  })
  data.frame(method = names(rows), do.call(rbind, rows), check.names = FALSE, row.names = NULL)
}

rivalValues <- function(seen, graph) {
  graph <- methods::as(graph, "dMatrix")
  list(
    "mean of the six neighbours" = t(as.matrix(graph %*% t(seen)) / pmax(Matrix::rowSums(graph), 1)),
    "components of rank 20" = rowMeans(seen) + rank20(seen - rowMeans(seen)),
    "mean of the gene" = matrix(rowMeans(seen), nrow(seen), ncol(seen))
  )
}

# Report --------------------------------------------------------------------------------------------------------------

tableOf <- function(table) tableLines(table, function(values) number(values, 4))

overSets <- function(tabulate) {
  do.call(rbind, lapply(names(sets), function(name) {
    message(name)
    tabulate(name)
  }))
}

message("together")
together <- overSets(togetherTable)
message("batch effects")
batches <- overSets(batchTable)
message("composition")
composition <- compositionTable(seeds)
message("alignment and order")
further <- rbind(transferOver(seeds), copyOver(seeds), orderOver(seeds))
message("imputation")
imputed <- imputationTable(seeds)
writeLines(c(
  "# Several slices together", "",
  "Made by `make slices`. Mixing: silhouette of the slices within true domains. A gap is the largest less the smallest",
  "value over the seeds, of the measure before it.", "", versions(), "",
  sprintf("## Over %d seeds", length(seeds)), "", tableOf(together), "",
  "## Batch effects", "",
  "Half of the genes of all sections but the first are scaled by 1/3 to 3 and raised by up to their mean. One effect",
  sprintf("over the seeds; in the last three columns %d effects with the first seed.", length(draws)), "",
  tableOf(batches), "",
  "## Composition", "",
  sprintf(
    "Two simulated sections of %d spots, %d draws; half of the genes of the second are", side^2, length(seeds)
  ),
  "moved by normal amounts of that standard deviation of the log.", "", tableOf(composition), "",
  sprintf("## Alignment and order over %d seeds", length(seeds)), "",
  "The copy is turned by 37 degrees and shifted, without a fifth of its spots and half of its counts.", "",
  tableOf(further), "",
  sprintf("## A tenth of the non-zero entries of 151673 imputed, over %d seeds", length(seeds)), "", tableOf(imputed)
), file.path(out, "results.md"))
