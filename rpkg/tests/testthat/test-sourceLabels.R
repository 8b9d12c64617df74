source <- pair$slice == "slice2"
labelled <- function(labels, ...) {
  runTransST(
    pair$counts[, !source], pair$counts[, source], labels, coords = pair$coords[!source, ], k = 3, nFactors = 2,
    verbose = FALSE, ...
  )
}
types <- paste0("layer", pair$labels[source])

test_that("types of one or two cells are told once, and used", {
  few <- replace(types, c(1, 40, 41), c("mast", "NK", "NK"))
  told <- testthat::capture_messages(fit <- labelled(few))
  expect_match(told, "one or two cells: \"NK\" \\(2\\), \"mast\" \\(1\\)", all = FALSE)
  expect_false(any(grepl("Too few different cells", told)))
  expect_true(all(c("mast", "NK") %in% colnames(fit$labelPosterior)))
  expect_false(anyNA(fit$labelPosterior))
  expect_false(anyNA(fit$composition$proportions))
  # The others are found as without them.
  expect_equal(fit$predictedShare, suppressMessages(labelled(types))$predictedShare, tolerance = 0.1)
})

test_that("labels that are all different are refused", {
  expectArgumentError(labelled(colnames(pair$counts)[source]), "labels", "all different")
  expectArgumentError(labelled(replace(types, -(1:2), NA)), "labels", "two")
})

test_that("two spellings of a type are told", {
  told <- function(types) testthat::capture_messages(starscape:::tellSpellings(types))
  expect_match(
    told(c("B cell", "NK", "B_cells", "b-cell")), "\"B cell\" and \"B_cells\" and \"b-cell\"\\. They are taken for"
  )
  expect_match(told(c("NK", "nk", "Treg", "Tregs ")), "\"NK\" and \"nk\"; \"Treg\" and \"Tregs \"")
  expect_match(told(c("\u03b3\u03b4-T", "\u03b3\u03b4 T")), "one type")
  apart <- c("CD4+ T", "CD4- T", "CD4 T", "L2/3", "L23", "1", "-1", "1.1", "11", "?", "!", "bad\xff", "bad\xfe")
  expect_identical(told(apart), character())
})
