#!/usr/bin/env bash
# `lifoguard run` with a command a line: lines in the background, and what lines leave running. background_test.sh PROGRAM EXAMPLES CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
# shellcheck source=tests/run/prelude.sh
source "$(dirname "$0")/prelude.sh"

a_background_server_is_stopped_in_its_turn() {
    jobs_are 'mkdir d' 'defer sh -c "kill -0 $(cat d/pid) 2>/dev/null && echo alive; rm -r d"' \
        'sh -c '"'"'echo $$ >d/pid; exec sleep MARK'"'"' &' 'until [ -s d/pid ]; do sleep 0.01; done' \
        '[ "$(cat d/pid)" -gt 1 ]'
    run
    expect_status 0
    expect_out ''
    expect_err 'ended'
    [[ ! -e d ]] || fail 'd is left'
    expect_none
}

the_last_pid_is_the_program() {
    jobs_are 'sleep MARK &' 'defer kill $!' 'PID=$!' \
        'until grep -x sleep /proc/$PID/comm; do sleep 0.01; done' 'sleep MARK | cat &'
    run
    expect_status 0
    expect_out sleep
    expect_err 'killed by SIGTERM'
    expect_none
}

a_background_job_that_fails_fails_the_run() {
    jobs_are 'true' 'defer echo -a' 'sleep 0.2; exit 9 &' 'sleep MARK' 'echo never'
    # The last `;` and `&` make one background command: { sleep 0.2; exit 9; } &
    run
    expect_status 1
    expect_out '-a'
    expect_err 'jobs:3: exit status 9'
    expect_none
}

a_background_job_may_end_early() {
    jobs_are 'true &' 'sleep MARK &' 'PID=$!' 'sleep 0.1' 'kill $PID' 'echo go on'
    run
    expect_status 0
    expect_out 'go on'
}

nothing_is_left_running() {
    jobs_are '(sleep MARK &)' 'setsid sh -c "sleep MARK & sleep MARK" & true' 'sleep 0.1'
    run
    expect_status 0
    expect_err 'which a line left running'
    expect_none
}

children_from_before_are_not_touched() {
    jobs_are true
    bash -c 'sleep 60 & echo $! >pid; exec "$0" run jobs' "$program" >out 2>err || fail status
    gone "$(<pid)" && fail 'was ended'
    kill "$(<pid)"
}

a_command_in_a_group_of_its_own_ends_before_the_cleanups() {
    # R3: timeout(1) makes a process group. Its command ends before what it uses is released.
    local signal
    for signal in TERM:143 INT:130; do
        jobs_are 'mkdir db' 'defer rm -r db' \
            "timeout 600 sh -c 'trap \"sleep 0.3; touch db/last; exit\" INT TERM; echo >ready; while :; do sleep 0.01; done'"
        rm -f ready
        start --grace 50s
        until_true test -e ready
        kill "-${signal%:*}" "$runner"
        finish
        expect_status "${signal#*:}"
        [[ ! -e db ]] || fail "SIG$signal: db is back"
    done
}

what_a_failed_line_left_ends_before_the_cleanups() {
    # R3. A line that fails, with a process in its group and a daemon in its own.
    jobs_are 'mkdir data' 'defer rm -r data' 'defer cat running' \
        "for s in '' setsid; do \$s sh -c 'trap \"rm running; exit\" TERM; touch \$0; while :; do mkdir -p data; sleep 0.01; done' running & until [ -e running ]; do sleep 0.01; done; done; touch running; false"
    run --grace 5s
    expect_status 1
    [[ ! -e data ]] || fail 'data is back'
    expect_err 'which a line left running'
    grep -q 'No such file' err || fail 'it still ran when the cleanups did'
}

a_background_failure_counts_also_during_cleanups() {
    # The same file gives the same verdict, whoever is quicker.
    jobs_are 'until [ -e go ]; do sleep 0.01; done; false &' 'true' \
        'defer touch go; until [ -e failed ]; do grep -qE "failed +until" err && touch failed; sleep 0.01; done'
    run
    expect_status 1
    expect_err 'jobs:1: exit status 1'
}

neighbouring_servers_stop_at_once() {
    # Each one ends only once all three were asked.
    local server='trap "touch asked.@; until [ -e asked.1 ] && [ -e asked.2 ] && [ -e asked.3 ]; do sleep 0.01; done; exit 0" TERM; touch up.@; while :; do sleep 0.01; done &'
    jobs_are "${server//@/1}" "${server//@/2}" "${server//@/3}" \
        'until [ -e up.1 ] && [ -e up.2 ] && [ -e up.3 ]; do sleep 0.01; done'
    run --grace 20s
    expect_status 0
    expect_no_err 'SIGKILL'
}

others_see_a_background_line_end() {
    jobs_are 'true &' 'PID=$!' 'while kill -0 $PID 2>/dev/null; do sleep 0.01; done' 'echo ended'
    run
    expect_status 0
    expect_out ended
}

orphans_are_reaped_while_lines_run() {
    jobs_are 'for i in 1 2 3 4 5; do (sh -c "exit 0" &); done; until ! grep -l "^State:.Z" $(sed "s|[0-9]*|/proc/&/status|g" /proc/$PPID/task/$PPID/children | tr " " "\n" | grep -x "/proc/[0-9]*/status"); do sleep 0.01; done 2>/dev/null'
    run
    expect_status 0
}

wait_waits_for_background_lines() {
    jobs_are 'until [ -e go ]; do sleep 0.01; done; touch done &' 'PID=$!' 'sleep MARK &' 'touch go' \
        'wait "$PID"' 'ls done' 'defer echo -a' 'wait'
    start
    until_true grep -qE '] +start +wait$' err
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_out $'done\n-a'
    expect_none
}

run_case "${3-}"
