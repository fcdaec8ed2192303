#!/usr/bin/env bash
# symbols.sh SHARED STATIC INCLUDE: what the libraries show outside is named lg_ or lgi_ and announced
# in a public header, what the headers announce is there, and only libc and the unwinder are needed.
set -euo pipefail

shared=$1 static=$2 include=$3
failed=0
fail() {
    echo "FAIL: $*"
    failed=1
}

# The sanitizers' own (__odr_asan_gen_…) and the linker's (_init, _edata …) begin with an underscore.
exported=$(nm -D --defined-only "$shared" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | grep -v '^_' | sort -u)
[[ -n $exported ]] || fail "$shared exports nothing"
for name in $exported; do
    [[ $name == lg_* || $name == lgi_* ]] || fail "$shared exports $name"
    grep -qrw -- "$name" "$include" || fail "$name is exported, but no public header has it"
done

# Hidden names do not matter in a shared library; in a static one they can clash with the program's.
for name in $(nm -g --defined-only "$static" 2>/dev/null | awk 'NF == 3 { print $3 }' | grep -Ev '^(_|DW\.ref\.)' | sort -u); do
    [[ $name == lg_* || $name == lgi_* ]] || fail "$static defines $name for all"
done

# Several plugins with the static library in each must neither clash nor take much of the room for thread-local variables.
visible=$(readelf -Ws "$static" | awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' |
    grep -Ev '^(_|DW\.ref\.)' | sort -u || true)
[[ -z $visible || -n ${SANITIZED:-} ]] || fail "$static shows names outside: $visible"
tls=$(readelf -lW "$shared" | awk '$1 == "TLS" { print $6 }')
((tls <= 168)) || fail "$shared has $((tls)) bytes of thread-local variables"

announced=$(find "$include" -name '*.h' -exec cat {} + | grep -v '^ *#' | tr '\n' ' ' |
    grep -oP 'LG_API\b[^;{}]*?\blgi?_\w+\s*\(' | grep -oP 'lgi?_\w+(?=\s*\($)' | sort -u)
[[ -n $announced ]] || fail "no LG_API function found in $include"
for name in $announced; do
    grep -qx -- "$name" <<<"$exported" || fail "a public header has $name, which $shared does not export"
done

if [[ -z ${SANITIZED:-} ]]; then
    for needed in $(readelf -d "$shared" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        case $needed in
        libc.so.* | libgcc_s.so.* | ld-linux*) ;;
        *) fail "$shared needs $needed" ;;
        esac
    done
fi

echo "$(wc -w <<<"$exported") names exported, $(wc -w <<<"$announced") functions announced"
exit $failed
