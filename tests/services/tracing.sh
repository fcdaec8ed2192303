#!/usr/bin/env bash
# tracing.sh PROGRAM COLLECTOR: every span arrives at the collector, those of the shutdown's steps too, whenever SIGTERM
# comes; and in the wrong order those are lost.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
read -ra collector <<<"${MESON_EXE_WRAPPER-} $(realpath "$2")"
folder=$(mktemp -d)
children=()
trap 'kill -9 "${children[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
fail() {
    echo "FAIL: $*"
    cat stdout stderr 2>/dev/null
    exit 1
}

: >spans
mkfifo pipe
"${collector[@]}" spans >pipe &
children+=($!)
read -r port <pipe

run() { # ARGUMENT…: leaves `said` and the names of what has arrived in `names`
    local child i
    : >spans
    : >stdout
    "${program[@]}" "http://127.0.0.1:$port/v1/traces" "$@" >>stdout 2>stderr &
    child=$!
    for ((i = 0; i < 1000; i++)); do
        ! grep -q ready stdout || break
        sleep 0.01
    done
    sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
    kill -TERM $child
    status=0
    wait $child || status=$?
    said=$(tail -n 1 stdout)
    grep -o '"spanId":"[0-9a-f]*","name":"[^"]*"' spans | sort >names || true
}

for ((n = 0; n < 8; n++)); do
    run
    ((status == 0)) || fail "status $status"
    [[ $said == "$(wc -l <names) spans, 0 lost" ]] || fail "$said, but $(wc -l <names) have arrived"
    [[ -z $(cut -d'"' -f4 names | uniq -d) ]] || fail "one has arrived twice"
    (($(grep -c request names) > 0)) || fail "no request"
    for name in 'close database' 'close cache'; do
        (($(grep -c "$name" names) == 1)) || fail "$name: $(grep -c "$name" names) spans"
    done
done

run wrong-order
[[ $said == *' spans, 2 lost' ]] || fail "in the wrong order: $said"
if grep -q 'close' names; then fail "in the wrong order something arrived after all"; fi

# A collector that is not there is told of.
kill "${children[@]}"
wait "${children[@]}" || fail "the collector ended with an error"
run
((status == 1)) || fail "no error without a collector"
grep -qi connect stderr || fail "another error"
[[ $said != *' 0 lost' ]] || fail "nothing lost without a collector"
