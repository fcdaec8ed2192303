#!/bin/sh
# fix.sh LIFOGUARD-VET: --fix makes of each fix/NAME.c its fix/NAME.want, and a second time changes nothing.
set -eu
vet=$(realpath "$1")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

failed=0
for file in fix/*.c; do
    name=$(basename "$file" .c)
    cp "$file" "$scratch/$name.c"
    for round in first second; do
        "$vet" -q --fix "$scratch/$name.c" >"$scratch/output" 2>&1 || [ $? -eq 1 ] || {
            cat "$scratch/output"
            failed=1
        }
        diff -u "fix/$name.want" "$scratch/$name.c" || {
            echo "fix/$name.c: the $round time"
            failed=1
        }
    done
done
exit "$failed"
