#!/usr/bin/env bash
# `lifoguard run`, the program itself: run_test.sh PROGRAM EXAMPLES CASE. Each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
set -uo pipefail
# Bash complains of a locale that is not there.
export LC_ALL=C.UTF-8
ulimit -f 20000

program=$(realpath "$1")
examples=$2
work=$(mktemp -d)
# shellcheck source=tests/leave.sh
source "$(dirname "$(realpath "$0")")/../leave.sh"
# shellcheck source=tests/wait.sh
source "$(dirname "$(realpath "$0")")/../wait.sh"
cd "$work" || exit 1
export XDG_STATE_HOME=$work/state
unset LIFOGUARD_RUN LIFOGUARD_STATE

fail() {
    printf 'failed: %s\n' "$*"
    for file in out err; do
        [[ ! -f $file ]] || sed "s/^/$file: /" "$file"
    done
    exit 1
}

# A time to sleep that no other process sleeps, by which ours are found.
mark=47$((RANDOM % 90 + 10)).$$

# jobs_are LINE…: writes the job file; MARK in it stands for that time.
jobs_are() { printf '%s\n' "${@//MARK/$mark}" >jobs; }

# run ARGUMENT…: sets status, and leaves the output in out and err.
run() {
    status=0
    timeout --foreground 600 "$program" run "$@" jobs >out 2>err </dev/null || status=$?
}

# As a shell does not let its background jobs have SIGINT and SIGQUIT, they are given back first.
start() {
    env --default-signal=INT,QUIT,HUP "$program" run "$@" jobs >out 2>err </dev/null &
    pid=$!
}

finish() {
    status=0
    wait "$pid" || status=$?
}

# A further signal ends a cleanup only after there was time to read what the first one has led to.
time_to_read() { sleep 1.1; }

expect_status() { [[ $status == "$1" ]] || fail "exit status $status instead of $1"; }
expect_out() { [[ $(<out) == "$1" ]] || fail "printed instead of: $1"; }
expect_err() { grep -qF -e "$1" err || fail "not said: $1"; }
expect_no_err() { ! grep -qF -e "$1" err || fail "said: $1"; }
# No process of ours is left.
expect_none() {
    local file words
    for file in /proc/[0-9]*/cmdline; do
        mapfile -d '' -t words <"$file" || continue
        [[ ${words[0]-} != sleep || ${words[1]-} != "$mark" ]] || fail "still running: $file"
    done 2>/dev/null
}

# ---- cases ----

cleanups_run_in_reverse_order() {
    jobs_are 'echo a' 'defer echo -a' 'echo b' 'defer echo -b1' 'defer echo -b2' 'echo c'
    run
    expect_status 0
    expect_out $'a\nb\nc\n-b2\n-b1\n-a'
}

the_first_failure_ends_it() {
    jobs_are 'echo a' 'defer echo -a' 'exit 3' 'defer echo never' 'echo never'
    run
    expect_status 1
    expect_out $'a\n-a'
    expect_err 'lifoguard: jobs:3: exit status 3: exit 3'
}

a_failed_cleanup_fails_the_run() {
    jobs_are 'true' 'defer echo -a' 'defer exit 7' 'defer echo -c'
    run
    expect_status 1
    expect_out $'-c\n-a'
    expect_err 'lifoguard: jobs:3: cleanup failed: exit status 7: exit 7'
}

a_failed_cleanup_does_not_mask_a_failure() {
    jobs_are 'true' 'defer exit 7' 'exit 5'
    run
    expect_status 1
    [[ $(grep -n 'lifoguard: jobs:3: exit status 5' err | cut -d: -f1) -lt \
        $(grep -n 'lifoguard: jobs:2: cleanup failed: exit status 7' err | cut -d: -f1) ]] || fail order
}

starts_ends_and_times_are_told() {
    jobs_are 'sleep 0.2' 'defer echo -a' 'kill -9 $$'
    run
    expect_status 1
    local word='[0-9.]*[mµn]*s'
    grep -qE "^\[1/2\] +start +sleep 0.2$" err || fail start
    grep -qE "^\[1/2\] +ok +sleep 0.2  \(exit status 0, (([2-9]|[0-9]{2})[0-9]{2}(\.[0-9]+)?ms|[0-9.]+s)\)$" err || fail ok
    grep -qE "^\[cleanup 1\] defer +echo -a$" err || fail defer
    grep -qE "^\[2/2\] +failed +kill -9 \\$\\$  \(killed by SIGKILL, $word\)$" err || fail failed
    grep -qE "^\[cleanup 1\] start +echo -a$" err || fail 'cleanup start'
    grep -qE "^\[cleanup 1\] ok +echo -a  \(exit status 0, $word\)$" err || fail 'cleanup ok'
    expect_out '-a'
}

