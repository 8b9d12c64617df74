# Tables of the results in Markdown.

number <- function(value, digits = 3) ifelse(is.na(value), "", formatC(value, digits = digits, format = "f"))

# A line for each row, below its names; numbers as `shown` writes them.
tableLines <- function(table, shown = number) {
  text <- function(column) if (is.numeric(column)) shown(column) else as.character(column)
  cells <- matrix(vapply(table, text, character(nrow(table))), nrow(table))
  rule <- rep("---", ncol(table))
  line <- function(cells) paste("|", paste(cells, collapse = " | "), "|")
  vapply(c(list(names(table), rule), asplit(cells, 1)), line, "")
}
