# Spots on the tissue, for all plots that draw them: as discs, or many of them as one image.

# Above so many spots discs make files that are slow to open.
rasterFrom <- 50000

# Resolution of the image where the device has none of its own, in pixels per inch, and the most pixels of a panel.
rasterResolution <- 300
rasterPixels <- 2.5e7

# `opacities` is the scale of opacity; its legend is shown where it has one.
drawSpots <- function(spots, radius, scale, title, raster, opacities = ggplot2::scale_alpha_identity()) {
  raster <- drawsRaster(raster, nrow(spots))
  # Spots of one sheet hide each other in the image; through another sheet they are seen.
  sheets <- if (raster && !is.null(spots$sheet)) unname(split(spots, spots$sheet)) else list(NULL)
  aes <- ggplot2::aes(.data$x, .data$y, fill = .data$value, alpha = .data$alpha)
  plot <- ggplot2::ggplot(spots, aes) +
    lapply(sheets, function(sheet) {
      spotLayer(radius, raster, data = sheet, show.legend = c(fill = TRUE, alpha = !identical(opacities$guide, "none")))
    }) +
    opacities +
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(add = 1.5 * radius)) +
    ggplot2::scale_y_reverse(expand = ggplot2::expansion(add = 1.5 * radius)) +
    ggplot2::coord_fixed() +
    scale +
    ggplot2::labs(fill = title) +
    ggplot2::theme_void() +
    ggplot2::theme(
      legend.position = "right", strip.text = ggplot2::element_text(margin = ggplot2::margin(3, 3, 3, 3)),
      plot.margin = ggplot2::margin(5, 5, 5, 5)
    )
  plot + spotPanels(spots)
}

# Panels by slice and gene, as far as there are such.
spotPanels <- function(spots) {
  if (is.null(spots$feature)) {
    if (!is.null(spots$slice)) ggplot2::facet_wrap(ggplot2::vars(.data$slice))
  } else if (is.null(spots$slice)) {
    ggplot2::facet_wrap(ggplot2::vars(.data$feature))
  } else {
    ggplot2::facet_grid(ggplot2::vars(.data$slice), ggplot2::vars(.data$feature))
  }
}

spotLayer <- function(radius, raster, ..., data = NULL, show.legend = FALSE) {
  ggplot2::layer(
    geom = GeomSpot, stat = "identity", position = "identity", data = data, show.legend = show.legend,
    params = list(radius = radius, raster = raster, ...)
  )
}

# Whether so many spots are drawn as an image: as the user says, or where there are many.
drawsRaster <- function(raster, spots) {
  if (is.null(raster)) spots > rasterFrom else yesOrNo(raster, "raster")
}

# Discs whose radius is in the unit of the coordinates, so that they keep their place among each other at every size of
# the figure; points have a size in millimetres.
GeomSpot <- ggplot2::ggproto("GeomSpot", ggplot2::Geom,
  required_aes = c("x", "y"),
  default_aes = ggplot2::aes(fill = "grey35", alpha = 1),
  extra_params = c("na.rm", "radius", "raster"),
  draw_panel = function(data, panel_params, coord, radius, raster) {
    extent <- vapply(coord$range(panel_params), function(range) abs(diff(range)), 0)
    data <- coord$transform(data, panel_params)
    share <- radius / min(extent)
    colour <- ggplot2::alpha(data$fill, data$alpha)
    if (raster) {
      return(grid::gTree(x = data$x, y = data$y, share = share, colour = colour, cl = "starscape_spots"))
    }
    grid::circleGrob(
      data$x, data$y,
      r = grid::unit(share, "snpc"), default.units = "native", gp = grid::gpar(fill = colour, col = NA)
    )
  },
  draw_key = function(data, params, size) {
    grid::circleGrob(r = 0.4, gp = grid::gpar(fill = ggplot2::alpha(data$fill, data$alpha), col = NA))
  }
)

# The image is painted when the size of its panel is known, and again when that changes.
#' @rawNamespace S3method(grid::makeContent, starscape_spots)
makeContent.starscape_spots <- function(x) {
  inches <- c(
    grid::convertWidth(grid::unit(1, "npc"), "inches", valueOnly = TRUE),
    grid::convertHeight(grid::unit(1, "npc"), "inches", valueOnly = TRUE)
  )
  resolution <- min(deviceResolution(), sqrt(rasterPixels / abs(prod(inches))))
  # A panel that finds no room has no pixel of its own.
  size <- pmax(ceiling(inches * resolution), 1)
  # An eighth of a millimetre more, or a pixel, closes the gaps between spots that are too small to be told apart.
  reach <- x$share * min(size) + max(1, resolution / 200)
  spot <- paintedSpots(x$x * size[[1]], (1 - x$y) * size[[2]], reach, size)
  colours <- c("transparent", x$colour)[spot + 1L]
  image <- grDevices::as.raster(matrix(colours, size[[2]]))
  grid::setChildren(x, grid::gList(grid::rasterGrob(image, width = 1, height = 1, interpolate = FALSE)))
}

# Pixels per inch: a pixel of the image is one of the device, so that none falls between two. Files of lines and text
# call themselves 72.
deviceResolution <- function() {
  own <- (grDevices::dev.size("px") / grDevices::dev.size("in"))[[1]]
  pixels <- own > 73 || grepl("png|jpeg|tiff|bmp|X11|windows|quartz|RStudioGD", names(grDevices::dev.cur()))
  if (pixels) min(own, rasterResolution) else rasterResolution
}

# The spot that each pixel of a panel shows, 0 for none, rows x columns: the nearest, to a pixel, of those within reach.
# Discs do not cover each other, however many there are, and a pixel has the colour of one spot and never a blend of
# several. Places and reach are in pixels, from the upper left corner.
paintedSpots <- function(x, y, reach, size) {
  painted <- matrix(0L, size[[2]], size[[1]])
  column <- floor(x) + 1
  row <- floor(y) + 1
  far <- ceiling(reach)
  steps <- expand.grid(right = -far:far, down = -far:far)
  steps$far <- sqrt(steps$right^2 + steps$down^2)
  # From far to near: the nearest spot is painted last.
  steps <- steps[order(-steps$far), ]
  steps <- steps[steps$far < reach + 1, ]
  for (step in seq_len(nrow(steps))) {
    across <- column + steps$right[[step]]
    down <- row + steps$down[[step]]
    near <- (across - 0.5 - x)^2 + (down - 0.5 - y)^2 <= reach^2
    hit <- which(near & across >= 1 & across <= size[[1]] & down >= 1 & down <= size[[2]])
    painted[(across[hit] - 1) * size[[2]] + down[hit]] <- hit
  }
  painted
}
