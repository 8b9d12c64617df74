# Names win over positions: what is given per spot or per gene in another order gives the same result.

spots <- colnames(small$counts)
quietly <- function(code) suppressMessages(code, "starscape_message")
labels <- stats::setNames(as.character(small$labels), spots)

# Ways to hold the same values per spot, in an order that is drawn.
heldAnew <- function(values, order) {
  column <- data.frame(domain = unname(values), row.names = names(values))[order, , drop = FALSE]
  barcodes <- data.frame(barcode = names(values), domain = unname(values))[order, ]
  list(
    vector = values[order], factor = stats::setNames(factor(values), names(values))[order], table = column,
    barcodes = barcodes, plain = `rownames<-`(barcodes, NULL), matrix = as.matrix(column)
  )
}

placesAnew <- function(coords, order) {
  table <- data.frame(cell = rownames(coords), coords, row.names = NULL)[order, ]
  list(
    matrix = coords[order, ], table = data.frame(coords)[order, ], column = table, plain = `rownames<-`(table, NULL),
    called = stats::setNames(table, c("id", "x_centroid", "y_centroid")),
    more = rbind(coords, other = c(99, 99))[c(145, order), ]
  )
}

test_that("values per spot are found by name in every form and order", {
  withr::with_seed(1, for (draw in 1:20) {
    for (held in heldAnew(labels, sample(144))) {
      found <- perSpot(held, spots, "domain")
      expect_identical(as.character(if (is.data.frame(found)) found$domain else found), unname(labels))
    }
  })
})

test_that("places are found by name in every form and order", {
  withr::with_seed(2, for (draw in 1:12) {
    for (held in placesAnew(small$coords, sample(144))) {
      expect_identical(quietly(gateCoords(held, spots)), small$coords * 1)
    }
  })
  numbers <- as.character(1:144)
  places <- `rownames<-`(small$coords * 1, numbers)
  sorted <- data.frame(cell_id = 1:144, small$coords, row.names = NULL)[order(small$coords[, 1]), ]
  expect_identical(gateCoords(sorted, numbers), places)
  expect_identical(gateCoords(transform(sorted, cell_id = as.character(cell_id)), numbers), places)
})

# Everything that is given per spot or per gene: a value, and what comes of it. `forms` gives the ways to hold the value
# in an order. Results are the same to the bit, but where sums are over spots in the order given.
given <- function(value, result, forms = NULL, exact = TRUE) {
  if (is.null(forms)) forms <- if (is.matrix(value)) placesAnew else heldAnew
  list(value = value, result = function(held) quietly(result(held)), forms = forms, exact = exact)
}

rowsAnew <- function(table, order) list(rows = table[order, , drop = FALSE])
columnsAnew <- function(matrix, order) list(columns = matrix[, order], dense = as.matrix(matrix[, order]))
pairsAnew <- function(graph, order) list(pairs = graph[order, order])
namesAnew <- function(names, order) list(names = names[order[order <= length(names)]])
genesAnew <- function(counts, order) {
  rows <- order[order <= nrow(counts)]
  list(genes = counts[rows, ], names = counts[rownames(counts)[rows], ])
}

# Numbers are no factors.
numbersAnew <- function(values, order) heldAnew(values, order)[c("vector", "table", "barcodes", "plain", "matrix")]

halves <- stats::setNames(rep(c("a", "b"), 72), spots)
domains <- findDomains(quickFit, k = 3, verbose = FALSE)
counts <- small$counts
coords <- small$coords

