#!/bin/sh
# baseline.sh LIFOGUARD-VET: a baseline leaves known findings out, whatever their lines, and names its stale entries.
set -eu
vet=$(realpath "$1")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}
vet() {
    "$vet" --no-cache -q "$@" >"$scratch/output" 2>"$scratch/errors"
}

cat fixtures/leak/wrong-accepted.c fixtures/double-release/wrong-loop.c fixtures/plain-return/wrong-void.c >"$scratch/a.c"
vet "$scratch/a.c" --write-baseline "$scratch/known" || [ $? -eq 1 ] || fail "cannot be written"
[ "$(wc -l <"$scratch/known")" -ge 2 ] || fail "too few entries"
vet "$scratch/a.c" --baseline "$scratch/known" || fail "known findings are reported"
[ ! -s "$scratch/errors" ] || fail "a fresh baseline has stale entries"

# Edits elsewhere in the file change nothing.
{
    printf 'int before(void)\n{\n    return 1;\n}\n\n'
    cat "$scratch/a.c"
} >"$scratch/b.c"
mv "$scratch/b.c" "$scratch/a.c"
vet "$scratch/a.c" --baseline "$scratch/known" || fail "known findings have moved, and are reported"

# A new finding is reported.
sed 's/print_all/print_again/' fixtures/double-release/wrong-loop.c >>"$scratch/a.c"
vet "$scratch/a.c" --baseline "$scratch/known" && fail "a new finding is not reported"
[ "$(grep -c 'warning:' "$scratch/output")" -eq 1 ] || fail "not one new finding"

# What was mended is named.
cp fixtures/plain-return/wrong-void.c "$scratch/a.c"
vet "$scratch/a.c" --baseline "$scratch/known" || fail "the rest of the baseline is not used"
grep -q 'no longer found, to be removed: [0-9a-f]* double-release print_all' "$scratch/errors" ||
    fail "the stale entry is not named"
grep -q 'plain-return' "$scratch/errors" && fail "an entry in use is called stale"

# A broken baseline is an error.
echo nonsense >"$scratch/known"
vet "$scratch/a.c" --baseline "$scratch/known" && fail "a broken baseline is accepted"
grep -q 'not an entry' "$scratch/errors" || fail "the broken line is not named"
