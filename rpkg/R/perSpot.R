# What is given per spot -> the order of the spots: by name where it has names, by position where it has none. Names
# that fit nothing are refused.

# A vector, a factor, a table with a row for each spot, or a matrix of one column, which counts as a vector.
perSpot <- function(value, spots, argument) {
  value <- plainTable(value)
  rows <- rowsOfSpots(spotNames(value, spots, argument), spots, argument)
  if (is.matrix(value) && ncol(value) == 1) value <- value[, 1]
  if (is.null(rows)) {
    return(value)
  }
  if (length(dim(value)) == 2) value[rows, , drop = FALSE] else value[rows]
}

# The same of one value per spot: of a table, the column that holds it.
perSpotVector <- function(value, spots, argument) {
  value <- perSpot(value, spots, argument)
  if (is.data.frame(value)) value[[valueColumn(value, spots, argument)]] else value
}

# The column that is called as the argument, or `domain` as findDomains() calls it, or the only one that holds no names
# of spots.
valueColumn <- function(table, spots, argument) {
  columns <- names(table)[!tolower(names(table)) %in% nameColumns]
  called <- intersect(c(argument, "domain"), columns)
  if (length(called) > 0) {
    return(called[[1]])
  }
  holdsNames <- function(name) mean(as.character(table[[name]]) %in% spots) > 0.5
  if (length(columns) > 1) columns <- Filter(Negate(holdsNames), columns)
  if (length(columns) != 1) {
    stopArgument(
      argument, paste("is a table that does not say which column is meant:", quoted(names(table), 5)),
      sprintf("Give one column, or call it \"%s\".", argument)
    )
  }
  columns
}

# A matrix with a row for each spot, with a column for each, or with both as a graph has. One of another size is refused
# where that is looked at.
perSpotRows <- function(value, spots, argument) {
  rows <- if (is.matrix(value) && nrow(value) == length(spots)) rowsOfSpots(rownames(value), spots, argument)
  if (is.null(rows)) value else value[rows, , drop = FALSE]
}

perSpotColumns <- function(value, spots, argument) {
  rows <- if (isMatrix(value) && ncol(value) == length(spots)) rowsOfSpots(colnames(value), spots, argument)
  if (is.null(rows)) value else value[, rows, drop = FALSE]
}

perSpotPairs <- function(graph, spots, argument) {
  names <- if (is.null(rownames(graph))) colnames(graph) else rownames(graph)
  rows <- if (isMatrix(graph) && all(dim(graph) == length(spots))) rowsOfSpots(names, spots, argument)
  if (is.null(rows)) graph else graph[rows, rows, drop = FALSE]
}

# Tables of other classes behave differently in `[`.
plainTable <- function(value) {
  if (is.data.frame(value) && !identical(class(value), "data.frame")) {
    value <- as.data.frame(value)
  } else if (methods::is(value, "DataFrame")) {
    value <- data.frame(
      lapply(stats::setNames(nm = colnames(value)), function(name) value[[name]]), row.names = rownames(value),
      check.names = FALSE
    )
  }
  value
}

# The names by which something is given, or NULL.
spotNames <- function(value, spots = NULL, argument = "coords") {
  if (is.data.frame(value)) {
    return(tableNames(value, spots, argument))
  }
  if (is.matrix(value)) rownames(value) else names(value)
}

# Columns that hold the names of spots, as readers call them.
nameColumns <- c(
  "barcode", "barcodes", "cell", "cells", "cell_id", "cellid", "cell_ids", "cell.id", "cellbarcode", "cell_barcode",
  "spot", "spots", "spot_id", "spotid", "bin", "bin_id", "name", "names"
)

