library(testthat)
library(starscape)

test_check("starscape")
