# Pseudotime of real sections against the order of the annotated layers.

# Kendall's rank correlation with the layers, from the deepest one outwards; the root is the found domain most of whose
# spots lie there. Layers are ties, so that the largest possible value is that of the layers against a strict order.
layerOrder <- function(name, layers, seed = 1) {
  data <- readSection(name)
  fit <- fitSection(name, seed)
  domains <- findDomains(fit, k = length(layers), verbose = FALSE)
  rank <- match(data$labels, layers)
  root <- names(which.max(tapply(rank == 1, domains$domain, mean, na.rm = TRUE)))
  time <- domainPseudotime(fit, root, domain = domains, verbose = FALSE)
  known <- !is.na(rank) & !is.na(time$pseudotime)
  tau <- stats::cor(time$pseudotime[known], rank[known], method = "kendall")
  cat(sprintf("%s seed %d: tau %.3f, largest possible %.3f\n", name, seed, tau,
              stats::cor(seq_along(rank[known]), sort(rank[known]), method = "kendall")))
  tau
}

cortex <- c("WM", paste0("L", 6:1))

test_that("pseudotime from white matter follows the layers of cortex for every seed", {
  needSections("pseudotime of real sections")
  for (seed in 1:3) expect_gte(layerOrder("151673", cortex, seed), 0.87)
})

test_that("pseudotime of the other sections follows their layers", {
  needSections("pseudotime of real sections")
  expect_gte(layerOrder("151674", cortex), 0.87)
  for (name in animals) expect_gte(layerOrder(name, c("L6", "L5", "L2/3", "L1")), 0.77)
})
