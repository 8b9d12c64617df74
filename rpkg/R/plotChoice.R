#' Draw how the number of domains was chosen
#'
#' Shows for each number of domains that [findDomains()] tried without `k` the criterion it is chosen by and how well
#' its domains are found again on subsamples. The chosen number is marked; where it is 1, because the section holds no
#' more structure than tissue without domains, the subtitle says so.
#'
#' @param x A data frame that [findDomains()] returned, or an object on which it was run, without `k`.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @param ... Not used; any other argument is an error.
#' @return A `ggplot` object with a panel for the criterion and one for the stability.
#' @section Errors:
#' Domains whose number was given are an error of class `starscape_error_argument`.
#' @seealso [findDomains()]
#' @examples
#' slices <- simulateSlices(rows = 30, columns = 30, genes = 300, domains = 3)
#' fit <- runStarscape(slices$counts, coords = slices$coords, latentDim = 10, epochs = 30)
#' plotChoice(findDomains(fit, kRange = c(2, 6)))
#' @export
plotChoice <- function(x, reduction = "starscape", ...) {
  needArguments()
  gateDots(...)
  choice <- if (is.data.frame(x)) attr(x, "choice") else storedFit(x, name = gateReduction(reduction))$domains$choice
  if (is.null(choice)) {
    stopArgument("x", "holds no choice of `k`", "Run findDomains() without `k` first.")
  }
  if (!isChoice(choice)) gateWhole(x, list(), "x", "findDomains", function(fields) FALSE)
  panels <- c(aic3 = "criterion (AIC3, larger is better)", stability = "found again on subsamples (ARI)")
  long <- data.frame(
    k = rep(choice$k, 2), value = c(choice$aic3, choice$stability),
    panel = factor(rep(panels, each = nrow(choice)), panels)
  )
  # Versions before k = 1 was an answer did not record it.
  chosen <- rlang::`%||%`(attr(choice, "chosen"), choice$k[[which.max(choice$aic3)]])
  ggplot2::ggplot(long, ggplot2::aes(.data$k, .data$value)) +
    ggplot2::geom_line(colour = missingColour, linewidth = 0.7) +
    ggplot2::geom_point(ggplot2::aes(colour = .data$k == chosen), size = 2, show.legend = FALSE) +
    ggplot2::scale_colour_manual(values = c(`FALSE` = "grey40", `TRUE` = domainColours[[6]])) +
    ggplot2::scale_x_continuous(breaks = choice$k) +
    ggplot2::facet_wrap(ggplot2::vars(.data$panel), scales = "free_y") +
    ggplot2::labs(x = "number of domains", y = NULL, subtitle = choiceSubtitle(choice, chosen)) +
    ggplot2::theme_minimal() +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank())
}

isChoice <- function(choice) {
  excess <- attr(choice, "structure")$excess
  !is.null(frame("numbers", list(k = is.numeric, aic3 = is.numeric, stability = is.numeric))(choice)) &&
    nrow(choice) > 0 && all(is.finite(choice$k)) && any(is.finite(choice$aic3)) &&
    (is.null(excess) || is.numeric(excess) && all(is.finite(excess))) &&
    (is.null(attr(choice, "chosen")) || isNumber(attr(choice, "chosen")))
}

choiceSubtitle <- function(choice, chosen) {
  if (chosen == 1) {
    return("1 chosen: no more structure than in tissue without domains")
  }
  excess <- attr(choice, "structure")$excess
  beyond <- if (!is.null(excess)) {
    sprintf("; structure %.1f standard errors beyond tissue without domains", max(excess))
  }
  paste0(chosen, " chosen", beyond)
}
