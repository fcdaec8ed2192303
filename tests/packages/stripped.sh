#!/usr/bin/env bash
# stripped.sh LIBRARY PROGRAM STRIP: what PROGRAM (stuck.c) reports with a library that has lost its names, as a distribution's
# has: no frame of the library without a name, the program's frames, and a hint where libdw is missing.
set -euo pipefail
library=$1 program=$2 strip=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
soname=liblifoguard.so.0
"$strip" -o "$folder/$soname" "$library"

# report: the report of the program with the library in $folder.
report() {
    local status=0
    LD_LIBRARY_PATH=$folder "$program" 2>&1 || status=$?
    ((status == 2)) || echo "exit status $status"
}
fail() {
    echo "FAIL: $*"
    exit 1
}

with_libdw=$(report)
grep -q 'exit status' <<<"$with_libdw" && fail "$with_libdw"
grep -q 'liblifoguard' <<<"$with_libdw" && fail "a frame of the library is shown: $with_libdw"
grep -q '^    worker' <<<"$with_libdw" || fail "worker is not shown: $with_libdw"
grep -q 'libdw' <<<"$with_libdw" && fail "a hint where libdw is present: $with_libdw"

echo 'no library' >"$folder/libdw.so.1"
without_libdw=$(report)
grep -q 'exit status' <<<"$without_libdw" && fail "$without_libdw"
grep -q 'liblifoguard' <<<"$without_libdw" && fail "a frame of the library is shown: $without_libdw"
(($(grep -c 'the library libdw would add' <<<"$without_libdw") == 1)) || fail "not one hint: $without_libdw"
echo "ok"
