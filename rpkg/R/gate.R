# Checks of what users pass in, those that many operations have in common: a check of one operation stands with it.
# Methods call them before any work is done; a check either returns the value in the form the core takes, or stops with
# an error that names the argument, what was given and what to do.

# Single values ---------------------------------------------------------------------------------------------------

# Each of these makes a check: function(value, argument) -> value.

wholeNumber <- function(min, max) {
  function(value, argument) {
    if (!isNumber(value) || value != round(value) || value < min || value > max) {
      whole <- isNumber(value) && value == round(value)
      stopArgument(
        argument, paste(if (whole) "is out of range:" else "must be one whole number, not", describe(value)),
        # The largest there is limits nothing but what is beyond it.
        paste0(
          "Give a whole number from ", format(min, scientific = FALSE),
          if (max < largestInteger || (whole && value > max)) paste0(" to ", format(max, scientific = FALSE)), "."
        )
      )
    }
    as.integer(value)
  }
}

oddNumber <- function(min, max) {
  function(value, argument) {
    value <- wholeNumber(min, max)(value, argument)
    if (value %% 2 == 0) stopArgument(argument, paste("must be odd, not", value), "Add or take away one.")
    value
  }
}

realNumber <- function(min, max = Inf, optional = FALSE, positive = FALSE) {
  function(value, argument) {
    if (optional && is.null(value)) {
      return(NULL)
    }
    if (!isNumber(value) || value < min || value > max || (positive && value == 0)) {
      range <- if (positive) "a positive number" else sprintf("a number from %s", format(min))
      if (is.finite(max)) range <- paste0(range, if (positive) " up to " else " to ", format(max))
      stopArgument(
        argument, paste(if (isNumber(value)) "is out of range:" else "must be one number, not", describe(value)),
        paste0("Give ", range, if (optional) ", or NULL", ".")
      )
    }
    as.double(value)
  }
}

oneOf <- function(choices) {
  function(value, argument) {
    if (identical(value, choices)) {
      return(choices[[1]])
    }
    if (!isString(value) || !value %in% choices) {
      stopArgument(
        argument, paste("must be one of the known choices, not", describe(value)),
        paste0("Give one of ", quoted(choices), ".")
      )
    }
    value
  }
}

yesOrNo <- function(value, argument) {
  if (!isTRUE(value) && !isFALSE(value)) {
    stopArgument(argument, paste("must be TRUE or FALSE, not", describe(value)))
  }
  value
}

isNumber <- function(value) is.numeric(value) && length(value) == 1 && is.finite(value)

isString <- function(value) is.character(value) && length(value) == 1 && !is.na(value) && is.null(dim(value))

quoted <- function(values, most = 8) {
  shown <- paste0("\"", utils::head(values, most), "\"", collapse = ", ")
  if (length(values) > most) paste0(shown, ", ...") else shown
}

# Shows a value in an error message.
describe <- function(value) {
  if (is.null(value)) {
    "NULL"
  } else if (is.character(value) && length(value) > 0 && length(value) <= 3) {
    quoted(value)
  } else if (is.atomic(value) && length(value) == 1) {
    format(value)
  } else if (is.atomic(value) && length(value) <= 5 && length(value) > 0) {
    shown <- if (is.character(value)) paste0("\"", value, "\"") else format(value, trim = TRUE)
    paste0("c(", paste(shown, collapse = ", "), ")")
  } else {
    sprintf("an object of class %s and length %d", class(value)[[1]], length(value))
  }
}

gateFunction <- function(value, argument, count) {
  if (!is.function(value) || (!is.primitive(value) && !takes(value, count))) {
    stopArgument(argument, sprintf("must be a function of %d arguments, not %s", count, describe(value)))
  }
  value
}

takes <- function(value, count) "..." %in% names(formals(value)) || length(formals(value)) >= count

# Applies a table of checks to a list of values of the same names.
gateFields <- function(values, checks) {
  names <- names(checks)
  values[names] <- checkAll(length(names), function(step) checks[[step]](values[[names[[step]]]], names[[step]]))
  values
}

# Those of the values that their checks accept, NULL for the others: what else is refused may hang on them.
soundFields <- function(values, checks) {
  values[] <- Map(function(value, check, name) {
    tryCatch(check(value, name), starscape_error_argument = function(error) NULL)
  }, values, checks[names(values)], names(values))
  values
}

