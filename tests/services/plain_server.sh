#!/usr/bin/env bash
# plain_server.sh PROGRAM: after SIGTERM it is not ready, but serves; a request that is under way is answered; then it ends, in
# order, with a report. A second signal ends it at once.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
folder=$(mktemp -d)
child=
trap '[[ -z $child ]] || kill -KILL "$child" 2>/dev/null; rm -rf "$folder"' EXIT
# shellcheck source=tests/services/descriptors.sh
source "$(dirname "$(realpath "$0")")/descriptors.sh"
cd "$folder"
fail() {
    echo "FAIL: $*"
    cat stderr
    exit 1
}

start() {
    mkfifo "port$1"
    "${program[@]}" log >"port$1" 2>stderr &
    child=$!
    read -r port <"port$1"
}

ask() { # PATH: connects, as descriptor $fd
    { exec {fd}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && printf 'GET %s HTTP/1.1\r\n\r\n' "$1" >&"$fd"
}

answer() { # FD: the status and the body
    local line status='' body=''
    read -r _ status _ <&"$1" || true
    while read -r line <&"$1" && [[ $line != $'\r' ]]; do :; done
    read -r body <&"$1" || true
    echo "$status $body"
}

get() { # PATH: the status and the body
    ask "$1" && answer "$fd"
}

ends_with() {
    local status=0
    wait "$child" || status=$?
    ((status == $1)) || fail "status $status, not $1"
    child=
}

# What is asked after the drain delay tells nothing: the machine has been slow.
drains() { ((${EPOCHREALTIME/./} - begun < 2000000)); }

start 1
[[ $(get /) == '200 hello' ]] || fail "no answer"
[[ $(get /ready) == '200 ready' ]] || fail "not ready"
ask /slow
slow=("$fd")
sleep 0.2
begun=${EPOCHREALTIME/./}
kill -TERM "$child"
while [[ $(get /ready) == '200 ready' ]]; do
    sleep 0.01
done
[[ $(get /ready) == '503 not ready' ]] || ! drains || fail "still ready"
[[ $(get /) == '200 hello' ]] || ! drains || fail "not served while draining"
# Some that are under way when the drain delay is over.
while ask /slow; do
    slow+=("$fd")
    sleep 0.2
done
answered=0
for fd in "${slow[@]}"; do
    got=$(answer "$fd")
    # The last one may have come too late to be taken.
    [[ $got == '200 hello' || ($got == ' ' && $fd == "${slow[-1]}") ]] || fail "a request under way: $got"
    [[ $got == ' ' ]] || answered=$((answered + 1))
done
ends_with 0
(($(grep -cx /slow log) == answered)) || fail "$answered were answered, and the log is: $(<log)"
! grep warning stderr || fail "a warning"
grep -q '^shutdown: requested: signal SIGTERM$' stderr || fail "no reason"
order=$(sed -n 's/^shutdown: \(.*\): stopping, at most .*/\1/p' stderr)
[[ $order == $'listener\nrequests\nlog' ]] || fail "the order: $order"
(($(grep -c '  done  ' stderr) == 3)) || fail "the report"

# A start that fails half-way.
status=0
"${program[@]}" /no/such/folder/log 2>stderr || status=$?
((status == 1)) || fail "start: $status"
grep -q 'start log: /no/such/folder/log: No such file' stderr || fail "the start's error"

# With fewer descriptors than it has places for clients, and out of them for a while: those who wait are answered when
# there are some again, and it does not spin meanwhile.
mkfifo port3
(
    ulimit -n 30
    exec "${program[@]}" log
) >port3 2>stderr &
child=$!
read -r port <port3
exhaust 30 40
! spins || fail "it spins without descriptors"
let_go
[[ $(get /) == '200 hello' ]] || fail "deaf after it was out of descriptors"
kill -TERM "$child"
ends_with 0

# A second signal.
start 2
[[ $(get /) == '200 hello' ]] || fail "no answer"
kill -TERM "$child"
for ((i = 0; i < 500; i++)); do
    ! grep -q requested stderr || break
    sleep 0.01
done
sleep 0.6 # the same signal within half a second would be a part of the first (S7)
kill -TERM "$child"
ends_with 143
grep -q 'a second time: signal SIGTERM' stderr || fail "not forced"
grep -q 'pending: requests' stderr || fail "what is pending"
