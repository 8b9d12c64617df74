# What the random calls of tools/fuzz.R are made from: whole results of small simulated data, and ways to harm them.
# Every random choice is drawn from R's generator under a seed that is part of the recipe of the call.

# Everything that the package gives or takes, made once.
materials <- function() {
  control <- starControl(share = 1)
  tissue <- simulateSlices(rows = 9, columns = 10, genes = 60, domains = 3, seed = 7)
  pair <- simulateSlices(
    slices = 2, rows = 8, columns = 9, genes = 60, domains = 3, batch = 0.3, source = TRUE, seed = 3
  )
  counts <- tissue$counts
  coords <- tissue$coords
  labels <- tissue$labels
  few <- list(latentDim = 4, epochs = 3, stability = control)
  fit <- do.call(runStarscape, c(list(counts, coords), few))
  pairFit <- do.call(runStarscape, c(list(pair$counts, pair$coords, slice = pair$slice), few))
  domains <- findDomains(fit, k = 3)
  embed <- function(x, seed) t(as.matrix(x[1:5, ]))
  cluster <- function(embedding, k, seed) stats::kmeans(embedding, k)$cluster
  made <- list(
    counts = counts, dense = as.matrix(counts), coords = coords, labels = labels, pair = pair,
    slices = list(a = pair$counts[, pair$slice == "slice1"], b = pair$counts[, pair$slice == "slice2"]),
    places = list(a = pair$coords[pair$slice == "slice1", ], b = pair$coords[pair$slice == "slice2", ]),
    section = rep(c("left", "right"), length.out = 90), donor = rep(c("a", "b", "c", "d"), length.out = 90),
    donors = c(a = "old", b = "old", c = "young", d = "young"), fit = fit, pairFit = pairFit,
    embedding = fit$embedding, graph = fit$graph, domains = domains, chosen = findDomains(fit, kRange = c(2, 4)),
    sweep = stabilitySweep(counts, coords = coords, k = 3, seeds = 1:3, truth = labels, latentDim = 4, epochs = 2),
    alignment = alignSlices(pairFit), time = domainPseudotime(fit, root = "1", domain = domains),
    markers = domainMarkers(counts, labels, coords = coords, correct = "none"),
    pairMarkers = domainMarkers(counts, labels, correct = "none", spatial = FALSE, compare = "pairs"),
    surface = lossSurface(fit, k = 3, points = 3), shares = domainShares(labels, rep(1:4, length.out = 90)),
    sourceCounts = pair$source$counts, sourceLabels = pair$source$labels, sourceCoords = pair$source$coords,
    pairCounts = pair$counts, pairCoords = pair$coords, pairSlice = pair$slice, pairLabels = pair$labels,
    newCounts = counts[, 1:20], newCoords = coords[1:20, ], genes = counts[1:2, ], axis = fit$embedding[, 1],
    control = control, loss = lossControl(), graphs = graphControl(),
    transst = runTransST(
      pair$counts, pair$source$counts, pair$source$labels, coords = pair$coords, slice = pair$slice, k = 3,
      nFactors = 3
    ),
    embed = embed, cluster = cluster, method = sweepMethod(embed, cluster),
    finder = function(x, seed) rep(1:3, length.out = ncol(x))
  )
  c(made, objectMaterials(made, few))
}

# The same in objects of the classes that are installed.
objectMaterials <- function(made, few) {
  made$pair$spots <- made$pair$slice == "slice1"
  objects <- list()
  whole <- function(object) {
    object <- do.call(runStarscape, c(list(object), few))
    object <- findDomains(object, k = 3)
    domainPseudotime(object, root = "1")
  }
  if (requireNamespace("SingleCellExperiment", quietly = TRUE)) {
    single <- function(counts, coords, ...) {
      SingleCellExperiment::SingleCellExperiment(
        list(counts = counts), colData = S4Vectors::DataFrame(x = coords[, 1], y = coords[, 2], ...)
      )
    }
    objects$single <- whole(single(made$counts, made$coords, donor = made$donor, truth = made$labels))
    joined <- single(made$pair$counts, made$pair$coords, section = made$pair$slice)
    objects$joined <- alignSlices(do.call(runStarscape, c(list(joined, slice = "section"), few)))
    objects$several <- findDomains(do.call(runStarscape, c(list(Map(single, made$slices, made$places)), few)), k = 2)
  }
  if (requireNamespace("SeuratObject", quietly = TRUE)) {
    seurat <- suppressWarnings(SeuratObject::CreateSeuratObject(made$counts))
    columns <- data.frame(made$coords, donor = made$donor, truth = made$labels)
    objects$seurat <- whole(SeuratObject::AddMetaData(seurat, columns))
  }
  objects
}

