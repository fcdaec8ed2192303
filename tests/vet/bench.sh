#!/bin/sh
# bench.sh LIFOGUARD-VET FOLDER: processor time for a folder beside `clang -fsyntax-only`, and for a second run.
# Not a part of the test run: it takes as long as clang does.
set -eu
vet=$(realpath "$1")
clang=${CLANG:-clang}
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
cd "$2"
export XDG_CACHE_HOME="$cache" HOME="$cache"

measure() {
    name=$1
    shift
    /usr/bin/time -f "$name: %U s user, %S s system, %e s, %M KB" "$@" >/dev/null 2>"$cache/said" || true
    tail -n 1 "$cache/said"
}
measure 'lifoguard-vet' "$vet" -q .
measure 'lifoguard-vet, nothing changed' "$vet" -q .
# shellcheck disable=SC2016 # the inner shell expands them
measure 'clang -fsyntax-only' sh -c \
    'find . -name "*.c" -exec "$0" -w -fsyntax-only -ferror-limit=0 -I. -Iinclude {} \; 2>/dev/null' "$clang"
