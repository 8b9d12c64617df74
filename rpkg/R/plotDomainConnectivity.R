#' Draw how domains are connected
#'
#' Domains are discs whose area grows with their number of spots, joined by lines whose width and darkness grow with the
#' connectivity; its value stands beside each line.
#'
#' @param x The result of [domainPseudotime()] with domains, or an object that holds it.
#' @param layout `"tissue"` puts each domain at the spot nearest to its centre, over the spots in grey; `"circle"` puts
#'   them on a circle by rising pseudotime, for several slices and where centres would overlap. `NULL` takes the tissue
#'   where there is one slice.
#' @param least Connectivity below which no line is drawn, from 0 to 1.
#' @param palette Colours of the domains; `NULL` for those of [plotDomains()].
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param raster As in [plotDomains()], for the spots on the tissue.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Wolf et al. (2019). PAGA: graph abstraction reconciles clustering with trajectory inference through a topology
#' preserving map of single cells. Genome Biology 20, 59. \doi{10.1186/s13059-019-1663-x}
#' @seealso [plotPseudotime()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' plotDomainConnectivity(domainPseudotime(fit, root = "1", domain = findDomains(fit, k = 3)))
#' @export
plotDomainConnectivity <- function(x, layout = NULL, least = 0.05, palette = NULL,
                                   reduction = "starscape", raster = NULL, ...) {
  needArguments()
  gateDots(...)
  found <- storedPseudotime(x, reduction)
  if (is.null(found$connectivity)) {
    stopArgument("x", "has no domains", "Give `domain` to domainPseudotime().")
  }
  onTissue <- !is.null(found$coords) && all(c("x", "y") %in% names(found$domains)) && any(!is.na(found$domains$x))
  if (is.null(layout)) layout <- if (onTissue) "tissue" else "circle"
  layout <- oneOf(c("tissue", "circle"))(layout, "layout")
  if (layout == "tissue" && !onTissue) {
    stopArgument("layout", "cannot be \"tissue\" without coordinates or with several slices", "Give \"circle\".")
  }
  least <- realNumber(0, 1)(least, "least")
  palette <- gatePalette(palette)
  drawn <- found$domains$spots > 0
  nodes <- if (layout == "tissue") tissueNodes(found) else circleNodes(found$domains)
  lines <- connectivityLines(found$connectivity[drawn, drawn, drop = FALSE], nodes[drawn, ], least)
  background <- if (layout == "tissue") tissueBackground(inPlane(found$coords), raster)
  drawConnectivity(nodes[drawn, ], lines, background, palette)
}

# Nodes and spots go through the same proportions.
tissueNodes <- function(found) {
  places <- tissuePlaces(rbind(unname(found$coords[, 1:2]), as.matrix(found$domains[c("x", "y")])), NULL)
  nodes <- found$domains
  nodes[c("x", "y")] <- places[nrow(found$coords) + seq_len(nrow(nodes)), ]
  nodes
}

tissueBackground <- function(coords, raster) {
  places <- tissuePlaces(unname(coords), NULL)
  spotLayer(
    0.95 / 2 * spotDistance(places, NULL), drawsRaster(raster, nrow(places)),
    data = data.frame(x = places[, 1], y = places[, 2]), fill = "grey93"
  )
}

circleNodes <- function(domains) {
  angle <- 2 * pi * (rank(domains$pseudotime, ties.method = "first") - 1) / nrow(domains)
  domains$x <- sin(angle)
  domains$y <- -cos(angle)
  domains
}

connectivityLines <- function(connectivity, nodes, least) {
  pairs <- which(upper.tri(connectivity) & connectivity >= least & connectivity > 0, arr.ind = TRUE)
  data.frame(
    x = nodes$x[pairs[, 1]], y = nodes$y[pairs[, 1]], xend = nodes$x[pairs[, 2]], yend = nodes$y[pairs[, 2]],
    connectivity = connectivity[pairs]
  )
}

drawConnectivity <- function(nodes, lines, background, palette) {
  fill <- valueScale(nodes$domain, palette, NULL)
  colours <- if (is.null(palette)) domainPalette(nlevels(nodes$domain)) else palette
  nodes$ink <- inkOn(colours[as.integer(nodes$domain)])
  ggplot2::ggplot(nodes, ggplot2::aes(.data$x, .data$y)) +
    background +
    ggplot2::geom_segment(
      ggplot2::aes(xend = .data$xend, yend = .data$yend, linewidth = .data$connectivity, alpha = .data$connectivity),
      data = lines, colour = "grey20", lineend = "round"
    ) +
    ggplot2::geom_point(
      ggplot2::aes(fill = .data$domain, size = .data$spots),
      shape = 21, colour = "white", stroke = 1
    ) +
    ggplot2::geom_label(
      ggplot2::aes((.data$x + .data$xend) / 2, (.data$y + .data$yend) / 2, label = sprintf("%.2f", .data$connectivity)),
      data = lines, size = 2.8, label.size = 0, label.padding = grid::unit(1, "pt"), alpha = 0.8
    ) +
    ggplot2::geom_text(ggplot2::aes(label = .data$domain), colour = nodes$ink, size = 3.5, fontface = "bold") +
    ggplot2::scale_linewidth(range = c(0.3, 4), limits = c(0, 1)) +
    ggplot2::scale_alpha(range = c(0.3, 0.9), limits = c(0, 1), guide = "none") +
    ggplot2::scale_size_area(max_size = 14, guide = "none") +
    fill +
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(mult = 0.1)) +
    ggplot2::scale_y_reverse(expand = ggplot2::expansion(mult = 0.1)) +
    ggplot2::coord_fixed(clip = "off") +
    ggplot2::guides(fill = "none") +
    ggplot2::theme_void() +
    ggplot2::theme(legend.position = "right", plot.margin = ggplot2::margin(5, 5, 5, 5))
}

# Black or white, what is read better on these colours.
inkOn <- function(colours) {
  luminance <- c(0.299, 0.587, 0.114) %*% grDevices::col2rgb(colours)
  ifelse(luminance[1, ] > 120, "black", "white")
}
