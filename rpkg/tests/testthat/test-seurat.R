skip_if_not_installed("SeuratObject")

expectStored <- function(object, fit) {
  embedding <- SeuratObject::Embeddings(object, "starscape")
  expect_identical(embedding[, ], fit$embedding)
  expect_identical(SeuratObject::Key(object[["starscape"]])[[1]], "STAR_")
  expect_s3_class(SeuratObject::Misc(object, "starscape"), "starscape_fit")
  expect_identical(SeuratObject::Misc(object, "starscape")$params, fit$params)
}

test_that("a Seurat object comes back with its results", {
  object <- quick(seuratSmall())
  expect_s4_class(object, "Seurat")
  expectStored(object, quickFit)
  object <- findDomains(object, k = 3, verbose = FALSE)
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  expect_identical(as.character(object$domain), as.character(domains$domain), ignore_attr = TRUE)
  expect_identical(unname(object$domain_confidence), domains$confidence)
  expect_identical(SeuratObject::Misc(object, "starscape")$domains$k, 3L)
  # A second run replaces the first one without a warning.
  expect_no_warning(object <- quick(object, seed = 2))
  expect_identical(SeuratObject::Misc(object, "starscape")$params$seed, 2L)
})

test_that("an assay of version 3 gives the same bits", {
  skip_if(utils::packageVersion("SeuratObject") < "5", "only assays of version 3 here")
  object <- seuratSmall()
  object[["old"]] <- SeuratObject::CreateAssayObject(small$counts)
  expectStored(quick(object, assay = "old"), quickFit)
})

test_that("split layers are joined in the order of the cells", {
  skip_if(utils::packageVersion("SeuratObject") < "5", "no layers here")
  object <- seuratSmall()
  object[["RNA"]] <- split(object[["RNA"]], f = rep(c("a", "b"), 72))
  expect_length(SeuratObject::Layers(object[["RNA"]], search = "counts"), 2)
  expectStored(quick(object), quickFit)
  layers <- list(small$counts[1:70, 1:50], small$counts[11:80, 51:144])
  expect_message(joined <- starscape:::joinLayers(layers, colnames(small$counts)), "20 genes")
  expect_identical(joined, small$counts[11:70, ])
})

test_that("places come from columns, a matrix or images", {
  bare <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts))
  expectArgumentError(quick(bare), "coords", "no image")
  expectStored(quick(bare, coords = small$coords), quickFit)
  named <- seuratSmall()
  named$across <- named$x
  named$x <- NULL
  expectStored(quick(named, coords = c("across", "y")), quickFit)
  expectArgumentError(quick(named, coords = c("across", "down")), "coords", "down")
  expectArgumentError(quick(named, coords = "across"), "coords", "two columns")
})

test_that("a reduction of places is the last that is looked at", {
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts))
  places <- `colnames<-`(small$coords * 1, c("spatial_1", "spatial_2"))
  object[["spatial"]] <- SeuratObject::CreateDimReducObject(places, key = "spatial_", assay = "RNA")
  expect_message(found <- objectPlaces(object, colnames(object)), "reduction \"spatial\"", class = "starscape_message")
  expect_identical(found$coords, unname(places))
  expectStored(quick(object), quickFit)
  turned <- data.frame(x = places[, 2], y = places[, 1], row.names = rownames(places))
  columns <- SeuratObject::AddMetaData(object, turned)
  expect_no_message(found <- objectPlaces(columns, colnames(object)), class = "starscape_message")
  expect_identical(unname(found$coords), unname(places[, 2:1]))
})

test_that("Visium images give array positions", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts))
  object[["slice1"]] <- visiumImage(small$coords)
  expectStored(quick(object), quickFit)
  expectArgumentError(quick(object, image = "slice9"), "image", "slice1")
  expect_s3_class(plotDomains(quick(object), small$labels), "ggplot")
})

