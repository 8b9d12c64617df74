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

test_that("operations take what is given by name", {
  draws <- withr::with_seed(3, replicate(3, sample(144), simplify = FALSE))
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  shown <- function(...) plotDomains(...)$data
  expected <- list(
    plot = shown(small$coords, domains, confidence = TRUE),
    genes = shown(small$coords, features = log1p(small$counts[1:2, ])),
    metrics = clusterMetrics(labels, domains$domain, quickFit$embedding, quickFit$graph),
    shares = domainShares(domains, labels)$shares, pseudotime = domainPseudotime(quickFit, "1", domains)$pseudotime,
    markers = quietly(domainMarkers(small$counts, labels, coords = small$coords, block = labels, correct = "none"))
  )
  for (order in draws) {
    tables <- heldAnew(labels, order)
    expect_identical(shown(small$coords, domains[order, ], confidence = TRUE), expected$plot)
    expect_identical(shown(small$coords, features = log1p(small$counts[1:2, order])), expected$genes)
    expect_identical(
      clusterMetrics(labels, domains$domain, quickFit$embedding[order, ], quickFit$graph[order, order]), expected$metrics
    )
    expect_identical(domainShares(domains, tables$matrix)$shares, expected$shares)
    expect_identical(domainPseudotime(quickFit, "1", domains[order, ])$pseudotime, expected$pseudotime)
    expect_identical(quietly(domainMarkers(
      small$counts, tables$barcodes, coords = placesAnew(small$coords, rev(order))$plain, block = tables$vector,
      correct = "none"
    )), expected$markers)
    expect_identical(quick(small$counts, placesAnew(small$coords, order)$called)$embedding, quickFit$embedding)
  }
  expect_identical(shown(placesAnew(small$coords, draws[[1]])$plain, domains)$value, domains$domain[draws[[1]]])
  colours <- c("3" = "red", "1" = "blue", "2" = "black")
  drawn <- ggplot2::layer_data(plotDomains(small$coords, domains, palette = colours))$fill
  expect_identical(drawn, unname(colours[as.character(domains$domain)]))
  expect_equal(
    plotConfidence(domains, domains[draws[[1]], ])$data, plotConfidence(domains, domains)$data, ignore_attr = TRUE
  )
})

test_that("whatever is given per spot is taken in every form and order", {
  spread <- stats::setNames(rep(c("a", "b"), 72), spots)
  number <- stats::setNames(seq(0, 1, length.out = 144), spots)
  domains <- findDomains(quickFit, k = 3, verbose = FALSE)
  groups <- stats::setNames(ifelse(small$labels %in% levels(small$labels)[1], "u", "v"), spots)
  samples <- stats::setNames(paste0(groups, seq_along(groups) %% 2), spots)
  borrow <- function(labels, places) {
    quietly(runTransST(
      small$counts, small$counts, labels, small$coords, k = 3, nFactors = 3, sourceCoords = places, verbose = FALSE
    ))$posterior
  }
  use <- list(
    batch = function(held) quick(small$counts, small$coords, slice = held, batch = held)$embedding,
    block = function(held) quietly(domainMarkers(
      small$counts, labels, coords = small$coords, slice = held, block = held, correct = "none", verbose = FALSE
    )),
    labels = function(held) clusterMetrics(labels, held),
    # Sums are over spots in the order of the truth.
    truth = function(held) round(clusterMetrics(held, labels), 12)
  )
  numbered <- function(held) plotDomains(small$coords, labels, confidence = held)$data
  shares <- function(sample, group) domainShares(domains, sample, group)[c("shares", "group", "test")]
  expected <- lapply(use, function(own) own(spread))
  orders <- withr::with_seed(4, replicate(2, sample(144), simplify = FALSE))
  for (order in orders) {
    held <- heldAnew(spread, order)
    form <- held[[1 + order[[1]] %% length(held)]]
    for (name in names(use)) expect_identical(use[[name]](form), expected[[name]], label = name)
    for (form in heldAnew(number, order)[c("vector", "table", "plain", "matrix")]) {
      expect_identical(numbered(form), numbered(number))
    }
    for (form in heldAnew(spread, order)) expect_identical(use$labels(form), expected$labels)
    expect_identical(
      shares(heldAnew(samples, order)$barcodes, heldAnew(groups, rev(order))$plain), shares(samples, groups)
    )
    expect_identical(
      borrow(heldAnew(labels, order)$plain, placesAnew(small$coords, order)$column), borrow(labels, small$coords)
    )
  }
  expect_identical(clusterMetrics(labels, domains[orders[[1]], ]), clusterMetrics(labels, domains$domain))
  expectArgumentError(
    clusterMetrics(labels, data.frame(a = spread, b = spread, row.names = spots)), "labels", "which column"
  )
  expectArgumentError(quick(small$counts, small$coords, batch = data.frame(a = 1:144, b = 1)), "batch", "which column")
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
