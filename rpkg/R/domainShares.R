#' @include gate.R whole.R
NULL

#' Shares of domains by sample
#'
#' How much of each sample every domain takes up, and whether that differs between two groups of samples. Samples
#' (donors, sections of different donors) are the units of the test: spots of one donor are no replicates.
#'
#' @details
#' For sample \eqn{s} and domain \eqn{d} with \eqn{n_{sd}} of \eqn{N_s} spots the test takes
#' \eqn{y_{sd} = \log((n_{sd} + 1/2) / (N_s - n_{sd} + 1/2))} as normal with a mean for each group and one variance for
#' each domain: Student's t with two degrees of freedom fewer than samples. Spots are not independent, so that nothing
#' is made of their number but the share. Shares of one sample sum to 1: if one domain grows, others shrink. Several
#' sections of one donor are to have that donor's name in `sample`, which adds them up.
#'
#' @param x The domain of each spot, a factor or vector, NA for none, or the result of [findDomains()]; or an object
#'   or a list of objects on which [findDomains()] was run.
#' @param sample Sample (donor) of each spot, a vector, or for objects the name of a column of the cell metadata. For a
#'   list `NULL` takes its elements for samples.
#' @param group Group of each spot, the same for all spots of a sample, given as `sample`; or a vector of groups that is
#'   named by sample. `NULL` makes no test.
#' @param domain For objects and lists the name of the column with the domains.
#' @param ... Not used; any other argument is an error.
#' @return A `domain_shares`: a list with the matrices `spots` and `shares`, samples x domains; `group`, the group of
#'   each sample, a factor, or `NULL`; and `test`, `NULL` or a data frame with one row per domain: `domain`, the mean
#'   share in each group, `logOddsRatio` (of the second group against the first), its `lower` and `upper` limit of 95 %
#'   confidence, `statistic`, `df`, `p_value` and `FDR` (Benjamini-Hochberg), all NA where the domain's share does not
#'   vary within groups. `as.data.frame()` gives one row per sample and domain.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument: a sample in
#' two groups, other than two groups, or fewer than two samples in one of them.
#' @examples
#' domain <- rep(rep(c("A", "B"), 4), c(30, 70, 35, 65, 55, 45, 60, 40))
#' donor <- rep(c("d1", "d2", "d3", "d4"), each = 100)
#' domainShares(domain, donor, group = c(d1 = "young", d2 = "young", d3 = "old", d4 = "old"))
#' @seealso [domainMarkers()] with `test = "pseudobulk"` for genes, with donors as units
#' @export
domainShares <- function(x, ...) {
  needArguments()
  UseMethod("domainShares")
}

#' @rdname domainShares
#' @export
domainShares.default <- function(x, sample, group = NULL, ...) {
  needArguments()
  gateDots(...)
  if (is.null(x)) stopArgument("x", "is NULL", "Give the domain of each spot.")
  sharesOfSpots(x, sample, group, "x")
}

# `argument` is the one that the domains were given in.
sharesOfSpots <- function(domain, sample, group, argument) {
  domain <- perSpot(domain, NULL, argument)
  names <- spotNames(domain)
  size <- if (is.data.frame(domain)) nrow(domain) else length(domain)
  domain <- gateDomain(domain, size, argument)
  sample <- gateSlice(perSpotVector(sample, names, "sample"), size, "sample")
  group <- groupOfSamples(group, sample, names)
  known <- !is.na(domain)
  spots <- unclass(table(sample[known], domain[known]))
  spots <- matrix(spots, nrow(spots), dimnames = stats::setNames(dimnames(spots), c("sample", "domain")))
  empty <- rownames(spots)[rowSums(spots) == 0]
  if (length(empty) > 0) stopArgument("sample", paste("has no spots with a domain in", quoted(empty)))
  structure(
    list(
      spots = spots, shares = spots / rowSums(spots), group = group,
      test = if (!is.null(group)) testShares(spots, group)
    ),
    class = "domain_shares"
  )
}

#' @rdname domainShares
#' @export
domainShares.Seurat <- function(x, sample, group = NULL, domain = "domain", ...) {
  needArguments()
  sharesOfColumns(objectMetadata(x), sample, group, domain, ...)
}

#' @rdname domainShares
#' @export
domainShares.SingleCellExperiment <- domainShares.Seurat

#' @rdname domainShares
#' @export
domainShares.list <- function(x, sample = NULL, group = NULL, domain = "domain", ...) {
  x <- gateSlices(x)
  # What is not one string is no name of a column, and is refused as one.
  wanted <- c(list(domain = domain), sample = if (isString(sample)) sample, group = if (isString(group)) group)
  columns <- lapply(x, function(object) {
    metadata <- objectMetadata(object)
    for (argument in names(wanted)) {
      gateColumn(wanted[[argument]], names(metadata), argument, "columns of the cell metadata")
    }
    as.data.frame(metadata)[unique(unlist(wanted))]
  })
  metadata <- do.call(rbind, unname(columns))
  # What has names goes by those of the joint fit.
  spots <- lapply(unname(x), colnames)
  named <- !any(vapply(spots, is.null, NA))
  rownames(metadata) <- if (named) suppressMessages(jointNames(unlist(spots), rep(names(x), lengths(spots))))
  if (is.null(sample)) sample <- rep(names(x), vapply(columns, nrow, 0L))
  sharesOfColumns(metadata, sample, group, domain, ...)
}

