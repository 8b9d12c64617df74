#!/usr/bin/env bash
# R CMD check on the source package, failing on errors and on warnings. The crates are those downloaded already and the
# target directory is the clone's: building the shipped crates from nothing is the offline installation's test.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

version=$(sed -n 's/^Version: *//p' rpkg/DESCRIPTION)
tarball=$PWD/dist/starscape_$version.tar.gz
log=build/check/starscape.Rcheck/00check.log
mkdir -p build/check
status=0
(
  cd build/check
  # Debian's stable release lacks some suggested packages; two cores are what package checks may use.
  # Real sections are for the test target.
  env -u STARSCAPE_DATA -u NOT_CRAN STARSCAPE_VENDOR=no STARSCAPE_TARGET_DIR="$CARGO_TARGET_DIR" \
    _R_CHECK_FORCE_SUGGESTS_=false _R_CHECK_LIMIT_CORES_=true OMP_THREAD_LIMIT=2 nice R CMD check --no-manual "$tarball"
) || status=$?
if [ "$status" != 0 ] || ! grep -q '^Status:' "$log" || grep -Eq '^Status:.*(ERROR|WARNING)' "$log"; then
  tail -60 "$log" >&2
  fail "R CMD check found errors or warnings (all of it: $log)"
fi
