#!/usr/bin/env bash
# Bioconductor's checks on the package as it is in the clone, failing on errors and warnings. Not asked: what needs
# Bioconductor's servers, whether the version is one of theirs, and sizes of files, which are those of the vendored
# crates and of what is compiled from them.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

need_packages r-bioc-bioccheck
dir=$PWD/build/bioccheck
rm -rf "$dir"
mkdir -p "$dir/starscape"
cp -a rpkg/. "$dir/starscape/"
(cd "$dir/starscape" && sh ./cleanup)
cp -a vignettes "$dir/starscape/"

# BiocCheck wants to know which version of Bioconductor belongs to this R, and asks the network for it.
r=$(Rscript -e 'cat(format(getRversion()[, 1:2]))')
bioc=$(Rscript -e 'cat(as.character(tools:::.BioC_version_associated_with_R_version()))')
cat >"$dir/config.yaml" <<YAML
release_version: "$bioc"
devel_version: "${bioc%.*}.$((${bioc#*.} + 1))"
r_ver_for_bioc_ver:
  "${bioc%.*}.$((${bioc#*.} - 1))": "$r"
  "$bioc": "$r"
  "${bioc%.*}.$((${bioc#*.} + 1))": "${r%.*}.$((${r#*.} + 1))"
rspm_ver_for_bioc_ver:
  "$bioc": "none"
mran_ver_for_bioc_ver:
  "$bioc": "none"
YAML
cd "$dir"
# Chunks with eval = SOMETHING that a vignette defines make BiocCheck print errors of its own and go on.
R_LIBS="$OLDPWD/.Rlib" BIOCONDUCTOR_CONFIG_FILE="file://$dir/config.yaml" STARSCAPE_WORKSPACE="$OLDPWD" \
  nice Rscript - <<'R' 2>&1 | grep -v "^Error in eval(x, envir = envir) : object" | tee bioccheck.log
checked <- BiocCheck::BiocCheck(
  "starscape", `no-check-deprecated` = TRUE, `no-check-remotes` = TRUE, `no-check-version-num` = TRUE,
  `no-check-R-ver` = TRUE, `no-check-bioc-help` = TRUE, `no-check-CRAN` = TRUE, `no-check-pkg-size` = TRUE,
  `no-check-file-size` = TRUE
)
R
grep -q '^0 ERRORS | 0 WARNINGS' bioccheck.log || fail "BiocCheck found errors or warnings (all of it: $dir/bioccheck.log)"
