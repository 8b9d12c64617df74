#' Draw how much the score depends on the seed
#'
#' A panel for each method shows the score of every seed. The grey band reaches from the worst to the best seed; the
#' strip tells its height, the gap, and the mean adjusted Rand index (ARI) between the domains of two seeds, the
#' agreement. Scores share an axis from 0 to 1, so that a method that does not depend on the seed is a flat line in
#' every figure.
#'
#' @param x The result of [stabilitySweep()], or a list of them, one per method. Its names are the titles of the panels;
#'   without names the methods are.
#' @param score `"ari"` for the ARI of each seed with the known labels, `"agreement"` for its mean ARI with the other
#'   seeds, or `"seconds"` for how long it took. `NULL` takes `"ari"` where the labels are known for all of `x`, or else
#'   `"agreement"`.
#' @param order Whether the seeds are sorted by `"score"`, best first, or by `"seed"`.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object. Seeds that failed are crosses on the axis, and the caption counts them.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotDomainStability()], [plotCoassignment()]
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' sweep <- stabilitySweep(slices$counts, coords = slices$coords, k = 3, seeds = 1:3, latentDim = 10, epochs = 10)
#' short <- stabilitySweep(slices$counts, coords = slices$coords, k = 3, seeds = 1:3, latentDim = 10, epochs = 2)
#' plotSeedLandscape(sweep)
#' plotSeedLandscape(list("10 epochs" = sweep, "2 epochs" = short), order = "seed")
#' @export
plotSeedLandscape <- function(x, score = NULL, order = c("score", "seed"), ...) {
  needArguments()
  gateDots(...)
  sweeps <- gateSweeps(x)
  score <- gateScore(score, sweeps)
  order <- oneOf(c("score", "seed"))(order, "order")
  runs <- landscapeRuns(sweeps, score, order)
  ranges <- landscapeRanges(runs, sweeps, score)
  plot <- ggplot2::ggplot(runs, ggplot2::aes(.data$place, .data$score)) +
    ggplot2::geom_rect(
      ggplot2::aes(xmin = -Inf, xmax = Inf, ymin = .data$lowest, ymax = .data$highest),
      ranges, inherit.aes = FALSE, fill = missingColour, na.rm = TRUE
    ) +
    seedLayers(runs, order) +
    failureLayer(runs[runs$failed, ]) +
    landscapeScales(runs, score, order) +
    landscapePanels(runs, ranges, order) +
    ggplot2::theme_minimal(base_size = 9)
  plot + ggplot2::theme(
    panel.grid.minor = ggplot2::element_blank(), panel.grid.major.x = ggplot2::element_blank(),
    panel.spacing = ggplot2::unit(12, "pt"), strip.text = ggplot2::element_text(hjust = 0, vjust = 1),
    strip.clip = "off", plot.margin = ggplot2::margin(5, 10, 5, 5)
  )
}

# One row per method and seed asked: the score, NA where it failed, and the place along the axis.
landscapeRuns <- function(sweeps, score, order) {
  seeds <- sort(unique(unlist(lapply(sweeps, function(sweep) sweep$runs$seed))))
  runs <- lapply(names(sweeps), function(method) {
    asked <- sweeps[[method]]$runs
    failed <- asked$status == "failed"
    value <- replace(asked[[score]], failed, NA)
    # The best seed comes first, which for seconds is the smallest, and the failed ones last.
    rank <- order(failed, if (score == "seconds") value else -value, asked$seed)
    place <- if (order == "seed") match(asked$seed, seeds) else order(rank)
    data.frame(
      method = method, seed = asked$seed, score = value, failed = failed, place = place, few = nrow(asked) <= 50
    )
  })
  runs <- do.call(rbind, runs)
  runs$method <- factor(runs$method, levels = names(sweeps))
  runs
}

# Lowest and highest score of each method, and what its strip says.
landscapeRanges <- function(runs, sweeps, score) {
  ranges <- lapply(split(runs$score, runs$method), function(scores) {
    scores <- scores[!is.na(scores)]
    if (length(scores) == 0) c(NA_real_, NA_real_) else range(scores)
  })
  agreement <- vapply(sweeps, function(sweep) mean(sweep$runs$agreement, na.rm = TRUE), 0)
  ranges <- data.frame(
    method = factor(names(sweeps), levels = names(sweeps)),
    lowest = vapply(ranges, `[[`, 0, 1), highest = vapply(ranges, `[[`, 0, 2)
  )
  title <- vapply(names(sweeps), function(name) paste(strwrap(name, 18), collapse = "\n"), "")
  gap <- sprintf(if (score == "seconds") "gap %.1f s" else "gap %.3f", ranges$highest - ranges$lowest)
  gap[is.na(ranges$lowest)] <- "one seed"
  together <- if (score == "seconds") "" else ifelse(is.na(agreement), "", sprintf("\nagreement %.3f", agreement))
  ranges$label <- paste0(title, "\n", gap, together)
  ranges
}

