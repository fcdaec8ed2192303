#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: `lifoguard with` and `lifoguard lock`. limits_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

with_passes_signals_on() {
    lifoguard with --timeout 1000s sh -c 'trap "exit 3" TERM; touch up; while :; do sleep 0.02; done' 2>err &
    local pid=$!
    until_true test -e up
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    expect_status 3
}

sleeps_twice_for() {
    refused_as 124 lifoguard with --timeout "$1" --grace 60s -- \
        bash -c 'setsid sleep 471.25 & until pgrep -f "^sleep 471[.]25"; do :; done >found; touch reached; sleep 471.25'
}

with_ends_everything_and_names_it() {
    with_limit sleeps_twice_for
    expect_err 'SIGTERM to sleep'
    ! pgrep -f 'sleep 471.25' || fail "a process is left"
    status=0
    lifoguard with --timeout 30s -- sh -c 'exit 3' || status=$?
    expect_status 3
}

lock_excludes_and_is_freed_by_kill() {
    for _ in 1 2 3 4; do
        lifoguard lock counter -- bash -c 'n=$(cat n 2>/dev/null || echo 0); sleep 0.02; echo $((n + 1)) >n' &
    done
    wait
    [[ $(<n) == 4 ]] || fail "counted to $(<n)"
    lifoguard lock held -- sh -c 'touch locked; exec sleep 471' &
    local holder=$!
    until_true test -e locked
    refused_as 124 lifoguard lock --timeout 50ms held -- true
    expect_err "held is held by process $holder \(sleep\): given up"
    kill -KILL "$holder"
    lifoguard lock --timeout 10s held -- true || fail "still locked"
}

run_case "${2-}"
