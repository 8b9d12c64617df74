# Markers of the layers of a real section, against R's own test, Seurat's fold changes and what is known.

cortex <- c(
  MBP = "ENSG00000197971", MOBP = "ENSG00000168314", PLP1 = "ENSG00000123560", PCP4 = "ENSG00000183036",
  HPCAL1 = "ENSG00000115756", LAMP5 = "ENSG00000125869", RELN = "ENSG00000189056", AQP4 = "ENSG00000171885"
)
home <- c(MBP = "WM", MOBP = "WM", PLP1 = "WM", PCP4 = "L5", HPCAL1 = "L2", LAMP5 = "L2", RELN = "L1", AQP4 = "L1")
layerMarkers <- function(...) {
  data <- readSection("151673")
  suppressMessages(
    domainMarkers(data$counts, data$labels, correct = "none", spatial = FALSE, verbose = FALSE, ...),
    "starscape_message"
  )
}

test_that("p-values, AUC and fold changes of a real section are those of R and Seurat", {
  needSections("markers of a real section")
  data <- readSection("151673")
  known <- !is.na(data$labels)
  counts <- data$counts[, known]
  markers <- layerMarkers()
  genes <- c(cortex, rownames(counts)[seq(1, 5000, by = 50)])
  values <- as.matrix(log1p(Matrix::t(Matrix::t(counts) / Matrix::colSums(counts) * 1e4))[genes, ])
  inside <- data$labels[known] == "L3"
  rows <- markers[markers$domain == "L3", ]
  rows <- rows[match(genes, rows$gene), ]
  tests <- apply(values, 1, function(gene) stats::wilcox.test(gene[inside], gene[!inside], exact = FALSE))
  p <- unname(vapply(tests, `[[`, 0, "p.value"))
  expect_lt(max(abs(rows$p_value / p - 1)), 1e-8)
  wins <- unname(vapply(tests, `[[`, 0, "statistic"))
  expect_lt(max(abs(rows$auc - wins / sum(inside) / sum(!inside))), 1e-10)
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(counts))
  object <- Seurat::NormalizeData(object, verbose = FALSE)
  SeuratObject::Idents(object) <- data$labels[known]
  theirs <- Seurat::FoldChange(
    object, ident.1 = "L3", features = genes, mean.fxn = function(x) log2(Matrix::rowMeans(expm1(x)) + 1)
  )
  expect_lt(max(abs(rows$logFC - theirs$avg_log2FC)), 1e-10)
  expect_lte(max(abs(rows$pct_in - theirs$pct.1)), 5e-4 + 1e-12)
})

test_that("known genes of the cortex are among the first of their layer", {
  needSections("markers of a real section")
  best <- markerList(layerMarkers(), n = 25)
  for (gene in names(cortex)) expect_true(cortex[[gene]] %in% rownames(best[[home[[gene]]]]), label = gene)
})

test_that("all genes of a section are tested in a second", {
  needSections("markers of a real section")
  time <- system.time(layerMarkers(threads = 1), gcFirst = FALSE)
  expect_lt(time[["user.self"]] + time[["sys.self"]], 3)
})
