# Random calls of all exports of the installed package: Rscript tools/fuzz.R LIBRARY CALLS SEED [NUMBER]
# Each call must return a value without NaN or infinite numbers, whose plot can be drawn, or refuse an argument of its
# own by name; nothing else may be raised, and the session must live. Prints every fault with the call, which NUMBER
# repeats alone, and ends with 'N calls: N values, N refusals, N faults'; exit status 1 where there are faults.
source("tools/fuzz-values.R")

# Calls that succeed, several for every export, from which the random ones are made by changing arguments.
recipes <- alist(
  alignSlices = alignSlices(pairFit, slice = "slice2", reference = "slice1", transform = "similarity"),
  alignSlices = alignSlices(joined, reflect = TRUE, tolerance = 2, nNeighbours = 5),
  alignSlices = alignSlices(several, transform = "affine", seed = 2),
  cellTypeProportions = cellTypeProportions(transst, level = 0.8),
  clusterMetrics = clusterMetrics(labels, domains$domain, embedding = embedding, graph = graph),
  consensusDomains = consensusDomains(sweep, k = 2),
  domainMarkers = domainMarkers(counts, domains, fit = fit, compare = c("1", "2")),
  domainMarkers = domainMarkers(counts, labels, coords = coords, correct = "none", compare = "pairs", features = NULL),
  domainMarkers = domainMarkers(counts, labels, block = donor, test = "pseudobulk", correct = "none"),
  domainMarkers = domainMarkers(counts, labels, fit = finder, spatial = FALSE, block = donor, split = 0.3),
  domainMarkers = domainMarkers(single, "domain", compare = "rest", block = "donor"),
  domainMarkers = domainMarkers(seurat, "truth", correct = "none", slice = NULL),
  domainMarkers = domainMarkers(several, "domain", correct = "none", test = "wilcoxon"),
  domainPseudotime = domainPseudotime(several, root = "1"),
  domainPseudotime = domainPseudotime(fit, root = "1", domain = domains, neighbours = 10),
  domainPseudotime = domainPseudotime(embedding, root = "1", domain = labels, graph = graph),
  domainPseudotime = domainPseudotime(seurat, root = "2", domain = "domain"),
  domainShares = domainShares(domains, donor, group = donors),
  domainShares = domainShares(single, sample = "donor", domain = "domain", group = NULL),
  domainShares = domainShares(several, domain = "domain"),
  estimateResources = estimateResources(counts, nFeatures = 30, threads = 1),
  estimateResources = estimateResources(spots = 1000, genes = 500, filled = 0.1),
  estimateResources = estimateResources(slices),
  estimateResources = estimateResources(seurat, assay = NULL),
  factorMarkers = factorMarkers(seurat, draws = 2, features = NULL),
  factorMarkers = factorMarkers(transst, draws = 5, seed = 2),
  factorMarkers = factorMarkers(counts, fit = fit, features = c("gene1", "gene2"), draws = 5),
  factorMarkers = factorMarkers(single, reduction = "starscape", draws = 5),
  findDomains = findDomains(fit, k = 3, method = "gmm", seed = 2, space = "embedding", view = NULL),
  findDomains = findDomains(embedding, k = 3, method = "hmrf", graph = graph, prior = fit$prior),
  findDomains = findDomains(embedding, kRange = c(2, 4), method = "kmeans"),
  findDomains = findDomains(seurat, k = 2, name = "two", reduction = "starscape"),
  findDomains = findDomains(several, k = 2),
  graphControl = graphControl("knn", k = 5, radius = NULL, steps = 3),
  imputeExpression = imputeExpression(counts, c("gene1", "gene5"), fit = fit),
  imputeExpression = imputeExpression(single, "gene2"),
  imputeExpression = imputeExpression(several, c("gene1", "gene2")),
  lossControl = lossControl(reconstruction = 1, kl = 0.1, telescope = 2, warmUp = 0),
  lossSurface = lossSurface(fit, k = 3, points = 3, radius = 0.5, seed = 2),
  markerList = markerList(markers, n = 3, fdr = 0.5, direction = "any", by = "auc"),
  plotAlignment = plotAlignment(alignment, slice = "slice2", lines = 10, palette = c("red", "blue")),
  plotChoice = plotChoice(chosen),
  plotCellTypes = plotCellTypes(transst, types = "1", diameter = 0.9, title = NULL),
  plotCoassignment = plotCoassignment(sweep, most = 20),
  plotConfidence = plotConfidence(domains, labels, bins = 5),
  plotConfidence = plotConfidence(domains, list(labels, domains)),
  plotDomainConnectivity = plotDomainConnectivity(
    time, layout = "tissue", least = 0.1, palette = c("red", "blue", "green")
  ),
  plotDomainConnectivity = plotDomainConnectivity(single, layout = "circle"),
  plotDomainStability = plotDomainStability(sweep, "entropy", coords = coords, slice = section, title = "entropy"),
  plotDomains = plotDomains(coords, labels, slice = section, palette = c("red", "blue", "green"), title = "known"),
  plotDomains = plotDomains(fit, domains, confidence = TRUE),
  plotDomains = plotDomains(coords, axis, limits = c(-1, 1), diameter = 0.5),
  plotDomains = plotDomains(coords, features = genes),
  plotDomains = plotDomains(seurat, features = c("gene1", "gene2")),
  plotDomains = plotDomains(single, "domain", confidence = TRUE),
  plotHistory = plotHistory(fit),
  plotLoadings = plotLoadings(transst, factors = 1:2, top = 5, draws = 3, seed = 2),
  plotMarkerDots = plotMarkerDots(markers, n = 3, features = c("gene1", "gene2"), limit = 2, by = "auc"),
  plotMarkerHeatmap = plotMarkerHeatmap(markers, n = 3, value = "logFC", limit = 2),
  plotMarkerVolcano = plotMarkerVolcano(markers, domain = "1", fdr = 0.1, n = 3),
  plotMarkerVolcano = plotMarkerVolcano(pairMarkers),
  plotPseudotime = plotPseudotime(time, coords = coords, slice = section, title = "time"),
  plotPseudotime = plotPseudotime(seurat),
  plotSeedLandscape = plotSeedLandscape(sweep, score = "ari", order = "seed"),
  plotSeedLandscape = plotSeedLandscape(list(a = sweep, b = sweep)),
  plotStabilitySurface = plotStabilitySurface(surface, "agreement"),
  projectDomains = projectDomains(fit, newCounts, domain = domains, coords = newCoords, among = TRUE, unknown = 0),
  projectDomains = projectDomains(pairFit, counts, domain = pairLabels, coords = coords, level = "own"),
  projectDomains = projectDomains(single, counts, coords = coords),
  runStarscape = runStarscape(
    counts, coords, latentDim = 3, epochs = 2, stability = control, loss = loss, graph = graphs
  ),
  runStarscape = runStarscape(pairCounts, pairCoords, slice = pairSlice, batch = pairSlice, latentDim = 3, epochs = 1),
  runStarscape = runStarscape(single, latentDim = 3, epochs = 1, name = "other", featureSelection = "variance"),
  runStarscape = runStarscape(seurat, latentDim = 3, epochs = 1, slice = "donor", normalisation = "log"),
  runStarscape = runStarscape(slices, places, latentDim = 3, epochs = 1, nFeatures = 30),
  runTransST = runTransST(
    counts, sourceCounts, sourceLabels, coords = coords, k = 3, nFactors = 2, lambda = 0.5, borrow = "always"
  ),
  runTransST = runTransST(
    single, sourceCounts, sourceLabels, k = 2, nFactors = 2, embedding = "starscape", sourceCoords = sourceCoords
  ),
  runTransST = runTransST(
    counts, list(sourceCounts, counts), list(sourceLabels, labels), coords = coords, kRange = c(2, 3)
  ),
  simulateSlices = simulateSlices(rows = 4, columns = 5, genes = 10, domains = 2, layout = "potts", source = TRUE),
  simulateSlices = simulateSlices(rows = 4, columns = 5, genes = 10, domains = 2, model = "factor", nFactors = 2),
  spatiallyVariableGenes = spatiallyVariableGenes(counts, coords, statistic = "geary", normalisation = "log"),
  spatiallyVariableGenes = spatiallyVariableGenes(seurat, slice = "donor"),
  stabilitySweep = stabilitySweep(
    counts, coords = coords, seeds = 1:2, k = 3, truth = labels, latentDim = 3, epochs = 1, previous = NULL
  ),
  stabilitySweep = stabilitySweep(counts, method, seeds = 1:2, k = 3, apart = TRUE),
  stabilitySweep = stabilitySweep(single, finder, seeds = c(4, 7), k = 3, truth = "truth"),
  stabilitySweep = stabilitySweep(
    counts, "transst", coords = coords, seeds = 1, k = 2, source = sourceCounts, labels = sourceLabels, nFactors = 2
  ),
  starControl = starControl(share = 1, members = 2, sharpness = 0.1),
  sweepMethod = sweepMethod(embed, cluster, name = "own", seeded = FALSE),
  transferLabels = transferLabels(alignment, pairLabels),
  transferLabels = transferLabels(joined, "section")
)

