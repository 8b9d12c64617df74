# Settings of the model, one table each. A field has a default, a check, the name the core knows it by, and its
# documentation; functions, checks and help pages are made from the tables.

#' @include gate.R conditions.R
NULL

field <- function(default, check, doc, core = NULL) {
  list(default = default, check = check, doc = doc, core = core)
}

choiceField <- function(choices, doc, core = NULL) field(choices, oneOf(choices), doc, core)

starFields <- list(
  start = choiceField(
    c("deterministic", "random"),
    paste(
      "how the weights of the model start: `\"deterministic\"` without any random number, from the positive and the",
      "negative parts of the components, `\"random\"` drawn under the seed."
    )
  ),
  perturbation = field(
    0.1, realNumber(0, 1),
    "size of the random changes to the weights of the model, relative to their norm, from 0 to 1."
  ),
  damping = field(
    5e-4, realNumber(0, positive = TRUE),
    paste(
      "what Adam adds to the root of the mean squared gradient before it divides by it, positive: weights whose",
      "gradient is small beside it, mostly the noise of masks and samples, hardly move. Adam's own 1e-8 lets them walk",
      "at random."
    )
  ),
  sharpness = field(
    0, realNumber(0, 1),
    paste(
      "length of sharpness-aware steps (gradients are taken where the loss is highest nearby) relative to the norm of",
      "the weights, from 0 to 1; 0 takes plain steps, a value above 0 doubles the time."
    )
  ),
  averaging = field(
    0.5, realNumber(0, 0.999),
    "share of the epochs, the last ones, over which the weights are averaged, from 0 to 0.999; 0 keeps the last ones."
  ),
  members = field(
    1, wholeNumber(1, 64),
    "number of instances of the model whose embeddings are averaged, the trained one and perturbed ones, from 1 to 64."
  ),
  batchSize = field(
    20000, wholeNumber(100, largestInteger),
    paste(
      "number of spots that a step of the training looks at, 100 or more; where there are more, parts of the tissue",
      "take turns of ten epochs, so that 120 epochs see twelve parts at most. More take more memory, some 3.5 kB a",
      "spot."
    )
  ),
  priorScale = field(
    1, realNumber(0, positive = TRUE),
    paste(
      "standard deviation of what the network expects around what is linear in the surroundings, positive; smaller",
      "values keep it nearer."
    )
  ),
  share = field(
    NULL, realNumber(0, 1, optional = TRUE),
    paste(
      "how far the embedding goes from the spatial prior to what the network adds, from 0 to 1; `NULL` lets tiles of",
      "tissue that the network was not trained on decide, and trains no further where it adds nothing."
    )
  )
)

lossFields <- list(
  reconstruction = field(2, realNumber(0), "weight of the squared error of a spot's own components, 0 or more."),
  kl = field(0.5, realNumber(0), "weight of the divergence from what is linear in the surroundings, 0 or more."),
  telescope = field(1, realNumber(0), "weight of the similarity telescope between two augmented views, 0 or more."),
  consistency = field(0, realNumber(0), "weight of the agreement with perturbed copies of the model, 0 or more."),
  prototype = field(
    0.1, realNumber(0),
    paste(
      "weight of the prototypical contrast, 0 or more: spots of all slices are drawn to the mean directions of the",
      "groups they fall into. With one slice it takes no part."
    )
  ),
  prototypes = field(
    10, wholeNumber(2, 1000),
    paste(
      "number of such groups at the coarsest of three levels, from 2 to 1000; the finer ones have 1.5 and 2 times as",
      "many."
    )
  ),
  scale = field(
    0.1, realNumber(0),
    paste(
      "weight of the similarity-scale matching, 0 or more: a spot's similarity to the five most similar spots of every",
      "other slice is drawn to that of its own slice. With one slice it takes no part."
    )
  ),
  warmUp = field(
    0.25, realNumber(0, 1),
    "share of the epochs, the first ones, without the two losses of several slices, from 0 to 1.",
    core = "warmUp"
  )
)

graphFields <- list(
  method = choiceField(
    c("auto", "grid", "knn", "radius", "delaunay"),
    paste(
      "how neighbours are found: the array's own grid (six neighbours on Visium), `k` nearest neighbours made",
      "symmetric, all spots within `radius`, or a Delaunay triangulation; `\"auto\"` looks at the coordinates."
    ),
    core = "graphMethod"
  ),
  k = field(10, wholeNumber(1, 1000), "number of nearest neighbours for `\"knn\"`, from 1 to 1000.", core = "graphK"),
  radius = field(
    NULL, realNumber(0, optional = TRUE, positive = TRUE),
    "largest neighbour distance for `\"radius\"`, in coordinate units; `NULL` takes the reach of `k` neighbours.",
    core = "graphRadius"
  ),
  steps = field(2, wholeNumber(0, 64), "how many steps the spatial prior is smoothed over the graph, from 0 to 64.")
)

