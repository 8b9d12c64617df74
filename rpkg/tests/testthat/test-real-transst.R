# TransST on real sections with labelled sources.

tumours <- c(A1 = 4, B1 = 4, C1 = 3, D1 = 3)

tumour <- function(name) {
  once(paste("tumour", name), {
    path <- file.path(folder, "her2st", name)
    table <- utils::read.delim(gzfile(file.path(path, "counts.tsv.gz")), row.names = 1, check.names = FALSE)
    counts <- methods::as(t(as.matrix(table)), "CsparseMatrix")
    places <- do.call(rbind, lapply(strsplit(colnames(counts), "x"), as.numeric))
    known <- utils::read.delim(file.path(path, "labeled_coordinates.tsv"))
    label <- known$label[match(colnames(counts), paste0(round(known$x), "x", round(known$y)))]
    dropped <- c("undetermined", if (name %in% c("A1", "C1")) "immune infiltrate")
    kept <- !is.na(label) & !label %in% dropped
    list(counts = counts[, kept], coords = places[kept, ], labels = label[kept])
  })
}

test_that("sections of other patients do no harm", {
  needSections("borrowing from a labelled source")
  skip_if_not(dir.exists(file.path(folder, "her2st")), "no tumour sections")
  ari <- vapply(names(tumours), function(name) {
    target <- tumour(name)
    others <- lapply(setdiff(names(tumours), name), tumour)
    fit <- suppressMessages(runTransST(
      target$counts, lapply(others, `[[`, "counts"), lapply(others, `[[`, "labels"), coords = target$coords,
      sourceCoords = lapply(others, `[[`, "coords"), k = tumours[[name]]
    ))
    c(
      fit = clusterMetrics(target$labels, fit$domain)[["ARI"]],
      alone = clusterMetrics(target$labels, fit$targetOnly$domain)[["ARI"]], share = fit$predictedShare
    )
  }, c(fit = 0, alone = 0, share = 0))
  message("tumours: ", paste(colnames(ari), round(ari["fit", ], 3), collapse = ", "))
  expect_gte(mean(ari["fit", ]), 0.36)
  expect_true(all(ari["fit", ] >= ari["alone", ] - 0.02))
})

test_that("a section of the same donor helps, and a shuffled one does not hurt", {
  needSections("borrowing from a labelled source")
  source <- readSection("151673")
  target <- readSection("151674")
  run <- function(labels = source$labels, counts = source$counts, ...) {
    suppressMessages(runTransST(
      target$counts, counts, labels, coords = unname(target$coords), sourceCoords = unname(source$coords), k = 7,
      verbose = FALSE, ...
    ))
  }
  fit <- run()
  known <- !is.na(target$labels)
  accuracy <- mean(as.character(fit$label)[known] == as.character(target$labels)[known])
  ari <- clusterMetrics(target$labels, fit$domain)[["ARI"]]
  message(sprintf("151674 with 151673: ARI %.4f, labels %.4f", ari, accuracy))
  expect_gte(ari, 0.74)
  expect_gte(accuracy, 0.86)
  shuffled <- run(labels = withr::with_seed(1, sample(source$labels)))
  genes <- source$counts[withr::with_seed(1, sample(nrow(source$counts))), ]
  rownames(genes) <- rownames(source$counts)
  alone <- clusterMetrics(target$labels, fit$targetOnly$domain)[["ARI"]]
  for (useless in list(shuffled, run(counts = genes))) {
    expect_gte(clusterMetrics(target$labels, useless$domain)[["ARI"]], alone - 0.02)
  }
})
