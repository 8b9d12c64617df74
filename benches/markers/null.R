# Do the p-values of domainMarkers(spatial = TRUE) hold when genes vary smoothly over the tissue and the domains mean
# nothing, and what do they cost when domains mean something?
#
#   Rscript benches/markers/null.R LIBRARY OUT GENES SEEDS SIDE
#
# Writes OUT/null.md. Domains are fixed labels that lie together; genes are independent draws of one field each, as they
# are (continuous) or as rates of negative-binomial counts at library sizes that differ. GENES are drawn a setting, and
# SEEDS such sets. With 400 genes a seed takes about eight minutes. Tissues have SIDE of their sides, 1 for the table.

source("benches/common.R")
genes <- as.integer(arguments[[3]])
seeds <- seq_len(as.integer(arguments[[4]]))
side <- as.numeric(arguments[[5]])

# Tissue ----------------------------------------------------------------------------------------------------------

hexagonal <- function(rows, columns) {
  rows <- round(side * rows)
  columns <- round(side * columns)
  place <- expand.grid(x = seq_len(columns), y = seq_len(rows))
  cbind(x = place$x + 0.5 * (place$y %% 2), y = place$y * sqrt(3) / 2)
}

# Cells at random, four times as dense on one side as on the other.
irregular <- function(spots, width) {
  spots <- round(side^2 * spots)
  place <- matrix(stats::runif(8 * spots), ncol = 2, dimnames = list(NULL, c("x", "y")))
  place <- place[stats::runif(4 * spots) < 0.25 + 0.75 * place[, 1], ]
  side * width * place[seq_len(spots), ]
}

layers <- function(places, k = 7) {
  depth <- places[, 2] / max(places[, 2]) + 0.07 * sin(6 * places[, 1] / max(places[, 1]))
  cut(depth, stats::quantile(depth, seq(0, 1, length.out = k + 1)), labels = FALSE, include.lowest = TRUE)
}

# Three round domains in a background.
blobs <- function(places, k = 4) {
  centres <- max(places) * cbind(c(0.25, 0.7, 0.4), c(0.3, 0.35, 0.75))
  far <- apply(centres, 1, function(centre) sqrt(colSums((t(places) - centre)^2)))
  ifelse(apply(far, 1, min) < 0.17 * max(places), max.col(-far), k)
}

# Ragged domains in many pieces, as a Potts model leaves them: where each of five fields of short range is highest.
ragged <- function(places, slice, k = 5) max.col(field(places, slice, 3, "smooth", k))

# Gaussian fields of unit variance, spots x draws, independent between slices: exp(-d^2 / 2 range^2) where smooth,
# exp(-d / range) where rough. Drawn on a torus of half spacings that is large enough not to be noticed.
field <- function(places, slice, range, kernel, draws) {
  values <- matrix(0, nrow(places), draws)
  if (range == 0) {
    values[] <- stats::rnorm(length(values))
    return(values)
  }
  for (own in unique(slice)) {
    spots <- which(slice == own)
    pixels <- round(2 * sweep(places[spots, , drop = FALSE], 2, apply(places[spots, , drop = FALSE], 2, min))) + 1
    size <- 2^ceiling(log2(max(pixels) + 8 * range))
    step <- pmin(seq_len(size) - 1, size + 1 - seq_len(size)) / 2
    square <- outer(step^2, step^2, `+`)
    covariance <- if (kernel == "smooth") exp(-square / (2 * range^2)) else exp(-sqrt(square) / range)
    spectrum <- sqrt(pmax(Re(stats::fft(covariance)), 0)) / size
    for (draw in seq(1, draws, 2)) {
      noise <- complex(real = stats::rnorm(size^2), imaginary = stats::rnorm(size^2))
      both <- stats::fft(spectrum * matrix(noise, size))
      values[spots, draw] <- Re(both)[pixels]
      if (draw < draws) values[spots, draw + 1] <- Im(both)[pixels]
    }
  }
  values
}

# Genes x spots. A last gene makes all library sizes the same where values are continuous.
asCounts <- function(values, type, effect = 0) {
  values <- t(values)
  if (type == "continuous") {
    values <- exp(values + effect)
    values <- rbind(values, max(colSums(values)) + 1 - colSums(values))
  } else {
    depth <- exp(0.3 * stats::rnorm(ncol(values)))
    rate <- exp(0.7 * values + effect) * rep(depth, each = nrow(values))
    values <- matrix(as.double(stats::rnbinom(length(rate), size = 2, mu = rate)), nrow(rate))
    values <- rbind(values, round(20 * nrow(rate) * depth) + 1)
  }
  dimnames(values) <- list(paste0("gene", seq_len(nrow(values))), paste0("spot", seq_len(ncol(values))))
  methods::as(values, "CsparseMatrix")
}

