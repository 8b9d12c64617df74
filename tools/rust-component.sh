#!/usr/bin/env bash
# rust-component.sh NAME...: adds components of the Rust toolchain that a minimal installation lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

need_rust
for name in "$@"; do
  binary=cargo-${name/rustfmt/fmt}
  if "$binary" --version >/dev/null 2>&1; then continue; fi
  command -v rustup >/dev/null || fail "cargo's $name is missing: install it with your Rust"
  rustup component add "$name"
done
