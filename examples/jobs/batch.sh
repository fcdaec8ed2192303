#!/usr/bin/env -S lifoguard exec --timeout 10m bash
# shellcheck shell=bash
# A batch over several inputs: each has a workspace of its own, removed before the next begins; the result appears whole or not
# at all.
#     batch.sh OUTPUT INPUT…
set -euo pipefail
eval "$(lifoguard shell-init bash)"
output=$1
shift

part=$output.part
defer rm -f "$part"
: >"$part"

count_words() {
    local space
    space=$(mktemp -d)
    defer rm -rf "$space"
    tr -s '[:space:]' '\n' <"$1" >"$space/words"
    printf '%s %d\n' "$(basename "$1")" "$(sort -u "$space/words" | wc -l)" >>"$part"
}

for input; do
    scope count_words "$input"
done
mv "$part" "$output"