tests <- function(counts, domain, places, slice, spatial, compare = "rest") {
  markers <- suppressMessages(domainMarkers(
    counts, domain, coords = places, slice = slice, correct = "none", spatial = spatial, compare = compare,
    verbose = FALSE
  ))
  markers[markers$gene != paste0("gene", nrow(counts)), ]
}

drawTissues <- function() {
  tissues <- list(
    lattice = list(hexagonal(64, 57)), irregular = list(irregular(2000, 45)),
    "two slices" = list(hexagonal(40, 36), hexagonal(40, 36))
  )
  lapply(tissues, function(slices) {
    tissue <- list(places = do.call(rbind, slices), slice = rep(seq_along(slices), vapply(slices, nrow, 0L)))
    tissue$domains <- list(
      layers = layers(tissue$places), blobs = blobs(tissue$places), ragged = ragged(tissue$places, tissue$slice)
    )
    tissue$side <- max(apply(tissue$places, 2, function(along) diff(range(along))))
    tissue
  })
}

# Null ------------------------------------------------------------------------------------------------------------

# Ranges in spacings and in sides of the tissue.
fieldsOf <- function(side) {
  kernel <- rep(c("independent", "smooth", "rough"), c(1, 6, 3))
  spacings <- c(0, 0.5, 1, 2)
  sides <- c(0.05, 0.1, 0.2, 0.02, 0.05, 0.1)
  data.frame(
    kernel = kernel, range = c(spacings, side * sides),
    name = paste0(kernel, c("", paste0(", ", spacings[-1], " spacings"), paste0(", ", sides, " sides")))
  )
}

nullRows <- function(tissue, name) {
  settings <- fieldsOf(tissue$side)
  rows <- lapply(seq_len(nrow(settings)), function(row) {
    values <- field(tissue$places, tissue$slice, settings$range[[row]], settings$kernel[[row]], genes)
    lapply(c("continuous", "counts"), function(type) {
      counts <- asCounts(values, type)
      lapply(names(tissue$domains), function(labels) {
        of <- function(spatial) tests(counts, tissue$domains[[labels]], tissue$places, tissue$slice, spatial)
        naive <- of(FALSE)
        found <- of(TRUE)
        data.frame(
          tissue = name, kernel = settings$kernel[[row]], field = settings$name[[row]], type = type, labels = labels,
          naive = mean(naive$p_value < 0.05), spatial = mean(found$p_value < 0.05),
          spatial_001 = mean(found$p_value < 0.001)
        )
      })
    })
  })
  do.call(rbind, unlist(unlist(rows, recursive = FALSE), recursive = FALSE))
}

# Power -----------------------------------------------------------------------------------------------------------

# Counts with a log fold change in one domain. The oracle divides the same rank sum by its true standard deviation, that
# of genes without an effect, and knows it to be normal.
power <- function(tissue, labels, kernel, range, effects = c(0.25, 0.5, 1, 2)) {
  domain <- tissue$domains[[labels]]
  first <- domain == 1
  values <- field(tissue$places, tissue$slice, range, kernel, genes)
  tested <- lapply(c(0, effects), function(effect) {
    # log2 fold changes
    counts <- asCounts(values, "counts", rep(log(2) * effect * first, each = genes))
    found <- tests(counts, domain, tissue$places, tissue$slice, TRUE)
    found <- found[found$domain == "1", ]
    list(auc = found$auc, p = found$p_value)
  })
  name <- if (range == 0) kernel else sprintf("%s, %.3f sides", kernel, range / tissue$side)
  sd <- sqrt(mean((tested[[1]]$auc - 0.5)^2))
  do.call(rbind, lapply(seq_along(effects), function(place) {
    own <- tested[[place + 1]]
    oracle <- 2 * stats::pnorm(-abs(own$auc - 0.5) / sd)
    data.frame(
      labels = labels, field = name, log2fc = effects[[place]], auc = mean(own$auc),
      oracle = mean(oracle < 0.05), spatial = mean(own$p < 0.05), oracle_001 = mean(oracle < 0.001),
      spatial_001 = mean(own$p < 0.001)
    )
  }))
}

powerRows <- function(tissue) {
  fields <- list(
    kernel = c("independent", "smooth", "smooth", "smooth", "smooth", "rough"),
    range = c(0, 1, 2, tissue$side * c(0.1, 0.2, 0.05))
  )
  do.call(rbind, lapply(c("layers", "blobs"), function(labels) {
    do.call(rbind, Map(function(kernel, range) power(tissue, labels, kernel, range), fields$kernel, fields$range))
  }))
}

# Report ----------------------------------------------------------------------------------------------------------

# Means over seeds of the columns `of`, by the others that name a setting.
overSeeds <- function(rows, by, of) {
  key <- factor(do.call(paste, rows[by]), unique(do.call(paste, rows[by])))
  means <- as.data.frame(lapply(rows[of], function(column) as.vector(tapply(column, key, mean))))
  cbind(rows[!duplicated(key), by], means)
}