bad_files_run_nothing() {
    jobs_are 'touch ran' 'defer rm -rf "$NOT_SET_ANYWHERE"/' 'if true' 'cd /'
    run
    expect_status 2
    [[ ! -e ran ]] || fail 'a job ran'
    expect_err 'jobs:2: $NOT_SET_ANYWHERE is not set'
    expect_err 'jobs:4: cd lasts'
    jobs_are 'touch ran' 'if true' 'true' 'defer for'
    run
    expect_status 2
    [[ ! -e ran ]] || fail 'a job ran'
    expect_err 'jobs:2: the shell cannot read this'
    expect_err 'jobs:4: the shell cannot read this'
    : >jobs
    run
    expect_status 2
    expect_err 'jobs:1: no jobs'
    printf 'tr\0ue\n' >jobs
    run
    expect_status 2
    expect_err 'jobs:1: a NUL byte'
    rm jobs
    run
    expect_status 2
    expect_err 'jobs: No such file'
    mkdir jobs
    run
    expect_status 2
    expect_err 'jobs: Is a directory'
}

wrong_usage_is_told() {
    local arguments
    for arguments in '' 'run' 'walk x' 'run --what a' 'run --grace soon a' 'run --grace' \
        'run --grace 25h a' 'run -j' 'run -j 2'; do
        # shellcheck disable=SC2086 # several words
        "$program" $arguments >out 2>err
        [[ $? == 2 ]] || fail "status of: $arguments"
        expect_err 'ry: lifoguard '
    done
    for arguments in --shell --report --junit --log-dir --state --secret; do
        "$program" run "$arguments" '' a >out 2>err
        [[ $? == 2 ]] || fail "status of: $arguments ''"
        expect_err "$arguments with an empty word: is a variable without a value"
    done
    "$program" --help >out || fail help
    grep -q 'runs the jobs of a file' out || fail help
    "$program" run --help >out || fail help
    grep -q 'defer COMMAND' out || fail help
    "$program" --version >out || fail version
    grep -qE '^lifoguard [0-9]+\.[0-9]+\.[0-9]+$' out || fail version
}

