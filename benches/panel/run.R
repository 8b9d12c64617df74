# Domains of 17 sections of six technologies with default settings, beside the simplest baselines, and how far they hold
# when what should not matter changes. Decisions are taken on the means and the worst of the whole panel.
#
#   Rscript benches/panel/run.R LIBRARY OUT [SECTION ...]
#
# Writes OUT/results.md and OUT/sections.csv. Needs the real sections (STARSCAPE_DATA).

source("benches/panel/common.R")
source("benches/panel/baselines.R")

# Whether each spot of one labelling keeps its domain in another, domains matched by majority.
keeps <- function(first, second) {
  shared <- table(first, second)
  second == colnames(shared)[max.col(shared, "first")][match(first, rownames(shared))]
}

# Domains of the section when places move by a twentieth of the spacing, a tenth of the spots is missing, there are 30
# components; and how far those of two halves of the counts agree.
perturbed <- function(section, domain) {
  spots <- ncol(section$counts)
  spacing <- stats::median(vapply(seq_len(min(300, spots)), function(spot) {
    apart <- sqrt(colSums((t(section$coords) - section$coords[spot, ])^2))
    min(apart[apart > 0])
  }, 0))
  moved <- section$coords + withr::with_seed(11, stats::rnorm(2 * spots, 0, 0.05 * spacing))
  some <- nineTenths(section)
  halves <- lapply(countHalves(section), function(part) domainsOf(part$counts, part$coords, section$k))
  sure <- which(halves[[1]]$confidence >= 0.95)
  c(
    moved = agreement(domain, domainsOf(section$counts, moved, section$k)$domain),
    fewer = agreement(domain[some], domainsOf(section$counts[, some], section$coords[some, ], section$k)$domain),
    components = agreement(domain, domainsOf(
      section$counts, section$coords, section$k, latentDim = min(30, nrow(section$counts) - 1)
    )$domain),
    halves = agreement(halves[[1]]$domain, halves[[2]]$domain),
    sureKept = mean(keeps(halves[[1]]$domain, halves[[2]]$domain)[sure])
  )
}

measure <- function(name) {
  section <- panelSection(name)
  seconds <- system.time(found <- domainsOf(section$counts, section$coords, section$k))[["elapsed"]]
  labelled <- !all(is.na(section$labels))
  array <- found$fit$graphMethod == "grid"
  row <- data.frame(
    section = name, spots = ncol(section$counts), k = section$k, seconds = seconds,
    starscape = if (labelled) agreement(section$labels, found$domain) else NA,
    t(if (labelled) baselines(section, array) else c(plain = NA, averaged = NA, mixture = NA)),
    chosen = nlevels(quiet(findDomains(found$fit, verbose = FALSE))$domain),
    confident = mean(found$confidence >= 0.95), t(perturbed(section, found$domain)),
    data.frame(found$fit$network[c("share", "gain", "error", "explained")])
  )
  cat(name, "done\n")
  row
}

rows <- do.call(rbind, lapply(wanted, measure))
utils::write.csv(rows, file.path(out, "sections.csv"), row.names = FALSE)
rows$best <- pmax(rows$plain, rows$averaged, rows$mixture, na.rm = TRUE)
labelled <- rows[!is.na(rows$starscape), ]
short <- labelled[labelled$starscape < labelled$best - 0.05, ]

steady <- c("moved", "fewer", "components", "halves", "confident", "sureKept")
accuracy <- with(labelled, data.frame(
  section, `k` = as.character(k), starscape, `components + k-means` = plain, `averaged + k-means` = averaged,
  `averaged + mixture` = mixture, `k chosen` = as.character(chosen), check.names = FALSE
))
steadiness <- with(rows, data.frame(
  section, seconds, `places moved` = moved, `nine tenths of the spots` = fewer, `30 components` = components,
  `halves of the counts` = halves, `surer than 0.95` = confident, `of these kept` = sureKept, check.names = FALSE
))
network <- with(rows, data.frame(
  section, `explained by what is linear` = explained, `saved by the network, %` = 100 * gain,
  `standard error` = 100 * error, `its share` = share, check.names = FALSE
))
writeLines(c(
  "# The panel", "",
  "Made by `make panel` with default settings. Adjusted Rand index with the annotation at its number of domains.", "",
  tableLines(accuracy), "",
  sprintf(
    paste("Mean %.3f; baselines %.3f, %.3f, %.3f, the best of them on each section %.3f. More than 0.05",
          "below: %s."),
    mean(labelled$starscape), mean(labelled$plain), mean(labelled$averaged),
    mean(labelled$mixture, na.rm = TRUE), mean(labelled$best),
    if (nrow(short) > 0) paste(short$section, number(short$starscape - short$best), collapse = ", ") else "none"
  ),
  sprintf(
    "Number of domains right on %d, within one on %d of %d.", sum(labelled$chosen == labelled$k),
    sum(abs(labelled$chosen - labelled$k) <= 1), nrow(labelled)
  ), "",
  paste("Agreement of the domains with themselves: places moved by a twentieth of the spacing, a random tenth of the",
        "spots left out, 30 instead of 20 components, the two halves of the counts. Then the share of spots surer than",
        "0.95, and how many of these keep their domain in the other half of the counts."), "",
  tableLines(steadiness), "",
  sprintf(
    "Means %s; worst %s.",
    paste(number(vapply(rows[steady], mean, 0, na.rm = TRUE)), collapse = ", "),
    paste(number(vapply(rows[steady], min, 0, na.rm = TRUE)), collapse = ", ")
  ), "",
  paste("What surroundings tell of a spot, on tiles that were held out: the share of the components' variance that is",
        "linear in the rings around the spot, how much of the rest of the squared error the network saves, and the",
        "share that it gets in the embedding for it. Nothing where there are too few tiles."), "",
  tableLines(network)
), file.path(out, "results.md"))