# Values that are nothing in particular ---------------------------------------------------------------------------

junk <- function(seed) {
  withr::with_seed(seed, {
    value <- sample(oddValues, 1)[[1]]
    if (is.function(value)) value() else value
  })
}

oddValues <- list(
  NULL, NA, NaN, Inf, -Inf, -1, 0, 0.5, 1, 2, 3, 7, 25, 1e9, 3e9, 1e300, 2L, NA_integer_, TRUE, FALSE, "", "a", "1",
  NA_character_, "domain", "slice1", c("1", "2"), character(), numeric(), integer(), logical(), list(), list(1, "a"),
  list(a = NULL), c(2, 4), c(a = 1, b = 2), 1:10, c(TRUE, NA), 1i, as.raw(1), as.Date("2020-01-01"),
  Sys.time(), y ~ x, quote(x), quote(x + y), expression(x), globalenv(), factor(c("a", NA)), factor(character()),
  data.frame(), data.frame(x = 1:3, y = 3:1), data.frame(domain = factor(1:3)), matrix(0, 0, 0), matrix("a", 2, 2),
  matrix(list(), 0, 2), array(1:8, c(2, 2, 2)), Matrix::Matrix(0, 3, 3), Matrix::Diagonal(90), strsplit("a b", " "),
  function() function(x) x, function() function(x, seed) NULL, function() function(x, k, seed) stop("own error"),
  function() stats::rnorm(90), function() sample(c(NA, 1:3), 90, replace = TRUE), function() rep("one", 90),
  function() matrix(stats::rnorm(180), 90), function() matrix(stats::rnorm(450), 90, dimnames = list(1:90, NULL)),
  function() matrix(1e300, 90, 3), function() matrix(stats::rpois(600, 1), 60), function() structure(1, class = "odd"),
  function() structure(list(), class = "starscape_fit"), function() structure(list(), class = "stability_sweep"),
  function() structure(list(1), class = "slice_alignment"), function() structure(list(), class = "transst_fit"),
  function() structure(list(2), class = "domain_pseudotime"), function() structure(list(), class = "sweep_method"),
  function() structure(list(), class = c("loss_surface", "data.frame")), c("red", "no colour"), "#0072B2"
)

# Ways to harm a value --------------------------------------------------------------------------------------------

damaged <- function(value, seed) withr::with_seed(seed, harm(value))

harm <- function(value) {
  ways <- waysToHarm(value)
  name <- sample(names(ways), 1)
  harmed$ways <- c(harmed$ways, name)
  # An object may not let itself be harmed.
  suppressWarnings(tryCatch(ways[[name]](value), error = function(error) value))
}

# What was done, for the report.
harmed <- new.env()

waysToHarm <- function(value) {
  if (inherits(value, c("Seurat", "SingleCellExperiment"))) {
    objectHarm
  } else if (is.data.frame(value)) {
    c(tableHarm, fieldHarm, attributeHarm)
  } else if (is.factor(value)) {
    c(factorHarm, vectorHarm)
  } else if (is.list(value)) {
    c(fieldHarm, attributeHarm)
  } else if (is.matrix(value) || methods::is(value, "Matrix")) {
    counts <- nrow(value) == 60
    number <- is.numeric(value) || methods::is(value, "dMatrix")
    c(matrixHarm, if (number) numberHarm, if (number && counts) c(countHarm, countHarm))
  } else if (is.numeric(value)) {
    c(vectorHarm, numberHarm)
  } else if (is.atomic(value) && !is.null(value)) {
    vectorHarm
  } else {
    list("something else" = function(value) oddOne())
  }
}

