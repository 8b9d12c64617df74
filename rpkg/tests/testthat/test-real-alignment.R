# Alignment of real sections, with the settings a user gets.

spread <- function(coords) unname(cbind(coords[, 1], sqrt(3) * coords[, 2]))

# The angles, and the agreement of labels carried over with the known ones of each moved section.
carriedOver <- function(fit, parts, ...) {
  labels <- knownLabels(parts)
  alignment <- alignSlices(fit, verbose = FALSE, ...)
  carried <- transferLabels(alignment, labels)$label
  measured <- vapply(alignment$summary$slice, function(name) {
    rows <- fit$slice == name
    c(
      angle = alignment$transforms[[name]]$angle, ARI = clusterMetrics(labels[rows], carried[rows])[["ARI"]],
      share = sum(!is.na(carried[rows]) & !is.na(labels[rows])) / sum(!is.na(labels[rows]))
    )
  }, c(angle = 0, ARI = 0, share = 0))
  rbind(measured, inlier_share = alignment$summary$inlier_share)
}

# A section turned by an angle and shifted, without the share `cut` of its spots at one side and with binomially thinned
# counts.
copyOf <- function(section, degrees, cut, thinned, axis = 1) {
  places <- spread(section$coords)
  turn <- degrees * pi / 180
  moved <- places %*% rbind(c(cos(turn), sin(turn)), c(-sin(turn), cos(turn))) + rep(c(30, -12), each = nrow(places))
  keep <- places[, axis] >= stats::quantile(places[, axis], cut)
  counts <- section$counts[, keep]
  counts@x <- withr::with_seed(1, as.double(stats::rbinom(length(counts@x), as.integer(counts@x), thinned)))
  list(
    counts = Matrix::drop0(counts), coords = moved[keep, ], labels = section$labels[keep], truth = places[keep, ]
  )
}

test_that("neighbouring sections are laid on each other, with any seed", {
  needSections("alignment of real sections")
  parts <- readSections(cortexPair)
  fit <- fitSections(cortexPair)
  onto <- sapply(1:5, function(seed) carriedOver(fit, parts, seed = seed)[, 1])
  back <- carriedOver(fit, parts, reference = "151674")
  cat("\n151674 on 151673 with five seeds, and 151673 on 151674:\n")
  print(round(cbind(onto, back), 3))
  expect_true(all(onto["ARI", ] >= 0.75))
  expect_gte(back["ARI", ], 0.75)
  expect_true(all(onto["share", ] >= 0.99))
  expect_lt(diff(range(onto["angle", ])), 0.5)
})

test_that("a turned, cut and thinned copy is laid on its section", {
  needSections("alignment of copies")
  section <- readSection("151673")
  section$coords <- spread(section$coords)
  plain <- readSection("151673")
  measured <- vapply(list(c(0.2, 1), c(0.5, 2)), function(form) {
    copy <- copyOf(plain, 37, cut = form[[1]], thinned = 0.5, axis = form[[2]])
    fit <- fitTogether(list(section = section, copy = copy))
    alignment <- alignSlices(fit, verbose = FALSE)
    distance <- sqrt(rowSums((alignment$coords[fit$slice == "copy", ] - copy$truth)^2)) / 2
    c(angle = alignment$transforms$copy$angle, median_error = stats::median(distance), worst_error = max(distance))
  }, c(angle = 0, median_error = 0, worst_error = 0))
  cat("\nTurned copies without 20 and 50 % of the spots; errors in spacings:\n")
  print(round(measured, 3))
  expect_true(all(abs(measured["angle", ] + 37) < 1))
  expect_true(all(measured["median_error", ] < 0.25))
  expect_true(all(measured["worst_error", ] < 1))
})

test_that("half a section of another slice finds its place", {
  needSections("alignment of a half")
  first <- readSection("151673")
  first$coords <- spread(first$coords)
  second <- readSection("151674")
  half <- copyOf(second, 37, cut = 0.5, thinned = 1)
  parts <- list("151673" = first, half = half)
  found <- carriedOver(fitTogether(parts), parts)
  cat("\nHalf of 151674 on 151673:\n")
  print(round(found, 3))
  expect_lt(abs(found["angle", ] + 37), 4)
  expect_gte(found["ARI", ], 0.76)
})

test_that("sections of different animals are laid on each other as far as they agree", {
  needSections("alignment of animals")
  parts <- readSections(animals)
  fit <- fitSections(animals)
  found <- lapply(1:3, function(seed) carriedOver(fit, parts, seed = seed))
  cat("\nBZ9 and BZ14 on BZ5:\n")
  print(round(found[[1]], 3))
  expect_true(all(found[[1]]["ARI", ] >= 0.60))
  for (other in found[-1]) expect_lt(max(abs(other["angle", ] - found[[1]]["angle", ])), 2)
})
