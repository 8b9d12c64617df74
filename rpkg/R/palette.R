# Colours of domains. The first seven are those of Okabe and Ito (2008) without black; each further one is, of a grid of
# colours, the farthest from the chosen ones, from white and from the grey of missing values, for normal sight and for
# three kinds of colour blindness at once. No two of the twenty come nearer than the nearest of the first seven nearly
# do (15.4 against 16.2 in CIE Lab).
domainColours <- c(
  "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#552200", "#223344", "#AAFF88",
  "#440077", "#9977FF", "#88BB66", "#776633", "#00FFAA", "#AA0077", "#5544BB", "#005544", "#883300", "#BBDDFF"
)

missingColour <- "grey85"

# Colours for n domains; beyond twenty they are blends and no longer told apart safely.
domainPalette <- function(n) {
  if (n <= length(domainColours)) domainColours[seq_len(n)] else grDevices::colorRampPalette(domainColours)(n)
}

# Colours as R knows them, or NULL for those of the package.
gatePalette <- function(palette) {
  if (is.null(palette)) {
    return(NULL)
  }
  known <- is.character(palette) && length(palette) > 0 && is.null(dim(palette)) && !anyNA(palette) &&
    !is.null(tryCatch(grDevices::col2rgb(palette), error = function(error) NULL))
  if (!known) {
    stopArgument(
      "palette", paste("must be colours, not", describe(palette)), "Give names such as \"red\" or \"#D55E00\", or NULL."
    )
  }
  palette
}

# What stands over a legend: text, an expression with symbols, or nothing.
gateTitle <- function(title) {
  if (!is.null(title) && !isString(title) && !isNumber(title) && !is.language(title)) {
    stopArgument("title", paste("must be text, not", describe(title)), "Give one string, or an expression().")
  }
  title
}
