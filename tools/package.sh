#!/usr/bin/env bash
# Makes dist/starscape_VERSION.tar.gz: the R package with the Rust workspace and its crates inside.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

version=$(sed -n 's/^Version: *//p' rpkg/DESCRIPTION)
stage=build/stage/starscape
crates=build/crates-$(cat Cargo.lock tools/vendor.sh | sha256sum | cut -c1-16).tar.xz

[ -f "$crates" ] || { say "vendoring crates"; rm -f build/crates-*; nice tools/vendor.sh "$crates"; }

rm -rf build/stage
mkdir -p "$stage/src/workspace" dist
cp -a rpkg/. "$stage/"
(cd "$stage" && sh ./cleanup)
[ -d vignettes ] && cp -a vignettes "$stage/"
# The workspace as it is: cargo finds the same members, lock file and profiles as in the clone.
for path in Cargo.toml Cargo.lock build.rs src benches/kernels.rs rpkg/src/rust; do
  [ ! -e "$path" ] || cp -a --parents "$path" "$stage/src/workspace/"
done
cp "$crates" "$stage/src/workspace/vendor.tar.xz"
# Whose code is inside, and under which licence.
cargo tree --locked -p starscape-r -e normal,build --target all --prefix none --format '{p}: {l}, {r}' |
  sed -e '/^starscape/d' -e 's/ (proc-macro)//' -e 's/ (\*)//' | sort -u >build/crates.txt
mkdir -p "$stage/inst"
cp build/crates.txt "$stage/inst/rust-crates.txt"

# R installs the package to build its vignettes; from the clone's target directory that takes no compiling.
(cd dist && STARSCAPE_WORKSPACE=$OLDPWD nice R CMD build "../$stage")
rm -rf build/stage
say "dist/starscape_$version.tar.gz: $(du -k "dist/starscape_$version.tar.gz" | cut -f1) kB"
