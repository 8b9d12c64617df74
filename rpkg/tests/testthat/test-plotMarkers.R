markers <- suppressMessages(
  domainMarkers(small$counts, small$labels, correct = "none", spatial = FALSE, verbose = FALSE), "starscape_message"
)

test_that("dots and heatmaps show the first genes of each domain in all domains", {
  shown <- starscape:::shownMarkers(markers, 4, NULL, "p_value")
  genes <- nlevels(shown$gene)
  expect_lte(genes, 12)
  largest <- tapply(seq_len(nrow(shown)), shown$gene, function(rows) shown$domain[rows][which.max(shown$auc[rows])])
  expect_identical(
    as.integer(largest), match(as.character(shown$of[match(names(largest), shown$gene)]), levels(shown$domain))
  )
  dots <- built(plotMarkerDots(markers, n = 4))
  expect_identical(nrow(dots$data[[1]]), genes * 3L)
  expect_identical(nlevels(dots$data[[1]]$PANEL), 3L)
  for (value in c("logFC", "auc")) {
    tiles <- built(plotMarkerHeatmap(markers, n = 4, value = value, limit = 0.3))
    expect_identical(nrow(tiles$data[[1]]), genes * 3L)
  }
  expect_identical(nlevels(built(plotMarkerDots(markers, features = c("gene3", "gene1")))$data[[1]]$PANEL), 1L)
})

test_that("volcanoes have a panel for each domain and name the clearest genes", {
  build <- built(plotMarkerVolcano(markers, n = 2))
  expect_identical(nlevels(build$data[[2]]$PANEL), 3L)
  expect_identical(nrow(build$data[[2]]), nrow(markers))
  expect_lte(nrow(build$data[[3]]), 6)
  expect_identical(nlevels(built(plotMarkerVolcano(markers, domain = "2"))$data[[2]]$PANEL), 1L)
})

test_that("what cannot be drawn is named", {
  expectArgumentError(plotMarkerDots(3), "markers")
  expectArgumentError(plotMarkerDots(markers, features = "none"), "features", "`markers` has no row for: \"none\"")
  expectArgumentError(plotMarkerHeatmap(markers, value = "p"), "value")
  expectArgumentError(plotMarkerHeatmap(markers, by = "gene"), "by")
  expectArgumentError(plotMarkerDots(rbind(markers, markers)), "markers", "was changed")
  pairs <- rbind(markers, replace(markers, "against", "2"))
  expectArgumentError(plotMarkerDots(pairs), "markers", "pairs")
  expectArgumentError(plotMarkerVolcano(markers, domain = "9"), "domain", "9")
  expectArgumentError(plotMarkerVolcano(markers, size = 2), "size")
})
