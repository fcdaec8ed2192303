#!/usr/bin/env bash
# musl.sh FOLDER: reach.sh with musl-gcc, for programs that are linked statically; then the commands of docs/platforms.md, as a reader
# copies them.
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
"$here/reach.sh" "$work/musl" --native-file "$work/musl.ini" -Ddefault_library=static -Doptimization=2

root=$(cd "$here/../.." && pwd)
rm -rf "$work/reader"
mkdir "$work/reader"
git -C "$root" ls-files --cached --others --exclude-standard | tar -C "$root" -T - -c | tar -C "$work/reader" -x
cat >"$work/reader/program.c" <<'END'
#include <lifoguard/lifoguard.h>

int main(void)
{
    lg_defer(puts, "a static program");
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    lg_group_go(&group, lg_yield);
}
END
sed -n '/^## Static programs with musl/,$ { s/^\$ //p; /^      -/p }' "$root/docs/platforms.md" >"$work/reader/commands"
(cd "$work/reader" && bash -eu commands >log 2>&1) || { tail -n 20 "$work/reader/log" && echo "FAIL: the commands of docs/platforms.md" && exit 1; }
said=$(timeout 60 "$work/reader/program" 2>&1 || true)
[[ $said == 'a static program' ]] || { echo "FAIL: the program says: $said" && exit 1; }
echo "the commands of docs/platforms.md make a static program"