test_that("several images are slices", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(pair$counts))
  first <- pair$slice == "slice1"
  object[["left"]] <- visiumImage(pair$coords[first, ], "left_")
  object[["right"]] <- visiumImage(pair$coords[!first, ], "right_")
  expected <- quick(pair$counts, pair$coords, slice = pair$slice)
  fitted <- quick(object)
  expect_identical(SeuratObject::Misc(fitted, "starscape")$embedding, expected$embedding)
  expect_identical(levels(SeuratObject::Misc(fitted, "starscape")$slice), c("left", "right"))
  object$half <- as.character(pair$slice)
  expect_identical(SeuratObject::Misc(quick(object, slice = "half"), "starscape")$embedding, expected$embedding)
  byColumn <- quick(object, slice = "half", batch = "half")
  expect_identical(SeuratObject::Misc(byColumn, "starscape")$embedding, expected$embedding)
  expectArgumentError(quick(object, slice = "third"), "slice", "third")
})

test_that("images that show some of the cells give domains of these, and those of other cells are told", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(pair$counts))
  first <- pair$slice == "slice1"
  object[["left"]] <- visiumImage(pair$coords[first, ], "left_")
  loud <- function(x, ...) runStarscape(x, ..., latentDim = 5, epochs = 5, stability = starControl(share = 1))
  expect_message(found <- loud(object, batch = FALSE), "90 cells of `x` are on no image", class = "starscape_message")
  own <- quick(pair$counts[, first], pair$coords[first, ])
  expect_identical(objectFit(found)$embedding, own$embedding)
  found <- findDomains(found, k = 3, verbose = FALSE)
  expected <- findDomains(own, k = 3, verbose = FALSE)$domain
  expect_identical(unname(as.character(found$domain)), c(as.character(expected), rep(NA, 90)))
  expect_identical(nrow(plotDomains(found)$data), 90L)
  part <- found[, 11:170]
  expect_identical(rownames(objectFit(part)$embedding), colnames(pair$counts)[11:90])
  tested <- function(...) suppressMessages(domainMarkers(..., correct = "none", verbose = FALSE))
  expect_identical(
    tested(object, as.character(pair$labels)),
    tested(pair$counts[, first], as.character(pair$labels)[first], coords = pair$coords[first, ])
  )
  named <- stats::setNames(as.character(pair$labels), colnames(pair$counts))
  expect_identical(tested(object, rev(named)), tested(object, unname(named)))
  joint <- quick(list(a = object, b = object))
  expect_identical(nrow(objectFit(joint$a)$embedding), 90L)
  # Other cells.
  others <- `rownames<-`(pair$coords, paste0("q", seq_len(180)))
  object@images$left <- visiumImage(others, "left_")
  expectArgumentError(quick(object), "coords", "no image of `x` shows its cells")
  expectArgumentError(quick(object, image = "left"), "image", "none of the cells")
  object@images$right <- visiumImage(pair$coords, "right_")
  expect_message(
    objectPlaces(object, colnames(object)), "none of the cells are not used: \"left\"", class = "starscape_message"
  )
})

test_that("a sweep over an image that shows some of the cells is NA for the others", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(pair$counts))
  first <- pair$slice == "slice1"
  spots <- colnames(pair$counts)
  object[["left"]] <- visiumImage(pair$coords[first, ], "left_")
  object$truth <- as.character(pair$labels)
  sweep <- function(x, ...) stabilitySweep(x, seeds = 1:3, k = 3, verbose = FALSE, latentDim = 5, epochs = 2, ...)
  expect_message(
    found <- sweep(object, truth = "truth"), "90 cells of `x` are on no image", class = "starscape_message"
  )
  own <- suppressMessages(
    sweep(pair$counts[, first], coords = pair$coords[first, ], truth = as.character(pair$labels)[first]),
    "starscape_message"
  )
  expect_identical(rownames(found$labels), spots)
  expect_identical(found$labels[first, ], own$labels)
  expect_true(all(is.na(found$labels[!first, ])))
  expect_true(all(is.na(found$spots[!first, ])))
  expect_identical(found$spots[first, ], own$spots)
  expect_identical(found$runs$ari, own$runs$ari)
  expect_identical(consensusDomains(found, k = 2)[first, ], consensusDomains(own, k = 2))
  expect_identical(nrow(built(plotDomainStability(found))$data[[1]]), 90L)
  expect_identical(suppressMessages(sweep(object, truth = "truth", previous = found))$labels, found$labels)
  # What does not look at places takes all cells.
  whole <- suppressMessages(stabilitySweep(
    object, function(x, seed) rep(1:3, length.out = ncol(x)), seeds = 1:2, k = 3, verbose = FALSE
  ))
  expect_false(anyNA(whole$labels))
})