givenToFits <- function() {
  whole <- quickFit$embedding
  divide <- function(...) findDomains(whole, k = 3, verbose = FALSE, ...)
  project <- function(..., x = counts, domain = labels, coords = small$coords) {
    projectDomains(quickFit, x, domain, coords, verbose = FALSE, ...)
  }
  time <- function(...) domainPseudotime(whole, "1", labels, verbose = FALSE, ...)
  root <- function(held) domainPseudotime(held, spots[[40]], verbose = FALSE)$pseudotime[spots]
  list(
    runStarscape.coords = given(coords, function(held) quick(counts, held)$embedding),
    runStarscape.slice = given(halves, function(held) quick(counts, coords, slice = held)$embedding),
    runStarscape.batch = given(halves, function(held) quick(counts, coords, slice = halves, batch = held)$embedding),
    runStarscape.features = given(
      rownames(counts)[1:40], function(held) quick(counts, coords, features = held)$embedding, namesAnew
    ),
    findDomains.graph = given(
      quickFit$graph, function(held) divide(method = "hmrf", graph = held), pairsAnew
    ),
    findDomains.prior = given(quickFit$prior, function(held) divide(prior = held), rowsAnew),
    projectDomains.newdata = given(counts, function(held) project(x = held), genesAnew),
    projectDomains.domain = given(labels, function(held) project(domain = held)),
    projectDomains.confidence = given(domains, function(held) project(domain = held), rowsAnew),
    projectDomains.coords = given(coords, function(held) project(coords = held)),
    projectDomains.slice = given(halves, function(held) project(slice = held)),
    domainPseudotime.domain = given(labels, function(held) domainPseudotime(quickFit, "1", held)$pseudotime),
    domainPseudotime.graph = given(quickFit$graph, function(held) time(graph = held)$pseudotime, pairsAnew),
    domainPseudotime.root = given(whole, root, rowsAnew, exact = FALSE),
    imputeExpression.x = given(counts, function(held) imputeExpression(held, fit = quickFit), columnsAnew),
    factorMarkers.x = given(counts, function(held) factorMarkers(held, fit = quickFit, draws = 5), columnsAnew),
    factorMarkers.features = given(
      rownames(counts)[1:9], function(held) factorMarkers(counts, fit = quickFit, features = held, draws = 5), namesAnew
    )
  )
}

givenToTests <- function() {
  mark <- function(domain = labels, ..., coords = small$coords, correct = "none") {
    domainMarkers(counts, domain, coords = coords, ..., correct = correct, verbose = FALSE)
  }
  vary <- function(...) spatiallyVariableGenes(counts, ..., verbose = FALSE)
  shares <- function(...) domainShares(...)[c("shares", "group", "test")]
  # What has no levels takes those of the order of `x`, which is not always that of the spots.
  leveled <- function(values) stats::setNames(factor(values, levels = unique(values)), spots)
  groups <- leveled(ifelse(labels == labels[[1]], "u", "v"))
  samples <- leveled(paste0(groups, 1:144 %% 2))
  sweep <- function(...) {
    found <- withoutCosts(stabilitySweep(counts, ..., seeds = 1:3, k = 3, verbose = FALSE))
    found[c("slice", "truth")] <- lapply(found[c("slice", "truth")], unname)
    found
  }
  # A method that gives its labels in the order of what is held.
  method <- function(held) function(x, seed) if (seed == 1) held else rep(1:3, 48)
  list(
    domainMarkers.domain = given(labels, mark),
    domainMarkers.coords = given(coords, function(held) mark(coords = held)),
    domainMarkers.fit = given(quickFit, function(held) mark(coords = NULL, fit = held), function(fit, order) {
      list(spots = subsetFit(fit, spots[order]))
    }),
    domainMarkers.slice = given(halves, function(held) mark(slice = held)),
    domainMarkers.block = given(halves, function(held) mark(block = held)),
    domainMarkers.features = given(rownames(counts)[1:20], function(held) {
      found <- mark(features = held)
      unname(split(found$p_value, found$gene)[rownames(counts)[1:20]])
    }, namesAnew),
    spatiallyVariableGenes.coords = given(coords, vary),
    spatiallyVariableGenes.slice = given(halves, function(held) vary(coords, held)),
    clusterMetrics.truth = given(halves, function(held) clusterMetrics(held, labels), exact = FALSE),
    clusterMetrics.labels = given(halves, function(held) clusterMetrics(labels, held)),
    clusterMetrics.embedding = given(
      quickFit$embedding, function(held) clusterMetrics(labels, halves, held), rowsAnew
    ),
    clusterMetrics.graph = given(
      quickFit$graph, function(held) clusterMetrics(labels, halves, graph = held), pairsAnew
    ),
    domainShares.x = given(labels, function(held) shares(held, samples, groups)),
    domainShares.sample = given(samples, function(held) shares(domains, held, groups)),
    domainShares.group = given(groups, function(held) shares(domains, samples, held)),
    stabilitySweep.coords = given(coords, function(held) sweep(noisyThirds, coords = held)),
    stabilitySweep.slice = given(halves, function(held) sweep(noisyThirds, slice = held)),
    stabilitySweep.truth = given(labels, function(held) sweep(noisyThirds, truth = held)),
    stabilitySweep.method = given(labels, function(held) sweep(method(held)), function(values, order) {
      heldAnew(values, order)[c("vector", "factor", "matrix")]
    })
  )
}

