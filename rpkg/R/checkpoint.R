# Results that are kept in a directory, to go on from after an interruption.

# The directory, made where it is not there.
openCheckpoint <- function(checkpoint) {
  if (!isString(checkpoint) || !nzchar(checkpoint)) {
    stopArgument("checkpoint", paste("must be the name of a directory, not", describe(checkpoint)))
  }
  dir.create(checkpoint, showWarnings = FALSE, recursive = TRUE)
  if (!dir.exists(checkpoint)) stopArgument("checkpoint", sprintf("cannot be made: \"%s\"", checkpoint))
  checkpoint
}

# What a file holds: a value, and the fingerprint of what it was made from.
readKept <- function(file, hint) {
  kept <- suppressWarnings(orNull(readRDS(file)))
  if (!is.list(kept) || !all(c("fingerprint", "record") %in% names(kept))) {
    stopArgument("checkpoint", sprintf("has a file that cannot be read: \"%s\"", file), hint)
  }
  kept
}

# Whether a value is where it should be. A file is written under another name first: whatever happens, one that is there
# is whole.
writeKept <- function(record, fingerprint, file) {
  part <- tempfile("part-", dirname(file))
  on.exit(unlink(part))
  suppressWarnings(tryCatch({
    saveRDS(list(fingerprint = fingerprint, record = record), part, compress = FALSE)
    file.rename(part, file)
  }, error = function(error) FALSE))
}

# Version 2 of the format writes out compact vectors, so that equal values have equal bytes; the first 14 name the
# version of R. They are overwritten, as leaving them out takes an index as long as the value.
contentHash <- function(value) {
  bytes <- serialize(value, NULL, version = 2)
  bytes[1:14] <- as.raw(0)
  rlang::hash(bytes)
}

# Stages of a fit -----------------------------------------------------------------------------------------------------

# The core's result for checked input, by way of the stages that `checkpoint` keeps, if it names a directory.
fitCounts <- function(input, parameters, progress, checkpoint = NULL) {
  slice <- sliceNumbers(input$slice, input$used)
  batch <- sliceNumbers(input$batch, input$used)
  coords <- if (all(input$used)) unname(input$coords) else unname(input$coords[input$used, , drop = FALSE])
  fit <- function(stage) unwrap(core_fit(input$counts, coords, slice, batch, stage, parameters, progress))
  if (is.null(checkpoint)) {
    return(fit(NULL))
  }
  kept <- fitCheckpoint(checkpoint, input, parameters)
  kept("fit", fit(kept("stage", unwrap(core_first_stage(input$counts, coords, slice, batch, parameters, progress)))))
}

# A function that gives the value of a stage: what the directory keeps of it, or else what it is made from, kept there.
fitCheckpoint <- function(checkpoint, input, parameters) {
  fingerprint <- fitFingerprint(input, parameters)
  function(stage, value) {
    file <- file.path(checkpoint, paste0(stage, ".rds"))
    if (file.exists(file)) {
      kept <- readKept(file, "Delete the file to run this stage again.")
      if (!identical(kept$fingerprint, fingerprint)) {
        stopArgument(
          "checkpoint", sprintf("holds the %s of other data or settings", stage),
          "Give every fit a directory of its own."
        )
      }
      tell("`checkpoint`: goes on from the ", stage, " that \"", checkpoint, "\" keeps.")
      return(kept$record)
    }
    # What goes wrong in the work itself is no matter of the disk.
    force(value)
    if (!writeKept(value, fingerprint, file)) {
      rlang::warn(
        c(
          sprintf("The %s cannot be written to the `checkpoint` \"%s\".", stage, checkpoint),
          i = "The work goes on; after an interruption this stage will be run again."
        ),
        class = "starscape_warning"
      )
    }
    value
  }
}

# What must be the same for stages to belong together; the number of threads changes nothing.
fitFingerprint <- function(input, parameters) {
  counts <- input$counts
  contentHash(lapply(list(
    version = format(utils::packageVersion("starscape")), values = counts@x, rows = counts@i, offsets = counts@p,
    coords = unname(input$coords), slice = as.integer(input$slice), batch = as.integer(input$batch), used = input$used,
    parameters = plainSettings(parameters[names(parameters) != "threads"])
  ), contentHash))
}