# One row a field and kind of values, a column for each kind of labels: without / with, by tissue.
nullTable <- function(null) {
  settings <- overSeeds(null, c("field", "type", "labels", "tissue"), c("naive", "spatial", "spatial_001"))
  cell <- function(part) {
    sprintf("%.2f / %s", mean(part$naive), paste(sprintf("%.3f", part$spatial), collapse = " "))
  }
  rows <- unique(settings[c("field", "type")])
  cells <- t(apply(rows, 1, function(row) {
    own <- settings[settings$field == row[["field"]] & settings$type == row[["type"]], ]
    kinds <- lapply(c("layers", "blobs", "ragged"), function(labels) own[own$labels == labels, ])
    c(vapply(kinds, cell, ""), sprintf("%.4f", mean(own$spatial_001)))
  }))
  table <- data.frame(rows, cells, check.names = FALSE)
  names(table) <- c("field, range", "values", "layers", "blobs", "ragged", "< 0.001")
  table
}

nullSummary <- function(null) {
  settings <- overSeeds(null, c("kernel", "field", "type", "labels", "tissue"), c("naive", "spatial"))
  row <- function(name, part) {
    data.frame(
      fields = name, settings = as.character(nrow(part)), without = sprintf("%.3f", mean(part$naive)),
      with = sprintf("%.3f", mean(part$spatial)), least = sprintf("%.4f", min(part$spatial)),
      most = sprintf("%.4f", max(part$spatial)),
      "share of settings above 0.06" = sprintf("%.3f", mean(part$spatial > 0.06)), check.names = FALSE
    )
  }
  kinds <- split(settings, factor(settings$kernel, c("independent", "smooth", "rough")))
  rbind(row("all", settings), do.call(rbind, Map(row, names(kinds), kinds)))
}

powerTable <- function(powers) {
  table <- overSeeds(
    powers, c("labels", "field", "log2fc"), c("auc", "oracle", "spatial", "oracle_001", "spatial_001")
  )
  table[-(1:2)] <- lapply(table[-(1:2)], function(column) sprintf("%.3f", column))
  names(table) <- c(
    "labels", "field", "log2 fold change", "AUC", "oracle, 0.05", "spatial, 0.05", "oracle, 0.001", "spatial, 0.001"
  )
  table
}

# Share of the oracle's power that is kept, over the fold changes.
keptTable <- function(powers) {
  kept <- overSeeds(powers, c("labels", "field"), c("oracle", "spatial", "oracle_001", "spatial_001"))
  data.frame(
    labels = kept$labels, field = kept$field, "at 0.05" = sprintf("%.2f", kept$spatial / kept$oracle),
    "at 0.001" = sprintf("%.2f", kept$spatial_001 / kept$oracle_001), check.names = FALSE
  )
}

measured <- lapply(seeds, function(seed) {
  withr::with_seed(seed, .rng_kind = "Mersenne-Twister", .rng_sample_kind = "Rejection", {
    message("seed ", seed)
    tissues <- drawTissues()
    list(
      null = do.call(rbind, Map(nullRows, tissues, names(tissues))), power = powerRows(tissues$lattice),
      spots = vapply(tissues, function(tissue) sum(tissue$slice == 1), 0)
    )
  })
})
null <- do.call(rbind, lapply(measured, `[[`, "null"))
powers <- do.call(rbind, lapply(measured, `[[`, "power"))
spots <- measured[[1]]$spots
writeLines(c(
  "# Do p-values hold for genes that vary smoothly over the tissue?", "",
  sprintf("Made by `make markers`: means over %d seeds with %d genes a setting.", length(seeds), genes), "",
  sprintf(
    "180 settings: a lattice of %d spots, %d irregular cells of uneven density, two slices of %d spots; fixed",
    spots[["lattice"]], spots[["irregular"]], spots[["two slices"]]
  ),
  "labels in seven layers, in four blobs, and in five ragged domains of many pieces; Gaussian fields, exp(-d^2/2r^2)",
  "(smooth) or exp(-d/r) (rough), as they are (continuous) or as rates of negative-binomial counts (mean 1, size 2,",
  "standard deviation 0.7 of the log rate, library sizes that vary by 30 %). Every domain against the rest: with 400",
  "genes 1600 to 2800 tests a seed, whose share below 0.05 has a standard error of about 0.006. What else was tried:",
  "`tried.md`.", "",
  "## Null", "", "Share of p < 0.05 without and with `spatial = TRUE`.", "", tableLines(nullSummary(null)), "",
  "By setting; with it, one figure each for lattice, irregular cells, two slices. The last column is the share of",
  "p < 0.001 with it, over all labels and tissues.", "", tableLines(nullTable(null)), "",
  "## Power", "",
  "Counts on the lattice with a log2 fold change in one domain. The oracle divides the same rank sum by its true",
  "standard deviation, that of genes without an effect, and takes it as normal.", "",
  "Share of the oracle's power that is kept, over the four fold changes:", "", tableLines(keptTable(powers)), "",
  tableLines(powerTable(powers))
), file.path(out, "null.md"))
