#!/usr/bin/env bash
# What every target needs: Rust, and R with the Debian packages of packages.txt. Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

need_rust
suite=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2046
need_packages $(package_list "$suite")