test_that("an image that shows cells of another is no slice", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts))
  rows <- small$coords[, 1] < 8
  object[["part"]] <- visiumImage(small$coords[rows, ], "part_")
  object[["whole"]] <- visiumImage(small$coords, "whole_")
  expect_message(
    found <- runStarscape(object, latentDim = 5, epochs = 5, stability = starControl(share = 1), verbose = FALSE),
    "other images only are not used: \"part\"", class = "starscape_message"
  )
  expectStored(found, quickFit)
  object[["whole"]] <- NULL
  object[["other"]] <- visiumImage(small$coords[small$coords[, 1] > 4, ], "other_")
  expectArgumentError(quick(object), "image", "shares")
})

test_that("a column of places with NA is named, and so are spots that a reduction has no values for", {
  object <- seuratSmall()
  object$x[[7]] <- NA
  expectArgumentError(quick(object), "coords", "\"x\" of the cell metadata is NA or infinite for 1 spots")
  counts <- small$counts
  counts[, 5] <- 0
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(counts))
  fit <- function() runStarscape(object, coords = small$coords, latentDim = 5, verbose = FALSE)
  if (utils::packageVersion("SeuratObject") < "5") {
    expect_message(fit(), "RunUMAP", class = "starscape_message")
  } else {
    expect_identical(rownames(SeuratObject::Embeddings(suppressMessages(fit()), "starscape")), colnames(counts)[-5])
  }
})

test_that("fields of view are read, also as outlines", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts))
  places <- data.frame(small$coords, cell = rownames(small$coords))
  object[["fov"]] <- SeuratObject::CreateFOV(places, type = "centroids", assay = "RNA", key = "fov_")
  fit <- SeuratObject::Misc(quick(object), "starscape")
  expect_identical(fit$embedding, quickFit$embedding)
  corners <- rbind(c(-0.25, -0.25), c(0.25, -0.25), c(0.25, 0.25), c(-0.25, 0.25))
  outlines <- do.call(rbind, lapply(seq_len(nrow(places)), function(i) {
    data.frame(x = places$x[[i]] + corners[, 1], y = places$y[[i]] + corners[, 2], cell = places$cell[[i]])
  }))
  # It warns that the outlines are not in the order of the cells.
  suppressWarnings(
    object[["fov"]] <- SeuratObject::CreateFOV(outlines, type = "segmentation", assay = "RNA", key = "fov_")
  )
  expect_equal(SeuratObject::Misc(quick(object), "starscape")$coords, small$coords * 1)
})

test_that("Visium images of version 5 are turned upright", {
  skip_if_not_installed("Seurat", "5.0.0")
  object <- SeuratObject::CreateSeuratObject(small$counts)
  places <- data.frame(imagerow = small$coords[, 2], imagecol = small$coords[, 1], row.names = rownames(small$coords))
  fov <- SeuratObject::CreateFOV(places, type = "centroids", radius = 1, assay = "RNA", key = "slice1_")
  object[["slice1"]] <- methods::new(
    methods::getClass("VisiumV2", where = asNamespace("Seurat")),
    boundaries = fov@boundaries, molecules = fov@molecules, assay = "RNA", key = "slice1_",
    image = array(0, c(2, 2, 3)), scale.factors = Seurat::scalefactors(1, 1, 1, 1)
  )
  expect_equal(SeuratObject::Misc(quick(object), "starscape")$coords, small$coords * 1)
})

