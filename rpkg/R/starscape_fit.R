# The result of runStarscape() and what it can do.

#' @include whole.R gate.R
NULL

# Builds a fit from the core's result; spots that were left out come back as NA.
newFit <- function(result, input, parameters) {
  spots <- rownames(input$coords)
  axes <- paste0("STAR_", seq_len(ncol(result$embedding)))
  features <- rownames(input$counts)[result$features]
  structure(
    list(
      embedding = allSpots(result$embedding, input$used, spots, axes),
      prior = allSpots(result$prior, input$used, spots, axes),
      priorExtra = allSpots(result$prior_extra, input$used, spots),
      codes = spotCodes(result, input$used, spots),
      scores = allSpots(result$scores, input$used, spots, axes),
      network = result$network,
      weights = result$weights,
      history = as.data.frame(result$history),
      params = fitParameters(parameters, rownames(input$counts)),
      graph = neighbourMatrix(result$graph, input$used, spots),
      graphMethod = result$graph$method,
      features = features,
      loadings = matrix(result$loadings, ncol = length(axes), dimnames = list(features, axes)),
      singularValues = result$singular_values,
      levels = geneLevels(result, input, features),
      coords = input$coords,
      slice = input$slice,
      batch = input$batch,
      sharedTypes = sharedTypes(result, input$used, spots)
    ),
    class = "starscape_fit"
  )
}

# Scores of the spots by themselves, and their types in the last column: 0 where the section is too small to have any.
spotCodes <- function(result, used, spots) {
  types <- if (length(result$types) == 0) rep(0, nrow(result$codes)) else as.numeric(result$types)
  allSpots(cbind(result$codes, types), used, spots, c(paste0("code_", seq_len(ncol(result$codes))), "type"))
}

# The type of each spot by which batches are compared; nothing with one batch.
sharedTypes <- function(result, used, spots) {
  if (length(result$shared_types) > 0) allSpots(cbind(as.numeric(result$shared_types)), used, spots, "type")
}

# What scores are made by, also where a part of the spots is left: share of the counts, mean and standard deviation of
# each gene, batches x genes; the number of spots of each batch; and what scores were divided by.
geneLevels <- function(result, input, genes) {
  batch <- input$batch[input$used]
  batches <- if (nlevels(batch) > 1) levels(droplevels(batch)) else "all"
  levels <- list(share = result$shares, mean = result$means, deviation = result$deviations)
  spots <- if (length(batches) > 1) as.vector(table(droplevels(batch))) else sum(input$used)
  mean <- sum(result$singular_values^2) / (sum(input$used) * length(result$singular_values))
  c(
    lapply(levels, `dimnames<-`, list(batches, genes)),
    list(spots = stats::setNames(spots, batches), rootMeanSquare = if (mean > 0) sqrt(mean) else 1)
  )
}

# Every table of a fit that has a row for each spot.
spotTables <- c("embedding", "prior", "priorExtra", "codes", "scores", "coords", "sharedTypes")
tablesOf <- function(fit) Filter(function(table) !is.null(fit[[table]]), spotTables)

# The settings by the user's names, with given genes as names again.
fitParameters <- function(parameters, genes) {
  given <- parameters$givenFeatures
  parameters$givenFeatures <- NULL
  c(parameters, list(features = if (!is.null(given)) genes[given + 1L]))
}

allSpots <- function(values, used, spots, axes = NULL) {
  all <- matrix(NA_real_, length(spots), ncol(values), dimnames = list(spots, axes))
  all[used, ] <- values
  all
}

neighbourMatrix <- function(graph, used, spots) {
  from <- rep(which(used), diff(graph$offsets))
  to <- which(used)[graph$neighbours + 1L]
  upper <- from < to
  Matrix::sparseMatrix(
    from[upper], to[upper], dims = rep(length(spots), 2), dimnames = list(spots, spots), symmetric = TRUE
  )
}

