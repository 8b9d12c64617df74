#' Draw the course of training
#'
#' @param x A `starscape_fit`, or an object on which [runStarscape()] was run.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object: a panel for each term of the loss that was used, with its own scale, over the epochs.
#' @section Errors:
#' An object without a fit, or whose network was not trained, is an error of class `starscape_error_argument`.
#' @examples
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 300, domains = 3)
#' fit <- runStarscape(
#'   slices$counts, coords = slices$coords, latentDim = 10, epochs = 30, stability = starControl(share = 1)
#' )
#' plotHistory(fit)
#' @export
plotHistory <- function(x, reduction = "starscape", ...) {
  needArguments()
  gateDots(...)
  history <- storedFit(x, name = gateReduction(reduction))$history
  if (nrow(history) == 0) {
    stopArgument("x", "has no course of training: the network was not used", "See `share` in starControl().")
  }
  terms <- Filter(function(term) !all(is.na(history[[term]])), setdiff(names(history), "epoch"))
  long <- data.frame(
    epoch = rep(history$epoch, length(terms)),
    term = factor(rep(terms, each = nrow(history)), levels = terms),
    value = unlist(history[terms], use.names = FALSE)
  )
  ggplot2::ggplot(long, ggplot2::aes(.data$epoch, .data$value)) +
    ggplot2::geom_line(colour = domainColours[[1]], linewidth = 0.7, na.rm = TRUE) +
    ggplot2::facet_wrap(ggplot2::vars(.data$term), scales = "free_y") +
    ggplot2::labs(x = "epoch", y = "loss") +
    ggplot2::theme_minimal() +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank())
}
