#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: what is printed and written. output_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

a_page_that_cannot_be_written_is_a_failure() {
    local option
    for option in --report --junit; do
        run "$option" nowhere/page <<<'jobs: {a: {run: "true"}}'
        expect_status 125
        expect_err 'nowhere/page: No such file or directory'
        run --status=first-failure "$option" nowhere/page <<<'jobs: {a: {run: exit 3}}'
        expect_status 3
        expect_err 'nowhere/page: No such file or directory'
        echo true >lines
        status=0
        lifoguard run "$option" nowhere/page lines >out 2>err || status=$?
        expect_status 125
        expect_err 'nowhere/page: No such file or directory'
        echo 'exit 3' >lines
        lifoguard run --status=first-failure "$option" nowhere/page lines >out 2>err
        status=$?
        expect_status 3
    done
}

# not_lost FILE OPTION…: refused before anything is run, since the option would replace FILE.
not_lost() {
    local before
    before=$(<"$1")
    status=0
    lifoguard run "${@:2}" >out 2>err </dev/null || status=$?
    expect_status 2
    [[ ! -e log && $(<"$1") == "$before" ]] || fail "$1 is lost"
}

an_output_does_not_replace_what_is_none() {
    local option
    echo 'echo ran >>log' >lines
    echo 'jobs: {a: {run: echo ran >>log}}' >g.yaml
    echo 'grep -q "<testsuite\|<html" out' >script
    for option in --report --junit; do
        not_lost lines "$option" lines lines
        expect_err "$option would replace lines, which holds something else"
        not_lost g.yaml "$option" g.yaml g.yaml
        not_lost script "$option" script lines
        not_lost lines "$option" . lines
        expect_err "$option . is a directory"
    done
    not_lost lines --log-dir lines lines
    expect_err '--log-dir lines is not a directory'
    not_lost lines --report r --junit r lines
    expect_err 'name the same file: r'
    for option in 1 2; do
        lifoguard run -q --report r.html --junit r.xml lines >out 2>err || fail "run: $?"
    done
    rm log
    not_lost r.html --junit r.html lines
    ! lifoguard show --report lines 2>err || fail "show"
    expect_err '--report would replace lines'
    [[ $(<lines) == 'echo ran >>log' ]] || fail "lines is lost"
    echo before >all
    lifoguard run -q --junit /dev/stdout lines >>all || fail "run: $?"
    has before all || fail "what was in all is lost"
    has '<testsuite' all || fail "all: $(<all)"
}

of_much_output_the_last_is_in_the_report() {
    run -j 2 --report r.html <<END
jobs:
  a: {run: "seq 1000000 1006000; until test -e up; do sleep 0.02; done; exit 3"}
  b: {needs: a, run: x}
  c: {dir: "/", run: "touch $PWD/up\nexec sleep 1000", defer: 'test "\$(pwd)" = /'}
END
    expect_status 1
    : >out
    has '1006000' r.html || fail 'the last line is not in the report'
    ! has '^1000001$' r.html || fail 'all of it is in the report'
    lifoguard show --report nowhere/r.html 2>err && fail 'written into no folder'
    expect_err 'nowhere/r.html: No such file or directory'
    mkdir folder
    status=0
    lifoguard logs "$(lifoguard history | cut -f1)" a 2>err >&- || status=$?
    expect_status 125
    expect_err 'standard output: Bad file descriptor'
    lifoguard show --junit folder 2>err && fail 'written in the place of a folder'
    expect_err '--junit folder is a directory'
    [[ ! -e folder.new ]] || fail 'something is left'
    lifoguard show >out || fail "show: $?"
    has '^  a: failed: exit status 3$' out || fail 'a'
    has '^  b: cancelled$' out || fail 'b'
    has '/up\\nexec sleep 1000  (killed by SIGTERM)$' out || fail 'the command of c'
    # Of a history that was written by another version, or not to its end, the rest is shown.
    local place=$XDG_STATE_HOME/lifoguard/history id
    id=$(lifoguard history | cut -f1)
    mkdir "$place/nothing"
    printf '{"event":"of-the-future"}\n\n{"event":"start","job":"a","text":"cut\134' >>"$(echo "$place/$id"/events*)"
    lifoguard show "$id" >out || fail "show: $?"
    has '^  a: ' out || fail 'a is not shown'
    [[ $(lifoguard history | wc -l) == 1 ]] || fail 'not one run in the history'
}

