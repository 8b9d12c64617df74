# R in a process of its own, for tests that press Ctrl-C.

# A process that was started with SIGINT ignored, as in the background of some shells: R from 4.5 on keeps to that.
ignoresInterrupts <- function() {
  status <- "/proc/self/status"
  mask <- if (file.exists(status)) grep("^SigIgn:", readLines(status), value = TRUE)
  length(mask) == 1 && bitwAnd(strtoi(sub(".*(.)$", "\\1", mask), 16L), 2L) > 0
}

# Starts a script that has starscape attached; ends with the frame. `waitFor` gives the lines of its output that match,
# as soon as there are any.
startChild <- function(code, frame = parent.frame()) {
  library <- sprintf("library(starscape, lib.loc = %s)", deparse(dirname(find.package("starscape"))))
  script <- withr::local_tempfile(fileext = ".R", lines = c(library, code), .local_envir = frame)
  child <- processx::process$new(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = "|", stderr = "2>&1",
    env = c("current", R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
  )
  withr::defer(child$kill(), envir = frame)
  lines <- character()
  waitFor <- function(pattern) {
    end <- Sys.time() + 30
    while (!any(grepl(pattern, lines)) && Sys.time() < end && (child$is_alive() || child$is_incomplete_output())) {
      child$poll_io(100)
      lines <<- c(lines, child$read_output_lines())
    }
    grep(pattern, lines, value = TRUE)
  }
  list(process = child, waitFor = waitFor)
}
