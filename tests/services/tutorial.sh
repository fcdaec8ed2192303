#!/usr/bin/env bash
# tutorial.sh PROGRAM…: the servers of docs/tutorial.md are out of descriptors for a while: they do not end, do not spin, and
# answer again when there are some.
set -euo pipefail
folder=$(mktemp -d)
child=0
trap '((child == 0)) || kill -9 $child 2>/dev/null || true; rm -rf "$folder"' EXIT
programs=()
for program; do
    programs+=("$(realpath "$program")")
done
# shellcheck source=tests/services/descriptors.sh
source "$(dirname "$(realpath "$0")")/descriptors.sh"
cd "$folder"
mkdir public
echo Hello >public/hello.txt
fail() {
    echo "FAIL: ${program##*/}: $*"
    head -c 2000 stderr
    exit 1
}

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# Starts the program with few descriptors on a port that nobody has; sets `child` and `port`.
start() {
    local i
    for ((i = 0; i < 100; i++)); do
        port=$((20000 + RANDOM % 12000))
        ! is_listening || continue
        (
            ulimit -n 30
            # shellcheck disable=SC2086 # it may be a command with arguments
            exec ${MESON_EXE_WRAPPER-} "$program" "$port" public
        ) 2>stderr &
        child=$!
        until is_listening; do
            kill -0 $child 2>/dev/null || continue 2
            sleep 0.01
        done
        return
    done
    fail "it did not start"
}

for program in "${programs[@]}"; do
    start
    exhaust 30 60
    ! spins || fail "it spins without descriptors"
    let_go
    (($(wc -c <stderr) < 10000)) || fail "it says too much"
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /hello.txt HTTP/1.0\r\n\r\n' >&3
    answer=$(timeout 60 cat <&3) || fail "deaf after it was out of descriptors"
    exec 3>&-
    [[ $answer == *' 200 '*Hello ]] || fail "out of descriptors, then: $answer"
    kill -TERM $child
    wait $child || (($? == 143)) || fail "its status"
    child=0
done
