# What a fit keeps of the proportions of a source's types.

# Slices of fewer spots have their factors of genes in common.
leastApart <- 100

# The parts of a section that platforms may have treated differently: its slices.
compositionParts <- function(slice, spots) {
  if (is.null(slice)) {
    return(rep("all", spots))
  }
  slice <- as.character(slice)
  few <- names(which(table(slice) < leastApart))
  if (length(few) == length(unique(slice))) rep("all", spots) else replace(slice, slice %in% few, "others")
}

# What the core says of the spots of each part, or NULL where proportions are not wanted (`cells` is NULL).
fitComposition <- function(target, known, found, parameters, cells, progress) {
  if (is.null(cells)) {
    return(NULL)
  }
  own <- min(parameters$nFactors, ncol(found$values))
  spots <- ncol(target$counts)
  graph <- neighbourMatrix(found, rep(TRUE, spots), as.character(seq_len(spots)))
  parts <- compositionParts(target$slice[target$used], spots)
  lapply(split(seq_along(parts), factor(parts, unique(parts))), function(spots) {
    result <- unwrap(core_cell_type_proportions(
      target$counts[, spots, drop = FALSE], found$values[spots, seq_len(own), drop = FALSE],
      gateGraph(graph[spots, spots, drop = FALSE], length(spots)), known$counts, known$label, length(known$levels),
      c(parameters[c("threads", "seed")], fewestCells = cells[[1]], mostCells = cells[[2]]), progress
    ))
    c(result, list(spots = spots))
  })
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

newComposition <- function(results, target, known, cells) {
  spots <- rownames(target$coords)
  used <- which(target$used)
  empty <- matrix(NA_real_, length(spots), length(known$levels), dimnames = list(spots, known$levels))
  composition <- list(proportions = empty, errors = empty, other = stats::setNames(rep(NA_real_, length(spots)), spots))
  for (part in names(results)) {
    result <- results[[part]]
    tellComposition(result, if (length(results) > 1) part)
    rows <- used[result$spots]
    composition$proportions[rows, ] <- if (result$described) result$proportions else 0
    composition$other[rows] <- if (result$described) result$other else 1
    if (result$described) composition$errors[rows, ] <- result$errors
  }
  factors <- vapply(results, function(result) result$logFactors, numeric(nrow(target$counts)))
  c(composition, list(
    known = do.call(rbind, lapply(unname(results), knownProportions)), evidence = compositionEvidence(results),
    platform = matrix(factors, ncol = length(results), dimnames = list(rownames(target$counts), names(results))),
    cellsPerSpot = cells
  ))
}

tellProportions <- function() tell("`x` had other data under the name \"proportions\", replaced now.")

knownProportions <- function(result) {
  data.frame(estimate = result$knownEstimate, error = result$knownError, truth = result$knownTruth)
}

# A row a part.
compositionEvidence <- function(results) {
  rows <- lapply(results, function(result) {
    data.frame(
      used = result$described, source = result$gain, std_error = result$gainError, own = result$gainOwn,
      shuffled = result$gainShuffled, missing = orNA(result$gainMissing), lacks_type = result$lacksType,
      neighbours = orNA(result$neighbours)
    )
  })
  table <- do.call(rbind, unname(rows))
  rownames(table) <- names(results)
  table
}

tellComposition <- function(result, part = NULL) {
  of <- if (is.null(part)) "" else sprintf(" of \"%s\"", part)
  if (!result$described) {
    tell(
      sprintf("The source does not tell what the spots%s hold: the log-likelihood gains ", of),
      sprintf("%.2f a thousand counts, ", result$gain),
      sprintf("%.2f by groups of the spots themselves, ", result$gainOwn),
      sprintf("%.2f by shuffled labels. ", result$gainShuffled),
      "All proportions are \"other\"."
    )
  } else if (result$lacksType) {
    share <- 100 * mean(result$other)
    tell(sprintf("%.0f %% of the cells in the spots%s are of a type that the source lacks (\"other\").", share, of))
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
    probability = majorityRule(composition$known, length(types))(estimate),
    row.names = rownames(shares)
  )
}

# Each spot that was put together has an estimate of each of so many types.
majorityRule <- function(known, types) {
  if (nrow(known) == 0) {
    return(function(estimate) rep(NA_real_, length(estimate)))
  }
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
  factor(replace(label, is.na(composition$other), NA), levels = union(levels(majority$type), "unknown"))
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
