# Several real sections together, with the settings a user gets.

test_that("sections of three animals get joint domains", {
  needSections("joint domains of animals")
  parts <- readSections(animals)
  fit <- fitSections(animals)
  reached <- rbind(
    domains = jointAgreement(fit, parts), network = jointAgreement(oneSpace(fit), parts),
    prior = jointAgreement(oneSpace(fit), parts, "prior")
  )
  cat("\nThree sections of cortex together:\n")
  print(round(reached, 4))
  expect_gte(reached["domains", "mean"], 0.85)
  expect_gte(reached["domains", "joint"], 0.85)
  expect_lte(reached["domains", "mixing"], 0.05)
  expect_gte(reached["network", "mean"], reached["prior", "mean"])
})

test_that("neighbouring sections get joint domains", {
  needSections("joint domains of neighbouring sections")
  parts <- readSections(cortexPair)
  fit <- fitSections(cortexPair)
  reached <- rbind(
    domains = jointAgreement(fit, parts), network = jointAgreement(oneSpace(fit), parts),
    prior = jointAgreement(oneSpace(fit), parts, "prior")
  )
  cat("\nTwo neighbouring sections together:\n")
  print(round(reached, 4))
  expect_gte(reached["domains", "mean"], 0.66)
  expect_gte(reached["domains", "joint"], 0.66)
  expect_lte(reached["domains", "mixing"], 0.05)
  expect_gte(reached["network", "boundary"], reached["prior", "boundary"])
})
