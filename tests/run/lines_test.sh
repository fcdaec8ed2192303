#!/usr/bin/env bash
# `lifoguard run` with a command a line: lines and their cleanups. lines_test.sh PROGRAM EXAMPLES CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
# shellcheck source=tests/run/prelude.sh
source "$(dirname "$0")/prelude.sh"

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

D2_all_arguments_reach_a_cleanup() {
    jobs_are 'defer printf "<%s>" ${1:+"$@"} "${2+$*}" "${@-none}" "${*?}" "${0}" ${4:+${HOME}}' 'A=$(echo a)' 'echo $A'
    status=0
    # The number by which a value is read is in use already.
    lifoguard run jobs a 'b c' >out 2>err 9>nine || status=$?
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

jobs_run_where_it_was_started() {
    mkdir sub
    printf '%s\n' 'pwd -P' 'echo "$LIFOGUARD_JOB_FILE"' 'cat' >sub/jobs
    (cd sub && echo input | lifoguard run jobs) >out 2>err || fail status
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
    timeout 60 lifoguard run jobs 3>three 4>four >out 2>err </dev/null || fail status
    [[ $(<three) == $'x\nz' && $(<four) == y ]] || fail 'not passed on'
}

options_and_arguments() {
    jobs_are 'echo "$1" "$2"' 'defer echo last "$@"' 'A=$2' 'echo "$A"'
    lifoguard run --quiet - one 'two  2' <jobs >out 2>err || fail status
    expect_out $'one two  2\ntwo  2\nlast one two  2'
    expect_no_err start
    jobs_are 'touch ran' '[[ a == a ]]'
    run --check
    expect_status 0
    [[ ! -e ran ]] || fail 'a line ran'
    run --shell bash -x
    expect_status 0
    expect_err '\+ touch ran'
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
        exec lifoguard run --secret GIVEN jobs >out 2>err </dev/null
    ) &
    runner=$!
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
    A_TOKEN=geheim2 lifoguard run --log-dir logs jobs >out 2>err || fail "status $?"
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

# None of the program's own descriptors gets their numbers.
standard_descriptors_may_be_closed() {
    # Nothing of lifoguard's own has one of these numbers.
    jobs_are 'for fd in 0 1 2; do [ "$(readlink /proc/$PPID/fd/$fd)" = /dev/null ] || echo "$fd"; done >low' \
        'defer touch cleaned' 'word=$(echo value)' 'echo $word >value'
    status=0
    timeout --foreground 60 lifoguard run jobs <&- >&- 2>&- || status=$?
    [[ $status == 0 && -e cleaned && -e low && ! -s low && $(<value) == value ]] ||
        fail "status $status: $(cat low)"
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

R5_outcomes_are_told() {
    R5_a_cleanup_is_told_the_outcome true 0 LIFOGUARD_STATUS=success LIFOGUARD_EXIT_CODE=0 LIFOGUARD_ATTEMPT=1 LIFOGUARD_FENCE=1 \
        'LIFOGUARD_KEY=[a-z0-9]*/1'
    R5_a_cleanup_is_told_the_outcome 'exit 3' 1 LIFOGUARD_STATUS=failure LIFOGUARD_EXIT_CODE=1 \
        'LIFOGUARD_CAUSE=exit status 3$'
    R5_a_cleanup_is_told_the_outcome 'kill -TERM $(ps -o ppid= $PPID | xargs -n1 ps -o ppid=); sleep MARK' 143 LIFOGUARD_STATUS=cancelled \
        LIFOGUARD_SIGNAL=TERM LIFOGUARD_CAUSE=SIGTERM
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

run_case "${3-}"