what_would_be_in_vain_or_is_not_closed_is_refused() {
    local line
    while IFS=$'\t' read -r line text; do
        jobs_are "$line"
        run
        expect_status 2
        expect_err "jobs:1: $text"
    done <<END
function f { true; }	a function lasts to the end of its own line
case x in	a case is not closed
A=1 B=2	two assignments on a line
A=\"\$(echo	a ( is not closed
A=1 echo \$(	a ( is not closed
defer "\$(echo	a ( is not closed
PASSWORD[0]=x	PASSWORD is an array
$(printf '$(%.0s' {1..110})	nested more than 100 deep
END
    truncate -s 17M jobs
    run
    expect_status 2
    expect_err 'jobs: larger than 16 MiB: not a job file'
    # These only look like it.
    jobs_are ': ${1-none}' 'word=x' 'for WORD in 1; do echo $WORD; done' 'echo $(echo a) defer "; defer b"' \
        'defer() { echo "own $1"; }; defer c'
    run
    expect_status 0
    expect_out $'1\na defer ; defer b\nown c'
}

the_checker_is_found_beside_the_program() {
    mkdir bin others
    cp "$program" bin/lifoguard
    status=0
    PATH=$work/others bin/lifoguard vet a b 2>err || status=$?
    expect_status 2
    expect_err 'lifoguard-vet is not installed'
    touch others/lifoguard-vet
    status=0
    PATH=$work/others bin/lifoguard vet a b 2>err || status=$?
    expect_status 2
    expect_err 'lifoguard-vet: Permission denied'
    printf '#!/bin/sh\necho "others: $*"\n' >others/lifoguard-vet
    chmod +x others/lifoguard-vet
    PATH=$work/others bin/lifoguard vet a 'b c' >out || fail "in PATH: $?"
    expect_out 'others: a b c'
    printf '#!/bin/sh\necho "beside: $*"; exit 3\n' >bin/lifoguard-vet
    chmod +x bin/lifoguard-vet
    status=0
    PATH=$work/others bin/lifoguard vet a 'b c' >out || status=$?
    expect_status 3
    expect_out 'beside: a b c'
}

what_is_left_running_and_stubborn_is_killed() {
    jobs_are '(trap "" TERM; touch up; while :; do sleep 0.05; done) & until test -e up; do sleep 0.02; done; echo $! >pid'
    run --grace 100ms
    expect_status 0
    gone "$(<pid)" || fail 'it is still running'
    expect_err 'SIGTERM to '
    expect_err 'SIGKILL to '
}

D2_all_arguments_reach_a_cleanup() {
    jobs_are 'defer printf "<%s>" ${1:+"$@"} "${2+$*}" "${@-none}" "${*?}" "${0}" ${4:+${HOME}}' 'A=$(echo a)' 'echo $A'
    status=0
    # The number by which a value is read is in use already.
    "$program" run jobs a 'b c' >out 2>err 9>nine || status=$?
    expect_status 0
    expect_out $'a\n<a><b c><a b c><a><b c><a b c><jobs:1>'
}

D2_variables_are_expanded_when_registered() {
    jobs_are 'V=one' 'defer echo $V "$V" '"'"'$V'"'"' \$V' "defer eval 'echo late \$V'" 'V=two' 'true'
    run
    expect_status 0
    expect_out $'late two\none one $V $V'
}

values_reach_later_lines_unharmed() {
    jobs_are 'A=$(printf '"'"'a  b\n*"\\x\n\n'"'"')' 'B="$A"' '[ "$A" = "$B" ] && printf "<%s>" "$A"' \
        'defer printf "{%s}" "$A" $B'
    run
    expect_status 0
    expect_out $'<a  b\n*"\\x>{a  b\n*"\\x}{a  b\n*"\\x}'
}

a_failed_assignment_is_a_failed_line() {
    jobs_are 'true' 'defer echo -a' 'A=$(echo x; exit 4)' 'defer echo never'
    run
    expect_status 1
    expect_out '-a'
    expect_err 'jobs:3: exit status 4'
    jobs_are 'A=$(printf %0200000d 0)' 'echo never'
    run
    expect_status 1
    expect_err 'jobs:1: the value is longer than 102400 bytes: write it to a file'
}

messages_name_the_line_of_the_file() {
    mkdir files
    printf '%s\n' '# two lines' '' 'defer nosuch-cleanup' '! nosuch-command; nosuch-other' >files/a.jobs
    status=0
    "$program" run files/a.jobs >out 2>err </dev/null || status=$?
    expect_status 1
    grep -qE '^files/a\.jobs:4: (line )?1: nosuch-command' err || fail 'the line of the command is not told'
    grep -qE '^files/a\.jobs:3: (line )?1: nosuch-cleanup' err || fail 'the line of the cleanup is not told'
    expect_err 'lifoguard: files/a.jobs:4: exit status 127'
    jobs_are '' 'defer true' 'sleep MARK'
    start
    until_true grep -qE '] +start +sleep' err
    kill -TERM "$pid"
    finish
    expect_err 'SIGTERM: ending jobs:3, then the cleanups run'
}

odd_files_are_read() {
    printf '\xef\xbb\xbfecho a\\\r\nb # c\r\n\r\n  defer echo -a\r\necho c' >jobs
    run
    expect_status 0
    expect_out $'ab\nc\n-a'
}

jobs_run_where_it_was_started() {
    mkdir sub
    printf '%s\n' 'pwd -P' 'echo "$LIFOGUARD_JOB_FILE"' 'cat' >sub/jobs
    (cd sub && echo input | "$program" run jobs) >out 2>err || fail status
    expect_out "$(cd sub && pwd -P)
$(cd sub && pwd -P)/jobs
input"
}

many_cleanups_run() {
    # D6: any number, far more than the first eight.
    {
        echo true
        for i in {1..200}; do echo "defer echo $i"; done
    } >jobs
    run
    expect_status 0
    expect_out "$(seq 200 -1 1)"
}

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

# What a signal does, at a job: status, cleanups, the job ended, nothing later started.
signal_case() {
    jobs_are 'true' 'defer echo -a' 'echo >ready; sleep MARK' 'echo never'
    rm -f ready
    start
    until_true test -e ready
    kill -"$1" "$pid"
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
    kill -TERM "$pid"
    finish
    expect_status 143
    expect_out 'in order'
}

a_stubborn_job_is_killed() {
    jobs_are 'true' 'defer echo -a' "trap '' TERM; echo >ready; while :; do sleep 0.05; done"
    start --grace 300ms
    until_true test -e ready
    kill -TERM "$pid"
    finish
    expect_status 143
    expect_out '-a'
    expect_err 'killed by SIGKILL'
}

what_acquires_may_finish() {
    jobs_are 'echo >ready; until [ -e go_on ]; do sleep 0.01; done; touch resource' 'defer rm resource' 'echo never'
    start --grace 10m
    until_true test -e ready
    kill -TERM "$pid"
    until_true grep -q 'may finish' err
    touch go_on
    finish
    expect_status 143
    expect_out ''
    expect_err 'it may finish'
    [[ ! -e resource ]] || fail 'resource is left'
    expect_err '[cleanup 1] ok'
}

a_second_signal_ends_what_acquires() {
    jobs_are 'true' 'defer echo -a' 'echo >ready; sleep MARK' 'defer echo -b $LIFOGUARD_STATUS'
    start --grace 10m
    until_true test -e ready
    kill -TERM "$pid"
    until_true grep -q 'may finish' err
    kill -INT "$pid"
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
    kill -TERM "$pid"
    finish
    expect_status 143
    expect_out $'-b unknown\n-a'
    # A line that has seen to it itself has left nothing.
    rm ready
    jobs_are 'true' 'defer echo -a' 'trap "exit 3" INT TERM; echo >ready; while :; do sleep 0.01; done' 'defer echo never'
    start --grace 10m
    until_true test -e ready
    kill -TERM "$pid"
    until_true grep -q 'may finish' err
    kill -INT "$pid"
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
    # Without a state, as well.
    XDG_STATE_HOME=/proc/no/state run
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
    kill -INT "$pid"
    kill -TERM "$pid"
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
    kill -TERM "$pid"
    until_true test -e in_cleanup
    kill -INT "$pid"
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
    kill -TERM "$pid"
    until_true grep -q 'the cleanups are running' err
    time_to_read
    kill -INT "$pid"
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
    kill -TERM "$pid"
    kill -TERM "$pid"
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
    kill -INT "$pid"
    finish
}

SIGINT_is_followed_by_SIGTERM() {
    with_limit deaf_to_SIGINT_with
    expect_status 130
    expect_out asked
    expect_err 'has not ended yet: SIGTERM'
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
        kill "-${signal%:*}" "$pid"
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

closed_descriptors_are_no_descriptors_of_ours() {
    jobs_are 'A=$(echo x)' 'mkdir r' 'defer rmdir r' 'echo "A=$A"' 'cat' 'echo >&2'
    local closed
    for closed in '0<&-' '1>&-' '2>&-' '0<&- 2>&-' '0<&- 1>&- 2>&-' '1>&- 2>&-'; do
        status=0
        eval "timeout 60 \"\$program\" run jobs $closed" >out 2>err </dev/null || status=$?
        expect_status 0
        [[ ! -e r ]] || fail "$closed: r is left"
        [[ $closed == *1* ]] || expect_out 'A=x'
    done
}

R6_a_cleanup_runs_though_the_environment_is_too_large() {
    {
        echo 'mkdir res'
        echo 'defer rmdir res'
        for i in {1..40}; do printf '%s\n' "LOG$i=\$(head -c 90000 /dev/zero | tr '\\0' x)"; done
    } >jobs
    run
    expect_status 1
    expect_err 'runs without them'
    [[ ! -e res ]] || fail 'res is left'
}

descriptors_of_make_are_passed_on() {
    jobs_are 'A=$(echo x >&3; echo y >&4; echo z)' 'echo $A >&3'
    timeout 60 "$program" run jobs 3>three 4>four >out 2>err </dev/null || fail status
    [[ $(<three) == $'x\nz' && $(<four) == y ]] || fail 'not passed on'
}

options_and_arguments() {
    jobs_are 'echo "$1" "$2"' 'defer echo last "$@"' 'A=$2' 'echo "$A"'
    "$program" run --quiet - one 'two  2' <jobs >out 2>err || fail status
    expect_out $'one two  2\ntwo  2\nlast one two  2'
    expect_no_err start
    jobs_are 'touch ran' '[[ a == a ]]'
    run --check
    expect_status 0
    [[ ! -e ran ]] || fail 'a line ran'
    run --shell bash -x
    expect_status 0
    expect_err '+ touch ran'
}

D2_an_argument_that_is_not_given_is_refused() {
    local words
    for words in '"$1"/' '$2' '"${1}"/*' '"$@"/' '"$UNSET_X"/' '${1:?which directory}/'; do
        jobs_are 'touch ran' "defer echo rm -rf $words"
        run
        expect_status 2
        grep -q '^jobs:2: ' err || fail "$words: no place"
        [[ ! -e ran ]] || fail "$words: a line ran"
    done
    expect_err 'jobs:2: 1: which directory'
    jobs_are 'true' 'defer echo "<${1-}>" "<${UNSET_X:-a b}>" "$@"'
    run
    expect_status 0
    expect_out '<> <a b>'
    "$program" run jobs 'x  y' >out 2>err || fail status
    expect_out '<x  y> <a b> x  y'
}

# Deaf to SIGTERM, with a child in a group of its own.
hangs_for() {
    local hung="trap '' TERM; touch reached; timeout 1000 sleep MARK; sleep MARK"
    jobs_are 'echo a' 'defer echo -a' 'echo b' "defer --timeout $1 --grace=10ms $hung" 'echo c' \
        'defer --timeout 0s echo -c1' 'defer --timeout 1000h -- echo -c2'
    run
}

R5_a_hung_cleanup_is_ended_at_its_limit() {
    with_limit hangs_for
    expect_status 1
    expect_out $'a\nb\nc\n-c2\n-c1\n-a'
    expect_err 'lifoguard: jobs:4: cleanup failed: not done within '
    expect_none
    jobs_are 'echo a' 'defer echo -a' 'echo b' 'defer sleep MARK'
    run --cleanup-timeout 10s --grace 1ms --cleanup-timeout=1ms
    expect_status 1
    [[ $(<out) == $'a\nb' || $(<out) == $'a\nb\n-a' ]] || fail 'out'
    expect_err 'jobs:4: cleanup failed: not done within 1ms'
    expect_none
}

a_line_is_ended_at_its_limit() {
    jobs_are 'echo a' 'defer echo -a' "with --timeout 10ms -- trap 'echo asked; exit 0' TERM; sleep MARK & wait" 'echo never'
    run
    expect_status 1
    grep -q -- '^-a$' out || fail 'the cleanup did not run'
    ! grep -q never out || fail 'a line ran after it'
    expect_err 'lifoguard: jobs:3: timed out after 10ms'
    expect_none
    local line
    for line in 'defer --timeout x true' 'defer --nothing true' 'with --timeout 1s sleep 1 &' 'defer --grace 5s' \
        'with --grace -5s true'; do
        jobs_are 'touch ran' "$line"
        run
        expect_status 2
        grep -q '^jobs:2: ' err || fail "$line"
    done
    jobs_are 'echo a' 'defer --timeout 60 true'
    run
    expect_err '--timeout: 60 has no unit: write 60s'
    jobs_are 'with --timeout 1000h --grace 1s A=x' 'echo $A' 'with --grace 10ms sleep MARK &'
    run
    expect_status 0
    expect_out x
}

# said_nowhere TEXT: in no message, and in the arguments of no process that is there.
said_nowhere() {
    expect_no_err "$1"
    local file words
    for file in /proc/[0-9]*/cmdline; do
        words=$(tr '\0' ' ' <"$file") || continue
        [[ $words != *"$1"* ]] || fail "in the arguments of $file: $words"
    done 2>/dev/null
}

secrets_are_neither_told_nor_in_arguments() {
    local value=s3cr"3t it's \$x $mark"
    jobs_are 'secret MINE # a comment' "API_TOKEN='lit3ral MARK'" "OTHER_KEY=\$MINE" 'echo >up; until [ -e go ]; do sleep 0.01; done' \
        'defer echo >down; until [ -e went ]; do sleep 0.01; done; printf "<%s>" "$MINE" $GIVEN "$OTHER_KEY" "$API_TOKEN"; exit 3' \
        'MINE=later' 'API_TOKEN="ch4nged 3"; true'
    (
        export MINE=$value GIVEN=giv3n.$mark
        unset value
        exec "$program" run --secret GIVEN jobs >out 2>err </dev/null
    ) &
    pid=$!
    until_true test -e up
    said_nowhere lit3ral
    touch go
    until_true test -e down
    said_nowhere s3cr"3t"
    said_nowhere giv3n
    touch went
    finish
    expect_status 1
    expect_out "<$value><giv3n.$mark><$value><lit3ral $mark>"
    said_nowhere s3cr"3t"
    said_nowhere lit3ral
    said_nowhere ch4nged
    expect_err 'exit status 3: echo >down'
    expect_err 'start   API_TOKEN=…'
}

secrets_are_masked_in_what_is_recorded() {
    jobs_are 'secret MINE' 'MINE=$(echo geheim1)' 'echo "<$MINE $A_TOKEN>"' 'defer echo "$MINE"'
    A_TOKEN=geheim2 "$program" run --log-dir logs jobs >out 2>err || fail "status $?"
    expect_out $'<geheim1 geheim2>\ngeheim1'
    [[ $(cat logs/*) == $'<*** ***>\n***' ]] || fail "$(cat logs/*)"
}

D2_the_number_of_the_lines_shell_and_the_exit_status() {
    jobs_are 'mkdir r.$$' 'defer rmdir r.$$' 'defer echo $LIFOGUARD_EXIT_CODE' 'false'
    run
    expect_status 1
    expect_out 1
    [[ -z $(ls -d r.* 2>/dev/null) ]] || fail 'r is left'
}

wait_waits_for_background_lines() {
    jobs_are 'until [ -e go ]; do sleep 0.01; done; touch done &' 'PID=$!' 'sleep MARK &' 'touch go' \
        'wait "$PID"' 'ls done' 'defer echo -a' 'wait'
    start
    until_true grep -qE '] +start +wait$' err
    kill -TERM "$pid"
    finish
    expect_status 143
    expect_out $'done\n-a'
    expect_none
}

SIGQUIT_leaves_the_cleanups_out() {
    jobs_are 'true' 'defer echo -a' 'sleep MARK &' 'echo >ready; sleep MARK'
    start
    until_true test -e ready
    kill -QUIT "$pid"
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
        exec "$program" run jobs
    ) >out 2>err </dev/null &
    pid=$!
    until_true test -e ready
    kill -TERM "$pid"
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

nobody_reads_what_it_tells() {
    jobs_are 'sleep 0.2' 'defer touch cleaned' 'true'
    { "$program" run jobs 2>&1 >out; echo $? >status; } | true
    until_true test -s status
    [[ $(<status) == 0 && -e cleaned ]] || fail "status $(<status)"
}

# None of the program's own descriptors gets their numbers.
standard_descriptors_may_be_closed() {
    # Nothing of lifoguard's own has one of these numbers.
    jobs_are 'for fd in 0 1 2; do [ "$(readlink /proc/$PPID/fd/$fd)" = /dev/null ] || echo "$fd"; done >low' \
        'defer touch cleaned' 'word=$(echo value)' 'echo $word >value'
    status=0
    timeout --foreground 60 "$program" run jobs <&- >&- 2>&- || status=$?
    [[ $status == 0 && -e cleaned && -e low && ! -s low && $(<value) == value ]] ||
        fail "status $status: $(cat low)"
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
        kill -$signal "$pid" 2>/dev/null
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

# ---- after kill -9 ----

child_of() {
    local children=()
    read -ra children <"/proc/$1/task/$1/children" || true
    child=${children[0]-}
    [[ -n $child ]]
}

# The processes of a run that was started: sets guardian and engine.
parents() {
    until_true child_of "$pid"
    guardian=$child
    until_true child_of "$guardian"
    engine=$child
}

nothing_is_pending() { [[ -z $("$program" pending 2>&1) ]]; }
has() { grep -q -e "$1" "$2"; }

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
    for event in success failure TERM INT HUP runner engine guardian both; do
        echo "event $event"
        rm -f log at go
        touch log
        jobs_are 'CODE=0' 'echo +a >>log' 'defer echo -a >>log' "${line[@]}"
        [[ $event != failure ]] || sed -i 's/^CODE=.*/CODE=3/' jobs
        start --grace 10m
        until_true test -e at
        parents
        case $event in
        TERM | INT | HUP)
            kill "-$event" "$pid"
            until_true has "SIG$event: " err
            ;;
        runner)
            kill -KILL "$pid"
            until_true has 'the runner was killed' err
            ;;
        engine)
            kill -KILL "$engine"
            until_true gone "$engine"
            ;;
        guardian)
            kill -KILL "$guardian"
            until_true has 'goes on in its place' err
            ;;
        both)
            kill -KILL "$pid" "$guardian"
            until_true gone "$guardian"
            until_true gone "$pid"
            "$program" pending >out 2>&1 &
            ;;
        esac
        touch go
        wait
        until_true has '^-a' log
        until_true nothing_is_pending
        # A line that fails, or that was killed before it acquired something, may have its cleanup run or not.
        [[ $(grep '^+' log | tac | tr + - | grep -xFf <(grep -e '^-' log)) == "$(grep -e '^-' log | grep -xFf <(grep '^+' log | tr + -))" ]] ||
            fail "$event: $(tr '\n' ' ' <log)"
        [[ $(grep -c -e '^-' log) == $(grep -e '^-' log | sort -u | grep -c .) ]] || fail "$event: twice: $(tr '\n' ' ' <log)"
        [[ $event == failure ]] || ! grep -q '^+b' log || grep -q '^-b' log || fail "$event: not released: $(tr '\n' ' ' <log)"
        [[ $(tail -1 log) == -a ]] || fail "$event: the last is not the last: $(tr '\n' ' ' <log)"
    done
}

R4_each_event_before_something_is_acquired() { each_event before; }
R4_each_event_while_it_is_acquired() { each_event acquiring; }
R4_each_event_while_a_line_runs() { each_event running; }
R4_each_event_while_it_cleans_up() { each_event cleaning; }

R4_kills_at_random_moments_lose_nothing() {
    local i lines=() victims victim rounds=${LG_RUN_KILLS:-12}
    for i in 1 2 3 4; do
        lines+=("echo +$i >>log" "defer echo -$i >>log")
    done
    for ((round = 0; round < rounds; round++)); do
        rm -f log
        touch log
        jobs_are "${lines[@]}" 'sleep 0.03'
        start
        guardian='' engine=''
        sleep "0.0$((RANDOM % 9))"
        child_of "$pid" 2>/dev/null && guardian=$child
        [[ -z $guardian ]] || { child_of "$guardian" 2>/dev/null && engine=$child; }
        case $((round % 4)) in
        0) victims=("$pid") ;;
        1) victims=("$guardian") ;;
        2) victims=("$engine") ;;
        3) victims=("$pid" "$guardian") ;;
        esac
        for victim in "${victims[@]}"; do
            [[ -z $victim ]] || kill -KILL "$victim" 2>/dev/null
        done
        wait "$pid" 2>/dev/null
        [[ -z $guardian ]] || until_true gone "$guardian"
        "$program" pending >>out 2>&1
        until_true nothing_is_pending
        while read -r i; do
            [[ $(grep -c -e "^-$i\$" log) == 1 ]] || fail "round $round: $i: $(tr '\n' ' ' <log)"
        done < <(sed -n 's/^+//p' log)
        [[ $(grep -e '^-' log) == "$(grep -e '^-' log | sort -r)" ]] || fail "round $round: not in reverse"
    done
}

