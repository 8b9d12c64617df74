# Count splitting: domains found again in one part of the counts, so that genes can be tested in the other.

# Puts the second part of the counts, and the domains found in the first, in the place of what was given.
splitInput <- function(input, settings, progress) {
  gateWholeCounts(input$counts)
  overdispersion <- geneOverdispersion(input, settings$threads, progress)
  parts <- splitCounts(input$counts, overdispersion, settings, progress)
  found <- suppressMessages(
    if (is.null(input$finder)) {
      asArgument("fit", "cannot be made again from a part of the counts", {
        findAgain(input$fit, parts$first, input$found, settings$threads)
      })
    } else {
      foundByFunction(input$finder, parts$first, settings$seed)
    },
    "starscape_message"
  )
  # Spots that were given no domain stay without one.
  domain <- replace(takeNames(found, input$domain), is.na(input$domain), NA)
  ari <- clusterMetrics(input$domain, found, threads = settings$threads)[["ARI"]]
  lost <- sum(is.na(domain) & !is.na(input$domain) & !is.na(found))
  if (lost > 0) tell(lost, " spots are in domains that go with none of those given. They are left out.")
  tell(sprintf(
    "Domains were found again in %g %% of the counts: adjusted Rand index %.2f with those given.",
    100 * settings$split, ari
  ))
  input$split <- list(
    ari = ari, domain = stats::setNames(domain, colnames(parts$second)), overdispersion = overdispersion,
    share = settings$split
  )
  input$counts <- parts$second
  input$domain <- domain
  usedInput(input)
}

# Overdispersion of each gene within domains and slices.
geneOverdispersion <- function(input, threads, progress) {
  group <- as.integer(input$domain)
  slice <- if (is.null(input$slice)) input$fit$slice else input$slice
  if (!is.null(slice)) group <- group + nlevels(input$domain) * (as.integer(factor(slice)) - 1L)
  found <- unwrap(core_overdispersion(input$counts, as.integer(factor(group)), threads, progress))
  stats::setNames(found, rownames(input$counts))
}

splitCounts <- function(counts, overdispersion, settings, progress) {
  part <- unwrap(core_split_counts(
    counts, unname(overdispersion), settings[c("split", "seed", "threads")], progress
  ))
  first <- second <- counts
  first@x <- part
  second@x <- counts@x - part
  list(first = Matrix::drop0(first), second = Matrix::drop0(second))
}

# Domains of other counts of the same spots, found as those of `fit` were: a factor, NA for spots without counts.
# `found` says how findDomains() was called.
findAgain <- function(fit, counts, found, threads) {
  input <- gateInput(counts, fit$coords, fit$slice, depth = ncol(fit$coords) == 3)
  input["batch"] <- list(fit$batch)
  given <- list(givenFeatures = if (!is.null(fit$params$features)) {
    gateFeatures(intersect(fit$params$features, rownames(input$counts)), rownames(input$counts))
  })
  parameters <- c(fit$params[setdiff(names(fit$params), c("threads", "features"))], given, list(threads = threads))
  genes <- featureCount(parameters, given, input)
  spots <- ncol(input$counts)
  if (parameters$latentDim > min(genes, spots - 1)) {
    stopArgument(
      "fit", sprintf("has %d dimensions, too many for %d genes and %d spots", parameters$latentDim, genes, spots)
    )
  }
  again <- newFit(fitCounts(input, parameters, NULL), input, parameters)
  findDomains(
    again, k = found$k, method = found$method, seed = found$seed, space = found$space, view = found$view,
    threads = threads, verbose = FALSE
  )$domain
}

# The same by the user's own function, which runs as in a sweep: R's generator starts from the seed and is put back.
foundByFunction <- function(finder, counts, seed) {
  found <- tryCatch(keepingGenerator(seeded(seed, finder(counts, seed))), error = function(error) {
    stopArgument("fit", "is a function that failed in a part of the counts", conditionMessage(error))
  })
  domain <- gateDomain(perSpot(found, colnames(counts), "fit"), ncol(counts), "fit")
  if (is.null(domain) || nlevels(droplevels(domain)) < 2) {
    stopArgument("fit", "is a function that finds fewer than two domains in a part of the counts")
  }
  droplevels(domain)
}

# The domains found again, under the names of the given ones that they share most spots with, one to one. Spots of a
# domain that is left over are NA.
takeNames <- function(found, domain) {
  partners <- unwrap(core_match_labels(as.integer(domain), as.integer(found)))
  own <- match(seq_len(nlevels(found)), partners)
  factor(levels(domain)[own[as.integer(found)]], levels(domain))
}

# Leaves out the spots without counts, of which there can be more after the counts were split.
usedInput <- function(input) {
  used <- Matrix::colSums(input$counts) > 0
  if (all(used)) {
    return(input)
  }
  input$counts <- input$counts[, used, drop = FALSE]
  for (name in c("domain", "block", "slice")) input[[name]] <- input[[name]][used]
  if (!is.null(input$coords)) input$coords <- input$coords[used, , drop = FALSE]
  if (!is.null(input$fit)) input$fit <- subsetFit(input$fit, colnames(input$counts))
  input
}

gateWholeCounts <- function(counts) {
  parts <- sum(counts@x != trunc(counts@x))
  if (parts > 0) {
    stopArgument(
      "x", sprintf("has %d values that are not whole numbers, and count splitting divides molecules", parts),
      "Give raw counts, or correct = \"none\"."
    )
  }
}
