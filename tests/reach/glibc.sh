#!/usr/bin/env bash
# glibc.sh FOLDER: reach.sh with the glibc 2.31 of Debian 11: this machine's gcc compiles and links for that glibc, whose dynamic
# linker runs the examples. Then the library is built with the headers as those of glibc 2.28 are, and must need no newer name.
# With a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
old=$work/glibc-2.31
machine=x86_64-linux-gnu

rm -rf --one-file-system "$old"
mmdebstrap --variant=extract --include=libc6-dev,libgcc-10-dev bullseye "$old" >"$old.log" 2>&1 || { tail -n 20 "$old.log" && exit 1; }
# Links that begin at the root would lead to this machine's libraries.
find "$old" -lname '/*' | while read -r link; do
    ln -sfnr "$old$(readlink "$link")" "$link"
done

# compiler SYSROOT: the text of a program that compiles for it.
compiler() {
    printf '#!/bin/sh\nexec %q --sysroot=%q -L%q -L%q "$@"\n' "$(command -v "${CC:-gcc}")" "$1" "$old/usr/lib/$machine" "$old/lib/$machine"
}
compiler "$old" >"$work/cc-2.31"
chmod +x "$work/cc-2.31"
export MESON_EXE_WRAPPER="$old/lib/$machine/ld-2.31.so --library-path $work/on-2.31:$old/lib/$machine:$old/usr/lib/$machine"
cat >"$work/glibc-2.31.ini" <<END
[binaries]
c = '$work/cc-2.31'
pkgconfig = 'false'
cmake = 'false'
END
"$here/reach.sh" "$work/on-2.31" --native-file "$work/glibc-2.31.ini" -Doptimization=2

# What 2.29 to 2.31 added to the headers that the library includes is the version, and gettid.
headers=$work/headers-2.28
rm -rf "$headers"
mkdir "$headers"
cp -r "$old/usr/include/." "$headers/"
sed -i 's/\(#define\s*__GLIBC_MINOR__\)\s.*/\1 28/' "$headers/features.h"
sed -i '/gettid/d' "$headers/$machine/bits/unistd_ext.h"
{ sed '$d' "$work/cc-2.31" && sed -n '$s/"\$@"$//p' "$work/cc-2.31" | tr -d '\n' && printf -- '-isystem %q -isystem %q "$@"\n' "$headers/$machine" "$headers"; } >"$work/cc-2.28"
chmod +x "$work/cc-2.28"
sed 's/cc-2\.31/cc-2.28/' "$work/glibc-2.31.ini" >"$work/glibc-2.28.ini"
rm -rf "$work/on-2.28"
library=liblifoguard.so.$(sed -n "s/^  version: '\(.*\)',/\1/p" "$root/meson.build")
{ meson setup --native-file "$work/glibc-2.28.ini" -Dtests=disabled -Dtools=disabled -Dvet=disabled -Dexamples=disabled "$work/on-2.28" "$root" &&
    ninja -j2 -C "$work/on-2.28" "$library"; } >"$work/on-2.28.log" 2>&1 || { tail -n 20 "$work/on-2.28.log" && exit 1; }
newest=$(objdump -T "$work/on-2.28/$library" | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1)
echo "with the headers as in 2.28, the newest name that the library needs is of $newest"
[[ $(printf 'GLIBC_2.28\n%s\n' "$newest" | sort -V | tail -n 1) == GLIBC_2.28 ]]
