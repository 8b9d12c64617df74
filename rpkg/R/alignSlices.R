#' @include gate.R
NULL

#' Lay slices on each other
#'
#' Finds, for slices that were embedded together, how each lies on a reference slice: spots that look alike in the joint
#' embedding are matched, and a rotation and translation (on request with a scale, a shear or a reflection) is fitted to
#' the matches that agree with each other. Slices may overlap in part only.
#'
#' Spots of two slices match when each is among the `nNeighbours` nearest of the other, by the direction of their
#' embedding. Many matches are wrong, above all along layers, where neighbours look alike. So 2000 maps are drawn, each
#' through two matches (three for `"affine"`), and the one is taken on which the most spots have a match within
#' `tolerance`, weighted by how near they are in the embedding; it is fitted again to all matches that agree, with
#' weights that fall with the distance (Tukey's biweight). At last each moved spot is compared with the reference spots
#' within 2.5 spacings of its new place, and the map is fitted to the most similar ones until it stands.
#'
#' Sections of the same kind of array share their unit of length, and a scale would only add freedom: use `"similarity"`
#' where the units differ. A scale lies within a factor of two of the ratio of the spacings, and so do the stretches of
#' an affine map. A map says nothing about tissue that was torn or folded.
#'
#' @param x A `starscape_fit` of two or more slices, an object on which [runStarscape()] was run
#'   with `slice`, or the list of objects it gave.
#' @param slice Names of the slices to move; `NULL` for all but the reference.
#' @param reference Name of the slice the others are laid on; `NULL` for the first level of the fit's `slice`.
#' @param transform `"rigid"` for a rotation and a translation, `"similarity"` for these and one scale, `"affine"` for
#'   any linear map.
#' @param reflect Whether a slice may lie upside down. `TRUE` tries both sides.
#' @param nNeighbours Number of nearest neighbours in the other slice among which matches must be, a whole number from
#'   1.
#' @param tolerance Distance up to which a match agrees with a map, a positive number, in units of the usual distance
#'   between neighbouring spots of the reference. `NULL` for a quarter of the square root of the number of reference
#'   spots, at most 8: about an eighth of the width of a section.
#' @param seed Whole number from 0 to 2147483647 for the matches that are drawn.
#' @param threads Number of threads, a whole number from 1. It does not change the result.
#' @param verbose Whether to show progress.
#' @param ... For objects and lists: the arguments of the method for fits.
#' @param reduction For objects the name of the fit, which [runStarscape()] was given as `name`.
#' @return For a fit or a list, a `slice_alignment`: a list with
#'   * `coords`: places of all spots (spots x 2) in the frame of the reference. Spots of other slices are where they
#'     were. Array positions of a Visium slide are in tissue proportions, that is with rows spread by the square root of
#'     3; `before` has the places before the slices were moved, in the same proportions;
#'   * `transforms`: for each moved slice, a list with `matrix` (2 x 2) and `translation`, so that a place p goes to
#'     matrix p + translation; `angle`, in degrees from -180 to 180, positive from the x axis to the y axis (clockwise
#'     on a figure whose y points down); `scale`, the square root of the change of area; `reflected`;
#'   * `matches`: data frame with one row per match: `slice`, `spot`, `reference_spot`, `weight` in the embedding from
#'     0.37 to 1, `residual`, the distance after moving in spacings of the reference, and `inlier`, whether it is within
#'     `tolerance`;
#'   * `partners`: sparse matrix, spots x spots, with the reference spots within 2.5 spacings of each moved spot (its
#'     row), weighted by how similar they are, for [transferLabels()]; rows sum to 1, or to 0 outside the reference;
#'   * `summary`: data frame with one row per moved slice: `slice`, `reference`, `spots`, `overlap` (share of spots on
#'     the reference), `matches`, `inliers`, `inlier_share`, `chance_share` (what that share would be if partners were
#'     dealt out at random), `residual` (median of the inliers, in spacings) and `angle`;
#'   * `slice`, `reference` and `params`.
#'
#'   For other objects, the object with `aligned_x` and `aligned_y` in the cell metadata, and the alignment as element
#'   `alignment` of the stored fit.
#' @section Errors:
#' Unusable input is an error of class `starscape_error_argument` whose field `argument` names the argument. An
#' alignment whose share of inliers is below twice what chance gives is returned with a message of class
#' `starscape_message`.
#' @references
#' Haghverdi, Lun, Morgan and Marioni (2018). Batch effects in single-cell RNA-sequencing data are corrected by matching
#' mutual nearest neighbors. Nature Biotechnology 36, 421-427. \doi{10.1038/nbt.4091}
#'
#' Fischler and Bolles (1981). Random sample consensus. Communications of the ACM 24, 381-395.
#'
#' Besl and McKay (1992). A method for registration of 3-D shapes. IEEE Transactions on Pattern Analysis and Machine
#' Intelligence 14, 239-256. The refinement.
#' @seealso [plotAlignment()], [transferLabels()]
#' @examples
#' slices <- simulateSlices(slices = 2, rows = 20, columns = 20, genes = 100, domains = 3)
#' fit <- runStarscape(slices$counts, slices$coords, slice = slices$slice, latentDim = 10, epochs = 20)
#' alignment <- alignSlices(fit)
#' alignment
#' alignment$transforms$slice2$angle
#' plotAlignment(alignment)
#' @export
alignSlices <- function(x, slice = NULL, reference = NULL, ...) {
  needArguments()
  UseMethod("alignSlices")
}

