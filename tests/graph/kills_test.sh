#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: kill -9. kills_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"
# shellcheck source=tests/kills.sh
source "$tests/kills.sh"

R4_a_cleanup_whose_attempt_alone_is_killed_runs_once() {
    start <<'END'
jobs:
  a: {run: 'true', defer: 'echo began >>log; echo $PPID >attempt.new; mv attempt.new attempt; until test -e go; do sleep 0.02; done; echo done >>log'}
END
    until_true test -e attempt
    kill -KILL "$(<attempt)"
    until_true gone "$(<attempt)"
    touch go
    finish
    expect_status 0
    expect_log 'began done'
    expect_nothing_pending
}

R4_the_cleanups_run_when_the_runner_is_killed() {
    start < <(chain)
    until_true has +b log
    kill -KILL "$runner"
    expect_chain
}

R4_the_cleanups_run_when_the_engine_is_killed() {
    start < <(chain)
    until_true has +b log
    parents
    kill -KILL "$engine"
    finish
    expect_status 137
    expect_chain
}

R3_a_service_that_prints_outlives_the_engine() {
    # Each sleep is started after the cleanup was registered, and so is ended before it; the server starts nothing else.
    start <<'YAML'
jobs:
  server:
    run: 'echo $$ >server; while :; do echo alive; : >printed; sleep 0.01 || true; done'
    ready: test -e printed
  user:
    needs: server
    run: 'echo >at; sleep 600'
    defer: 'rm printed; until test -e printed; do kill -0 $(cat server) || exit; sleep 0.01; done; echo prints still >>log'
YAML
    until_true test -e at
    parents
    kill -KILL "$engine"
    finish
    until_true has 'prints still' log
    until_true nothing_is_pending
}

R4_the_runner_goes_on_without_the_guardian() {
    start < <(chain)
    until_true has +b log
    parents
    kill -KILL "$guardian"
    until_true has 'goes on in its place' err
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_chain
}

R4_after_both_are_killed_the_next_command_recovers() {
    start < <(chain)
    until_true has +b log
    parents
    kill -KILL "$runner" "$guardian"
    until_true gone "$guardian"
    until_true gone "$runner"
    lifoguard pending >out 2>&1
    expect_chain
    until_true gone "$engine"
}

R4_a_cleanup_that_runs_when_the_engine_is_killed_runs_once() {
    start <<'END'
jobs:
  a: {run: 'true', defer: echo -a >>log}
  b: {needs: a, run: 'true', defer: 'echo begun >>log; touch begun; until test -e go; do sleep 0.02; done; echo -b >>log'}
END
    until_true test -e begun
    parents
    kill -KILL "$engine"
    until_true gone "$engine"
    touch go
    finish
    until_true has -a log
    expect_log 'begun -b -a'
    until_true nothing_is_pending
}

R7_a_run_that_was_taken_over_goes_no_further() {
    start <<'END'
jobs:
  a: {run: 'true', defer: 'echo -a >>log'}
  b: {needs: a, run: 'touch at; until test -e go; do sleep 0.02; done', defer: 'echo -b >>log'}
  c: {needs: b, run: echo +c >>log, defer: 'echo -c >>log'}
END
    until_true test -e at
    parents
    local name
    name=$(lifoguard pending | cut -f1 | head -1)
    kill -STOP "$runner" "$guardian" "$engine"
    lifoguard recover --force "$name" 2>recovered || fail "recover --force: $?"
    expect_log '-b -a'
    touch go
    kill -CONT "$runner" "$guardian" "$engine" 2>/dev/null
    finish
    until_true gone "$guardian"
    until_true gone "$engine"
    expect_log '-b -a'
    [[ $status != 0 ]] || fail 'a success'
    until_true nothing_is_pending
}

