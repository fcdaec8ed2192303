#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: after kill -9, a power cut, and in containers. recovery_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

R4_a_recovery_by_name_that_is_killed_is_recovered() {
    KEEP=1 lifoguard exec bash -c 'lifoguard defer --shell "echo 1 >>log"
        lifoguard defer --shell "echo 2 >>log; touch here; until [ -e go ]; do sleep 0.01; done"' 2>err
    lifoguard recover "$(lifoguard pending | cut -f1 | sort -u)" 2>err &
    local recovery=$!
    until_true test -e here
    kill -KILL "$recovery"
    touch go
    until_true gone "$recovery"
    lifoguard pending >out 2>&1
    until_true test -z "$(lifoguard pending)"
    [[ $(<log) == $'2\n1' ]] || fail "$(<log)"
}

R4_the_guardian_acts_at_once_when_the_runner_is_killed() {
    start 'lifoguard defer --shell "date +%s%N >ran"; touch here; sleep 471'
    until_true test -e here
    kill -KILL "$runner"
    until_true test -s ran
    until_true gone "$guardian"
    expect_nothing_pending
}

R4_after_both_are_killed_the_next_command_recovers_and_says_so() {
    start 'lifoguard defer --shell "echo \$LIFOGUARD_STATUS \$LIFOGUARD_FENCE >ran"; touch here; sleep 471'
    until_true test -e here
    kill_both "$runner" "$guardian"
    lifoguard exec true 2>err || fail "exec: $?"
    expect_err 'has lost its runner and its guardian: recovering it: 1 cleanup'
    [[ $(<ran) == 'unknown 2' ]] || fail "told: $(<ran)"
    until_true gone "$command"
    expect_nothing_pending
}

# A systemd of our own: what systemd-run is asked to run is run by a process that is not below the run; its exit status goes to `unit`.
start_manager() {
    mkdir fake
    mkfifo asked
    cat >fake/systemd-run <<'END'
#!/bin/bash
echo "$@" >given
while [[ $1 != -- ]]; do shift; done
printf '%q ' "${@:2}" >asked.line
cat asked.line >asked
END
    chmod +x fake/systemd-run
    PATH=$PWD/fake:$PATH
    (
        words=$(<asked)
        status=0
        eval "setsid $words" >unit.out 2>&1 </dev/null || status=$?
        echo "$status" >unit
    ) &
}

R4_a_unit_of_systemd_recovers_a_run_that_has_lost_both() {
    start_manager
    export LIFOGUARD_UNIT=1
    start 'lifoguard defer --shell "echo ran >>log"; touch here; sleep 471'
    until_true test -e here
    kill_both "$runner" "$guardian"
    until_true test -s unit
    [[ $(<log) == ran && $(<unit) == 0 ]] || fail "unit: $(<unit) $(<unit.out)"
    grep -q -- '--unit=lifoguard-' given || fail "asked: $(<given)"
    until_true gone "$command"
    expect_nothing_pending
}

R4_a_unit_of_systemd_ends_with_its_run() {
    start_manager
    LIFOGUARD_UNIT=1 lifoguard exec sh -c 'lifoguard defer --shell "echo ran >>log"; lifoguard exec true' || fail "exec: $?"
    until_true test -s unit
    [[ $(<log) == ran && $(<unit) == 0 && ! -s unit.out ]] || fail "unit: $(<unit) $(<unit.out)"
}

where_systemd_does_not_answer_that_is_said() {
    mkdir fake
    printf '#!/bin/sh\nexit 1\n' >fake/systemd-run
    chmod +x fake/systemd-run
    status=0
    LIFOGUARD_UNIT=1 PATH=$PWD/fake:$PATH lifoguard exec sh -c 'exit 3' 2>err || status=$?
    expect_status 3
    expect_err 'no unit of systemd watches this run'
}

R4_after_a_power_cut_process_numbers_mean_nothing() {
    unshare -rm true 2>/dev/null || exit 77
    start 'sleep 471.75 & lifoguard defer --shell "echo \$LIFOGUARD_STATUS >ran"; touch here; wait'
    until_true test -e here
    kill_both "$runner" "$guardian"
    # The same numbers as before, in what looks like another boot: they are nobody's, and nobody is ended.
    echo 01234567-89ab-cdef-0123-456789abcdef >boot
    unshare -rm sh -c 'mount --bind boot /proc/sys/kernel/random/boot_id && lifoguard recover --all' 2>err || fail "recover: $?"
    [[ $(<ran) == unknown ]] || fail "the cleanup did not run"
    ! gone "$command" || fail "a process was ended by its number"
    kill "$command"
    pkill -f 'sleep 471.75'
    expect_nothing_pending
}

# The numbers of its processes mean nothing outside.
R4_a_run_that_lives_in_another_container_is_left_alone() {
    needs_containers
    in_container lifoguard exec bash -c 'lifoguard defer --shell "echo cleanup >>log"; echo $LIFOGUARD_RUN >run; touch here
        until [ -e go ]; do sleep 0.01; done; lifoguard defer --shell "echo later >>log"' >out 2>err &
    runner=$!
    until_true test -e here
    local inside
    for inside in env in_container; do
        "$inside" lifoguard exec true 2>said || fail "exec: $?"
        [[ ! -s said ]] || fail "said: $(<said)"
        status=0
        "$inside" lifoguard recover "$(<run)" 2>said || status=$?
        expect_status 125
        grep -q 'in another container' said || fail "said: $(<said)"
    done
    touch go
    finish
    expect_status 0
    [[ $(<log) == $'later\ncleanup' ]] || fail "$(<log)"
}

