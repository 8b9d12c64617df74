# Errors and messages of the package, and the way from the core's answers to R values.

# Stops because of one argument: what is wrong with it (the rest of a sentence that begins with its name), what to do.
stopArgument <- function(argument, problem, hint = NULL) {
  rlang::abort(
    c(sprintf("`%s` %s.", argument, problem), i = hint),
    class = c("starscape_error_argument", "starscape_error"),
    argument = argument,
    call = userFrame()
  )
}

# Runs checks that do not need each other, and stops with all that they refuse, not with the first alone. Each is
# evaluated here: checks of objects and lists, too, where what they hold is handed on as it was given.
gateTogether <- function(...) {
  stats::setNames(checkAll(...length(), function(step) ...elt(step)), ...names())
}

# The values of so many checks, if none of them refuses anything.
checkAll <- function(count, check) {
  found <- vector("list", count)
  errors <- list()
  for (step in seq_len(count)) {
    # Keeps a value that is NULL.
    found[step] <- list(tryCatch(check(step), starscape_error_argument = function(error) {
      errors <<- c(errors, list(error))
      NULL
    }))
  }
  stopTogether(errors)
  found
}

# One error for several; its field `argument` is that of the first, `arguments` are all, `errors` the errors themselves.
stopTogether <- function(errors) {
  errors <- do.call(c, lapply(errors, function(error) if (is.null(error$errors)) list(error) else error$errors))
  if (length(errors) == 1) rlang::cnd_signal(errors[[1]])
  if (length(errors) > 1) {
    problems <- vapply(errors, function(error) gsub("\n", " ", conditionMessage(error)), "")
    rlang::abort(
      c(sprintf("%d arguments cannot be used.", length(errors)), stats::setNames(problems, rep("x", length(errors)))),
      class = c("starscape_error_argument", "starscape_error"), argument = errors[[1]]$argument,
      arguments = vapply(errors, function(error) error$argument, ""), errors = errors, call = userFrame()
    )
  }
}

# Runs checks of what the user gave under other names than the checks have for it: `names` are the user's, named by
# those of the checks, as in c(x = "newdata"). What is refused or told speaks of the user's.
underNames <- function(code, names) {
  renamed <- function(text) {
    for (name in base::names(names)) {
      for (form in c("`%s`", "(%s)")) {
        text <- gsub(sprintf(form, name), sprintf(form, names[[name]]), text, fixed = TRUE)
      }
    }
    text
  }
  known <- function(arguments) unname(ifelse(arguments %in% base::names(names), names[arguments], arguments))
  of <- function(error) {
    for (field in c("message", "body")) if (!is.null(error[[field]])) error[[field]] <- renamed(error[[field]])
    error$argument <- known(error$argument)
    # Several that were refused together.
    if (!is.null(error$arguments)) error$arguments <- known(error$arguments)
    if (!is.null(error$errors)) error$errors <- lapply(error$errors, of)
    error
  }
  withCallingHandlers(
    tryCatch(code, starscape_error_argument = function(error) rlang::cnd_signal(of(error))),
    starscape_message = function(message) {
      tell(renamed(message$message), class = class(message)[[1]])
      rlang::cnd_muffle(message)
    }
  )
}

# Tells what was done to the input. What is told of in another way where more is known has a further class.
tell <- function(..., class = NULL) {
  rlang::inform(paste0(...), class = unique(c(class, "starscape_message")))
}

# What is told of several slices in the same words is told once.
tellOnce <- function(code) {
  said <- character()
  withCallingHandlers(code, starscape_message = function(message) {
    text <- conditionMessage(message)
    if (text %in% said) rlang::cnd_muffle(message)
    said <<- c(said, text)
  })
}

# The value of a core answer, or the classed condition it stands for.
unwrap <- function(answer) {
  error <- answer$error
  if (is.null(error)) {
    return(answer$ok)
  }
  if (error$kind == "interrupted") {
    # As if Ctrl-C had reached R itself: back to the prompt, or to a handler for interrupts.
    rlang::interrupt()
  }
  known <- !is.null(error$argument) && error$argument %in% userArguments()
  argument <- if (known) error$argument else names(formals(sys.function(userDepth())))[[1]]
  rlang::abort(
    paste0(if (!known) sprintf("`%s` gives no result: ", argument), sub("[.]$", "", error$message), "."),
    class = c(paste0("starscape_error_", error$kind), "starscape_error"),
    argument = argument,
    call = userFrame()
  )
}

# The arguments of the function that the user called, of a generic those of all its methods, and the settings that are
# arguments. What the core says of anything else was made from the first argument.
userArguments <- function() {
  home <- topenv()
  functions <- Filter(is.function, as.list(home))
  called <- names(Filter(function(own) identical(own, sys.function(userDepth())), functions))
  own <- functions[names(functions) %in% called | sub("[.].*", "", names(functions)) %in% called]
  unlist(c(lapply(unname(own), function(own) names(formals(own))), lapply(controlFields, names)))
}

# Says of an argument what was refused of something made from it.
asArgument <- function(argument, problem, code) {
  tryCatch(code, starscape_error = function(error) stopArgument(argument, problem, conditionMessage(error)))
}

# NaN of the core, where the data say nothing, is NA to users.
orNA <- function(values) replace(values, is.nan(values), NA)

# Warns that work was cut short and says how to go on.
warnInterrupted <- function(done, total) {
  rlang::warn(
    c(
      sprintf("Interrupted after %d of %d seeds. The result holds these alone.", done, total),
      i = "Call again with the result as `previous`, or with the same `checkpoint`, to run the others."
    ),
    class = c("starscape_warning_interrupted", "starscape_warning")
  )
}

# The frame of the function the user called.
userFrame <- function() sys.frame(userDepth())

# Where that is among the frames: the outermost function that belongs to the package.
userDepth <- function() {
  home <- topenv()
  for (depth in seq_len(sys.nframe())) {
    owner <- environment(sys.function(depth))
    if (!is.null(owner) && identical(topenv(owner), home)) {
      return(depth)
    }
  }
}

# Needs a suggested package, for objects of some class or for the value of an argument.
needPackage <- function(package, argument = "x", instead = "give a count matrix and `coords` instead") {
  if (!rlang::is_installed(package)) {
    stopArgument(
      argument, sprintf("needs the package %s, which is not installed", package),
      sprintf("Install it, or %s.", instead)
    )
  }
}
