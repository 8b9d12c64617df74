# Running a method for many seeds: one record a seed, kept as soon as it is there.

# Runs the seeds that have no record yet, chunk by chunk, so that finished ones stay whatever happens. Ctrl-C ends the
# work and keeps them.
runSeeds <- function(job, seeds, records, BPPARAM, checkpoint, verbose) {
  records <- records[intersect(seedNames(seeds), names(records))]
  left <- seeds[!seedNames(seeds) %in% names(records)]
  if (length(left) == 0) {
    return(records)
  }
  show <- progressBar(verbose)
  stopWorkers <- startWorkers(BPPARAM)
  on.exit(stopWorkers())
  # Jobs of a cluster wait in its queue, so they are all sent at once and keep their own records.
  queued <- methods::is(BPPARAM, "BatchtoolsParam")
  chunks <- split(left, ceiling(seq_along(left) / if (queued) length(left) else gateWorkers(BPPARAM)))
  if (queued && !is.null(checkpoint)) job$checkpoint <- normalizePath(checkpoint)
  tryCatch({
    run <- chunkRunner(withFirst(job), BPPARAM)
    for (chunk in chunks) {
      fresh <- run(chunk)
      for (record in fresh) keepRecord(record, job$fingerprint, checkpoint)
      records[seedNames(chunk)] <- fresh
      if (!is.null(show)) show("seeds", length(records), length(seeds), NULL)
    }
  }, interrupt = function(condition) {
    if (length(records) == 0) rlang::interrupt()
    warnInterrupted(length(records), length(seeds))
  })
  records[intersect(seedNames(seeds), names(records))]
}

seedNames <- function(seeds) sprintf("%d", seeds)

# One pool of workers for all chunks, unless the user's is already there. Returns what stops it.
startWorkers <- function(BPPARAM) {
  if (is.null(BPPARAM) || BiocParallel::bpisup(BPPARAM)) {
    return(function() NULL)
  }
  BiocParallel::bpstart(BPPARAM)
  function() BiocParallel::bpstop(BPPARAM)
}

chunkRunner <- function(job, BPPARAM) {
  if (is.null(BPPARAM)) {
    return(function(seeds) lapply(seeds, runSeed, job = job))
  }
  # Bytes, which a worker can take before it knows where its packages are.
  bytes <- serialize(job, NULL)
  function(seeds) BiocParallel::bplapply(seeds, remoteSeed, libraries = .libPaths(), job = bytes, BPPARAM = BPPARAM)
}

# A worker may be a fresh R process: this function must not need the package to be read.
remoteSeed <- function(seed, libraries, job) {
  .libPaths(libraries)
  get("runSeed", asNamespace("starscape"))(seed, unserialize(job))
}
environment(remoteSeed) <- baseenv()

# The labels of a method with one seed, and what they cost. An error is a result, too.
runSeed <- function(seed, job) {
  begin <- proc.time()[["elapsed"]]
  seconds <- NA_real_
  found <- tryCatch({
    first <- embed(job, seed)
    total <- divide(job, first, seed)
    seconds <- proc.time()[["elapsed"]] - begin
    list(labels = total, embedding = embeddingAlone(job, first, total), clustering = clusteringAlone(job, seed))
  }, error = identity)
  failed <- inherits(found, "error")
  if (failed) seconds <- proc.time()[["elapsed"]] - begin
  record <- c(
    list(
      seed = seed, status = if (failed) "failed" else "ok", message = if (failed) conditionMessage(found) else "",
      seconds = seconds, memory = peakMemory()
    ),
    if (!failed) found
  )
  keepRecord(record, job$fingerprint, job$checkpoint)
  record
}

embed <- function(job, seed) seeded(seed, job$method$embed(job$x, seed))

# The labels of the spots that have counts, as numbers from 1.
divide <- function(job, embedding, seed) {
  cluster <- job$method$cluster
  labels <- if (is.null(cluster)) embedding else seeded(seed, cluster(embedding, job$k, seed))
  checkedLabels(labels, job$used)
}

# The embedding of a seed divided with the first seed.
embeddingAlone <- function(job, embedding, total) {
  if (job$apart && job$method$seeded) divide(job, embedding, job$first) else if (job$apart) total
}

