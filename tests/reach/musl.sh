#!/usr/bin/env bash
# musl.sh FOLDER: reach.sh with musl-gcc, for programs that are linked statically.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
mkdir -p "$1"
work=$(cd "$1" && pwd)

# The headers of Linux alone: those of glibc, beside them, are not for musl.
mkdir -p "$work/linux-headers"
for name in linux asm asm-generic; do
    for place in /usr/include/*-linux-gnu /usr/include; do
        [[ ! -d $place/$name ]] || ln -sfn "$place/$name" "$work/linux-headers/$name"
    done
done
cat >"$work/musl.ini" <<END
[binaries]
c = ['musl-gcc', '-idirafter', '$work/linux-headers']
pkgconfig = 'false'
cmake = 'false'
[built-in options]
c_link_args = ['-static', '-Wl,--eh-frame-hdr', '-Wl,--undefined=_dl_find_object']
END
exec "$here/reach.sh" "$work/musl" --native-file "$work/musl.ini" -Ddefault_library=static -Doptimization=2
