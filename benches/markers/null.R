# Rscript benches/markers/null.R LIBRARY OUT [GENES] [SEED]
#
# Do the p-values of domainMarkers(spatial = TRUE) hold when genes vary smoothly over the tissue and the domains mean
# nothing, and what do they cost when domains mean something? Writes OUT/null.csv and OUT/power.csv and prints tables.
# Domains are fixed labels that lie together; genes are independent draws of one field each, as they are (continuous) or
# as rates of negative-binomial counts at library sizes that differ. Takes about eight minutes with 400 genes.

arguments <- commandArgs(TRUE)
.libPaths(c(arguments[[1]], .libPaths()))
out <- arguments[[2]]
genes <- if (length(arguments) > 2) as.integer(arguments[[3]]) else 400L
suppressPackageStartupMessages(library(starscape))
RNGversion("4.0.0")
set.seed(if (length(arguments) > 3) as.integer(arguments[[4]]) else 1L)

# Tissue ----------------------------------------------------------------------------------------------------------

hexagonal <- function(rows, columns) {
  place <- expand.grid(x = seq_len(columns), y = seq_len(rows))
  cbind(x = place$x + 0.5 * (place$y %% 2), y = place$y * sqrt(3) / 2)
}

# Cells at random, four times as dense on one side as on the other.
irregular <- function(spots, side) {
  place <- matrix(stats::runif(8 * spots), ncol = 2, dimnames = list(NULL, c("x", "y")))
  place <- place[stats::runif(4 * spots) < 0.25 + 0.75 * place[, 1], ]
  side * place[seq_len(spots), ]
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

tissues <- list(
  lattice = list(places = hexagonal(64, 57), slice = rep(1L, 64 * 57)),
  irregular = list(places = irregular(2000, 45), slice = rep(1L, 2000)),
  "two slices" = list(places = rbind(hexagonal(40, 36), hexagonal(40, 36)), slice = rep(1:2, each = 40 * 36))
)
tissues <- lapply(tissues, function(tissue) {
  tissue$domains <- list(
    layers = layers(tissue$places), blobs = blobs(tissue$places), ragged = ragged(tissue$places, tissue$slice)
  )
  tissue$side <- max(apply(tissue$places, 2, function(along) diff(range(along))))
  tissue
})

# Null ------------------------------------------------------------------------------------------------------------

fieldsOf <- function(side) {
  data.frame(
    kernel = rep(c("independent", "smooth", "rough"), c(1, 6, 3)),
    range = c(0, 0.5, 1, 2, side * c(0.05, 0.1, 0.2), side * c(0.02, 0.05, 0.1))
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
          tissue = name, kernel = settings$kernel[[row]], range = settings$range[[row]] / tissue$side, type = type,
          labels = labels, naive = mean(naive$p_value < 0.05), spatial = mean(found$p_value < 0.05),
          spatial_001 = mean(found$p_value < 0.001), tests = nrow(found),
          effective = stats::median(found$n_effective) / ncol(counts)
        )
      })
    })
  })
  do.call(rbind, unlist(unlist(rows, recursive = FALSE), recursive = FALSE))
}

time <- proc.time()[[3]]
null <- do.call(rbind, Map(nullRows, tissues, names(tissues)))
utils::write.csv(null, file.path(out, "null.csv"), row.names = FALSE)
cat(sprintf("Null: %d settings in %.0f s\n", nrow(null), proc.time()[[3]] - time))
null$setting <- ifelse(null$kernel == "independent", "independent", sprintf("%s %.3f", null$kernel, null$range))
print(null[c("tissue", "setting", "type", "labels", "naive", "spatial", "spatial_001", "effective")], digits = 2)
share <- function(part) c(
  settings = nrow(part), naive = mean(part$naive), spatial = mean(part$spatial), least = min(part$spatial),
  most = max(part$spatial), at_001 = mean(part$spatial_001)
)
print(round(t(sapply(split(null, list(null$type, null$kernel)), share)), 4))
print(round(t(sapply(split(null, null$labels), share)), 4))

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
    naive <- tests(counts, domain, tissue$places, tissue$slice, FALSE)
    found <- found[found$domain == "1", ]
    list(auc = found$auc, p = found$p_value, naive = naive$p_value[naive$domain == "1"])
  })
  sd <- sqrt(mean((tested[[1]]$auc - 0.5)^2))
  do.call(rbind, lapply(seq_along(effects), function(place) {
    own <- tested[[place + 1]]
    oracle <- 2 * stats::pnorm(-abs(own$auc - 0.5) / sd)
    data.frame(
      labels = labels, kernel = kernel, range = range / tissue$side, log2fc = effects[[place]], auc = mean(own$auc),
      oracle = mean(oracle < 0.05), spatial = mean(own$p < 0.05), oracle_001 = mean(oracle < 0.001),
      spatial_001 = mean(own$p < 0.001), naive_null = mean(tested[[1]]$naive < 0.05),
      spatial_null = mean(tested[[1]]$p < 0.05)
    )
  }))
}

tissue <- tissues$lattice
powers <- do.call(rbind, lapply(c("layers", "blobs"), function(labels) {
  do.call(rbind, Map(
    function(kernel, range) power(tissue, labels, kernel, range),
    c("independent", "smooth", "smooth", "smooth", "smooth", "rough"), c(0, 1, 2, tissue$side * c(0.1, 0.2, 0.05))
  ))
}))
rownames(powers) <- NULL
utils::write.csv(powers, file.path(out, "power.csv"), row.names = FALSE)
print(powers, digits = 2)
cat(sprintf("In all %.0f s\n", proc.time()[[3]] - time))
