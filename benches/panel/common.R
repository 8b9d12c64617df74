# What the scripts of this folder share: their arguments LIBRARY OUT [SECTION ...], the sections, domains with given
# settings, and what is changed about a section.

source("benches/common.R")
source("benches/panel/sections.R")
if (folder == "") stop("STARSCAPE_DATA does not name the folder of the real sections.")
wanted <- if (length(arguments) > 2) arguments[-(1:2)] else names(panel)

domainsOf <- function(counts, coords, k, ...) {
  fit <- quiet(runStarscape(counts, coords, verbose = FALSE, ...))
  found <- quiet(findDomains(fit, k = k, verbose = FALSE))
  list(fit = fit, domain = as.character(found$domain), confidence = found$confidence)
}

nineTenths <- function(section) {
  spots <- ncol(section$counts)
  withr::with_seed(12, sort(sample(spots, round(0.9 * spots))))
}

# Each count goes to one of two halves; spots that lack counts in one of them are in neither.
countHalves <- function(section) {
  half <- section$counts
  half@x <- withr::with_seed(13, as.numeric(stats::rbinom(length(half@x), round(half@x), 0.5)))
  rest <- round(section$counts) - half
  both <- Matrix::colSums(half) > 0 & Matrix::colSums(rest) > 0
  lapply(list(half, rest), function(counts) {
    list(counts = Matrix::drop0(counts[, both]), coords = section$coords[both, ])
  })
}
