#!/usr/bin/env bash
# `lifoguard run` with a command a line: after kill -9. recovery_test.sh PROGRAM EXAMPLES CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
# shellcheck source=tests/run/prelude.sh
source "$(dirname "$0")/prelude.sh"
# shellcheck source=tests/kills.sh
source "$tests/kills.sh"

# each_event MOMENT: what is acquired is released once and in reverse, whatever happens at this moment of line `b`: before it
# acquires, when it has, in the line below its defer, while it cleans up.
each_event() {
    local moment=$1 event line=() wait='until test -e go; do sleep 0.02; done'
    case $moment in
    before) line=("echo >at; $wait; echo +b >>log; exit \$CODE" 'defer echo -b >>log') ;;
    acquiring) line=("echo +b >>log; echo >at; $wait; exit \$CODE" 'defer echo -b >>log') ;;
    running) line=('echo +b >>log' 'defer echo -b >>log' "echo >at; $wait; exit \$CODE") ;;
    cleaning) line=('echo +b >>log' "defer echo >at; $wait; echo -b >>log") ;;
    esac
    for event in "${events[@]}"; do
        echo "event $event"
        rm -f log at go
        touch log
        jobs_are 'CODE=0' 'echo +a >>log' 'defer echo -a >>log' "${line[@]}"
        [[ $event != failure ]] || sed -i 's/^CODE=.*/CODE=3/' jobs
        start --grace 10m
        until_true test -e at
        parents
        happen "$event"
        wait
        until_true has '^-a' log
        until_true nothing_is_pending
        # A line that fails, or that was killed before it acquired something, may have its cleanup run or not.
        [[ $(grep '^+' log | tac | tr + - | grep -xFf <(grep -e '^-' log)) == "$(grep -e '^-' log | grep -xFf <(grep '^+' log | tr + -))" ]] ||
            fail "$event: $(tr '\n' ' ' <log)"
        expect_none_twice "$event"
        [[ $event == failure ]] || ! grep -q '^+b' log || grep -q '^-b' log || fail "$event: not released: $(tr '\n' ' ' <log)"
        [[ $(tail -1 log) == -a ]] || fail "$event: the last is not the last: $(tr '\n' ' ' <log)"
    done
}

R4_each_event_before_something_is_acquired() { each_event before; }
R4_each_event_while_it_is_acquired() { each_event acquiring; }
R4_each_event_while_a_line_runs() { each_event running; }
R4_each_event_while_it_cleans_up() { each_event cleaning; }

R4_kills_at_random_moments_lose_nothing() {
    local i lines=() rounds=${LG_RUN_KILLS:-12}
    for i in 1 2 3 4; do
        lines+=("echo +$i >>log" "defer echo -$i >>log")
    done
    for ((round = 0; round < rounds; round++)); do
        rm -f log
        jobs_are "${lines[@]}" 'sleep 0.03'
        start
        kill_some "$round"
        expect_all_released "round $round"
    done
}

R3_what_a_cleanup_needs_is_alive_when_the_engine_is_killed() {
    jobs_are 'sleep MARK &' 'PID=$!' 'true' 'defer kill -0 $PID && echo alive >>log' 'echo >at; sleep MARK'
    start
    until_true test -e at
    parents
    kill -KILL "$engine"
    wait "$runner"
    until_true has alive log
    until_true nothing_is_pending
    expect_none
}

D3_a_late_variable_outlives_the_engine() {
    jobs_are 'A=1' 'true' "defer eval 'echo \$A \$LIFOGUARD_STATUS >>log'" 'A=2' 'echo >at; sleep MARK'
    start
    until_true test -e at
    parents
    kill -KILL "$engine"
    wait "$runner"
    until_true has '2 failure' log
}

R5_a_failed_cleanup_is_kept() {
    jobs_are 'true' 'defer echo -a' 'true' 'defer test -e mended'
    run
    expect_status 1
    expect_out -a
    lifoguard pending >out 2>&1
    has 'failed.*test -e mended' out || fail 'it is not kept'
    touch mended
    "$program" recover "$(cut -f1 out)" >err 2>&1
    nothing_is_pending || fail 'it is kept still'
}

where_nothing_can_be_kept_nothing_is_run() {
    jobs_are 'echo a' 'defer echo -a'
    XDG_STATE_HOME='' HOME=/proc/no/home run
    expect_status 125
    expect_out ''
    expect_err '/proc/no: No such file or directory: nothing was run'
    expect_err 'it cannot be used \(--state DIRECTORY names another\)'
    run --state /proc/no/place
    expect_status 125
    expect_out ''
}

secrets_are_not_on_disk() {
    jobs_are 'secret PASS' 'PASS=hunter2' 'A_TOKEN=tok123' 'true' 'defer printf "%s\n" "$PASS" "$A_TOKEN"' 'A_TOKEN=tok456' \
        "defer eval 'echo \$A_TOKEN'" 'A_TOKEN=tok789' 'echo >at; sleep MARK'
    start
    until_true test -e at
    ! grep -rqaE 'hunter2|tok[0-9]' state || fail 'a secret is in the state'
    kill -TERM "$runner"
    finish
    expect_out $'tok789\nhunter2\ntok123'
}

keep_leaves_the_cleanups() {
    jobs_are 'mkdir d' 'defer rmdir d' 'sleep MARK &' 'PID=$!' 'echo $PID >server' 'exit 3'
    KEEP=1 run
    expect_status 1
    [[ -d d ]] || fail 'the cleanup ran'
    ! gone "$(<server)" || fail 'the background line was ended'
    lifoguard pending >kept
    has 'held.*rmdir d' kept || fail 'it is not kept'
    expect_err 'lifoguard recover'
    "$program" recover "$(cut -f1 kept)" >out 2>&1 || fail recover
    [[ ! -d d ]] || fail 'it was not recovered'
    nothing_is_pending || fail 'it is pending still'
    expect_none
}

R6_a_cleanup_is_tried_again_as_asked() {
    jobs_are 'true' 'defer echo -a' 'defer --retry 1 echo - >>tries; test $(grep -c . tries) = 2' \
        'defer --retry=1 false'
    run
    expect_status 1
    expect_out -a
    [[ $(grep -c . tries) == 2 ]] || fail "tried $(grep -c . tries) times"
    expect_err 'cleanup 2: exit status 1; tried again in 1s'
    expect_err 'lifoguard: jobs:4: cleanup failed: exit status 1: false'
    expect_no_err 'jobs:3'
    local line
    for line in 'defer --retry x true' 'defer --retry -1 true' 'defer --retry 1' 'defer --on-failure' 'with --retry 1 -- true'; do
        jobs_are 'touch ran' "$line"
        run
        expect_status 2
        grep -q '^jobs:2: ' err || fail "$line"
    done
}

R3_a_background_line_that_prints_outlives_the_engine() {
    jobs_are 'echo $$ >server; while :; do echo alive; touch printed || true; sleep 0.01 || true; done &' \
        'until test -e printed; do sleep 0.01; done' \
        'defer rm printed; until test -e printed; do kill -0 $(cat server) || exit; sleep 0.01; done; echo prints still >>log' \
        'echo >at; sleep MARK'
    start
    until_true test -e at
    parents
    kill -KILL "$engine"
    wait "$runner"
    until_true has 'prints still' log
    until_true nothing_is_pending
}

run_case "${3-}"
