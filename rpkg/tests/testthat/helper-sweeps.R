# Sweeps over seeds that take little time, and what of them must be the same.

# Thirds of the spots, of which a tenth is drawn anew from R's generator.
noisyThirds <- function(x, seed) {
  labels <- rep(c("a", "b", "c"), each = ncol(x) / 3)
  anew <- sample(length(labels), length(labels) / 10)
  replace(labels, anew, sample(c("a", "b", "c"), length(anew), replace = TRUE))
}

sweepSmall <- function(method = noisyThirds, seeds = 1:6, k = 3, ..., verbose = FALSE) {
  suppressMessages(
    stabilitySweep(small$counts, method, seeds = seeds, k = k, ..., verbose = verbose), "starscape_message"
  )
}

starSweep <- function(...) sweepSmall("starscape", 1:4, coords = small$coords, latentDim = 5, epochs = 5, ...)

# All but what differs from run to run of the same computation.
withoutCosts <- function(sweep) {
  sweep$runs[c("seconds", "memory_mb")] <- NULL
  attr(sweep, "records") <- NULL
  unclass(sweep)
}

# For tests whose workers are R processes of their own, which find installed packages only.
skipFromSources <- function() {
  skip_if(exists(".__DEVTOOLS__", asNamespace("starscape")), "starscape is loaded from its sources, not installed")
}

# A back end of jobs on this machine, which looks for results all the time and leaves nothing in the working directory.
localJobs <- function(cluster, workers = 2, frame = parent.frame()) {
  settings <- withr::local_tempfile(lines = "sleep = 0.1", .local_envir = frame)
  registry <- BiocParallel::batchtoolsRegistryargs(file.dir = tempfile("registry"), conf.file = settings)
  BiocParallel::BatchtoolsParam(workers, cluster = cluster, registryargs = registry)
}
