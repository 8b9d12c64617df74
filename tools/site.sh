#!/usr/bin/env bash
# site.sh LIBRARY OUT: the pages of the package with pkgdown, from what LIBRARY holds, into OUT. Nothing is downloaded;
# where the kernel allows it, there is no network at all.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

need_packages r-cran-pkgdown
build=(nice Rscript tools/site.R "$1" "$2")
# Workers of a vignette talk to each other over the loopback device, which begins switched off.
if unshare --net ip link set lo up 2>/dev/null; then
  unshare --net bash -c 'ip link set lo up && exec "$@"' build "${build[@]}"
else
  "${build[@]}"
fi
