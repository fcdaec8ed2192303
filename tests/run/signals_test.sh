#!/usr/bin/env bash
# `lifoguard run` with a command a line: signals, and what is ended by them. signals_test.sh PROGRAM EXAMPLES CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
# shellcheck source=tests/run/prelude.sh
source "$(dirname "$0")/prelude.sh"

what_is_left_running_and_stubborn_is_killed() {
    jobs_are '(trap "" TERM; touch up; while :; do sleep 0.05; done) & until test -e up; do sleep 0.02; done; echo $! >pid'
    run --grace 100ms
    expect_status 0
    gone "$(<pid)" || fail 'it is still running'
    expect_err 'SIGTERM to '
    expect_err 'SIGKILL to '
}

a_stubborn_background_job_is_killed() {
    jobs_are "trap '' TERM; echo >ready; while :; do sleep 0.1; done &" 'until [ -e ready ]; do sleep 0.01; done'
    run --grace 300ms
    expect_status 0
    expect_err 'had to be killed'
}

a_background_job_has_time_for_its_own_cleanup() {
    jobs_are "trap 'sleep 0.3; echo ended well; exit' USR1; echo >ready; while :; do sleep 0.05; done &" \
        'defer kill -USR1 $!' 'until [ -e ready ]; do sleep 0.01; done'
    run
    expect_status 0
    expect_out 'ended well'
}

# What a signal does, at a job: status, cleanups, the job ended, nothing later started.
signal_case() {
    jobs_are 'true' 'defer echo -a' 'echo >ready; sleep MARK' 'echo never'
    rm -f ready
    start
    until_true test -e ready
    kill -"$1" "$runner"
    finish
    expect_status "$2"
    expect_out '-a'
    expect_err "SIG$1"
    expect_none
}

SIGTERM_runs_the_cleanups_143() { signal_case TERM 143; }
SIGINT_runs_the_cleanups_130() { signal_case INT 130; }
SIGHUP_runs_the_cleanups_129() { signal_case HUP 129; }

a_job_can_end_in_order_on_SIGTERM() {
    jobs_are "trap 'echo in order; exit 0' TERM; echo >ready; while :; do sleep 0.05; done" 'echo never'
    start
    until_true test -e ready
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_out 'in order'
}

a_stubborn_job_is_killed() {
    jobs_are 'true' 'defer echo -a' "trap '' TERM; echo >ready; while :; do sleep 0.05; done"
    start --grace 300ms
    until_true test -e ready
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_out '-a'
    expect_err 'killed by SIGKILL'
}

what_acquires_may_finish() {
    jobs_are 'echo >ready; until [ -e go_on ]; do sleep 0.01; done; touch resource' 'defer rm resource' 'echo never'
    start --grace 10m
    until_true test -e ready
    kill -TERM "$runner"
    until_true grep -q 'may finish' err
    touch go_on
    finish
    expect_status 143
    expect_out ''
    expect_err 'it may finish'
    [[ ! -e resource ]] || fail 'resource is left'
    expect_err '\[cleanup 1\] ok'
}

a_second_signal_ends_what_acquires() {
    jobs_are 'true' 'defer echo -a' 'echo >ready; sleep MARK' 'defer echo -b $LIFOGUARD_STATUS'
    start --grace 10m
    until_true test -e ready
    kill -TERM "$runner"
    until_true grep -q 'may finish' err
    kill -INT "$runner"
    finish
    expect_status 143
    # What the line has acquired nobody knows.
    expect_out $'-b unknown\n-a'
    expect_none
}

