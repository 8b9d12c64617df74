# What a sweep repeats: a method in two stages, an embedding and its division into domains, or in one.

#' @include gate.R conditions.R whole.R
NULL

#' A method in two stages for a stability sweep
#'
#' [stabilitySweep()] measures how much the result of a method changes with its seed. Of a method in two stages it can
#' also tell where the change comes from.
#'
#' @param embed Function `(x, seed)` that returns the first stage's result, of any kind: a matrix spots x dimensions, a
#'   fit, an object. `x` is what was given to [stabilitySweep()], unchanged.
#' @param cluster Function `(embedding, k, seed)` that returns a label for every spot of `x`, in their order: any vector
#'   or factor. NA is allowed for spots without counts only.
#' @param name Name of the method.
#' @param seeded,embedSeeded Whether `cluster` and `embed` depend on their seeds. If one of them does not, give `FALSE`:
#'   each embedding is then divided once and not three times.
#' @param ... Not used; any other argument is an error.
#' @return A list of class `sweep_method`, for the argument `method` of [stabilitySweep()].
#' @section Random numbers:
#' Both functions run with R's own generator set from their seed and put back afterwards, also when they call
#' `set.seed()`: they may use the seed they are given or simply draw.
#' @section Errors:
#' Arguments of another kind are an error of class `starscape_error_argument`.
#' @seealso [stabilitySweep()]
#' @examples
#' components <- function(x, seed) stats::prcomp(t(as.matrix(log1p(x))), rank. = 5)$x
#' groups <- function(embedding, k, seed) stats::kmeans(embedding, k)$cluster
#' method <- sweepMethod(components, groups, name = "k-means")
#' slices <- simulateSlices(rows = 10, columns = 12, genes = 50, domains = 3)
#' stabilitySweep(slices$counts, method, seeds = 1:4, k = 3)
#' @export
sweepMethod <- function(embed, cluster, name = "own method", seeded = TRUE, embedSeeded = TRUE, ...) {
  needArguments()
  gateDots(...)
  if (!isString(name)) stopArgument("name", paste("must be one string, not", describe(name)))
  newMethod(
    gateFunction(embed, "embed", 2), gateFunction(cluster, "cluster", 3), name,
    seeded = yesOrNo(seeded, "seeded"), embedSeeded = yesOrNo(embedSeeded, "embedSeeded")
  )
}

# `own` methods are given what the user gave; the others the checked counts and places of the spots that have counts.
# `placed` says whether these need places, and `gate` checks the settings with the result of gateInput(). A method in
# one stage has no `cluster`. `versions` are those of the packages it runs.
newMethod <- function(embed, cluster, name, seeded = TRUE, settings = list(), own = TRUE, placed = FALSE,
                      gate = function(tissue) NULL, embedSeeded = TRUE, versions = character()) {
  structure(
    list(
      embed = embed, cluster = cluster, name = name, seeded = seeded, settings = settings, own = own, placed = placed,
      gate = gate, embedSeeded = embedSeeded, versions = versions
    ),
    class = "sweep_method"
  )
}

methodShapes <- list(
  embed = single(function(value) is.function(gateFunction(value, "embed", 2))),
  cluster = orNone(single(function(value) is.function(gateFunction(value, "cluster", 3)))), name = single(isString),
  seeded = single(isFlag), embedSeeded = single(isFlag), versions = single(is.character),
  settings = single(is.list), own = single(isFlag), placed = single(isFlag), gate = single(is.function)
)

#' @method print sweep_method
#' @export
print.sweep_method <- function(x, ...) {
  x <- gateWhole(x, methodShapes, "x", "sweepMethod")
  cat(sprintf("Method for stabilitySweep(): %s, %s\n", x$name, if (is.null(x$cluster)) "one stage" else "two stages"))
  invisible(x)
}

# A method from what the user gave: its name, a function or a method.
gateMethod <- function(method, settings, threads) {
  if (is.function(method)) {
    method <- newMethod(gateFunction(method, "method", 2), cluster = NULL, name = "own method")
  }
  if (inherits(method, "sweep_method")) {
    gateWhole(method, methodShapes, "method", "sweepMethod")
    gateSettings(settings, character(), method$name)
    return(method)
  }
  if (!isString(method) || !method %in% names(builtMethods)) {
    stopArgument(
      "method", paste("must be a known method, not", describe(method)),
      paste0("Give one of ", quoted(names(builtMethods)), ", a function (x, seed), or a sweepMethod().")
    )
  }
  build <- builtMethods[[method]]
  if (startsWith(method, "starscape")) {
    return(build(settings, threads))
  }
  settings <- gateSettings(settings, names(formals(build)), method)
  do.call(build, c(settings, if ("threads" %in% names(formals(build))) list(threads = threads)))
}

# starscape itself: the embedding is the fit.
starscapeMethod <- function(settings, threads, space = "embedding") {
  name <- if (space == "prior") "starscape_prior" else "starscape"
  set <- c("x", "coords", "slice", "seed", "threads", "verbose", "...", if (space == "prior") "epochs")
  gateSettings(settings, setdiff(names(formals(runStarscape.default)), set), name)
  single <- intersect(names(settings), names(runChecks))
  controls <- c(stability = "starControl", loss = "lossControl", graph = "graphControl")
  controls <- controls[intersect(names(controls), names(settings))]
  gateTogether(
    gateFields(settings[single], runChecks[single]),
    checkAll(length(controls), function(step) gateControl(settings[[names(controls)[[step]]]], controls[[step]]))
  )
  # The prior is there before training.
  epochs <- if (space == "prior") list(epochs = 1)
  newMethod(
    function(x, seed) {
      # What there is to tell of the counts was told before the first seed.
      suppressMessages(classes = "starscape_message", rlang::inject(runStarscape.default(
        x$counts, x$coords, x$slice, seed = seed, threads = threads, verbose = FALSE, !!!settings, !!!epochs
      )))
    },
    function(embedding, k, seed) {
      findDomains(embedding, k = k, space = space, threads = threads, verbose = FALSE)$domain
    },
    name, seeded = FALSE, settings = settings, own = FALSE, placed = TRUE,
    gate = function(tissue) gateStarscape(settings, tissue)
  )
}

# The settings that depend on the data.
gateStarscape <- function(settings, tissue) {
  settings <- c(settings, as.list(formals(runStarscape.default))[c("nFeatures", "latentDim")])
  given <- list(givenFeatures = gateFeatures(settings$features, rownames(tissue$counts)))
  gateLatentDim(settings$latentDim, featureCount(settings, given, tissue), ncol(tissue$counts))
}

# Settings of a method: those it knows, by their names.
gateSettings <- function(settings, known, name) {
  given <- if (is.null(names(settings))) rep("", length(settings)) else names(settings)
  unknown <- setdiff(given, known)
  if (length(unknown) > 0) {
    have <- if (length(known) == 0) "It has none." else paste0("It has: ", paste(known, collapse = ", "), ".")
    argument <- if (unknown[[1]] == "") "..." else unknown[[1]]
    stopArgument(argument, sprintf("is not a setting of the method \"%s\"", name), have)
  }
  settings
}