# The arguments of a function, with those of the methods of a generic.
argumentsOf <- function(name) {
  space <- asNamespace("starscape")
  methods <- grep(sprintf("^%s[.]", name), ls(space), value = TRUE)
  unique(unlist(lapply(mget(c(name, methods), space), function(call) names(formals(call)))))
}

# What a refusal may name: an argument, or a field of the settings that are one.
ownArguments <- function(name, call) {
  space <- asNamespace("starscape")
  controls <- unlist(lapply(space$controlFields, names))
  settings <- if (name == "stabilitySweep") {
    methods <- c(mget(c("runStarscape.default", "runTransST.default"), space), space$builtMethods)
    unlist(lapply(methods, function(method) names(formals(method))))
  }
  c(argumentsOf(name), if (any(c("graph", "stability", "loss") %in% argumentsOf(name))) controls, settings, names(call))
}

# The recipe of call `number`: a call of an export with up to three arguments changed.
randomCall <- function(number, seed) {
  set.seed((seed * 100003 + number) %% .Machine$integer.max)
  # Exports come equally often, whatever the number of their recipes.
  name <- sample(unique(names(recipes)), 1)
  call <- match.call(get(name, asNamespace("starscape")), sample(recipes[names(recipes) == name], 1)[[1]])
  if (stats::runif(1) < 0.2) call <- partOfSpots(call)
  for (change in seq_len(sample(0:3, 1, prob = c(0.1, 0.55, 0.2, 0.15)))) call <- changedCall(call, name)
  call
}