# A line that is ended while it acquires, and does not end by itself: at its limit, and after the grace period of a signal.
what_is_ended_while_it_acquires_is_released() {
    jobs_are 'true' 'defer echo -a' 'with --timeout 1s --grace 100ms -- sh -c "trap : TERM; echo >ready; while :; do sleep MARK; done"' \
        'defer echo -b $LIFOGUARD_STATUS'
    run
    expect_status 1
    expect_out $'-b unknown\n-a'
    rm ready
    jobs_are 'true' 'defer echo -a' 'sh -c "trap : TERM; echo >ready; while :; do sleep MARK; done"' 'defer echo -b $LIFOGUARD_STATUS'
    start --grace 100ms
    until_true test -e ready
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_out $'-b unknown\n-a'
    # A line that has seen to it itself has left nothing.
    rm ready
    jobs_are 'true' 'defer echo -a' 'trap "exit 3" INT TERM; echo >ready; while :; do sleep 0.01; done' 'defer echo never'
    start --grace 10m
    until_true test -e ready
    kill -TERM "$runner"
    until_true grep -q 'may finish' err
    kill -INT "$runner"
    finish
    expect_status 143
    expect_out '-a'
    expect_none
}

# An assignment acquires, too; a cleanup that does not need the value is ready before.
what_an_assignment_acquires_is_released() {
    jobs_are 'ID=old' 'ID=$(echo acquired >log; kill -KILL $$)' 'defer echo first' 'defer echo $ID'
    run
    expect_status 1
    expect_out first
    # The command has succeeded, and its value is of no use.
    jobs_are 'A=$(head -c 200000 /dev/zero | tr "\0" x)' 'defer echo first'
    run
    expect_status 1
    expect_out first
}

two_signals_in_one_go_do_not_end_a_cleanup() {
    jobs_are 'true' 'defer echo -a' 'defer echo >at; until [ -e go_on ]; do sleep 0.01; done; echo -b'
    start
    until_true test -e at
    kill -INT "$runner"
    kill -TERM "$runner"
    until_true grep -q 'the cleanups are running' err
    touch go_on
    finish
    # The kernel may deliver either of them first.
    [[ $status == 130 || $status == 143 ]] || fail "exit status $status"
    expect_out $'-b\n-a'
    nothing_is_pending || fail 'one was ended'
}

signals_do_not_disturb_cleanups() {
    jobs_are 'true' 'defer echo -a' \
        'defer echo >in_cleanup; until [ -e go_on ]; do sleep 0.01; done; echo slept' 'echo >ready; sleep MARK'
    start
    until_true test -e ready
    kill -TERM "$runner"
    until_true test -e in_cleanup
    kill -INT "$runner"
    until_true grep -q 'the cleanups are running' err
    touch go_on
    finish
    expect_status 143
    expect_out $'slept\n-a'
    expect_err 'the cleanups are running'
    grep -qE '^\[cleanup 1\] pending +echo -a$' err || fail 'what is pending is not told'
}

a_further_signal_ends_only_the_cleanup_that_runs() {
    jobs_are 'true' 'defer echo -a' 'defer echo >in_cleanup; sleep MARK' 'false'
    start
    until_true test -e in_cleanup
    kill -TERM "$runner"
    until_true grep -q 'the cleanups are running' err
    time_to_read
    kill -INT "$runner"
    finish
    expect_status 1
    expect_out '-a'
    expect_none
}

the_same_signal_twice_is_one() {
    # timeout(1) signals its child and then its group.
    jobs_are 'echo >ready; until [ -e go ]; do sleep 0.01; done; touch resource' 'defer rm resource' 'echo never'
    start --grace 50s
    until_true test -e ready
    kill -TERM "$runner"
    kill -TERM "$runner"
    until_true grep -q 'may finish' err
    touch go
    finish
    expect_status 143
    expect_out ''
    [[ ! -e resource ]] || fail 'resource is left'
}

deaf_to_SIGINT_with() {
    jobs_are "trap '' INT; trap 'echo asked; touch reached; exit' TERM; echo >ready; while :; do sleep 0.01; done"
    rm -f ready
    start --grace "$1"
    until_true test -e ready
    kill -INT "$runner"
    finish
}

SIGINT_is_followed_by_SIGTERM() {
    with_limit deaf_to_SIGINT_with
    expect_status 130
    expect_out asked
    expect_err 'has not ended yet: SIGTERM'
}

SIGQUIT_leaves_the_cleanups_out() {
    jobs_are 'true' 'defer echo -a' 'sleep MARK &' 'echo >ready; sleep MARK'
    start
    until_true test -e ready
    kill -QUIT "$runner"
    finish
    expect_status 131
    expect_out ''
    grep -qE '^\[cleanup 1\] skipped +echo -a$' err || fail 'not told'
    expect_none
}

