# What the network adds to what is linear in a spot's surroundings, beside controls that learn no more than a ridge
# regression; and what each of its terms does to the domains where all of it is used.
#
#   Rscript benches/panel/network.R LIBRARY OUT [SECTION ...]
#
# Writes OUT/network.md. Needs the real sections (STARSCAPE_DATA).

source("benches/panel/common.R")
source("benches/panel/controls.R")
technologies <- c("151673", "BZ9", "osmfish", "merfish_hypothalamus_1", "B1", "xenium_breast")

besideControls <- function(name) {
  section <- panelSection(name)
  fit <- quiet(runStarscape(section$counts, section$coords, verbose = FALSE))
  if (is.na(fit$network$gain)) {
    return(NULL)
  }
  controls <- controlGains(fit$scores, fit$graph, section$coords)
  cat(name, "beside controls\n")
  shown <- function(gain, error) sprintf("%.2f (%.2f)", gain, error)
  data.frame(
    section = name, network = shown(100 * fit$network$gain, 100 * fit$network$error),
    t(mapply(shown, controls$gain, controls$error)), check.names = FALSE
  )
}

# The network all of the way, for as many epochs as pay where it pays; and with one term or setting changed.
whole <- function(...) list(stability = starControl(share = 1, ...))
terms <- list(
  `no network` = list(stability = starControl(share = 0)),
  `network` = whole(),
  `no telescope` = c(whole(), list(loss = lossControl(telescope = 0))),
  `telescope 10` = c(whole(), list(loss = lossControl(telescope = 10))),
  `no divergence` = c(whole(), list(loss = lossControl(kl = 0))),
  `consistency 1` = c(whole(), list(loss = lossControl(consistency = 1))),
  `five perturbed members` = whole(members = 5),
  `sharpness-aware steps` = whole(sharpness = 0.05),
  `no averaging of weights` = whole(averaging = 0),
  `no damping` = whole(damping = 1e-8),
  `random start` = whole(start = "random")
)

# Domains with these settings: agreement with the labels, of seeds, of halves of the counts, without a tenth of spots.
withTerms <- function(name, settings) {
  section <- panelSection(name)
  domains <- function(counts, coords, ...) {
    do.call(domainsOf, c(list(counts, coords, section$k, epochs = 40), settings, list(...)))$domain
  }
  domain <- domains(section$counts, section$coords)
  some <- nineTenths(section)
  parts <- countHalves(section)
  halves <- lapply(parts, function(part) domains(part$counts, part$coords))
  c(
    ari = if (all(is.na(section$labels))) NA else agreement(section$labels, domain),
    seeds = agreement(domain, domains(section$counts, section$coords, seed = 2)),
    fewer = agreement(domain[some], domains(section$counts[, some], section$coords[some, ])),
    halves = agreement(halves[[1]], halves[[2]])
  )
}

controlTable <- do.call(rbind, lapply(wanted, besideControls))
examined <- intersect(technologies, wanted)
termTable <- do.call(rbind, lapply(names(terms), function(term) {
  each <- vapply(examined, withTerms, numeric(4), settings = terms[[term]])
  cat(term, "done\n")
  means <- rowMeans(each, na.rm = TRUE)
  data.frame(
    setting = term, `ARI` = means[["ari"]], `two seeds` = means[["seeds"]],
    `nine tenths of the spots` = means[["fewer"]], `halves of the counts` = means[["halves"]],
    `worst of these` = min(each[-1, ]), check.names = FALSE
  )
}))
writeLines(c(
  "# The network", "",
  "Made by `make panel`.", "",
  paste("Percent of the squared error of what is linear in a spot's surroundings (mean scores of the rings one to four",
        "steps away, ridge regression) that is saved on tiles of tissue that are held out, with standard errors over",
        "tiles. The network has a fifth of the tiles held out and its best look at them counts; the controls add means",
        "over the rings of a fixed code of two values a component, or as many random units of the linear expectation,",
        "to the ridge regression, each fifth held out in turn. Sections with too few tiles are left out."), "",
  tableLines(controlTable), "",
  sprintf(paste("Domains with all of the network (40 epochs, whatever the held-out tiles say), one setting changed at",
                "a time: means over %s."), paste(examined, collapse = ", ")), "",
  tableLines(termTable)
), file.path(out, "network.md"))
