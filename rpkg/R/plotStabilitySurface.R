#' Draw the surface around a fitted model
#'
#' Bright is as good as the fitted model, which is the ring in the middle, and dark is worse: a bright plain means that
#' the model may be moved without harm, a bright spot in the dark that there are cliffs on all sides. The scale reaches
#' at least to ten times the loss of the fitted model, or from no agreement to full agreement, so that a flat surface
#' looks flat. Values that are not finite are grey.
#'
#' @param x The result of [lossSurface()].
#' @param value `"loss"` for the loss as a multiple of that of the fitted model, on a logarithmic scale, or
#'   `"agreement"` for the adjusted Rand index (ARI) between the domains at each point and those of the fitted model.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object. The values at the legend are those of the contour lines.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument.
#' @references
#' Li, Xu, Taylor, Studer and Goldstein (2018). Visualizing the loss landscape of neural nets. NeurIPS 31.
#' @seealso [lossSurface()]
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 100, domains = 3)
#' # Domains can change with the weights of the network only where it has a share in the embedding.
#' fit <- runStarscape(
#'   slices$counts, coords = slices$coords, latentDim = 10, epochs = 30, stability = starControl(share = 1)
#' )
#' surface <- lossSurface(fit, k = 3, points = 7)
#' plotStabilitySurface(surface)
#' plotStabilitySurface(surface, "agreement")
#' @export
plotStabilitySurface <- function(x, value = c("loss", "agreement"), ...) {
  needArguments()
  gateDots(...)
  value <- oneOf(c("loss", "agreement"))(value, "value")
  surface <- gateSurface(x, value)
  scale <- if (value == "loss") lossScale(surface) else agreementScale(surface)
  surface$height <- scale$height
  ggplot2::ggplot(surface, ggplot2::aes(.data$alpha, .data$beta)) +
    ggplot2::geom_raster(ggplot2::aes(fill = .data$height)) +
    contourLayer(surface, scale$breaks) +
    ggplot2::annotate("point", x = 0, y = 0, shape = 21, size = 2.5, stroke = 1, fill = "white", colour = "black") +
    ggplot2::scale_fill_gradientn(
      colours = grDevices::hcl.colors(64, "viridis", rev = value == "loss"), limits = scale$limits,
      breaks = scale$breaks, labels = scale$labels, na.value = missingColour
    ) +
    ggplot2::coord_fixed(expand = FALSE) +
    ggplot2::labs(
      x = "step along first direction", y = "step along second direction", fill = scale$title,
      caption = "Ring: the fitted model."
    ) +
    ggplot2::theme_minimal(base_size = 9) +
    ggplot2::theme(panel.grid = ggplot2::element_blank())
}

# The loss as a multiple of that of the fitted model, at least up to ten.
lossScale <- function(surface) {
  ratio <- surface$loss / surface$loss[fittedPoint(surface)]
  ratio[!is.finite(ratio) | ratio <= 0] <- NA
  ends <- range(1, 10, ratio, na.rm = TRUE)
  levels <- lossLevels(ends)
  list(
    height = log10(ratio), limits = log10(ends), breaks = log10(levels),
    labels = sprintf("%.4gx", levels), title = "loss,\nfitted = 1"
  )
}

# Few round factors: within one or two powers of ten also some between, for more of them only every so many.
lossLevels <- function(ends) {
  powers <- seq(floor(log10(ends[[1]])), ceiling(log10(ends[[2]])))
  # The loss of the fitted model itself is always a level.
  powers <- powers[powers %% ceiling(length(powers) / 7) == 0]
  between <- if (ends[[2]] <= 10) c(1, 1.5, 2, 3, 5) else if (ends[[2]] <= 100) c(1, 2, 5) else 1
  levels <- sort(c(outer(between, 10^powers)))
  levels[levels >= ends[[1]] & levels <= ends[[2]]]
}

agreementScale <- function(surface) {
  breaks <- seq(0, 1, 0.2)
  list(
    height = replace(surface$agreement, !is.finite(surface$agreement), NA),
    limits = range(0, 1, surface$agreement[is.finite(surface$agreement)]), breaks = breaks, labels = format(breaks),
    title = "ARI with\nfitted"
  )
}

# Contour lines at those breaks that the surface crosses; of none, the layer would warn.
contourLayer <- function(surface, breaks) {
  height <- surface$height[!is.na(surface$height)]
  crossed <- breaks[breaks > min(height) & breaks < max(height)]
  if (length(crossed) == 0) {
    return(NULL)
  }
  ggplot2::geom_contour(
    ggplot2::aes(z = .data$height),
    breaks = crossed, colour = "black", linewidth = 0.3, na.rm = TRUE
  )
}

# The point of the fitted model, with room for rounding in the steps.
fittedPoint <- function(surface) {
  steps <- pmax(abs(surface$alpha), abs(surface$beta))
  steps <= 1e-8 * max(steps)
}

# A surface on a regular grid around the fitted model.
gateSurface <- function(x, value) {
  if (!inherits(x, "loss_surface")) {
    stopArgument("x", paste("must be the result of lossSurface(), not", describe(x)))
  }
  columns <- list(alpha = is.numeric, beta = is.numeric, loss = is.numeric, agreement = is.numeric)
  gateWhole(x, list(), "x", "lossSurface", function(fields) {
    !is.null(frame("points", columns)(x)) && nrow(x) > 0 && all(is.finite(c(x$alpha, x$beta)))
  })
  sides <- length(unique(x$alpha)) * length(unique(x$beta))
  if (nrow(x) != sides || anyDuplicated(x[c("alpha", "beta")]) > 0) {
    stopArgument("x", sprintf("has %d points where its grid has %d", nrow(x), sides), "Give all points, each once.")
  }
  centre <- x[[value]][fittedPoint(x)]
  if (length(centre) != 1 || !is.finite(centre) || centre <= 0) {
    stopArgument("x", sprintf("has no positive %s at the fitted model, where `alpha` and `beta` are 0", value))
  }
  x
}
