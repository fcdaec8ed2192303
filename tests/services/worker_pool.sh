#!/usr/bin/env bash
# worker_pool.sh PROGRAM: under load, and with SIGTERM at random moments, each accepted job is done once; with the wrong
# order some vanish.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
folder=$(mktemp -d)
children=()
trap '((${#children[@]} == 0)) || kill -KILL "${children[@]}" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
fail() {
    echo "FAIL: $*"
    tail -n 20 stderr
    exit 1
}

# run SECONDS [--wrong-order]: sets status; leaves accepted, log, metrics, stderr.
run() {
    rm -f socket log metrics accepted
    "${program[@]}" socket log metrics "${@:2}" 2>stderr &
    children=($!)
    until [[ -S socket ]]; do
        kill -0 "${children[0]}" || fail "it did not start"
        sleep 0.005
    done
    "${program[@]}" --load socket 30 >unsorted &
    children+=($!)
    sleep "$1"
    kill -TERM "${children[0]}"
    status=0
    wait "${children[0]}" || status=$?
    wait "${children[1]}" || fail "the load"
    children=()
    sort unsorted >accepted
}

# Longer and longer, until one was long enough for this machine to accept many.
most=0
for ((round = 0; round < 12 || (most <= 300 && round < 60); round++)); do
    run "$((round / 12)).$((RANDOM % 5))$((RANDOM % 10))"
    ((status == 0)) || fail "round $round: status $status"
    sort log >finished
    [[ -z $(uniq -d finished) ]] || fail "round $round: done twice: $(uniq -d finished | head -n 3)"
    lost=$(comm -23 accepted finished | wc -l)
    ((lost == 0)) || fail "round $round: $lost of $(wc -l <accepted) accepted jobs are lost"
    [[ $(<metrics) == "done $(wc -l <finished)" ]] || fail "round $round: $(<metrics), but $(wc -l <finished) are in the log"
    order=$(sed -n 's/^shutdown: \(.*\): stopping, at most .*/\1/p' stderr | tr '\n' ' ')
    [[ $order == 'intake workers metrics log ' ]] || fail "round $round: the order: $order"
    [[ ! -e socket ]] || fail "round $round: the socket is left"
    (($(wc -l <accepted) <= most)) || most=$(wc -l <accepted)
done
((most > 300)) || fail "at most $most jobs were accepted: that is no load"

# (ThreadSanitizer would end it where the log is closed while it is written.)
export TSAN_OPTIONS=report_bugs=0
for ((round = 0; round < 100; round++)); do
    run 0.2 --wrong-order
    sort log >finished
    lost=$(comm -23 accepted finished | wc -l)
    ((lost == 0)) || break
done
((lost > 0)) || fail "the wrong order has lost nothing"
((status == 1)) || fail "the wrong order: status $status"
grep -q 'stop workers: .*log job .*: Bad file descriptor' stderr || fail "the wrong order is not told of"
