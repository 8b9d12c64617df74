# Running a method for many seeds: one record a seed, kept as soon as it is there.

# Runs the seeds that have no record yet, chunk by chunk, so that finished ones stay whatever happens. Ctrl-C ends the
# work and keeps them.
runSeeds <- function(job, seeds, records, BPPARAM, checkpoint, verbose) {
  records <- records[intersect(seedNames(seeds), names(records))]
  left <- seeds[!seedNames(seeds) %in% names(records)]
  if (length(left) == 0) {
    return(records)
  }
  tellMemory(job, min(gateWorkers(BPPARAM), length(left)), verbose)
  show <- progressBar(verbose)
  stopWorkers <- startWorkers(BPPARAM)
  on.exit(stopWorkers())
  if (hasQueue(BPPARAM) && !is.null(checkpoint)) job$checkpoint <- normalizePath(checkpoint)
  told <- FALSE
  tryCatch({
    run <- chunkRunner(withFirst(job), BPPARAM)
    for (chunk in seedChunks(left, BPPARAM)) {
      fresh <- run(chunk)
      kept <- vapply(fresh, keepRecord, NA, job$fingerprint, checkpoint)
      if (!all(kept) && !told) told <- warnUnwritten(checkpoint)
      records[seedNames(chunk)] <- fresh
      if (!is.null(show)) show("seeds", length(records), length(seeds), NULL)
    }
  }, interrupt = function(condition) {
    records <<- c(records, keptByJobs(setdiff(seedNames(left), names(records)), job))
    if (length(records) == 0) rlang::interrupt()
    warnInterrupted(length(records), length(seeds))
  })
  records[intersect(seedNames(seeds), names(records))]
}

seedNames <- function(seeds) sprintf("%d", seeds)

# Jobs of a cluster wait in its queue, so they are all sent at once and keep their own records.
hasQueue <- function(BPPARAM) methods::is(BPPARAM, "BatchtoolsParam")

seedChunks <- function(seeds, BPPARAM) {
  size <- if (hasQueue(BPPARAM)) length(seeds) else gateWorkers(BPPARAM)
  split(seeds, ceiling(seq_along(seeds) / size))
}

# Nobody knows which of the seeds ended the worker, so all have failed but those that jobs of a cluster have kept.
lostRecords <- function(seeds, job, message) {
  problem <- sprintf("No result came back from the worker, which may have died: %s", message)
  lost <- named(lapply(seeds, failedRecord, problem))
  kept <- keptByJobs(names(lost), job)
  lost[names(kept)] <- kept
  unname(lost)
}

# The records that jobs of a cluster have kept of some seeds.
keptByJobs <- function(names, job) {
  kept <- storedRecords(job$checkpoint, job$fingerprint)
  kept[intersect(names, names(kept))]
}

# The labels of a method with one seed, and what they cost. An error is a result, too.
runSeed <- function(seed, job) {
  begin <- proc.time()[["elapsed"]]
  found <- tryCatch({
    embedding <- embed(job, seed)
    list(embedding = embedding, labels = divide(job, embedding, seed))
  }, error = identity)
  seconds <- proc.time()[["elapsed"]] - begin
  record <- if (inherits(found, "error")) {
    failedRecord(seed, conditionMessage(found), seconds, peakMemory())
  } else {
    list(
      seed = seed, status = "ok", message = "", seconds = seconds, memory = peakMemory(), labels = found$labels,
      embedding = orNull(embeddingAlone(job, found$embedding, found$labels)),
      clustering = orNull(clusteringAlone(job, seed, found$labels))
    )
  }
  keepRecord(record, job$fingerprint, job$checkpoint)
  record
}

failedRecord <- function(seed, message, seconds = NA_real_, memory = NA_real_) {
  list(seed = seed, status = "failed", message = message, seconds = seconds, memory = memory)
}

# What the stages do alone is an extra: where it fails, the result of the seed stands without it.
orNull <- function(code) tryCatch(code, error = function(error) NULL)

embed <- function(job, seed) quietly(job, seeded(seed, job$method$embed(job$x, seed)))

# What built-in methods print and tell while they run is for `verbose` alone.
quietly <- function(job, code) {
  if (!job$quiet) {
    return(code)
  }
  utils::capture.output(value <- suppressMessages(code), file = nullfile())
  value
}

