#!/usr/bin/env bash
# install-r.sh LIBRARY: installs the R package into LIBRARY from a copy, so that the clone stays free of objects.
# The copy builds the clone's own workspace: only what changed is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

library=$1
copy=$library/.pkg
rm -rf "$copy" "$library"/00LOCK*
mkdir -p "$library" "$copy"
cp -a rpkg/. "$copy/"
STARSCAPE_WORKSPACE=$PWD nice R CMD INSTALL --no-multiarch --library="$library" "$copy"
rm -rf "$copy"
