# Small data and quick fits that the tests share.

small <- simulateSlices(rows = 12, columns = 12, genes = 80, domains = 3, seed = 7)
pair <- simulateSlices(slices = 2, rows = 9, columns = 10, genes = 60, domains = 3, batch = 0.3, seed = 3)

# A fit in well under a second, with its network whether it is worth it or not.
quick <- function(x, ..., latentDim = 5, epochs = 5, stability = starControl(share = 1), verbose = FALSE) {
  suppressMessages(
    runStarscape(x, ..., latentDim = latentDim, epochs = epochs, stability = stability, verbose = verbose),
    "starscape_message"
  )
}

quickFit <- quick(small$counts, coords = small$coords)

# A fit whose domains are those of one space, the embedding's or the prior's, without further views.
oneSpace <- function(fit) {
  fit$codes <- NULL
  fit
}

# What findDomains() should find on some of the spots of that fit.
domainsOfPart <- function(rows) {
  spots <- if (is.character(rows)) rows else rownames(quickFit$embedding)[rows]
  findDomains(starscape:::subsetFit(quickFit, spots), k = 2, verbose = FALSE)
}

# Columns of domains in an object of any class, which has a fit and no domains yet.
expectColumns <- function(object) {
  silent <- function(code) expect_no_message(code, class = "starscape_message")
  find <- function(object, k, ...) findDomains(object, k = k, verbose = FALSE, ...)
  two <- silent(find(find(object, 2), 3, name = "three"))
  expect_identical(c(nlevels(two$domain), nlevels(two$three)), c(2L, 3L))
  expect_type(two$three_confidence, "double")
  # Its own columns are replaced silently, also after another fit.
  again <- silent(find(quick(silent(find(two, 2, name = "three"))), 2, name = "three"))
  expect_identical(nlevels(again$three), 2L)
  # A user's are told: the domains', the confidence's, and `domain` itself where only another name was written.
  told <- function(columns, name) {
    for (column in columns) object[[column]] <- rep("mine", ncol(object))
    object <- find(object, 2, name = "other")
    expect_message(find(object, 2, name = name), utils::tail(columns, 1), class = "starscape_message")
  }
  told("layer", "layer")
  told("layer_confidence", "layer")
  told("domain", "domain")
  expectArgumentError(find(object, 2, name = 3), "name")
}

# An argument error that names the argument and says enough, within a second of processor time: a machine that is busy
# with other work is no fault of the check. Nor is code that R loads and compiles when it is first run: a call that took
# longer is made once more.
expectArgumentError <- function(code, argument, pattern = NULL) {
  call <- substitute(code)
  from <- parent.frame()
  refused <- function() {
    time <- system.time(error <- tryCatch({
      eval(call, from)
      NULL
    }, error = identity), gcFirst = FALSE)
    list(error = error, seconds = time[["user.self"]] + time[["sys.self"]])
  }
  attempt <- refused()
  if (attempt$seconds >= 1) attempt <- refused()
  error <- attempt$error
  testthat::expect_s3_class(error, "starscape_error_argument")
  testthat::expect_s3_class(error, "starscape_error")
  testthat::expect_identical(error$argument, argument)
  text <- if (is.null(error)) "" else conditionMessage(error)
  testthat::expect_match(text, paste0("`", argument, "`"), fixed = TRUE)
  if (!is.null(pattern)) testthat::expect_match(text, pattern)
  testthat::expect_lt(attempt$seconds, 1)
}

seuratSmall <- function(sim = small) {
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(sim$counts))
  columns <- data.frame(sim$coords, batch = as.character(sim$slice), truth = sim$labels)
  SeuratObject::AddMetaData(object, columns)
}

sceSmall <- function(sim = small, counts = sim$counts) {
  SingleCellExperiment::SingleCellExperiment(
    list(counts = counts),
    colData = S4Vectors::DataFrame(x = sim$coords[, 1], y = sim$coords[, 2], batch = as.character(sim$slice))
  )
}

# The version 4 image of a Visium slide.
visiumImage <- function(coords, key = "slice1_") {
  table <- data.frame(
    tissue = 1L, row = coords[, 2], col = coords[, 1], imagerow = 100 * sqrt(3) * coords[, 2] + 50,
    imagecol = 100 * coords[, 1] + 20, row.names = rownames(coords)
  )
  methods::new(
    methods::getClass("VisiumV1", where = asNamespace("Seurat")),
    image = array(0, c(2, 2, 3)), scale.factors = Seurat::scalefactors(1, 1, 1, 1), coordinates = table,
    spot.radius = 0.01, assay = "RNA", key = key
  )
}

# Builds a plot as printing it would.
built <- function(plot) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_s3_class(plot, "ggplot")
  expect_silent(build <- ggplot2::ggplot_build(plot))
  expect_silent(ggplot2::ggplot_gtable(build))
  build
}

# A sweep of seeds over the spots of a simulation, as if some of the seeds had failed. Seeds differ about more spots the
# larger `spread` is, most of all at the end of the slices.
fakeSweep <- function(seeds = 1:5, sim = small, spread = 0.2, failed = NULL, method = "starscape", known = TRUE) {
  spots <- length(sim$labels)
  truth <- as.integer(sim$labels)
  k <- max(truth)
  done <- setdiff(seeds, failed)
  wave <- abs(sin(outer(seq_len(spots), done)))
  moved <- wave * seq_len(spots) / spots < spread * rep(abs(cos(done)), each = spots)
  labels <- (truth - 1L + moved) %% k + 1L
  dimnames(labels) <- list(colnames(sim$counts), done)
  support <- rowMeans(labels == truth)
  pairwise <- 1 - spread * abs(outer(cos(done), cos(done), `-`))
  score <- 0.8 - spread * abs(cos(done))
  place <- match(seeds, done)
  runs <- data.frame(
    seed = seeds, status = ifelse(is.na(place), "failed", "ok"), message = ifelse(is.na(place), "stopped", ""),
    k = k, ari = if (known) score[place] else NA_real_, agreement = rowMeans(pairwise)[place],
    seconds = 2 + abs(sin(place)), memory_mb = 100
  )
  records <- lapply(seq_along(seeds), function(at) {
    found <- if (runs$status[[at]] == "ok") list(labels = unname(labels[, place[[at]]]))
    c(list(seed = as.integer(seeds[[at]]), status = runs$status[[at]], message = runs$message[[at]]), found)
  })
  structure(
    list(
      labels = labels, runs = runs, pairwise = pairwise,
      spots = data.frame(
        consensus = factor(truth), support = support, entropy = 1 - support, stability = support^2,
        consistency = support, row.names = rownames(labels)
      ),
      domains = data.frame(domain = factor(seq_len(k)), spots = tabulate(truth, k), stability = 1, lowest = 1),
      sources = NULL, truth = if (known) sim$labels, coords = sim$coords, slice = sim$slice, method = method, k = k,
      seeds = seeds
    ),
    class = "stability_sweep", records = records
  )
}

# A surface around a fitted model: steep or flat.
fakeSurface <- function(steep = 1, points = 21) {
  steps <- seq(-1, 1, length.out = points)
  surface <- expand.grid(alpha = steps, beta = steps)
  distance <- surface$alpha^2 + 0.5 * surface$beta^2 + 0.3 * surface$alpha * surface$beta
  surface$loss <- 2.5 * exp(steep * distance)
  surface$agreement <- exp(-steep * distance)
  structure(surface, class = c("loss_surface", "data.frame"))
}