# The labels of the spots that have counts, as numbers from 1.
divide <- function(job, embedding, seed) {
  cluster <- job$method$cluster
  labels <- embedding
  if (!is.null(cluster)) labels <- quietly(job, seeded(seed, cluster(embedding, job$k, seed)))
  checkedLabels(perSpot(labels, job$spots, "method"), job$used)
}

# Whether the stages have to be told apart by further divisions: where one does not see the seed, all is the other's.
bothSeeded <- function(apart, method) apart && method$seeded && method$embedSeeded

# The embedding of a seed divided with the first seed.
embeddingAlone <- function(job, embedding, total) {
  if (bothSeeded(job$apart, job$method)) divide(job, embedding, job$first) else if (job$apart) total
}

# The embedding of the first seed divided with another.
clusteringAlone <- function(job, seed, total) {
  if (!is.null(job$firstEmbedding)) {
    divide(job, job$firstEmbedding, seed)
  } else if (job$apart && !job$method$embedSeeded) {
    total
  }
}

# The job with the embedding of the first seed, which every seed divides; without it where that fails.
withFirst <- function(job) {
  if (bothSeeded(job$apart, job$method)) {
    job$firstEmbedding <- orNull(embed(job, job$first))
  }
  job
}

# Puts R's generator back, in a session that has drawn nothing yet to having no state: withr alone would leave it with
# another kind.
keepingGenerator <- function(code) {
  fresh <- !exists(".Random.seed", globalenv(), inherits = FALSE)
  # To ask for the kinds makes a state.
  kinds <- RNGkind()
  if (fresh) {
    on.exit({
      suppressWarnings(do.call(RNGkind, as.list(kinds)))
      rm(".Random.seed", envir = globalenv())
    })
  }
  withr::with_preserve_seed(code)
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

# What must be the same for records to belong together. Functions are compared by their code, without comments. The
# counts do not hold all that a method of the user's own may look at in what it is given.
sweepFingerprint <- function(x, tissue, method, k, apart, first) {
  counts <- tissue$counts
  contentHash(lapply(list(
    version = format(utils::packageVersion("starscape")), given = if (method$own) x,
    values = counts@x, rows = counts@i, offsets = counts@p, names = counts@Dimnames,
    tissue = list(tissue$coords, unname(tissue$slice), tissue$used),
    code = lapply(method[c("embed", "cluster")], deparse, control = c("keepNA", "keepInteger")),
    method = list(method$name, method$seeded, method$embedSeeded, plainSettings(method$settings), method$versions),
    k = k, first = if (bothSeeded(apart, method)) first
  ), contentHash))
}

# 5L is the same setting as 5, and their order says nothing.
plainSettings <- function(settings) {
  ordered <- settings[sort(as.character(names(settings)), method = "radix")]
  rapply(ordered, as.double, classes = "integer", how = "replace")
}

# The records of seeds that succeeded in a directory, by their seeds; makes the directory.
storedRecords <- function(checkpoint, fingerprint) {
  if (is.null(checkpoint)) {
    return(list())
  }
  openCheckpoint(checkpoint)
  files <- list.files(checkpoint, "^seed-[0-9]+[.]rds$", full.names = TRUE)
  stored <- lapply(files, readKept, "Delete the file to run its seed again.")
  foreign <- !vapply(stored, function(kept) identical(kept$fingerprint, fingerprint), NA)
  if (any(foreign)) {
    stopArgument(
      "checkpoint",
      sprintf("holds %s of other data, another method, other settings or another first seed", seedCount(sum(foreign))),
      "Give every sweep a directory of its own."
    )
  }
  succeeded(named(lapply(stored, `[[`, "record")))
}

named <- function(records) stats::setNames(records, seedNames(vapply(records, `[[`, 0L, "seed")))

succeeded <- function(records) Filter(function(record) record$status == "ok", records)

seedCount <- function(count) sprintf(if (count == 1) "%d seed" else "%d seeds", count)

# Whether a record is where it should be.
keepRecord <- function(record, fingerprint, checkpoint) {
  is.null(checkpoint) || writeKept(record, fingerprint, file.path(checkpoint, sprintf("seed-%d.rds", record$seed)))
}

warnUnwritten <- function(checkpoint) {
  rlang::warn(
    c(
      sprintf("A seed cannot be written to the `checkpoint` \"%s\".", checkpoint),
      i = "The sweep goes on; give its result as `previous` to use the seed again."
    ),
    class = "starscape_warning"
  )
  TRUE
}
