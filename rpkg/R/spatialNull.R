# What it does to the rank sums of domainMarkers() that neighbouring spots are alike.

# For each comparison, genes x comparisons: by which factor the variance of its rank sum grows, the degrees of freedom
# with which that is known, and the number of independent spots that all of its spots are worth. For independent spots
# one number each, and no `n_effective`.
spatialNull <- function(input, plan, sums, settings, progress) {
  if (!settings$spatial) {
    return(list(inflation = 1, df = Inf))
  }
  found <- unwrap(core_rank_inflation(
    input$counts, unname(input$coords), sliceNumbers(input$slice, TRUE), as.integer(plan$domain),
    sliceCodes(input$block),
    list(domains = nlevels(plan$domain), comparison = plan$comparison, threads = settings$threads), progress
  ))
  spots <- matrix(comparedSpots(plan$domain, sums), nrow(found$df), ncol(found$df), byrow = TRUE)
  list(
    inflation = found$factor * unexplained(sums, spots), df = found$df,
    n_effective = pmin(spots, spots / found$factor)
  )
}

# Number of spots on both sides of each comparison.
comparedSpots <- function(domain, sums) {
  sizes <- tabulate(domain, nlevels(domain))
  ifelse(sums$other == 0, sum(sizes), sizes[sums$own] + sizes[pmax(sums$other, 1)])
}

# The variance of ranks under the null includes what the two sides differ by, which autocorrelation was not estimated
# from. Without it, the statistic is that of a t-test on ranks (Conover and Iman 1981, The American Statistician 35,
# 124-129). A quarter is what sides that do not overlap leave of untied ranks.
unexplained <- function(sums, spots) {
  strata <- matrix(sums$strata, nrow(spots), ncol(spots), byrow = TRUE)
  pmax(1 - (sums$shift / sums$sd)^2 / (spots - strata), 0.25)
}
