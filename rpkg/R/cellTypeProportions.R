#' What spots are made of
#'
#' Proportions of the source's types in each spot of the target, with intervals, and the share of what the source lacks.
#' [runTransST()] estimates them when the source is single cells (it has no places).
#'
#' @details
#' A count of gene \eqn{g} in spot \eqn{i} is Poisson with mean
#' \eqn{e^{\gamma_g} \sum_k a_{ik} S_{gk}}. \eqn{S} are the shares that genes have in the counts of the source's types,
#' drawn gene by gene towards the mean of all types as far as the types vary no more than their cells let expect.
#' \eqn{\gamma_g} is what the platforms differ by, normal with mean 0 and a standard deviation
#' that is estimated. The amounts \eqn{a} have a gamma prior about what all spots hold, worth five counts; or about what
#' the neighbours hold, where this predicts counts that were not seen better by three standard errors. All of it is the
#' maximum of the posterior, by EM. Amounts are divided by the mean counts of a cell of the type, so that proportions
#' are those of cells.
#'
#' **When the source says nothing.** Amounts are fitted to one half of the genes and predict the other, both ways. The
#' source is used when the gain of log-likelihood over one composition for all spots is above three standard errors, a
#' sixth of what ten groups of the target's own spots reach (their profiles from other tiles of tissue), and twice
#' what the source reaches with its labels shuffled. Otherwise all spots are `other`.
#'
#' **A type that the source lacks** is looked for where a group of spots has most counts that are not explained, and
#' taken when it adds a quarter to that gain in spots from which it was not learned. A type close to one of the source
#' cannot be seen: its share goes to that one. Where one is found its share comes out low, as the factors of the genes
#' take a part of what all spots have in common.
#'
#' **Intervals.** 300 spots are put together from cells of the source that were not in the profiles: with as many counts
#' as spots of the target have, of the types found there, `cellsPerSpot` cells each. How far estimates are from the
#' truth there, in standard errors and apart for small and large estimates, gives the intervals. They hold where the
#' source's cells are like the target's, and know nothing of a type that is missing, nor of the
#' error of the genes' factors, which matters where few genes differ between types.
#'
#' **Several slices** may come from platforms, captures or donors that differ: each slice of at least 100 spots has
#' factors of its own and its own decision whether the source is used; smaller ones share them.
#'
#' **One label.** Where most cells of a spot are of one type, or a spot is a cell (`cellsPerSpot = 1`), the spot has
#' that type as its `label` in [runTransST()]: when the probability of it is above 0.9, as counted in the same spots put
#' together, and "unknown" otherwise.
#'
#' @param x A `transst_fit` from [runTransST()], or an object that has one.
#' @param level Share of the intervals that should hold the truth, between 0 and 1.
#' @param ... Not used; any other argument is an error.
#' @return A list with
#'   * `proportions`: spots x types and `other`; each row sums to one, NA for spots without counts;
#'   * `lower` and `upper`: spots x types, ends of the intervals; NA where the source says nothing;
#'   * `errors`: spots x types, standard errors by the information in the counts alone, as if expression within a type
#'     had no other spread;
#'   * `majority`: a data frame with the most frequent `type` of each spot and the `probability` that more than half of
#'     its cells are of it, NA where the source says nothing;
#'   * `evidence`: a data frame with one row, or a row for each slice with factors of its own: gains a thousand counts
#'     of the `source`, its standard error, of the target's `own` groups and of `shuffled` labels; the share that a
#'     `missing` type adds; counts that the `neighbours` of a spot are worth, NA where they tell nothing; whether the
#'     source was `used`.
#' @section Errors:
#' A fit without proportions is an error of class `starscape_error_argument`.
#' @references
#' Cable et al. (2022). Robust decomposition of cell type mixtures in spatial transcriptomics. Nature Biotechnology 40,
#' 517, for a platform effect of each gene. Lei et al. (2018). Distribution-free predictive inference for regression.
#' JASA 113, 1094, for intervals by held-out residuals.
#' @seealso [plotCellTypes()]
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 15, columns = 15, genes = 200, domains = 3)
#' target <- slices$slice == "slice1"
#' fit <- runTransST(
#'   slices$counts[, target], slices$counts[, !target], slices$labels[!target],
#'   coords = slices$coords[target, ], k = 3, nFactors = 5
#' )
#' found <- cellTypeProportions(fit)
#' head(found$proportions)
#' found$evidence
#' @export
cellTypeProportions <- function(x, level = 0.9, ...) {
  needArguments()
  gateDots(...)
  composition <- storedComposition(x)
  level <- realNumber(0, 1, positive = TRUE)(level, "level")
  if (level == 1) stopArgument("level", "is 1, and no interval surely holds the truth", "Give 0.9, for instance.")
  ends <- intervalEnds(composition, level)
  list(
    proportions = cbind(composition$proportions, other = composition$other), lower = ends$lower, upper = ends$upper,
    errors = composition$errors, majority = majorityTypes(composition), evidence = composition$evidence
  )
}

# Estimates from here on are told apart: errors of small ones lie on one side.
estimateClasses <- c(0, 0.05, 0.2, 0.5)

# Less than this is nothing: an interval that begins below holds zero.
leastProportion <- 0.005

intervalEnds <- function(composition, level) {
  known <- composition$known
  if (nrow(known) == 0) {
    return(list(lower = composition$errors, upper = composition$errors))
  }
  tails <- c(1 - level, 1 + level) / 2
  ratio <- (known$truth - known$estimate) / known$error
  all <- stats::quantile(ratio, tails, names = FALSE)
  class <- findInterval(known$estimate, estimateClasses)
  # A class of few estimates has no quantiles of its own.
  quantiles <- vapply(seq_along(estimateClasses), function(own) {
    own <- ratio[class == own]
    if (length(own) * (1 - level) < 2) all else stats::quantile(own, tails, names = FALSE)
  }, numeric(2))
  estimate <- composition$proportions
  own <- findInterval(estimate, estimateClasses)
  lower <- estimate + quantiles[1, ][own] * composition$errors
  upper <- estimate + quantiles[2, ][own] * composition$errors
  lower[which(lower < leastProportion)] <- 0
  list(lower = lower, upper = pmin(pmax(upper, estimate), 1))
}

storedComposition <- function(x) {
  fit <- storedTransst(x)
  if (is.null(fit$composition)) {
    stopArgument(
      "x", "has no proportions of types",
      "They need whole counts of single cells as `source` (without `sourceCoords`), and `cellsPerSpot`."
    )
  }
  fit$composition
}
