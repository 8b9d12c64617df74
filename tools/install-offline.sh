#!/usr/bin/env bash
# install-offline.sh TARBALL LIBRARY: installs the source package as a machine without network and without any
# downloaded crate would, loads it and calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

tarball=$PWD/$1
library=$2
mkdir -p "$library"
library=$(cd "$library" && pwd)
rm -rf "$library"/00LOCK* "$library/starscape"
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT

alone=()
if unshare --net true 2>/dev/null; then
  alone=(unshare --net)
else
  say "no network namespaces here: only cargo is told"
fi
say "installing $(basename "$tarball") with no network"
# The toolchain itself, because rustup's cargo looks for it under the home directory.
PATH=$(rustc --print sysroot)/bin:$PATH
cd "$empty"
env -u CARGO_TARGET_DIR -u STARSCAPE_TARGET_DIR -u STARSCAPE_WORKSPACE -u STARSCAPE_VENDOR \
  CARGO_HOME="$empty" CARGO_NET_OFFLINE=true \
  nice "${alone[@]}" R CMD INSTALL --no-multiarch --library="$library" "$tarball"
R_LIBS="$library" Rscript -e 'm <- starscape::clusterMetrics(c(1, 1, 2, 2), c(2, 2, 1, 1)); stopifnot(m[["ARI"]] == 1)'
[ -z "$(find "$empty" -name '*.crate')" ] || fail "the installation downloaded crates"
say "installed without network"