an_ignored_signal_stays_ignored() {
    jobs_are 'echo >ready; until [ -e go_on ]; do sleep 0.01; done; grep SigIgn /proc/$$/status' 'true'
    (
        trap '' TERM
        exec lifoguard run jobs
    ) >out 2>err </dev/null &
    runner=$!
    until_true test -e ready
    kill -TERM "$runner"
    touch go_on
    finish
    expect_status 0
    (($((16#$(awk '{print $2}' out))) & 1 << 14)) || fail 'not ignored in jobs'
}

jobs_have_default_signals() {
    jobs_are 'cat /proc/self/status'
    run
    expect_status 0
    # 32 and 33 are the C library's own.
    local name mask
    while read -r name mask; do
        [[ $name != Sig@(Ign|Blk|Cgt): ]] || ((0 == (16#$mask & ~(3 << 31)))) || fail "$name $mask"
    done <out
}

# SIGTERM or SIGINT at any moment: whatever was acquired is released.
signals_at_random_moments_leave_nothing() {
    local i lines=() stopped=0 rounds=${LG_RUN_ROUNDS:-60}
    for i in 1 2 3 4 5; do
        lines+=("mkdir markers/$i" "defer rmdir markers/$i; echo $i >>released" "echo $i >>acquired")
    done
    lines+=('sleep MARK &' 'PID=$!' 'defer kill $PID' 'sleep 0.01')
    mkdir markers
    RANDOM=${LG_SEED:-$$}
    echo "seed ${LG_SEED:-$$}"
    # Where all else is slow, few rounds may be stopped: then there are more of them.
    for ((round = 0; round < rounds || (stopped <= rounds / 10 && round < 20 * rounds); round++)); do
        rm -f acquired released
        jobs_are "${lines[@]}"
        local signal=TERM wanted=143
        ((RANDOM % 2)) || { signal=INT wanted=130; }
        start
        # Before that, env has the signal.
        until_true grep -qs start err
        sleep "0.0$((RANDOM % 5))$((RANDOM % 10))"
        kill -$signal "$runner" 2>/dev/null
        finish
        ((status == 0)) || expect_status $wanted
        ((status == 0)) || stopped=$((stopped + 1))
        [[ -z $(ls markers) ]] || fail "round $round: left: $(ls markers)"
        [[ -f released ]] || echo none >released
        # Released in reverse, and no fewer than those that came as far as their echo.
        [[ $(<released) == none || $(<released) == "$(sort -r released)" ]] || fail "round $round: order"
        [[ ! -f acquired ]] || (($(wc -l <acquired) <= $(wc -l <released))) || fail "round $round: lost"
        expect_none
    done
    echo "stopped in $stopped of $round rounds"
    ((stopped > rounds / 10)) || fail "only $stopped of $round rounds were stopped"
}

what_is_killed_while_it_acquires_is_released() {
    jobs_are 'echo acquired; kill -KILL $$' 'defer echo released $LIFOGUARD_NOTHING' 'echo never'
    LIFOGUARD_NOTHING=x run
    expect_status 1
    expect_out $'acquired\nreleased x'
}

what_ignores_a_signal_is_asked_by_another_at_once() {
    # The shell lets a command with & ignore SIGINT. It forks no more when the signal comes (see docs/run.md, of dash).
    jobs_are 'trap "echo asked; exit" TERM; echo >up; sleep MARK & wait'
    mv jobs server
    jobs_are 'sh server & until [ -e up ]; do sleep 0.01; done; echo >at; exec sleep MARK'
    start --grace 10m
    until_true test -e at
    kill -INT "$runner"
    finish
    expect_status 130
    expect_out asked
    expect_none
}

a_signal_ends_the_trying() {
    jobs_are 'true' 'defer echo -a' 'defer --retry 1000 echo >>tried; false'
    start
    until_true test -e tried
    kill -TERM "$runner"
    until_true grep -q 'the cleanups are running' err
    time_to_read
    kill -INT "$runner"
    finish
    expect_status 143
    expect_out -a
}

run_case "${3-}"