nobody_reads_what_it_tells() {
    echo 'jobs: {a: {run: "until test -e closed; do sleep 0.02; done; echo x", defer: echo cleaned >>log}}' >g.yaml
    {
        lifoguard run g.yaml 2>&1 </dev/null
        echo $? >status
    } | {
        exec <&-
        touch closed
    }
    until_true test -s status
    [[ $(<status) == 0 ]] || fail "status $(<status)"
    expect_log cleaned
}

what_is_no_text_is_replaced_in_json() {
    run --json <<'END'
jobs: {a: {run: "printf '\\303(\\n'; echo"}}
END
    expect_status 0
    has "\"text\":\"$(printf '\357\277\275')(\"}" out || fail 'not the replacement character'
}

output_has_the_names_of_the_jobs() {
    run <<<'jobs: {build: {run: "echo one; echo two >&2; printf three"}}'
    expect_out $'build | one\nbuild | two\nbuild | three'
    expect_err '^\[build\] start   echo one'
    expect_err '^lifoguard: ok: 1 of 1 job, 0 cleanups'
    run -q <<<'jobs: {build: {run: "true"}}'
    expect_no_err start
}

json_events_are_objects_a_line() {
    run --json <<'END'
jobs:
  a: {run: 'printf "a\"\\\\\001b\377\nc\n"', defer: echo bye}
END
    python3 -c '
import json, sys
events = [json.loads(line) for line in open("out", encoding="utf-8")]
kinds = [event["event"] for event in events]
assert kinds[0] == "begin" and kinds[-1] == "end", kinds
assert events[-1]["status"] == 0
outputs = [event["text"] for event in events if event["event"] == "output"]
assert outputs == ["a\"\\\x01b\ufffd", "c", "bye"], outputs
for kind in "start", "ok", "defer", "job-ok", "cleanup-start", "cleanup-ok", "finished":
    assert kind in kinds, (kind, kinds)
' || fail 'not the events'
}

log_dir_has_a_file_a_job() {
    run --log-dir logs <<<'jobs: {a: {run: "echo one; echo two", defer: echo three}, b: {run: "true"}}'
    [[ $(<logs/a.log) == $'one\ntwo\nthree' ]] || fail 'not the output'
    [[ ! -e logs/b.log ]] || fail 'b has said nothing'
    # What an earlier run has left is not added to; what cannot be written is told.
    mkdir logs/b.log
    run --log-dir logs <<<'jobs: {a: {run: echo four}, b: {run: echo five}}'
    expect_status 125
    [[ $(<logs/a.log) == four ]] || fail 'not the output of this run alone'
    expect_err 'logs/b.log: Is a directory; the run goes on without this log'
    run --log-dir nowhere/logs <<<'jobs: {a: {run: echo x}}'
    expect_status 125
    expect_err 'nowhere/logs: No such file or directory; the run goes on without this log'
}

of_a_long_script_the_beginning_is_told() {
    local line='echo "one of several lines, which says what it does" >/dev/null'
    run <<END
jobs:
  long:
    run: |

      set -u
      $line
      $line
      $line
    defer: |
      true
      true
  one: {run: '$line; $line; $line'}
END
    expect_status 0
    local text
    for text in '[long] start   set -u\necho "one of several lines, which says what it does" >/dev/null …' \
        '[long] start   cleanup 1: true\ntrue' "[one]  start   $line; $line; $line"; do
        grep -qxF -e "$text" err || fail "not said: $text"
    done
}

run_case "${3-}"
