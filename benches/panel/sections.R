# The sections of the panel, read where they are. Each is a list of counts (genes x spots), places and labels, NA where
# there are none; `k` is the number of domains asked for where nothing is labelled.

source("rpkg/tests/testthat/helper-sections.R")

# Array positions "10x13" are row names; labels come with places to be rounded. Classes that are no tissue are left out.
readTumour <- function(path) {
  counts <- utils::read.delim(gzfile(file.path(path, "counts.tsv.gz")), row.names = 1, check.names = FALSE)
  counts <- t(as.matrix(counts))
  spots <- utils::read.delim(file.path(path, "labeled_coordinates.tsv"))
  key <- paste0(round(as.numeric(spots$x)), "x", round(as.numeric(spots$y)))
  unclear <- c("undetermined", if (basename(path) %in% c("A1", "C1")) "immune infiltrate")
  keep <- key %in% colnames(counts) & !duplicated(key) & !spots$label %in% unclear
  list(
    counts = methods::as(counts[, key[keep]], "CsparseMatrix"),
    coords = cbind(as.numeric(spots$x[keep]), as.numeric(spots$y[keep])), labels = spots$label[keep]
  )
}

unlabelled <- function(k) {
  function(path) {
    section <- readStarmap(path)
    section$labels <- rep(NA, ncol(section$counts))
    section$k <- k
    section
  }
}

tumours <- c("A1", "B1", "C1", "D1")
single <- c("starmap_v1", "osmfish", "merfish_hypothalamus_1", "merfish_hypothalamus_2", "mob12")
panel <- c(
  lapply(sections, function(section) section[c("read", "path")]),
  stats::setNames(lapply(single, function(name) list(read = readStarmap, path = file.path("panel", name))), single),
  stats::setNames(lapply(tumours, function(name) list(read = readTumour, path = file.path("her2st", name))), tumours),
  list(
    cosmx_lung = list(read = unlabelled(6), path = "panel/cosmx_lung"),
    xenium_breast = list(read = unlabelled(8), path = "panel/xenium_breast"),
    slideseq_cerebellum = list(read = unlabelled(5), path = "panel/slideseq_cerebellum")
  )
)

panelSection <- function(name) {
  section <- panel[[name]]$read(file.path(folder, panel[[name]]$path))
  used <- Matrix::colSums(section$counts) > 0
  rownames(section$counts) <- make.unique(rownames(section$counts))
  section$counts <- section$counts[, used]
  section$coords <- unname(section$coords[used, ])
  section$labels <- as.character(section$labels[used])
  if (is.null(section$k)) section$k <- length(unique(stats::na.omit(section$labels)))
  section
}
