#!/bin/sh
# projects.sh LIFOGUARD-VET [FOLDER…]: findings that need what other files say, with the whole folder and with each file by itself.
set -eu
vet=$(realpath "$1")
shift
cd "$(dirname "$0")/projects"
[ $# -gt 0 ] || set -- *

failed=0
compare() { # FILE FINDINGS
    printf '%s\n' "$2" | grep "^$1:" | awk -v file="$1" -f ../compare.awk "$1" - ||
        { echo "$1: $3"; failed=1; }
}
for folder; do
    all=$("$vet" --no-cache -q "$folder" 2>&1) || [ $? -eq 1 ] || failed=1
    for file in "$folder"/*.c; do
        compare "$file" "$all" 'with its folder'
        alone=$("$vet" --no-cache -q "$file" 2>&1) || [ $? -eq 1 ] || failed=1
        compare "$file" "$alone" 'beside its folder'
    done
done
exit "$failed"