# Some of the spots of what has a row, a column or a value for each.
part <- function(value, size, seed) {
  spots <- withr::with_seed(seed, sample.int(90, size))
  if (is.null(dim(value))) value[spots] else if (ncol(value) == 90) value[, spots, drop = FALSE] else value[spots, ]
}

oddOne <- function() junk(sample.int(1e6, 1))

someOf <- function(n) if (n == 0) integer() else sample.int(n, max(1, min(n, stats::rbinom(1, n, 0.1))))

vectorHarm <- list(
  shorter = function(value) value[-someOf(length(value))], longer = function(value) c(value, value[1]),
  empty = function(value) value[0], reversed = rev, "first alone" = function(value) value[1],
  "some NA" = function(value) replace(value, someOf(length(value)), NA), "all NA" = function(value) value[NA],
  constant = function(value) rep(value[1], length(value)), text = as.character, list = as.list,
  named = function(value) stats::setNames(value, sample(letters, length(value), replace = TRUE)),
  "named by spot" = function(value) stats::setNames(value, sample(rownames(material$coords))[seq_along(value)]),
  nameless = unname, "as a table" = function(value) data.frame(value), "as a matrix" = function(value) cbind(value),
  numbers = function(value) suppressWarnings(as.numeric(value)), logical = function(value) is.na(value)
)

factorHarm <- list(
  "another level" = function(value) factor(value, c(levels(value), "other")), codes = as.integer,
  "one level" = function(value) factor(value, levels(value)[1]), "lone spots" = function(value) {
    replace(factor(value, c(levels(value), "lone")), 1, "lone")
  }
)

put <- function(what) {
  function(value) {
    at <- someOf(length(value))
    value[at] <- rep(what, length(at))
    value
  }
}

numberHarm <- list(
  huge = function(value) value * 1e300, large = function(value) value * 1e18, tiny = function(value) value * 1e-300,
  negative = function(value) -value - 1, zero = function(value) value * 0, "some NaN" = put(NaN), "some Inf" = put(Inf),
  "some NA" = put(NA), "one huge" = function(value) {
    value[1] <- 1e200
    value
  }, broken = function(value) value + 0.25, shifted = function(value) value + 1e9
)

matrixHarm <- list(
  turned = function(value) Matrix::t(value), "fewer rows" = function(value) value[-someOf(nrow(value)), , drop = FALSE],
  "fewer columns" = function(value) value[, -someOf(ncol(value)), drop = FALSE],
  "a row twice" = function(value) value[c(1, seq_len(nrow(value))), , drop = FALSE],
  "a column twice" = function(value) value[, c(1, seq_len(ncol(value))), drop = FALSE],
  "no rows" = function(value) value[0, , drop = FALSE], "no columns" = function(value) value[, 0, drop = FALSE],
  nameless = unname, "rows shuffled" = function(value) value[sample(nrow(value)), , drop = FALSE],
  "constant columns" = function(value) {
    value[, someOf(ncol(value))] <- 1
    value
  }, "constant rows" = function(value) {
    value[someOf(nrow(value)), ] <- 1
    value
  }, "columns of nothing" = function(value) {
    value[, someOf(ncol(value))] <- 0
    value
  }, "rows of nothing" = function(value) {
    value[someOf(nrow(value)), ] <- 0
    value
  }, "equal names" = function(value) {
    rownames(value) <- rep("a", nrow(value))
    value
  }, "a table" = function(value) as.data.frame(as.matrix(value)), dense = as.matrix,
  sparse = function(value) Matrix::Matrix(as.matrix(value), sparse = TRUE), numbers = function(value) as.vector(value),
  text = function(value) matrix(as.character(as.matrix(value)), nrow(value)),
  logical = function(value) as.matrix(value) > 0,
  "first column" = function(value) value[, 1]
)

