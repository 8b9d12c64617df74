# A thousand calls that are refused, by R's checks and by the core: Rscript tools/errors.R LIBRARY [CALLS]
# Each raises a classed error, and the process is not larger after the second thousand: an error crosses from the core
# as a value, and nothing that was read for the call stays behind.
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[1]), .libPaths()))
library(starscape)
calls <- if (length(arguments) > 1) as.integer(arguments[2]) else 1000L

section <- simulateSlices(rows = 30, columns = 30, genes = 300, domains = 3, verbose = FALSE)
fit <- runStarscape(section$counts, section$coords, latentDim = 5, epochs = 5, verbose = FALSE)
damaged <- fit
damaged$graph <- damaged$graph[-1, -1]
gap <- section$counts
gap@x[7] <- NA
same <- section$coords
same[] <- 1
flat <- section$counts
flat@x[] <- 1
refused <- list(
  function() runStarscape(gap, section$coords, verbose = FALSE),
  function() runStarscape(section$counts, section$coords[-1, ], verbose = FALSE),
  function() runStarscape(section$counts, same, verbose = FALSE),
  # Twice as many dimensions as there are genes: found out by the core, after the counts were read and the graph made.
  function() runStarscape(section$counts, section$coords, latentDim = 600, verbose = FALSE),
  function() runStarscape(section$counts, section$coords, features = "none", verbose = FALSE),
  function() findDomains(fit, k = 901, verbose = FALSE),
  function() findDomains(fit, k = 3, view = "none", verbose = FALSE),
  function() findDomains(damaged, k = 3, verbose = FALSE),
  function() clusterMetrics(section$labels, section$labels[-1]),
  function() domainMarkers(section$counts, rep("one", 900), correct = "none", verbose = FALSE),
  function() spatiallyVariableGenes(section$counts, same),
  function() imputeExpression(section$counts, "none", fit = fit),
  function() simulateSlices(rows = 1e5, columns = 1e5, verbose = FALSE),
  function() runTransST(section$counts, gap, section$labels, coords = section$coords, k = 3, verbose = FALSE)
)
resident <- function() {
  gc(full = TRUE)
  as.numeric(sub("[^0-9]*([0-9]+).*", "\\1", grep("^VmRSS", readLines("/proc/self/status"), value = TRUE))) / 1024
}
call <- function(number) {
  answer <- tryCatch(suppressMessages(refused[[number]]()), error = identity)
  if (!inherits(answer, "starscape_error")) {
    stop("call ", number, " was not refused with a classed error: ", paste(class(answer), collapse = ", "))
  }
}
round <- function() for (time in seq_len(calls)) call((time - 1) %% length(refused) + 1)
# R's heap and the allocator's arenas grow to what such calls need at a time, once: some 60 MB. A leak goes on.
round()
before <- resident()
took <- system.time(round())[["elapsed"]]
grown <- resident() - before
cat(sprintf("errors: %d refused calls of %d kinds in %.0f s, resident memory %.0f MB, grown by %.1f MB\n",
            calls, length(refused), took, before + grown, grown))
# One copy of these counts is 2 MB: if one kind in fourteen kept its own, a thousand calls would grow by 140 MB.
if (grown > 20) stop("memory grows with errors")
