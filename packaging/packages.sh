#!/usr/bin/env bash
# packages.sh FOLDER: builds the Debian packages of this tree, twice, in FOLDER; asks lintian; installs them in a clean chroot,
# where there is no source; follows the pages of the first hour there. As root, with a Debian mirror.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

step() { printf -- '-- %s\n' "$*"; }

# build NAME: the packages, in $work/NAME, from $work/source.tar.
build() {
    rm -rf "${work:?}/$1"
    mkdir -p "$work/$1/lifoguard"
    tar -C "$work/$1/lifoguard" -xf "$work/source.tar"
    (cd "$work/$1/lifoguard" && dpkg-buildpackage -us -uc -b) >"$work/$1/log" 2>&1 || { tail -n 40 "$work/$1/log" && return 1; }
}

step "building the packages, twice"
# Both from the same copy: the tree may be edited meanwhile.
git -C "$root" ls-files --cached --others --exclude-standard | tar -C "$root" -T - -cf "$work/source.tar"
build first
build second
for package in "$work"/first/*.deb; do
    cmp "$package" "$work/second/${package##*/}" || { echo "FAIL: ${package##*/} is not reproducible" && exit 1; }
done

step "lintian"
lintian --profile debian --fail-on error,warning "$work"/first/*.changes

step "a clean chroot"
chroot=$work/chroot
rm -rf "$chroot"
trap 'umount "$chroot/proc" 2>/dev/null || true; rm -rf --one-file-system "$chroot"' EXIT
mmdebstrap --variant=apt --include=bash-completion,curl,fish,gcc,groff-base,libc6-dev,libdw1,man-db,pkg-config,zsh bookworm "$chroot" >"$work/chroot.log" 2>&1 ||
    { tail -n 20 "$work/chroot.log" && exit 1; }
mkdir "$chroot/packages"
cp "$work"/first/*.deb "$chroot/packages"
rm -f "$chroot"/packages/*dbgsym*
chroot "$chroot" sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends /packages/*.deb' \
    >"$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" && exit 1; }

step "the pages of the first hour, in the chroot"
mount -t proc proc "$chroot/proc"
for page in README.md docs/{quickstart,tutorial,guides,run,lifoguard,cheatsheet,selftest,pitfalls}.md; do
    python3 "$root/tests/docs/docs.py" --chroot "$chroot" "$root" "$page"
done
[[ $(chroot "$chroot" man lg_defer) == *'lg_defer(fn'* ]] || { echo "FAIL: man lg_defer" && exit 1; }
chroot "$chroot" lifoguard vet --help >/dev/null
# Each shell finds the completion where the packages have put it.
completed=$(
    chroot "$chroot" zsh -fc "autoload -U compinit && compinit -u -D && print \$_comps[lifoguard]"
    chroot "$chroot" bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader lifoguard; complete -p lifoguard'
    chroot "$chroot" fish -c 'complete -C "lifoguard wait-"' | cut -f1
)
[[ $completed == $'_lifoguard\ncomplete -F _lifoguard lifoguard\nwait-for' ]] || { echo "FAIL: completion: $completed" && exit 1; }
python3 "$root/tests/packages/links.py" --installed "$chroot/usr/share/doc/lifoguard-doc"
python3 "$root/packaging/site/links.py" "$chroot/usr/share/doc/lifoguard-doc/html"

step "removing the packages"
umount "$chroot/proc"
chroot "$chroot" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q purge -y "*lifoguard*"' >"$work/purge.log" 2>&1
left=$(find "$chroot/usr" "$chroot/etc" "$chroot/var/lib" -iname '*lifoguard*' -not -path '*/apt/*' -not -path '*/dpkg/*' -not -path '*/cache/*')
[[ -z $left ]] || { echo "FAIL: left behind: $left" && exit 1; }
echo "the packages are built, installed, used and removed"
