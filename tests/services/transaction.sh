#!/usr/bin/env bash
# transaction.sh PROGRAM: the money is all there after errors, panics, and kill -9 at random moments.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
fail() {
    echo "FAIL: $*"
    exit 1
}
total() {
    local is
    is=$("${program[@]}" db sum)
    [[ $is == 1000 ]] || fail "$1: $is instead of 1000"
}

"${program[@]}" db create 10
total "created"
"${program[@]}" db move 1 2 30
total "moved"

# Refused, in the middle: the first account has 70 left, and there is no account 99.
if "${program[@]}" db move 1 2 71 2>stderr; then fail "more than there is was moved"; fi
grep -q CHECK stderr || fail "no reason: $(<stderr)"
if "${program[@]}" db move 1 99 10 2>stderr; then fail "moved to nobody"; fi
grep -q 'no account 99' stderr || fail "no reason: $(<stderr)"
total "after refusals"

# D4, P1: the deferred rollback runs on a panic, and before the connection is closed (D1).
status=0
(ulimit -c 0 && exec "${program[@]}" db move 1 2 10 panic) 2>stderr || status=$?
((status == 2)) || fail "status $status of a panic"
grep -q 'rollback(db, &err)' stderr || fail "the report does not tell of the rollback: $(<stderr)"
total "after a panic"
[[ ! -e db-journal ]] || fail "a journal is left after a panic: it was not rolled back"

# The wrong order: the connection cannot be closed.
if "${program[@]}" db sum-in-the-wrong-order >stdout 2>stderr; then fail "the wrong order went unnoticed"; fi
grep -q 'unable to close due to unfinalized statements' stderr || fail "another error: $(<stderr)"

# Killed at any moment.
killed=0
for ((i = 0; i < 40; i++)); do
    "${program[@]}" db churn 1000000 $i &
    child=$!
    sleep "0.0$((RANDOM % 60 + 10))"
    kill -9 $child
    wait $child 2>/dev/null || killed=$((killed + 1))
    total "after kill -9 number $i"
done
((killed == 40)) || fail "$((40 - killed)) had ended by themselves"
