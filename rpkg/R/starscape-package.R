#' starscape: tissue domains that do not depend on the seed
#'
#' [runStarscape()] turns counts and coordinates into a spatial embedding, [findDomains()] divides the tissue into
#' domains that the embedding and several further views of it agree on, [plotDomains()] draws them on the tissue and
#' [clusterMetrics()] compares them with known labels.
#' [stabilitySweep()] measures how much the domains of this or any other method change with the seed.
#'
#' All random numbers come from the `seed` arguments. The package neither reads nor changes R's own random numbers;
#' methods of others that draw them run in [stabilitySweep()] from the seed, and afterwards they are as before.
#'
#' @section Conditions:
#' Errors have class `starscape_error` and one of `starscape_error_argument` (with the field `argument`, the name of the
#' argument at fault), `starscape_error_numeric`, `starscape_error_not_converged` and `starscape_error_panic`. Messages
#' about what was done to the input have class `starscape_message`. A sweep that was interrupted warns with class
#' `starscape_warning_interrupted`.
#'
#' @keywords internal
#' @useDynLib starscape, .registration = TRUE
#' @importFrom rlang .data
#' @importFrom grid circleGrob gpar unit
#' @importFrom Matrix colSums rowSums
#' @importClassesFrom Matrix CsparseMatrix Matrix dMatrix dgCMatrix generalMatrix sparseMatrix
"_PACKAGE"
