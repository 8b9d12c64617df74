test_that("controls return checked lists of their class", {
  for (make in list(starControl, lossControl, graphControl)) {
    control <- make()
    expect_s3_class(control, "starscape_control")
    expect_named(control, setdiff(names(formals(make)), "..."))
    expectArgumentError(make(other = 1), "other", "is not an argument")
    expect_output(print(control), class(control)[[1]])
  }
  expect_identical(graphControl()$method, "auto")
  expect_null(graphControl()$radius)
  expect_identical(graphControl("knn", k = 9)$k, 9L)
})

test_that("values outside their range are named", {
  expectArgumentError(starControl(members = 1.5), "members", "1.5")
  expectArgumentError(starControl(members = 0), "members")
  expectArgumentError(starControl(perturbation = -1), "perturbation")
  expectArgumentError(starControl(priorScale = 0), "priorScale")
  expectArgumentError(lossControl(kl = NA), "kl")
  expectArgumentError(lossControl(telescope = "much"), "telescope", "much")
  expectArgumentError(lossControl(consistency = c(1, 2)), "consistency")
  expectArgumentError(graphControl("cube"), "method", "cube")
  expectArgumentError(graphControl(radius = 0), "radius")
  expectArgumentError(graphControl(k = Inf), "k")
  expectArgumentError(graphControl(steps = -1), "steps")
})

test_that("a control of the wrong kind is named", {
  expectArgumentError(quick(small$counts, small$coords, stability = lossControl()), "stability", "starControl")
  expectArgumentError(quick(small$counts, small$coords, loss = list(kl = 1)), "loss", "lossControl")
  expectArgumentError(quick(small$counts, small$coords, graph = "knn"), "graph", "Give graphControl.\"knn\".")
})

test_that("the core gets the settings by its own names", {
  flat <- starscape:::flattenControls(starControl(), lossControl(), graphControl("radius", radius = 3))
  expect_identical(flat$graphMethod, "radius")
  expect_identical(flat$graphRadius, 3)
  expect_false(anyDuplicated(names(flat)) > 0)
})

test_that("every field of every control changes what the core does", {
  fitWith <- function(stability = starControl(share = 1), loss = lossControl(), graph = graphControl()) {
    fit <- runStarscape(
      pair$counts, pair$coords, slice = pair$slice, latentDim = 4, epochs = 8, stability = stability, loss = loss,
      graph = graph, verbose = FALSE
    )
    list(fit$embedding, fit$graph)
  }
  # Some fields act only beside another: perturbed instances, a graph that takes k or a radius.
  cases <- list(
    starControl = list(
      start = list("random"), perturbation = list(0.5, members = 3), damping = list(1e-8), sharpness = list(0.1),
      averaging = list(0), members = list(3), batchSize = list(100), priorScale = list(0.2), share = list(0.5)
    ),
    lossControl = list(
      reconstruction = list(5), kl = list(3), telescope = list(50), consistency = list(50), prototype = list(5),
      prototypes = list(3, prototype = 5), scale = list(5), warmUp = list(0, prototype = 5)
    ),
    graphControl = list(
      method = list("delaunay"), k = list(3, method = "knn"), radius = list(2.5, method = "radius"), steps = list(1)
    )
  )
  slots <- c(starControl = "stability", lossControl = "loss", graphControl = "graph")
  for (control in names(cases)) {
    make <- get(control)
    expect_setequal(names(cases[[control]]), setdiff(names(formals(make)), "..."))
    for (field in names(cases[[control]])) {
      case <- cases[[control]][[field]]
      run <- function(values) do.call(fitWith, stats::setNames(list(do.call(make, values)), slots[[control]]))
      beside <- case[names(case) != ""]
      # Without a part for the network its settings would change nothing.
      if (control == "starControl" && field != "share") beside$share <- 1
      changed <- c(stats::setNames(case[1], field), beside)
      expect_false(identical(run(changed), run(beside)), label = paste(control, field))
    }
  }
})

test_that("R's defaults are those of the core", {
  expect_equal(starscape:::core_training_defaults(), starscape:::flattenControls(starControl(), lossControl()))
})
