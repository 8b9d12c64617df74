# The result of stabilitySweep() and what it can do.

#' @include whole.R gate.R
NULL

# The result from the records of all seeds, in their order.
newSweep <- function(records, tissue, job, options) {
  finished <- succeeded(records)
  if (length(finished) == 0) stopFailed(records)
  labels <- boundLabels(finished)
  groups <- min(job$k, max(labels))
  found <- unwrap(core_stability(labels, groups, options$threads, progressBar(options$verbose)))
  structure(
    list(
      labels = alignedLabels(found, tissue, names(finished)), runs = runTable(records, found$pairwise, tissue),
      pairwise = `dimnames<-`(found$pairwise, list(names(finished), names(finished))),
      spots = spotTable(found, tissue, length(finished)), domains = domainTable(found),
      sources = if (job$apart) sourceTable(finished, found$pairwise, tissue, job$method, options$threads),
      truth = tissue$truth, coords = tissue$coords, slice = tissue$slice, method = job$method$name, k = job$k,
      seeds = vapply(unname(records), `[[`, 0L, "seed"), settings = job$method$settings
    ),
    class = "stability_sweep", records = records, fingerprint = job$fingerprint
  )
}

stopFailed <- function(records) {
  first <- sprintf("seed %d", records[[1]]$seed)
  seeds <- if (length(records) == 1) first else sprintf("all %d seeds, for %s", length(records), first)
  # The sentence has its own full stop.
  stopArgument("method", sprintf("failed for %s with: %s", seeds, sub("[.]\\s*$", "", records[[1]]$message)))
}

boundLabels <- function(records) do.call(cbind, lapply(records, `[[`, "labels"))

# The labels as the runs gave them, spots that have counts x seeds that succeeded. In those of the result, groups that
# are left over have lost their own.
rawLabels <- function(sweep) boundLabels(succeeded(attr(sweep, "records")))

alignedLabels <- function(found, tissue, seeds) {
  labels <- matrix(NA_integer_, length(tissue$used), length(seeds), dimnames = list(tissue$spots, seeds))
  labels[tissue$used, ] <- found$aligned
  labels
}

runTable <- function(records, pairwise, tissue) {
  ok <- vapply(records, function(record) record$status == "ok", NA)
  column <- function(name, kind) vapply(unname(records), `[[`, kind, name)
  agreement <- rep(NA_real_, length(records))
  if (sum(ok) > 1) agreement[ok] <- (rowSums(pairwise) - 1) / (sum(ok) - 1)
  groups <- vapply(unname(records), function(record) if (is.null(record$labels)) NA else max(record$labels), 0L)
  truth <- truthAgreement(lapply(records[ok], `[[`, "labels"), tissue)
  data.frame(
    seed = column("seed", 0L), status = column("status", ""), message = column("message", ""), k = groups,
    ari = replace(rep(NA_real_, length(records)), ok, truth), agreement = agreement, seconds = column("seconds", 0),
    memory_mb = column("memory", 0)
  )
}

# Adjusted Rand index with the truth of labels of the spots that have counts; NA without a truth.
truthAgreement <- function(labels, tissue) {
  truth <- tissue$truth[tissue$used]
  if (all(is.na(truth))) {
    return(rep(NA_real_, length(labels)))
  }
  vapply(labels, function(labels) clusterMetrics(truth, labels, threads = 1)[["ARI"]], 0)
}

spotTable <- function(found, tissue, runs) {
  rows <- match(seq_along(tissue$used), which(tissue$used))
  data.frame(
    consensus = factor(found$consensus, levels = seq_len(found$k))[rows], support = found$support[rows],
    entropy = found$entropy[rows], stability = found$stability[rows],
    consistency = if (runs > 1) found$consistency[rows] else NA_real_, row.names = tissue$spots
  )
}

domainTable <- function(found) {
  data.frame(
    domain = factor(seq_len(found$k)), spots = found$spots, stability = found$jaccard, lowest = found$lowest
  )
}

# Where the change comes from, by the seeds for which a stage alone succeeded. A stage without a seed repeats its first
# result, and all change is the other's.
sourceTable <- function(records, pairwise, tissue, method, threads) {
  repeated <- rep(list(records[[1]]$labels), length(records))
  fixed <- c(labels = FALSE, embedding = !method$embedSeeded, clustering = !method$seeded)
  source <- function(name) {
    labels <- if (fixed[[name]]) repeated else Filter(length, lapply(records, `[[`, name))
    if (length(labels) < 2) {
      return(data.frame(mean_ari = NA_real_, min_ari = NA_real_, gap = NA_real_))
    }
    pairs <- if (name == "labels") pairwise else unwrap(core_pairwise(do.call(cbind, labels), threads, NULL))
    pairs <- pairs[upper.tri(pairs)]
    truth <- truthAgreement(labels, tissue)
    data.frame(mean_ari = mean(pairs), min_ari = min(pairs), gap = max(truth) - min(truth))
  }
  rows <- lapply(c("labels", "embedding", "clustering"), source)
  data.frame(source = c("total", "embedding", "clustering"), do.call(rbind, rows))
}

