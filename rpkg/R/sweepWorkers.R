# The workers of a sweep: what is told of them beforehand, how they start, what they are sent and how they end.

# One pool of workers for all chunks, unless the user's is already there. Returns what stops it.
startWorkers <- function(BPPARAM) {
  if (is.null(BPPARAM) || BiocParallel::bpisup(BPPARAM)) {
    return(function() NULL)
  }
  BiocParallel::bpstart(BPPARAM)
  function() stopPool(BPPARAM)
}

# A function that runs some seeds and returns their records.
chunkRunner <- function(job, BPPARAM) {
  if (is.null(BPPARAM)) {
    return(function(seeds) lapply(seeds, runSeed, job = job))
  }
  desk <- tempfile("workers")
  dir.create(desk)
  # Bytes, which a worker can take before it knows where its packages are; in an environment, because some packages
  # (Seurat's log of its commands) write out all calls with their values, which takes minutes for large ones.
  parcel <- list2env(list(bytes = serialize(job, NULL), desk = desk), parent = emptyenv())
  # A worker that was forked has the handlers of this process, too.
  main <- Sys.getpid()
  stopped <- function(condition) if (Sys.getpid() == main) interruptWorkers(desk)
  function(seeds) {
    tryCatch(
      withCallingHandlers(
        BiocParallel::bplapply(seeds, remoteSeed, libraries = .libPaths(), parcel = parcel, BPPARAM = BPPARAM),
        interrupt = stopped
      ),
      error = function(error) {
        restartWorkers(BPPARAM)
        lostRecords(seeds, job, conditionMessage(error))
      }
    )
  }
}

# A worker may be a fresh R process: this function must not need the package to be read.
remoteSeed <- function(seed, libraries, parcel) {
  .libPaths(libraries)
  get("atDesk", asNamespace("starscape"))(seed, parcel)
}
environment(remoteSeed) <- baseenv()

# The desk is a folder of the main process, where a worker of the same machine leaves the number of its process while it
# has a seed. Ctrl-C reaches all processes of a terminal, but in most other places the main process alone, which then
# waits until its workers are done: so it hands the interrupt on, and closes the desk to seeds that were sent already.
atDesk <- function(seed, parcel) {
  if (file.exists(closedSign(parcel$desk))) rlang::abort("The sweep was interrupted.")
  if (dir.exists(parcel$desk)) {
    card <- file.path(parcel$desk, sprintf("%d@%s", Sys.getpid(), Sys.info()[["nodename"]]))
    file.create(card)
    on.exit(unlink(card))
  }
  runSeed(seed, unserialize(parcel$bytes))
}

closedSign <- function(desk) file.path(desk, "closed")

interruptWorkers <- function(desk) {
  file.create(closedSign(desk))
  cards <- list.files(desk, paste0("@", Sys.info()[["nodename"]], "$"))
  pids <- setdiff(as.integer(sub("@.*", "", cards)), Sys.getpid())
  if (length(pids) > 0) tools::pskill(pids, tools::SIGINT)
}

# A seed's own errors are caught where it runs: here a worker has died, and its pool is of no more use.
restartWorkers <- function(BPPARAM) {
  stopPool(BPPARAM)
  try(BiocParallel::bpstart(BPPARAM), silent = TRUE)
}

stopPool <- function(BPPARAM) if (hasQueue(BPPARAM)) stopJobs(BPPARAM) else stopProcesses(BPPARAM)

# bpstop() says goodbye to every worker, fails at a dead one and leaves the pool as it is. The others end with their
# connections.
stopProcesses <- function(BPPARAM) {
  try(BiocParallel::bpstop(BPPARAM), silent = TRUE)
  if (methods::is(BPPARAM, "SnowParam") && BiocParallel::bpisup(BPPARAM)) {
    for (node in BiocParallel::bpbackend(BPPARAM)) try(close(node$con), silent = TRUE)
    BiocParallel::bpbackend(BPPARAM) <- structure(list(), class = c("NULLcluster", "cluster"))
  }
}

# bpstop() fails where jobs run or wait, which are called off first, and would wait for five seconds before it removes
# the files. Local jobs cannot be called off: those that were interrupted may take a moment, others end with their seed,
# as there is nowhere left to write to.
stopJobs <- function(BPPARAM) {
  withr::local_options(BIOCPARALLEL_BATCHTOOLS_REMOVE_REGISTRY_WAIT = 0, batchtools.verbose = FALSE)
  registry <- BPPARAM$registry
  if (!is.null(registry$cluster.functions$killJob)) try(batchtools::killJobs(reg = registry), silent = TRUE)
  try(BiocParallel::bpstop(BPPARAM), silent = TRUE)
  if (BiocParallel::bpisup(BPPARAM)) {
    if (!BPPARAM$saveregistry) unlink(registry$file.dir, recursive = TRUE)
    BPPARAM$registry <- structure(list(), class = c("NULLRegistry", "Registry"))
  }
  # Processes of the local back end end when nothing refers to them any more.
  registry <- NULL
  invisible(gc(verbose = FALSE))
}

# Tells how much memory runs need, where there are several workers to find room for or the user wants to know.
tellMemory <- function(job, workers, verbose) {
  if (workers < 2 && !verbose) {
    return(invisible())
  }
  bytes <- workerMemory(job)
  amount <- function(bytes) format(structure(bytes, class = "object_size"), units = "auto", standard = "SI")
  needs <- if (workers < 2) {
    sprintf("A run needs about %s of memory", amount(bytes))
  } else {
    sprintf(
      "Each of %d workers needs about %s of memory (%s together)", workers, amount(bytes), amount(workers * bytes)
    )
  }
  tell(needs, if (job$method$own) ", and what the method needs beyond its input." else ".")
}
