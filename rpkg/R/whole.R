# Whether a result is as the package made it. One that was changed by hand, or stored by another version, is refused
# where it is read. Each class has a table of shapes, one a field.

# Stops unless all fields have their shapes, the sizes of one name are equal in all fields, and `also` says so.
gateWhole <- function(result, shapes, argument, maker, also = function(result) TRUE) {
  fields <- unclass(result)
  # What cannot even be asked of a result that was changed is wrong with it.
  whole <- tryCatch(isShaped(fields, shapes) && isTRUE(also(fields)), error = function(error) FALSE)
  if (!whole) {
    stopArgument(
      argument, "was changed or is of another version of the package", sprintf("Run %s() again.", maker)
    )
  }
  result
}

isShaped <- function(fields, shapes) {
  sizes <- lapply(names(shapes), function(name) shapes[[name]](fields[[name]]))
  if (!is.list(fields) || anyDuplicated(names(fields)) > 0 || any(vapply(sizes, is.null, NA))) {
    return(FALSE)
  }
  sizes <- unlist(sizes)
  length(sizes) == 0 || all(vapply(split(sizes, names(sizes)), function(own) length(unique(own)) == 1, NA))
}

# A shape is a function(value) that gives the sizes of a value by names that other fields can share, and NULL for what
# is no such value.

numbers <- function(rows, columns) {
  function(value) if (is.matrix(value) && is.numeric(value)) stats::setNames(dim(value), c(rows, columns))
}

# A graph, or weights of pairs of spots.
pairTable <- function(rows) {
  function(value) if (methods::is(value, "sparseMatrix")) stats::setNames(dim(value), c(rows, rows))
}

series <- function(size, is = is.numeric) {
  function(value) if (is(value) && is.null(dim(value))) stats::setNames(length(value), size)
}

# A data frame with at least these columns, a list of what each must be.
frame <- function(rows, columns) {
  function(value) {
    right <- function(name) isTRUE(columns[[name]](value[[name]]))
    if (is.data.frame(value) && all(vapply(names(columns), right, NA))) stats::setNames(nrow(value), rows)
  }
}

# A list of fields with shapes of their own.
fieldsOf <- function(shapes) {
  function(value) if (is.list(value) && isShaped(value, shapes)) integer()
}

# One value.
single <- function(is) function(value) if (isTRUE(is(value))) integer()

orNone <- function(shape) function(value) if (is.null(value)) integer() else shape(value)

isFlag <- function(value) isTRUE(value) || isFALSE(value)

isNumberOrNA <- function(value) length(value) == 1 && (is.numeric(value) || is.na(value))
