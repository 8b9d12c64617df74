#!/usr/bin/env bash
# vendor.sh OUT.tar.xz: the sources of all crates the R package compiles, on any platform, as one small archive.
#
# cargo resolves the whole workspace even for one member, so crates that are never compiled (those of tests and
# benches) must stay visible: they keep their manifest and an empty library. The others lose what no build reads.
# Cargo verifies each file that a crate's checksum file lists; an empty list, with the package's own checksum kept,
# is what Debian ships too.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$1
work=build/vendor
targets="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin
  x86_64-pc-windows-gnu"

rm -rf "$work"
mkdir -p build
cargo vendor --quiet --locked --versioned-dirs "$work" >/dev/null

for target in $targets; do
  cargo tree --locked -p starscape-r -e normal,build --target "$target" --prefix none --format '{p}'
done | awk '{ sub(/^v/, "", $2); print $1 "-" $2 }' | sort -u >build/compiled-crates.txt

rm -rf "$work"/lapack-sys-*/lapack # all of LAPACK in Fortran, from which the bindings were once generated

for crate in "$work"/*/; do
  crate=${crate%/}
  if grep -qxF "$(basename "$crate")" build/compiled-crates.txt; then
    find "$crate" -mindepth 1 -maxdepth 1 \( -name tests -o -name benches -o -name examples -o -name docs -o -name doc \
      -o -name fixtures -o -name testdata -o -name ci \
      -o -name '.*' ! -name .cargo-checksum.json -o -name 'Cargo.toml.orig' -o -name Cargo.lock -o -iname 'changelog*' \
      \) -exec rm -rf {} +
  else
    find "$crate" -mindepth 1 -maxdepth 1 ! -name Cargo.toml ! -name .cargo-checksum.json -exec rm -rf {} +
    mkdir "$crate/src"
    : >"$crate/src/lib.rs"
  fi
  sed -i 's/"files":{[^}]*}/"files":{}/' "$crate/.cargo-checksum.json"
done

# The same crates give the same bytes.
tar -C build --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u+rw,go=rX -cf - vendor |
  xz -9e -T1 >"$out.tmp"
mv "$out.tmp" "$out"
rm -rf "$work"