# Sorted scores are a line, with points while these can be told apart. Seeds in their own order have no line: nothing
# lies between two of them.
seedLayers <- function(runs, order) {
  colour <- domainColours[[1]]
  runs <- runs[!is.na(runs$score), ]
  # A lone point is no line.
  several <- runs[runs$method %in% runs$method[duplicated(runs$method)], ]
  list(
    if (order == "score") ggplot2::geom_line(data = several, colour = colour, linewidth = 0.6),
    if (order == "seed") ggplot2::geom_point(data = runs[!runs$few, ], colour = colour, size = 0.6, stroke = 0),
    ggplot2::geom_point(data = runs[runs$few, ], colour = colour, size = 1.3)
  )
}

failureLayer <- function(failed) {
  if (nrow(failed) == 0) {
    return(NULL)
  }
  counts <- table(droplevels(failed$method))
  caption <- paste0("Crosses: seeds that failed (", paste(names(counts), counts, collapse = ", "), ").")
  list(
    ggplot2::geom_point(
      ggplot2::aes(y = -Inf), failed,
      shape = 4, size = 1.3, stroke = 0.7, colour = domainColours[[6]]
    ),
    ggplot2::coord_cartesian(clip = "off"),
    ggplot2::labs(caption = paste(strwrap(caption, 60), collapse = "\n"))
  )
}

# At most three panels side by side leave room for their strips in a column of a journal. Five sorted seeds next to a
# thousand have an axis of their own.
landscapePanels <- function(runs, ranges, order) {
  equal <- length(unique(table(runs$method))) == 1
  ggplot2::facet_wrap(
    ggplot2::vars(.data$method),
    nrow = ceiling(nrow(ranges) / 3), scales = if (equal || order == "seed") "fixed" else "free_x",
    labeller = ggplot2::as_labeller(stats::setNames(ranges$label, ranges$method))
  )
}

landscapeScales <- function(runs, score, order) {
  seeds <- sort(unique(runs$seed))
  titles <- c(ari = "ARI with known labels", agreement = "mean ARI with other seeds", seconds = "seconds")
  limits <- if (score == "seconds") c(0, NA) else c(min(0, runs$score, na.rm = TRUE), 1)
  list(
    ggplot2::scale_x_continuous(
      breaks = function(limits) placeBreaks(limits[[2]]),
      labels = if (order == "seed") function(places) seeds[places] else ggplot2::waiver(),
      guide = ggplot2::guide_axis(check.overlap = TRUE)
    ),
    ggplot2::scale_y_continuous(limits = limits, expand = ggplot2::expansion(mult = 0.03)),
    ggplot2::labs(x = if (order == "seed") "seed" else "seeds, best first", y = titles[[score]])
  )
}

# All places if they are few, or else the first and round ones.
placeBreaks <- function(last) {
  places <- if (last <= 6) seq_len(last) else c(1, pretty(c(1, last), 3))
  places[places >= 1 & places <= last]
}

# One sweep or several, as a list with a name for each.
gateSweeps <- function(x) {
  sweeps <- if (inherits(x, "stability_sweep")) list(x) else x
  if (!is.list(sweeps) || length(sweeps) == 0 || !all(vapply(sweeps, inherits, NA, "stability_sweep"))) {
    stopArgument("x", paste("must be the result of stabilitySweep() or a list of them, not", describe(x)))
  }
  for (sweep in sweeps) gateSweep(sweep, "x")
  titles <- names(sweeps)
  if (is.null(titles)) titles <- vapply(sweeps, function(sweep) sweep$method, "")
  if (anyNA(titles) || any(titles == "") || anyDuplicated(titles) > 0) {
    stopArgument(
      "x", paste("must have a name of its own for each sweep, not", quoted(titles)), "Give a list with such names."
    )
  }
  stats::setNames(sweeps, titles)
}

# The score of seeds to show, and the one that suits the sweeps if none is given.
gateScore <- function(score, sweeps) {
  labelled <- vapply(sweeps, function(sweep) any(!is.na(sweep$runs$ari)), NA)
  if (is.null(score)) {
    return(if (all(labelled)) "ari" else "agreement")
  }
  score <- oneOf(c("ari", "agreement", "seconds"))(score, "score")
  if (score == "ari" && !all(labelled)) {
    unlabelled <- quoted(names(sweeps)[!labelled])
    stopArgument(
      "score", sprintf("cannot be \"ari\", as the known labels of %s were not given", unlabelled),
      "Give `truth` to stabilitySweep(), or take \"agreement\"."
    )
  }
  score
}
