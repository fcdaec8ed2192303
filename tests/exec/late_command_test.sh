#!/usr/bin/env bash
# late_command_test.sh PROGRAM MODULE: guardian and attempt are killed when the attempt has just forked, and the command has not said yet which
# process it is. The cleanup runs once (R3), whenever the command says so.
set -uo pipefail
program=$(realpath "$1")
module=$(realpath "$2") # by a link, as LD_PRELOAD takes no path with a space
work=$(mktemp -d)
# shellcheck source=tests/leave.sh
source "$(dirname "$(realpath "$0")")/../leave.sh"
cd "$work" || exit 1
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP

until_true() {
    local end=$((SECONDS + 250))
    until "$@" 2>/dev/null; do
        ((SECONDS < end)) || { echo "never: $*"; exit 1; }
        sleep 0.01
    done
}

"$program" exec --state state true
ln -s "$module" module.so
LD_PRELOAD=$work/module.so "$program" exec --state state "$program" defer sh -c 'echo released >>log' >out 2>&1 </dev/null &
until_true test -L held
command=$(readlink held)
attempt=$(awk '{ print $4 }' "/proc/$command/stat")
guardian=$(awk '{ print $4 }' "/proc/$attempt/stat")
kill -KILL "$guardian" "$attempt"
wait $!
status=$?
[[ $status == 0 && $(<log) == released && -L go ]] || {
    echo "exit status $status; log: $(<log)"
    cat out
    exit 1
}