#' @export
alignSlices.default <- function(x, slice = NULL, reference = NULL, ...) {
  storedFit(x)
}

#' @rdname alignSlices
#' @export
alignSlices.starscape_fit <- function(x, slice = NULL, reference = NULL,
                                      transform = c("rigid", "similarity", "affine"), reflect = FALSE, nNeighbours = 10,
                                      tolerance = NULL, seed = 1, threads = 2, verbose = rlang::is_interactive(), ...) {
  gateDots(...)
  checked <- gateTogether(
    settings = gateFields(mget(names(alignChecks)), alignChecks), chosen = gateAlignment(x, slice, reference)
  )
  settings <- checked$settings
  chosen <- checked$chosen
  used <- usedSpots(x)
  places <- slicePlaces(x$coords, x$slice)
  rows <- function(name) which(used & x$slice == name)
  onto <- rows(chosen$reference)
  if (is.null(settings$tolerance)) settings$tolerance <- min(8, sqrt(length(onto)) / 4)
  parameters <- settings[names(settings) != "verbose"]
  numbers <- utils::modifyList(parameters, list(reflect = as.integer(settings$reflect)))
  progress <- progressBar(settings$verbose)
  part <- function(values, rows) unname(values[rows, , drop = FALSE])
  found <- lapply(stats::setNames(nm = chosen$slice), function(name) {
    own <- rows(name)
    unwrap(core_align_slices(
      part(x$embedding, own), part(places, own), part(x$embedding, onto), part(places, onto), numbers, progress
    ))
  })
  newAlignment(found, x$slice, used, places, chosen$reference, parameters)
}

#' @rdname alignSlices
#' @export
alignSlices.Seurat <- function(x, slice = NULL, reference = NULL, ..., reduction = "starscape") {
  needObject(x)
  # Looked at where the method for fits checks its arguments.
  delayedAssign("fit", objectFit(x, gateReduction(reduction)))
  alignment <- alignSlices.starscape_fit(fit, slice, reference, ...)
  columns <- as.data.frame(alignment$coords)
  names(columns) <- ofReduction(c("aligned_x", "aligned_y"), reduction)
  tellColumns(x, columns, if (!is.null(storedFit(x, name = reduction)$alignment)) names(columns))
  # It stands under the names that spots have in the fit, which follows them when they are renamed.
  storeWithFit(x, "alignment", renameAlignment(alignment, fit$storedNames), columns, reduction)
}

#' @rdname alignSlices
#' @export
alignSlices.SingleCellExperiment <- alignSlices.Seurat

#' @rdname alignSlices
#' @export
alignSlices.list <- function(x, slice = NULL, reference = NULL, ..., reduction = "starscape") {
  alignSlices.starscape_fit(joinedFit(x, reduction)$fit, slice, reference, ...)
}

alignChecks <- list(
  transform = oneOf(c("rigid", "similarity", "affine")), reflect = yesOrNo, nNeighbours = wholeNumber(1, 1000),
  tolerance = realNumber(0, optional = TRUE, positive = TRUE), seed = seedNumber,
  threads = threadCount, verbose = yesOrNo
)

# Places of all slices in tissue proportions.
slicePlaces <- function(coords, slice) {
  for (name in levels(slice)) {
    rows <- which(slice == name)
    coords[rows, ] <- spreadRows(coords[rows, , drop = FALSE])
  }
  coords
}

# The slices to move and the one they are laid on, among those of a fit that have spots with counts.
gateAlignment <- function(x, slice, reference) {
  x <- gateFit(x)
  if (ncol(x$coords) > 2) {
    stopArgument(
      "x", "was fitted with a depth, and slices are aligned in a plane",
      "Fit with the columns x and y and with `slice`, which says what lies on one section."
    )
  }
  known <- unique(as.character(sort(x$slice[usedSpots(x)])))
  if (length(known) < 2) {
    stopArgument(
      "x", "has one slice only", "Run runStarscape() on two or more slices together, and say which with its `slice`."
    )
  }
  named <- gateTogether(
    slice = if (!is.null(slice)) gateNamed(slice, known, "slice", "slices"),
    reference = if (is.null(reference)) known[[1]] else gateNamed(reference, known, "reference", "a slice", most = 1)
  )
  slice <- named$slice
  reference <- named$reference
  if (is.null(slice)) {
    return(list(slice = setdiff(known, reference), reference = reference))
  }
  if (reference %in% slice) {
    stopArgument(
      "slice", sprintf("has \"%s\", which is the reference", reference), "Name other slices, or another `reference`."
    )
  }
  list(slice = slice, reference = reference)
}