# The embedding of the first seed divided with another.
clusteringAlone <- function(job, seed) {
  if (!is.null(job$firstEmbedding)) divide(job, job$firstEmbedding, seed)
}

# The job with the embedding of the first seed, which every seed divides; without it where that fails.
withFirst <- function(job) {
  if (job$apart && job$method$seeded) {
    job$firstEmbedding <- tryCatch(embed(job, job$first), error = function(error) NULL)
  }
  job
}

# R's generator starts from the seed, whatever kind the session uses, and is put back.
seeded <- function(seed, code) {
  withr::with_seed(
    seed, code, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection"
  )
}

# As in the core: with more labels they are no domains.
mostLabels <- 1000

checkedLabels <- function(labels, used) {
  if (!is.atomic(labels) || length(labels) != length(used)) {
    rlang::abort(sprintf("The method gave %s instead of %d labels.", describe(labels), length(used)))
  }
  labels <- labels[used]
  if (anyNA(labels)) rlang::abort(sprintf("The method gave NA for %d spots that have counts.", sum(is.na(labels))))
  codes <- match(labels, unique(labels))
  if (max(codes) == 1) rlang::abort("The method gave all spots the same label.")
  if (max(codes) > mostLabels) rlang::abort(sprintf("The method gave %d different labels.", max(codes)))
  codes
}

# Peak memory of this process in megabytes: resident where Linux tells, otherwise R's heap.
peakMemory <- function() {
  status <- "/proc/self/status"
  line <- if (file.exists(status)) grep("^VmHWM:", readLines(status), value = TRUE)
  if (length(line) == 1) {
    return(as.numeric(gsub("[^0-9]", "", line)) / 1024)
  }
  heap <- gc()
  sum(heap[, ncol(heap)])
}

# Checkpoints -------------------------------------------------------------------------------------------------------

# What must be the same for records to belong together. Functions are compared by their code.
sweepFingerprint <- function(tissue, method, k, apart, first) {
  counts <- tissue$counts
  rlang::hash(list(
    version = format(utils::packageVersion("starscape")),
    counts = list(counts@i, counts@p, counts@x, counts@Dim, counts@Dimnames),
    tissue = list(tissue$coords, tissue$slice, tissue$used), code = lapply(method[c("embed", "cluster")], deparse),
    method = unclass(method)[c("name", "seeded", "settings")], k = k, first = if (apart && method$seeded) first
  ))
}

# The records that a directory holds, by their seeds; makes the directory.
storedRecords <- function(checkpoint, fingerprint) {
  if (is.null(checkpoint)) {
    return(list())
  }
  if (!isString(checkpoint)) {
    stopArgument("checkpoint", paste("must be the name of a directory, not", describe(checkpoint)))
  }
  dir.create(checkpoint, showWarnings = FALSE, recursive = TRUE)
  if (!dir.exists(checkpoint)) stopArgument("checkpoint", sprintf("cannot be made: \"%s\"", checkpoint))
  files <- list.files(checkpoint, "^seed-[0-9]+[.]rds$", full.names = TRUE)
  stored <- lapply(files, function(file) tryCatch(readRDS(file), error = function(error) NULL))
  foreign <- !vapply(stored, function(kept) identical(kept$fingerprint, fingerprint), NA)
  if (any(foreign)) {
    stopArgument(
      "checkpoint", sprintf("holds %d seeds of other data, another method or other settings", sum(foreign)),
      "Give every sweep a directory of its own."
    )
  }
  named(lapply(stored, `[[`, "record"))
}

named <- function(records) stats::setNames(records, seedNames(vapply(records, `[[`, 0L, "seed")))

# A file is written under another name first: whatever happens, one that is there is whole.
keepRecord <- function(record, fingerprint, checkpoint) {
  if (is.null(checkpoint)) {
    return(invisible())
  }
  part <- tempfile("part-", checkpoint)
  on.exit(unlink(part))
  saveRDS(list(fingerprint = fingerprint, record = record), part)
  invisible(file.rename(part, file.path(checkpoint, sprintf("seed-%d.rds", record$seed))))
}
