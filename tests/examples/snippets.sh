#!/usr/bin/env bash
# snippets.sh SOURCE-ROOT: docs/snippets.md names only examples, tests and files that there are, in the
# order of the reference's lines; it names every numbered example, and each of those is tested.
set -euo pipefail
cd "$1"

failed=0
fail() {
    echo "FAIL: $*"
    failed=1
}

tests=$(grep -hoP '^START_TEST\(\K\w+' src/*/*_test.c)

# What stands in backquotes in the table's rows.
names=$(awk -F '\140' '/^\|/ { for (i = 2; i <= NF; i += 2) print $i }' docs/snippets.md | sort -u)
count=0
while read -r name; do
    case $name in
    [0-9][0-9]_* | mistakes/[0-9][0-9]_*) [[ -f examples/$name.c ]] || fail "there is no examples/$name.c" ;;
    */* | *.[ch]) [[ -e $name ]] || fail "there is no $name" ;;
    [A-Z]*_*) grep -qx -- "$name" <<<"$tests" || fail "there is no test $name" ;;
    *) continue ;; # a macro, a program
    esac
    count=$((count + 1))
done <<<"$names"
((count > 100)) || fail "only $count names were found: has the table changed its form?"

for source in examples/[0-9][0-9]_*.c examples/mistakes/[0-9][0-9]_*.c; do
    name=${source#examples/}
    name=${name%.c}
    grep -qx -- "$name" <<<"$names" || fail "$source is not named"
    number=${name%%_*}
    expected=tests/examples/expected/${number/#mistakes\//mistake_}.txt
    [[ -f $expected ]] || fail "$source is not tested: there is no $expected"
done

last=0
while read -r line; do
    ((line >= last)) || fail "line $line stands behind line $last"
    last=$line
done < <(grep -oP '^\| \K[0-9]+' docs/snippets.md)

echo "$count names looked up"
exit $failed