# Stops at a required argument that was not given to the function this is called in. Generics call it before they
# dispatch, and methods that need more than their generic.
needArguments <- function(needed = NULL) {
  frame <- parent.frame()
  defaults <- formals(sys.function(sys.parent()))
  if (is.null(needed)) needed <- setdiff(names(defaults)[vapply(defaults, identical, NA, rlang::missing_arg())], "...")
  for (name in needed) {
    if (eval(call("missing", as.name(name)), frame)) {
      stopArgument(name, "is missing", if (name %in% names(whatToGive)) whatToGive[[name]] else "See the help page.")
    }
  }
}

whatToGive <- c(
  against = "Give other domains of the same spots, or known labels.", coords = "Give the places of the new spots.",
  domain = "Give the domain of each spot, such as the result of findDomains().",
  fit = "Give the result of runStarscape() on these counts.", k = "Say how many domains to look for.",
  labels = "Give the label of each spot or, of a labelled source, of each cell.",
  markers = "Give the result of domainMarkers().", newdata = "Give the counts of the new spots.",
  root = "Give one of the domains, or the name of a spot.", sample = "Say of which sample each spot is.",
  source = "Give counts of labelled cells, or an object with them.", sweep = "Give the result of stabilitySweep().",
  truth = "Give the known label of each spot."
)

# Stops at a misspelled argument, which would otherwise be ignored.
gateDots <- function(...) {
  if (...length() > 0) {
    name <- ...names()[[1]]
    given <- if (is.null(name) || is.na(name) || name == "") "..." else name
    stopArgument(given, "is not an argument of this function", "See the help page for the arguments there are.")
  }
}

# Beyond this, squares and their sums are no longer finite.
largestValue <- 1e100

# The largest seed, thread count and so on that the core's integers hold.
largestInteger <- .Machine$integer.max

# Settings that most operations have.
threadCount <- wholeNumber(1, 1024)
seedNumber <- wholeNumber(0, largestInteger)

# Arguments of the operations -------------------------------------------------------------------------------------

# Row numbers (from 0) of the genes the user wants, or NULL.
gateFeatures <- function(features, genes) {
  if (is.null(features)) {
    return(NULL)
  }
  if (!is.character(features) || length(features) < 2 || anyNA(features)) {
    stopArgument("features", paste("must be two or more gene names, not", describe(features)))
  }
  rows <- match(unique(features), genes)
  if (anyNA(rows)) {
    lost <- unique(features)[is.na(rows)]
    stopArgument(
      "features", sprintf("has %d names without counts in `x`: %s", length(lost), quoted(lost, 3)),
      "Give names among the rows of `x` that have counts."
    )
  }
  sort(rows) - 1L
}

# Row numbers (from 0) of the genes whose expression the user wants, in the order given; those of the fit for NULL.
# `of` is the argument that has the genes.
gateGenes <- function(features, fitted, genes, of = "x") {
  argument <- if (is.null(features)) "x" else "features"
  if (is.null(features)) features <- fitted
  if (!is.character(features) || length(features) == 0 || anyNA(features)) {
    stopArgument("features", paste("must be gene names, not", describe(features)))
  }
  lost <- setdiff(features, genes)
  if (length(lost) > 0) {
    if (argument == "x") {
      stopArgument(
        "x", sprintf("has no row for %d genes of the fit: %s", length(lost), quoted(lost, 3)),
        "Say with `features` which genes are wanted, among the rows of `x`."
      )
    }
    stopArgument(
      "features", sprintf("has %d names that `%s` has no row for: %s", length(lost), of, quoted(lost, 3)),
      sprintf("Give names among the %s of `%s`.", if (of == "x") "rows" else "genes", of)
    )
  }
  match(unique(features), genes) - 1L
}

# The columns of the counts that are the spots of a fit, in its order.
gateFittedSpots <- function(counts, fit) {
  gateFitOrientation(counts, fit)
  spots <- rownames(fit$embedding)
  columns <- match(spots, colnames(counts))
  if (anyNA(columns)) {
    lost <- spots[is.na(columns)]
    stopArgument(
      "x", sprintf("has no column for %d spots of the fit, for instance \"%s\"", length(lost), lost[[1]]),
      "Give the counts that the fit was made from."
    )
  }
  if (identical(columns, seq_len(ncol(counts)))) counts else counts[, columns, drop = FALSE]
}