recovered_elsewhere() { in_container lifoguard exec true && [[ -e log ]]; }

R4_a_run_of_a_container_that_was_killed_is_recovered_by_the_next_one() {
    needs_containers
    unshare -rpf --kill-child --mount-proc lifoguard exec bash -c 'lifoguard defer --shell "echo cleanup >>log"; touch here; sleep 471' >out 2>&1 &
    local container=$!
    until_true test -e here
    kill -KILL "$container"
    wait "$container" 2>/dev/null
    until_true recovered_elsewhere
    [[ $(<log) == cleanup ]] || fail "$(<log)"
}

R4_a_copy_of_a_state_is_not_recovered_unasked() {
    start 'lifoguard defer sh -c "echo ran >>log"; touch up; exec sleep 471'
    until_true test -e up
    kill_both "$runner" "$guardian"
    [[ $(stat -c %W .) -gt 0 ]] || { kill "$command"; exit 77; } # no times of birth here
    cp -a "$state" copy
    cp -a "$state" unwanted
    cp -a "$state" taken
    lifoguard recover --all 2>err || fail "recover: $?"
    [[ $(<log) == ran ]] || fail "log: $(<log)"
    lifoguard recover --all --state copy 2>err || fail "recover: $?"
    expect_err 'is not recovered: this state is a copy'
    [[ $(<log) == ran ]] || fail "the cleanups of a copy ran"
    lifoguard exec --state copy sh -c 'lifoguard defer sh -c "echo other >>log"' 2>err || fail "exec: $?"
    [[ $(<log) == $'ran\nother' ]] || fail "log: $(<log)"
    lifoguard recover --state copy "$(lifoguard pending --state copy 2>err | cut -f1)" 2>err || fail "recover: $?"
    [[ $(<log) == $'ran\nother\nran' ]] || fail "by name: $(<log)"
    lifoguard abandon --state unwanted --forget "$(lifoguard pending --state unwanted 2>/dev/null | cut -f1)" || fail "abandon: $?"
    [[ -z $(lifoguard pending --state unwanted 2>&1) && $(<log) == $'ran\nother\nran' ]] || fail "not forgotten: $(<log)"
}

# made_elsewhere SCRIPT: the state is a copy of one where the script was running, as `touch up` has shown.
made_elsewhere() {
    start "$1"
    until_true test -e up
    kill_both "$runner" "$guardian"
    kill "$command"
    cp -a "$state" copy
    rm -rf "$state"
    mv copy "$state"
}

R4_a_copy_that_was_recovered_by_name_is_recovered_unasked_from_then_on() {
    made_elsewhere 'lifoguard defer sh -c "echo ran >>log; touch cleaning; until test -e go; do sleep 0.02; done"; touch up; exec sleep 471'
    lifoguard recover "$(lifoguard pending 2>/dev/null | cut -f1)" 2>err &
    runner=$!
    until_true test -e cleaning
    kill -KILL "$runner"
    touch go
    wait "$runner" 2>/dev/null
    lifoguard recover --all 2>err || fail "recover: $?"
    expect_no_err 'is a copy'
    [[ $(<log) == ran ]] || fail "log: $(<log)"
    expect_nothing_pending
}

R4_the_runner_goes_on_without_its_guardian() {
    start 'lifoguard defer --shell "echo 1 \$LIFOGUARD_FENCE"; touch here; until [ -e go ]; do sleep 0.01; done; lifoguard defer --shell "echo 2"; exit 6'
    until_true test -e here
    kill -KILL "$guardian"
    touch go
    finish
    expect_status 6
    expect_out $'2\n1 2'
}

R4_when_the_guardian_and_later_the_runner_are_killed_it_acts_at_once_too() {
    start 'lifoguard defer --shell "touch ran"; touch here; sleep 471'
    until_true test -e here
    kill -KILL "$guardian"
    until_true grep -q 'goes on in its place' err
    kill -KILL "$runner"
    until_true test -e ran
}

R7_an_owner_that_has_lost_the_run_changes_nothing() {
    start 'lifoguard defer --shell "echo cleanup >>log"; touch here; until [ -e go ]; do sleep 0.01; done'
    until_true test -e here
    local run
    run=$(lifoguard pending | cut -f1)
    status=0
    lifoguard recover "$run" 2>err || status=$?
    expect_status 125
    expect_err 'has its runner'
    kill -STOP "$runner" "$guardian"
    until_true state_of "$guardian" T
    lifoguard recover --force "$run" 2>recovered || fail "recover --force: $?"
    [[ $(<log) == cleanup ]] || fail "the cleanup did not run"
    touch go
    kill -CONT "$runner" "$guardian"
    finish
    expect_status 125
    until_true gone "$guardian"
    grep -q 'another process has taken run' out err || fail "not said"
    [[ $(<log) == cleanup ]] || fail "it ran twice"
    expect_nothing_pending
}

R4_recover_all_says_nothing_where_all_is_well() {
    lifoguard recover --all >out 2>err || fail "nothing to recover: $?"
    inside 'lifoguard defer true; lifoguard keep; lifoguard recover --all'
    expect_status 0
    lifoguard recover --all >out 2>err || fail "status $?"
}

run_case "${2-}"
