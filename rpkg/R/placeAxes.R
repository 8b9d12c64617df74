# Which columns of places are x, y and a depth.

# The columns of places that say by their names which is x and which is y, with a depth that differs, or as `depth`
# says; the columns of numbers where these are two.
placeAxes <- function(coords, argument = "coords", depth = NULL, told = TRUE) {
  given <- coords <- plainTable(coords)
  numbers <- numberColumns(coords)
  pair <- pairOf(colnames(coords), numbers)
  third <- if (is.data.frame(coords) || is.matrix(coords)) depthOf(coords)
  if (is.null(depth)) depth <- length(unique(third$values)) > 1
  axes <- c(pair, if (!is.null(pair) && depth) third$name)
  repeated <- intersect(axes, colnames(coords)[duplicated(colnames(coords))])
  if (length(repeated) > 0) {
    stopArgument(
      argument, sprintf("has several columns of the name %s", quoted(repeated)), "Give one column for each axis."
    )
  }
  if (is.data.frame(coords)) {
    coords <- as.matrix(coords[if (is.null(pair)) numbers else axes])
  } else if (is.matrix(coords) && !is.null(pair)) {
    coords <- coords[, axes, drop = FALSE]
  }
  if (!is.matrix(coords) || !is.numeric(coords) || ncol(coords) != max(2, length(axes))) {
    stopAxes(given, argument)
  }
  if (told) tellAxes(pair, colnames(coords), argument)
  storage.mode(coords) <- "double"
  unname(coords)
}

stopAxes <- function(coords, argument) {
  shape <- if (is.data.frame(coords)) {
    sprintf("a data frame with %s", columnCount(names(coords)))
  } else if (is.matrix(coords)) {
    sprintf("a %s matrix with %s", typeof(coords), columnCount(colnames(coords), ncol(coords)))
  } else {
    describe(coords)
  }
  hint <- if (is.matrix(coords) && ncol(coords) == 3) {
    "Name three columns x, y and z if the last is a depth."
  } else if (length(dim(coords)) == 2 && ncol(coords) > 2) {
    paste0("Name the two columns of places x and y.", if (is.data.frame(coords) && ncol(coords) == 6) sayPositions)
  }
  stopArgument(argument, paste("must be numeric with two columns, x and y, not", shape), hint)
}

# The table of Space Ranger before version 2.
sayPositions <- paste(
  " Where this is tissue_positions_list.csv, which has no header, its columns are barcode, in_tissue, array_row,",
  "array_col, pxl_row_in_fullres and pxl_col_in_fullres."
)

columnCount <- function(names, count = length(names)) {
  paste0(count, if (count == 1) " column" else " columns", if (length(names) > 0) paste0(": ", quoted(names, 6)))
}

# What was taken for x and y, where it is not plain: by `pair`, the names that say so, or by position.
tellAxes <- function(pair, names, argument = "coords") {
  if (is.null(pair) && is.null(names) || identical(pair, c("x", "y"))) {
    return(invisible())
  }
  shown <- if (is.null(pair)) names else pair
  tell(
    "`", argument, "`: x is the column \"", shown[[1]], "\", y is \"", shown[[2]], "\"",
    if (is.null(pair)) ", in their order, as their names do not say", "."
  )
}

# The columns that can be places.
numberColumns <- function(coords) {
  if (!is.data.frame(coords)) {
    return(colnames(coords))
  }
  names(coords)[vapply(coords, is.numeric, NA) & !tolower(names(coords)) %in% nameColumns]
}

# The names of x and y: known ones, or else those among `numbers` that say it; NULL where none do.
pairOf <- function(names, numbers = names) {
  pair <- knownPair(names)
  if (is.null(pair)) spokenPair(numbers) else pair
}

# x and y before the names that readers give them; NULL where no pair is among the names.
knownPair <- function(names) {
  pairs <- c(list(c("x", "y"), c("X", "Y")), placeColumns)
  known <- Filter(function(pair) all(pair %in% names), pairs)
  if (length(known) > 0) known[[1]]
}

# The one name that says x by a word and the one that says y. Of two names one is enough: the other is the other axis.
spokenPair <- function(names) {
  words <- nameWords(names)
  says <- function(axis) vapply(words, function(own) any(own %in% axis), NA)
  across <- as.logical(says(c("x", "col", "column", "xcoord", "xpos")))
  down <- as.logical(says(c("y", "row", "ycoord", "ypos")))
  if (length(names) == 2 && sum(across, down) == 1) {
    if (any(across)) down <- !across else across <- !down
  }
  if (sum(across) == 1 && sum(down) == 1 && !any(across & down)) c(names[across], names[down])
}

# The words of names, in lower case: parts between other signs than letters and digits, and those of camel case.
nameWords <- function(names) {
  apart <- gsub("([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", "\\1\\3 \\2", names, perl = TRUE)
  strsplit(tolower(apart), "[^a-z0-9]+")
}

# The third dimension of places, by its name: z, or what is called as x is but for that word.
depthOf <- function(coords) {
  third <- intersect(c("z", "Z"), colnames(coords))
  if (length(third) == 0 && is.null(knownPair(colnames(coords)))) third <- spokenDepth(numberColumns(coords))
  if (length(third) > 0 && ncol(coords) > 2 && !all(is.na(coords[, third[[1]]]))) {
    list(name = third[[1]], values = unlist(as.data.frame(coords)[third[[1]]], use.names = FALSE))
  }
}

spokenDepth <- function(names) {
  pair <- spokenPair(names)
  if (is.null(pair)) {
    return(NULL)
  }
  wanted <- sub("^x", "z", nameWords(pair)[[1]])
  others <- setdiff(names, pair)
  others[vapply(nameWords(others), identical, NA, wanted)]
}

# Pixels that a table has beside the array positions that are taken from it, or NULL.
pixelsBeside <- function(coords) {
  if (!is.data.frame(coords)) coords <- if (is.matrix(coords)) as.data.frame(coords)
  if (!isTRUE(grepl("^array_|^col$", knownPair(names(coords))[1]))) {
    return(NULL)
  }
  pixels <- Filter(function(pair) isPixels(pair) && all(pair %in% numberColumns(coords)), placeColumns)
  if (length(pixels) > 0) unname(columnsToCoords(pixels[[1]], coords))
}

isPixels <- function(pair) grepl("^pxl_|^image", pair[[1]])
