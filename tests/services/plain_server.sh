#!/usr/bin/env bash
# plain_server.sh PROGRAM: after SIGTERM it is not ready, but serves; a request that is under way is answered; then it ends, in
# order, with a report. A second signal ends it at once.
set -euo pipefail
read -ra program <<<"${MESON_EXE_WRAPPER-} $(realpath "$1")"
folder=$(mktemp -d)
child=
trap '[[ -z $child ]] || kill -KILL "$child" 2>/dev/null; rm -rf "$folder"' EXIT
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

get() { # PATH: the status and the body
    local line status body
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.1\r\n\r\n' "$1" >&3
    read -r _ status _ <&3
    while read -r line <&3 && [[ $line != $'\r' ]]; do :; done
    read -r body <&3 || true
    exec 3<&-
    echo "$status $body"
}

ends_with() {
    local status=0
    wait "$child" || status=$?
    ((status == $1)) || fail "status $status, not $1"
    child=
}

start 1
[[ $(get /) == '200 hello' ]] || fail "no answer"
[[ $(get /ready) == '200 ready' ]] || fail "not ready"
get /slow >slow &
slow=$!
sleep 0.2
kill -TERM "$child"
for ((i = 0; i < 50; i++)); do
    [[ $(get /ready) == '200 ready' ]] || break
    sleep 0.01
done
[[ $(get /ready) == '503 not ready' ]] || fail "still ready"
[[ $(get /) == '200 hello' ]] || fail "not served while draining"
wait "$slow"
[[ $(<slow) == '200 hello' ]] || fail "the request under way: $(<slow)"
# One that is under way when the drain delay is over.
sleep 1
get /slow >slow &
slow=$!
wait "$slow"
[[ $(<slow) == '200 hello' ]] || fail "the late request: $(<slow)"
ends_with 0
(($(grep -cx /slow log) == 2)) || fail "the log: $(<log)"
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
held=()
for ((i = 0; i < 40; i++)); do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port"
    held+=("$fd")
done
for ((i = 0; i < 1000; i++)); do
    (($(find "/proc/$child/fd" -mindepth 1 | wc -l) < 30)) || break
    sleep 0.01
done
ticks() { # of processor time that it has used, a hundredth of a second each
    local fields
    read -ra fields <"/proc/$child/stat"
    echo $((fields[13] + fields[14]))
}
before=$(ticks)
sleep 1
(($(ticks) - before < 50)) || fail "it spins without descriptors"
for fd in "${held[@]}"; do
    exec {fd}>&-
done
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