# The embedding cannot have more dimensions than the components of the data.
gateLatentDim <- function(latentDim, genes, spots) {
  most <- min(genes, spots - 1)
  if (latentDim > most) {
    stopArgument(
      "latentDim", sprintf("is %d, too many for %d genes and %d spots with counts", latentDim, genes, spots),
      sprintf("Give at most %d.", most)
    )
  }
}

# A numeric matrix with one row per spot; `spots` is how many there must be, if known.
gateEmbedding <- function(embedding, argument, spots = nrow(embedding), missing = FALSE) {
  if (!is.matrix(embedding) || !is.numeric(embedding) || any(dim(embedding) == 0)) {
    stopArgument(argument, paste("must be a numeric matrix, spots x dimensions, not", describe(embedding)))
  }
  if (nrow(embedding) != spots) {
    stopArgument(argument, sprintf("has %d rows for %d spots", nrow(embedding), spots), "Give one row per spot.")
  }
  whole <- rowSums(!is.finite(embedding)) == 0
  if (!missing && !all(whole) || !any(whole)) {
    stopArgument(argument, sprintf("has %d rows with NA or infinite values", sum(!whole)), "Remove these spots first.")
  }
  if (any(abs(embedding) > largestValue, na.rm = TRUE)) {
    stopArgument(argument, sprintf("has values beyond %g", largestValue), "Give it in another unit.")
  }
  spotNames <- rownames(embedding)
  if (anyNA(spotNames) || anyDuplicated(spotNames) > 0) {
    stopArgument(argument, "has row names that are missing or not unique", "Name each spot once, or no spot.")
  }
  storage.mode(embedding) <- "double"
  embedding
}

gateK <- function(k, spots, least = 2) {
  if (is.null(k)) {
    return(NULL)
  }
  k <- wholeNumber(least, largestInteger)(k, "k")
  if (k > spots) {
    stopArgument("k", sprintf("is %d, more than the %d spots", k, spots), "Give at most as many domains as spots.")
  }
  k
}

gateKRange <- function(kRange, spots) {
  if (!is.numeric(kRange) || length(kRange) != 2 || !all(is.finite(kRange)) || any(kRange != round(kRange)) ||
    kRange[[1]] < 2 || kRange[[2]] < kRange[[1]] || kRange[[2]] > largestInteger) {
    stopArgument(
      "kRange", paste("must be the smallest and the largest k to try, not", describe(kRange)),
      "Give two whole numbers from 2, for instance c(2, 15)."
    )
  }
  if (kRange[[1]] > spots) {
    stopArgument("kRange", sprintf("starts at %s, more than the %d spots", format(kRange[[1]]), spots))
  }
  as.integer(pmin(kRange, spots))
}

# A graph of neighbours as the core takes it: the start of each spot's list, and the lists (numbers from 0).
gateGraph <- function(graph, spots) {
  if (is.null(graph)) {
    return(NULL)
  }
  if (!methods::is(graph, "sparseMatrix") || !identical(dim(graph), c(spots, spots))) {
    stopArgument(
      "graph", paste("must be a sparse matrix, spots x spots, not", describe(graph)),
      "Give the `graph` of a fit, or NULL."
    )
  }
  dimnames(graph) <- list(NULL, NULL)
  if (!Matrix::isSymmetric(graph)) {
    stopArgument("graph", "must be symmetric", "Give the `graph` of a fit, or NULL.")
  }
  lists <- Matrix::drop0(methods::as(methods::as(graph, "generalMatrix"), "CsparseMatrix"))
  if (methods::.hasSlot(lists, "x") && anyNA(lists@x)) {
    stopArgument("graph", "has entries that are NA", "Give the `graph` of a fit, or NULL.")
  }
  list(offsets = lists@p, neighbours = lists@i)
}

# Complex numbers and raw bytes have no order.
areLabels <- function(value) is.atomic(value) && !is.null(value) && !is.complex(value) && !is.raw(value)

