# Donors whose true shares vary; each has `spots` spots.
drawDonors <- function(donors, effect = 0, spots = 300) {
  base <- c(a = 0.4, b = 0.3, c = 0.2, d = 0.1)
  group <- rep(c("first", "second"), each = donors / 2)
  parts <- lapply(seq_len(donors), function(donor) {
    expected <- base * exp(if (group[[donor]] == "second") c(0, 0, effect, 0) else 0)
    own <- stats::rgamma(4, 20 * expected / sum(expected))
    data.frame(domain = sample(names(base), spots, TRUE, own), donor = paste0("d", donor), group = group[[donor]])
  })
  do.call(rbind, parts)
}

test_that("counts and shares are those of the table, and every way of saying the groups gives the same test", {
  spots <- withr::with_seed(1, drawDonors(8, 1.5))
  found <- domainShares(spots$domain, spots$donor, spots$group)
  expect_equal(unclass(found$spots), unclass(table(spots$donor, spots$domain)), ignore_attr = TRUE)
  expect_equal(rowSums(found$shares), stats::setNames(rep(1, 8), paste0("d", 1:8)))
  expect_lt(found$test$p_value[[3]], 0.05)
  expect_gt(found$test$lower[[3]], 0)
  expect_lt(found$test$logOddsRatio[[3]], found$test$upper[[3]])
  byName <- stats::setNames(rep(c("first", "second"), each = 4), paste0("d", 1:8))
  expect_equal(domainShares(spots$domain, spots$donor, rev(byName))$test$p_value, {
    domainShares(spots$domain, spots$donor, factor(spots$group, c("second", "first")))$test$p_value
  })
  odds <- log((found$spots[, "c"] + 0.5) / (300 - found$spots[, "c"] + 0.5))
  expected <- stats::t.test(odds[5:8], odds[1:4], var.equal = TRUE)
  expect_equal(found$test$p_value[[3]], expected$p.value)
  expect_equal(c(found$test$lower[[3]], found$test$upper[[3]]), as.numeric(expected$conf.int))
  long <- as.data.frame(found)
  expect_equal(long$share[long$sample == "d3" & long$domain == "b"], unname(found$shares["d3", "b"]))
  expect_output(print(found), "log odds of second against first")
  expect_null(domainShares(spots$domain, spots$donor)$test)
})

test_that("donors without a difference give a small p-value as often as it says", {
  p <- withr::with_seed(2, replicate(200, {
    spots <- drawDonors(8)
    domainShares(spots$domain, spots$donor, spots$group)$test$p_value
  }))
  expect_gt(mean(p < 0.05), 0.03)
  expect_lt(mean(p < 0.05), 0.07)
})

test_that("objects and lists of objects give what vectors give", {
  spots <- withr::with_seed(3, drawDonors(4, spots = 30))
  rownames(spots) <- paste0("spot", seq_len(nrow(spots)))
  counts <- matrix(1, 3, nrow(spots), dimnames = list(paste0("gene", 1:3), rownames(spots)))
  wanted <- domainShares(spots$domain, spots$donor, spots$group)
  skip_if_not_installed("SingleCellExperiment")
  object <- SingleCellExperiment::SingleCellExperiment(list(counts = counts), colData = spots)
  expect_equal(domainShares(object, "donor", "group"), wanted)
  parts <- lapply(split(seq_len(ncol(object)), spots$donor), function(own) object[, own])
  expect_equal(domainShares(parts, group = "group"), wanted)
  expect_equal(domainShares(parts, "donor", "group"), wanted)
  error <- expect_error(domainShares(parts, group = "grp"), class = "starscape_error_argument")
  expect_equal(error$argument, "group")
  object$none <- NA
  error <- expect_error(domainShares(object, "donor", domain = "none"), class = "starscape_error_argument")
  expect_equal(error$argument, "domain")
  skip_if_not_installed("SeuratObject")
  seurat <- SeuratObject::CreateSeuratObject(methods::as(counts, "CsparseMatrix"), meta.data = spots)
  expect_equal(domainShares(seurat, "donor", "group"), wanted)
  shuffled <- withr::with_seed(4, sample(stats::setNames(spots$donor, rownames(spots))))
  expect_equal(domainShares(seurat, shuffled, "group"), wanted)
})

test_that("what cannot be tested is refused by name", {
  domain <- rep(c("a", "b"), 8)
  sample <- rep(c("s1", "s2", "s3", "s4"), each = 4)
  refused <- function(code, argument) {
    error <- expect_error(code, class = "starscape_error_argument")
    expect_equal(error$argument, argument)
  }
  refused(domainShares(domain), "sample")
  refused(domainShares(NULL, sample), "x")
  refused(domainShares(rep(NA, 16), sample), "x")
  refused(domainShares(domain, sample[-1]), "sample")
  refused(domainShares(domain, sample, rep(c("x", "y"), 8)), "group")
  refused(domainShares(domain, sample, c(s1 = "x", s2 = "x", s3 = "x", s4 = "y")), "group")
  refused(domainShares(domain, sample, rep(c("x", "y", "z", "z"), each = 4)), "group")
  refused(domainShares(replace(domain, 1:4, NA), sample), "sample")
  same <- domainShares(domain, sample, rep(c("x", "y"), each = 8))
  expect_true(all(is.na(same$test$p_value)))
})