# What every fit has; the codes of views are missing in one that is to have none.
fitShapes <- list(
  embedding = numbers("spots", "axes"), prior = numbers("spots", "axes"), priorExtra = numbers("spots", "extra"),
  scores = numbers("spots", "axes"), codes = orNone(numbers("spots", "codes")), coords = numbers("spots", "places"),
  sharedTypes = orNone(numbers("spots", "type")), slice = orNone(series("spots", is.factor)),
  batch = orNone(series("spots", is.factor)), graph = pairTable("spots"), graphMethod = single(isString),
  network = fieldsOf(list(share = single(isNumber), gain = single(isNumberOrNA))),
  weights = function(value) if (is.list(value) && all(vapply(value, is.numeric, NA))) integer(),
  history = frame("epochs", list(epoch = is.numeric, total = is.numeric)), params = single(isParameters),
  features = series("genes", is.character), loadings = numbers("genes", "axes"), singularValues = series("axes"),
  levels = fieldsOf(list(
    share = numbers("batches", "genes"), mean = numbers("batches", "genes"), deviation = numbers("batches", "genes"),
    spots = series("batches"), rootMeanSquare = single(isNumber)
  )),
  domains = orNone(fieldsOf(list(
    k = orNone(single(isNumber)), settings = orNone(single(is.list)), choice = orNone(single(isChoice)),
    views = orNone(frame("views", list(view = is.character, weight = is.numeric))),
    columns = orNone(series("columns", is.character))
  ))), asked = orNone(single(is.list))
)

# A fit whose parts belong together.
gateFit <- function(fit, argument = "x") {
  if (!inherits(fit, "starscape_fit")) {
    stopArgument(argument, "has no starscape fit", "Run runStarscape() on it first.")
  }
  gateWhole(fit, fitShapes, argument, "runStarscape", isWholeFit)
}

# Fields have their own names by the same names of spots, and spots that took part have all values.
isWholeFit <- function(fit) {
  spots <- rownames(fit$embedding)
  tables <- fit[tablesOf(fit)]
  used <- usedSpots(fit)
  values <- function(table) !anyNA(table[used, ]) && all(is.finite(range(table[used, ], 0)))
  !is.null(spots) && anyDuplicated(spots) == 0 && any(used) &&
    all(vapply(tables, function(table) identical(rownames(table), spots), NA)) &&
    all(vapply(tables, values, NA)) && identical(dimnames(fit$graph), list(spots, spots)) &&
    all(fit$network$share >= 0, fit$network$share <= 1) && all(is.finite(unlist(fit$levels))) &&
    all(is.finite(fit$loadings)) && all(is.finite(fit$singularValues)) && all(vapply(fit$history, is.numeric, NA)) &&
    identical(rownames(fit$loadings), fit$features) && !anyNA(fit$slice) && !anyNA(fit$batch) &&
    (is.null(fit$codes) || "type" %in% colnames(fit$codes))
}

# The settings of a fit, by the tables that check the user's.
isParameters <- function(params) {
  fields <- do.call(c, unname(controlFields))
  core <- Map(function(field, name) if (is.null(field$core)) name else field$core, fields, names(fields))
  checks <- c(
    runChecks[names(runChecks) != "verbose"], stats::setNames(lapply(fields, `[[`, "check"), unlist(core))
  )
  is.list(params) && is.list(gateFields(params, checks))
}

# The part of a fit that a reduction of an object holds, under the names that the spots have now. Rows are found by name
# where their values are those of the fit, and otherwise by their values: cells may have been renamed, and then a name
# can be that of another cell.
fitOfReduction <- function(fit, embedding, spots) {
  fit <- gateFit(fit)
  known <- unname(fit$embedding)
  now <- unname(embedding)
  rows <- match(rownames(embedding), rownames(fit$embedding))
  if (!identical(known[rows, , drop = FALSE], now)) {
    rows <- match(rowKeys(now), rowKeys(known))
    # Spots without counts have no values, and nothing that would tell them from each other.
    empty <- which(is.na(now[, 1]))
    rows[empty] <- which(is.na(known[, 1]))[seq_along(empty)]
  }
  part <- takeSpots(fit, rows)
  # What was kept with the fit stands under these names.
  part$storedNames <- rownames(part$embedding)
  renameSpots(part, spots)
}

