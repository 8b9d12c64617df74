test_that("controls return checked lists of their class", {
  for (make in list(starControl, lossControl, graphControl)) {
    control <- make()
    expect_s3_class(control, "starscape_control")
    expect_named(control, names(formals(make)))
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
  expectArgumentError(quick(small$counts, small$coords, graph = "knn"), "graph", "graphControl")
})

test_that("the core gets the settings by its own names", {
  flat <- starscape:::flattenControls(starControl(), lossControl(), graphControl("radius", radius = 3))
  expect_identical(flat$graphMethod, "radius")
  expect_identical(flat$graphRadius, 3)
  expect_false(anyDuplicated(names(flat)) > 0)
})
