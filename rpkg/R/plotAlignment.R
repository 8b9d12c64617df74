#' Draw slices before and after alignment
#'
#' For each moved slice two panels: the slice over the reference before it was moved, both from the same corner, and
#' after. Lines join spots to their matches in the reference; of all spots with a match that agrees, as many as asked
#' for are drawn, at even steps. On the right they are short where the alignment is good.
#'
#' The aspect of the tissue is kept, y points down as on the image, and discs have their size on the tissue.
#'
#' @param x A `slice_alignment`, or an object on which [alignSlices()] was run.
#' @param slice Names of moved slices to draw; `NULL` for all.
#' @param lines Number of matches drawn in each panel, a whole number from 0.
#' @param palette Two colours, of the reference and of moved slices; `NULL` for those of the package, which stay apart
#'   for colour-blind readers.
#' @param diameter,raster As in [plotDomains()].
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @seealso [plotDomains()] of the moved places, `plotDomains(alignment$coords, labels)`, for one panel in colours of
#'   domains
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 20, columns = 20, genes = 100, domains = 3)
#' fit <- runStarscape(slices$counts, slices$coords, slice = slices$slice, latentDim = 10, epochs = 20)
#' plotAlignment(alignSlices(fit))
#' @export
plotAlignment <- function(x, slice = NULL, lines = 100, palette = NULL, diameter = 0.95, reduction = "starscape",
                          raster = NULL, ...) {
  needArguments()
  gateDots(...)
  alignment <- storedAlignment(x, reduction)
  lines <- wholeNumber(0, largestInteger)(lines, "lines")
  diameter <- realNumber(0, positive = TRUE)(diameter, "diameter")
  moved <- intersect(names(alignment$transforms), alignment$slice)
  if (length(moved) == 0) stopArgument("x", "has no spots of slices that were moved any more")
  slice <- if (is.null(slice)) moved else gateNamed(slice, moved, "slice", "moved slices")
  palette <- gatePalette(palette)
  if (is.null(palette)) palette <- domainColours[c(1, 2)]
  if (length(palette) < 2) stopArgument("palette", "has fewer than two colours", "Give one for each of two slices.")
  parts <- lapply(slice, function(name) alignmentPanels(alignment, name, lines))
  joined <- function(what) {
    table <- do.call(rbind, lapply(parts, `[[`, what))
    table$name <- factor(table$name, levels = unique(slice))
    table
  }
  drawAlignment(joined("spots"), joined("lines"), palette, diameter, raster)
}

# Spots and match lines of one moved slice, in both panels.
alignmentPanels <- function(alignment, name, lines) {
  own <- which(alignment$slice == name)
  onto <- which(alignment$slice == alignment$reference)
  corner <- apply(alignment$before[onto, , drop = FALSE], 2, min)
  fromCorner <- function(places, corner) sweep(places, 2, corner)
  moved <- list(
    before = fromCorner(alignment$before, apply(alignment$before[own, , drop = FALSE], 2, min)),
    after = fromCorner(alignment$coords, corner)
  )
  still <- fromCorner(alignment$before, corner)
  matches <- thinnedMatches(alignment$matches[alignment$matches$slice == name, ], lines)
  from <- match(matches$spot, rownames(still))
  to <- match(matches$reference_spot, rownames(still))
  panels <- lapply(names(moved), function(stage) {
    panel <- factor(stage, levels = c("before", "after"))
    places <- rbind(still[onto, , drop = FALSE], moved[[stage]][own, , drop = FALSE])
    side <- factor(rep(c("reference", "moved"), c(length(onto), length(own))), levels = c("reference", "moved"))
    list(
      spots = data.frame(x = places[, 1], y = places[, 2], side = side, panel = panel, name = name, row.names = NULL),
      lines = data.frame(
        x = moved[[stage]][from, 1], y = moved[[stage]][from, 2], xend = still[to, 1], yend = still[to, 2],
        panel = rep(panel, length(from)), name = rep(name, length(from)), row.names = NULL
      )
    )
  })
  list(spots = rbind(panels[[1]]$spots, panels[[2]]$spots), lines = rbind(panels[[1]]$lines, panels[[2]]$lines))
}

# The heaviest agreeing match of each spot, of spots at even steps.
thinnedMatches <- function(matches, lines) {
  matches <- matches[matches$inlier, ]
  matches <- matches[order(-matches$weight), ]
  matches <- matches[!duplicated(matches$spot), ]
  matches <- matches[order(matches$spot, method = "radix"), ]
  matches[unique(round(seq(1, nrow(matches), length.out = min(lines, nrow(matches))))), ]
}

drawAlignment <- function(spots, lines, palette, diameter, raster) {
  onReference <- spots$side == "reference" & spots$panel == "after"
  spacing <- spotDistance(as.matrix(spots[onReference, c("x", "y")]), spots$name[onReference])
  spots$alpha <- ifelse(spots$side == "reference", 0.75, 0.6)
  sides <- levels(spots$side)
  scale <- ggplot2::scale_fill_manual(values = stats::setNames(palette[1:2], sides), breaks = sides)
  panels <- ggplot2::facet_grid(ggplot2::vars(.data$name), ggplot2::vars(.data$panel))
  spots$value <- spots$sheet <- spots$side
  drawSpots(spots, diameter / 2 * spacing, scale, NULL, raster) +
    ggplot2::geom_segment(
      ggplot2::aes(.data$x, .data$y, xend = .data$xend, yend = .data$yend),
      data = lines, inherit.aes = FALSE, colour = "black", linewidth = 0.25, alpha = 0.7
    ) +
    panels
}