# Rows as text, NA for those without values.
rowKeys <- function(values) {
  keys <- do.call(paste, lapply(seq_len(min(ncol(values), 4)), function(axis) sprintf("%a", values[, axis])))
  replace(keys, is.na(values[, 1]), NA)
}

renameSpots <- function(fit, spots) {
  if (!identical(spots, rownames(fit$embedding))) {
    for (table in tablesOf(fit)) rownames(fit[[table]]) <- spots
    dimnames(fit$graph) <- list(spots, spots)
  }
  fit
}

# The part of a stored fit that belongs to the spots an object has now.
subsetFit <- function(fit, spots) {
  fit <- gateFit(fit)
  takeSpots(fit, match(spots, rownames(fit$embedding)))
}

# The part of a fit in these rows; each must be there, once.
takeSpots <- function(fit, rows) {
  if (length(rows) == 0) stopArgument("x", "has no spots")
  lost <- sum(is.na(rows) | duplicated(rows))
  if (lost > 0) {
    stopArgument(
      "x", sprintf("has %d spots that were not there when runStarscape() was run", lost), "Run runStarscape() again."
    )
  }
  if (identical(rows, seq_len(nrow(fit$embedding)))) {
    return(fit)
  }
  for (table in tablesOf(fit)) fit[[table]] <- fit[[table]][rows, , drop = FALSE]
  fit$graph <- fit$graph[rows, rows, drop = FALSE]
  if (!is.null(fit$slice)) fit$slice <- droplevels(fit$slice[rows])
  if (!is.null(fit$batch)) fit$batch <- droplevels(fit$batch[rows])
  fit
}

# Spots that took part in the fit.
usedSpots <- function(fit) !is.na(fit$embedding[, 1])

#' Print and summarise a fit
#'
#' @param x,object A `starscape_fit` from [runStarscape()], or its summary.
#' @param ... Not used.
#' @return `print()` returns its argument, invisibly. `summary()` returns a list with the size of the data, the graph's
#'   method and mean number of neighbours, the number of genes, the first and the last value of each loss term (no row
#'   where no network was trained), and `network` as in the fit.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' summary(fit)
#' @method print starscape_fit
#' @export
print.starscape_fit <- function(x, ...) {
  x <- gateFit(x)
  size <- summary(x)
  cat(sprintf("starscape fit: %d spots x %d dimensions", size$spots, size$dimensions))
  if (size$slices > 1) cat(sprintf(", %d slices", size$slices))
  if (size$empty > 0) cat(sprintf(", %d spots without counts", size$empty))
  cat(sprintf("\n  genes: %d (%s)\n", size$features, size$preprocessing))
  cat(sprintf("  graph: %s, %.1f neighbours per spot\n", size$graphMethod, size$neighbours))
  cat(batchLines(x), sep = "")
  cat(networkLines(x), sep = "")
  cat(viewLines(x), sep = "")
  invisible(x)
}

# How much batches have in common, by which their levels are compared.
batchLines <- function(fit) {
  common <- typesInCommon(fit)
  if (length(common) > 0) {
    sprintf("  batches: %d; %.0f %% of the spots are of types that other batches have\n", length(common), {
      100 * stats::weighted.mean(common, table(fit$batch[usedSpots(fit)]))
    })
  }
}

# The share of each batch's spots whose type another batch has as well.
typesInCommon <- function(fit) {
  if (is.null(fit$sharedTypes) || nlevels(fit$batch) < 2) {
    return(NULL)
  }
  used <- usedSpots(fit)
  spots <- table(fit$batch[used], fit$sharedTypes[used, ])
  rowSums(spots[, colSums(spots > 0) > 1, drop = FALSE]) / rowSums(spots)
}

