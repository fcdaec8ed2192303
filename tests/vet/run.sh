#!/bin/sh
# run.sh LIFOGUARD-VET [--check-folder CHECK | FILE…]: compares the findings in the fixtures with their `// want:` comments.
set -eu
vet=$(realpath "$1")
shift
cd "$(dirname "$0")"
[ "${1-}" != --check-folder ] || set -- "fixtures/$2"/*.c
[ $# -gt 0 ] || set -- fixtures/*/*.c

failed=0
for file; do
    [ -f "$file" ] || continue
    options=$(sed -n '1s|^// vet: ||p' "$file")
    # shellcheck disable=SC2086 # options are words
    found=$("$vet" --no-cache $options "$file" 2>&1) && status=0 || status=$?
    if [ "$status" -gt 1 ]; then
        printf '%s: exit status %s\n%s\n' "$file" "$status" "$found"
        failed=1
        continue
    fi
    printf '%s\n' "$found" | awk -v file="$file" -f compare.awk "$file" - || failed=1
done
exit "$failed"
