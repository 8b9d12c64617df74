# Why two sets of genes share few names: the same genes under names of another kind.

# What is seen of it (a clause) and what to do, or NULL. `sides` say what has the `first` and the `second` names.
nameCause <- function(first, second, sides) {
  shared <- length(intersect(first, second))
  fewest <- min(length(first), length(second))
  if (shared >= fewest / 2) {
    return(NULL)
  }
  ensembl <- c(mean(isEnsembl(first)), mean(isEnsembl(second))) > 0.5
  if (ensembl[[1]] != ensembl[[2]]) {
    return(otherKind(first, second, sides))
  }
  cause <- if (all(ensembl)) otherSpecies(first, second, sides)
  enough <- function(matched) matched > 2 * shared && matched >= min(leastShared, fewest)
  if (is.null(cause)) cause <- otherForm(first, second, sides, withoutVersion, enough, versionTexts)
  if (is.null(cause)) cause <- otherForm(first, second, sides, withoutCase, enough, caseTexts)
  cause
}

# The same of several sets that are elements of an argument: if all go with the first, all go together.
causeWithFirst <- function(genes, argument) {
  side <- function(part) sprintf("`%s[[%d]]`", argument, part)
  causes <- lapply(seq_along(genes)[-1], function(part) nameCause(genes[[1]], genes[[part]], c(side(1), side(part))))
  Find(Negate(is.null), causes)
}

causeText <- function(cause) if (!is.null(cause)) paste0(" But ", cause$seen, ". ", cause$hint)

isEnsembl <- function(genes) grepl("^ENS[A-Z]*G[0-9]{6,}", validText(genes))

withoutVersion <- function(genes) sub("^(ENS[A-Z]*G[0-9]+)[.][0-9]+$", "\\1", validText(genes))

withoutCase <- function(genes) toupper(validText(genes))

otherKind <- function(first, second, sides) {
  if (mean(isEnsembl(second)) > 0.5) {
    return(otherKind(second, first, rev(sides)))
  }
  shown <- function(genes, is) sprintf("(\"%s\")", genes[is][[1]])
  list(
    seen = sprintf(
      "%s has Ensembl ids %s and %s has other names %s", sides[[1]], shown(first, isEnsembl(first)), sides[[2]],
      shown(second, !isEnsembl(second))
    ),
    hint = paste(
      "Give ids or symbols on both sides: objects and the tables of genes that belong to counts (features.tsv) often",
      "hold both; AnnotationDbi::mapIds() translates."
    )
  )
}

otherSpecies <- function(first, second, sides) {
  prefix <- function(genes) {
    found <- sub("^(ENS[A-Z]*G)[0-9].*$", "\\1", validText(genes)[isEnsembl(genes)])
    names(which.max(table(found)))
  }
  prefixes <- c(prefix(first), prefix(second))
  if (prefixes[[1]] != prefixes[[2]]) {
    list(
      seen = sprintf(
        "the Ensembl ids are those of two species (%s in %s, %s in %s)", prefixes[[1]], sides[[1]], prefixes[[2]],
        sides[[2]]
      ),
      hint = "Translate one to the other by orthologues."
    )
  }
}

# Names that match in another `form`, where these are `enough`.
otherForm <- function(first, second, sides, form, enough, texts) {
  at <- match(form(first), form(second))
  matched <- length(unique(at[!is.na(at)]))
  if (enough(matched)) {
    own <- which(!is.na(at) & !first %in% second)[[1]]
    example <- sprintf("\"%s\" in %s, \"%s\" in %s", first[[own]], sides[[1]], second[[at[[own]]]], sides[[2]])
    list(seen = sprintf("%d match %s (%s)", matched, texts[["seen"]], example), hint = texts[["hint"]])
  }
}

caseTexts <- c(
  seen = "where upper and lower case are not told apart",
  hint = paste(
    "Mouse and human symbols differ so: translate one to the other by orthologues. Where both are of one species, use",
    "toupper() on the names of both."
  )
)

versionTexts <- c(
  seen = "without the versions of their Ensembl ids",
  hint = "Take the versions off on both sides: rownames(x) <- sub(\"[.][0-9]+$\", \"\", rownames(x))."
)