# Labels as whole numbers from 1, NA kept.
gateLabels <- function(labels, argument, spots = length(labels)) {
  if (!areLabels(labels) || length(labels) == 0 || !is.null(dim(labels))) {
    stopArgument(argument, paste("must be a vector or factor of labels, not", describe(labels)))
  }
  if (is.factor(labels) && (anyDuplicated(levels(labels)) > 0 || !is.integer(unclass(labels)))) {
    stopArgument(argument, "is a factor that was changed by hand: its levels repeat or its values are no whole numbers")
  }
  if (length(labels) != spots) {
    stopArgument(argument, sprintf("has %d labels for %d spots", length(labels), spots), "Give one label per spot.")
  }
  match(labels, unique(labels[!is.na(labels)]))
}

# The default of `domain` is the name of a column of objects; where there is none, nothing was given. `spots` is how
# many there are.
needDomain <- function(domain, spots) {
  if (identical(domain, "domain") && spots != 1) stopArgument("domain", "is missing", whatToGive[["domain"]])
  if (inherits(domain, "starscape_fit")) {
    stopArgument("domain", "is a fit, which has no domains", "Give what findDomains() returns for it.")
  }
}

# Domains as a factor, or NULL: labels of the spots, or the result of findDomains().
gateDomain <- function(domain, spots, argument = "domain") {
  if (is.data.frame(domain)) domain <- domain[[gateKnown("domain", names(domain), argument, "the column `domain`")]]
  if (is.null(domain)) {
    return(NULL)
  }
  if (all(is.na(gateLabels(domain, argument, spots)))) {
    stopArgument(argument, "is NA for all spots")
  }
  # The radix order is the same in every locale.
  if (is.factor(domain)) domain else asFactor(domain, sort(unique(domain), method = "radix"))
}

# A factor with its levels in this order. Dates are matched by their text, as R before 4.3 matches none of them.
asFactor <- function(values, levels) {
  stats::setNames(factor(as.character(values), levels = unique(as.character(levels))), names(values))
}

# Stops at an argument that this class of `x` does not have; `given` are the names that were given.
refuseGiven <- function(given, argument, problem, hint = NULL) {
  if (argument %in% given) stopArgument(argument, problem, hint)
}

# One or more of the names that something has; slices and domains may be numbered.
gateNamed <- function(names, known, argument, what, of = "x", most = Inf) {
  if (!is.atomic(names) || length(names) == 0 || length(names) > most) {
    stopArgument(argument, sprintf("must name %s of `%s`, not %s", what, of, describe(names)))
  }
  names <- unique(as.character(names))
  for (one in names) gateKnown(one, known, argument, what, of)
  names
}

# The name of an assay, a column and so on among those that an object has.
gateKnown <- function(name, known, argument, what, of = "x", have = thereAre(known, name)) {
  if (!isString(name) || !name %in% known) {
    stopArgument(argument, sprintf("must name %s of `%s`, not %s", what, of, describe(name)), have)
  }
  name
}

# What there is instead of a name, first what differs from it by case only.
thereAre <- function(known, name, what = "") {
  if (length(known) == 0) {
    return("There is none.")
  }
  if (isString(name)) known <- known[order(tolower(validText(known)) != tolower(validText(name)))]
  sprintf("There are%s: %s.", what, quoted(known))
}

# A column of the cell metadata. That of domains comes from findDomains().
gateColumn <- function(name, columns, argument, what = "a column of the cell metadata", of = "x") {
  gateKnown(name, columns, argument, what, of, have = paste0(domainsFirst(name, argument), thereAre(columns, name)))
}

domainsFirst <- function(name, argument) {
  if (argument == "domain" && identical(name, "domain")) "Run findDomains() first. "
}

# A gene, which `domain` may name as well as a column of the cell metadata.
gateGene <- function(gene, genes, x, argument) {
  if (argument != "domain") {
    return(gateKnown(gene, genes, argument, "a gene"))
  }
  columns <- names(objectMetadata(x))
  have <- paste0(
    domainsFirst(gene, argument), thereAre(columns, gene, " the columns"), " ", thereAre(genes, gene, " the genes")
  )
  gateKnown(gene, genes, argument, "a column of the cell metadata or a gene", have = have)
}
