#!/usr/bin/env bash
# http_server.sh PROGRAM LOAD: under load, SIGTERM at random moments: no request is answered with an error, and what was
# answered is in the database, no more and no less. In the wrong order requests in flight fail.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
read -ra load <<<"${MESON_EXE_WRAPPER-} $(realpath "$2")"
folder=$(mktemp -d)
child=0
trap '((child == 0)) || kill -9 $child 2>/dev/null || true; rm -rf "$folder"' EXIT
# shellcheck source=tests/services/descriptors.sh
source "$(dirname "$(realpath "$0")")/descriptors.sh"
cd "$folder"
mkfifo pipe
fail() {
    echo "FAIL: $*"
    cat stderr 2>/dev/null
    exit 1
}

start() { # ARGUMENT…
    "${program[@]}" db "$@" >pipe 2>stderr &
    child=$!
    read -r port <pipe
}
stop() {
    kill -TERM $child
    status=0
    wait $child || status=$?
    child=0
}
count() {
    local answer
    start
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /count HTTP/1.0\r\n\r\n' >&3
    answer=$(cat <&3)
    exec 3>&-
    stop
    ((status == 0)) || fail "status $status"
    rows=${answer##*$'\n'}
}

rows=0
expected=0
for ((i = 0; i < 6; i++)); do
    start
    "${load[@]}" "$port" 20 >counts &
    clients=$!
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
    stop
    wait $clients
    ((status == 0)) || fail "status $status"
    read -r answered failed cut <counts
    ((failed == 0)) || fail "$failed requests were answered with an error, $answered were not"
    expected=$((expected + answered))
    count
    ((rows == expected)) || fail "$expected were answered, $cut were cut off, and there are $rows"
done
((expected > 0)) || fail "no request at all"

# Out of descriptors for a while: those who wait are answered when there are some again.
(
    ulimit -n 40
    exec "${program[@]}" db
) >pipe 2>stderr &
child=$!
read -r port <pipe
exhaust 40 60
let_go
for ((i = 0; i < 3; i++)); do
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /count HTTP/1.0\r\n\r\n' >&3
    answer=$(timeout 60 cat <&3) || fail "deaf after it was out of descriptors"
    exec 3>&-
    [[ $answer == *' 200 '* ]] || fail "out of descriptors, then: $answer"
done
stop
((status == 0)) || fail "out of descriptors, then: status $status"

# With few descriptors: it answers, or, if there would be none for a connection, it has not begun to serve.
ask() {
    # shellcheck disable=SC2016 # that shell expands it
    timeout 60 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET /count HTTP/1.0\r\n\r\n" >&3 && cat <&3' - "$port"
}

has_ended() {
    local i
    for ((i = 0; i < 6000; i++)); do
        kill -0 "$child" 2>/dev/null || return 0
        sleep 0.01
    done
    fail "$* with $limit descriptors"
}

served=0
for ((limit = 14; limit < 80 && served < 2; limit++)); do
    (
        ulimit -n "$limit"
        exec "${program[@]}" db >pipe 2>stderr
    ) &
    child=$!
    port=
    read -r port <pipe || true
    answer=
    [[ -z $port ]] || answer=$(ask 2>/dev/null) || (($? != 124)) || fail "no answer with $limit descriptors"
    if [[ $answer == *' 200 '* ]]; then
        served=$((served + 1))
        stop
        ((status == 0)) || fail "status $status with $limit descriptors"
        continue
    fi
    has_ended "neither an answer nor an end"
    status=0
    wait $child || status=$?
    child=0
    ((status == 1)) || fail "status $status with $limit descriptors, and the answer: $answer"
    grep -q 'Too many open files\|unable to open' stderr || fail "no reason with $limit descriptors"
done
((served == 2)) || fail "it never answers with few descriptors"

# The wrong order.
seen=0
for ((i = 0; i < 10 && seen == 0; i++)); do
    start wrong-order
    "${load[@]}" "$port" 20 >counts &
    clients=$!
    sleep 0.2
    stop
    wait $clients
    read -r _ seen _ <counts
done
((seen > 0)) || fail "the wrong order did no harm"
