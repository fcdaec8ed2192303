#!/usr/bin/env bash
# `lifoguard run` with a command a line: what is printed and recorded. records_test.sh PROGRAM EXAMPLES CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
# shellcheck source=tests/run/prelude.sh
source "$(dirname "$0")/prelude.sh"

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
    lifoguard run -q jobs >both 2>&1 </dev/null || fail status
    { head -c 300000 /dev/zero | tr '\0' '\377' && printf 'a\0bo\ne\nnow\n' && printf 'o%s\ne%s\n' 1 1 2 2 3 3 4 4; } >wanted
    head -c "$(stat -c %s wanted)" both | cmp - wanted || fail 'not what was written'
    run -q
    [[ $(tail -1 err) == 'lifoguard: ok'* && $(head -1 err) == e ]] || fail 'the errors'
    # Nobody reads: then a line gets SIGPIPE.
    jobs_are 'yes' 'defer touch cleaned'
    lifoguard run jobs 2>err </dev/null | head -1 >out
    expect_err 'killed by SIGPIPE'
    expect_out y
}

cleanups_do_not_wait_for_a_slow_reader() {
    jobs_are 'true' 'defer touch cleaned' 'yes'
    mkfifo pipe
    env --default-signal=INT lifoguard run jobs >pipe 2>err </dev/null &
    runner=$!
    exec 5<pipe
    until_true grep -q 'start   yes' err
    kill -TERM "$runner"
    until_true test -e cleaned
    exec 5<&-
    finish
    expect_status 143
}

the_example_serves_and_cleans_up() {
    mkdir tmp
    status=0
    TMPDIR=$PWD/tmp timeout 600 lifoguard run "$examples/jobs/serve.jobs" >out 2>err </dev/null || status=$?
    expect_status 0
    expect_out 'Whatever is acquired is released, in reverse order.'
    [[ -z $(ls tmp) ]] || fail 'the build directory is left'
}

the_tour_shows_what_it_says() {
    mkdir tmp
    TMPDIR=$PWD/tmp timeout 600 "$examples/tour/tour.sh" report.html >out 2>err </dev/null || fail tour
    has 'Both cleanups have run' out || fail 'scene 1'
    has 'ok: 6 of 6 jobs, 4 cleanups' out || fail 'scene 2'
    has 'From kill -9 to the first cleanup' out || fail 'scene 3'
    has '</html>' report.html || fail 'the report'
    [[ -z $(ls tmp) ]] || fail "left: $(ls tmp)"
}

run_case "${3-}"