# Row names that were given, or a column, whichever fits more spots. Row numbers, as they are left over when rows are
# chosen or sorted, are names of spots only where no column is and where they fit all of them.
tableNames <- function(table, spots, argument) {
  given <- is.character(.row_names_info(table, 0L))
  column <- nameColumn(table, spots, argument, given)
  if (is.null(column)) {
    numbered <- .row_names_info(table) > 0 && !is.null(spots) && all(spots %in% rownames(table))
    return(if (given || numbered) rownames(table))
  }
  names <- as.character(table[[column]])
  if (given && mean(spots %in% rownames(table)) >= mean(spots %in% names)) rownames(table) else names
}

# The column that holds the names of the spots: the one that fits most of them, or else one that is called so and has
# another text in every row, which is then refused where it is matched. Others that are called so and fit no spot are
# told.
nameColumn <- function(table, spots, argument, given) {
  called <- tolower(names(table)) %in% nameColumns
  texts <- vapply(table, function(column) is.character(column) || is.factor(column), NA)
  candidates <- which(called | texts)
  # A single column is what is given.
  if (nrow(table) < 2 || ncol(table) == 1 || length(candidates) == 0) {
    return(NULL)
  }
  share <- function(column) if (length(spots) == 0) 0 else mean(spots %in% as.character(column))
  fit <- vapply(table[candidates], share, 0)
  if (any(fit > 0.5)) {
    return(candidates[[which.max(fit)]])
  }
  # Row names were given, and nothing else can be meant.
  if (given) {
    return(NULL)
  }
  different <- vapply(table, function(column) anyDuplicated(as.character(column)) == 0, NA)
  barcodes <- which(called & different & (texts | is.null(spots)))
  if (length(barcodes) > 0) {
    return(barcodes[[1]])
  }
  other <- names(table)[different & (called | texts)]
  if (length(other) > 0 && !is.null(spots)) {
    tell("`", argument, "`: \"", other[[1]], "\" has no names of spots. Rows are in their order.")
  }
  NULL
}

# The row of each spot, or NULL where rows are in the order of the spots.
rowsOfSpots <- function(names, spots, argument) {
  if (is.null(names) || is.null(spots) || identical(names, spots)) {
    return(NULL)
  }
  if (anyDuplicated(spots) > 0) {
    stopArgument(
      argument, "has names, and several spots have the same",
      "Give it without names, in the order of the spots, or give every spot a name of its own."
    )
  }
  namedRows(names, spots, argument)
}

# Where each spot is among the names of what was given; each must be there once.
namedRows <- function(names, spots, argument) {
  twice <- intersect(names[duplicated(names)], spots)
  if (length(twice) > 0) {
    stopArgument(
      argument, sprintf("has %d rows whose name is not unique, for instance \"%s\"", length(twice), twice[[1]]),
      "Give one row per spot."
    )
  }
  rows <- match(spots, names)
  if (anyNA(rows)) {
    lost <- spots[is.na(rows)]
    stopArgument(
      argument, sprintf("has no row named like %d of the spots, for instance \"%s\"", length(lost), lost[[1]]),
      "Give it the names of the spots, or none if it is in their order."
    )
  }
  rows
}

# The same without names.
withoutNames <- function(value) {
  value <- plainTable(value)
  if (is.data.frame(value)) {
    value <- value[!tolower(names(value)) %in% nameColumns & vapply(value, is.numeric, NA)]
    rownames(value) <- NULL
  } else if (is.matrix(value)) {
    rownames(value) <- NULL
  }
  value
}

# The elements of a list in the order of other lists' names: by name where both have names of their own.
listByName <- function(value, names, argument, what) {
  own <- function(names) !is.null(names) && anyDuplicated(names) == 0 && all(nzchar(names))
  if (is.null(names(value)) || identical(names(value), names) || !own(names)) {
    return(value)
  }
  if (!setequal(names(value), names)) {
    stopArgument(
      argument, sprintf("is called %s, and the %s are called %s", quoted(names(value), 4), what, quoted(names, 4)),
      "Give both the same names, or this list none."
    )
  }
  value[names]
}
