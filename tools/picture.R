# The picture of the README: Rscript tools/picture.R LIBRARY FILE
# A simulated section: its layers, what k-means makes of it, the domains, and how sure they are. Groups are matched with
# the layers, so that the same colour is the same layer.
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[1]), .libPaths()))
library(starscape)

tissue <- simulateSlices(rows = 26, columns = 32, genes = 300, domains = 5, librarySize = 500, seed = 2)
fit <- runStarscape(tissue$counts, tissue$coords, verbose = FALSE)
domains <- findDomains(fit, k = 5, verbose = FALSE)
kmeans <- stabilitySweep(tissue$counts, "kmeans", coords = tissue$coords, seeds = 1:2, k = 5, verbose = FALSE)

matched <- function(found) {
  overlap <- table(found, tissue$labels)
  names <- rep(NA_integer_, nrow(overlap))
  for (step in seq_len(nrow(overlap))) {
    best <- arrayInd(which.max(overlap), dim(overlap))
    names[best[1]] <- best[2]
    overlap[best[1], ] <- -1
    overlap[, best[2]] <- -1
  }
  as.character(names[match(found, rownames(overlap))])
}
groups <- list(as.character(tissue$labels), as.vector(as.matrix(kmeans$labels)[, 1]), domains$domain)
score <- vapply(groups, function(own) clusterMetrics(tissue$labels, own)[["ARI"]], 0)
titles <- c("layers of the simulation", sprintf(c("k-means on components, ARI %.2f", "domains, ARI %.2f"), score[-1]),
            "domains, opacity is confidence")
spots <- nrow(tissue$coords)
picture <- plotDomains(
  do.call(rbind, rep(list(unname(tissue$coords)), 4)), factor(unlist(lapply(groups[c(1:3, 3)], matched))),
  slice = factor(rep(titles, each = spots), levels = titles), confidence = c(rep(1, 3 * spots), domains$confidence)
) +
  ggplot2::facet_wrap("slice", nrow = 1) +
  ggplot2::theme(strip.text = ggplot2::element_text(size = 7), legend.position = "none")
ggplot2::ggsave(arguments[2], picture, width = 8.4, height = 1.9, dpi = 100, bg = "white")
cat(sprintf("%s, %.0f kB\n%s\n", arguments[2], file.size(arguments[2]) / 1024, paste(titles, collapse = "\n")))
