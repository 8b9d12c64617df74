# Pseudobulk: the summed counts of each domain in each replicate are the units of the test.

# Fewest counts of a gene over all sums that are tested.
leastCounts <- 10

# Moderated t statistics of limma, their p-values and fold changes, genes x comparisons. The comparisons are those of
# the rank sums. Domains with fewer than two sums cannot be compared.
pseudobulkTest <- function(input, plan, sums) {
  needPackage("limma", "test", "choose test = \"wilcoxon\"")
  samples <- pseudobulkSums(input$counts, plan$domain, input$block)
  domains <- levels(droplevels(samples$domain))
  design <- pseudobulkDesign(samples)
  tested <- Matrix::rowSums(samples$sums) >= leastCounts
  if (sum(tested) < 2) {
    stopArgument(
      "x", sprintf("has %d genes with %d counts or more in the sums", sum(tested), leastCounts),
      "Give more genes, or test = \"wilcoxon\"."
    )
  }
  weighted <- limma::voom(samples$sums[tested, , drop = FALSE], design)
  fitted <- limma::lmFit(weighted, design)
  enough <- table(samples$domain) >= 2
  tellLone(enough, plan$domain)
  empty <- array(NA_real_, dim(sums$shift))
  result <- list(statistic = empty, p_value = empty, logFC = empty)
  for (at in seq_along(sums$own)) {
    own <- levels(plan$domain)[[sums$own[[at]]]]
    others <- if (sums$other[[at]] == 0) setdiff(domains, own) else levels(plan$domain)[[sums$other[[at]]]]
    if (!enough[[own]] || !any(enough[others]) || !all(others %in% domains)) next
    contrast <- (colnames(design) == own) - (colnames(design) %in% others) / length(others)
    moderated <- limma::eBayes(limma::contrasts.fit(fitted, contrast))
    result$statistic[tested, at] <- moderated$t[, 1]
    result$p_value[tested, at] <- moderated$p.value[, 1]
    result$logFC[tested, at] <- moderated$coefficients[, 1]
  }
  result
}

# Domains that lie in one block cannot be compared. Those that are too small to be tested at all are told elsewhere.
tellLone <- function(enough, domain) {
  lone <- levels(domain)[!enough[levels(domain)] & table(domain) >= leastSpots]
  if (length(lone) > 0) {
    tell(
      "Domains with ", leastSpots, " spots or more in fewer than two blocks are not tested: ", quoted(lone),
      ". Their p-values are NA."
    )
  }
}

# Sums of the counts of each domain in each block, genes x samples, for those of three spots or more.
pseudobulkSums <- function(counts, domain, block) {
  sample <- interaction(domain, block, lex.order = TRUE)
  sizes <- table(sample)
  kept <- names(sizes)[sizes >= leastSpots]
  few <- sum(sizes > 0 & sizes < leastSpots)
  if (few > 0) tell(few, " domains have fewer than ", leastSpots, " spots in a block. They are not used there.")
  member <- Matrix::sparseMatrix(
    which(sample %in% kept), match(sample[sample %in% kept], kept), x = 1, dims = c(ncol(counts), length(kept))
  )
  first <- match(kept, sample)
  list(sums = as.matrix(counts %*% member), domain = domain[first], block = block[first])
}

# One column a domain, by its name, and one a further block. Blocks that share no domain cannot be told from domains.
pseudobulkDesign <- function(samples) {
  domain <- droplevels(samples$domain)
  block <- droplevels(samples$block)
  if (nlevels(block) < 2 || nlevels(domain) < 2) {
    stopArgument("block", "has fewer than two replicates of two domains", "Give test = \"wilcoxon\" for one section.")
  }
  design <- stats::model.matrix(~ 0 + domain + block)
  colnames(design)[seq_len(nlevels(domain))] <- levels(domain)
  rank <- qr(design)$rank
  if (rank < ncol(design) || rank >= nrow(design)) {
    stopArgument(
      "block", sprintf("leaves %d sums of spots for %d coefficients", nrow(design), ncol(design)),
      "Give blocks that share domains, so that differences of blocks and of domains can be told apart."
    )
  }
  design
}
