# What holds for the sources as a whole.

sources <- function() {
  folder <- testthat::test_path("..", "..", "R")
  skip_if_not(dir.exists(folder), "the sources are not here")
  list.files(folder, "[.]R$", full.names = TRUE)
}

# The names that code defines at its outermost level.
definedNames <- function(code) {
  lines <- Filter(function(line) rlang::is_call(line, c("<-", "=")) && is.symbol(line[[2]]), as.list(code))
  vapply(lines, function(line) as.character(line[[2]]), "")
}

test_that("no name is defined twice, of which the later file would win", {
  twice <- function(defined) defined[duplicated(defined)]
  expect_identical(twice(definedNames(parse(text = c("one <- 1", "two = 2", "one$part <- 3", "two <- 4")))), "two")
  defined <- unlist(lapply(sources(), function(file) definedNames(parse(file))))
  expect_gt(length(defined), 300)
  expect_identical(twice(defined), character())
})

test_that("no code asks for the class of an object, whose methods say what it knows", {
  asks <- function(lines) {
    grepl("(is|inherits)\\([^()]*\"(Seurat|SingleCellExperiment|SpatialExperiment|SummarizedExperiment)\"", lines)
  }
  expect_identical(asks(c("methods::is(x, \"Seurat\")", "is(x, \"Matrix\")")), c(TRUE, FALSE))
  lines <- unlist(lapply(sources(), readLines))
  expect_identical(lines[asks(lines)], character())
})