# What part the network has in the embedding, and why.
networkLines <- function(fit) {
  network <- fit$network
  if (is.null(network)) {
    return(character())
  }
  saving <- sprintf(
    "its error on tiles it was not trained on is %.1f %% below that of what is linear in the surroundings",
    100 * network$gain
  )
  part <- if (!is.null(fit$params$share)) {
    sprintf("%.2f of the way, as asked", network$share)
  } else if (is.na(network$gain)) {
    "not used, too few spots to try it on tiles it was not trained on"
  } else if (network$share == 0) {
    sprintf("not used, %s", saving)
  } else {
    sprintf("%.2f of the way, %s", network$share, saving)
  }
  training <- sprintf("  training: %d epochs, seed %d\n", nrow(fit$history), fit$params$seed)
  c(sprintf("  network: %s\n", part), if (nrow(fit$history) > 0) training)
}

# What domains are looked for in, and, where an object has kept its last domains, how far the views agree on them.
viewLines <- function(fit) {
  if (is.null(fit$codes)) {
    return(character())
  }
  typed <- any(fit$codes[, "type"] > 0, na.rm = TRUE)
  averaged <- if (typed) "scores and types of spots" else "scores of spots"
  lines <- sprintf("  views: %s, averaged over neighbours; the embedding\n", averaged)
  views <- fit$domains$views
  if (is.null(views)) {
    return(lines)
  }
  # Views of equal standing have equal weights; one that the others do not support has hardly any.
  agree <- views$weight >= 0.5 / nrow(views)
  others <- if (all(agree)) "" else paste0("; not ", paste(views$view[!agree], collapse = ", "))
  c(lines, sprintf(
    "  domains: %d, on which %d of %d views agree%s\n", fit$domains$k, sum(agree), nrow(views), others
  ))
}

#' @rdname print.starscape_fit
#' @method summary starscape_fit
#' @export
summary.starscape_fit <- function(object, ...) {
  object <- gateFit(object, "object")
  used <- usedSpots(object)
  terms <- object$history[setdiff(names(object$history), "epoch")]
  terms <- terms[vapply(terms, function(term) !all(is.na(term)), NA)]
  selection <- if (is.null(object$params$features)) object$params$featureSelection else "given"
  structure(
    list(
      spots = length(used), empty = sum(!used), dimensions = ncol(object$embedding),
      slices = max(1, nlevels(object$slice)), features = length(object$features),
      preprocessing = paste(object$params$normalisation, selection, sep = ", "),
      graphMethod = object$graphMethod, neighbours = sum(Matrix::rowSums(object$graph)) / sum(used),
      loss = data.frame(
        term = names(terms), first = vapply(terms, `[`, 0, 1), last = vapply(terms, utils::tail, 0, 1),
        row.names = NULL
      ),
      network = object$network
    ),
    class = "summary.starscape_fit"
  )
}

#' @rdname print.starscape_fit
#' @method print summary.starscape_fit
#' @export
print.summary.starscape_fit <- function(x, ...) {
  cat(sprintf("starscape fit: %d spots (%d without counts), %d slices\n", x$spots, x$empty, x$slices))
  cat(sprintf("  %d dimensions from %d genes (%s)\n", x$dimensions, x$features, x$preprocessing))
  cat(sprintf("  graph: %s, %.1f neighbours per spot\n", x$graphMethod, x$neighbours))
  if (nrow(x$loss) > 0) {
    cat("  loss:\n")
    print(x$loss, row.names = FALSE, digits = 4)
  }
  invisible(x)
}

# The fit that x is or has.
storedFit <- function(x, argument = "x", name = "starscape") {
  fit <- objectResult(x, name)
  if (!inherits(fit, "starscape_fit")) stopNoFit(x, argument, name)
  gateFit(fit, argument)
}

# Says which fits an object has where it has none of this name.
stopNoFit <- function(x, argument, name) {
  others <- if (isObject(x)) Filter(function(other) hasFit(x, other), setdiff(objectReductions(x), name))
  if (length(others) > 0) {
    stopArgument(
      argument, sprintf("has no starscape fit under the name \"%s\"", name),
      sprintf("There are: %s. Say with `reduction` which is meant.", quoted(others))
    )
  }
  problem <- if (isObject(x)) "has no starscape fit" else "is not a starscape fit and has none"
  stopArgument(argument, problem, "Run runStarscape() on it first.")
}

hasFit <- function(x, name = "starscape") inherits(objectResult(x, name), "starscape_fit")
