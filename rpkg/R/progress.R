# A function the core calls about ten times a second from R's main thread, or NULL when nothing should be shown.
# The bar belongs to the calling function and ends with it.
progressBar <- function(verbose, frame = rlang::caller_env()) {
  if (!verbose) {
    return(NULL)
  }
  force(frame) # while the caller is still the caller: the function below is called from compiled code
  bar <- NULL
  current <- ""
  broken <- FALSE
  show <- function(stage, done, total, objective) {
    if (stage != current) {
      # One bar per stage, so that the remaining time is that of the stage.
      if (!is.null(bar)) {
        cli::cli_progress_done(id = bar, .envir = frame)
      }
      bar <<- cli::cli_progress_bar(
        format = paste(
          "{cli::pb_name}{cli::pb_bar} {cli::pb_current}/{cli::pb_total}",
          "{cli::pb_status} {cli::pb_eta_str}"
        ),
        name = stage, total = total, .envir = frame
      )
      current <<- stage
    }
    status <- if (is.null(objective) || is.na(objective)) "" else sprintf("loss %.4g", objective)
    cli::cli_progress_update(id = bar, set = done, status = status, .envir = frame)
  }
  # A display that fails must not end a long fit: the core takes an error here for an interrupt.
  function(...) {
    if (!broken) {
      tryCatch(show(...), error = function(condition) {
        broken <<- TRUE
        rlang::inform(
          c("Progress is not shown any more.", x = conditionMessage(condition)), class = "starscape_message"
        )
      })
    }
    invisible()
  }
}
