# Shell functions shared by the scripts of tools/; sourced from the repository root.
# shellcheck shell=bash

say() { printf '== %s\n' "$*"; }
fail() { printf 'starscape: %s\n' "$*" >&2; exit 1; }

stack_root() { echo "${STARSCAPE_STACK_ROOT:-$HOME/.cache/starscape/trixie}"; }

# package_list SUITE: the names in packages.txt; lines marked [trixie] only for that suite.
package_list() {
  sed -e 's/#.*//' tools/packages.txt |
    awk -v suite="$1" 'NF == 1 { print $1 } NF == 2 && $2 == "[" suite "]" { print $1 }'
}

# need_packages NAME...: installs the Debian packages that are missing; costs milliseconds when none is.
need_packages() {
  local missing
  [ "${STARSCAPE_SETUP:-yes}" = no ] && return 0
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "not a Debian system: install what corresponds to these packages, then set STARSCAPE_SETUP=no: $*"
  missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort -u))
  [ -z "$missing" ] && return 0
  # shellcheck disable=SC2086
  set -- $missing
  [ "$(id -u)" = 0 ] || fail "needs: apt-get install --no-install-recommends $*"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=600 update >/dev/null
  apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@" >/dev/null
}

# need_rust: cargo and rustc on the path, new enough for candle and argmin.
need_rust() {
  local have least=1.87
  PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
  command -v cargo >/dev/null && command -v rustc >/dev/null ||
    fail "Rust $least or newer is needed: https://rustup.rs"
  have=$(rustc --version | awk '{ print $2 }')
  [ "$(printf '%s\n' "$least" "$have" | sort -V | head -1)" = "$least" ] ||
    fail "Rust $least or newer is needed, this is $have: rustup update"
}

# data_dir: where real sections lie for the tests that use them, or nothing.
data_dir() {
  local dir=${STARSCAPE_DATA:-../shared/data}
  if [ -d "$dir" ]; then
    (cd "$dir" && pwd)
  elif [ -n "${STARSCAPE_DATA:-}" ]; then
    fail "STARSCAPE_DATA is not a folder: $dir"
  fi
}