# What is left of counts in which something is as it rarely is.
countHarm <- list(
  "genes of one spot" = function(value) value * (matrix(stats::runif(length(value)), nrow(value)) < 0.02),
  "equal genes" = function(value) {
    value[seq_len(nrow(value)), ] <- as.matrix(value[rep(1, nrow(value)), ])
    value
  }, "equal spots" = function(value) {
    value[, seq_len(ncol(value))] <- as.matrix(value[, rep(1, ncol(value))])
    value
  }, "one count a spot" = function(value) {
    value <- as.matrix(value) * 0
    value[cbind(sample(nrow(value), ncol(value), TRUE), seq_len(ncol(value)))] <- 1
    value
  }, "a deep spot" = function(value) {
    value[, 1] <- 1e6
    value
  }, "spots of nothing" = function(value) {
    value[, sample(ncol(value), ncol(value) %/% 2)] <- 0
    value
  }, "a gene in all" = function(value) {
    value[1, ] <- 1e5
    value
  }, "all ones" = function(value) value * 0 + 1, "large counts" = function(value) value * 1e5
)

tableHarm <- list(
  "fewer rows" = function(value) value[-someOf(nrow(value)), , drop = FALSE],
  "a row twice" = function(value) value[c(1, seq_len(nrow(value))), , drop = FALSE],
  "no rows" = function(value) value[0, , drop = FALSE],
  "rows shuffled" = function(value) value[sample(nrow(value)), , drop = FALSE], "as a matrix" = as.matrix,
  "as a list" = function(value) as.list(value), "row names lost" = function(value) `rownames<-`(value, NULL)
)

oneField <- function(value, change) {
  name <- sample(seq_along(value), 1)
  value[[name]] <- change(value[[name]])
  value
}

fieldHarm <- list(
  "a field harmed" = function(value) oneField(value, harm), "one harmed" = function(value) oneField(value, harm),
  "a field replaced" = function(value) oneField(value, function(field) oddOne()),
  "a field removed" = function(value) value[-sample(length(value), 1)],
  "a field renamed" = function(value) {
    names(value)[sample(length(value), 1)] <- "other"
    value
  }, "a field set NULL" = function(value) {
    value[sample(length(value), 1)] <- list(NULL)
    value
  }, unclassed = unclass, "field names lost" = unname, "two fields swapped" = function(value) {
    at <- sample(length(value), 2)
    value[at] <- value[rev(at)]
    value
  }, "a field more" = function(value) {
    value$other <- oddOne()
    value
  }
)

attributeHarm <- list("an attribute harmed" = function(value) {
  names <- setdiff(names(attributes(value)), c("names", "row.names", "class", "dim", "dimnames"))
  if (length(names) == 0) {
    return(oneField(value, harm))
  }
  name <- sample(names, 1)
  attr(value, name) <- harm(attr(value, name))
  value
})

stored <- function(object, change) {
  if (inherits(object, "Seurat")) {
    object@misc[["starscape"]] <- change(object@misc[["starscape"]])
  } else {
    S4Vectors::metadata(object)[["starscape"]] <- change(S4Vectors::metadata(object)[["starscape"]])
  }
  object
}

column <- function(object, change) {
  names <- names(if (inherits(object, "Seurat")) object[[]] else SummarizedExperiment::colData(object))
  name <- sample(names, 1)
  object[[name]] <- change(object[[name]])
  object
}

objectHarm <- list(
  "fewer spots" = function(object) object[, -someOf(ncol(object))], "no spots" = function(object) object[, 0],
  "fewer genes" = function(object) object[-someOf(nrow(object)), ],
  "spots shuffled" = function(object) object[, sample(ncol(object))],
  "nameless spots" = function(object) `colnames<-`(object, NULL),
  "the fit harmed" = function(object) stored(object, harm), "the fit replaced" = function(object) {
    stored(object, function(fit) oddOne())
  }, "the fit removed" = function(object) stored(object, function(fit) NULL),
  "a column harmed" = function(object) column(object, harm), "a column removed" = function(object) {
    column(object, function(values) NULL)
  }, "a column replaced" = function(object) column(object, function(values) rep(oddOne(), length.out = length(values)))
)
