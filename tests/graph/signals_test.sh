#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: signals. signals_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

signals_end_the_jobs_and_run_the_cleanups() {
    for signal in TERM:143 INT:130 HUP:129; do
        rm -f log pid # a file of the last round would say that s is ready
        start < <(chain)
        until_true has +b log
        kill "-${signal%:*}" "$runner"
        finish
        expect_status "${signal#*:}"
        expect_chain
    done
}

SIGQUIT_leaves_the_cleanups_out() {
    start <<'YAML'
jobs:
  server: {run: 'touch up; sleep 600', ready: {file: up}, defer: echo -server >>log}
  a: {needs: server, run: echo +a >>log, defer: echo -a >>log}
  b: {needs: a, run: 'touch at; sleep 600', defer: echo -b >>log}
YAML
    until_true test -e at
    kill -QUIT "$runner"
    finish
    expect_status 131
    expect_log +a
    expect_err 'a: cleanup [0-9] is left out: echo -a >>log'
    expect_nothing_pending
}

a_signal_while_only_cleanups_run() {
    # The first one is noted, the next one ends the cleanup that runs; the others still run.
    start <<'YAML'
jobs:
  a: {run: 'true', defer: 'echo -a $LIFOGUARD_STATUS $LIFOGUARD_SIGNAL $LIFOGUARD_CAUSE >>log'}
  b: {needs: a, run: 'true', defer: 'touch at; sleep 600'}
YAML
    until_true test -e at
    kill -TERM "$runner"
    until_true has 'the cleanups are running' err
    sleep 1.1 # time to read that
    kill -INT "$runner"
    finish
    expect_status 143
    expect_log '-a cancelled TERM SIGTERM'
}

S7_the_same_signal_twice_is_one() {
    start <<'END'
jobs: {a: {run: 'trap "sleep 0.3; echo in order >>log; exit 0" TERM; touch up; while :; do sleep 0.02; done'}}
END
    until_true test -e up
    kill -TERM "$runner"
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_log 'in order'
}

further_signals_press_what_does_not_end() {
    start -j 2 <<'END'
jobs:
  a: {run: 'trap "" INT TERM HUP; touch up; while :; do sleep 0.02; done', grace: 1000s, defer: echo cleaned >>log}
END
    until_true test -e up
    kill -INT "$runner"
    until_true has 'SIGINT: ending the jobs that run' err
    until_true signalled_until 'has not ended yet: SIGTERM'
    until_true signalled_until 'has not ended yet: SIGKILL'
    finish
    expect_status 130
    expect_log cleaned
}

a_stubborn_job_is_killed() {
    start <<'END'
grace: 100ms
jobs: {a: {run: 'trap "" TERM; touch up; while :; do sleep 0.02; done', defer: echo -a >>log}}
END
    until_true test -e up
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_log -a
    expect_err SIGKILL
}

run_case "${3-}"
