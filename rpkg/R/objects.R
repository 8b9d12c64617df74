# What the package asks of an object, whatever its class. A class is one file of methods for these; what is none of the
# classes known is a matrix, or is refused.

# The package that defines the class, which may not be installed; NULL for what is no object.
objectPackage <- function(x) UseMethod("objectPackage")

# Raw counts, genes x spots. `assay` and `layer` say where they are; NULL takes what the class takes by default.
objectCounts <- function(x, assay = NULL, layer = NULL) UseMethod("objectCounts")

# Those counts of the spots of a fit, as far as it knows them, under the names that these have in it.
fittedCounts <- function(x, counts, fit) UseMethod("fittedCounts")

# Places and slices, a list of `coords` and `slice`, of the `spots` named: those that are given, or else those that the
# object knows. Places that it does not know are NULL where they are not `needed`. Places that are `drawn` lie as the
# image does. Where an object knows the places of some of the spots only, `spots` names these.
objectPlaces <- function(x, spots, coords = NULL, slice = NULL, image = NULL, needed = TRUE, drawn = FALSE) {
  UseMethod("objectPlaces")
}

# The sample of each spot where the object knows of several, or NULL.
objectSamples <- function(x) UseMethod("objectSamples")

# The cell metadata, of the spots named or of all.
objectMetadata <- function(x, spots = NULL) UseMethod("objectMetadata")

# What is kept under a name as it was when it was stored, `"starscape"` or `"transst"`; what is no object is taken for
# the result itself.
objectResult <- function(x, name) UseMethod("objectResult")

# The fit of runStarscape() under the name of its reduction, of the spots that there are now. An object without one has
# NULL where it is not `needed`.
objectFit <- function(x, name = "starscape", needed = TRUE) UseMethod("objectFit")

# A gene's values for the spots named, by default the log-normalised ones. `argument` named the gene.
objectGene <- function(x, gene, spots, assay = NULL, layer = NULL, argument = "domain") UseMethod("objectGene")

# Keeps a result under a name. `columns` go to the cell metadata, a data frame whose rows have the spots' names;
# `reduction` is a list of an `embedding`, its `loadings` and the `key` of its dimensions.
storeResult <- function(x, name, result, columns = NULL, reduction = NULL, assay = NULL) UseMethod("storeResult")

# Keeps imputed expression, genes x spots, beside the counts.
storeExpression <- function(x, imputed) UseMethod("storeExpression")

# Keeps proportions of types, types x spots, beside the counts as "proportions". `earlier`: what is there is of a fit.
storeProportions <- function(x, proportions, earlier) UseMethod("storeProportions")

# The names of the reductions that there are.
objectReductions <- function(x) UseMethod("objectReductions")

isObject <- function(x) !is.null(objectPackage(x))

needObject <- function(x, argument = "x") needPackage(objectPackage(x), argument)

# Counts, places and slices, as a fit needs them.
objectInput <- function(x, coords, slice, assay, layer = NULL, image = NULL) {
  needObject(x)
  counts <- objectCounts(x, assay, layer)
  places <- objectPlaces(x, colnames(counts), coords, slice, image)
  list(counts = placedCounts(counts, places), coords = places$coords, slice = places$slice)
}

# The counts of the spots whose places are known.
placedCounts <- function(counts, places) {
  if (is.null(places$spots)) {
    return(counts)
  }
  tell(ncol(counts) - length(places$spots), " cells of `x` are on no image. They are left out.")
  counts[, match(places$spots, colnames(counts)), drop = FALSE]
}

# What was given for each of these `spots`, of those whose places are known; what has names is matched by these later.
placedValues <- function(values, spots, places) {
  named <- !is.null(dim(values)) || !is.null(names(values))
  whole <- is.null(places$spots) || named || length(values) != length(spots)
  if (whole) values else values[match(places$spots, spots)]
}

# How the places of a fit can be asked for again: nothing where they were given apart from the object.
askedFor <- function(coords, image = NULL) {
  if (is.null(coords) || is.character(coords)) list(coords = coords, image = image)
}

# Where the spots of a fit are drawn: as the object has them now, which may have been turned since. In the fit's own
# places where these were given apart from the object, or where it does not know all of them any more.
currentPlaces <- function(x, fit) {
  spots <- rownames(fit$coords)
  asked <- fit$asked
  now <- if (!is.null(asked)) tryCatch(suppressMessages({
    places <- objectPlaces(x, spots, asked$coords, NULL, asked$image, drawn = TRUE)
    gateCoords(places$coords, spots, depth = ncol(fit$coords) == 3)
  }, "starscape_message"), starscape_error_argument = function(error) NULL)
  if (is.null(now)) fit$coords else now
}

# Adds to what a fit of an object holds.
storeWithFit <- function(x, name, part, columns, reduction = "starscape") {
  fit <- objectResult(x, reduction)
  fit[[name]] <- part
  storeResult(x, reduction, fit, columns = columns)
}

# Names that reductions of an object cannot have.
reservedNames <- function(x) UseMethod("reservedNames")

# The name that a new fit is kept under.
gateNewReduction <- function(x, name) {
  name <- gateReduction(name, "name")
  if (name %in% reservedNames(x)) {
    stopArgument("name", sprintf("is \"%s\", which `x` has for something else", name), "Give another name.")
  }
  name
}

# The name of a reduction that a fit is kept under.
gateReduction <- function(name, argument = "reduction") {
  if (!isString(name) || !grepl("^[A-Za-z][A-Za-z0-9_.]*$", name) || name %in% c("transst", "imputed")) {
    stopArgument(
      argument, paste("must be the name of a reduction, not", describe(name)),
      paste(
        "Give letters, numbers, dots and underscores, such as \"starscape\";",
        "other results use \"transst\" and \"imputed\"."
      )
    )
  }
  name
}

# What is the user's is not replaced without a word. `own` are columns of the cell metadata that the package wrote.
tellColumns <- function(x, columns, own, advice = "Rename what is to be kept first.") {
  lost <- setdiff(intersect(names(columns), names(objectMetadata(x))), own)
  if (length(lost) > 0) {
    tell("The cell metadata had ", paste0("`", lost, "`", collapse = " and "), ", replaced now. ", advice)
  }
}

# The same of a reduction and of what is kept under its name.
tellKept <- function(x, name, class) {
  kept <- objectResult(x, name)
  if (!inherits(kept, class) && (!is.null(kept) || name %in% objectReductions(x))) {
    tell("`x` had something else under the name \"", name, "\", replaced now. Rename what is to be kept first.")
  }
}

# Columns of results of a fit that is not the first have its name.
ofReduction <- function(columns, reduction) {
  if (reduction == "starscape") columns else paste0(reduction, "_", columns)
}

stopNoObject <- function(x) {
  stopArgument(
    "x", sprintf("is no object that keeps a fit: it has class %s", paste(class(x), collapse = "/")),
    "Give a Seurat, SingleCellExperiment or SpatialExperiment object."
  )
}
