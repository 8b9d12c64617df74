#!/usr/bin/env bash
# fuzz-core.sh SECONDS [TARGET...]: random input to every function of the core that takes data from R (fuzz/), so many
# seconds each, or to some of them. cargo fuzz builds them with AddressSanitizer, checks of overflow and debug
# assertions: a read or write out of bounds, a panic, a sum that overflows, an endless loop and NaN in an answer to
# finite numbers are faults, and the first ends the run. All of it lies in build/fuzz: what was found to reach new code
# in corpus/, which the next run reads first, within the same seconds (remove it for new input to slow targets), and
# what a fault came from in artifacts/. The targets take seven minutes to build, so that .ci/run does without.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

seconds=$1
shift
need_rust
cargo fuzz --version >/dev/null 2>&1 || {
  say "installing cargo-fuzz (a minute or two)"
  CARGO_TARGET_DIR=build/cargo-fuzz nice cargo install cargo-fuzz --locked
  rm -rf build/cargo-fuzz
}

host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p build/fuzz
# Sanitizers are no part of stable Rust, and this lets it have them.
export RUSTC_BOOTSTRAP=1 RUST_BACKTRACE=${RUST_BACKTRACE:-0}
nice cargo fuzz build --target-dir build/fuzz || fail "the targets were not built"

[ $# -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && basename -s .rs -- *.rs)
[ $# -eq 0 ] || targets=("$@")
total=0
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target" "build/fuzz/artifacts/$target"
  # It begins with long inputs: of short ones, nearly all is what bytes that have ended stand for.
  for number in 1 2 3 4 5 6 7 8; do
    start=build/fuzz/corpus/$target/start-$number
    [ -e "$start" ] || head -c 256 /dev/urandom >"$start"
  done
  log=build/fuzz/$target.log
  # The program that cargo fuzz built, as cargo fuzz run would leave folders beside the sources.
  nice "build/fuzz/$host/release/$target" "build/fuzz/corpus/$target" -artifact_prefix="build/fuzz/artifacts/$target/" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=256 -len_control=0 \
    -print_final_stats=1 >"$log" 2>&1 || {
    grep -vE '^#[0-9]' "$log" | tail -40 >&2
    fail "$target has a fault (log: $log); its input is the file of build/fuzz/artifacts/$target that the log names"
  }
  count=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
  total=$((total + count))
  echo "$target: $count runs, no fault"
done
say "${#targets[@]} functions of the core: $total runs under AddressSanitizer, no fault"
