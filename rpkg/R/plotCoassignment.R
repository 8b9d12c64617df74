#' Draw which spots share a domain across seeds
#'
#' The heat map shows for each pair of spots the share of seeds that put both into the same domain. Spots are sorted by
#' their consensus domain, and within it by stability. Domains that do not depend on the seed are bright squares on a
#' dark ground; colour between two squares means spots that some seeds move from one domain to the other.
#'
#' @param x The result of [stabilitySweep()].
#' @param most Number of spots to show, a whole number from 2 to 2000; more spots are represented by a
#'   part of them.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object. The strips along both sides have the colours that [plotDomains()] gives to the domains.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotSeedLandscape()], [plotDomainStability()]
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 50, domains = 3)
#' sweep <- stabilitySweep(slices$counts, coords = slices$coords, k = 3, seeds = 1:3, latentDim = 10, epochs = 10)
#' plotCoassignment(sweep)
#' @export
plotCoassignment <- function(x, most = 300, ...) {
  needArguments()
  gateDots(...)
  sweep <- gateSweep(x, "x")
  most <- wholeNumber(2, 2000)(most, "most")
  drawCoassignment(coassignment(sweep, most))
}

# How often spots lie in one domain, for an even sample of at most `most` spots ordered by consensus domain and then by
# falling stability: the shares, spots x spots, and the domain of each row.
coassignment <- function(sweep, most) {
  spots <- sweep$spots
  order <- order(spots$consensus, -spots$stability, na.last = NA)
  chosen <- order[unique(round(seq(1, length(order), length.out = min(most, length(order)))))]
  used <- which(!is.na(spots$consensus))
  shares <- unwrap(core_coassignment(rawLabels(sweep), match(chosen, used)))
  list(matrix = shares, domain = spots$consensus[chosen])
}

# `shares` holds the matrix and the domain of each row, whose spots lie together by domain.
drawCoassignment <- function(shares) {
  spots <- nrow(shares$matrix)
  cells <- data.frame(column = rep(seq_len(spots), each = spots), row = seq_len(spots), share = c(shares$matrix))
  blocks <- domainBlocks(shares$domain)
  middles <- (blocks$first + blocks$last) / 2
  sides <- list(
    breaks = middles, labels = blocks$domain, expand = ggplot2::expansion(),
    guide = ggplot2::guide_axis(check.overlap = TRUE)
  )
  ggplot2::ggplot(cells, ggplot2::aes(.data$column, .data$row)) +
    ggplot2::geom_raster(ggplot2::aes(fill = .data$share)) +
    domainStrips(blocks, spots) +
    do.call(ggplot2::scale_x_continuous, c(sides, position = "top")) +
    do.call(ggplot2::scale_y_continuous, c(sides, trans = "reverse")) +
    ggplot2::scale_fill_gradientn(
      colours = grDevices::hcl.colors(64, "viridis"), limits = c(0, 1), na.value = missingColour
    ) +
    ggplot2::coord_fixed() +
    ggplot2::labs(x = "domain", y = "domain", fill = "share of\nseeds") +
    ggplot2::theme_minimal(base_size = 9) +
    ggplot2::theme(panel.grid = ggplot2::element_blank(), axis.ticks = ggplot2::element_blank())
}

# First and last row of each domain, and its colour.
domainBlocks <- function(domain) {
  rows <- Filter(length, split(seq_along(domain), domain))
  data.frame(
    domain = names(rows), first = vapply(rows, min, 0L), last = vapply(rows, max, 0L),
    colour = domainPalette(nlevels(domain))[match(names(rows), levels(domain))]
  )
}

# Strips above and to the left of the heat map, a little apart from it.
domainStrips <- function(blocks, spots) {
  gap <- 0.5 - 0.015 * spots
  width <- 0.035 * spots
  strip <- function(...) ggplot2::annotate("rect", ..., fill = blocks$colour)
  list(
    strip(xmin = blocks$first - 0.5, xmax = blocks$last + 0.5, ymin = gap - width, ymax = gap),
    strip(ymin = blocks$first - 0.5, ymax = blocks$last + 0.5, xmin = gap - width, xmax = gap)
  )
}
