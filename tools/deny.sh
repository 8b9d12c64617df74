#!/usr/bin/env bash
# Licences, origins and known faults of the crates, as deny.toml says. The list of faults is a repository on GitHub:
# where it cannot be fetched, that is said and the rest is checked.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

need_rust
# With a target directory of its own, as it shares no crate with the clone.
cargo deny --version >/dev/null 2>&1 || {
  say "installing cargo-deny (some minutes)"
  CARGO_TARGET_DIR=build/deny nice cargo install cargo-deny --locked
  rm -rf build/deny
}
cargo deny --locked --workspace check licenses bans sources
if cargo deny --locked --workspace fetch db 2>build/deny.log; then
  cargo deny --locked --workspace check --disable-fetch advisories
else
  say "known faults were not checked: their list could not be fetched (build/deny.log)"
fi
