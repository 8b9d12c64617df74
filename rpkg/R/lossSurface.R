#' @include gate.R
NULL

#' The loss around a fitted model
#'
#' Moves the weights of a fitted model along two random directions and tells at each point of a grid the training loss
#' and how far the domains agree with those of the fitted model. A model whose result hardly depends on chance lies on a
#' plain, where both change slowly; one beside a cliff does not.
#'
#' The directions are normalised by filter: the weights of every unit of the network move by the norm of that unit's own
#' weights, so that a step of 1 is as long as the weights themselves. The loss has the same masks and noise at all
#' points. For an object that was subset after the fit, the surface is that of all spots the model was fitted to.
#' Domains are found as by [findDomains()] with `"gmm"`, from the embedding of one instance of the model. Where the
#' network has no part in the embedding they are the same everywhere, and a message says so.
#'
#' @param fit A `starscape_fit`, or an object on which [runStarscape()] was run.
#' @param k Number of domains, a whole number from 2 to the number of spots.
#' @param points Number of steps along each direction, an odd whole number from 3 to 201: the model itself is in the
#'   middle.
#' @param radius The longest step in units of the norm of the weights, positive.
#' @param seed Whole number from 0 to 2147483647 that draws the directions.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param ... Not used; any other argument is an error.
#' @return Data frame of class `loss_surface` with one row per point: the steps `alpha` and `beta`, from `-radius` to
#'   `radius`; `loss`, the weighted sum of the loss terms, NaN where it is not finite; and `agreement`, the adjusted
#'   Rand index with the domains of the fitted model, at most 1, NaN where the embedding is not finite.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Li, Xu, Taylor, Studer and Goldstein (2018). Visualizing the loss landscape of neural nets. Advances in Neural
#' Information Processing Systems 31.
#' @seealso [plotStabilitySurface()]
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' fit <- runStarscape(
#'   slices$counts, coords = slices$coords, latentDim = 10, epochs = 10, stability = starControl(share = 1)
#' )
#' surface <- lossSurface(fit, k = 3, points = 5)
#' surface
#' @export
lossSurface <- function(fit, k, points = 21, radius = 1, seed = 1, threads = 2, verbose = rlang::is_interactive(),
                        reduction = "starscape", ...) {
  needArguments()
  gateDots(...)
  fit <- storedFit(fit, "fit", gateReduction(reduction))
  settings <- gateFields(
    list(points = points, radius = radius, seed = seed, threads = threads, verbose = verbose), surfaceChecks
  )
  if (fit$network$share == 0) {
    tell("The network has no part in this embedding, so domains are the same at all points. `share` in starControl() ",
         "gives it one.")
  }
  used <- usedSpots(fit)
  k <- gateK(k, sum(used))
  if (is.null(k)) stopArgument("k", "must be one whole number, not NULL")
  own <- list(
    k = k, points = settings$points, reach = settings$radius, directionSeed = settings$seed, threads = settings$threads,
    networkShare = fit$network$share
  )
  rows <- function(values) unname(values[used, , drop = FALSE])
  found <- unwrap(core_loss_surface(
    rows(fit$scores), rows(cbind(fit$prior, fit$priorExtra)), rows(fit$embedding), sliceNumbers(fit$batch, used),
    gateGraph(fit$graph[used, used, drop = FALSE], sum(used)), fit$weights, utils::modifyList(fit$params, own),
    progressBar(settings$verbose)
  ))
  structure(as.data.frame(found), class = c("loss_surface", "data.frame"))
}

surfaceChecks <- list(
  points = oddNumber(3, 201), radius = realNumber(0, positive = TRUE), seed = seedNumber,
  threads = threadCount, verbose = yesOrNo
)
