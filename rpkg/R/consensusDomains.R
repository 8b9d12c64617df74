#' Domains that many runs have in common
#'
#' The consensus of the runs of a sweep: hard least-squares consensus, which starts from the run that agrees best with
#' all others and alternates between matching each run's groups with the consensus (Hungarian method) and a vote of the
#' runs on each spot.
#'
#' @param sweep A `stability_sweep` from [stabilitySweep()].
#' @param k Number of domains, a whole number from 2 to the most labels of any run; `NULL` for that of the sweep. With
#'   fewer, the search starts from the run's groups joined by how often runs put their spots together (average linkage).
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param ... Not used; any other argument is an error.
#' @return Data frame with one row per spot: `domain`, a factor whose levels `"1"`, `"2"`, ... are ordered by size, and
#'   `support`, the share of runs, from 0 to 1, that agree. Spots without counts are NA.
#' @section Errors:
#' Anything but a sweep, and a `k` larger than any run gives, are errors of class `starscape_error_argument`.
#' @references
#' Hornik (2005). A CLUE for CLUster Ensembles. Journal of Statistical Software 14(12).
#'
#' Fred and Jain (2005). Combining multiple clusterings using evidence accumulation. IEEE Transactions on Pattern
#' Analysis and Machine Intelligence 27, 835-850. \doi{10.1109/TPAMI.2005.113}
#' @seealso [stabilitySweep()]
#' @examples
#' slices <- simulateSlices(rows = 12, columns = 12, genes = 100, domains = 4)
#' sweep <- stabilitySweep(slices$counts, coords = slices$coords, seeds = 1:3, k = 4, latentDim = 5, epochs = 5)
#' head(consensusDomains(sweep))
#' table(consensusDomains(sweep, k = 3)$domain)
#' @export
consensusDomains <- function(sweep, k = NULL, threads = 2, ...) {
  needArguments()
  gateDots(...)
  whole <- NULL
  # How many spots there are is not known of a sweep that is refused.
  checked <- gateTogether(
    sweep = whole <- gateSweep(sweep),
    k = gateK(k, if (is.null(whole)) Inf else sum(!is.na(whole$spots$consensus))),
    threads = threadCount(threads, "threads")
  )
  spots <- whole$spots
  if (is.null(k)) {
    return(data.frame(domain = spots$consensus, support = spots$support, row.names = rownames(spots)))
  }
  used <- !is.na(spots$consensus)
  found <- unwrap(core_stability(rawLabels(whole), checked$k, checked$threads, NULL))
  rows <- match(seq_along(used), which(used))
  data.frame(
    domain = factor(found$consensus, levels = seq_len(found$k))[rows], support = found$support[rows],
    row.names = rownames(spots)
  )
}