waits_of() { sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$1/status"; }
has_waited() { (($(waits_of "$1") >= $2)); }

# Sets attempt and cleanup: the process of an attempt, and of the command that it runs.
start_cleanup_that_waits() {
    start <<'END'
jobs:
  a: {run: 'true', defer: echo -a >>log}
  b: {needs: a, run: 'true', defer: 'echo begun >>log; echo $$ >begun; until test -e go; do sleep 0.02; done; echo -b >>log'}
END
    until_true test -s begun
    parents
    attempt=$(pgrep -P "$engine" -x lifoguard-try)
    cleanup=$(<begun)
}

expect_one_cleanup() {
    finish
    until_true has -a log
    expect_log 'begun -b -a'
    until_true nothing_is_pending
}

R4_a_cleanup_runs_once_when_its_attempt_is_killed_with_the_engine() {
    start_cleanup_that_waits
    kill -KILL "$engine" "$attempt"
    until_true gone "$engine"
    # The guardian has taken the run over, and looks again and again.
    local before
    before=$(waits_of "$guardian")
    until_true has_waited "$guardian" $((before + 20))
    touch go
    expect_one_cleanup
}

R4_a_cleanup_that_ends_before_the_guardian_comes_to_it_runs_once() {
    start_cleanup_that_waits
    kill -STOP "$guardian"
    kill -KILL "$engine" "$attempt"
    touch go
    until_true gone "$cleanup"
    kill -CONT "$guardian"
    expect_one_cleanup
}

# each_event MOMENT: what is acquired is released once and in reverse, whatever happens at this moment of the job `b`: before it
# acquires, when it has, while it waits to be ready, while it cleans up.
each_event() {
    local moment=$1 event script
    case $moment in
    before) script='echo >at; until test -e go; do sleep 0.02; done; echo +b >>log' ;;
    after) script='echo +b >>log; echo >at; until test -e go; do sleep 0.02; done' ;;
    esac
    for event in "${events[@]}"; do
        echo "event $event"
        rm -f log at go
        case $moment in
        cleaning) set -- "run: 'echo +b >>log'" "echo >at; until test -e go; do sleep 0.02; done; echo -b >>log" ;;
        ready) set -- "run: 'echo +b >>log; exec sleep 1000', ready: 'echo >at; test -e go'" 'echo -b >>log' ;;
        *) set -- "run: '$script'" 'echo -b >>log' ;;
        esac
        [[ $event != failure || $moment == ready || $moment == cleaning ]] || set -- "run: '$script; exit 3'" "$2"
        start <<END
defer: echo -run >>log
jobs:
  a: {run: echo +a >>log, defer: echo -a >>log}
  b: {needs: a, $1, defer: '$2'}
END
        until_true test -e at
        parents
        happen "$event"
        wait "$runner" 2>/dev/null
        wait
        until_true has -run log
        until_true nothing_is_pending
        [[ $(grep '^+' log | tac | tr + -) == "$(grep -e '^-[ab]' log | grep -xFf <(grep '^+' log | tr + -))" ]] ||
            fail "$event: $(tr '\n' ' ' <log)"
        expect_none_twice "$event"
        [[ $(tail -1 log) == -run ]] || fail "$event: the last is not the last"
    done
}

R4_each_event_before_something_is_acquired() { each_event before; }
R4_each_event_after_something_is_acquired() { each_event after; }
R4_each_event_while_a_service_gets_ready() { each_event ready; }
R4_each_event_while_it_cleans_up() { each_event cleaning; }

kills_at_random_moments_lose_nothing() {
    local round rounds=${LG_RUN_KILLS:-12}
    for ((round = 0; round < rounds; round++)); do
        rm -f log
        start -j 3 <<'END'
defer: echo -run >>log
jobs:
  a: {run: echo +a >>log, defer: echo -a >>log}
  b: {needs: a, run: echo +b >>log, defer: echo -b >>log}
  c: {needs: b, run: echo +c >>log, defer: echo -c >>log}
  d: {needs: c, run: 'echo +d >>log; sleep 0.05', defer: echo -d >>log}
END
        kill_some "$round"
        expect_all_released "round $round"
    done
}

run_case "${3-}"
