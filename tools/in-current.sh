#!/usr/bin/env bash
# in-current.sh COMMAND...: runs a command in the trixie root, in the clone (seen there as /starscape/clone), with this
# machine's Rust toolchain and downloaded crates. The mounts live in a namespace of their own and end with the command.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

[ "$(id -u)" = 0 ] || fail "the trixie stack needs root (mounts, chroot)"
tools/stack-current.sh
need_rust
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
toolchain=$(rustc --print sysroot)
case $toolchain in /usr*) fail "the trixie root needs a Rust toolchain outside /usr, as rustup installs it" ;; esac
data=$(data_dir)
cargo fetch --quiet --locked # inside nothing is downloaded

# Started in the background by some shells, commands ignore SIGINT, and R from 4.5 on keeps to that: the tests of Ctrl-C
# need it back.
exec unshare --mount bash -euc '
  root=$0 toolchain=$1 data=$2
  shift 2
  show() { mkdir -p "$root$2"; mount --rbind "$1" "$root$2"; }
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/tmp"
  show "$PWD" /starscape/clone
  show "$toolchain" "$toolchain"
  show "$CARGO_HOME" "$CARGO_HOME"
  if [ -n "$data" ]; then show "$data" /starscape/data; fi
  exec chroot "$root" /usr/bin/env -i --default-signal=INT HOME=/root LC_ALL=C.UTF-8 \
    CARGO_HOME="$CARGO_HOME" CARGO_NET_OFFLINE=true \
    PATH="$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    CARGO_TARGET_DIR=/starscape/clone/build/current/target STARSCAPE_SETUP=no \
    STARSCAPE_TARBALL="${STARSCAPE_TARBALL:-}" STARSCAPE_DATA="${data:+/starscape/data}" CI="${CI:-}" NOT_CRAN=true \
    bash -c "cd /starscape/clone && exec \"\$@\"" bash "$@"
' "$(stack_root)" "$toolchain" "$data" "$@"
