# Alignment of real sections, with the settings a user gets.

readSection <- function(name) sections[[name]]$read(file.path(folder, sections[[name]]$path))

spread <- function(coords) unname(cbind(coords[, 1], sqrt(3) * coords[, 2]))

# A fit of several sections on the genes they share.
jointFit <- function(parts) {
  shared <- Reduce(intersect, lapply(parts, function(part) rownames(part$counts)))
  counts <- do.call(cbind, lapply(names(parts), function(name) {
    counts <- parts[[name]]$counts[shared, ]
    `colnames<-`(counts, paste0(name, "_", colnames(counts)))
  }))
  coords <- do.call(rbind, lapply(parts, function(part) unname(part$coords)))
  slice <- rep(names(parts), vapply(parts, function(part) ncol(part$counts), 0L))
  suppressMessages(runStarscape(counts, coords, slice = slice, verbose = FALSE), "starscape_message")
}

# The angles, and the agreement of labels carried over with the known ones of each moved section.
carriedOver <- function(fit, parts, ...) {
  labels <- unlist(lapply(parts, `[[`, "labels"), use.names = FALSE)
  alignment <- alignSlices(fit, verbose = FALSE, ...)
  carried <- transferLabels(alignment, labels)$label
  measured <- vapply(alignment$summary$slice, function(name) {
    rows <- fit$slice == name
    c(
      angle = alignment$transforms[[name]]$angle, ARI = clusterMetrics(labels[rows], carried[rows])[["ARI"]],
      share = sum(!is.na(carried[rows]) & !is.na(labels[rows])) / sum(!is.na(labels[rows]))
    )
  }, c(angle = 0, ARI = 0, share = 0))
  cbind(measured, inlier_share = alignment$summary$inlier_share)[, , drop = FALSE]
}
