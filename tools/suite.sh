#!/usr/bin/env bash
# suite.sh DIR: what is run on the current stack. Installs the package into DIR/Rlib, runs the R tests, builds the
# vignettes into DIR/vignettes. With STARSCAPE_TARBALL (path from the repository root) that source package is installed,
# with its own crates and no network, in place of the clone's sources.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

dir=$1
if [ -n "${STARSCAPE_TARBALL:-}" ]; then
  tools/install-offline.sh "$STARSCAPE_TARBALL" "$dir/Rlib"
else
  tools/install-r.sh "$dir/Rlib"
fi
Rscript tools/test-r.R "$dir/Rlib"
Rscript tools/vignettes.R "$dir/Rlib" "$dir/vignettes"
