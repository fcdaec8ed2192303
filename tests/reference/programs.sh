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

for source in examples/[0-9][0-9]_*.c examples/mistakes/*.c examples/tasks/*.c; do
    name=${source#examples/}
    number=$(sed -E 's,^mistakes/(step_)?([0-9]+)_.*,mistake_\1\2,; s,^tasks/(.*)\.c,task_\1,; s,^([0-9]+)_.*,\1,' <<<"$name")
    [[ -f tests/examples/expected/$number.txt ]] || fail "$source: its output is compared with nothing (expected/$number.txt)"
done

echo "$((next - 1)) programs"
exit $failed
