# What the surroundings of a spot tell of its scores T by models as wide as the network that learn nothing but a ridge
# regression: squared error on tiles of 25 spots that are held out (a fifth, each fifth in turn), relative to the
# regression on the mean scores of the rings. `graph` is spots x spots.

ringMeans <- function(graph, steps = 4) {
  graph <- methods::as(graph != 0, "dMatrix")
  seen <- graph + Matrix::Diagonal(nrow(graph))
  rings <- list(graph)
  for (step in seq_len(steps)[-1]) {
    reached <- methods::as(rings[[step - 1]] %*% graph > 0, "dMatrix")
    rings[[step]] <- Matrix::drop0(reached - reached * (seen > 0))
    seen <- seen + rings[[step]]
  }
  lapply(rings, function(ring) Matrix::Diagonal(x = 1 / pmax(Matrix::rowSums(ring), 1)) %*% ring)
}

squareTiles <- function(coords, spots = 25) {
  side <- sqrt(spots * prod(apply(coords, 2, function(axis) diff(range(axis)))) / nrow(coords))
  tiles <- paste(coords[, 1] %/% side, coords[, 2] %/% side)
  match(tiles, unique(tiles))
}

# Predictions of `own` by ridge regression on `predictors`, trained where `part` is not `held`; the penalty is the best
# of a grid on the last of the training parts.
ridgePrediction <- function(predictors, own, part, held) {
  predictors <- scale(predictors, scale = FALSE)
  coefficients <- function(rows) {
    products <- crossprod(predictors[rows, ])
    right <- crossprod(predictors[rows, ], own[rows, ])
    function(penalty) solve(products + diag(penalty * mean(diag(products)), ncol(products)), right)
  }
  last <- max(setdiff(part, held))
  inner <- coefficients(!part %in% c(held, last))
  penalties <- 10^seq(-4, 3, 0.5)
  error <- vapply(penalties, function(penalty) {
    sum((own[part == last, ] - predictors[part == last, ] %*% inner(penalty))^2)
  }, 0)
  predictors %*% coefficients(part != held)(penalties[which.min(error)])
}

# Models by name, each a function of the own scores, the part of each spot and the part held out, that gives
# predictions. They are as wide as the network: two units a component. `rings` average over the neighbours of the spots
# in question.
controlModels <- function(scores, rings) {
  width <- 2 * ncol(scores)
  means <- function(code) do.call(cbind, lapply(rings, function(ring) as.matrix(ring %*% code)))
  units <- function(x, seed) {
    directions <- withr::with_seed(seed, matrix(stats::rnorm(ncol(x) * width), ncol(x)))
    offsets <- withr::with_seed(seed + 1, stats::rnorm(width))
    pmax(sweep(x %*% directions / sqrt(ncol(x)), 2, offsets, "+"), 0)
  }
  types <- withr::with_seed(1, stats::kmeans(scores, min(width, nrow(scores) %/% 25), iter.max = 100)$cluster)
  around <- means(scores)
  linear <- function(own, part, held) ridgePrediction(around, own, part, held)
  beside <- function(code) {
    code <- means(code)
    function(own, part, held) ridgePrediction(cbind(around, code), own, part, held)
  }
  list(
    linear = linear,
    `positive and negative parts` = beside(pmax(scores, 0)),
    `random units before averaging` = beside(units(scores, 1)),
    `k-means types` = beside(stats::model.matrix(~ 0 + type, data.frame(type = factor(types)))),
    `random units after averaging` = function(own, part, held) {
      expected <- linear(own, part, held)
      ridgePrediction(cbind(around, units(expected / stats::sd(expected), 3)), own, part, held)
    }
  )
}

# Percent of the squared error of what is linear that each control saves, and the standard error over tiles. Of a large
# section, whole tiles that make up some 5000 spots.
controlGains <- function(scores, graph, coords) {
  tile <- squareTiles(coords)
  every <- ceiling(nrow(scores) / 5000)
  some <- which(tile %% every == 0)
  tile <- tile[some]
  part <- (tile %/% every) %% 5
  models <- controlModels(scores, lapply(ringMeans(graph), function(ring) ring[some, ]))
  own <- scores[some, ]
  errors <- vapply(models, function(model) {
    error <- numeric(nrow(own))
    for (held in 0:4) {
      left <- part == held
      error[left] <- rowSums((own - model(own, part, held))[left, , drop = FALSE]^2)
    }
    rowsum(error, tile)[, 1]
  }, numeric(length(unique(tile))))
  gain <- 1 - colSums(errors) / sum(errors[, "linear"])
  residual <- outer(errors[, "linear"], 1 - gain) - errors
  list(gain = 100 * gain[-1], error = 100 * sqrt(colSums(residual^2))[-1] / sum(errors[, "linear"]))
}
