# Wilcoxon rank-sum tests of all genes, and the one place where a rank sum becomes a p-value.

# Tests of the comparisons in `plan` (from gateCompare()): vectors and genes x comparisons matrices as the core gives
# them, see RankSums there.
rankSums <- function(counts, plan, block, threads, progress) {
  unwrap(core_rank_sums(
    counts, as.integer(plan$domain), sliceCodes(block),
    list(domains = nlevels(plan$domain), comparison = plan$comparison, threads = threads), progress
  ))
}

sliceCodes <- function(block) if (!is.null(block)) as.integer(block) - 1L

# The statistic, standard normal or t under the null, and its two-sided p-value; NA where nothing varies. `shift` and
# `sd` are the rank sum less its mean, and its standard deviation for independent spots. `inflation` is by how much its
# variance grows because neighbouring spots are alike, and `df` are the degrees of freedom with which that is known.
# `continuity` is half the step of the rank sum; 0 for a sum over several strata, which has no fixed step.
rankSumTest <- function(shift, sd, continuity, inflation = 1, df = Inf) {
  statistic <- (shift - sign(shift) * continuity) / (sd * sqrt(inflation))
  statistic[!is.na(sd) & sd == 0] <- NA
  list(statistic = statistic, p_value = 2 * stats::pt(-abs(statistic), df))
}
