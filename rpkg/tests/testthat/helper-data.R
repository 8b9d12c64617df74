# Small data and quick fits that the tests share.

small <- simulateSlices(rows = 12, columns = 12, genes = 80, domains = 3, seed = 7)
pair <- simulateSlices(slices = 2, rows = 9, columns = 10, genes = 60, domains = 3, batch = 0.3, seed = 3)

# A fit in well under a second.
quick <- function(x, ..., latentDim = 5, epochs = 5, verbose = FALSE) {
  suppressMessages(runStarscape(x, ..., latentDim = latentDim, epochs = epochs, verbose = verbose), "starscape_message")
}

quickFit <- quick(small$counts, coords = small$coords)

# What findDomains() should find on some of the spots of that fit.
domainsOfPart <- function(rows) {
  fit <- quickFit
  findDomains(
    fit$embedding[rows, ],
    k = 2, prior = fit$prior[rows, ], graph = fit$graph[rows, rows], verbose = FALSE
  )
}

# An argument error that names the argument and says enough, within a second.
expectArgumentError <- function(code, argument, pattern = NULL) {
  elapsed <- system.time(error <- tryCatch({
    force(code)
    NULL
  }, error = identity), gcFirst = FALSE)[["elapsed"]]
  testthat::expect_s3_class(error, "starscape_error_argument")
  testthat::expect_s3_class(error, "starscape_error")
  testthat::expect_identical(error$argument, argument)
  text <- if (is.null(error)) "" else conditionMessage(error)
  testthat::expect_match(text, paste0("`", argument, "`"), fixed = TRUE)
  if (!is.null(pattern)) testthat::expect_match(text, pattern)
  testthat::expect_lt(elapsed, 1)
}

seuratSmall <- function(sim = small) {
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(sim$counts))
  columns <- data.frame(sim$coords, batch = as.character(sim$slice), truth = sim$labels)
  SeuratObject::AddMetaData(object, columns)
}

sceSmall <- function(sim = small, counts = sim$counts) {
  SingleCellExperiment::SingleCellExperiment(
    list(counts = counts),
    colData = S4Vectors::DataFrame(x = sim$coords[, 1], y = sim$coords[, 2], batch = as.character(sim$slice))
  )
}

# The version 4 image of a Visium slide.
visiumImage <- function(coords, key = "slice1_") {
  table <- data.frame(
    tissue = 1L, row = coords[, 2], col = coords[, 1], imagerow = 100 * sqrt(3) * coords[, 2] + 50,
    imagecol = 100 * coords[, 1] + 20, row.names = rownames(coords)
  )
  methods::new(
    methods::getClass("VisiumV1", where = asNamespace("Seurat")),
    image = array(0, c(2, 2, 3)), scale.factors = Seurat::scalefactors(1, 1, 1, 1), coordinates = table,
    spot.radius = 0.01, assay = "RNA", key = key
  )
}
