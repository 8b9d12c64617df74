#!/usr/bin/env bash
# Makes the "current" R stack: a Debian trixie root with R, Seurat 5 and SpatialExperiment, kept outside the clone.
# Built beside its final place and renamed when complete, so that an interrupted run leaves nothing half-made.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

version=1 # raise it to have every root made from nothing
root=$(stack_root)
mirror=${STARSCAPE_MIRROR:-http://deb.debian.org/debian}
mapfile -t packages < <(package_list trixie)
stamp="$version $(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-16)"
is_current() { [ "$(cat "$root/etc/starscape-stack" 2>/dev/null)" = "$stamp" ]; }

is_current && exit 0
[ "$(id -u)" = 0 ] || fail "the trixie stack needs root (debootstrap, chroot)"
need_packages debootstrap

mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9 # a second caller waits here, then finds the root complete
is_current && exit 0

make_root() {
  set -e
  rm -rf --one-file-system "$root.tmp"
  if grep -q "^$version " "$root/etc/starscape-stack" 2>/dev/null; then
    cp -a "$root" "$root.tmp" # only the package list changed
  else
    debootstrap --variant=minbase --include=ca-certificates trixie "$root.tmp" "$mirror"
    echo force-unsafe-io >"$root.tmp/etc/dpkg/dpkg.cfg.d/unsafe-io" # renamed when complete: fsync buys nothing
  fi
  # Mounts of a private namespace end with the command, however it ends.
  unshare --mount bash -euc '
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    chroot "$0" apt-get -q update
    chroot "$0" apt-get -q install -y --no-install-recommends "$@"
    chroot "$0" apt-get clean
  ' "$root.tmp" "${packages[@]}"
  echo "$stamp" >"$root.tmp/etc/starscape-stack"
}

say "making the trixie R stack in $root (some minutes, once)"
(make_root) >"$root.log" 2>&1 & # in the background, as bash ignores 'set -e' on the left of ||
wait $! || { tail -30 "$root.log" >&2; fail "the trixie stack could not be made (all of it: $root.log)"; }
rm -rf --one-file-system "$root"
mv "$root.tmp" "$root"
say "trixie R stack ready"
