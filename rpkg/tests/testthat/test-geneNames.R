human <- paste0("KRT", 1:80)
mouse <- paste0("Krt", 1:80)
ids <- sprintf("ENSG%011d", 1:80)
versions <- paste0(ids, ".", 1:80 %% 7)
cause <- function(first, second) starscape:::nameCause(first, second, c("`x`", "`source`"))

test_that("names of another kind are seen", {
  other <- cause(human, mouse)
  expect_match(other$seen, "^80 match where upper and lower case .*\"KRT1\" in `x`, \"Krt1\" in `source`")
  expect_match(other$hint, "Mouse and human.*orthologues.*toupper")
  expect_match(cause(c(human[1:30], mouse[31:80]), human)$seen, "^80 match.*\"Krt31\" in `x`")
  expect_match(cause(ids, human)$seen, "`x` has Ensembl ids .\"ENSG00000000001\". and `source` has .* .\"KRT1\".")
  expect_match(cause(human, versions)$seen, "^`source` has Ensembl ids .* and `x` has other names")
  expect_match(cause(ids, versions)$seen, "^80 match without the versions")
  expect_match(cause(ids, sub("ENSG", "ENSMUSG", ids))$seen, "two species \\(ENSG in `x`, ENSMUSG in `source`\\)")
})

test_that("sets of genes that simply differ are left alone", {
  expect_null(cause(human, human))
  expect_null(cause(human, paste0("no", 1:80)))
  expect_null(cause(c(human[1:60], mouse[61:80]), human))
  expect_null(cause(human, c(mouse[1:20], paste0("no", 1:80))))
  expect_null(cause(c("bad\xff", "a"), c("bad\xfe", "b")))
})

test_that("runTransST() says so where genes are not shared, and where enough of them are", {
  named <- function(counts, genes) `rownames<-`(counts[rep_len(1:60, 80), ], genes)
  slice <- pair$slice == "slice2"
  fitted <- function(x, source) {
    several <- is.list(source)
    labels <- if (several) rep(list(pair$labels[slice]), length(source)) else pair$labels[slice]
    source <- if (several) lapply(source, named, counts = pair$counts[, slice]) else named(pair$counts[, slice], source)
    runTransST(
      named(pair$counts[, !slice], x), source, labels, coords = pair$coords[!slice, ], k = 3, nFactors = 2,
      cellsPerSpot = NULL, verbose = FALSE
    )
  }
  expectArgumentError(fitted(human, mouse), "source", "only 0 genes .*; 80 match where.*\n.*toupper")
  expectArgumentError(fitted(versions, human), "source", "`x` has Ensembl ids")
  expectArgumentError(
    fitted(human, list(human, mouse)), "source", "share only 0 genes; 80 match.*in `source\\[\\[2\\]\\]`"
  )
  more <- c(human, paste0("TP", 1:40))
  expect_message(
    starscape:::gateSharedGenes(more, c(more[1:50], tolower(more[51:120]))),
    "50 genes are shared.*But 120 match.*toupper", class = "starscape_message"
  )
})