# The same call on the same part of the spots in all that is given for each of them.
partOfSpots <- function(call) {
  names <- c("counts", "coords", "labels", "section", "donor", "domains", "embedding")
  size <- sample(c(0, 1, 2, 3, 5, 10, 30, 60, 89), 1)
  seed <- sample.int(1e6, 1)
  parts <- lapply(names, function(name) bquote(part(.(as.name(name)), .(size), .(seed))))
  eval(bquote(substitute(.(call), parts)), list(parts = stats::setNames(parts, names)))
}

changedCall <- function(call, name) {
  present <- seq_along(call)[-1]
  others <- setdiff(argumentsOf(name), c("...", "verbose", "BPPARAM", "checkpoint", names(call)))
  if (length(others) > 0 && (length(present) == 0 || stats::runif(1) < 0.35)) {
    at <- sample(others, 1)
    value <- switch(sample(1:3, 1, prob = c(0.2, 0.3, 0.5)), randomValue(), valueElsewhere(at), ownValue(at, name))
    return(as.call(c(as.list(call), stats::setNames(list(value), at))))
  }
  at <- present[[sample(length(present), 1)]]
  kind <- sample(c("harmed", "junk", "other", "missing"), 1, prob = c(0.65, 0.2, 0.1, 0.05))
  if (kind == "missing") {
    call[[at]] <- NULL
  } else {
    call[[at]] <- switch(kind, harmed = bquote(damaged(.(call[[at]]), .(sample.int(1e6, 1)))), junk = randomValue(),
                         other = as.name(sample(names(material), 1)))
  }
  call
}