sharesOfColumns <- function(metadata, sample, group, domain, ...) {
  gateDots(...)
  gateColumn(domain, names(metadata), "domain", "columns of the cell metadata")
  value <- metadata[[domain]]
  names(value) <- if (!is.null(rownames(metadata))) rownames(metadata)
  sharesOfSpots(value, givenColumn(sample, metadata, "sample"), givenColumn(group, metadata, "group"), "domain")
}

# The group of each sample, in their order: from one value per spot, or from values named by sample.
groupOfSamples <- function(group, sample, spots) {
  if (is.null(group)) {
    return(NULL)
  }
  samples <- levels(sample)
  if (is.atomic(group) && !is.null(names(group)) && all(samples %in% names(group))) {
    if (anyNA(group[samples])) {
      stopArgument("group", paste("is NA for sample", quoted(samples[is.na(group[samples])], 3)), sliceHints[["group"]])
    }
    group <- gateSlice(group[samples], length(samples), "group")
  } else if (is.atomic(group) && !is.null(names(group)) && any(samples %in% names(group))) {
    stopArgument("group", paste("has no value for sample", quoted(setdiff(samples, names(group)), 3)))
  } else {
    group <- gateSlice(perSpotVector(group, spots, "group"), length(sample), "group")
    both <- unique(data.frame(sample, group))
    twice <- unique(as.character(both$sample[duplicated(both$sample)]))
    if (length(twice) > 0) {
      stopArgument("group", paste("differs between spots of sample", quoted(twice, 3)), "Give each sample one group.")
    }
    group <- both$group[match(samples, both$sample)]
  }
  sizes <- table(group)
  if (length(sizes) != 2 || any(sizes < 2)) {
    stopArgument(
      "group", sprintf("has %s samples", paste(sprintf("%d \"%s\"", sizes, names(sizes)), collapse = ", ")),
      "The test compares two groups of two samples or more."
    )
  }
  stats::setNames(group, samples)
}

# Student's t of the log odds of each domain between two groups of samples.
testShares <- function(spots, group) {
  total <- rowSums(spots)
  odds <- log((spots + 0.5) / (total - spots + 0.5))
  first <- group == levels(group)[[1]]
  sizes <- c(sum(first), sum(!first))
  df <- sum(sizes) - 2
  compare <- function(y) {
    rest <- c(y[first] - mean(y[first]), y[!first] - mean(y[!first]))
    c(mean(y[!first]) - mean(y[first]), sqrt(sum(rest^2) / df * sum(1 / sizes)))
  }
  found <- apply(odds, 2, compare)
  difference <- found[1, ]
  error <- ifelse(found[2, ] > 1e-8, found[2, ], NA)
  reach <- stats::qt(0.975, df) * error
  p <- 2 * stats::pt(-abs(difference / error), df)
  means <- vapply(levels(group), function(own) {
    colMeans((spots / total)[group == own, , drop = FALSE])
  }, numeric(ncol(spots)))
  data.frame(
    domain = factor(colnames(spots), levels = colnames(spots)),
    matrix(means, ncol(spots), dimnames = list(NULL, paste0("share_", levels(group)))),
    logOddsRatio = ifelse(is.na(error), NA, difference), lower = difference - reach, upper = difference + reach,
    statistic = difference / error, df = df, p_value = p, FDR = stats::p.adjust(p, "BH"),
    row.names = NULL, check.names = FALSE
  )
}

sharesShapes <- list(
  spots = numbers("samples", "domains"), shares = numbers("samples", "domains"),
  group = orNone(series("samples", is.factor)),
  test = orNone(frame("domains", list(domain = is.factor, p_value = is.numeric)))
)

gateShares <- function(x) {
  gateWhole(x, sharesShapes, "x", "domainShares", function(fields) {
    identical(dimnames(fields$spots), dimnames(fields$shares)) && identical(is.null(fields$group), is.null(fields$test))
  })
}

#' @rdname domainShares
#' @param digits Number of digits shown.
#' @method print domain_shares
#' @export
print.domain_shares <- function(x, digits = 3, ...) {
  x <- gateShares(x)
  digits <- wholeNumber(0, 22)(digits, "digits")
  cat(sprintf("shares of %d domains in %d samples\n", ncol(x$shares), nrow(x$shares)))
  shown <- as.data.frame(round(x$shares, digits))
  if (!is.null(x$group)) shown <- cbind(group = x$group, shown)
  print(shown)
  if (!is.null(x$test)) {
    sizes <- table(x$group)
    cat(sprintf("\nlog odds of %s against %s, samples as units:\n", names(sizes)[[2]], names(sizes)[[1]]))
    print(x$test, digits = digits, row.names = FALSE)
  }
  invisible(x)
}

#' @rdname domainShares
#' @param row.names,optional As in [base::as.data.frame()].
#' @method as.data.frame domain_shares
#' @export
as.data.frame.domain_shares <- function(x, row.names = NULL, optional = FALSE, ...) {
  x <- gateShares(x)
  at <- expand.grid(domain = colnames(x$shares), sample = rownames(x$shares), stringsAsFactors = TRUE)
  place <- cbind(as.integer(at$sample), as.integer(at$domain))
  table <- data.frame(
    at["sample"], at["domain"], spots = x$spots[place], share = x$shares[place], row.names = row.names
  )
  if (!is.null(x$group)) table$group <- x$group[as.integer(at$sample)]
  table
}
