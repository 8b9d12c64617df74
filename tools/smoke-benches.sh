#!/usr/bin/env bash
# Runs every bench once, in its shortest form, on simulated sections in the layout of the real ones: one that no longer
# runs is noticed where those are not. Tables go to build/smoke/ and mean nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

smoke=$PWD/build/smoke
rm -rf "$smoke"
mkdir -p "$smoke"
Rscript tools/smoke-data.R .Rlib "$smoke/data"
export STARSCAPE_DATA=$smoke/data

# bench NAME TABLES [VARIABLE=VALUE ...]: fails with the end of its log, or where a table is missing or empty.
bench() {
  local name=$1 tables=$2 start=$SECONDS table
  shift 2
  make "$name" "$@" OUT="$smoke/$name" >"$smoke/$name.log" 2>&1 ||
    { tail -n 30 "$smoke/$name.log" >&2; fail "the bench does not run: make $name $*"; }
  for table in $tables; do
    grep -q '^| ' "$smoke/$name/$table" || fail "make $name wrote no table into $table"
  done
  say "$name: $((SECONDS - start)) s"
}

# Two rows beside each other, as no time that is measured here counts.
(
  bench slices results.md SEEDS=1 DRAWS=1 SIDE=0.4
  bench markers "results.md null.md" DRAWS=1 GENES=2 SEEDS=1 SIDE=0.25
  bench scale results.md LARGEST=1024
) &
other=$!
trap 'wait || true' EXIT
# One section of every form: an array with tiles enough to hold some out, cells, a pair of sections, a tumour, no labels.
bench panel "results.md network.md project.md" SECTIONS="151674 BZ5 BZ9 B1 cosmx_lung"
bench transst "results.md proportions.md" DRAWS=1 SIDE=0.3
bench stability results.md SEEDS=2 PARTS=2 PEERS=2 DRAWS=2 SECTIONS=BZ5
wait "$other"
say "all benches run: $SECONDS s"