R3_what_a_cleanup_needs_is_alive_when_the_engine_is_killed() {
    jobs_are 'sleep MARK &' 'PID=$!' 'true' 'defer kill -0 $PID && echo alive >>log' 'echo >at; sleep MARK'
    start
    until_true test -e at
    parents
    kill -KILL "$engine"
    wait "$pid"
    until_true has alive log
    until_true nothing_is_pending
    expect_none
}

R5_a_cleanup_is_told_the_outcome() {
    jobs_are 'true' 'defer env | grep ^LIFOGUARD_ | sort' "$1"
    run
    expect_status "$2"
    local line
    for line in "${@:3}"; do
        has "^$line" out || fail "not told: $line"
    done
}
wait_for_what_no_line_has_started_fails() {
    local pids
    for pids in 1 '"1"' '$P 1' x; do
        jobs_are 'true &' 'P=$!' "wait \$P" "wait $pids" 'touch too-early'
        run
        expect_status 1
        [[ ! -e too-early ]] || fail "the line behind wait $pids has run"
    done
    expect_err 'jobs:4: not a process number: x'
}

D3_a_late_variable_outlives_the_engine() {
    jobs_are 'A=1' 'true' "defer eval 'echo \$A \$LIFOGUARD_STATUS >>log'" 'A=2' 'echo >at; sleep MARK'
    start
    until_true test -e at
    parents
    kill -KILL "$engine"
    wait "$pid"
    until_true has '2 failure' log
}
R5_outcomes_are_told() {
    R5_a_cleanup_is_told_the_outcome true 0 LIFOGUARD_STATUS=success LIFOGUARD_EXIT_CODE=0 LIFOGUARD_ATTEMPT=1 LIFOGUARD_FENCE=1 \
        'LIFOGUARD_KEY=[a-z0-9]*/1'
    R5_a_cleanup_is_told_the_outcome 'exit 3' 1 LIFOGUARD_STATUS=failure LIFOGUARD_EXIT_CODE=1 \
        'LIFOGUARD_CAUSE=exit status 3$'
    R5_a_cleanup_is_told_the_outcome 'kill -TERM $(ps -o ppid= $PPID | xargs -n1 ps -o ppid=); sleep MARK' 143 LIFOGUARD_STATUS=cancelled \
        LIFOGUARD_SIGNAL=TERM LIFOGUARD_CAUSE=SIGTERM
}