test_that("unknown assays and layers are named, and the object is unchanged", {
  object <- seuratSmall()
  expectArgumentError(quick(object, assay = "Spatial"), "assay", "RNA")
  expectArgumentError(quick(object, layer = "raw"), "layer", "counts")
  expectArgumentError(findDomains(object, k = 3), "x", "runStarscape")
  expectArgumentError(plotHistory(object), "x", "runStarscape")
})

test_that("results follow a subset and new names, and foreign spots are refused", {
  object <- quick(seuratSmall())
  part <- object[, 61:144]
  part <- findDomains(part, k = 2, verbose = FALSE)
  rows <- colnames(part)
  expected <- domainsOfPart(rows)
  expect_identical(as.character(part$domain), as.character(expected$domain), ignore_attr = TRUE)
  # New names, and those of other cells.
  for (names in list(paste0("new_", rows), colnames(object)[1:84], rev(rows))) {
    renamed <- SeuratObject::RenameCells(part, new.names = names)
    again <- findDomains(renamed, k = 2, verbose = FALSE)
    expect_identical(unname(as.character(again$domain)), unname(as.character(part$domain)))
    expect_identical(unname(objectFit(renamed)$coords), unname(small$coords[rows, ] * 1))
    expect_identical(rownames(objectFit(renamed)$coords), colnames(renamed))
  }
  other <- object
  other[["starscape"]] <- SeuratObject::CreateDimReducObject(
    SeuratObject::Embeddings(object, "starscape") + 1, key = "STAR_", assay = "RNA"
  )
  expectArgumentError(findDomains(other, k = 2), "x", "144 spots")
})

test_that("spots without counts are NA in the object", {
  counts <- small$counts
  counts[, 4] <- 0
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(counts))
  object <- quick(object, coords = small$coords)
  object <- findDomains(object, k = 3, verbose = FALSE)
  expect_identical(which(is.na(object$domain)), 4L, ignore_attr = TRUE)
  held <- SeuratObject::Embeddings(object, "starscape")
  # A reduction of version 5 need not hold all cells.
  if (utils::packageVersion("SeuratObject") < "5") {
    expect_true(all(is.na(held[4, ])))
  } else {
    expect_identical(rownames(held), colnames(counts)[-4])
    expect_false(anyNA(held))
  }
  expect_identical(rownames(objectFit(object)$embedding), colnames(counts))
  expect_identical(objectFit(object[, 2:9])$coords, small$coords[2:9, ] * 1)
})

test_that("domains go to a column of their own, and a user's column is not replaced without a word", {
  expectColumns(quick(seuratSmall()))
})

test_that("an assay with some of the cells has domains for these", {
  skip_if_not_installed("SeuratObject", "5.0.0")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts, assay = "fine"))
  others <- small$counts[, 1:20]
  colnames(others) <- paste0("coarse", 1:20)
  object <- suppressWarnings(merge(object, SeuratObject::CreateSeuratObject(others, assay = "coarse")))
  found <- findDomains(quick(object, assay = "fine", coords = small$coords), k = 3, verbose = FALSE)
  own <- colnames(found) %in% colnames(small$counts)
  expect_identical(unname(is.na(found$domain)), !own)
  expect_identical(
    as.character(found$domain[own]), as.character(findDomains(quickFit, k = 3, verbose = FALSE)$domain)
  )
})

