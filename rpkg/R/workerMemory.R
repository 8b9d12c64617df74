# How much memory a worker of a sweep needs.

# Bytes for R with the package, what is sent to the worker (packed and unpacked) and, for methods whose input is counts
# and places, a fit of them: a plain line through the peaks in benches/scale/results.md. To be replaced by an estimate
# that knows the settings of the fit; only tellMemory() asks.
workerMemory <- function(job) {
  fit <- if (job$method$own) 0 else 1e4 * length(job$used)
  2.5e8 + 2 * as.numeric(utils::object.size(job$x)) + fit
}