givenToSources <- function() {
  borrow <- function(source = counts, known = labels, places = coords, ...) {
    runTransST(
      counts, source, known, places, k = 3, nFactors = 3, steps = 2, verbose = FALSE, ...
    )[c("posterior", "domain", "label")]
  }
  fit <- quick(pair$counts, pair$coords, slice = pair$slice)
  alignment <- quietly(alignSlices(fit, verbose = FALSE))
  known <- stats::setNames(as.character(pair$labels), colnames(pair$counts))
  longer <- function(values, order) heldAnew(values, c(order, 145:180))
  list(
    runTransST.source = given(counts, borrow, genesAnew),
    runTransST.labels = given(labels, function(held) borrow(known = held)),
    runTransST.coords = given(coords, function(held) borrow(places = held)),
    runTransST.slice = given(halves, function(held) borrow(slice = held)),
    runTransST.sourceCoords = given(coords, function(held) borrow(sourceCoords = held)),
    runTransST.sourceSlice = given(halves, function(held) borrow(sourceCoords = coords, sourceSlice = held)),
    transferLabels.labels = given(known, function(held) transferLabels(alignment, held), longer)
  )
}

givenToPlots <- function() {
  number <- stats::setNames(seq(0, 1, length.out = 144), spots)
  draw <- function(...) as.list(plotDomains(coords, ...)$data)
  sweep <- fakeSweep()
  time <- domainPseudotime(quickFit, "1", domains, verbose = FALSE)
  expression <- log1p(counts[1:2, ])
  list(
    plotDomains.domain = given(labels, draw), plotDomains.domains = given(domains, function(held) {
      draw(held, confidence = TRUE)
    }, rowsAnew),
    plotDomains.number = given(number, draw, numbersAnew),
    plotDomains.confidence = given(number, function(held) draw(labels, confidence = held), numbersAnew),
    plotDomains.slice = given(halves, function(held) draw(labels, slice = held)),
    plotDomains.features = given(expression, function(held) draw(features = held), columnsAnew),
    plotDomains.palette = given(c("1" = "red", "2" = "blue", "3" = "black"), function(held) {
      ggplot2::layer_data(plotDomains(coords, domains, palette = held))$fill
    }, function(colours, order) list(colours = colours[order[order <= 3]])),
    plotDomainStability.coords = given(coords, function(held) plotDomainStability(sweep, coords = held)$data),
    plotDomainStability.slice = given(halves, function(held) plotDomainStability(sweep, slice = held)$data),
    plotPseudotime.coords = given(coords, function(held) plotPseudotime(time, held)$data),
    plotPseudotime.slice = given(halves, function(held) plotPseudotime(time, slice = held)$data),
    plotConfidence.x = given(
      domains, function(held) plotConfidence(held, labels)$data, rowsAnew, exact = FALSE
    ),
    plotConfidence.against = given(labels, function(held) plotConfidence(domains, held)$data)
  )
}