what_is_killed_while_it_acquires_is_released() {
    jobs_are 'echo acquired; kill -KILL $$' 'defer echo released $LIFOGUARD_NOTHING' 'echo never'
    LIFOGUARD_NOTHING=x run
    expect_status 1
    expect_out $'acquired\nreleased x'
}

R5_a_failed_cleanup_is_kept() {
    jobs_are 'true' 'defer echo -a' 'true' 'defer test -e mended'
    run
    expect_status 1
    expect_out -a
    "$program" pending >out 2>&1
    has 'failed.*test -e mended' out || fail 'it is not kept'
    touch mended
    "$program" recover "$(cut -f1 out)" >err 2>&1
    nothing_is_pending || fail 'it is kept still'
}

where_nothing_can_be_kept_it_runs_all_the_same() {
    jobs_are 'echo a' 'defer echo -a'
    XDG_STATE_HOME='' HOME=/proc/no/home run
    expect_status 0
    expect_out $'a\n-a'
    expect_err 'kill -9 of lifoguard would lose them'
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
    kill -TERM "$pid"
    finish
    expect_out $'tok789\nhunter2\ntok123'
}

what_ignores_a_signal_is_asked_by_another_at_once() {
    # The shell lets a command with & ignore SIGINT. It forks no more when the signal comes (see docs/run.md, of dash).
    jobs_are 'trap "echo asked; exit" TERM; echo >up; sleep MARK & wait'
    mv jobs server
    jobs_are 'sh server & until [ -e up ]; do sleep 0.01; done; echo >at; exec sleep MARK'
    start --grace 10m
    until_true test -e at
    kill -INT "$pid"
    finish
    expect_status 130
    expect_out asked
    expect_none
}

