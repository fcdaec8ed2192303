#!/usr/bin/env bash
# debian.sh FOLDER SUITE COMPILER…: reach.sh in a chroot with another suite of Debian, for compilers that this one does not
# have. A compiler whose name begins with "clang" refuses deferred blocks. As root, with a Debian mirror.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$1"
chroot=$(cd "$1" && pwd)/$2
suite=$2
shift 2

packages=(libc6-dev meson ninja-build)
printf -v list '%s,' "${packages[@]}" "$@"
rm -rf --one-file-system "$chroot"
trap 'umount "$chroot/proc" 2>/dev/null || true' EXIT
mmdebstrap --variant=apt --include="${list%,}" "$suite" "$chroot" >"$chroot.log" 2>&1 || { tail -n 20 "$chroot.log" && exit 1; }
mkdir "$chroot/src"
git -C "$root" ls-files --cached --others --exclude-standard | tar -C "$root" -T - -cf - | tar -C "$chroot/src" -xf -
mount -t proc proc "$chroot/proc"

status=0
for compiler; do
    blocks=
    [[ $compiler != clang* ]] || blocks=refused
    chroot "$chroot" env CC="$compiler" BLOCKS="$blocks" HOME=/root /src/tests/reach/reach.sh "/build/$compiler" -Doptimization=2 || status=1
done
exit "$status"