controlFields <- list(starControl = starFields, lossControl = lossFields, graphControl = graphFields)

# A function with the fields as arguments that returns the checked list.
newControl <- function(class) {
  fields <- controlFields[[class]]
  control <- function(...) {
    gateDots(...)
    values <- gateFields(mget(names(fields)), lapply(fields, `[[`, "check"))
    structure(values, class = c(class, "starscape_control"))
  }
  formals(control) <- c(lapply(fields, `[[`, "default"), formals(control))
  control
}

controlDoc <- function(class) {
  fields <- controlFields[[class]]
  sprintf("@param %s %s", names(fields), vapply(fields, `[[`, "", "doc"))
}

# The fields of several controls as one list, by the names of the core.
flattenControls <- function(...) {
  flat <- lapply(list(...), function(control) {
    fields <- controlFields[[class(control)[[1]]]]
    core <- Map(function(field, name) if (is.null(field$core)) name else field$core, fields, names(fields))
    stats::setNames(unclass(control), unlist(core))
  })
  do.call(c, flat)
}

#' Settings of the model
#'
#' `starControl()` sets what keeps embeddings the same from seed to seed, `lossControl()` the weights of the terms of
#' the loss, and `graphControl()` which spots are neighbours. Pass the results to [runStarscape()] as `stability`,
#' `loss` and `graph`.
#'
#' @eval controlDoc("starControl")
#' @eval controlDoc("lossControl")
#' @eval controlDoc("graphControl")
#' @param ... Not used; any other argument is an error.
#' @return A list of the checked settings, of class `starControl`, `lossControl` or `graphControl`.
#' @section Errors:
#' A value outside its range is an error of class `starscape_error_argument`.
#' @references
#' The similarity telescope, prototypical contrast and similarity-scale matching: Spotscape, ICML 2025,
#' <https://arxiv.org/abs/2506.15698>.
#'
#' Foret, Kleiner, Mobahi and Neyshabur (2021). Sharpness-aware minimization for efficiently improving generalization.
#' ICLR.
#'
#' Izmailov, Podoprikhin, Garipov, Vetrov and Wilson (2018). Averaging weights leads to wider optima and better
#' generalization. UAI.
#' @examples
#' starControl(members = 8)
#' lossControl(telescope = 0)
#' graphControl("knn", k = 8)
#' @name controls
NULL

#' @rdname controls
#' @export
starControl <- newControl("starControl")

#' @rdname controls
#' @export
lossControl <- newControl("lossControl")

#' @rdname controls
#' @export
graphControl <- newControl("graphControl")

#' @method print starscape_control
#' @export
print.starscape_control <- function(x, ...) {
  x <- gateControl(x, class(x)[[1]])
  values <- vapply(x, function(value) if (is.null(value)) "chosen from the data" else format(value), "")
  cat(class(x)[[1]], "\n", paste0("  ", format(names(x)), "  ", values, "\n"), sep = "")
  invisible(x)
}

gateControl <- function(control, class) {
  argument <- c(starControl = "stability", lossControl = "loss", graphControl = "graph")[[class]]
  if (!inherits(control, class)) {
    known <- class == "graphControl" && isString(control) && control %in% graphFields$method$default
    stopArgument(
      argument, paste("must come from", paste0(class, "(), not"), describe(control)),
      if (known) sprintf("Give graphControl(\"%s\").", control) else sprintf("Give %s(...) with the settings.", class)
    )
  }
  fields <- controlFields[[class]]
  unknown <- setdiff(names(control), names(fields))
  if (length(unknown) > 0) {
    known <- paste0("There are: ", quoted(names(fields), 20), ".")
    stopArgument(argument, sprintf("has `%s`, which is no setting of %s()", unknown[[1]], class), known)
  }
  # A setting whose default is NULL vanishes when it is assigned NULL.
  lost <- setdiff(names(Filter(function(field) !is.null(field$default), fields)), names(control))
  if (length(lost) > 0) {
    stopArgument(lost[[1]], sprintf("is missing from the settings of %s()", class), "Make the settings anew.")
  }
  values <- stats::setNames(lapply(names(fields), function(name) control[[name]]), names(fields))
  structure(gateFields(values, lapply(fields, `[[`, "check")), class = class(control))
}