test_that("cells in several layers are refused, and a gene that one layer lacks", {
  skip_if_not_installed("SeuratObject", "5.0.0")
  counts <- methods::as(small$counts, "CsparseMatrix")
  layers <- SeuratObject::CreateAssay5Object(counts = list(spliced = counts, unspliced = counts))
  both <- SeuratObject::CreateSeuratObject(layers, meta.data = data.frame(small$coords))
  expectArgumentError(quick(both), "layer", "144 cells")
  parts <- lapply(list(1:72, 73:144), function(own) {
    SeuratObject::CreateSeuratObject(
      SeuratObject::CreateAssay5Object(counts[if (own[[1]] == 1) 1:79 else 2:80, own]),
      meta.data = data.frame(small$coords[own, ])
    )
  })
  merged <- quick(merge(parts[[1]], parts[[2]]))
  expectArgumentError(plotDomains(merged, features = rownames(counts)[[1]]), "features", "all layers")
})

test_that("a fit without its reduction goes by names, and says when cells have others", {
  skip_if_not_installed("Seurat")
  object <- findDomains(quick(seuratSmall()), k = 3, verbose = FALSE)
  bare <- suppressWarnings(Seurat::DietSeurat(object))
  expect_identical(objectFit(bare)$embedding, objectFit(object)$embedding)
  renamed <- SeuratObject::RenameCells(bare, add.cell.id = "z")
  expectArgumentError(findDomains(renamed, k = 3), "x", "lost the reduction")
  expect_s3_class(plotDomains(renamed, "truth"), "ggplot")
})

test_that("a gene of an assay with some of the cells is NA for the others", {
  skip_if_not_installed("SeuratObject", "5.0.0")
  object <- seuratSmall()
  object[["part"]] <- SeuratObject::CreateAssay5Object(small$counts[, 144:100])
  drawn <- plotDomains(object, "gene3", assay = "part")$data$value
  expect_identical(drawn, unname(replace(small$counts["gene3", ], 1:99, NA)))
})

test_that("what users do next with a fitted object works and keeps its results", {
  skip_if_not_installed("Seurat")
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(small$counts))
  object[["slice1"]] <- visiumImage(small$coords)
  object <- findDomains(quick(object), k = 3, verbose = FALSE)
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(object, file)
  expect_identical(objectFit(readRDS(file)), objectFit(object))
  object$half <- rep(c("a", "b"), each = 72)
  parts <- suppressWarnings(Seurat::SplitObject(object, "half"))
  expect_identical(objectFit(parts$b)$embedding, objectFit(object)$embedding[73:144, ])
  expect_identical(unname(parts$b$domain), unname(object$domain[73:144]))
  found <- suppressWarnings(Seurat::FindNeighbors(object, reduction = "starscape", dims = 1:5, verbose = FALSE))
  expect_true("RNA_snn" %in% names(found@graphs))
  mapped <- suppressWarnings(Seurat::RunUMAP(object, reduction = "starscape", dims = 1:5, verbose = FALSE))
  expect_identical(rownames(SeuratObject::Embeddings(mapped, "umap")), colnames(object))
  expect_s3_class(suppressWarnings(Seurat::SpatialDimPlot(object, group.by = "domain")), "ggplot")
  skip_if_not_installed("SeuratObject", "5.0.0")
  counts <- small$counts
  counts[, 5] <- 0
  empty <- quick(suppressWarnings(SeuratObject::CreateSeuratObject(counts)), coords = small$coords)
  mapped <- suppressWarnings(Seurat::RunUMAP(empty, reduction = "starscape", dims = 1:5, verbose = FALSE))
  expect_identical(rownames(SeuratObject::Embeddings(mapped, "umap")), colnames(counts)[-5])
  expect_s4_class(
    suppressWarnings(Seurat::FindNeighbors(empty, reduction = "starscape", dims = 1:5, verbose = FALSE)), "Seurat"
  )
})

test_that("an image that there is none of is named, also where places are given", {
  expectArgumentError(quick(seuratSmall(), coords = small$coords, image = "slice1"), "image", "slice1")
})
