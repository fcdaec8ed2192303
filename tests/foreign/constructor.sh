#!/usr/bin/env bash
# constructor.sh PROGRAM: what a constructor does with the main thread ends as it would in main.
set -uo pipefail

failed=0
expect() {
    local how=$1 status=$2 text=${3-} err
    err=$(LG_TEST_CONSTRUCTOR=$how timeout 60 "$program" 2>&1)
    local got=$?
    if [[ $got != "$status" || $err != *"$text"* ]]; then
        echo "FAIL: $how: status $got, not $status; output: $err"
        failed=1
    fi
}

program=$1
expect nothing 0
expect goexit 7
expect alone 0
expect exit 5
expect panic 2 "panic: not stopped"
expect deadlock 2 "all goroutines are asleep - deadlock!"
exit $failed
