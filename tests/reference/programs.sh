#!/usr/bin/env bash
# programs.sh SOURCE-ROOT: each of the 43 programs has its example, and what each example prints is compared.
set -euo pipefail
cd "$1"

failed=0
fail() {
    echo "FAIL: $*"
    failed=1
}

next=1
while IFS=$'\t' read -r number example differs; do
    [[ $number == '#'* ]] && continue
    ((10#$number == next)) || fail "program $next is missing before $number"
    next=$((10#$number + 1))
    [[ -f $example ]] || fail "there is no $example"
    [[ -n $differs ]] || fail "$example: what differs is not said; - for nothing"
done <tests/reference/programs.tsv
((next == 44)) || fail "the last program is $((next - 1)), not 43"

# tests/torture/transform has the test of transform.c, which needs files.
for source in examples/{defer,errors,goroutines,channels,context,shutdown,mistakes}/*.c; do
    name=$(basename "$source" .c)
    [[ $source != examples/mistakes/* ]] || name=mistake_$name
    [[ $name == transform || -f tests/examples/expected/$name.txt ]] ||
        fail "$source: its output is compared with nothing (expected/$name.txt)"
done

echo "$((next - 1)) programs"
exit $failed
