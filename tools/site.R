# Builds the site: Rscript tools/site.R LIBRARY OUT
# pkgdown reads a copy that is put together as it expects a package: no Rust sources, vignettes and texts inside. Texts
# of the clone become pages of their own, named by their path (docs/models.md is docs-models.html).
arguments <- commandArgs(TRUE)
.libPaths(c(normalizePath(arguments[1]), .libPaths()))
out <- arguments[2]
# pkgdown asks CRAN whether it knows the package.
options(pkgdown.internet = FALSE)

stage <- file.path(tempfile("site"), "starscape")
copy <- function(from, to) {
  dir.create(to, recursive = TRUE, showWarnings = FALSE)
  stopifnot(file.copy(from, to, recursive = TRUE))
}
copy(setdiff(list.files("rpkg", full.names = TRUE), c("rpkg/src", "rpkg/tests")), stage)
copy(c(list.files("vignettes", full.names = TRUE), "site/gallery.Rmd"), file.path(stage, "vignettes"))
copy("site/_pkgdown.yml", stage)
copy(c("site/templates", "site/extra.css", "site/extra.js"), file.path(stage, "pkgdown"))

# Links between texts lead to the pages they become, and pictures beside a text go with it.
texts <- c(
  "README.md", "ARCHITECTURE.md", "DEVELOPMENT.md", list.files("docs", "[.]md$", recursive = TRUE, full.names = TRUE),
  list.files("benches", "[.]md$", recursive = TRUE, full.names = TRUE)
)
page <- function(path) gsub("/", "-", path)
resolve <- function(path, from) {
  parts <- strsplit(if (dirname(from) == ".") path else file.path(dirname(from), path), "/")[[1]]
  kept <- character()
  for (part in parts) kept <- if (part == "..") head(kept, -1) else c(kept, if (part != ".") part)
  paste(kept, collapse = "/")
}
pictures <- character()
target <- function(link, from) {
  if (grepl("^(https?:|mailto:|#)", link)) return(link)
  parts <- regmatches(link, regexec("^([^#]*)(#.*)?$", link))[[1]]
  path <- resolve(parts[2], from)
  if (path == "LICENSE") return("LICENSE-text.html")
  if (startsWith(path, "rpkg/man/")) return(sub("^rpkg/", "", path))
  if (path == "README.md") return(paste0("index.html", parts[3]))
  if (path %in% texts) return(paste0(sub("md$", "html", page(path)), parts[3]))
  if (endsWith(path, ".png")) {
    pictures <<- c(pictures, path)
    return(page(path))
  }
  NA_character_
}
for (path in texts) {
  text <- paste(readLines(path), collapse = "\n")
  links <- gregexpr("\\[[^][]*\\]\\([^() ]+\\)", text)
  regmatches(text, links) <- lapply(regmatches(text, links), function(found) {
    label <- sub("^\\[([^][]*)\\].*$", "\\1", found)
    to <- vapply(sub("^.*\\]\\((.*)\\)$", "\\1", found), target, "", from = path, USE.NAMES = FALSE)
    # What is in the clone and not on the site is named without a link.
    ifelse(is.na(to), label, sprintf("[%s](%s)", label, to))
  })
  writeLines(text, file.path(stage, page(path)))
}

pkg <- pkgdown::as_pkgdown(stage, override = list(destination = file.path(dirname(stage), "out")))
pkgdown::check_pkgdown(pkg)
pkgdown::build_site(pkg, devel = FALSE, install = FALSE, new_process = FALSE, preview = FALSE)
for (picture in pictures) stopifnot(file.copy(picture, file.path(pkg$dst_path, page(picture))))

# Formulas of help pages become MathML, which browsers draw by themselves.
mathml <- function(tex) {
  block <- grepl("^\\$\\$|^\\\\\\[", tex)
  inner <- gsub("&amp;", "&", gsub("&lt;", "<", gsub("&gt;", ">", substring(tex, 3, nchar(tex) - 2))))
  markdown <- if (block) paste0("$$", trimws(inner), "$$") else paste0("$", trimws(inner), "$")
  html <- system2("pandoc", c("--from", "markdown", "--to", "html", "--mathml"), input = markdown, stdout = TRUE)
  sub("</p>$", "", sub("^<p>", "", paste(html, collapse = "\n")))
}
pages <- list.files(pkg$dst_path, "[.]html$", recursive = TRUE, full.names = TRUE)
for (file in grep("/reference/", pages, value = TRUE)) {
  text <- paste(readLines(file), collapse = "\n")
  formulas <- gregexpr("(?s)\\\\\\(.+?\\\\\\)|\\$\\$.+?\\$\\$", text, perl = TRUE)
  if (formulas[[1]][1] == -1) next
  regmatches(text, formulas) <- lapply(regmatches(text, formulas), vapply, mathml, "")
  writeLines(text, file)
}

# No link within the site leads nowhere, and nothing is loaded from elsewhere.
broken <- unlist(lapply(pages, function(file) {
  html <- xml2::read_html(file)
  loaded <- c(xml2::xml_attr(xml2::xml_find_all(html, "//script[@src]|//img[@src]"), "src"),
              xml2::xml_attr(xml2::xml_find_all(html, "//link[@rel='stylesheet']"), "href"))
  links <- c(xml2::xml_attr(xml2::xml_find_all(html, "//a[@href]"), "href"), loaded)
  inside <- sub("[#?].*$", "", links[!grepl("^(https?:|mailto:|data:|#)", links)])
  missing <- inside[nzchar(inside) & !file.exists(file.path(dirname(file), utils::URLdecode(inside)))]
  outside <- grep("^(https?:|//|file:)", loaded, value = TRUE)
  sprintf("%s: %s", sub(pkg$dst_path, "", file, fixed = TRUE), unique(c(missing, outside)))
}))
if (length(broken) > 0) stop("links that lead nowhere or elsewhere:\n", paste(broken, collapse = "\n"))

unlink(out, recursive = TRUE)
dir.create(out, recursive = TRUE)
stopifnot(file.copy(list.files(pkg$dst_path, full.names = TRUE), out, recursive = TRUE))
cat(sprintf("site: %d pages, %d pictures, in %s\n", length(pages),
            length(list.files(out, "[.]png$", recursive = TRUE)), out))
