# One small call of each operation of the core, for valgrind: Rscript tools/core-calls.R LIBRARY
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[1]), .libPaths()))
library(starscape)
quiet <- list(threads = 1, verbose = FALSE)
ask <- function(f, ...) do.call(f, c(list(...), quiet))
drawn <- ask(simulateSlices, slices = 2, rows = 8, columns = 8, genes = 60, domains = 2)
fit <- ask(runStarscape, drawn$counts, drawn$coords, slice = drawn$slice, latentDim = 4, epochs = 2,
           stability = starControl(share = 1))
domains <- ask(findDomains, fit, k = 2)
clusterMetrics(drawn$labels, domains$domain, graph = fit$graph)
ask(alignSlices, fit)
ask(domainPseudotime, fit, root = "1", domain = domains)
ask(imputeExpression, drawn$counts, fit$features[1:2], fit = fit)
ask(domainMarkers, drawn$counts, domains, coords = drawn$coords, slice = drawn$slice, correct = "none")
ask(spatiallyVariableGenes, drawn$counts, drawn$coords, slice = drawn$slice)
ask(lossSurface, fit, k = 2, points = 3)
own <- drawn$slice == "slice1"
ask(runTransST, drawn$counts[, own], drawn$counts[, !own], drawn$labels[!own], coords = drawn$coords[own, ], k = 2,
    nFactors = 3)
try(ask(findDomains, fit, k = 1000), silent = TRUE)
cat("core calls: done\n")