randomValue <- function() bquote(junk(.(sample.int(1e6, 1))))

# A value that the argument can have, by its default: one of the choices, the other answer, or a number near it.
ownValue <- function(argument, name) {
  space <- asNamespace("starscape")
  methods <- mget(grep(sprintf("^%s([.]|$)", name), ls(space), value = TRUE), space)
  default <- Filter(Negate(is.null), lapply(unname(methods), function(method) formals(method)[[argument]]))
  default <- if (length(default) > 0) tryCatch(eval(default[[1]], globalenv()), error = function(error) NULL)
  if (is.character(default) && length(default) > 1) {
    sample(default, 1)
  } else if (is.logical(default) && length(default) == 1) {
    !default
  } else if (is.numeric(default) && length(default) == 1) {
    if (argument %in% c("threads", "seed")) 1 else default * sample(c(0.5, 2, 3), 1)
  } else {
    valueElsewhere(argument)
  }
}

# What another recipe has for an argument of this name, as it is or harmed.
valueElsewhere <- function(argument) {
  given <- Filter(function(recipe) argument %in% names(recipe), unname(recipes))
  if (length(given) == 0) {
    return(randomValue())
  }
  value <- sample(given, 1)[[1]][[argument]]
  if (stats::runif(1) < 0.5) value else bquote(damaged(.(value), .(sample.int(1e6, 1))))
}

# What a call comes to: "value", "refusal", or what is wrong.
outcome <- function(call, name) {
  result <- tryCatch({
    setTimeLimit(elapsed = 60, transient = TRUE)
    value <- withCallingHandlers(
      drawn(eval(call, material, globalenv())),
      message = function(condition) tryInvokeRestart("muffleMessage"),
      warning = function(condition) if (!inherits(condition, "starscape_warning")) stop(condition)
    )
    list(value = value)
  }, error = identity, warning = identity, interrupt = identity)
  setTimeLimit()
  if (!inherits(result, "condition")) {
    none <- noneIn(result$value)
    return(if (is.null(none)) "value" else paste("gives", none))
  }
  if (!inherits(result, "starscape_error")) {
    return(sprintf("raised %s: %s", class(result)[[1]], conditionMessage(result)))
  }
  named <- if (is.null(result$arguments)) result$argument else result$arguments
  foreign <- setdiff(named, ownArguments(name, call))
  if (length(named) == 0) {
    paste("names no argument:", conditionMessage(result))
  } else if (length(foreign) > 0) {
    sprintf("names `%s`: %s", foreign[[1]], conditionMessage(result))
  } else if (!all(vapply(sprintf("`%s`", named), grepl, NA, conditionMessage(result), fixed = TRUE))) {
    paste("does not say the argument in its message:", conditionMessage(result))
  } else {
    "refusal"
  }
}

# A plot is only seen to be one when it is drawn.
drawn <- function(value) {
  if (inherits(value, "ggplot")) {
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    grid::grid.draw(ggplot2::ggplot_gtable(ggplot2::ggplot_build(value)))
  }
  value
}

