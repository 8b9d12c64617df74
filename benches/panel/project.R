# Domains of a part of the spots, carried over to the others and to other sections, beside the nearest fitted spots.
#
#   Rscript benches/panel/project.R LIBRARY OUT [SECTION ...]
#
# Writes OUT/project.md. Needs the real sections (STARSCAPE_DATA).

source("benches/panel/common.R")
parts <- intersect(
  c("151673", "osmfish", "merfish_hypothalamus_1", "BZ5", "starmap_v1", "xenium_breast", "mob12", "D1"), wanted
)
pairs <- list(
  c("151673", "151674"), c("merfish_hypothalamus_1", "merfish_hypothalamus_2"),
  c("merfish_hypothalamus_2", "merfish_hypothalamus_1"), c("BZ5", "BZ9"), c("BZ9", "BZ14"), c("BZ14", "BZ5")
)
pairs <- Filter(function(pair) all(pair %in% wanted), pairs)

namedSection <- function(name) {
  section <- panelSection(name)
  colnames(section$counts) <- rownames(section$coords) <- paste0("spot", seq_len(ncol(section$counts)))
  section
}
fitted <- function(counts, coords, k) {
  fit <- quiet(runStarscape(counts, coords, verbose = FALSE))
  list(fit = fit, domains = quiet(findDomains(fit, k = k, verbose = FALSE)))
}

# The `count` spots nearest to each place, in blocks of places.
nearestSpots <- function(coords, places, count) {
  blocks <- split(seq_len(nrow(places)), (seq_len(nrow(places)) - 1) %/% 500)
  do.call(rbind, lapply(blocks, function(rows) {
    apart <- outer(places[rows, 1], coords[, 1], "-")^2 + outer(places[rows, 2], coords[, 2], "-")^2
    t(apply(apart, 1, function(own) order(own)[seq_len(count)]))
  }))
}

# Against the domains of a fit of all spots.
fromPart <- function(name, share) {
  section <- namedSection(name)
  spots <- ncol(section$counts)
  set.seed(1)
  part <- sort(sample(spots, round(share * spots)))
  known <- fitted(section$counts[, part], section$coords[part, ], section$k)
  whole <- fitted(section$counts, section$coords, section$k)$domains$domain[-part]
  found <- quiet(projectDomains(
    known$fit, section$counts[, -part], known$domains, section$coords[-part, ], among = TRUE, verbose = FALSE
  ))
  near <- nearestSpots(section$coords[part, ], section$coords[-part, ], 6)
  of <- matrix(as.integer(known$domains$domain)[near], nrow(near))
  most <- apply(of, 1, function(own) as.integer(names(which.max(table(own)))))
  data.frame(
    section = name, fitted = share, nearest = agreement(whole, of[, 1]), "most of six" = agreement(whole, most),
    projected = agreement(whole, found$nearest), unknown = mean(is.na(found$domain)), check.names = FALSE
  )
}

# Against the annotation of the second section, on either level.
toAnother <- function(pair) {
  sections <- lapply(pair, namedSection)
  shared <- Reduce(intersect, lapply(sections, function(section) rownames(section$counts)))
  counts <- lapply(sections, function(section) section$counts[shared, ])
  known <- fitted(counts[[1]], sections[[1]]$coords, sections[[1]]$k)
  own <- fitted(counts[[2]], sections[[2]]$coords, sections[[2]]$k)$domains$domain
  on <- function(level) {
    quiet(projectDomains(
      known$fit, counts[[2]], known$domains, sections[[2]]$coords, level = level, verbose = FALSE
    ))
  }
  found <- lapply(c(fit = "fit", own = "own"), on)
  labels <- sections[[2]]$labels
  data.frame(
    from = pair[[1]], to = pair[[2]], "fitted alone" = agreement(labels, own),
    "level of the fit" = agreement(labels, found$fit$nearest), "own level" = agreement(labels, found$own$nearest),
    "unknown, level of the fit" = mean(is.na(found$fit$domain)), "unknown, own level" = mean(is.na(found$own$domain)),
    check.names = FALSE
  )
}

withMean <- function(table) {
  means <- table[1, ]
  for (name in names(table)) means[[name]] <- if (is.numeric(table[[name]])) mean(table[[name]]) else "mean"
  rbind(table, means)
}
quarters <- do.call(rbind, lapply(parts, fromPart, 0.25))
halves <- do.call(rbind, lapply(parts, fromPart, 0.5))
others <- do.call(rbind, lapply(pairs, toAnother))
writeLines(c(
  "# Domains carried over to spots that a fit does not know", "",
  "A random part of the spots is fitted; adjusted Rand index of the domains of the others with those of a fit of all",
  "spots: the domain of the nearest fitted spot, of most of the six nearest, and `projectDomains()`.", "",
  tableLines(withMean(quarters)), "", tableLines(withMean(halves)), "",
  "From one section to another: adjusted Rand index with the annotation.", "",
  if (length(pairs) > 0) tableLines(withMean(others))
), file.path(out, "project.md"))