test_that("whatever is given per spot or gene is taken by name, in every form and order", {
  uses <- c(givenToFits(), givenToTests(), givenToSources(), givenToPlots())
  expected <- lapply(uses, function(use) use$result(use$value))
  # Each once, and then any.
  draws <- withr::with_seed(3, {
    names <- sample(c(names(uses), sample(names(uses), 200 - length(uses), replace = TRUE)))
    lapply(names, function(name) {
      forms <- uses[[name]]$forms(uses[[name]]$value, sample(144))
      form <- sample(names(forms), 1)
      list(name = name, form = form, held = forms[[form]])
    })
  })
  expect_length(draws, 200)
  for (draw in draws) {
    same <- if (uses[[draw$name]]$exact) expect_identical else expect_equal
    same(uses[[draw$name]]$result(draw$held), expected[[draw$name]], label = paste(draw$name, "as", draw$form))
  }
})

test_that("what the places are called by is the order of a plot, and columns that may be anything are refused", {
  order <- withr::with_seed(4, sample(144))
  expect_identical(plotDomains(placesAnew(coords, order)$plain, domains)$data$value, domains$domain[order])
  expect_identical(clusterMetrics(labels, domains[order, ]), clusterMetrics(labels, domains$domain))
  expectArgumentError(
    clusterMetrics(labels, data.frame(a = halves, b = halves, row.names = spots)), "labels", "which column"
  )
  expectArgumentError(quick(counts, coords, batch = data.frame(a = 1:144, b = 1)), "batch", "which column")
})

test_that("names that fit nothing are refused, and names that cannot be used are told", {
  other <- function(names) paste0(names, "-1")
  expectArgumentError(perSpot(stats::setNames(labels, other(spots)), spots, "labels"), "labels", "no row named")
  barcodes <- data.frame(barcode = other(spots), small$coords, row.names = NULL)
  expectArgumentError(gateCoords(barcodes, spots), "coords", "no row named")
  # Columns that may be anything: in their order, and said where they could be names.
  notes <- stats::setNames(barcodes, c("note", "x", "y"))
  expect_message(places <- gateCoords(notes, spots), "\"note\" has no names")
  expect_identical(places, small$coords * 1)
  types <- data.frame(cell = rep(c("T", "B"), 72), small$coords, tissue = TRUE, row.names = NULL)
  expect_silent(places <- gateCoords(types, spots))
  expect_identical(places, small$coords * 1)
  expect_identical(perSpot(data.frame(domain = c("a", "b", "c")), spots[1:3], "domain")$domain, c("a", "b", "c"))
  expectArgumentError(perSpot(labels[c(1, 1:143)], spots, "labels"), "labels", "not unique")
  expectArgumentError(perSpot(labels[144:1], c(spots[-1], spots[2]), "labels"), "labels", "several spots")
  counts <- small$counts[1:2, ]
  colnames(counts) <- other(spots)
  expectArgumentError(plotDomains(small$coords, features = counts), "features", "no row named")
  numbered <- data.frame(cell_id = 1:144, small$coords, row.names = NULL)
  expect_message(gateCoords(numbered, spots), "has no names of spots")
  expect_message(
    runStarscape(
      `colnames<-`(pair$counts, NULL), unname(pair$coords), slice = stats::setNames(pair$slice, colnames(pair$counts)),
      latentDim = 5, epochs = 2, stability = starControl(share = 1)
    ), "has names and the spots of `x` have none"
  )
  lists <- list(a = pair$counts[, pair$slice == "slice1"], b = pair$counts[, pair$slice == "slice2"])
  places <- lapply(lists, function(own) pair$coords[colnames(own), ])
  expectArgumentError(quick(lists, stats::setNames(places, c("A", "B"))), "coords", "are called")
  expect_identical(quick(lists, rev(places))$embedding, quick(lists, places)$embedding)
})

test_that("names of the same barcodes on several slices are in order or refused", {
  barcodes <- rep(paste0("BC", 1:90), 2)
  counts <- `colnames<-`(pair$counts, barcodes)
  table <- data.frame(barcode = barcodes, pair$coords, row.names = NULL)
  joint <- quick(pair$counts, pair$coords, slice = pair$slice)
  expect_identical(unname(quick(counts, table, slice = pair$slice)$embedding), unname(joint$embedding))
  expectArgumentError(quick(counts, table[180:1, ], slice = pair$slice), "coords", "several spots")
})
