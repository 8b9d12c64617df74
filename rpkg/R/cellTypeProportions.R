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
#' **One label.** Where most cells of a spot are of one type, or a spot is a cell (`cellsPerSpot = 1`), the spot has that
#' type as its `label` in [runTransST()]: when the probability of it is above 0.9, as counted in the same spots put
#' together, and "unknown" otherwise.
#'
#' @param x A `transst_fit` from [runTransST()], or an object that has one.
#' @param level Share of the intervals that should hold the truth, between 0 and 1.
#' @return A list with
#'   * `proportions`: spots x types and `other`; each row sums to one, NA for spots without counts;
#'   * `lower` and `upper`: spots x types, ends of the intervals; NA where the source says nothing;
#'   * `errors`: spots x types, standard errors by the information in the counts alone, as if expression within a type
#'     had no other spread;
#'   * `majority`: a data frame with the most frequent `type` of each spot and the `probability` that more than half of
#'     its cells are of it, NA where the source says nothing;
#'   * `evidence`: gains a thousand counts of the `source`, its standard error, of the target's `own` groups and of
#'     `shuffled` labels; the share that a `missing` type adds; counts that the `neighbours` of a spot are worth, NA
#'     where they tell nothing; whether the source was `used`.
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
cellTypeProportions <- function(x, level = 0.9) {
  needArguments()
  composition <- storedComposition(x)
  level <- realNumber(0, 1, positive = TRUE)(level, "level")
  if (level == 1) stopArgument("level", "is 1, and no interval surely holds the truth", "Give 0.9, for instance.")
  types <- colnames(composition$proportions)
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

# What the core says of the spots, or NULL where proportions are not wanted (`cells` is NULL).
fitComposition <- function(target, known, found, parameters, cells, progress) {
  if (is.null(cells)) {
    return(NULL)
  }
  own <- min(parameters$nFactors, ncol(found$values))
  neighbours <- list(offsets = found$offsets, neighbours = found$neighbours)
  unwrap(core_cell_type_proportions(
    target$counts, found$values[, seq_len(own), drop = FALSE], neighbours, known$counts, known$label,
    length(known$levels), c(parameters[c("threads", "seed")], fewestCells = cells[[1]], mostCells = cells[[2]]),
    progress
  ))
}

# The cells of a spot, or NULL where there are no proportions: the source is a section, or counts are not whole.
gateProportions <- function(cells, target, known, embedding) {
  if (!is.null(known$coords) || embedding != "factors") cells <- NULL
  isWhole <- function(counts) unwrap(core_count_summary(counts))$parts == 0
  sides <- list("`x`" = target$counts, "`source`" = known$counts)
  sides <- sides[!vapply(sides, isWhole, NA)]
  parts <- names(sides)
  if (length(parts) == 0) {
    return(cells)
  }
  also <- if (is.null(cells)) "" else ", and there are no proportions of types, which need them"
  kinds <- unique(lapply(sides, kindOfParts))
  tellParts(parts, also, if (length(kinds) == 1) kinds[[1]])
  NULL
}

newComposition <- function(result, target, known, cells) {
  spots <- rownames(target$coords)
  described <- result$described
  tellComposition(result)
  table <- function(values) allSpots(values, target$used, spots, known$levels)
  other <- rep(NA_real_, length(spots))
  other[target$used] <- if (described) result$other else 1
  list(
    proportions = table(if (described) result$proportions else 0 * result$proportions),
    errors = table(if (described) result$errors else NA * result$errors), other = stats::setNames(other, spots),
    known = data.frame(estimate = result$knownEstimate, error = result$knownError, truth = result$knownTruth),
    evidence = data.frame(
      used = described, source = result$gain, std_error = result$gainError, own = result$gainOwn,
      shuffled = result$gainShuffled, missing = orNA(result$gainMissing), lacks_type = result$lacksType,
      neighbours = orNA(result$neighbours)
    ),
    platform = stats::setNames(result$logFactors, rownames(target$counts)), cellsPerSpot = cells
  )
}

tellComposition <- function(result) {
  if (!result$described) {
    tell(
      sprintf("The source does not tell what the spots hold: it predicts %.2f a thousand counts, ", result$gain),
      sprintf("groups of the spots themselves %.2f, shuffled labels %.2f. ", result$gainOwn, result$gainShuffled),
      "All proportions are \"other\"."
    )
  } else if (result$lacksType) {
    share <- 100 * mean(result$other)
    tell(sprintf("%.0f %% of the spots' cells are of a type that the source lacks (\"other\").", share))
  }
}

# The most frequent type of each spot and the probability that more than half of the cells are of it: how often that was
# so in spots put together with such an estimate, rising with it (isotonic regression).
majorityTypes <- function(composition) {
  shares <- composition$proportions
  most <- max.col(replace(shares, is.na(shares), 0), "first")
  estimate <- shares[cbind(seq_along(most), most)]
  types <- colnames(shares)
  data.frame(
    type = factor(replace(types[most], is.na(estimate), NA), levels = types),
    probability = if (nrow(composition$known) == 0) NA_real_ else majorityRule(composition$known, length(types))(estimate),
    row.names = rownames(shares)
  )
}

# Each spot that was put together has an estimate of each of so many types.
majorityRule <- function(known, types) {
  estimates <- matrix(known$estimate, ncol = types, byrow = TRUE)
  most <- cbind(seq_len(nrow(estimates)), max.col(estimates, "first"))
  right <- matrix(known$truth, ncol = types, byrow = TRUE)[most] > 0.5
  stats::as.stepfun(stats::isoreg(estimates[most], right))
}

# Spots that are mostly of one type, and surely so.
sureMajority <- 0.9

compositionLabels <- function(composition) {
  majority <- majorityTypes(composition)
  sure <- !is.na(majority$probability) & majority$probability > sureMajority
  label <- ifelse(sure, as.character(majority$type), "unknown")
  factor(replace(label, is.na(composition$other), NA), levels = c(levels(majority$type), "unknown"))
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

gateCellsPerSpot <- function(cells) {
  if (is.null(cells)) {
    return(NULL)
  }
  if (!is.numeric(cells) || !length(cells) %in% 1:2 || !all(is.finite(cells)) || any(cells != round(cells)) ||
    any(cells < 1) || any(cells > 1000) || is.unsorted(cells)) {
    stopArgument(
      "cellsPerSpot", paste("must be the fewest and the most cells of a spot, not", describe(cells)),
      "Give two whole numbers from 1 to 1000, for instance c(2, 10); 1 for single cells; NULL for no proportions."
    )
  }
  as.integer(rep(cells, length.out = 2))
}
