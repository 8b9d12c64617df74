# The labels of a source: which types they name, and what is odd about them.

# The types, in the same order in every locale.
gateTypes <- function(labels) {
  types <- sort(unique(labels[!is.na(labels)]), method = "radix")
  if (length(types) < 2) {
    stopArgument(
      "labels",
      sprintf("must name at least two different labels, not %s", if (length(types) == 0) "none" else quoted(types)),
      "Without labels, use runStarscape()."
    )
  }
  cells <- tabulate(match(labels, types), length(types))
  if (max(cells) == 1) {
    stopArgument(
      "labels", sprintf("are all different: none of the %d is that of two cells", length(types)),
      "Give the types of the cells, not names of single cells."
    )
  }
  tellFewCells(types, cells)
  tellSpellings(types)
  types
}

# Types of so many cells have a mean and a profile, but no covariance and no held-out cells for intervals.
fewCells <- 2

# Left out, they would count as other types, which is further from the truth than a profile of one cell where this has
# some hundred counts.
tellFewCells <- function(types, cells) {
  few <- cells <= fewCells
  if (any(few)) {
    tell(
      "Labels of one or two cells: ", joined(sprintf("\"%s\" (%d)", types[few], cells[few])), ". They are used, ",
      "though their means and profiles are uncertain, their covariances no more than the uncertainty of the cells' ",
      "factors, and the intervals of their proportions too narrow. Label more cells, or these as NA."
    )
  }
}

# Not merged, as it may be meant.
tellSpellings <- function(types) {
  key <- spelling(types)
  alike <- Filter(function(own) length(own) > 1, split(types, factor(key, unique(key))))
  if (length(alike) > 0) {
    names <- vapply(alike, function(own) paste0("\"", own, "\"", collapse = " and "), "")
    tell(
      "Labels that may be of one type: ", joined(names, "; "), ". They are taken for different types. Spell them ",
      "alike if they are one."
    )
  }
}

# Text without case, plurals, white space and punctuation. The signs of markers (CD4+, CD4-) and what stands between
# digits (L2/3) tell types apart.
spelling <- function(text) {
  key <- gsub("(?<=[a-z]{3})s(?![a-z0-9])", "", tolower(validText(text)), perl = TRUE)
  key <- gsub("+", "plus", key, fixed = TRUE)
  key <- gsub("-(?=[[:space:][:punct:]]|$)|(?<=[[:space:][:punct:]])-|^-", "minus", key, perl = TRUE)
  key <- gsub("(?<=[0-9])[[:space:][:punct:]]+(?=[0-9])", " ", key, perl = TRUE)
  key <- gsub("(?<![0-9])[[:space:][:punct:]]+|[[:space:][:punct:]]+(?![0-9])", "", key, perl = TRUE)
  ifelse(key == "", text, key)
}

# Bytes that are no text stop patterns and changes of case.
validText <- function(text) iconv(enc2utf8(text), "UTF-8", "UTF-8", sub = "byte")

joined <- function(texts, by = ", ", most = 8) {
  paste0(paste(utils::head(texts, most), collapse = by), if (length(texts) > most) paste0(by, "..."))
}
