#' What can be given as `x`, and what is taken from it
#'
#' Every function takes counts in the same forms. The same counts give the same result to the last bit in all of them;
#' sparse matrices and those on disk are never made dense as a whole.
#'
#' | `x` | counts | places, without `coords` | slices, without `slice` | what is said |
#' |---|---|---|---|---|
#' | `matrix` of numbers, integers or logical values | genes x spots | have to be given | one | which columns are x and y, unless they are called so |
#' | `Matrix` (`dgCMatrix`, `dgTMatrix`, `dgRMatrix`, `lgCMatrix` ...) | genes x spots | have to be given | one | the same |
#' | `DelayedMatrix` (`HDF5Array`, `TENxMatrix` ...), `IterableMatrix` (BPCells) | read by blocks of spots | have to be given | one | the same |
#' | `Seurat`, assays of version 3 and 5 | `layer` (`"counts"`; split ones are joined) of `assay` (the default one) | images, then columns of the cell metadata, then a reduction `"spatial"` | images, unless one shows cells of others only | images that are not used, cells that are on none, columns that are not called x and y, the reduction |
#' | `SingleCellExperiment` | `assay` (`"counts"`) | a reduced dimension `"spatial"`, columns of the cell metadata | one | the reduced dimension, columns that are not called x and y |
#' | `SpatialExperiment` | `assay` (`"counts"`) | array positions, then `spatialCoords()` | `sample_id` | columns that are not called x and y |
#' | list of these | over the genes they share | as for each element, with a depth in all or in none | the elements | as for each element, once; genes that are left out |
#'
#' Of all is told: names that are made, spots and genes without counts, counts that are not whole (and whether they look
#' normalised or logged), places that spots share, and array positions that gave way to pixels. Where the images of a
#' `Seurat` object show some of its cells, these are used and the results of the others are NA.
#'
#' Columns of the cell metadata that are known as places, in this order: `array_col` and `array_row`, `col` and `row`,
#' `x` and `y`, `imagecol` and `imagerow`, `pxl_col_in_fullres` and `pxl_row_in_fullres`, `x_centroid` and `y_centroid`
#' (Xenium), `CenterX_global_px` and `CenterY_global_px` (CosMx), `x_slide_mm` and `y_slide_mm`. Array positions that
#' more spots of a slice share than pixels, and those that are missing, give way to these; in a table that is given as
#' `coords` as well. Of other names, one that says its axis by a word decides: x, col or column; y or row. A message
#' tells what was taken wherever it is not called x and y.
#'
#' What is given per spot (`coords`, `slice`, `batch`, `domain`, `block`, `truth` ...) is matched by name: of vectors,
#' of rows, or by a column that holds the spots' names (of most of them, or one that is called `barcode`, `cell_id`
#' ...). Names that fit nothing are refused; what has none is taken in the order of the spots. A fit follows its cells
#' when they are chosen, sorted or renamed.
#'
#' What comes from other classes and from files, by platform:
#'
#' | from | to `x` |
#' |---|---|
#' | Visium: folder `outs` of Space Ranger | `Seurat::Load10X_Spatial(folder)`, or VisiumIO, see below |
#' | Visium HD: folder `outs` of Space Ranger | `Seurat::Load10X_Spatial(folder, bin.size = 8)`, from Seurat 5.1 on |
#' | Visium, Visium HD: `filtered_feature_bc_matrix.h5` | `HDF5Array::TENxMatrix(file, "matrix")` and the places as `coords` |
#' | Xenium folder | `Seurat::LoadXenium(folder)` |
#' | CosMx folder | `Seurat::LoadNanostring(folder, fov)` |
#' | MERSCOPE folder | `Seurat::LoadVizgen(folder, fov)` |
#' | Slide-seq | counts as a matrix, and the table of bead locations (`xcoord`, `ycoord`) as `coords` |
#' | Stereo-seq, and any `.h5ad` | `zellkonverter::readH5AD(file)`, `assay = "X"` where it holds raw counts |
#' | `SpatialFeatureExperiment` | is a `SpatialExperiment` |
#'
#' VisiumIO gives a `SpatialExperiment`; it has taken the place of `SpatialExperiment::read10xVisium()`, which is
#' deprecated:
#' ```
#' x <- BiocIO::import(VisiumIO::TENxVisium(
#'   resources = file.path(folder, "filtered_feature_bc_matrix"), spatialResource = file.path(folder, "spatial"),
#'   images = "lowres"
#' ))
#' runStarscape(x)
#' ```
#'
#' A `MoleculeExperiment` holds molecules; counted by cell it is a `SpatialExperiment`. A `SpatialData` store is written
#' from Python as `.h5ad`, which has the places where a `SingleCellExperiment` is looked through for them:
#' ```
#' x <- MoleculeExperiment::countMolecules(molecules, boundariesAssay = "cell")
#' runStarscape(x)
#'
#' # Python: spatialdata.read_zarr("x.zarr").tables["table"].write_h5ad("x.h5ad")
#' x <- zellkonverter::readH5AD("x.h5ad")
#' runStarscape(x, assay = "X")
#' ```
#'
#' @name starscape-input
#' @aliases starscape-input
#' @examples
#' slices <- simulateSlices(rows = 15, columns = 15, genes = 60, domains = 2)
#' fit <- runStarscape(slices$counts, slices$coords, latentDim = 5)
#' dense <- runStarscape(as.matrix(slices$counts), slices$coords, latentDim = 5)
#' identical(fit$embedding, dense$embedding)
NULL
