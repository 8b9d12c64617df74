#' Time and memory of an analysis before it starts
#'
#' Says about how long a fit, domains and markers take and how much memory R needs for them, the counts included. Time
#' and memory grow in proportion to the number of cells, from some ten thousand on.
#'
#' The figures come from lines through the measurements of the project's `benches/scale`, of simulated tissue of up to
#' a million cells on two cores of a server of 2025: they are right within a factor of two on machines like it. Memory
#' depends little on the machine. [runStarscape()] stops before it begins where four fifths of what a fit and its
#' domains are expected to need beside the counts are not free; it does not where the system does not tell what is free.
#'
#' What helps where memory is short: fewer genes (`nFeatures` saves time only, leaving out rows of the counts saves
#' memory); a fit of a part of the cells and [projectDomains()] for the rest; sections one after the other instead of
#' jointly.
#'
#' @param x Counts or an object, as [runStarscape()] takes them, or a list of those; or `NULL` to plan without data,
#'   from `spots`, `genes` and `filled`.
#' @param spots,genes Number of spots (cells, bins) and genes where there is no `x`.
#' @param filled Share of the counts that are not 0, above 0 to 1, where there is no `x`: about 0.25 for the small
#'   panels of imaging, 0.1 for 55 µm spots, 0.01 to 0.05 for bins and whole transcriptomes of single cells.
#' @param nFeatures,threads As for [runStarscape()].
#' @param assay,layer For objects, as for [runStarscape()].
#' @param ... Not used; any other argument is an error.
#' @return A data frame with a row for each operation (`runStarscape`, `findDomains` with and without a given number of
#'   domains, `domainMarkers` by rank sums of labels that were given, `spatiallyVariableGenes`) and the columns
#'   `operation`, `seconds` and `gigabytes` (10^9 bytes, the largest use of R during it). Its attribute `free` is the
#'   memory that is free now, in gigabytes, `NA` where the system does not tell.
#' @section Errors:
#' Input that is no counts, and numbers outside their ranges, stop with a condition of class
#' `starscape_error_argument`.
#' @seealso [runStarscape()], [projectDomains()]; the vignette on many cells.
#' @examples
#' estimateResources(spots = 1e6, genes = 500, filled = 0.25)
#'
#' slices <- simulateSlices(rows = 20, columns = 20, genes = 100, domains = 3, seed = 1)
#' estimateResources(slices$counts)
#' @export
estimateResources <- function(x = NULL, spots = NULL, genes = NULL, filled = NULL, nFeatures = 2000, threads = 2,
                              assay = NULL, layer = NULL, ...) {
  gateDots(...)
  settings <- gateFields(list(nFeatures = nFeatures, threads = threads), runChecks[c("nFeatures", "threads")])
  size <- if (is.null(x)) plannedSize(spots, genes, filled) else measuredSize(x, assay, layer)
  cells <- size$spots / 1e6
  cores <- min(settings$threads, 2) / 2
  features <- min(settings$nFeatures, size$genes)
  seconds <- c(
    secondsOf$start +
      (cells * (secondsOf$spot + secondsOf$feature * features) + secondsOf$stored * size$stored) / cores,
    secondsOf$start + cells * secondsOf$domains / cores,
    # The choice of k looks at some thousand spots, but for how much they repeat each other.
    secondsOf$start + (cells * secondsOf$domains + secondsOf$choice * min(1, size$spots / 16384)) / cores,
    secondsOf$tested * size$stored / cores,
    secondsOf$gene * cells * size$genes / cores
  )
  held <- bytesOf$start + bytesOf$stored * size$stored
  gigabytes <- (held + size$spots * c(bytesOf$fit, rep(bytesOf$domains, 2), rep(bytesOf$tests, 2))) / 1e9
  structure(
    data.frame(
      operation = c(
        "runStarscape", "findDomains, k given", "findDomains, k found", "domainMarkers", "spatiallyVariableGenes"
      ),
      seconds = signif(seconds, 2), gigabytes = signif(gigabytes, 2)
    ),
    free = freeMemory() / 1e9
  )
}