# Where a value has numbers that are none, or NULL. Surfaces may have them.
noneIn <- function(value, where = "the value") {
  if (is.numeric(value)) {
    return(if (any(is.nan(value) | is.infinite(value))) paste("NaN or infinite numbers in", where))
  }
  if (is.list(value) && !inherits(value, c("ggplot", "loss_surface", "starscape_control"))) {
    value <- unclass(value)
    names <- if (is.null(names(value))) seq_along(value) else names(value)
    for (at in seq_along(value)) {
      found <- noneIn(value[[at]], paste0(where, "$", names[[at]]))
      if (!is.null(found)) return(found)
    }
  }
}

# Makes calls by their numbers, in a process of their own: a line before and after each in `log`.
runCalls <- function(numbers, seed, library, data, log, home) {
  setwd(home)
  base::library("starscape", lib.loc = library, character.only = TRUE)
  source("tools/fuzz.R", local = globalenv())
  assign("material", readRDS(data), globalenv())
  for (number in numbers) {
    assign("ways", NULL, get("harmed", globalenv()))
    call <- randomCall(number, seed)
    cat(sprintf("%d begins %s\n", number, paste(deparse(call, 500), collapse = " ")), file = log, append = TRUE)
    end <- outcome(call, as.character(call[[1]]))
    how <- paste(get("harmed", globalenv())$ways, collapse = ", ")
    cat(sprintf("%d ends %s [%s]\n", number, gsub("\n", " ", end), how), file = log, append = TRUE)
  }
}

# The outcomes of a block of calls; a call at which the session died is followed by a new session.
blockOutcomes <- function(numbers, seed, library, data) {
  log <- tempfile()
  while (length(numbers) > 0) {
    tryCatch(
      callr::r(runCalls, list(numbers, seed, library, data, log, getwd()), libpath = .libPaths()),
      error = function(error) {
        last <- utils::tail(readLines(log), 1)
        if (grepl("^[0-9]+ begins", last)) {
          cat(sub(" .*", " ends killed the session []\n", last), file = log, append = TRUE)
        } else {
          stop(error)
        }
      }
    )
    done <- grep("^[0-9]+ ends", readLines(log), value = TRUE)
    numbers <- setdiff(numbers, as.integer(sub(" .*", "", done)))
  }
  readLines(log)
}

# Prints the faults of a block and counts its outcomes.
report <- function(lines) {
  calls <- sub("^([0-9]+) begins ", "\\1: ", grep("^[0-9]+ begins", lines, value = TRUE))
  ends <- sub("^[0-9]+ ends ", "", grep("^[0-9]+ ends", lines, value = TRUE))
  kind <- sub(" \\[.*", "", ends)
  fault <- !kind %in% c("value", "refusal")
  cat(sprintf("== %s\n   %s\n", calls[fault], ends[fault]), sep = "")
  flush(stdout())
  c(values = sum(kind == "value"), refusals = sum(kind == "refusal"), faults = sum(fault))
}

main <- function(library, calls, seed, number = NULL) {
  library <- normalizePath(library)
  base::library("starscape", lib.loc = library, character.only = TRUE)
  exports <- grep("^[.]", getNamespaceExports("starscape"), value = TRUE, invert = TRUE)
  untried <- setdiff(exports, names(recipes))
  if (length(untried) > 0) stop("tools/fuzz.R has no recipe for ", toString(untried))
  data <- tempfile(fileext = ".rds")
  saveRDS(suppressMessages(materials()), data, compress = FALSE)
  numbers <- if (is.null(number)) seq_len(calls) else number
  counts <- Reduce(`+`, lapply(split(numbers, (numbers - 1) %/% 250), function(block) {
    report(blockOutcomes(block, seed, library, data))
  }))
  cat(sprintf(
    "%d calls: %d values, %d refusals, %d faults\n", length(numbers), counts[["values"]], counts[["refusals"]],
    counts[["faults"]]
  ))
  if (counts[["faults"]] > 0) quit(status = 1)
}

if (!interactive() && sys.nframe() == 0) {
  given <- commandArgs(TRUE)
  main(given[[1]], as.integer(given[[2]]), as.integer(given[[3]]), if (length(given) > 3) as.integer(given[[4]]))
}