keep_leaves_the_cleanups() {
    jobs_are 'mkdir d' 'defer rmdir d' 'sleep MARK &' 'PID=$!' 'echo $PID >server' 'exit 3'
    KEEP=1 run
    expect_status 1
    [[ -d d ]] || fail 'the cleanup ran'
    ! gone "$(<server)" || fail 'the background line was ended'
    "$program" pending >kept
    has 'held.*rmdir d' kept || fail 'it is not kept'
    expect_err 'lifoguard recover'
    "$program" recover "$(cut -f1 kept)" >out 2>&1 || fail recover
    [[ ! -d d ]] || fail 'it was not recovered'
    nothing_is_pending || fail 'it is pending still'
    expect_none
}

D11_defer_on_failure_and_on_success() {
    jobs_are 'true' 'defer echo always' 'defer --on-failure echo failure' 'defer --on-success -- echo success' 'exit $CODE'
    CODE=0 run
    expect_status 0
    expect_out $'success\nalways'
    CODE=3 run
    expect_status 1
    expect_out $'failure\nalways'
    nothing_is_pending || fail 'one is pending'
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

a_signal_ends_the_trying() {
    jobs_are 'true' 'defer echo -a' 'defer --retry 1000 echo >>tried; false'
    start
    until_true test -e tried
    kill -TERM "$pid"
    until_true grep -q 'the cleanups are running' err
    time_to_read
    kill -INT "$pid"
    finish
    expect_status 143
    expect_out -a
}

# ---- what is recorded ----

a_run_of_lines_is_in_the_history() {
    jobs_are 'defer echo whole' 'echo one; echo two >&2' 'defer echo three' 'printf "no end"' 'exit 3' 'echo never'
    run
    expect_status 1
    local id verdict file
    IFS=$'\t' read -r id _ verdict _ file < <("$program" history)
    [[ $verdict == failed && $file == jobs ]] || fail 'not in the history'
    [[ $("$program" logs "$id" 2 | sort) == $'one\nthree\ntwo' ]] || fail 'the output of line 2'
    [[ $("$program" logs "$id" 4) == 'no end' ]] || fail 'the output of line 4'
    [[ $("$program" logs "$id" run) == whole ]] || fail 'the output of the run'
    "$program" show "$id" >shown
    has '^  2: ok' shown || fail 'line 2'
    has 'cleanup echo three  (ok)' shown || fail 'its cleanup'
    has '^  5: failed: exit status 3$' shown || fail 'line 5'
    has '^  6: cancelled' shown || fail 'line 6'
}

logs_report_and_junit_of_lines() {
    jobs_are 'echo out; echo err >&2' 'defer echo cleaned' 'sleep MARK &' 'exit 3'
    run --log-dir logs --report page.html --junit cases.xml --status=first-failure
    expect_status 3
    [[ $(sort logs/1.log) == $'cleaned\nerr\nout' ]] || fail 'the log'
    has '</html>' page.html || fail 'the page'
    has 'tests="3" failures="1"' cases.xml || fail "$(<cases.xml)"
    # What is no regular file is written to, not replaced.
    : >there && ln -s there link
    run --status=first-failure --junit link
    [[ -L link ]] || fail 'the link'
    has 'tests="3"' there || fail 'what it leads to'
    run --status=last
    expect_status 2
    jobs_are 'true' 'defer exit 5'
    run --status=first-failure
    expect_status 1
}

json_events_of_lines() {
    jobs_are 'echo "a b"' 'defer echo -a >&2' 'false'
    run --json
    expect_status 1
    expect_no_err start
    local wanted=(begin start output ok job-ok defer start failed job-failed finished cleanup-start output cleanup-ok finished end)
    [[ $(sed 's/^{"event":"\([^"]*\)".*}$/\1/' out | tr '\n' ' ') == "${wanted[*]} " ]] || fail 'not these events'
    has '"event":"output".*"job":"1","text":"a b"' out || fail 'the output of a line'
    has '"event":"output".*"job":"1","text":"-a"' out || fail 'the output of a cleanup'
}

output_goes_where_it_would_go() {
    # Each byte, in order, and at once; also after 2>&1.
    jobs_are 'head -c 300000 /dev/zero | tr "\0" "\377"; printf "a\0b"; echo o' 'echo e >&2' \
        'echo now; until grep -q now both; do sleep 0.01; done' 'for i in 1 2 3; do echo o$i; echo e$i >&2; done' \
        'defer sh -c "echo o4; echo e4 >&2"'
    "$program" run -q jobs >both 2>&1 </dev/null || fail status
    { head -c 300000 /dev/zero | tr '\0' '\377' && printf 'a\0bo\ne\nnow\n' && printf 'o%s\ne%s\n' 1 1 2 2 3 3 4 4; } >wanted
    head -c "$(stat -c %s wanted)" both | cmp - wanted || fail 'not what was written'
    run -q
    [[ $(tail -1 err) == 'lifoguard: ok'* && $(head -1 err) == e ]] || fail 'the errors'
    # Nobody reads: then a line gets SIGPIPE.
    jobs_are 'yes' 'defer touch cleaned'
    "$program" run jobs 2>err </dev/null | head -1 >out
    expect_err 'killed by SIGPIPE'
    expect_out y
}

cleanups_do_not_wait_for_a_slow_reader() {
    jobs_are 'true' 'defer touch cleaned' 'yes'
    mkfifo pipe
    env --default-signal=INT "$program" run jobs >pipe 2>err </dev/null &
    pid=$!
    exec 5<pipe
    until_true grep -q 'start   yes' err
    kill -TERM "$pid"
    until_true test -e cleaned
    exec 5<&-
    finish
    expect_status 143
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
    wait "$pid"
    until_true has 'prints still' log
    until_true nothing_is_pending
}

the_example_serves_and_cleans_up() {
    mkdir tmp
    status=0
    TMPDIR=$work/tmp timeout 600 "$program" run "$examples/jobs/serve.jobs" >out 2>err </dev/null || status=$?
    expect_status 0
    expect_out 'Whatever is acquired is released, in reverse order.'
    [[ -z $(ls tmp) ]] || fail 'the build directory is left'
}

the_tour_shows_what_it_says() {
    mkdir bin tmp
    ln -s "$program" bin/lifoguard
    PATH=$work/bin:$PATH TMPDIR=$work/tmp timeout 600 "$examples/tour/tour.sh" report.html >out 2>err </dev/null || fail tour
    has 'Both cleanups have run' out || fail 'scene 1'
    has 'ok: 6 of 6 jobs, 4 cleanups' out || fail 'scene 2'
    has 'From kill -9 to the first cleanup' out || fail 'scene 3'
    has '</html>' report.html || fail 'the report'
    [[ -z $(ls tmp) ]] || fail "left: $(ls tmp)"
}

if [[ $(type -t "${3-}") != function ]]; then
    echo "no such case: ${3-}" >&2
    exit 2
fi
"$3"