# Of benches/scale, two threads: seconds a million cells, for each feature of those, a stored count, a gene of a million
# cells.
secondsOf <- list(
  start = 1, spot = 20, feature = 0.072, stored = 1.5e-7, domains = 120, choice = 25, tested = 3e-7, gene = 0.045
)
# Bytes: R with the package, a stored count (value and row), and a spot beside its counts.
bytesOf <- list(start = 2.5e8, stored = 12, fit = 3000, domains = 4000, tests = 600)

plannedSize <- function(spots, genes, filled) {
  given <- list(spots = spots, genes = genes, filled = filled)
  missing <- names(given)[vapply(given, is.null, NA)]
  if (length(missing) > 0) {
    stopArgument(missing[[1]], "is missing, and there is no `x`", "Give `x`, or `spots`, `genes` and `filled`.")
  }
  checks <- list(
    spots = wholeNumber(1, largestInteger), genes = wholeNumber(1, largestInteger),
    filled = realNumber(0, 1, positive = TRUE)
  )
  # Products of integers would overflow.
  size <- lapply(gateFields(given, checks), as.numeric)
  list(spots = size$spots, genes = size$genes, stored = size$spots * size$genes * size$filled)
}

# Cells whose counts are looked at where it is not known how many are stored.
looked <- 1000

measuredSize <- function(x, assay, layer) {
  if (is.list(x) && !is.data.frame(x) && !isObject(x)) {
    sizes <- lapply(gateSlices(x), measuredSize, assay, layer)
    total <- function(part) sum(vapply(sizes, `[[`, 0, part))
    return(list(spots = total("spots"), genes = max(vapply(sizes, `[[`, 0, "genes")), stored = total("stored")))
  }
  counts <- objectCounts(x, assay, layer)
  if (!isMatrix(counts)) stopCountsClass(counts)
  sparse <- methods::is(counts, "CsparseMatrix")
  some <- if (sparse) counts else counts[, seq_len(min(looked, ncol(counts))), drop = FALSE]
  share <- length(asCounts(some)@x) / max(ncol(some), 1)
  list(spots = as.numeric(ncol(counts)), genes = as.numeric(nrow(counts)), stored = share * ncol(counts))
}

# Bytes of memory that processes can still take, swap included; NA where the system does not tell. A container may be
# allowed less than the machine has.
freeMemory <- function() {
  lines <- fileLines("/proc/meminfo")
  kilobytes <- function(name) as.numeric(sub("\\D*(\\d+) kB", "\\1", grep(paste0("^", name, ":"), lines, value = TRUE)))
  machine <- sum(kilobytes("MemAvailable"), kilobytes("SwapFree")) * 1024
  if (length(kilobytes("MemAvailable")) == 0) {
    return(NA_real_)
  }
  # "max" is no number: no limit.
  limit <- suppressWarnings(as.numeric(fileLines("/sys/fs/cgroup/memory.max")))
  used <- as.numeric(fileLines("/sys/fs/cgroup/memory.current"))
  files <- grep("^inactive_file ", fileLines("/sys/fs/cgroup/memory.stat"), value = TRUE)
  files <- as.numeric(sub("inactive_file ", "", files))
  if (length(limit) == 1 && !is.na(limit) && length(used) == 1) machine <- min(machine, limit - used + sum(files))
  max(machine, 0)
}

fileLines <- function(file) if (file.exists(file)) as.character(orNull(readLines(file, warn = FALSE))) else character()

# Stops before work that cannot be finished: where even four fifths of what it is expected to need beside the counts,
# which are there already, are not free.
gateMemory <- function(spots, free = freeMemory()) {
  needed <- 0.8 * spots * bytesOf$domains
  if (!is.na(free) && needed > free) {
    stopArgument(
      "x",
      sprintf(
        "has %s spots, for which about %.1f GB of memory are needed beside the counts, and %.1f GB are free",
        format(spots, big.mark = ","), spots * bytesOf$domains / 1e9, free / 1e9
      ),
      "Fit a part of the spots and project the others with projectDomains(), or see ?estimateResources."
    )
  }
}

# Bytes that a worker of a sweep needs: what is sent to it, packed and unpacked, and a fit of it; what a method of the
# user's own needs beyond its input is not known.
workerMemory <- function(job) {
  fit <- if (job$method$own) 0 else bytesOf$domains * length(job$used)
  bytesOf$start + 2 * as.numeric(utils::object.size(job$x)) + fit
}