#' Print and summarise a sweep
#'
#' @param x,object A `stability_sweep` from [stabilitySweep()].
#' @param ... Not used.
#' @return `print()` returns its argument, invisibly. `summary()` returns a named numeric vector: `mean_ari` and
#'   `min_ari` of two seeds; `gap` between the best and the worst ARI with the truth, and their standard deviation
#'   `sd_truth`; mean `stability` and element-centric `consistency` of the spots; mean `seconds` and largest `memory_mb`
#'   of a run; and the number of seeds that `failed`. What cannot be told is NA.
#' @examples
#' slices <- simulateSlices(rows = 12, columns = 12, genes = 100, domains = 3)
#' sweep <- stabilitySweep(slices$counts, coords = slices$coords, seeds = 1:3, k = 3, latentDim = 5, epochs = 5)
#' summary(sweep)
#' @method print stability_sweep
#' @export
print.stability_sweep <- function(x, ...) {
  x <- gateSweep(x, "x")
  numbers <- summary(x)
  spots <- x$spots
  cat(sprintf("stability sweep: %s, %s", x$method, seedCount(nrow(x$runs))))
  if (numbers[["failed"]] > 0) cat(sprintf(" (%d failed)", numbers[["failed"]]))
  cat(sprintf(", %d spots, k = %d\n", nrow(spots), x$k))
  cat(sprintf("  ARI of two seeds: mean %.3f, lowest %.3f\n", numbers[["mean_ari"]], numbers[["min_ari"]]))
  if (!is.null(x$truth)) {
    range <- range(x$runs$ari, na.rm = TRUE)
    cat(sprintf("  ARI with the truth: %.3f to %.3f, a gap of %.3f\n", range[[1]], range[[2]], numbers[["gap"]]))
  }
  cat(sprintf(
    "  spots: mean stability %.3f, element-centric consistency %.3f; %d always in one domain\n",
    numbers[["stability"]], numbers[["consistency"]], sum(spots$support == 1, na.rm = TRUE)
  ))
  weakest <- which.min(x$domains$stability)
  alike <- length(unique(x$domains$stability)) == 1
  cat(sprintf(
    "  domains: %d, %s (Jaccard %.3f)\n", nrow(x$domains),
    if (alike) "equally stable" else paste("the least stable is", x$domains$domain[[weakest]]),
    x$domains$stability[[weakest]]
  ))
  invisible(x)
}

#' @rdname print.stability_sweep
#' @method summary stability_sweep
#' @export
summary.stability_sweep <- function(object, ...) {
  object <- gateSweep(object, "object")
  pairs <- object$pairwise[upper.tri(object$pairwise)]
  runs <- object$runs
  truth <- runs$ari[!is.na(runs$ari)]
  none <- function(values, measure) if (length(values) > 0) measure(values) else NA_real_
  c(
    mean_ari = none(pairs, mean), min_ari = none(pairs, min), gap = none(truth, function(ari) max(ari) - min(ari)),
    sd_truth = none(truth, stats::sd), stability = mean(object$spots$stability, na.rm = TRUE),
    consistency = none(stats::na.omit(object$spots$consistency), mean),
    seconds = mean(runs$seconds[runs$status == "ok"]), memory_mb = none(stats::na.omit(runs$memory_mb), max),
    failed = sum(runs$status == "failed")
  )
}

# The result of stabilitySweep().
gateSweep <- function(sweep, argument = "sweep") {
  if (!inherits(sweep, "stability_sweep")) {
    stopArgument(argument, paste("must come from stabilitySweep(), not", describe(sweep)))
  }
  gateWhole(sweep, sweepShapes, argument, "stabilitySweep", function(fields) isWholeSweep(fields, sweep))
}

sweepShapes <- list(
  labels = numbers("spots", "runs"), pairwise = numbers("runs", "runs"), k = single(isNumber),
  runs = frame("seeds", list(
    seed = is.numeric, status = is.character, ari = is.numeric, agreement = is.numeric, seconds = is.numeric,
    memory_mb = is.numeric
  )),
  spots = frame("spots", list(
    consensus = is.factor, support = is.numeric, entropy = is.numeric, stability = is.numeric, consistency = is.numeric
  )),
  domains = frame("domains", list(domain = is.factor, spots = is.numeric, stability = is.numeric)),
  truth = orNone(series("spots", is.factor)), coords = orNone(numbers("spots", "places")),
  slice = orNone(series("spots", is.factor)), method = single(isString), seeds = series("seeds")
)

# The spots of all parts are the same, and so are the runs of the table and those that were recorded.
isWholeSweep <- function(fields, sweep) {
  spots <- rownames(fields$labels)
  used <- !is.na(fields$spots$consensus)
  records <- attr(sweep, "records")
  raw <- rawLabels(sweep)
  !is.null(spots) && identical(rownames(fields$spots), spots) && any(used) &&
    (is.null(fields$coords) || identical(rownames(fields$coords), spots)) &&
    nlevels(fields$spots$consensus) == nrow(fields$domains) &&
    identical(vapply(unname(records), `[[`, 0L, "seed"), as.integer(fields$runs$seed)) &&
    identical(vapply(unname(records), `[[`, "", "status"), fields$runs$status) &&
    is.numeric(raw) && !anyNA(raw) && identical(dim(raw), c(sum(used), ncol(fields$labels)))
}
